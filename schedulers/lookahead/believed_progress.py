"""Progress, ends and timers of the live jobs in a copy whose run times are drawn anew, compiled."""

from __future__ import annotations

from rare.rules.events.waiting_timers import set_timer
from rare.rules.progress.pace import (
    WHOLE,
    level_of,
    overrun_s,
    rate_at,
    run_time_s,
    work_done,
    work_left,
)
from rare.state import live_lists
from rare.state.arrays import FINISH, QUEUE, RUNNING, TIMER, ends_of, entry_of, env_of, job_of, live_of
from rare.state.compile import rule

MILLI = WHOLE  # thousandths of a second of work in one


@rule
def note_done(w, slots, done):
    """Note the work that live jobs have done and kept so far, in thousandths of a second.

    Not what is left of it: that is the true work, which nobody knows.
    """
    for i in range(len(slots)):
        live = live_of(w, slots[i])
        done[i] = job_of(w, live.job).work_s * WHOLE - work_left(w, slots[i])
        if live.doing == RUNNING:
            done[i] += work_done(w, slots[i])


@rule
def believe_ends(w):
    """Find the ends of the running jobs anew, after their work was drawn (RULES §5.1)."""
    now_s = env_of(w).now_s
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        entry = entry_of(w, FINISH, i)
        slot = entry.slot
        live = live_of(w, slot)
        from_s = max(now_s, live.progress_s)
        left = work_left(w, slot) - work_done(w, slot) - overrun_s(w, job_of(w, live.job)) * WHOLE
        live.finish_s = from_s + run_time_s(
            w, left, rate_at(w, slot, level_of(w, slot)), from_s - live.progress_s
        )
        entry.key = float(live.finish_s)
    live_lists.sort(w, FINISH)


@rule
def believe_timers(w):
    """Set the timers of the waiting jobs anew, without the cancellations that nobody knows of."""
    ends_of(w, TIMER).last = ends_of(w, TIMER).first
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        set_timer(w, entry_of(w, QUEUE, i).slot)
