"""What accounts and users have used, with its half-life: RULES.md §14.3, compiled.

What runs of other orders never call is a unit of its own, so that their rules stay small.
"""

from __future__ import annotations

import math

import numpy as np

from rare.state.arrays import FINISH, HANDLE, ends_of, entry_of, env_of, live_of
from rare.state.compile import rule, shared_rule
from rare.state.priority_arrays import MULTIFACTOR, association_of, share_of, standing_of, weight_of

INDEX = np.dtype(np.int64)
ADDED_A_S = 10_000.0  # what a core adds in a second is counted in parts of so many


@rule
def is_ranked(w):
    """Whether the queue of this environment is kept by [priority]."""
    return w.association_rows > 0 and env_of(w).order == MULTIFACTOR


@rule
def begin_usage(w):
    """What the run begins with; its first instant is a mark (§14.2)."""
    s = env_of(w)
    s.marked_s = s.begin_s
    s.ranked_s = s.begin_s - 1
    s.queue_ranked_s = s.begin_s
    for node in range(w.association_rows):
        row = association_of(w, node)
        row.usage = share_of(w, node).usage
        row.before = row.usage
        row.added = 0
        row.node = node


@rule
def last_mark_s(w):
    """The last mark that is not after now."""
    s = env_of(w)
    period_s = weight_of(w).calc_period_s
    return s.begin_s + (s.now_s - s.begin_s) // period_s * period_s


@rule
def used_by(w, slot, until_s):
    """What the cores of a running job add to usage, from a mark or its start on [core-s/10^4] (§14.3).

    Rounded for each core, so that jobs of equal length have used in exact proportion to their cores.
    """
    live = live_of(w, slot)
    seconds = until_s - max(env_of(w).marked_s, live.resumed_s)
    weight = weight_of(w)
    if seconds == weight.calc_period_s:
        kept = weight.kept_a_period
    else:
        kept = math.pow(weight.kept_a_second, float(seconds))
    return live.cores * np.int64(math.floor(ADDED_A_S * seconds * kept + 0.5))


@shared_rule(HANDLE, INDEX, INDEX)
def add_use(w, slot, until_s):
    """Note what a job that leaves the machine, or runs at a mark, has used since the last one."""
    association_of(w, standing_of(w, live_of(w, slot).job).association).added += used_by(w, slot, until_s)


@rule
def pass_mark(w, mark_s):
    """Bring usage from one mark to the next: what was there decays, what runs adds to it (§14.3)."""
    kept = weight_of(w).kept_a_period
    for node in range(w.association_rows):
        row = association_of(w, node)
        row.usage = (row.usage + row.added / ADDED_A_S) * kept
        row.before = row.usage
        row.added = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        add_use(w, np.int64(entry_of(w, FINISH, i).slot), mark_s)
    for node in range(w.association_rows):
        row = association_of(w, node)
        row.usage += row.added / ADDED_A_S
        row.added = 0
    env_of(w).marked_s = mark_s


@shared_rule(HANDLE)
def pass_marks(w):
    """Bring usage up to the last mark, as an instant begins: who runs then has run since its start."""
    period_s = weight_of(w).calc_period_s
    last_s = last_mark_s(w)
    while env_of(w).marked_s < last_s:
        pass_mark(w, env_of(w).marked_s + period_s)
