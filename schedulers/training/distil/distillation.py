"""One network from several teachers, each of which labels the windows of its own case.

Policy distillation (Rusu et al. 2016, arXiv 1511.06295) in the states that the student itself visits (Ross,
Gordon and Bagnell, AISTATS 2011, arXiv 1011.0686): the first round plays the teachers, later ones the
student. The student learns the teachers' probabilities with a lower temperature: then sampled actions are
nearly as good as the most probable ones, and reinforcement learning can continue from there.
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
from schedulers.training.distil.aggregated import LabelledRound, draw_batch, optimizer_step
from schedulers.training.greedy_windows import forward_of_net
from schedulers.training.offline.packed_observations import pack
from schedulers.training.scheduler_net import SchedulerNet

CHUNK = 4096  # observations that a teacher evaluates at once
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class DistilOptions:
    """rounds: each plays every window once and then makes `updates`. kept: share of the decisions that become
    training data. random: share of decisions played at random. sharpness: exponent on the teachers'
    probabilities, the inverse of a temperature."""

    rounds: int = 4
    updates: int = 800
    batch: int = 512
    learning_rate: float = 2e-3  # falls to 0 over all rounds
    kept: float = 0.2
    random: float = 0.1
    sharpness: float = 4.0


@dataclass(frozen=True)
class Teacher:
    """A network, and the head by which it chooses: one of schedulers.network.forward.HEADS, but not Q."""

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
    on_progress: OnProgress = lambda done, total: None,
) -> Iterator[float]:
    """Train `net` (pointwise) in place; yields after each round its mean KL(teacher || net).

    on_progress(done, total): called after every update.

    teachers: one for each of the episodes' cases, with the layout of `net`. windows: those to play.
    """
    rng = np.random.default_rng(seed)
    batch = Batch(episodes, net.layout, 1)
    optimizer = torch.optim.Adam([*net.actor.parameters(), *net.logits.parameters()], options.learning_rate)
    labelled: list[LabelledRound] = []
    for number in range(options.rounds):
        student = None if number == 0 else forward_of_net(net, POLICY)
        labelled.append(_round(teachers, student, batch, windows, options, rng))
        divergence = 0.0
        for step in range(options.updates):
            left = 1.0 - (number + step / options.updates) / options.rounds
            optimizer.param_groups[0]["lr"] = options.learning_rate * left
            obs, probabilities = draw_batch(labelled, options.batch, rng)
            logs = net.policy(obs).log_softmax(dim=1)
            loss = torch.nn.functional.kl_div(logs, probabilities, reduction="batchmean")
            optimizer_step(loss, optimizer)
            divergence += loss.item() / options.updates
            on_progress(number * options.updates + step + 1, options.rounds * options.updates)
        yield divergence


def sharper(logits: Tensor, head: str, power: float) -> Tensor:
    """(B, A) probabilities of logits (B, A), raised to `power` and normalised, as the head chooses.

    As power grows, the probability of the head's best action tends to 1. The two-step head chooses between
    WAIT and the rest first, so both of its steps are sharpened.
    """
    logs = logits.log_softmax(dim=1)
    if head != TWO_STEP:
        return (power * logs).softmax(dim=1)
    whether = torch.stack([logs[:, 0], logs[:, 1:].logsumexp(dim=1)], dim=1)
    first = (power * whether).softmax(dim=1)
    return torch.cat([first[:, :1], first[:, 1:] * (power * logs[:, 1:]).softmax(dim=1)], dim=1)


def _round(
    teachers: Sequence[Teacher],
    student: Forward | None,
    batch: Batch,
    windows: Sequence[Episode],
    options: DistilOptions,
    rng: np.random.Generator,
) -> LabelledRound:
    """Play every window with the student, or with its teacher if there is none; the teacher labels it."""
    observations, labels = [], []
    players = [student or forward_of_net(teacher.net, teacher.head) for teacher in teachers]
    for window in windows:
        teacher = teachers[window.case_index]
        obs = torch.from_numpy(_visited(players[window.case_index], batch, window, options, rng))
        with torch.no_grad():
            logits = torch.cat([teacher.net.policy(part) for part in obs.split(CHUNK)])
        labels.append(sharper(logits, teacher.head, options.sharpness))
        observations.append(obs)
    return LabelledRound(pack(torch.cat(observations), teachers[0].net.layout), torch.cat(labels))


def _visited(
    player: Forward, batch: Batch, window: Episode, options: DistilOptions, rng: np.random.Generator
) -> np.ndarray:
    """(N, D) observations of a played episode, the first and a share `kept` of the others.

    A share `random` of the actions is drawn from the valid ones; the player chooses the others.
    """
    batch.set_up(0, window)
    batch.begin(0)
    observations = [batch.obs[0].copy()]
    while not batch.is_over(0):
        if rng.random() < options.kept:
            observations.append(batch.obs[0].copy())
        if rng.random() < options.random:
            action = int(rng.choice(np.flatnonzero(batch.mask[0])))
        else:
            action = player.best(batch.obs[0])
        batch.step_single(0, action)
    return np.array(observations)
