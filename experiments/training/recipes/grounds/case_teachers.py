"""A network learns of each case's best scheduler: of several networks, and of heuristics where jobs have
prices.

It imitates in the states that it comes to by itself (Ross, Gordon and Bagnell 2011, arXiv 1011.0686).
Networks that learned for one scenario alone are far better there than one that learned on a hundred cases at
once: its critic cannot tell the cases apart well enough. What they know goes into one network by this way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

import rare
from experiments.training.recipes.grounds.drawn_grounds import stakes
from rare.env.batch import Batch
from rare.episodes import Episode, Episodes, window_case
from rare.scheduler import Decider
from rare.state.arrays import DECIDE_SHED, DECIDE_START, SHEDDING
from schedulers import make_scheduler
from schedulers.heuristics.heuristic import parse
from schedulers.network.forward import Forward
from schedulers.training.distil.aggregated import LabelledRound, draw_batch, optimizer_step
from schedulers.training.distil.distillation import Teacher, sharper
from schedulers.training.greedy_windows import forward_of_net, greedy_scores
from schedulers.training.offline.packed_observations import pack
from schedulers.training.scheduler_net import SchedulerNet
from traces.errors import InputError

HEURISTICS = ("atc+easy", "atc+easy+green", "atc=0.5+greedy", "edf+easy", "sjf+easy", "slack+easy")
LOW_STAKES = 1.15
"""Of grounds.drawn_grounds.stakes. Below, prices are so low that networks alone are tried."""
TRIED = 5  # windows of a case on which its teacher is chosen, the shortest


@dataclass(frozen=True)
class Lessons:
    """Who teaches on which case. teachers: for each case of the episodes the name of one of the networks, or
    of a heuristic. split: of the windows that are played."""

    networks: Mapping[str, Teacher]
    teachers: Sequence[str]
    episodes: Episodes
    split: str


@dataclass(frozen=True)
class TeachOptions:
    """rounds: each plays `windows` windows and then makes `updates`. mix: share of the decisions of later
    rounds that the teacher takes. kept: share of the decisions that become training data. sharpness: exponent
    on the probabilities of a teaching network. learning_rate falls to 0 over all rounds."""

    rounds: int = 8
    windows: int = 160
    updates: int = 1000
    batch: int = 512
    learning_rate: float = 2e-3
    mix: float = 0.2
    kept: float = 0.35
    sharpness: float = 2.0


def best_teachers(
    networks: Mapping[str, Teacher],
    episodes: Episodes,
    split: str,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """For each case the name of the network or heuristic that does best on some of its windows."""
    names = []
    for index, case in enumerate(episodes.cases):
        windows = [
            dataclasses.replace(each, case_index=0) for each in episodes.of(split) if each.case_index == index
        ]
        windows = sorted(windows, key=lambda each: each.placed_jobs)[:TRIED]
        scores = dict.fromkeys(networks, 0.0)
        if windows:
            alone = Episodes(episodes.scenario, (case,), tuple(windows))
            scores = {
                name: float(np.nanmean(greedy_scores(teacher.net, alone, windows, head=teacher.head)))
                for name, teacher in networks.items()
            }
            if stakes(case) > LOW_STAKES:
                scores |= {name: _mean(alone, name) for name in HEURISTICS}
        names.append(max(scores, key=lambda name: scores[name]))
        on_progress(index + 1, len(episodes.cases))
    return names


def _mean(episodes: Episodes, name: str) -> float:
    """Mean objective of a heuristic on all episodes, in their own unit of value offered."""
    scores = []
    for window in episodes.episodes:
        result = rare.simulate(window_case(episodes.case, window), make_scheduler(name))
        score, offered = result.metrics["objective"], result.metrics["value_offered"]
        scores.append((score or 0.0) * offered * 1e6 / window.offered_u)
    return float(np.mean(scores))


def teach(
    net: SchedulerNet,
    head: str,
    lessons: Lessons,
    options: TeachOptions,
    *,
    seed: int = 0,
) -> Iterator[float]:
    """Train `net` in place, which chooses by `head`; yields the mean loss of each round."""
    rng = np.random.default_rng(seed)
    batch = Batch(lessons.episodes, net.layout, 1)
    optimizer = torch.optim.Adam([*net.actor.parameters(), *net.logits.parameters()], options.learning_rate)
    windows, labelled = lessons.episodes.of(lessons.split), []
    order = rng.permutation(len(windows))
    for number in range(options.rounds):
        picks = [windows[order[(number * options.windows + i) % len(order)]] for i in range(options.windows)]
        student = None if number == 0 else forward_of_net(net, head)
        parts = [_labelled(student, lessons, batch, each, options, rng) for each in picks]
        obs = torch.from_numpy(np.concatenate([seen for seen, _ in parts]))
        labelled.append(LabelledRound(pack(obs, net.layout), torch.cat([labels for _, labels in parts])))
        total = 0.0
        for step in range(options.updates):
            left = 1.0 - (number + step / options.updates) / options.rounds
            optimizer.param_groups[0]["lr"] = options.learning_rate * left
            seen, wanted = draw_batch(labelled, options.batch, rng)
            logs = net.policy(seen).log_softmax(dim=1)
            loss = torch.nn.functional.kl_div(logs, wanted, reduction="batchmean")
            optimizer_step(loss, optimizer)
            total += loss.item()
        yield total / options.updates


def _labelled(
    student: Forward | None,
    lessons: Lessons,
    batch: Batch,
    window: Episode,
    options: TeachOptions,
    rng: np.random.Generator,
) -> tuple[np.ndarray, torch.Tensor]:
    """(N, D) observations of an episode and (N, A) probabilities of the teacher's actions.

    student: who plays, but for a share of the decisions; None: the teacher plays.
    """
    name = lessons.teachers[window.case_index]
    teacher = lessons.networks.get(name)
    batch.set_up(0, window)
    heuristic = None if teacher else parse(name).for_case(batch.case_of(0))
    network = forward_of_net(teacher.net, teacher.head) if teacher else None
    batch.begin(0)
    observations, actions = [], []
    while not batch.is_over(0):
        keep, teaches = rng.random() < options.kept, student is None or rng.random() < options.mix
        advice: int | None = None
        if heuristic is not None and (keep or teaches):
            advice = _advice(batch, heuristic)
        elif network is not None and teaches:
            advice = network.best(batch.obs[0])
        if keep and (network is not None or advice is not None):
            observations.append(batch.obs[0].copy())
            actions.append(advice or 0)
        batch.step_single(0, (advice or 0) if teaches or student is None else student.best(batch.obs[0]))
    obs = np.array(observations, np.float32).reshape(len(observations), batch.layout.size)
    if teacher is not None and len(obs):
        with torch.no_grad():
            return obs, sharper(teacher.net.policy(torch.from_numpy(obs)), teacher.head, options.sharpness)
    labels = torch.zeros(len(obs), batch.layout.actions)
    labels[torch.arange(len(obs)), torch.tensor(actions, dtype=torch.long)] = 1.0
    return obs, labels


def _advice(batch: Batch, heuristic: Decider) -> int | None:
    """The heuristic's action; None where it is of a job that is in no slot, WAIT where it is withheld."""
    status = DECIDE_SHED if batch.world.env[0].phase == SHEDDING else DECIDE_START
    try:
        action = batch.action_of(0, heuristic.decide(batch.world_of(0), 0, status))
    except InputError:
        return None
    if action is not None and not batch.mask[0][action]:
        return 0
    return action
