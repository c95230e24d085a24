"""A network learns of each case's best scheduler: of several heuristics and the network that it starts as.

Where jobs not served cost much, a network that learned without such prices is far below a simple heuristic,
and reinforcement learning takes long to find there. So it imitates first, in the states that it comes to by
itself (Ross, Gordon and Bagnell 2011, arXiv 1011.0686).
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Sequence
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
from schedulers.training.distil.aggregated import LabelledRound, draw_batch, optimizer_step
from schedulers.training.distil.distillation import sharper
from schedulers.training.greedy_windows import forward_of_net, greedy_scores
from schedulers.training.offline.packed_observations import pack
from schedulers.training.scheduler_net import SchedulerNet
from traces.errors import InputError

HEURISTICS = ("atc+easy", "atc=0.5+greedy", "hvd+easy", "edf+easy", "sjf+easy")
LOW_STAKES = 1.15
"""Of grounds.drawn_grounds.stakes. Below, prices are so low that the network that learned without them
teaches."""
TRIED = 2  # windows of a case on which its teacher is chosen, the shortest


@dataclass(frozen=True)
class TeachOptions:
    """rounds: each plays `windows` windows and then makes `updates`. mix: share of the decisions of later
    rounds that the teacher takes. kept: share of the decisions that become training data. sharpness: exponent
    on the probabilities of a teaching network. learning_rate falls to 0 over all rounds."""

    rounds: int = 6
    windows: int = 150
    updates: int = 700
    batch: int = 512
    learning_rate: float = 2e-3
    mix: float = 0.2
    kept: float = 0.35
    sharpness: float = 2.0


def best_teachers(
    net: SchedulerNet, head: str, episodes: Episodes, split: str, on_progress: Callable[[int, int], None]
) -> list[str]:
    """For each case the name of its best heuristic on some windows, '' where the network is better."""
    names = []
    for index, case in enumerate(episodes.cases):
        windows = [
            dataclasses.replace(each, case_index=0) for each in episodes.of(split) if each.case_index == index
        ]
        windows = sorted(windows, key=lambda each: each.placed_jobs)[:TRIED]
        scores = {"": 0.0}
        if windows and stakes(case) > LOW_STAKES:
            alone = Episodes(episodes.scenario, (case,), tuple(windows))
            scores = {name: _mean(alone, name) for name in HEURISTICS}
            scores[""] = float(np.nanmean(greedy_scores(net, alone, windows, head=head)))
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
    teachers: Sequence[str],
    episodes: Episodes,
    split: str,
    options: TeachOptions,
    *,
    seed: int = 0,
) -> Iterator[float]:
    """Train `net` in place; yields the mean loss of each round. teachers: as `best_teachers` has them."""
    rng, origin = np.random.default_rng(seed), copy.deepcopy(net).requires_grad_(False)
    batch = Batch(episodes, net.layout, 1)
    optimizer = torch.optim.Adam([*net.actor.parameters(), *net.logits.parameters()], options.learning_rate)
    windows, labelled = episodes.of(split), []
    order = rng.permutation(len(windows))
    for number in range(options.rounds):
        picks = [windows[order[(number * options.windows + i) % len(order)]] for i in range(options.windows)]
        parts = [
            _labelled(
                net,
                origin,
                head,
                teachers[each.case_index],
                batch,
                each,
                1.0 if number == 0 else options.mix,
                options,
                rng,
            )
            for each in picks
        ]
        obs = torch.from_numpy(np.concatenate([seen for seen, _ in parts]))
        labelled.append(LabelledRound(pack(obs, net.layout), torch.cat([labels for _, labels in parts])))
        total = 0.0
        for step in range(options.updates):
            left = 1.0 - (number + step / options.updates) / options.rounds
            optimizer.param_groups[0]["lr"] = options.learning_rate * left
            seen, wanted = draw_batch(labelled, options.batch, rng)
            loss = torch.nn.functional.kl_div(
                net.policy(seen).log_softmax(dim=1), wanted, reduction="batchmean"
            )
            optimizer_step(loss, optimizer)
            total += loss.item()
        yield total / options.updates


def _labelled(
    net: SchedulerNet,
    origin: SchedulerNet,
    head: str,
    teacher: str,
    batch: Batch,
    window: Episode,
    mix: float,
    options: TeachOptions,
    rng: np.random.Generator,
) -> tuple[np.ndarray, torch.Tensor]:
    """(N, D) observations of an episode and (N, A) probabilities of the teacher's actions."""
    student, network = forward_of_net(net, head), forward_of_net(origin, head)
    batch.set_up(0, window)
    heuristic = make_scheduler(teacher).for_case(batch.case_of(0)) if teacher else None
    batch.begin(0)
    observations, actions = [], []
    while not batch.is_over(0):
        keep, teaches = rng.random() < options.kept, rng.random() < mix
        advice = None
        if keep or teaches:
            advice = network.best(batch.obs[0]) if heuristic is None else _advice(batch, heuristic)
        if keep and advice is not None:
            observations.append(batch.obs[0].copy())
            actions.append(advice)
        batch.step_single(0, (advice or 0) if teaches else int(student.best(batch.obs[0])))
    obs = np.array(observations, np.float32).reshape(len(observations), net.layout.size)
    if heuristic is None and len(obs):
        with torch.no_grad():
            return obs, sharper(origin.policy(torch.from_numpy(obs)), head, options.sharpness)
    labels = torch.zeros(len(obs), net.layout.actions)
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
