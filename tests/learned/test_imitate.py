"""Imitation in the states that the network itself comes to."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from experiments.episodes import episodes_of  # noqa: E402
from rare.layout import Layout  # noqa: E402
from schedulers import make_scheduler  # noqa: E402
from schedulers.learned.imitate import ImitateOptions, imitate, imitation_loss  # noqa: E402
from schedulers.learned.network import MASKED, NetworkSize, SchedulerNet  # noqa: E402


def test_several_jobs_to_start_do_not_make_waiting_the_best() -> None:
    """The teacher names one of four alike jobs in 60 % of the states, and waits in the others."""
    wanted = torch.tensor([1, 2, 3, 4, 1, 2, 0, 0, 0, 0])
    best = {}
    for loss_of in (imitation_loss, torch.nn.functional.cross_entropy):
        logits = torch.zeros(5, requires_grad=True)
        optimizer = torch.optim.Adam([logits], lr=0.05)
        for _ in range(400):
            optimizer.zero_grad()
            loss_of(logits.expand(10, 5), wanted).backward()
            optimizer.step()
        best[loss_of.__name__] = int(logits.argmax())
    assert best["cross_entropy"] == 0 and best["imitation_loss"] != 0


def test_waiting_is_learned_against_all_jobs_and_invalid_actions_count_for_nothing() -> None:
    logits = torch.tensor([[0.0, -3.0, MASKED], [0.0, 3.0, MASKED]], requires_grad=True)
    low, high = (imitation_loss(logits[row : row + 1], torch.tensor([0])) for row in (0, 1))
    assert 0 < low.item() < 0.1 < high.item()
    high.backward()
    assert torch.isfinite(logits.grad).all() and logits.grad[1, 2] == 0


def test_it_comes_closer_to_the_teacher() -> None:
    episodes, torch_seed = episodes_of("tiny"), 0
    torch.manual_seed(torch_seed)
    net = SchedulerNet(Layout(32, 8, 24), NetworkSize("pointwise", 16))
    options = ImitateOptions(rounds=3, windows=2, updates=60, batch=64)
    agreed = list(imitate(net, make_scheduler("sjf+greedy"), episodes, episodes.of("train"), options))
    assert len(agreed) == 3 and 0.8 < min(agreed) <= 1
