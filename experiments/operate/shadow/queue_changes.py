"""What a scheduler did between two snapshots."""

from __future__ import annotations

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


def changes(before: ClusterSnapshot, after: ClusterSnapshot) -> tuple[Change, ...]:
    """What happened to each job between two snapshots, in the queue's order.

    A job that waited and is gone was cancelled, or has started and ended in between: which of both cannot be
    seen, and it counts as cancelled. One that is new and runs was submitted and started.
    """
    span = (before.taken_s, after.taken_s)
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
        elif job.state == WAITING:
            found.append(Change(CANCELLED, job.job_id, span))
        else:
            found.append(Change(ENDED, job.job_id, span))
    for key, job in here.items():
        if key in known:
            found += _between(known[key], job, span)
        elif job.job_id not in requeued:
            found.append(Change(SUBMITTED, job.job_id, (job.submit_s, job.submit_s)))
            if job.state != WAITING:
                found.append(_started(job, span))
            if job.state == SUSPENDED:
                found.append(Change(SUSPENDED_NOW, job.job_id, span))
    return tuple(found)


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
