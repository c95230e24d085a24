"""A trained network as a scheduler: the compiled network is torch's, and checkpoints go where names go."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")

import rare  # noqa: E402
from experiments.data.log_dataset import dataset_run  # noqa: E402
from experiments.engine.where import Where  # noqa: E402
from experiments.evaluation.evaluate import choose_windows, evaluate  # noqa: E402
from experiments.evaluation.evaluate_run import evaluate_run  # noqa: E402
from experiments.runs import compare_run, simulate_run  # noqa: E402
from rare import GreenClusterVectorEnv, Layout  # noqa: E402
from rare.env.policies.play import play  # noqa: E402
from rare.scenario.case_builder import build  # noqa: E402
from rare.scenario.load import Wishes, load_scenario  # noqa: E402
from rare.scenario.scenario_episodes import episodes_of  # noqa: E402
from schedulers import make_scheduler  # noqa: E402
from schedulers.network.forward import CHOICES_OF_POLICY, HEADS  # noqa: E402
from schedulers.network.learned_scheduler import LearnedScheduler  # noqa: E402
from schedulers.network.network_shapes import weight_shapes  # noqa: E402
from schedulers.training import checkpoint  # noqa: E402
from schedulers.training.greedy_windows import best_choice, by_torch, forward_of_net, greedy_scores  # noqa: E402
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet, best_actions  # noqa: E402
from tests.rare.twins import Unfused  # noqa: E402
from traces.errors import InputError  # noqa: E402

torch.set_num_threads(1)
LAYOUT = Layout(8, 4, 12)


def network(width=16, seed=0, kind="pointwise", layout=LAYOUT):
    torch.manual_seed(seed)
    return SchedulerNet(layout, NetworkSize(kind, width))


def saved(folder, net=None, head="policy", **facts):
    checkpoint.save(folder, checkpoint.Checkpoint(net or network(), {"head": head, **facts}))
    return folder


@pytest.fixture
def folder(tmp_path):
    return saved(tmp_path / "crr" / "best")


def case_of(scenario="tiny", window="validation-00"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build(load_scenario(scenario, Wishes(window=window))).case


# --- the compiled network ---


def made_up(layout, count, seed):
    """Observations with any number of jobs, and any actions of theirs valid; some with none at all."""
    generator = np.random.default_rng(seed)
    obs = generator.uniform(-1, 1, (count, layout.size)).astype(np.float32)
    for row in obs:
        valid = [generator.random() < 0.9]
        for block in ("queue", "running"):
            slots = row[layout.slices[block]].reshape(layout.shapes[block])
            present = np.arange(len(slots)) < generator.integers(0, len(slots) + 1)
            slots[~present] = 0
            slots[present, 0] = 1
            valid += (present & (generator.random(len(slots)) < generator.random())).tolist()
        row[layout.slices["mask"]] = valid
    return obs


def real(layout, scenario="islanded"):
    """Observations of environments that are played at random."""
    env = GreenClusterVectorEnv(
        8,
        scenario,
        queue_slots=layout.queue_slots,
        running_slots=layout.running_slots,
        forecast_hours=layout.forecast_hours,
    )
    obs, info = env.reset(seed=1)
    generator, seen = np.random.default_rng(0), []
    for _ in range(150):
        seen.append(obs.copy())
        actions = [generator.choice(np.flatnonzero(mask)) for mask in info["action_mask"]]
        obs, _, _, _, info = env.step(np.array(actions))
    return np.concatenate(seen)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    ("layout", "width"),
    [(Layout(64, 16, 24), 64), (Layout(5, 2, 3), 7), (Layout(1, 0, 0), 32), (Layout(9, 3, 30), 33)],
)
def test_the_compiled_network_is_torchs(head, layout, width):
    net = network(width, layout=layout)
    with torch.no_grad():  # heads of ordinary size, so that scores differ
        for weights in net.parameters():
            weights.mul_(1.5)
    forward = forward_of_net(net, head)
    many = [made_up(layout, 1500, seed=width)]
    if layout.queue_slots >= 5:
        many.append(real(layout))
    obs = np.concatenate(many)
    with torch.no_grad():
        wanted = (net.q if head == "q" else net.policy)(torch.from_numpy(obs)).numpy()
        chosen = best_actions(net, torch.from_numpy(obs), head).numpy()
    for row, scores, action in zip(obs, wanted, chosen, strict=True):
        best = forward.best(row)
        assert np.abs(forward.scores - scores).max() <= 1e-5 * max(1, np.abs(scores[scores > -1e7]).max())
        if not is_close(scores, head):
            assert best == action
        assert row[best] > 0.5 or not (row[: layout.actions] > 0.5).any()


def is_close(scores, head):
    """Whether two choices score so nearly the same that rounding decides between them."""
    rivals = np.sort(scores.astype(float))
    if head == "two-step":
        rivals = np.sort(scores[1:].astype(float))
        together = rivals[-1] + np.log(np.exp(rivals - rivals[-1]).sum())
        if abs(together - scores[0]) <= 1e-5 * max(1, abs(together)):
            return True
    return len(rivals) > 1 and rivals[-1] - rivals[-2] <= 1e-5 * max(1, abs(rivals[-1]))


def test_two_steps_start_somebody_though_wait_is_the_likeliest_single_action():
    """Three jobs at 20 % each and WAIT at 40 %: to start is likelier, and of the jobs the best one starts."""
    net, seen = network(), made_up(LAYOUT, 200, 3)
    obs = torch.from_numpy(seen[(seen[:, : LAYOUT.actions] > 0.5).sum(axis=1) > 3])
    with torch.no_grad():
        net.logits.wait.bias += 1.0
        shares = net.policy(obs).softmax(dim=1)
        plain, two = (best_actions(net, obs, head) for head in ("policy", "two-step"))
    waits = shares[:, 0] >= 0.5
    assert (two[waits] == 0).all() and (two[~waits] != 0).all()
    assert (two[~waits] == 1 + shares[~waits, 1:].argmax(dim=1)).all()
    assert ((plain == 0) & (two != 0)).any() and not ((plain != 0) & (two == 0)).any()


def test_of_equal_scores_the_first_valid_action_is_taken():
    net = network()
    with torch.no_grad():
        for weights in net.parameters():
            weights.zero_()
    obs = made_up(LAYOUT, 50, 1)
    obs[:, 0] = 0
    forward = forward_of_net(net, "policy")
    for row in obs:
        valid = np.flatnonzero(row[: LAYOUT.actions] > 0.5)
        assert forward.best(row) == (valid[0] if len(valid) else 0)


@pytest.mark.parametrize("width", [7, 64])
def test_the_shapes_known_without_torch_are_the_networks(width):
    assert weight_shapes(width) == {
        name: tuple(values.shape) for name, values in network(width).state_dict().items()
    }


# --- whole windows ---


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("scenario", ["tiny", "islanded"])
def test_evaluate_greedy_and_torch_say_the_same_of_each_window(tmp_path, scenario, head):
    net, episodes = network(), episodes_of(scenario)
    windows = episodes.of("validation")[: 13 if scenario == "tiny" else 3]
    folder = saved(tmp_path / "best", net, head)
    fast = greedy_scores(net, episodes, windows, head=head)
    slow = by_torch(net, episodes, windows, head, {})
    loaded = load_scenario(scenario, Wishes())
    chosen = choose_windows(loaded, [window.name for window in windows])
    found = evaluate(loaded, [str(folder), "hvf+easy"], chosen)
    assert np.abs(found.values(str(folder), "objective") - fast).max() < 1e-12
    assert np.abs(fast - slow).max() < 1e-12
    assert (fast != found.values("hvf+easy", "objective")).any()


def test_every_way_of_running_gives_the_same_schedule(folder):
    """Compiled loop, decision by decision, SimPy clock, through actions; queues longer than the slots."""
    net = checkpoint.load(folder).net
    case, episodes = case_of(), episodes_of("tiny")
    scheduler = make_scheduler(str(folder))
    by_clock = {clock: rare.simulate(case, scheduler, clock=clock) for clock in ("compiled", "simpy")}
    by_clock["asked"] = rare.simulate(case, Unfused(scheduler.for_case(case)))
    first = by_clock["compiled"]
    for other in by_clock.values():
        assert (other.jobs == first.jobs).all()
        assert (other.events == first.events).all()
    driven = play(episodes, scheduler, "validation-00", layout=LAYOUT)
    (greedy,) = greedy_scores(net, episodes, episodes.of("validation-00"))
    assert driven["objective"] == greedy == pytest.approx(first.metrics["objective"], abs=1e-12)
    assert driven["outside"] == 0


def test_one_scheduler_runs_one_case_after_another(folder):
    once = [
        rare.simulate(case_of(window=window), make_scheduler(str(folder))).metrics["objective"]
        for window in ("validation-00", "test-01")
    ]
    scheduler = make_scheduler(str(folder))
    again = [
        rare.simulate(case_of(window=window), scheduler).metrics["objective"]
        for window in ("validation-00", "test-01", "validation-00")
    ]
    assert again == [*once, once[0]]


def test_a_long_queue_with_an_index_changes_nothing(folder, monkeypatch):
    """Whole of tiny's year, more jobs waiting than slots; an index over the queue comes in on the way."""
    case = case_of(window="all")
    plain = rare.simulate(case, make_scheduler(str(folder)), record=False).metrics
    monkeypatch.setattr("rare.clocks.compiled_clock.should_index", lambda world: world.leaves.shape[1] == 0)
    indexed = rare.simulate(case, make_scheduler(str(folder)), record=False).metrics
    for metrics in (plain, indexed):
        metrics.pop("wall_s", None)
    same = [key for key in plain if key not in ("elapsed_s", "jobs_per_s") and plain[key] == indexed[key]]
    assert {"objective", "jobs_completed", "suspensions", "mean_bounded_slowdown"} <= set(same)


def test_attention_runs_by_torch(tmp_path):
    net, episodes = network(kind="attention"), episodes_of("tiny")
    folder = saved(tmp_path / "best", net)
    scheduler = make_scheduler(str(folder))
    assert not scheduler.for_case(case_of()).replays
    with pytest.raises(InputError, match=r"'attention', which is not compiled; schedulers\.make_scheduler"):
        LearnedScheduler(folder)
    (wanted,) = greedy_scores(net, episodes, episodes.of("validation-00"))
    assert rare.simulate(case_of(), scheduler).metrics["objective"] == pytest.approx(wanted, abs=1e-12)


def test_without_torch_a_network_that_needs_it_says_so(tmp_path):
    folder = saved(tmp_path / "best", network(kind="attention"))
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from schedulers import make_scheduler\n"
        f"make_scheduler({str(folder)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = done.stderr.strip().splitlines()[-1]
    assert "InputError" in said and "kind 'attention', which needs torch" in said
    assert "install the extra 'learn', or train a pointwise one" in said


# --- wherever a name goes ---


def test_a_checkpoint_logs_datasets_of_its_own_returns(folder, tmp_path):
    sizes = {"queue_slots": 8, "running_slots": 4, "forecast_hours": 12}
    sheet = dataset_run([str(folder)], tmp_path / "log", scenario="tiny", episodes=3, **sizes)
    assert sheet["episodes"] == 3
    with pytest.raises(InputError, match="--queue-slots 8 --running-slots 4 --forecast-hours 12"):
        dataset_run([str(folder)], tmp_path / "other", scenario="tiny", episodes=1)


def test_the_scheduler_needs_no_torch(folder):
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['safetensors.torch'] = None\n"
        "from schedulers import make_scheduler\n"
        f"print(make_scheduler({str(folder)!r}).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "crr/best", done.stderr


def test_folder_facts_and_weights_name_the_same_checkpoint(folder):
    for name in (folder, folder / "checkpoint.json", folder / "weights.safetensors", f"{folder}/"):
        assert make_scheduler(str(name)).name == "crr/best"


def test_a_folder_does_not_hide_a_heuristic_of_its_name(tmp_path, monkeypatch):
    saved(tmp_path / "easy")
    monkeypatch.chdir(tmp_path)
    assert make_scheduler("easy").name != "easy/easy"
    assert make_scheduler("./easy").name.endswith("/easy")


def _other_version(folder):
    facts = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps(facts | {"version": 99}))


def _other_layout(folder):
    facts = json.loads((folder / "checkpoint.json").read_text())
    facts["layout"]["blocks"]["queue"].pop()
    (folder / "checkpoint.json").write_text(json.dumps(facts))


def _other_width(folder):
    facts = json.loads((folder / "checkpoint.json").read_text())
    facts["network"]["width"] = 32
    (folder / "checkpoint.json").write_text(json.dumps(facts))


def _cut_weights(folder):
    data = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(data[: len(data) // 2])


def _not_finite(folder):
    net = network()
    with torch.no_grad():
        net.logits.wait.bias.fill_(float("nan"))
    saved(folder, net)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "checkpoint.json").unlink(), "holds no checkpoint.json"),
        (lambda folder: (folder / "checkpoint.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "weights.safetensors").unlink(), "cannot be read"),
        (_other_version, "is not a checkpoint of version 1"),
        (_other_layout, "other features than version"),
        (_other_width, "holds other weights"),
        (_cut_weights, "cannot be read"),
        (_not_finite, "not finite"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_said_in_one_line(folder, damage, says):
    damage(folder)
    with pytest.raises(InputError, match=says) as error:
        make_scheduler(str(folder))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no/such/folder", "there is no folder no/such/folder"),
        ("model.pt", "runs code when it is loaded"),
        ("runs/model.d3", "runs code when it is loaded"),
        ("sb3.zip", "runs code when it is loaded"),
    ],
)
def test_names_that_are_no_checkpoint(name, says):
    with pytest.raises(InputError, match=says):
        make_scheduler(name)


def test_the_folder_of_a_training_run_is_led_to_its_best(folder):
    with pytest.raises(InputError, match=r"give .*best"):
        make_scheduler(str(folder.parent))


def test_a_comparison_knows_its_checkpoint_and_notices_another(tmp_path):
    folder, out = saved(tmp_path / "crr" / "best"), tmp_path / "out"
    names = ["easy", str(folder)]
    found = compare_run(names, scenario="tiny", out=out, figures=False)
    origin = json.loads((out / "provenance.json").read_text())
    before = origin["scheduler_files"][str(folder)]
    assert found["results"][1]["scheduler"] == str(folder)
    saved(folder, network(seed=1))
    again = compare_run(names, scenario="tiny", out=out, figures=False)
    origin = json.loads((out / "provenance.json").read_text())
    assert origin["scheduler_files"][str(folder)] != before
    objectives = [each["results"][1]["metrics"]["objective"] for each in (found, again)]
    assert objectives[0] != objectives[1]


def test_an_interrupted_comparison_does_not_take_a_changed_checkpoint_for_the_old_one(tmp_path):
    from experiments.runs.run_setup import Settings, Work

    folder = saved(tmp_path / "best")
    built = build(load_scenario("tiny", Wishes()))
    work = Work(built, Settings())
    before = work.key(str(folder))
    assert work.key(str(folder)) == before
    saved(folder, network(seed=1))
    assert work.key(str(folder)) != before


def test_simulate_takes_it_and_the_command_line_refuses_in_one_line(folder):
    found = simulate_run(str(folder), scenario="tiny")
    assert found["metrics"]["objective"] is not None
    command = [sys.executable, "-m", "experiments.cli", "simulate", "--scenario", "tiny", "--scheduler"]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([*command, "no/such"], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_workers_give_what_one_process_gives(folder):
    loaded = load_scenario("tiny", Wishes())
    windows = choose_windows(loaded, ["validation"])
    one, two = (evaluate(loaded, [str(folder)], windows, where=Where(workers=workers)) for workers in (1, 2))
    assert one.rows == two.rows


def test_an_evaluation_says_of_what_checkpoint_it_is_also_under_a_perfect_forecast(folder, tmp_path):
    names, out = [str(folder), f"{folder}@perfect"], tmp_path / "out"
    found = evaluate_run(names, ["validation-00"], scenario="tiny", where=Where(workers=1), out=out)
    origin = json.loads((out / "provenance.json").read_text())
    assert list(origin["scheduler_files"]) == [str(folder)]
    assert list(found.labels.values()) == ["crr/best", "crr/best@perfect"]


def test_training_keeps_the_way_to_choose_that_does_better_on_validation_windows():
    """Of a clone that is likelier to start than to wait, but to start nobody by name: two steps."""
    net, episodes = network(), episodes_of("tiny")
    windows = episodes.of("validation")[:3]
    with torch.no_grad():
        net.logits.wait.bias += 1.0
    scores = {head: greedy_scores(net, episodes, windows, head=head) for head in CHOICES_OF_POLICY}
    head, found = best_choice(net, episodes, windows, CHOICES_OF_POLICY)
    assert scores["two-step"].mean() > scores["policy"].mean() + 0.05
    assert head == "two-step" and (found == scores[head]).all()
    assert best_choice(net, episodes, windows, ("policy",))[0] == "policy"
