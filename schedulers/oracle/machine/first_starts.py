"""When each job can start at the earliest, and which can never complete: predecessors and cancellations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.model import NEVER_S, Case
from rare.rules.orders import SHORTEST_ALLOWANCE_S
from rare.world import build_jobs
from traces.jobs.workload import NO_VALUE


@dataclass(frozen=True, slots=True)
class FirstStarts:
    """Of J jobs, for any schedule. Arrays are (J,).

    arrival_s: no schedule lets the job arrive earlier (RULES §12.4); NEVER_S: it never does. dependent: it
    waits for a job of this case, so that it may never arrive. cancelled: it may leave by a recorded
    cancellation (§12.2) before its deadline. lost: it cannot start at all, because it is cancelled first.
    """

    arrival_s: np.ndarray
    dependent: np.ndarray
    cancelled: np.ndarray
    lost: np.ndarray


def first_starts(case: Case) -> FirstStarts:
    """The earliest arrivals: each job on a machine of its own, at full speed, as soon as it may."""
    jobs, work = build_jobs(case), case.workload
    cancel_s = np.full(len(jobs), NEVER_S) if work.cancel_s is None else np.minimum(work.cancel_s, NEVER_S)
    arrival_s, dependent = jobs.submit_s.astype(np.int64), np.zeros(len(jobs), dtype=bool)
    if work.after is not None:
        chains = _Chains(case, cancel_s)
        arrival_s, dependent = chains.arrivals_s(), chains.dependent
    return FirstStarts(arrival_s, dependent, cancel_s < jobs.deadline_s, cancel_s <= arrival_s)


class _Chains:
    """The predecessors of the jobs of a case, and their ends."""

    def __init__(self, case: Case, cancel_s: np.ndarray) -> None:
        work = case.workload
        assert work.after is not None
        self._case, self._jobs, self._cancel_s = case, build_jobs(case), cancel_s.tolist()
        place = {job_id: row for row, job_id in enumerate(work.job_id.tolist())}
        self._before = [[place[key] for key in ids if key in place] for ids in work.after]
        self._any = np.ones(len(work), dtype=bool) if work.after_any is None else work.after_any
        self._think_s = [0] * len(work) if work.think_s is None else work.think_s.tolist()
        self.dependent = np.array([len(ids) > 0 for ids in self._before])

    def arrivals_s(self) -> np.ndarray:
        """(J,) earliest arrivals, found over again until none changes: a job may wait for a later one."""
        arrival_s = self._jobs.submit_s.astype(np.int64).tolist()
        for _ in range(len(arrival_s) + 1):
            before = list(arrival_s)
            for j in np.flatnonzero(self.dependent):
                ends_s = [self._end_s(p, arrival_s[p], bool(self._any[j])) for p in self._before[j]]
                released_s = min(max(ends_s) + self._think_s[j], NEVER_S)
                arrival_s[j] = max(int(self._jobs.submit_s[j]), released_s)
            if arrival_s == before:
                break
        return np.array(arrival_s, dtype=np.int64)

    def _end_s(self, p: int, arrival_s: int, however: bool) -> int:
        """The earliest end of a job that arrives then: its completion, or `however` it may end."""
        job, options = self._jobs[p], self._case.options
        work_s = int(job.work_s)
        completes = job.part >= 0 and self._cancel_s[p] > arrival_s
        if options.kill_at_estimate:
            completes = completes and work_s <= job.estimate_s
        ends_s = [arrival_s + work_s] if completes else []
        if however:
            ends_s += self._other_ends_s(p, arrival_s)
        return min(ends_s, default=NEVER_S)

    def _other_ends_s(self, p: int, arrival_s: int) -> list[int]:
        """Times from which on a job may end without completion, the earliest of each way."""
        job, options = self._jobs[p], self._case.options
        submit_s, deadline_s = int(job.submit_s), int(job.deadline_s)
        ends_s = [self._cancel_s[p]]
        if self.dependent[p] and not self._any[p]:
            ends_s.append(submit_s)  # dropped (§12.4)
        if job.part < 0:
            ends_s.append(submit_s)  # rejected (§2.2)
        if not job.preemptible or self._case.outages is not None:
            ends_s.append(arrival_s)  # killed too often (§5.4, §12.3)
        if options.kill_at_estimate:
            ends_s.append(arrival_s + min(int(job.work_s), int(job.estimate_s)))
        if deadline_s < NEVER_S and job.value_u != NO_VALUE:
            ends_s.append(deadline_s + max(deadline_s - submit_s, SHORTEST_ALLOWANCE_S))
        return ends_s
