"""What accounts and users have used, with its half-life: RULES.md §14.3, compiled."""

from __future__ import annotations

import math

from rare.state import live_lists
from rare.state.arrays import FINISH, ends_of, entry_of, env_of, live_of
from rare.state.compile import rule
from rare.state.priority_arrays import MULTIFACTOR, association_of, share_of, standing_of, weight_of


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
        row.left = 0.0
        row.node = node


@rule
def last_mark_s(w):
    """The last mark that is not after now."""
    s = env_of(w)
    period_s = weight_of(w).calc_period_s
    return s.begin_s + (s.now_s - s.begin_s) // period_s * period_s


@rule
def used_by(w, slot, from_s, until_s):
    """What the cores that a running job holds add to usage from one time to another [core-seconds] (§14.3)."""
    live = live_of(w, slot)
    seconds = until_s - max(from_s, live.resumed_s)
    if seconds <= 0:
        return 0.0
    weight = weight_of(w)
    if seconds == weight.calc_period_s:
        return live.cores * seconds * weight.kept_a_period
    return live.cores * seconds * math.pow(weight.kept_a_second, float(seconds))


@rule
def pass_mark(w, mark_s):
    """Bring usage from one mark to the next: what was there decays, what was used since then is added."""
    s = env_of(w)
    kept = weight_of(w).kept_a_period
    for node in range(w.association_rows):
        row = association_of(w, node)
        row.usage = row.usage * kept + row.left
        row.left = 0.0
    first = ends_of(w, FINISH).first
    for i in range(first, first + live_lists.size(w, FINISH)):
        slot = entry_of(w, FINISH, i).slot
        row = association_of(w, standing_of(w, live_of(w, slot).job).association)
        row.usage += used_by(w, slot, s.marked_s, mark_s)
    s.marked_s = mark_s


@rule
def pass_marks(w):
    """Bring usage up to the last mark. Jobs that run now have run since their start."""
    period_s = weight_of(w).calc_period_s
    last_s = last_mark_s(w)
    while env_of(w).marked_s < last_s:
        pass_mark(w, env_of(w).marked_s + period_s)


@rule
def leave_machine(w, slot):
    """A running job gives its cores back: what it has used since the last mark counts at the next one."""
    pass_marks(w)
    s = env_of(w)
    row = association_of(w, standing_of(w, live_of(w, slot).job).association)
    row.left += used_by(w, slot, s.marked_s, s.now_s)
