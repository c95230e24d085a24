"""When time alone matters to a waiting job: latest start, deadline, expiry, cancellation. RULES.md §3.8."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.orders import allowance_s, latest_start_s
from rare.rules.progress.pace import expected_run_at_s
from rare.state import live_lists
from rare.state.arrays import NO_TIME, SUSPENDED, TIMER, env_of, job_of, live_of
from rare.state.compile import rule
from rare.state.event_arrays import cancel_s_of


@rule
def latest_start_of(w, slot):
    """Latest start, or resume, of a live job (§3.8); NEVER_S without a deadline."""
    live = live_of(w, slot)
    restart_s = env_of(w).restart_s if live.doing == SUSPENDED else 0
    job = job_of(w, live.job)
    if w.pace_rows == 0 or job.deadline_s == NEVER_S:
        return latest_start_s(job, live.left_s, restart_s)
    return job.deadline_s - expected_run_at_s(w, slot, 0) - restart_s


@rule
def next_timer_s(w, slot):
    """Next instant at which time alone matters to a waiting job (§3.8); NEVER_S: none."""
    live = live_of(w, slot)
    job = job_of(w, live.job)
    now_s = env_of(w).now_s
    if w.cancel_rows == 0 and job.deadline_s == NEVER_S:
        return NEVER_S
    if w.cancel_rows > 0 and live.first_start_s == NO_TIME:
        return min(cancel_s_of(w, live.job), deadline_timer_s(w, slot, job, now_s))
    return deadline_timer_s(w, slot, job, now_s)


@rule
def deadline_timer_s(w, slot, job, now_s):
    """The next of latest start, deadline and expiry of a waiting job that matters; NEVER_S: none."""
    if job.deadline_s == NEVER_S:
        return NEVER_S
    expiry_s = job.deadline_s + allowance_s(job)
    if job.value_u >= 0 and expiry_s <= now_s:
        return expiry_s
    latest_s = latest_start_of(w, slot)
    if latest_s > now_s:
        return latest_s
    if job.deadline_s > now_s:
        return job.deadline_s
    if job.value_u >= 0:
        return expiry_s
    return NEVER_S


@rule
def set_timer(w, slot):
    """Arrange for the next instant that matters to a waiting job."""
    live = live_of(w, slot)
    live.timer_s = next_timer_s(w, slot)
    if live.timer_s < NEVER_S:
        live_lists.insert(w, TIMER, float(live.timer_s), live.job, slot)
