"""Rules of jobs that wait for others: RULES.md §12.4, compiled."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.state import live_lists
from rare.state.arrays import OVER, SETTLING, TIMER, WAIT, env_of, job_of, live_of
from rare.state.compile import rule
from rare.state.event_arrays import cancel_s_of, chain_of, follower_of, held_back_of


@rule
def begin_chains(w):
    """Count, for the jobs of this run, the predecessors that are in it (§12.4)."""
    s = env_of(w)
    if w.chain_rows == 0:
        return
    for job in range(s.first_job, s.jobs_end):
        row = held_back_of(w, job)
        row.ready_s = -NEVER_S
        row.slot = WAIT
        row.open = 0
        row.doomed = 0
        row.delay_s = 0
    for job in range(s.first_job, s.jobs_end):
        for i in range(chain_of(w, job).first_follower, chain_of(w, job + 1).first_follower):
            follower = follower_of(w, i).job
            if s.first_job <= follower < s.jobs_end:
                held_back_of(w, follower).open += 1


@rule
def arrival_s(w, index):
    """When a job arrived: its submit, or later if it waited for others."""
    submit_s = job_of(w, index).submit_s
    return submit_s + held_back_of(w, index).delay_s if w.chain_rows > 0 else submit_s


@rule
def must_wait(w, index):
    """Whether a job whose submit has come does not arrive yet, or never (§12.4)."""
    row = held_back_of(w, index)
    return row.doomed != 0 or row.open > 0 or row.ready_s > env_of(w).now_s


@rule
def due_s(w, index):
    """When a held job is to be looked at next: its arrival, now if it is dropped; NEVER_S: not yet known."""
    s = env_of(w)
    row = held_back_of(w, index)
    first_s = s.now_s if s.phase == SETTLING else s.now_s + 1  # §9.14
    if row.doomed != 0:
        return first_s
    return max(row.ready_s, first_s) if row.open == 0 else NEVER_S


@rule
def release_followers(w, index, completed):
    """A job has ended: its followers wait for one less, or for nothing more.

    What follows of it within this instant is settled with expiry (§3.5); after that at the next second.
    """
    s = env_of(w)
    if s.phase == OVER:
        return
    for i in range(chain_of(w, index).first_follower, chain_of(w, index + 1).first_follower):
        follower = follower_of(w, i).job
        if not s.first_job <= follower < s.jobs_end:
            continue
        row = held_back_of(w, follower)
        row.open -= 1
        row.ready_s = max(row.ready_s, s.now_s + chain_of(w, follower).think_s)
        if chain_of(w, follower).ok and not completed:
            row.doomed = 1
        if row.slot != WAIT:
            hold(w, row.slot)


@rule
def hold(w, slot):
    """Arrange for the time at which a held job is to be looked at next: see due_s, or its cancellation."""
    live = live_of(w, slot)
    if live.timer_s < NEVER_S:
        live_lists.remove(w, TIMER, float(live.timer_s), live.job)
    live.timer_s = min(due_s(w, live.job), cancel_s_of(w, live.job))
    if live.timer_s < NEVER_S:
        live_lists.insert(w, TIMER, float(live.timer_s), live.job, slot)


@rule
def has_arrived(w, index):
    """Whether all that a held job waits for is over."""
    row = held_back_of(w, index)
    return row.open == 0 and row.ready_s <= env_of(w).now_s


@rule
def note_arrival(w, index):
    """A job that waited for others arrives now."""
    row = held_back_of(w, index)
    row.slot = WAIT
    row.delay_s = env_of(w).now_s - job_of(w, index).submit_s
