"""Limits on the jobs of users, accounts, QOS and partitions: RULES.md §15, compiled."""

from __future__ import annotations

from rare.rules.limits.limit_arrays import NO_GROUP, group_limit_of, group_of, group_use_of
from rare.state.arrays import live_of
from rare.state.compile import rule


@rule
def begin_limits(w):
    """At the beginning of a run no group has anything."""
    for group in range(w.groups):
        use = group_use_of(w, group)
        use.running_jobs = 0
        use.cores = 0
        use.submitted_jobs = 0


@rule
def is_over_limit(w, slot):
    """Whether this waiting job would be one too many, or take too many cores, if it started now (§15.2)."""
    return w.groups_per_job > 0 and reached_group(w, slot) != NO_GROUP


@rule
def reached_group(w, slot):
    """The first group whose limit a waiting job would exceed if it started now; NO_GROUP: none."""
    live = live_of(w, slot)
    for k in range(w.groups_per_job):
        group = group_of(w, live.job, k)
        if group == NO_GROUP:
            break
        limit = group_limit_of(w, group)
        use = group_use_of(w, group)
        if use.running_jobs >= limit.running_jobs or use.cores + live.cores > limit.cores:
            return group
    return NO_GROUP


@rule
def is_one_too_many(w, index):
    """Whether a limit on submitted jobs rejects a job as it is submitted (§15.3)."""
    for k in range(w.groups_per_job):
        group = group_of(w, index, k)
        if group == NO_GROUP:
            break
        if group_use_of(w, group).submitted_jobs >= group_limit_of(w, group).submitted_jobs:
            return True
    return False


@rule
def count_submitted(w, index, sign):
    """A job of the workload has come (+1) or gone (-1)."""
    for k in range(w.groups_per_job):
        group = group_of(w, index, k)
        if group == NO_GROUP:
            break
        group_use_of(w, group).submitted_jobs += sign


@rule
def count_running(w, live, sign):
    """A live job has started (+1) or stopped (-1)."""
    for k in range(w.groups_per_job):
        group = group_of(w, live.job, k)
        if group == NO_GROUP:
            break
        use = group_use_of(w, group)
        use.running_jobs += sign
        use.cores += sign * live.cores
