"""From the limits of a case to groups of jobs, as rules read them (RULES §15.1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.job_records import placements
from rare.model import Case
from rare.options.job_limits import AMOUNTS, EACH, JobLimit
from rare.state.limit_arrays import GROUP_LIMIT, MEMBERSHIP, NO_GROUP, NO_GROUP_LIMIT
from rare.state.memory import records


def limit_tables(case: Case) -> tuple[Any, Any]:
    """(G,) GROUP_LIMIT and (J, M) MEMBERSHIP; without limits (0,) and (0, 0)."""
    groups: list[tuple[int, JobLimit]] = []
    columns = []
    for entry, limit in enumerate(case.limits):
        column, count = groups_of(case, limit)
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


def groups_of(case: Case, limit: JobLimit) -> tuple[np.ndarray, int]:
    """(J,) which of its groups each job is in, or NO_GROUP; and the number of groups.

    A job without a name of some kind is in no group that goes by names of it.
    """
    jobs = len(case.workload)
    concerned = np.ones(jobs, dtype=bool)
    codes = np.zeros(jobs, dtype=np.int64)
    for key, name in limit.holders.items():
        names = _names(case, key)
        concerned &= (names != "") if name == EACH else (names == name)
        if name == EACH:
            _, code = np.unique(names, return_inverse=True)
            _, codes = np.unique(codes * (jobs + 1) + code, return_inverse=True)
    found, column = np.unique(codes[concerned], return_inverse=True)
    groups = np.full(jobs, NO_GROUP, dtype=np.int64)
    groups[concerned] = column
    return groups, len(found)


def _names(case: Case, key: str) -> np.ndarray:
    """(J,) the names of a kind that the jobs have; of partitions, where the rules place them (RULES §2.2)."""
    if key == "partition":
        known = np.array([*(part.name for part in case.cluster.partitions), ""])
        return known[placements(case.workload, case.cluster)]
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
