"""The windows that the packaged network learns on and is chosen by, side by side in one batch.

Shipped scenarios with their own jobs and prices; the same with new jobs, and with new jobs and drawn prices;
and drawn grounds. Validation windows are those of the shipped scenarios, and of grounds that nothing learns
on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.recipes.grounds.drawn_grounds import by_job, drawn_ground, stakes, with_drawn_prices
from experiments.training.recipes.grounds.training_weather import SITES, write_training_year
from rare.episodes import Episode, Episodes, Randomise
from rare.model import Case
from rare.scenario.scenario_episodes import episodes_of

TRAIN, VALIDATION = "train", "validation"
PLAIN = ("islanded", "grid-tied", "solar-night", "gpu-cluster")
SERVED = tuple(f"{name}-served" for name in PLAIN)
JUDGED_GROUNDS_FROM = 1000  # numbers of the grounds for validation
JUDGED_JOBS = 1_500  # at most, in one of their windows: validation is to take seconds


@dataclass(frozen=True)
class GroundsPlan:
    """How much of what.

    scenarios: their train and validation windows. new_jobs: variants of each plain one with other jobs.
    priced: variants with other jobs and drawn prices. grounds, judged: numbers of drawn ones to learn on and
    for validation. seed: of all draws.
    """

    scenarios: Sequence[str] = (*PLAIN, *SERVED)
    varied: Sequence[str] = PLAIN
    new_jobs: int = 2
    priced: int = 4
    grounds: int = 80
    judged: int = 20
    seed: int = 1


def training_episodes(folder: Path, plan: GroundsPlan, display: ProgressDisplay = QUIET) -> Episodes:
    """All windows, with the splits train and validation. folder: for weather and jobs of drawn grounds."""
    folder.mkdir(parents=True, exist_ok=True)
    for site in SITES:
        write_training_year(site, folder)
    parts = [_of_splits(episodes_of(name), TRAIN, VALIDATION) for name in plan.scenarios]
    for place, name in enumerate(plan.varied):
        if plan.new_jobs:
            parts.append(_of_splits(_varied(name, plan.new_jobs, 2 * plan.seed + 5), TRAIN))
        if plan.priced:
            varied = _of_splits(_varied(name, plan.priced, 2 * plan.seed + 6), TRAIN)
            parts.append(_with_prices(varied, [plan.seed, place]))
    with display.task("drawing training grounds", "grounds") as task:
        for number in range(plan.grounds):
            parts.append(_drawn(folder, plan.seed, number, TRAIN))
            task.update(number + 1, plan.grounds + plan.judged, "")
        for number in range(plan.judged):
            ground = _drawn(folder, plan.seed, JUDGED_GROUNDS_FROM + number, VALIDATION)
            few = [each for each in ground.episodes[:1] if each.placed_jobs <= JUDGED_JOBS]
            parts.append(dataclasses.replace(ground, episodes=tuple(few)))
            task.update(plan.grounds + number + 1, plan.grounds + plan.judged, "")
    return _scaled(side_by_side([part for part in parts if part.episodes]))


def scenario_episodes(name: str, new_jobs: int, seed: int) -> Episodes:
    """The windows of one scenario, and its training windows with so many variants of its jobs."""
    own = _of_splits(episodes_of(name), TRAIN, VALIDATION)
    varied = _of_splits(_varied(name, new_jobs, seed), TRAIN)
    return _scaled(side_by_side([own, varied]))


def _scaled(episodes: Episodes) -> Episodes:
    stake = [stakes(case) for case in episodes.cases]
    scaled = (
        by_job(each, stake[each.case_index]) if each.split == TRAIN else each for each in episodes.episodes
    )
    return dataclasses.replace(episodes, episodes=tuple(scaled))


def side_by_side(parts: Sequence[Episodes]) -> Episodes:
    """The episodes of all parts with the cases of all; names begin with the number of the first case."""
    cases: list[Case] = []
    episodes: list[Episode] = []
    for part in parts:
        first = len(cases)
        cases += part.cases
        episodes += [
            dataclasses.replace(each, case_index=first + each.case_index, name=f"{first}/{each.name}")
            for each in part.episodes
        ]
    return Episodes("training grounds", tuple(cases), tuple(episodes))


def _varied(name: str, variants: int, seed: int) -> Episodes:
    return episodes_of(name, randomise=Randomise(variants=variants, seed=seed))


def _of_splits(episodes: Episodes, *splits: str) -> Episodes:
    kept = tuple(each for each in episodes.episodes if each.split in splits)
    return dataclasses.replace(episodes, episodes=kept)


def _with_prices(episodes: Episodes, seed: list[int]) -> Episodes:
    cases = [
        with_drawn_prices(case, np.random.default_rng([*seed, index]))
        for index, case in enumerate(episodes.cases)
    ]
    return dataclasses.replace(episodes, cases=tuple(cases))


def _drawn(folder: Path, seed: int, number: int, split: str) -> Episodes:
    ground = drawn_ground(folder, seed, number, split)
    return Episodes(f"ground-{number}", (ground.case,), ground.episodes)
