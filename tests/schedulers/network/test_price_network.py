"""Networks that see prices: torch and compiled code agree, and widening changes no choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")

import rare  # noqa: E402
from rare import Layout  # noqa: E402
from rare.env.batch import Batch  # noqa: E402
from rare.episodes import episodes_of_case  # noqa: E402
from schedulers.network.forward import HEADS  # noqa: E402
from schedulers.network.learned_scheduler import LearnedScheduler  # noqa: E402
from schedulers.network.network_shapes import weight_shapes  # noqa: E402
from schedulers.training import checkpoint  # noqa: E402
from schedulers.training.greedy_windows import by_torch, forward_of_net, greedy_scores  # noqa: E402
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet  # noqa: E402
from schedulers.training.widened import widened  # noqa: E402
from tests.rare.env.level_cases import drawn_case  # noqa: E402
from traces.errors import InputError  # noqa: E402

torch.set_num_threads(1)
OLD = Layout(12, 6, 4)
LAYOUTS = [
    replace(OLD, prices=True),
    replace(OLD, levels=True, prices=True),
    replace(OLD, levels=True, events=True, prices=True),
]


def network(layout, width=8, kind="pointwise"):
    torch.manual_seed(3)
    return SchedulerNet(layout, NetworkSize(kind, width))


@pytest.fixture(scope="module")
def episodes():
    case = drawn_case(count=20)
    options = replace(
        case.options, violation_penalty_u=10**6, unserved_penalty_u=2 * 10**6, unserved_value_ppm=10**6
    )
    return episodes_of_case(replace(case, options=options))


def observations(episodes, layout):
    """(N, D) observations of random play."""
    batch, draws, seen = Batch(episodes, layout, 1), np.random.default_rng(0), []
    batch.set_up(0, episodes.episodes[0])
    batch.begin(0)
    while not batch.is_over(0):
        seen.append(batch.obs[0].copy())
        batch.step_single(0, int(draws.choice(np.flatnonzero(batch.mask[0]))))
    return np.array([*seen, batch.obs[0]])


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_compiled_network_is_torchs(episodes, layout, head):
    net, observed = network(layout), observations(episodes, layout)
    assert observed[:, layout.slices["queue_prices"]].any() and observed[:, layout.slices["prices"]].any()
    forward = forward_of_net(net, head)
    with torch.no_grad():
        wanted = (net.q if head == "q" else net.policy)(torch.from_numpy(observed)).numpy()
    for row, scores in zip(observed, wanted, strict=True):
        forward.best(row)
        assert np.abs(forward.scores - scores).max() <= 1e-5 * max(1, np.abs(scores[scores > -1e7]).max())


@pytest.mark.parametrize("kind", ["pointwise", "attention"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_shapes_known_without_torch_are_the_networks(kind, layout):
    state = network(layout, kind=kind).state_dict()
    assert weight_shapes(8, kind, layout) == {name: tuple(values.shape) for name, values in state.items()}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_widened_network_scores_as_before_whatever_the_new_blocks_hold(episodes, layout):
    old = network(OLD)
    wide = widened(old, layout)
    seen = observations(episodes, layout)
    narrow = np.concatenate(
        [seen[:, : OLD.actions], *(seen[:, layout.slices[name]] for name in OLD.blocks)], axis=1
    ).astype(np.float32)
    with torch.no_grad():
        before, after = old.policy(torch.from_numpy(narrow)), wide.policy(torch.from_numpy(seen))
        assert torch.allclose(before, after[:, : OLD.actions], atol=1e-5)
        assert torch.allclose(
            old.value(torch.from_numpy(narrow)), wide.value(torch.from_numpy(seen)), atol=1e-5
        )
    with pytest.raises(InputError, match="sees [a-z]+, which the layout lacks"):
        widened(wide, OLD)


def test_a_checkpoint_with_prices_plays_on_either_clock_and_in_the_environment(episodes, tmp_path):
    layout, case = LAYOUTS[1], episodes.cases[0]
    checkpoint.save(tmp_path / "net", checkpoint.Checkpoint(network(layout), {}))
    scheduler = LearnedScheduler(tmp_path / "net")
    score = rare.simulate(case, scheduler).metrics["objective"]
    assert rare.simulate(case, scheduler, clock="simpy").metrics["objective"] == score
    net = checkpoint.load(tmp_path / "net").net
    assert greedy_scores(net, episodes, episodes.episodes)[0] == pytest.approx(score, abs=1e-12)
    assert by_torch(net, episodes, episodes.episodes, "policy", {})[0] == pytest.approx(score, abs=1e-12)
