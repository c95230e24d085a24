"""Training and validation windows of the agent for GAS-MARL's case, disjoint from the test data.

Jobs are drawn from the model of Lublin and Feitelson (2003), at the load of lublin_256; their watts per
processor from the rows of jobs outside the ten test windows; the weather is of other years.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from experiments.presets.gas_marl.gas_marl_case import (
    FIRST_JOBS,
    HOUR_S,
    JOBS_PER_WINDOW,
    MACHINES,
    Data,
    hourly_inputs,
    perfect_forecast,
    powered,
    supply_mw,
)
from rare.episodes import Episode, Episodes
from rare.model import Case, Cluster
from traces.synthetic import lublin

TRAIN, VALIDATION = "train", "validation"
PROCESSORS, LOAD = 256, 1.06
"""Of lublin_256.swf, measured: sum(cores x run time) / (processors x last arrival) is 1.061."""
WINDOWS_A_TRACE = 12  # 12 x 1,024 jobs take about 110 days
TRACES = (
    ("2019", 0, TRAIN),
    ("2020", 0, TRAIN),
    ("2019", 4800, TRAIN),
    ("2020", 4800, TRAIN),
    ("2021", 0, VALIDATION),
)
"""Weather year, its hour at which the jobs begin, and the split of the windows. The weather of a year is
followed by its own beginning, so that the last window ends within it."""


def outside_test(jobs: int) -> np.ndarray:
    """(jobs,) bool: jobs of lublin_256 that are in none of the test windows."""
    outside = np.ones(jobs, dtype=bool)
    for first in FIRST_JOBS:
        outside[first : first + JOBS_PER_WINDOW] = False
    return outside


def training_episodes(data: Data, seed: int = 0) -> Episodes:
    """Windows of 1,024 synthetic jobs under the weather of 2019 and 2020 (train) and 2021 (validation)."""
    cases, episodes = [], []
    for number, (year, first_hour, split) in enumerate(TRACES):
        case = _case(data, year, first_hour, seed=1000 * (seed + 1) + number)
        submit_s = case.workload.submit_s
        for window in range(WINDOWS_A_TRACE):
            first = window * JOBS_PER_WINDOW
            last = first + JOBS_PER_WINDOW
            episodes.append(
                Episode(
                    f"{split}-{year}-{first_hour}-{window:02d}",
                    split,
                    first,
                    last,
                    int(submit_s[first]),
                    None,
                    0,
                    JOBS_PER_WINDOW,
                    number,
                )
            )
        cases.append(case)
    return Episodes("gas-marl", tuple(cases), tuple(episodes))


def _case(data: Data, year: str, first_hour: int, seed: int) -> Case:
    jobs = lublin(WINDOWS_A_TRACE * JOBS_PER_WINDOW, processors=PROCESSORS, load=LOAD, seed=seed)
    rng = np.random.Generator(np.random.PCG64(seed))
    watts = rng.choice(data.watts[outside_test(len(data.watts))], len(jobs))
    supply = np.roll(supply_mw(data, (year,)), -first_hour)
    hours = len(supply)
    needed = int(jobs.submit_s[-1]) // HOUR_S + 90 * 24  # a window may be delayed for so long
    inputs = hourly_inputs(np.resize(supply, max(hours, needed)), 0)
    case = Case(powered(jobs, watts), Cluster((MACHINES,)), inputs, begin_s=0)
    return dataclasses.replace(case, forecast=perfect_forecast(inputs))
