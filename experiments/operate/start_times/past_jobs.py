"""What is known of past jobs at an instant: who asked for how long, how long it took, and when it came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traces.jobs.workload import NO_CANCEL_S, Workload


@dataclass(frozen=True, slots=True)
class PastJobs:
    """Jobs submitted before an instant, by submit; all arrays have length P.

    work    : the jobs, on the clock of UTC seconds; the run time of one that had not ended is not to be read
    end_s   : (P,) int64, when each had ended
    ended   : (P,) bool, whether it had at the instant
    taken_s : the instant
    """

    work: Workload
    end_s: np.ndarray
    ended: np.ndarray
    taken_s: int

    def __len__(self) -> int:
        return len(self.work)


def past_jobs(
    work: Workload,
    taken_s: int,
    *,
    end_s: np.ndarray | None = None,
    since_s: int = 0,
    without: frozenset[str] = frozenset(),
) -> PastJobs | None:
    """The jobs of a trace that were submitted from `since_s` on and before `taken_s`; None: there are none.

    Jobs that were taken away while they waited are left out: nobody knows how long they would have run.

    work    : on the clock of UTC seconds (replay_snapshot.on_utc)
    without : ids of jobs that have not ended, whatever else is said
    end_s   : (J,) when each ended, NEVER_S: it did not; None: as early as its submit and run time allow
    """
    first, last = np.searchsorted(work.submit_s, [since_s, taken_s])
    if first >= last:
        return None
    rows = np.arange(first, last)
    if work.cancel_s is not None:
        rows = rows[work.cancel_s[rows] >= NO_CANCEL_S]
        if len(rows) == 0:
            return None
    part = work.take(rows)
    ends_s = (work.submit_s + work.work_s if end_s is None else end_s)[rows]
    ended = ends_s <= taken_s
    if without:
        ended = ended & ~np.isin(part.job_id.astype(str), list(without))
    return PastJobs(part, ends_s, ended, taken_s)
