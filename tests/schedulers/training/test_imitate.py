"""Imitation in the states that the network itself comes to."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from rare.env.observation.layout import Layout  # noqa: E402
from rare.scenario.scenario_episodes import episodes_of  # noqa: E402
from schedulers import make_scheduler  # noqa: E402
from schedulers.training.distil.imitate import ImitateOptions, ImitationTask, imitate  # noqa: E402
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet, two_step  # noqa: E402


def test_several_jobs_to_start_do_not_make_waiting_the_best() -> None:
    """The teacher names one of four alike jobs in 60 % of the states, and waits in the others."""
    wanted = torch.tensor([1, 2, 3, 4, 1, 2, 0, 0, 0, 0])
    logits = torch.zeros(5, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits.expand(10, 5), wanted).backward()
        optimizer.step()
    assert logits.argmax() == 0 and two_step(logits[None]).item() in (1, 2)


def test_it_comes_closer_to_the_teacher() -> None:
    episodes, torch_seed = episodes_of("tiny"), 0
    torch.manual_seed(torch_seed)
    net = SchedulerNet(Layout(32, 8, 24), NetworkSize("pointwise", 16))
    options = ImitateOptions(rounds=3, windows=2, updates=60, batch=64)
    task = ImitationTask(make_scheduler("sjf+greedy"), episodes, episodes.of("train"))
    agreed = list(imitate(net, task, options))
    assert len(agreed) == 3 and 0.8 < min(agreed) <= 1
