"""From the limits of a case to groups of jobs, as rules read them (RULES §15.1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.model import Case
from rare.options.job_limits import AMOUNTS, EACH, NOWHERE, JobLimit
from rare.rules.limits.limit_arrays import GROUP_LIMIT, MEMBERSHIP, NO_GROUP, NO_GROUP_LIMIT
from rare.state.memory import records
from traces.errors import quoted


def limit_tables(case: Case, part: np.ndarray) -> tuple[Any, Any]:
    """(G,) GROUP_LIMIT and (J, M) MEMBERSHIP; without limits (0,) and (0, 0).

    part: (J,) partition of each job; below 0: none.
    """
    groups: list[tuple[int, JobLimit]] = []
    columns = []
    for entry, limit in enumerate(case.limits):
        column, count = groups_of(case, limit, part)
        if count:
            columns.append(np.where(column == NO_GROUP, NO_GROUP, column + len(groups)))
            groups += [(entry, limit)] * count
    table = records((len(groups),), GROUP_LIMIT)
    for row, (entry, limit) in enumerate(groups):
        table[row].entry = entry
        for name in AMOUNTS:
            most = getattr(limit, name)
            table[row][name] = NO_GROUP_LIMIT if most is None else most
    return table, _memberships(columns)


def is_never_allowed(case: Case, part: np.ndarray) -> np.ndarray:
    """(J,) whether a limit rejects each job whatever else happens: it asks for too much by itself (§15.3)."""
    work = case.workload
    refused = np.zeros(len(work), dtype=bool)
    for limit in case.limits:
        asks_too_much = np.full(len(work), limit.running_jobs == 0 or limit.submitted_jobs == 0)
        if limit.cores is not None:
            asks_too_much |= work.cores > limit.cores
        if limit.wall_s is not None:
            asks_too_much |= work.estimate_s > limit.wall_s
        refused |= asks_too_much & (groups_of(case, limit, part)[0] != NO_GROUP)
    return refused


def idle_limits(case: Case, part: np.ndarray) -> list[str]:
    """A line for each limit that concerns no job: a name may be misspelt, or the trace has no such names."""
    lines = []
    for place, limit in enumerate(case.limits, 1):
        if groups_of(case, limit, part)[1] == 0:
            holders = ", ".join(f"{key} {quoted(name)}" for key, name in limit.holders.items())
            lines.append(f"limit {place} ({holders}) concerns no job of {case.workload.name}")
    return lines


def groups_of(case: Case, limit: JobLimit, part: np.ndarray) -> tuple[np.ndarray, int]:
    """(J,) which of its groups each job is in, or NO_GROUP; and the number of groups.

    A job without a name of some kind is in no group that goes by names of it.
    """
    jobs = len(case.workload)
    concerned = np.ones(jobs, dtype=bool)
    codes = np.zeros(jobs, dtype=np.int64)
    for key, name in limit.holders.items():
        names = _names(case, key, part)
        concerned &= (names != "") if name == EACH else (names == name)
        if name == EACH:
            _, code = np.unique(names, return_inverse=True)
            _, codes = np.unique(codes * (jobs + 1) + code, return_inverse=True)
    found, column = np.unique(codes[concerned], return_inverse=True)
    groups = np.full(jobs, NO_GROUP, dtype=np.int64)
    groups[concerned] = column
    return groups, len(found)


def _names(case: Case, key: str, part: np.ndarray) -> np.ndarray:
    """(J,) the names of a kind that the jobs have."""
    if key == "partition":
        known = np.array([*(each.name for each in case.cluster.partitions), ""])
        return known[np.maximum(part, NOWHERE)]
    names = getattr(case.workload, key)
    return np.full(len(case.workload), "") if names is None else np.asarray(names).astype(str)


def _memberships(columns: list[np.ndarray]) -> Any:
    """(J, M) the groups of each job, NO_GROUP behind them."""
    if not columns:
        return records((0, 0), MEMBERSHIP)
    wide = np.stack(columns, axis=1)
    wide = np.take_along_axis(wide, np.argsort(wide == NO_GROUP, axis=1, kind="stable"), axis=1)
    most = max(int((wide != NO_GROUP).sum(axis=1).max()), 1)
    table = records((len(wide), most), MEMBERSHIP)
    table.group = wide[:, :most]
    return table
