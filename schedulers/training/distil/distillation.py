"""One network from several, each of which is followed on the windows of its own case.

Policy distillation (Rusu et al. 2016, arXiv 1511.06295) in the states that the student itself comes to (Ross,
Gordon and Bagnell, AISTATS 2011, arXiv 1011.0686): the first round plays the teachers, later ones the
student. The student learns the teachers' probabilities made sharper: then what it draws is nearly as good as
what it likes best, and reinforcement learning can go on from there without losing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rare.env.batch import Batch
from rare.episodes import Episode, Episodes
from schedulers.network.forward import POLICY, TWO_STEP, Forward
from schedulers.training.distil.lessons import Lesson, descend, drawn
from schedulers.training.greedy_windows import forward_of_net
from schedulers.training.offline.packed_observations import pack
from schedulers.training.scheduler_net import SchedulerNet

CHUNK = 4096  # observations that teachers look at at once
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class DistilOptions:
    """rounds: each plays every window once and then makes `updates`. kept: share of the decisions that are
    learned from. random: share of decisions played at random. sharpness: power of the probabilities."""

    rounds: int = 4
    updates: int = 800
    batch: int = 512
    learning_rate: float = 2e-3  # falls to 0 over all rounds
    kept: float = 0.2
    random: float = 0.1
    sharpness: float = 4.0


@dataclass(frozen=True)
class Teacher:
    """A network and how it chooses (schedulers.network.forward.HEADS, but not by Q)."""

    net: SchedulerNet
    head: str


def distil(
    net: SchedulerNet,
    teachers: Sequence[Teacher],
    episodes: Episodes,
    windows: Sequence[Episode],
    options: DistilOptions,
    *,
    seed: int = 0,
    tell: Tell = lambda done, total: None,
) -> Iterator[float]:
    """Train `net` (pointwise) in place; after each round the mean of KL(teacher || net) in it.

    teachers: one for each of the episodes' cases, with the layout of `net`.
    """
    rng = np.random.default_rng(seed)
    batch = Batch(episodes, net.layout, 1)
    optimizer = torch.optim.Adam([*net.actor.parameters(), *net.logits.parameters()], options.learning_rate)
    lessons: list[Lesson] = []
    for number in range(options.rounds):
        own = None if number == 0 else forward_of_net(net, POLICY)
        lessons.append(_round(teachers, own, batch, windows, options, rng))
        apart = 0.0
        for step in range(options.updates):
            left = 1.0 - (number + step / options.updates) / options.rounds
            optimizer.param_groups[0]["lr"] = options.learning_rate * left
            seen, wanted = drawn(lessons, options.batch, rng)
            logs = net.policy(seen).log_softmax(dim=1)
            loss = torch.nn.functional.kl_div(logs, wanted, reduction="batchmean")
            descend(loss, optimizer)
            apart += loss.item() / options.updates
            tell(number * options.updates + step + 1, options.rounds * options.updates)
        yield apart


def sharper(logits: Tensor, head: str, power: float) -> Tensor:
    """(B, A) probabilities in which the action that a head would choose stands out.

    With growing power they gather on that action, and both ways to choose from them agree.
    """
    logs = logits.log_softmax(dim=1)
    if head != TWO_STEP:
        return (power * logs).softmax(dim=1)
    whether = torch.stack([logs[:, 0], logs[:, 1:].logsumexp(dim=1)], dim=1)
    first = (power * whether).softmax(dim=1)
    return torch.cat([first[:, :1], first[:, 1:] * (power * logs[:, 1:]).softmax(dim=1)], dim=1)


def _round(
    teachers: Sequence[Teacher],
    own: Forward | None,
    batch: Batch,
    windows: Sequence[Episode],
    options: DistilOptions,
    rng: np.random.Generator,
) -> Lesson:
    seen, wanted = [], []
    players = [own or forward_of_net(teacher.net, teacher.head) for teacher in teachers]
    for window in windows:
        teacher = teachers[window.case_index]
        obs = torch.from_numpy(_visited(players[window.case_index], batch, window, options, rng))
        with torch.no_grad():
            logits = torch.cat([teacher.net.policy(part) for part in obs.split(CHUNK)])
        wanted.append(sharper(logits, teacher.head, options.sharpness))
        seen.append(obs)
    return Lesson(pack(torch.cat(seen), teachers[0].net.layout), torch.cat(wanted))


def _visited(
    player: Forward, batch: Batch, window: Episode, options: DistilOptions, rng: np.random.Generator
) -> np.ndarray:
    """(N, D) observations of an episode under a network that acts at random now and then."""
    batch.set_up(0, window)
    batch.begin(0)
    seen = [batch.obs[0].copy()]
    while not batch.is_over(0):
        if rng.random() < options.kept:
            seen.append(batch.obs[0].copy())
        if rng.random() < options.random:
            action = int(rng.choice(np.flatnonzero(batch.mask[0])))
        else:
            action = player.best(batch.obs[0])
        batch.step_single(0, action)
    return np.array(seen)
