"""The loop of the compiled clock: from one decision to the next, without leaving compiled code."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.instant import end_run, instant
from rare.state.arrays import CLOSED, ENDED, IDLE, SETTLING, STALLED, env_of, input_of, job_of
from rare.state.compile import rule


@rule
def next_event_s(w):
    """When anything could happen next (§3.8); NEVER_S: nothing is left."""
    s = env_of(w)
    next_s = s.due_s
    if s.next_job < s.jobs_end:
        next_s = min(next_s, job_of(w, s.next_job).submit_s)
    if s.input_row + 1 < w.input_rows:
        next_s = min(next_s, input_of(w, s.input_row + 1).change_s)
    next_s = min(next_s, s.inputs_end_s, s.window_end_s)
    if next_s == NEVER_S:  # idle instants alone do not keep a run alive (§8.4)
        return next_s
    return min(next_s, s.idle_s)


@rule
def causes_left(w):
    """Whether arrivals, changes of inputs or an end are still to come after `wake_s`."""
    s = env_of(w)
    return (
        s.next_job < s.jobs_end
        or s.wake_s < input_of(w, w.input_rows - 1).change_s
        or s.inputs_end_s < NEVER_S
        or s.window_end_s < NEVER_S
    )


@rule
def next_alarm_s(w):
    """When the cluster itself next brings about an instant, arrivals and inputs aside; NEVER_S: it does not.

    Idle instants alone are no future (§8.4).
    """
    s = env_of(w)
    if s.idle_s < NEVER_S and (s.due_s < NEVER_S or causes_left(w)):
        return min(s.due_s, s.idle_s)
    return s.due_s


@rule
def begin_instant(w, wake_s):
    """Work on the instant `wake_s`, or go on with the one at hand; a status as of `instant`."""
    s = env_of(w)
    if s.phase == IDLE:
        s.wake_s = wake_s
        s.phase = SETTLING
    return instant(w)


@rule
def take_inputs(w, time_s):
    """Stage the inputs in force at `time_s` for the next settling."""
    s = env_of(w)
    while s.input_row + 1 < w.input_rows and input_of(w, s.input_row + 1).change_s <= time_s:
        s.input_row += 1
    row = input_of(w, s.input_row)
    s.new_supply_mw = row.supply_mw
    s.new_import_mw = row.import_mw
    s.new_price_u = row.price_u
    s.new_carbon_u = row.carbon_u
    s.new_pue = row.pue


@rule
def advance(w):
    """Run to the next decision: DECIDE_SHED, DECIDE_START or ENDED; or what is needed first."""
    s = env_of(w)
    while True:
        if s.phase == IDLE:
            next_s = next_event_s(w)
            if next_s == NEVER_S:
                end_run(w, STALLED)
                return ENDED
            take_inputs(w, next_s)
            s.wake_s = next_s
            s.phase = SETTLING
        status = instant(w)
        if status != CLOSED:
            return status
