"""Ranges of start times of a snapshot's waiting jobs, and beside them the estimate by time limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.operate.snapshots.cluster_snapshot import SnapshotJob
from experiments.operate.snapshots.snapshot_case import SnapshotCase
from experiments.operate.start_times.arrival_blocks import ArrivalBlocks
from experiments.operate.start_times.futures import Draws, Futures
from experiments.operate.start_times.never_starts import reasons_of
from experiments.operate.start_times.past_jobs import PastJobs
from experiments.operate.start_times.past_usage import with_past_usage
from experiments.operate.start_times.run_time_model import ModelChoice, OpenJobs, RunTimeModel
from traces.numbers.constants import DAY_S, NEVER_S

if TYPE_CHECKING:
    from rare.env.policies.policy import AnyScheduler

LEVELS = (0.1, 0.5, 0.9)
HORIZON_S = 7 * DAY_S
LEARN_S = 26 * 7 * DAY_S
"""The past from which run times are learnt, the last half year."""
PATHS = 33
"""Paths of the supply: the median and 16 pairs; further futures meet them again."""


@dataclass(frozen=True, slots=True)
class Effort:
    """futures: how many; horizon_s: how far; seed: of all draws; model: of run times."""

    futures: int = 200
    horizon_s: int = HORIZON_S
    seed: int = 0
    model: ModelChoice = ModelChoice()


@dataclass(frozen=True, slots=True)
class StartTimes:
    """Start times of the waiting jobs that may start, in UTC seconds; NEVER_S: not before the horizon.

    part     : the case; job k of the arrays is part.jobs[part.waiting[k]]
    starts_s : (F, W) int64, sorted along the futures
    by_limit_s : (W,) int64, where all jobs run to their limits and none arrive: what Slurm estimates; power
                 counts there too, as the middle path of the forecast
    never      : why jobs start in no future, by id, where a limit or power is the reason
    """

    part: SnapshotCase
    starts_s: np.ndarray
    by_limit_s: np.ndarray
    never: dict[str, str]

    @property
    def jobs(self) -> list[SnapshotJob]:
        """The waiting jobs, in the order of the columns."""
        return [self.part.jobs[index] for index in self.part.waiting.tolist()]

    def levels(self) -> dict[str, float]:
        """The levels of the simulated futures that are shown as 10, 50 and 90 %, by name."""
        return dict(zip(("start_10", "start_50", "start_90"), LEVELS, strict=True))

    def at(self, level: float) -> np.ndarray:
        """(W,) the time before which a share `level` of the futures start each job."""
        futures = len(self.starts_s)
        return self.starts_s[min(max(int(np.ceil(level * futures)) - 1, 0), futures - 1)]


def start_times(
    part: SnapshotCase,
    scheduler: AnyScheduler,
    past: PastJobs | None,
    effort: Effort | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StartTimes:
    """Simulate futures of a snapshot under a scheduler.

    part: made by `snapshot_case` with `past.work` as its history.
    """
    effort = effort or Effort()
    part = with_past_usage(part, past)
    now = open_jobs(part)
    model = RunTimeModel(past, now, effort.model)
    arrivals = None if past is None else ArrivalBlocks(past.work.submit_s, part.taken_s, effort.seed)
    futures = Futures(part, scheduler, horizon_s=effort.horizon_s, paths=PATHS, seed=effort.seed)
    if past is not None:
        futures.complete_past(_with_drawn_ends(past, model, effort.seed))
    work_s = model.draws(now, effort.futures, effort.seed)
    starts_s = np.sort(futures.starts(Draws(work_s, arrivals), progress), axis=0)
    by_limit_s = futures.starts(Draws(part.case.workload.work_s[: len(part.jobs), None], None))[0]
    never = (starts_s[0] >= NEVER_S) & (by_limit_s >= NEVER_S)
    why = reasons_of(part, never, futures.rejected, futures.most_power_mw(), futures.least_pue())
    return StartTimes(part, starts_s, by_limit_s, why)


def open_jobs(part: SnapshotCase) -> OpenJobs:
    """The jobs of a case as the model of run times takes them."""
    count = len(part.jobs)
    work = part.case.workload
    ran_s = np.zeros(count, np.int64)
    ran_s[part.running] = part.taken_s - work.submit_s[part.running]
    users = np.array([job.user for job in part.jobs], dtype=object)
    return OpenJobs(users, work.estimate_s[:count], work.cores[:count], ran_s)


def _with_drawn_ends(past: PastJobs, model: RunTimeModel, seed: int) -> np.ndarray:
    """(P,) run times of past jobs: drawn where they had not ended."""
    work, open_rows = past.work, np.flatnonzero(~past.ended)
    work_s = work.work_s.copy()
    if len(open_rows):
        users = np.full(len(open_rows), "", object) if work.user is None else work.user[open_rows]
        jobs = OpenJobs(
            users, work.estimate_s[open_rows], work.cores[open_rows], np.zeros(len(open_rows), np.int64)
        )
        work_s[open_rows] = model.draws(jobs, 1, seed)[:, 0]
    return work_s
