"""What a scheduler did between two snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.operate.snapshots.cluster_snapshot import (
    RUNNING,
    SUSPENDED,
    WAITING,
    ClusterSnapshot,
    SnapshotJob,
)

SUBMITTED, STARTED, ENDED, SUSPENDED_NOW, RESUMED, CANCELLED, REQUEUED, HELD, RELEASED = (
    "submitted", "started", "ended", "suspended", "resumed", "cancelled", "requeued", "held", "released",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One thing that happened to a job.

    between : seconds since 1970, after the first and at or before the second; equal where Slurm states it
    """

    what: str
    job_id: str
    between: tuple[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "between", tuple(self.between))


@dataclass(frozen=True)
class EndedJob:
    """A job that has ended and that Slurm still remembers (MinJobAge). start_s: None: it never ran."""

    job_id: str
    submit_s: int
    start_s: int | None
    end_s: int


def changes(
    before: ClusterSnapshot, after: ClusterSnapshot, ended: Iterable[EndedJob] = ()
) -> tuple[Change, ...]:
    """What happened to each job between two snapshots, in the queue's order.

    ended: what Slurm says of jobs that are gone, those that came and went in between among them. Of others
    that waited and are gone it cannot be seen whether they were cancelled, or have started and ended in
    between: they count as cancelled. A job that is new and runs was submitted and started.
    """
    span = (before.taken_s, after.taken_s)
    over = {(job.job_id, job.submit_s): job for job in ended}
    known = {(job.job_id, job.submit_s): job for job in before.jobs}
    here = {(job.job_id, job.submit_s): job for job in after.jobs}
    # A requeued job keeps its id; Slurm gives it a new submit.
    ids_now = {job.job_id: job for job in after.jobs}
    found: list[Change] = []
    requeued: set[str] = set()
    for key, job in known.items():
        if key in here:
            continue
        again = ids_now.get(job.job_id)
        if again is not None and job.state != WAITING:
            requeued.add(job.job_id)
            found.append(Change(REQUEUED, job.job_id, span))
            if again.state != WAITING:
                found.append(_started(again, span))
        else:
            found += _gone(job, over.get(key), span)
    for key, job in here.items():
        if key in known:
            found += _between(known[key], job, span)
        elif job.job_id not in requeued:
            found.append(Change(SUBMITTED, job.job_id, (job.submit_s, job.submit_s)))
            if job.state != WAITING:
                found.append(_started(job, span))
            if job.state == SUSPENDED:
                found.append(Change(SUSPENDED_NOW, job.job_id, span))
    for key, gone in over.items():
        if key not in known and key not in here and gone.submit_s >= span[0]:
            found += _unseen(gone)
    return tuple(found)


def _unseen(ended: EndedJob) -> list[Change]:
    """What happened to a job that came and went between two snapshots."""
    times = [(SUBMITTED, ended.submit_s)]
    times += (
        [(CANCELLED, ended.end_s)]
        if ended.start_s is None
        else [(STARTED, ended.start_s), (ENDED, ended.end_s)]
    )
    return [Change(what, ended.job_id, (at_s, at_s)) for what, at_s in times]


def _gone(job: SnapshotJob, ended: EndedJob | None, span: tuple[int, int]) -> list[Change]:
    """What became of a job that is no longer there."""
    if ended is None:
        return [Change(CANCELLED if job.state == WAITING else ENDED, job.job_id, span)]
    at = (ended.end_s, ended.end_s)
    if job.state != WAITING:
        return [Change(ENDED, job.job_id, at)]
    if ended.start_s is None:
        return [Change(CANCELLED, job.job_id, at)]
    start = (ended.start_s, ended.start_s)
    return [Change(STARTED, job.job_id, start), Change(ENDED, job.job_id, at)]


def _started(job: SnapshotJob, span: tuple[int, int]) -> Change:
    start_s = job.start_s if job.start_s is not None else span[1]
    return Change(STARTED, job.job_id, (start_s, start_s))


def _between(before: SnapshotJob, job: SnapshotJob, span: tuple[int, int]) -> list[Change]:
    """What happened to a job that is in both snapshots."""
    found = []
    if before.state == WAITING and job.state != WAITING:
        found.append(_started(job, span))
        if job.state == SUSPENDED:
            found.append(Change(SUSPENDED_NOW, job.job_id, span))
    elif before.state != WAITING and job.state == WAITING:
        found.append(Change(REQUEUED, job.job_id, span))
    elif before.state == RUNNING and job.state == SUSPENDED:
        found.append(Change(SUSPENDED_NOW, job.job_id, span))
    elif before.state == SUSPENDED and job.state == RUNNING:
        found.append(Change(RESUMED, job.job_id, span))
    elif before.state == job.state == WAITING and before.held != job.held:
        found.append(Change(HELD if job.held else RELEASED, job.job_id, span))
    return found
