"""Learning a teacher's decisions in the states that the learner itself comes to.

Dataset aggregation (Ross, Gordon and Bagnell, AISTATS 2011, arXiv 1011.0686): the first round plays the
teacher; each later one plays the network, and the teacher says what it would have done there. Cloning the
teacher's own episodes alone leaves a network without advice wherever its first mistake leads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rare.env.batch import Batch
from rare.episodes import Episode, Episodes
from rare.scheduler import BaseScheduler
from rare.state.arrays import DECIDE_SHED, DECIDE_START, SHEDDING
from schedulers.network.forward import TWO_STEP
from schedulers.training.distil.lessons import Lesson, descend, drawn
from schedulers.training.greedy_windows import forward_of_net
from schedulers.training.offline.packed_observations import pack
from schedulers.training.scheduler_net import SchedulerNet, two_step

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class ImitateOptions:
    """rounds of `windows` episodes and `updates` batches each; mix: share of later rounds' decisions that
    the teacher takes nevertheless. learning_rate falls to 0 over all rounds."""

    rounds: int = 6
    windows: int = 12
    updates: int = 800
    batch: int = 256
    learning_rate: float = 3e-3
    mix: float = 0.3


def imitate(
    net: SchedulerNet,
    teacher: BaseScheduler,
    episodes: Episodes,
    windows: Sequence[Episode],
    options: ImitateOptions,
    *,
    seed: int = 0,
    reward: str = "objective",
    tell: Tell = lambda done, total: None,
) -> Iterator[float]:
    """Train `net` (pointwise) in place; after each round its agreement with the teacher in training.

    teacher: a scheduler whose decisions are a function of the state alone.
    """
    rng = np.random.default_rng(seed)
    advising = teacher.for_case(episodes.case)
    batch = Batch(
        episodes, net.layout, 1, order=advising.order, order_param=advising.order_param, reward=reward
    )
    optimizer = torch.optim.Adam([*net.actor.parameters(), *net.logits.parameters()], options.learning_rate)
    advice: list[Lesson] = []
    order = rng.permutation(len(windows))
    for number in range(options.rounds):
        picks = [order[(number * options.windows + i) % len(order)] for i in range(options.windows)]
        mix = 1.0 if number == 0 else options.mix
        advice.append(_round(net, teacher, batch, [windows[pick] for pick in picks], mix, rng))
        agreed = 0.0
        for step in range(options.updates):
            left = 1.0 - (number + step / options.updates) / options.rounds
            optimizer.param_groups[0]["lr"] = options.learning_rate * left
            seen, wanted = drawn(advice, options.batch, rng)
            logits = net.policy(seen)
            descend(torch.nn.functional.cross_entropy(logits, wanted), optimizer)
            agreed += float((two_step(logits.detach()) == wanted).float().mean())
            tell(number * options.updates + step + 1, options.rounds * options.updates)
        yield agreed / options.updates


def _round(
    net: SchedulerNet, teacher: BaseScheduler, batch: Batch, windows: Sequence[Episode], mix: float, rng: Any
) -> Lesson:
    parts = [_advised(net, teacher, batch, window, mix, rng) for window in windows]
    seen = pack(torch.from_numpy(np.concatenate([obs for obs, _ in parts])), net.layout)
    return Lesson(seen, torch.from_numpy(np.concatenate([actions for _, actions in parts])))


def _advised(
    net: SchedulerNet, teacher: BaseScheduler, batch: Batch, window: Episode, mix: float, rng: Any
) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) observations of an episode and (N,) the teacher's actions; without those outside the slots."""
    forward = forward_of_net(net, TWO_STEP)
    batch.set_up(0, window)
    advising = teacher.for_case(batch.case_of(0))
    batch.begin(0)
    seen, actions = [], []
    while not batch.is_over(0):
        status = DECIDE_SHED if batch.world.env[0].phase == SHEDDING else DECIDE_START
        wanted = batch.action_of(0, advising.decide(batch.world_of(0), 0, status))
        if wanted is not None:
            seen.append(batch.obs[0].copy())
            actions.append(wanted)
        own = mix >= 1.0 or rng.random() < mix
        batch.step_single(0, (wanted or 0) if own else int(forward.best(batch.obs[0])))
    return np.array(seen), np.array(actions, np.int64)
