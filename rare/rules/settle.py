"""Rules of settling an instant: ends, inputs, arrivals, expiry. RULES.md §3.1 to §3.5, compiled."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.options.job_limits import OVER_LIMIT
from rare.rules.bookkeeping import log_event, log_room, record
from rare.rules.events.chains import has_arrived, hold, must_wait, note_arrival, release_followers
from rare.rules.events.grid_events import apply_events, next_moment_s
from rare.rules.events.outages import apply_outages
from rare.rules.events.waiting_timers import set_timer
from rare.rules.job_life import cancel, drop_if_expired, enqueue, expire, finish
from rare.rules.limits.queue_limits import count_submitted, is_one_too_many
from rare.rules.limits.start_reasons import OK
from rare.rules.orders import allowance_s
from rare.rules.power_balance import account, nodes_alone_mw, set_capacity
from rare.rules.priority.usage_decay import is_ranked, pass_marks
from rare.state import live_lists
from rare.state.arrays import (
    CANCEL,
    DROP,
    FINISH,
    HELD,
    NEED_LIVE,
    NEED_LOG,
    NO_TIME,
    QUEUED,
    REJECT,
    S_CANCELLED,
    S_DROPPED,
    S_REJECTED,
    SUBMIT,
    TIMER,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
    outcome_of,
    part_of,
)
from rare.state.compile import rule
from rare.state.event_arrays import cancel_s_of, held_back_of, pace_of


@rule
def complete_jobs(w):
    """End the running jobs whose time has come (§3.2). False: the log is full."""
    s = env_of(w)
    while live_lists.size(w, FINISH) > 0:
        first = entry_of(w, FINISH, ends_of(w, FINISH).first)
        if first.key > s.now_s:
            break
        if not log_room(w):
            return False
        finish(w, first.slot)
    return True


@rule
def apply_inputs(w):
    """Inputs take their new values (§3.3)."""
    s = env_of(w)
    s.supply_mw = s.new_supply_mw
    s.import_mw = s.new_import_mw
    s.price_u = s.new_price_u
    s.carbon_u = s.new_carbon_u
    s.pue = s.new_pue


@rule
def reject(w, index):
    """A job that fits no empty partition, or that a limit rejects, is named and counted (§2.2, §15.3)."""
    s = env_of(w)
    s.rejected += 1
    log_event(w, REJECT, index)
    if s.record_jobs:
        row = outcome_of(w, index)
        row.start_s = NO_TIME
        row.end_s = NO_TIME
        row.status = S_REJECTED
    if w.chain_rows > 0:
        release_followers(w, index, False)


@rule
def take_slot(w, index):
    """A free slot for a job that is submitted; its value is offered (§6.5). It is not queued yet."""
    s = env_of(w)
    job = job_of(w, index)
    slot = s.free_slot
    live = live_of(w, slot)
    s.free_slot = live.next_free
    s.live += 1
    count_submitted(w, index, 1)
    live.job = index
    live.changed_s = NO_TIME
    live.left_s = job.work_s
    live.first_start_s = NO_TIME
    live.suspensions = 0
    live.kills = 0
    live.power_mw = job.power_mw
    live.most_mw = job.power_mw + nodes_alone_mw(part_of(w, job.part), job)
    live.cores = job.cores
    live.gpus_milli = job.gpus_milli
    live.memory_mib = job.memory_mib
    live.part = job.part
    live.preemptible = job.preemptible
    if job.value_u > 0:
        s.offered_u += job.value_u
    if w.pace_rows > 0:
        pace = pace_of(w, slot)
        pace.level = 0
        pace.credit = 0
        pace.kept_mj = 0
    return slot


@rule
def admit(w, index):
    """Queue a job that arrives as it is submitted (§3.4)."""
    enqueue(w, take_slot(w, index), QUEUED)


@rule
def hold_back(w, index):
    """A job whose predecessors have not ended is here, but nobody sees it (§12.4)."""
    slot = take_slot(w, index)
    live_of(w, slot).doing = HELD
    live_of(w, slot).timer_s = NEVER_S
    held_back_of(w, index).slot = slot
    hold(w, slot)


@rule
def admit_arrivals(w):
    """Queue, hold back or reject the jobs submitted by now (§3.4). OK, NEED_LIVE or NEED_LOG."""
    s = env_of(w)
    while s.next_job < s.jobs_end and job_of(w, s.next_job).submit_s <= s.now_s:
        if not log_room(w):
            return NEED_LOG
        if job_of(w, s.next_job).part < 0:
            if job_of(w, s.next_job).part == OVER_LIMIT:
                s.over_limit += 1
            reject(w, s.next_job)
        elif is_one_too_many(w, s.next_job):
            s.over_limit += 1
            s.offered_u += max(job_of(w, s.next_job).value_u, 0)  # who lets the queue fill up loses it
            reject(w, s.next_job)
        else:
            if s.live == w.live_slots:
                return NEED_LIVE
            if w.chain_rows > 0 and must_wait(w, s.next_job):
                hold_back(w, s.next_job)
            else:
                log_event(w, SUBMIT, s.next_job)
                admit(w, s.next_job)
        s.next_job += 1
    return OK


@rule
def end_wait(w, slot):
    """A held job arrives, is dropped (§12.4), or its user gives it up (§12.2)."""
    s = env_of(w)
    live = live_of(w, slot)
    live_lists.remove(w, TIMER, float(live.timer_s), live.job)
    live.timer_s = NEVER_S
    doomed = held_back_of(w, live.job).doomed != 0
    note_arrival(w, live.job)
    if doomed:
        s.dropped += 1
        log_event(w, DROP, live.job)
        record(w, slot, S_DROPPED, 0)
    elif not has_arrived(w, live.job):
        s.cancelled += 1
        log_event(w, CANCEL, live.job)
        record(w, slot, S_CANCELLED, 0)
    else:
        log_event(w, SUBMIT, live.job)
        enqueue(w, slot, QUEUED)
        drop_if_expired(w, slot)


@rule
def leaves_by_itself(w, slot):
    """Let a waiting job go that has expired or that its user cancels now (§3.5); whether it did."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    dated = job.value_u >= 0 and job.deadline_s < NEVER_S
    if dated and job.deadline_s + allowance_s(job) <= s.now_s:
        expire(w, slot)
    elif cancel_s_of(w, live.job) <= s.now_s and live.first_start_s == NO_TIME:
        cancel(w, slot)
    else:
        return False
    return True


@rule
def expire_jobs(w):
    """Drop waiting jobs whose value is gone (§3.5) and renew the other timers. False: log full."""
    s = env_of(w)
    while live_lists.size(w, TIMER) > 0:
        first = entry_of(w, TIMER, ends_of(w, TIMER).first)
        if first.key > s.now_s:
            break
        if not log_room(w):
            return False
        slot = first.slot
        live = live_of(w, slot)
        if live.doing == HELD:
            end_wait(w, slot)
        elif not leaves_by_itself(w, slot):
            live_lists.remove(w, TIMER, float(live.timer_s), live.job)
            set_timer(w, slot)
    return True


@rule
def apply_moments(w):
    """Grid events and outages of this instant (§3.3, §12). False: the log is full."""
    s = env_of(w)
    if next_moment_s(w) <= s.now_s:
        apply_events(w)
        while next_moment_s(w) <= s.now_s:
            s.moment_row += 1
    return w.outage_rows == 0 or apply_outages(w)


@rule
def settle(w, now_s):
    """Bring the environment up to `now_s` (§3). OK, or what it needs before it can go on.

    Calling it again at the same instant continues where it stopped, and changes nothing once done.
    """
    s = env_of(w)
    account(w, now_s)  # §3.1
    if w.association_rows > 0 and is_ranked(w):
        pass_marks(w)  # §14.2
    if not complete_jobs(w):  # §3.2
        return NEED_LOG
    if now_s >= s.inputs_end_s or now_s >= s.window_end_s:  # §8.2, §8.3
        return OK
    apply_inputs(w)  # §3.3
    if w.moment_rows > 0 and not apply_moments(w):
        return NEED_LOG
    status = admit_arrivals(w)  # §3.4
    if status != OK:
        return status
    if not expire_jobs(w):  # §3.5
        return NEED_LOG
    set_capacity(w)
    return OK
