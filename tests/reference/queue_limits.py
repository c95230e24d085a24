"""Limits of users, accounts, QOS and partitions in the reference simulator, from RULES §15."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rare.options.job_limits import EACH, HOLDERS, JobLimit
from tests.reference.model import Job

if TYPE_CHECKING:
    from tests.reference.machine import Machine

HERE = ("held", "queued", "suspended", "running")
"""States of a job that has been submitted and has not left."""


def names_of(machine: Machine, job: Job) -> dict[str, str]:
    """Whose job it is: a name for each kind of holder, '' where it has none."""
    work = machine.case.workload
    names = {}
    for key in HOLDERS[:3]:
        column = getattr(work, key)
        names[key] = "" if column is None else str(column[job.index])
    names["partition"] = "" if job.partition is None else machine.partitions[job.partition].name
    return names


def group_of(machine: Machine, limit: JobLimit, job: Job) -> tuple[str, ...] | None:
    """The jobs of equal groups share the limit; None: it does not concern this job."""
    names = names_of(machine, job)
    group = []
    for key, name in limit.holders.items():
        if names[key] == "" or name not in (EACH, names[key]):
            return None
        group.append(names[key])
    return tuple(group)


def _others(machine: Machine, limit: JobLimit, job: Job, states: tuple[str, ...]) -> list[Job]:
    group = group_of(machine, limit, job)
    return [
        j for j in machine.jobs if j is not job and j.state in states and group_of(machine, limit, j) == group
    ]


def _within(amount: int, most: int | None) -> bool:
    return most is None or amount <= most


def is_over_limit(machine: Machine, job: Job) -> bool:
    """§15.2: whether a start of this waiting job would exceed a limit."""
    for limit in machine.case.limits:
        if group_of(machine, limit, job) is None:
            continue
        running = _others(machine, limit, job, ("running",))
        together = sum(j.cores for j in running) + job.cores
        if not (_within(len(running) + 1, limit.running_jobs) and _within(together, limit.cores)):
            return True
    return False


def is_refused(machine: Machine, job: Job) -> bool:
    """§15.3: whether a limit rejects this job whatever else happens."""
    for limit in machine.case.limits:
        if group_of(machine, limit, job) is None:
            continue
        alone = _within(1, limit.running_jobs) and _within(job.cores, limit.cores)
        alone = alone and _within(1, limit.submitted_jobs)
        if not (alone and _within(job.estimate_s, limit.wall_s)):
            return True
    return False


def is_one_too_many(machine: Machine, job: Job) -> bool:
    """§15.3: whether a limit on submitted jobs rejects it now."""
    concerned = [limit for limit in machine.case.limits if group_of(machine, limit, job) is not None]
    return any(
        not _within(len(_others(machine, limit, job, HERE)) + 1, limit.submitted_jobs) for limit in concerned
    )
