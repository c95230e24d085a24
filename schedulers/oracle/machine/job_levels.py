"""Speed levels of the jobs of a case: rate and active power of each, and which of them can be of use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.machine_events import PER_MILLE
from rare.model import Case
from rare.world import build_jobs
from traces.jobs.workload import FULLY_SENSITIVE, Workload


@dataclass(frozen=True, slots=True)
class JobLevels:
    """Levels of J jobs; M is the most that a partition has, with the full speed (0). Arrays are (J, M).

    rate: share of the full speed, 0 where the job's partition has no such level. power_mw: active power of
    the job (RULES §11.2). useful: levels that no other level of the job equals or exceeds in both.
    """

    rate: np.ndarray
    power_mw: np.ndarray
    useful: np.ndarray

    def of(self, job: int) -> np.ndarray:
        """The useful levels of a job, fastest first."""
        return np.flatnonzero(self.useful[job])


def job_levels(case: Case) -> JobLevels:
    """The levels of all jobs of a case."""
    jobs, parts = build_jobs(case), case.cluster.partitions
    most = 1 + max(len(part.speeds) for part in parts)
    rate, power_mw = np.zeros((len(jobs), most)), np.zeros((len(jobs), most), dtype=np.int64)
    rate[:, 0], power_mw[:, 0] = 1.0, jobs.power_mw
    suffers = _sensitivity_milli(case.workload)
    for index, part in enumerate(parts):
        here = jobs.part == index
        for level, speed in enumerate(part.speeds, 1):
            lost = -(-suffers[here] * (PER_MILLE - speed.rate_per_mille) // FULLY_SENSITIVE)
            rate[here, level] = (PER_MILLE - lost) / PER_MILLE
            power_mw[here, level] = -(-jobs.power_mw[here] * speed.power_per_mille // PER_MILLE)
    return JobLevels(rate, power_mw, _useful(rate, power_mw))


def longest_run_s(case: Case) -> np.ndarray:
    """(J,) float: the longest from a job's start or resume to its end without a stop [s].

    At its slowest level throughout, with waking nodes, a restart and all checkpoints (RULES §5).
    """
    rate, options = job_levels(case).rate, case.options
    run_s = build_jobs(case).work_s / np.where(rate > 0, rate, 1.0).min(axis=1) + 1
    if options.checkpoint_s > 0:
        run_s += run_s // options.checkpoint_s * options.checkpoint_cost_s
    return np.asarray(run_s + max(part.wake_s for part in case.cluster.partitions) + options.restart_s)


def _sensitivity_milli(work: Workload) -> np.ndarray:
    """(J,) how much each job suffers from a lower speed, in per mille."""
    if work.sensitivity_milli is None:
        return np.full(len(work), FULLY_SENSITIVE, dtype=np.int64)
    return work.sensitivity_milli


def _useful(rate: np.ndarray, power_mw: np.ndarray) -> np.ndarray:
    """(J, M) bool: levels to keep; of equal ones the fastest by number.

    A level that another one matches in rate and in power can be left out of the bound's program: every row of
    it grows with the time and with the power that the work takes.
    """
    useful = rate > 0
    for level in range(rate.shape[1]):
        for other in range(rate.shape[1]):
            as_good = (rate[:, other] >= rate[:, level]) & (power_mw[:, other] <= power_mw[:, level])
            equal = (rate[:, other] == rate[:, level]) & (power_mw[:, other] == power_mw[:, level])
            if other != level:
                useful[:, level] &= ~((rate[:, other] > 0) & as_good & (~equal | (other < level)))
    return useful
