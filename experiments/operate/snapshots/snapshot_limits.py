"""What a scenario's limits on users, accounts, QOS and partitions say of a snapshot's jobs (RULES §15)."""

from __future__ import annotations

import dataclasses

import numpy as np

from rare.job_records import placements
from rare.model import Case
from rare.options.job_limits import JobLimit
from rare.rules.limits.limit_arrays import NO_GROUP
from rare.rules.limits.limit_tables import groups_of, is_never_allowed
from traces.errors import quoted


def within_wall_limits(case: Case, unlimited: np.ndarray, least_s: np.ndarray) -> Case:
    """The case in which jobs without a time limit have the shortest that a limit allows them, as Slurm does.

    unlimited : (J,) whether a job has no time limit
    least_s   : (J,) run time that a job has at least, by what it has run
    """
    work = case.workload
    if not unlimited.any() or not any(limit.wall_s is not None for limit in case.limits):
        return case
    part = placements(work, case.cluster)
    estimate_s = work.estimate_s.copy()
    for limit in case.limits:
        if limit.wall_s:
            mine = unlimited & (groups_of(case, limit, part)[0] != NO_GROUP)
            estimate_s[mine] = np.minimum(estimate_s[mine], limit.wall_s)
    work_s = np.where(unlimited, np.maximum(estimate_s, least_s), work.work_s)
    return dataclasses.replace(case, workload=dataclasses.replace(work, estimate_s=estimate_s, work_s=work_s))


def refused_by_limits(case: Case, rows: np.ndarray) -> dict[int, str]:
    """Why a limit never lets these jobs start, by row; those that may start are not in it (§15.3)."""
    if not case.limits:
        return {}
    part = placements(case.workload, case.cluster)
    never = rows[is_never_allowed(case, part)[rows]]
    return {row: _reason(case, row, part) for row in never.tolist()}


def one_too_many(case: Case, row: int, jobs: int) -> str:
    """Which limit on submitted jobs rejects a job that would be allowed by itself: the fullest of its limits.

    jobs: how many are of the snapshot, the first ones.
    """
    part = placements(case.workload, case.cluster)
    room = {}
    for place, limit in enumerate(case.limits, 1):
        groups, _ = groups_of(case, limit, part)
        if limit.submitted_jobs is not None and groups[row] != NO_GROUP:
            there = int((groups[:jobs] == groups[row]).sum())
            room[limit.submitted_jobs - there, place] = f"{limit.submitted_jobs} may be submitted at once"
    if not room:
        return "a limit rejects it"
    (_, place), most = min(room.items())
    return f"{_name(place, case.limits[place - 1])}: it is one too many, {most}"


def _reason(case: Case, row: int, part: np.ndarray) -> str:
    work = case.workload
    cores, estimate_s = int(work.cores[row]), int(work.estimate_s[row])
    for place, limit in enumerate(case.limits, 1):
        problem = ""
        if limit.running_jobs == 0 or limit.submitted_jobs == 0:
            problem = "allows no job"
        elif limit.cores is not None and cores > limit.cores:
            problem = f"it asks for {cores} cores, {limit.cores} are allowed"
        elif limit.wall_s is not None and estimate_s > limit.wall_s:
            problem = f"its time limit is {estimate_s} s, {limit.wall_s} s are allowed"
        if problem and groups_of(case, limit, part)[0][row] != NO_GROUP:
            return f"{_name(place, limit)}: {problem}"
    raise RuntimeError(f"no limit refuses job {row}")


def _name(place: int, limit: JobLimit) -> str:
    holders = ", ".join(f"{key} {quoted(name)}" for key, name in limit.holders.items())
    return f"limit {place} ({holders})"
