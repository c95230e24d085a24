"""Records of limits on what users, accounts, QOS and partitions run (RULES §15).

A *group* is those jobs that a limit counts together, such as the jobs of one user in a QOS. The arrays have
no rows where a case has no limits.
"""

from __future__ import annotations

import numpy as np

from rare.state.compile import rule
from rare.state.memory import accessor

I8, I4 = np.int64, np.int32

GROUP_LIMIT = np.dtype(
    [("running_jobs", I8), ("cores", I8), ("submitted_jobs", I8), ("wall_s", I8), ("entry", I8)]
)
"""What a group may have at most; entry: the place of its limit in the scenario, from 0."""
GROUP_USE = np.dtype([("running_jobs", I8), ("cores", I8), ("submitted_jobs", I8)])
"""What a group has now."""
MEMBERSHIP = np.dtype([("group", I4)])
"""A group of a job; the last ones of a job may be NO_GROUP."""
NO_GROUP = -1
NO_GROUP_LIMIT = 2**62

_group_limit, _group_use, _membership = accessor(GROUP_LIMIT), accessor(GROUP_USE), accessor(MEMBERSHIP)


@rule
def group_limit_of(w, group):
    """The limit of a group."""
    return _group_limit(w.at_group_limits, group)


@rule
def group_use_of(w, group):
    """What a group has now."""
    return _group_use(w.at_group_use, group)


@rule
def group_of(w, job, k):
    """The k-th group of a job of the workload, or NO_GROUP."""
    return _membership(w.at_memberships, job * w.groups_per_job + k).group
