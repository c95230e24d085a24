"""RLScheduler's case on fixed windows: jobs of lublin_256 on 256 processors, power without limit.

The case: Zhang, Dai, He, Bao, Xie, "RLScheduler", SC 2020, doi:10.1109/SC41405.2020.00035. The paper samples
its sequences of jobs; these windows are fixed, so that results with the same file are comparable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.presets.preset_files import find_files
from rare.episodes import Episode, Episodes
from rare.model import Case, Cluster, Partition, constant_inputs
from traces import read_workload
from traces.errors import InputError
from traces.jobs.workload import Workload

FILE = "lublin_256.swf"
SOURCE = "https://github.com/DIR-LAB/deep-batch-scheduler (data/lublin_256.swf)"
PROCESSORS, JOBS = 256, 10_000
MACHINES = Partition(nodes=PROCESSORS, core_mw=1)
"""One processor per node. Its power has no effect, because the supply has no limit."""

WINDOW_SEED = 20201116
FIRST_JOBS: Mapping[int, tuple[int, ...]] = {
    256: (
        9,
        346,
        645,
        1088,
        1496,
        2019,
        2827,
        3255,
        3844,
        4594,
        4859,
        5363,
        5677,
        6872,
        7751,
        8173,
        8456,
        8988,
        9246,
        9708,
    ),
    1024: (47, 1084, 2152, 3199, 4247, 5319, 5831, 6878, 7905, 8946),
}
"""Jobs of a window -> first job (from 0) of each window: the result of `draw_windows(WINDOW_SEED)`."""


def draw_windows(seed: int) -> dict[int, tuple[int, ...]]:
    """First jobs of twenty disjoint windows of 256 jobs, and of ten of 1,024.

    Ten windows of 1,024 jobs need more than 10,000 jobs: nine lie side by side, and a random one of them
    shares its second half with the tenth.
    """
    rng = np.random.default_rng(seed)
    short = np.sort(rng.integers(0, JOBS - 20 * 256 + 1, 20)) + 256 * np.arange(20)
    pair = int(rng.integers(0, 9))
    first = np.sort(rng.integers(0, JOBS - 9 * 1024 - 512 + 1, 9)) + 1024 * np.arange(9)
    first[pair + 1 :] += 512
    long = np.insert(first, pair + 1, first[pair] + 512)
    return {256: tuple(short.tolist()), 1024: tuple(long.tolist())}


def blocks(first_jobs: Sequence[int], length: int) -> list[list[int]]:
    """Groups of windows that share jobs, by number: not independent, so they are resampled together."""
    groups: list[list[int]] = []
    for window in np.argsort(first_jobs, kind="stable").tolist():
        if groups and first_jobs[window] < first_jobs[groups[-1][-1]] + length:
            groups[-1].append(window)
        else:
            groups.append([window])
    return groups


def find_trace(data: Sequence[str | Path]) -> Path:
    """The path of the trace in one of the folders. InputError if it is in none."""
    return find_files(data, {FILE: SOURCE})[FILE]


def read_trace(path: Path) -> Workload:
    """The jobs of the trace. InputError if they are not the 10,000 jobs that the windows refer to."""
    jobs = read_workload(path)
    if len(jobs) != JOBS or int(jobs.cores.max()) > PROCESSORS:
        raise InputError(
            f"{path}: holds {len(jobs)} jobs of up to {int(jobs.cores.max())} processors, not {JOBS} of up "
            f"to {PROCESSORS}; get the original from {SOURCE}"
        )
    return jobs


def case_of(jobs: Workload) -> Case:
    """A case of these jobs on 256 processors, with power without limit."""
    return Case(jobs, Cluster((MACHINES,)), constant_inputs())


def windows_of(
    jobs: Workload, first_jobs: Sequence[int], length: int, split: str, case_index: int = 0
) -> list[Episode]:
    """Windows of `length` jobs: from the first submit, on an empty machine, until the last job ends."""
    return [
        Episode(
            f"{split}-{case_index}-{length}-{first:04d}",
            split,
            int(first),
            int(first) + length,
            int(jobs.submit_s[first]),
            None,
            0,
            length,
            case_index,
        )
        for first in first_jobs
    ]


def test_episodes(jobs: Workload, first_jobs: Mapping[int, Sequence[int]] = FIRST_JOBS) -> Episodes:
    """The test windows; the split of a window is its number of jobs, as text."""
    windows = [
        window
        for length, first in first_jobs.items()
        for window in windows_of(jobs, first, length, str(length))
    ]
    return Episodes("rlscheduler", (case_of(jobs),), tuple(windows))
