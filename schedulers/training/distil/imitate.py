"""Learning a teacher's decisions in the states that the learner itself visits.

Dataset aggregation (Ross, Gordon and Bagnell, AISTATS 2011, arXiv 1011.0686): the first round plays the
teacher; each later one plays the network, and the teacher labels the states visited. Cloning the teacher's
own episodes alone leaves a network without labels in the states that follow its first mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rare.env.batch import Batch
from rare.episodes import Episode, Episodes
from rare.scheduler import BaseScheduler
from rare.state.arrays import DECIDE_SHED, DECIDE_START, SHEDDING
from schedulers.network.forward import TWO_STEP
from schedulers.training.distil.aggregated import LabelledRound, draw_batch, optimizer_step
from schedulers.training.greedy_windows import forward_of_net
from schedulers.training.offline.packed_observations import pack
from schedulers.training.scheduler_net import SchedulerNet, two_step

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class ImitateOptions:
    """rounds: each plays `windows` episodes and then makes `updates`. mix: share of the decisions of later
    rounds that the teacher takes. learning_rate falls to 0 over all rounds."""

    rounds: int = 6
    windows: int = 12
    updates: int = 800
    batch: int = 256
    learning_rate: float = 3e-3
    mix: float = 0.3


@dataclass(frozen=True)
class ImitationTask:
    """Whom to imitate, and where. teacher: its decision is a function of the state alone. windows: those that
    are played, of `episodes`. reward: of the environments, one of rare.env's rewards."""

    teacher: BaseScheduler
    episodes: Episodes
    windows: Sequence[Episode]
    reward: str = "objective"


def imitate(
    net: SchedulerNet,
    task: ImitationTask,
    options: ImitateOptions,
    *,
    seed: int = 0,
    on_progress: OnProgress = lambda done, total: None,
) -> Iterator[float]:
    """Train `net` (pointwise) in place; yields after each round its share of decisions like the teacher's.

    The share is the mean over the round's batches. on_progress(done, total): called after every update.
    """
    rng = np.random.default_rng(seed)
    teacher, windows = task.teacher, task.windows
    advising = teacher.for_case(task.episodes.case)
    batch = Batch(
        task.episodes,
        net.layout,
        1,
        order=advising.order,
        order_param=advising.order_param,
        reward=task.reward,
    )
    optimizer = torch.optim.Adam([*net.actor.parameters(), *net.logits.parameters()], options.learning_rate)
    labelled: list[LabelledRound] = []
    order = rng.permutation(len(windows))
    for number in range(options.rounds):
        picks = [order[(number * options.windows + i) % len(order)] for i in range(options.windows)]
        mix = 1.0 if number == 0 else options.mix
        labelled.append(_round(net, teacher, batch, [windows[pick] for pick in picks], mix, rng))
        agreed = 0.0
        for step in range(options.updates):
            left = 1.0 - (number + step / options.updates) / options.rounds
            optimizer.param_groups[0]["lr"] = options.learning_rate * left
            obs, actions = draw_batch(labelled, options.batch, rng)
            logits = net.policy(obs)
            optimizer_step(torch.nn.functional.cross_entropy(logits, actions), optimizer)
            agreed += float((two_step(logits.detach()) == actions).float().mean())
            on_progress(number * options.updates + step + 1, options.rounds * options.updates)
        yield agreed / options.updates


def _round(
    net: SchedulerNet,
    teacher: BaseScheduler,
    batch: Batch,
    windows: Sequence[Episode],
    mix: float,
    rng: np.random.Generator,
) -> LabelledRound:
    """Play windows and label the states visited. mix: share of decisions that the teacher takes."""
    parts = [_labelled(net, teacher, batch, window, mix, rng) for window in windows]
    observations = pack(torch.from_numpy(np.concatenate([obs for obs, _ in parts])), net.layout)
    return LabelledRound(observations, torch.from_numpy(np.concatenate([actions for _, actions in parts])))


def _labelled(
    net: SchedulerNet,
    teacher: BaseScheduler,
    batch: Batch,
    window: Episode,
    mix: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) observations of an episode and (N,) the teacher's actions, where these are among the slots."""
    forward = forward_of_net(net, TWO_STEP)
    batch.set_up(0, window)
    advising = teacher.for_case(batch.case_of(0))
    batch.begin(0)
    observations, actions = [], []
    while not batch.is_over(0):
        status = DECIDE_SHED if batch.world.env[0].phase == SHEDDING else DECIDE_START
        action = batch.action_of(0, advising.decide(batch.world_of(0), 0, status))
        if action is not None:
            observations.append(batch.obs[0].copy())
            actions.append(action)
        teacher_acts = mix >= 1.0 or rng.random() < mix
        batch.step_single(0, (action or 0) if teacher_acts else int(forward.best(batch.obs[0])))
    return np.array(observations), np.array(actions, np.int64)
