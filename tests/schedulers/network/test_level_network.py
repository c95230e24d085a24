"""Networks that see speed levels and events: torch and compiled code agree, and every trainer takes them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")

import rare  # noqa: E402
from rare import Layout  # noqa: E402
from rare.dataset import load  # noqa: E402
from rare.dataset.logging_task import Task  # noqa: E402
from rare.dataset.play_episode import Policy  # noqa: E402
from rare.dataset.write_dataset import log_dataset  # noqa: E402
from rare.env.batch import Batch  # noqa: E402
from rare.env.policies.play import play  # noqa: E402
from rare.episodes import Episodes, episodes_of_case  # noqa: E402
from rare.state.arrays import RAISED, SLOWED, START  # noqa: E402
from schedulers import make_scheduler  # noqa: E402
from schedulers.heuristics.fused_record import RandomActions  # noqa: E402
from schedulers.network.forward import HEADS  # noqa: E402
from schedulers.network.learned_scheduler import LearnedScheduler  # noqa: E402
from schedulers.network.network_shapes import weight_shapes  # noqa: E402
from schedulers.registry import SHIPPED_FOLDER  # noqa: E402
from schedulers.training import checkpoint  # noqa: E402
from schedulers.training.greedy_windows import by_torch, forward_of_net, greedy_scores  # noqa: E402
from schedulers.training.offline.algorithms import algorithm, config_of  # noqa: E402
from schedulers.training.offline.batches import Batches  # noqa: E402
from schedulers.training.offline.transitions import read_transitions  # noqa: E402
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet  # noqa: E402
from tests.rare.env.level_cases import drawn_case  # noqa: E402
from tests.rare.twins import Unfused  # noqa: E402
from traces.errors import InputError  # noqa: E402

torch.set_num_threads(1)
LAYOUT = Layout(12, 6, 4, levels=True, events=True)


def network(width=8, seed=0, layout=LAYOUT, kind="pointwise"):
    torch.manual_seed(seed)
    net = SchedulerNet(layout, NetworkSize(kind, width))
    with torch.no_grad():  # heads of ordinary size, so that scores differ
        for weights in net.parameters():
            weights.mul_(1.5)
    return net


@pytest.fixture(scope="module")
def episodes():
    return episodes_of_case(drawn_case(count=20))


@pytest.fixture(scope="module")
def observed(episodes):
    """(N, D) observations of random play."""
    batch, draws, seen = Batch(episodes, LAYOUT, 1), np.random.default_rng(0), []
    batch.set_up(0, episodes.episodes[0])
    batch.begin(0)
    while not batch.is_over(0):
        seen.append(batch.obs[0].copy())
        batch.step_single(0, int(draws.choice(np.flatnonzero(batch.mask[0]))))
    return np.array([*seen, batch.obs[0]])


@pytest.mark.parametrize("head", HEADS)
def test_the_compiled_network_is_torchs(observed, head):
    net = network(7)
    forward = forward_of_net(net, head)
    with torch.no_grad():
        wanted = (net.q if head == "q" else net.policy)(torch.from_numpy(observed)).numpy()
    kinds = set()
    for row, scores in zip(observed, wanted, strict=True):
        best = forward.best(row)
        assert np.abs(forward.scores - scores).max() <= 1e-5 * max(1, np.abs(scores[scores > -1e7]).max())
        kinds |= {name for name, span in LAYOUT.action_ranges.items() if row[span.start : span.stop].any()}
        assert row[best] == 1 or not row[: LAYOUT.actions].any()
    assert kinds == set(LAYOUT.action_ranges)


@pytest.mark.parametrize("kind", ["pointwise", "attention"])
@pytest.mark.parametrize("events", [True, False])
def test_the_shapes_known_without_torch_are_the_networks(kind, events):
    layout = replace(LAYOUT, events=events)
    state = network(8, layout=layout, kind=kind).state_dict()
    assert weight_shapes(8, kind, layout) == {name: tuple(values.shape) for name, values in state.items()}


def test_a_checkpoint_plays_as_a_scheduler_and_in_the_environment(episodes, tmp_path):
    net = network()
    with torch.no_grad():  # it likes to change levels
        net.logits.slow.bias.fill_(5)
    checkpoint.save(tmp_path / "net", checkpoint.Checkpoint(net, {}))
    scheduler, case = LearnedScheduler(tmp_path / "net"), episodes.cases[0]
    result = rare.simulate(case, scheduler)
    changes = set(result.events["event"].tolist())
    assert {SLOWED, RAISED, START} <= changes
    assert result.events.tolist() == rare.simulate(case, Unfused(scheduler.for_case(case))).events.tolist()
    score = result.metrics["objective"]
    assert greedy_scores(net, episodes, episodes.episodes)[0] == pytest.approx(score, abs=1e-12)
    assert by_torch(net, episodes, episodes.episodes, "policy", {})[0] == pytest.approx(score, abs=1e-12)
    found = play(episodes, scheduler, "case", layout=LAYOUT)
    assert found["return"] == pytest.approx(score, abs=1e-9) and found["outside"] == 0


def test_a_network_cannot_be_resized_to_other_blocks(tmp_path):
    with pytest.raises(
        InputError, match="trained with levels in its observations and is to see them without"
    ):
        checkpoint.resized(network(), Layout(12, 6, 4))
    wider = checkpoint.resized(network(), replace(LAYOUT, queue_slots=20))
    assert wider.layout.queue_slots == 20


def test_what_ships_runs_where_there_are_levels():
    result = rare.simulate(drawn_case(count=20), LearnedScheduler(SHIPPED_FOLDER))
    assert (result.events["event"] == START).any() and result.ended == "completed"


def test_datasets_hold_levels_and_offline_training_takes_them(episodes, tmp_path):
    policies = [
        Policy("atc+greedy+slow", lambda: make_scheduler("atc+greedy+slow"), 0.2),
        Policy("random", RandomActions, 1.0),
    ]
    sheet = log_dataset(Task(episodes, LAYOUT, policies), 2, tmp_path / "log")
    data = load(tmp_path / "log-v0")
    assert sheet["layout"]["version"] == 3 and data.layout == LAYOUT and sheet["episodes"] == 2
    taken = np.concatenate([episode.actions for episode in data])
    assert all(np.isin(taken, span).any() for span in LAYOUT.action_ranges.values())
    transitions = read_transitions([tmp_path / "log-v0"], gamma_per_hour=0.9)
    for name in ("bc", "cql"):
        config = config_of(name, layout=LAYOUT.to_json(), width=8, warmup=1, gamma=0.9)
        impl = algorithm(config, SchedulerNet(LAYOUT, NetworkSize(width=8))).impl
        batches = Batches(transitions, 32, 0, with_next=impl.looks_ahead)
        losses = [impl.update(batches.draw(), step) for step in range(3)]
        assert all(math.isfinite(loss) for each in losses for loss in each.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ppo", "dqn"])
def test_online_training_takes_levels(tmp_path, name):
    """A new network is made for what the scenario has, and is the one that is saved."""
    from experiments.training.train_online import train_online

    whole = episodes_of_case(drawn_case(count=20))
    judged = replace(whole.episodes[0], split="validation", name="validation-00")
    episodes = Episodes("levels", whole.cases, (*whole.episodes, judged))
    options = {"ppo": {"environments": 2, "rollout": 32}, "dqn": {"environments": 2, "batch": 16}}[name]
    train_online(
        "levels", tmp_path / "run", algorithm=name, steps=128, width=8, episodes=episodes,
        validate_every=64, figure=False, options=options,
    )  # fmt: skip
    net = checkpoint.load(tmp_path / "run" / "last").net
    assert net.layout == Layout(levels=True, events=True)
