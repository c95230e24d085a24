"""Whether a snapshot can be true: nothing in it lies after it, and what runs has room."""

from __future__ import annotations

import dataclasses

from experiments.operate.snapshots.cluster_snapshot import RUNNING, ClusterSnapshot
from traces.errors import InputError, quoted

MOST_LATE_S = 60
"""By so much the clocks of a scheduler and of this machine may differ."""
MOST_TIMES = 2
"""Running jobs may hold so many times what is there: nodes go down while jobs are still listed."""
_FIELDS = ("submit_s", "start_s")


def refuse_later(snapshot: ClusterSnapshot, where: str) -> None:
    """InputError where a job was submitted or started after the snapshot. where: the file."""
    for job in snapshot.jobs:
        for name in _FIELDS:
            late_s = (getattr(job, name) or 0) - snapshot.taken_s
            if late_s > 0:
                raise InputError(
                    f"job {quoted(job.job_id)}: {name} is {getattr(job, name)}, {late_s} s after taken_s "
                    f"({snapshot.taken_s})",
                    where=where,
                    remedy="correct one of them; a job that comes later is no part of the snapshot",
                )


def with_one_clock(snapshot: ClusterSnapshot, where: str) -> tuple[ClusterSnapshot, list[str]]:
    """(the snapshot in which what happened up to a minute after it happens at it, notes). InputError.

    where: the command that printed the jobs.
    """
    taken_s, jobs, moved = snapshot.taken_s, [], []
    for job in snapshot.jobs:
        late_s, name = max(((getattr(job, name) or 0) - taken_s, name) for name in _FIELDS)
        if late_s > 0:
            if late_s > MOST_LATE_S:
                raise InputError(
                    f"job {quoted(job.job_id)}: its {name.removesuffix('_s')} lies {late_s} s after "
                    f"the snapshot, more than the {MOST_LATE_S} s by which clocks may differ",
                    where=where,
                    remedy="set the clocks alike, or give the file the time at which squeue ran (touch -d)",
                )
            start_s = None if job.start_s is None else min(job.start_s, taken_s)
            job = dataclasses.replace(job, submit_s=min(job.submit_s, taken_s), start_s=start_s)
            moved.append(job.job_id)
        jobs.append(job)
    if not moved:
        return snapshot, []
    note = (
        f"{listed(moved)} came or started up to {MOST_LATE_S} s after the snapshot by the scheduler's clock; "
        "taken as now"
    )
    return dataclasses.replace(snapshot, jobs=tuple(jobs)), [note]


def refuse_overfull(snapshot: ClusterSnapshot) -> None:
    """InputError where the running jobs hold more than twice the machine, with nodes that are down."""
    running = [job for job in snapshot.jobs if job.state == RUNNING]
    nodes = [(one, one.nodes + one.down) for one in snapshot.partitions]
    for what, held, there in (
        ("cores", sum(job.cores for job in running), sum(count * one.cores_per_node for one, count in nodes)),
        (
            "GPUs",
            sum(job.gpus_milli for job in running) // 1000,
            sum(count * one.gpus_per_node for one, count in nodes),
        ),
    ):
        if held > MOST_TIMES * there:
            raise InputError(
                f"the running jobs hold {held:,} {what} and the machine has {there:,}",
                remedy="correct the jobs' states and sizes, or the partitions' nodes",
            )


def listed(names: list[str]) -> str:
    """`job a`, or `jobs a, b, c and 7 more`."""
    shown = ", ".join(quoted(name) for name in names[:3])
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f"job{'s' if len(names) > 1 else ''} {shown}{more}"
