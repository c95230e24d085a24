"""One network from several, each followed on the windows of its own scenario."""

from __future__ import annotations

import copy
import json

import pytest

torch = pytest.importorskip("torch")

from experiments.cli.root import main  # noqa: E402
from experiments.training.train_distil import distil_run  # noqa: E402
from rare.env.observation.layout import Layout  # noqa: E402
from rare.scenario.scenario_episodes import episodes_of_all  # noqa: E402
from schedulers.network.forward import POLICY, TWO_STEP, Q  # noqa: E402
from schedulers.training.checkpoint import Checkpoint, load, save  # noqa: E402
from schedulers.training.distil.distillation import DistilOptions, Teacher, distil, sharper  # noqa: E402
from schedulers.training.greedy_windows import greedy_scores  # noqa: E402
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet  # noqa: E402
from traces.errors import InputError  # noqa: E402

NAMES = ("tiny", "solar-night")


def net_of(seed: int, waits: float = 0.0) -> SchedulerNet:
    """Weights never trained; waits: how much they are inclined to wait."""
    torch.manual_seed(seed)
    net = SchedulerNet(Layout(), NetworkSize("pointwise", 16))
    with torch.no_grad():
        net.logits.wait.bias += waits
    return net


def test_sharper_probabilities_gather_on_what_the_head_would_choose():
    """WAIT 0.4, two jobs 0.3 each: WAIT is the likeliest action, but to start something is likelier."""
    logits = torch.tensor([[0.4, 0.3, 0.3]]).log()
    expected = 0.4**4 / (0.4**4 + 2 * 0.3**4)
    assert sharper(logits, POLICY, 4.0)[0, 0] == pytest.approx(expected)
    in_two = sharper(logits, TWO_STEP, 4.0)[0]
    assert in_two[0] == pytest.approx(0.4**4 / (0.4**4 + 0.6**4))
    assert in_two[1] == pytest.approx(in_two[2]) and in_two.sum() == pytest.approx(1)
    for head in (POLICY, TWO_STEP):
        torch.testing.assert_close(sharper(logits, head, 1.0), logits.softmax(dim=1))


def test_it_follows_each_teacher_on_its_own_scenario():
    """One never waits if it need not, the other nearly always: the network learns which is where."""
    episodes = episodes_of_all(NAMES)
    eager, lazy = Teacher(net_of(1, -9.0), POLICY), Teacher(net_of(2, +9.0), POLICY)
    of_case = [[w for w in episodes.of("train") if w.case_index == case] for case in range(2)]
    windows = [*of_case[0][:8], of_case[1][0]]
    net = net_of(3)
    critic = copy.deepcopy(net.critic.state_dict())
    options = DistilOptions(rounds=3, updates=200, batch=64, kept=0.5)
    apart = list(distil(net, [eager, lazy], episodes, windows, options))
    assert apart[-1] < 0.2
    for name, tensor in net.critic.state_dict().items():
        torch.testing.assert_close(tensor, critic[name])
    played = greedy_scores(net, episodes, windows)
    followed = greedy_scores(eager.net, episodes, windows[:8]), greedy_scores(lazy.net, episodes, windows[8:])
    assert played[:8].mean() == pytest.approx(followed[0].mean(), abs=0.1)
    assert played[8:].mean() == pytest.approx(followed[1].mean(), abs=0.1)
    assert followed[0].mean() > 0.6 > 0.2 > followed[1].mean()  # to follow one of them everywhere would show


def checkpoint_in(folder, seed, head):
    save(folder, Checkpoint(net_of(seed), {"trained": "not at all", "head": head}))
    return folder


SHORT = {"rounds": 2, "updates": 5, "batch": 16, "kept": 0.02}


def test_a_run_keeps_its_best_round_and_is_not_made_twice(tmp_path):
    teacher = checkpoint_in(tmp_path / "teacher", 1, POLICY)
    out = tmp_path / "out"
    first = distil_run({"tiny": teacher}, out, changes=SHORT)
    best = load(out / "best")
    assert first["best"]["objective"] == max(scored["objective"] for scored in first["rounds"])
    assert best.facts["validation_objective"] == first["best"]["objective"]
    assert best.head == first["best"]["head"]
    written = (out / "best" / "weights.safetensors").stat().st_mtime_ns
    assert distil_run({"tiny": teacher}, out, changes=SHORT, resume=True) == first
    assert (out / "best" / "weights.safetensors").stat().st_mtime_ns == written
    with pytest.raises(InputError):  # another run
        distil_run({"tiny": teacher}, out, seed=1, changes=SHORT, resume=True)


def test_the_same_seed_gives_the_same_weights(tmp_path):
    teacher = checkpoint_in(tmp_path / "teacher", 1, TWO_STEP)
    for name in "ab":
        distil_run({"tiny": teacher}, tmp_path / name, start=teacher, changes=SHORT)
    one, other = (load(tmp_path / name / "best").net.state_dict() for name in "ab")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_teacher_that_chooses_by_q_is_refused(tmp_path):
    with pytest.raises(InputError, match="chooses by Q"):
        distil_run({"tiny": checkpoint_in(tmp_path / "q", 1, Q)}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_best_actions_agree_when_sharp():
    """Sharp enough, it no longer matters how one chooses; so what is learned serves both heads."""
    torch.manual_seed(0)
    logits = torch.randn(200, 6)
    for head in (POLICY, TWO_STEP):
        sharp = sharper(logits, head, 60.0)
        by_policy = sharp.argmax(dim=1)
        in_two = torch.where(sharp[:, 0] >= sharp[:, 1:].sum(dim=1), 0, 1 + sharp[:, 1:].argmax(dim=1))
        assert (by_policy == in_two).float().mean() > 0.95


def run_command(capsys, *words):
    """Exit code, stdout and stderr of `rare train distil`."""
    code = main(["train", "distil", *map(str, words)])
    return code, *capsys.readouterr()


def test_the_command_line_distils(tmp_path, capsys):
    teacher = checkpoint_in(tmp_path / "teacher", 1, POLICY)
    short = [word for name, value in SHORT.items() for word in ("--option", f"{name}={value}")]
    arguments = ("--teacher", f"tiny={teacher}", "--out", tmp_path / "out", *short, "--quiet")
    code, out, _ = run_command(capsys, *arguments)
    assert code == 0 and "round 2: objective " in out
    assert json.loads(run_command(capsys, *arguments, "--resume", "--json")[1])["best"]["objective"] > 0
    assert load(tmp_path / "out" / "best").facts["scenario"] == "tiny"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--teacher", "tiny"], "write KEY=VALUE"),
        (["--teacher", "tiny=nowhere"], "nowhere"),
        (["--teacher", "tiny=TEACHER", "--option", "kept=2"], "at most 1"),
        (["--teacher", "tiny=TEACHER", "--option", "heat=2"], "'heat' is unknown"),
        (["--teacher", "tiny=TEACHER", "--from", "TEACHER", "--width", "8"], "has a width of 16"),
        (["--teacher", "no-such-scenario=TEACHER"], "no-such-scenario"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(tmp_path, capsys, words, says):
    teacher = checkpoint_in(tmp_path / "teacher", 1, POLICY)
    arguments = [word.replace("TEACHER", str(teacher)) for word in words]
    code, _, errors = run_command(capsys, *arguments, "--out", tmp_path / "out", "--quiet")
    assert code == 2 and errors.count("\n") == 1 and says in errors
    assert not (tmp_path / "out").exists()
