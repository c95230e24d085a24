"""Rules of what is written down: the event log, and what became of each job. Compiled."""

from __future__ import annotations

from rare.rules.events.chains import arrival_s, release_followers
from rare.rules.limits.queue_limits import count_submitted
from rare.state.arrays import (
    FREE,
    HELD,
    NO_TIME,
    S_COMPLETED,
    env_of,
    event_of,
    job_of,
    live_of,
    outcome_of,
)
from rare.state.compile import rule

LOG_ROOM = 8  # rows of the event log that one action may need


@rule
def log_change(w, event, job, level):
    """Append to the event log, if one is kept, with the job's level from now on. Room was made sure of."""
    s = env_of(w)
    if s.log_level > 0:
        row = event_of(w, s.log_rows)
        row.time_s = s.now_s
        row.job = job
        row.event = event
        row.level = level
        s.log_rows += 1


@rule
def log_event(w, event, job):
    """Append an event that leaves no job at a lower speed."""
    if env_of(w).log_level > 0:
        log_change(w, event, job, 0)


@rule
def log_room(w):
    """Whether one more action fits into the event log."""
    s = env_of(w)
    return s.log_level == 0 or s.log_rows + LOG_ROOM <= w.log_room


@rule
def record(w, slot, status, earned_u):
    """Write down what became of a live job and free its slot. It holds nothing any more.

    Jobs that waited for its end are released, or dropped if it did not complete (§12.4).
    """
    s = env_of(w)
    job = live_of(w, slot)
    if s.record_jobs:
        row = outcome_of(w, job.job)
        row.start_s = job.first_start_s
        row.end_s = s.now_s if status == S_COMPLETED else NO_TIME
        row.earned_u = earned_u
        row.suspensions = job.suspensions
        row.kills = job.kills
        row.status = status
        if w.chain_rows > 0 and job.doing != HELD:
            row.delay_s = arrival_s(w, job.job) - job_of(w, job.job).submit_s
    count_submitted(w, job.job, -1)
    job.doing = FREE
    job.next_free = s.free_slot
    s.free_slot = slot
    s.live -= 1
    if w.chain_rows > 0:
        release_followers(w, job.job, status == S_COMPLETED)


@rule
def count_slowdown(w, index):
    """Add the bounded slowdown of a job that leaves now: completed, given up, or cut off by the end."""
    s = env_of(w)
    job = job_of(w, index)
    came_s = arrival_s(w, index) if w.chain_rows > 0 else job.submit_s
    s.slowdown += max((s.now_s - came_s) / max(job.work_s, 10), 1.0)


@rule
def count_unserved(w, index):
    """Count a job that leaves, or is cut off, without being served, and charge its price (§6.6)."""
    s = env_of(w)
    s.unserved += 1
    s.unserved_u += job_of(w, index).unserved_u


@rule
def waste(w, slot, seconds):
    """Count lost seconds of a job as wasted energy (§5.6)."""
    env_of(w).wasted_mj += seconds * live_of(w, slot).power_mw
