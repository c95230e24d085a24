"""Rules of a job's life: queue, run, suspension, kill, value. RULES.md §5 and §6, compiled."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules import queue_index
from rare.rules.bookkeeping import count_slowdown, count_unserved, log_change, log_event, record, waste
from rare.rules.events.waiting_timers import set_timer
from rare.rules.limits.queue_limits import count_running
from rare.rules.limits.start_reasons import OK, why_no_room
from rare.rules.orders import allowance_s, estimate_left_s, key_of, worth_at
from rare.rules.power_balance import node_increase_mw, nodes_for, wake_seconds
from rare.rules.priority.usage_decay import add_use, is_ranked
from rare.rules.progress.pace import (
    WHOLE,
    begin_run,
    close_segment,
    estimated_work,
    kept_mj,
    leave_work,
    level_of,
    overrun_s,
    power_at_mw,
    rate_at,
    restart_seconds,
    run_time_s,
    wasted_by_suspension_mj,
    work_done,
    work_left,
)
from rare.state import live_lists
from rare.state.arrays import (
    CANCEL,
    END,
    EXPECTED,
    EXPIRE,
    FAIL,
    FINISH,
    KILL,
    LOSE,
    NO_PROMISE,
    NO_TIME,
    QUEUE,
    QUEUED,
    RAISED,
    RESUME,
    RUNNING,
    S_CANCELLED,
    S_COMPLETED,
    S_EXPIRED,
    S_FAILED,
    SHED,
    SLOWED,
    START,
    SUSPENDED,
    TIMER,
    env_of,
    job_of,
    live_of,
    part_of,
)
from rare.state.compile import rule
from rare.state.event_arrays import pace_of

HUGE = 2**60
UNKNOWN = -1  # of the power that the queue needs: to be found by a walk


@rule
def occupy(w, slot, sign):
    """Take (+1) or give back (-1) what a running job holds."""
    s = env_of(w)
    job = live_of(w, slot)
    part = part_of(w, job.part)
    part.free_cores -= sign * job.cores
    part.free_gpus_milli -= sign * job.gpus_milli
    part.free_memory_mib -= sign * job.memory_mib
    nodes = nodes_for(
        part,
        part.cores - part.free_cores,
        part.gpus_milli - part.free_gpus_milli,
        part.memory_mib - part.free_memory_mib,
    )
    s.node_mw += (nodes - part.nodes_used) * part.idle_mw
    s.active_mw += sign * job.power_mw
    s.need_mw = UNKNOWN
    s.changes += 1
    s.used_cores += sign * job.cores
    count_running(w, job, sign)
    part.nodes_used = nodes


@rule
def enqueue(w, slot, doing):
    """Put a job into the queue, at its place in the order."""
    s = env_of(w)
    live = live_of(w, slot)
    live.doing = doing
    live.promised_wait_s = NO_PROMISE
    live.key = key_of(w, slot)
    live_lists.insert(w, QUEUE, live.key, live.job, slot)
    if queue_index.is_kept(w):
        queue_index.add(w, slot)
    if s.need_mw != UNKNOWN and why_no_room(w, slot) == OK:
        s.need_mw = min(s.need_mw, live.power_mw + node_increase_mw(w, slot))
    s.least_cores = min(s.least_cores, live.cores)
    s.least_mw = min(s.least_mw, live.power_mw)
    set_timer(w, slot)
    if doing == SUSPENDED:
        s.suspended += 1


@rule
def dequeue(w, slot):
    """Take a job out of the queue."""
    s = env_of(w)
    live = live_of(w, slot)
    live_lists.remove(w, QUEUE, live.key, live.job)
    if queue_index.is_kept(w):
        queue_index.remove(w, slot)
    if live.timer_s < NEVER_S:
        live_lists.remove(w, TIMER, float(live.timer_s), live.job)
    if live.doing == SUSPENDED:
        s.suspended -= 1
    s.need_mw = UNKNOWN
    s.changes += 1
    if live_lists.size(w, QUEUE) == 0:
        s.least_cores = HUGE
        s.least_mw = HUGE


@rule
def complete(w, slot):
    """A job has done its work: it earns what it is worth now (§6)."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    earned_u = worth_at(job, s.now_s)
    s.completed += 1
    s.earned_u += earned_u
    count_slowdown(w, live.job)
    if s.now_s > job.deadline_s:
        s.violations += 1
    log_event(w, END, live.job)
    record(w, slot, S_COMPLETED, earned_u)


@rule
def fail(w, slot):
    """A job is given up for good (§5.4, §5.5)."""
    s = env_of(w)
    live = live_of(w, slot)
    s.failed += 1
    count_unserved(w, live.job)
    count_slowdown(w, live.job)
    if job_of(w, live.job).deadline_s < NEVER_S:
        s.violations += 1
    log_event(w, FAIL, live.job)
    record(w, slot, S_FAILED, 0)


@rule
def expire(w, slot):
    """A waiting job whose value is gone is dropped (§6.4); its progress is lost (§5.6)."""
    s = env_of(w)
    live = live_of(w, slot)
    s.wasted_mj += kept_mj(w, slot)
    dequeue(w, slot)
    s.expired += 1
    s.violations += 1
    count_unserved(w, live.job)
    count_slowdown(w, live.job)
    log_event(w, EXPIRE, live.job)
    record(w, slot, S_EXPIRED, 0)


@rule
def stop_running(w, slot):
    """Take a job off the machine: it holds nothing, its end is off the lists."""
    live = live_of(w, slot)
    if w.association_rows > 0 and is_ranked(w):
        add_use(w, slot, env_of(w).now_s)
    occupy(w, slot, -1)
    live_lists.remove(w, FINISH, float(live.finish_s), live.job)
    live_lists.remove(w, EXPECTED, float(live.expected_s), live.job)


@rule
def finish(w, slot):
    """A running job has come to its end (§3.2): complete, or cut at its estimate (§5.5)."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    overrun = overrun_s(w, job) > 0
    if w.pace_rows > 0:
        close_segment(w, slot)
        pace = pace_of(w, slot)
        s.wasted_mj += pace.restart_mj
        if overrun:
            s.wasted_mj += pace.kept_mj + pace.run_mj
    else:
        waste(w, slot, restart_seconds(w, slot))
        if overrun:
            waste(w, slot, job.estimate_s)
    stop_running(w, slot)
    if overrun:
        fail(w, slot)
    else:
        complete(w, slot)


@rule
def drop_if_expired(w, slot):
    """A job that comes back to the queue after its expiry is dropped at once (§6.4)."""
    live = live_of(w, slot)
    job = job_of(w, live.job)
    expires = job.value_u >= 0 and job.deadline_s < NEVER_S
    if expires and job.deadline_s + allowance_s(job) <= env_of(w).now_s:
        expire(w, slot)


@rule
def suspend(w, slot, event):
    """Take a preemptible job off the machine; it keeps its progress less the loss (§5.3)."""
    s = env_of(w)
    live = live_of(w, slot)
    done = work_done(w, slot)
    lost = min(done, s.suspend_loss_s * WHOLE)
    if w.pace_rows > 0:
        close_segment(w, slot)
        pace = pace_of(w, slot)
        lost_mj = wasted_by_suspension_mj(w, slot, lost)
        s.wasted_mj += lost_mj + pace.restart_mj
        pace.kept_mj += pace.run_mj - lost_mj
    else:
        s.wasted_mj += wasted_by_suspension_mj(w, slot, lost)
        waste(w, slot, restart_seconds(w, slot))
    stop_running(w, slot)
    leave_work(w, slot, work_left(w, slot) - done + lost)
    live.changed_s = s.now_s
    s.stopped_s = s.now_s
    live.suspensions += 1
    s.suspensions += 1
    log_event(w, event, live.job)
    enqueue(w, slot, SUSPENDED)
    drop_if_expired(w, slot)


@rule
def kill(w, slot, event):
    """Take a job off the machine that loses what this run has done since its last checkpoint (§5.4, §5.7).

    Without checkpoints that is all of it. What earlier runs have kept stays.
    """
    s = env_of(w)
    live = live_of(w, slot)
    left = work_left(w, slot)
    if w.pace_rows > 0:
        close_segment(w, slot)
        pace = pace_of(w, slot)
        if s.checkpoint_s > 0:
            left -= pace.gained - pace.unsaved
            pace.kept_mj += pace.run_mj - pace.unsaved_mj
            s.wasted_mj += pace.unsaved_mj + pace.restart_mj
        else:
            s.wasted_mj += pace.run_mj + pace.restart_mj
    else:
        waste(w, slot, work_done(w, slot) // WHOLE + restart_seconds(w, slot))
    stop_running(w, slot)
    leave_work(w, slot, left)
    live.changed_s = s.now_s
    s.stopped_s = s.now_s
    live.kills += 1
    s.kills += 1
    log_event(w, event, live.job)
    if live.kills >= s.max_kills:
        s.wasted_mj += kept_mj(w, slot)
        fail(w, slot)
    else:
        kept = left < job_of(w, live.job).work_s * WHOLE
        enqueue(w, slot, SUSPENDED if kept else QUEUED)
        drop_if_expired(w, slot)


@rule
def shed(w, slot):
    """Give up a running job for lack of power (§4.1, §5.4)."""
    if live_of(w, slot).preemptible:
        suspend(w, slot, SHED)
    else:
        kill(w, slot, KILL)


@rule
def lose(w, slot):
    """A running job loses its nodes in an outage (§12.3)."""
    env_of(w).lost += 1
    kill(w, slot, LOSE)


@rule
def cancel(w, slot):
    """The user gives up a job that has never started (§12.2)."""
    s = env_of(w)
    live = live_of(w, slot)
    dequeue(w, slot)
    s.cancelled += 1
    if job_of(w, live.job).deadline_s <= s.now_s:
        s.violations += 1
        count_unserved(w, live.job)
    count_slowdown(w, live.job)
    log_event(w, CANCEL, live.job)
    record(w, slot, S_CANCELLED, 0)


@rule
def set_end(w, slot, from_s):
    """Find the true and the expected end of a running job that goes on at its level from `from_s` (§5.1)."""
    live = live_of(w, slot)
    elapsed_s = from_s - live.progress_s
    done = work_done(w, slot)
    rate = rate_at(w, slot, level_of(w, slot))
    to_run = work_left(w, slot) - done - overrun_s(w, job_of(w, live.job)) * WHOLE
    live.finish_s = from_s + run_time_s(w, to_run, rate, elapsed_s)
    live.expected_s = from_s + run_time_s(w, estimated_work(w, slot, done), rate, elapsed_s)
    live_lists.insert(w, FINISH, float(live.finish_s), live.job, slot)
    live_lists.insert(w, EXPECTED, float(live.expected_s), live.job, slot)


@rule
def start(w, slot, level):
    """Start or resume a waiting job that fits, at a level (§4.2a, §5.1, §5.2, §11.3)."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    dequeue(w, slot)
    resumed = live.doing == SUSPENDED
    if s.log_level > 0:
        log_change(w, RESUME if resumed else START, live.job, level)
    if live.first_start_s == NO_TIME:
        live.first_start_s = s.now_s
    live.changed_s = s.now_s
    live.resumed_s = s.now_s
    live.progress_s = s.now_s + wake_seconds(w, slot) + (s.restart_s if resumed else 0)
    overrun = overrun_s(w, job)
    if live.left_s == overrun:  # §4.5: nothing to do, so it holds nothing
        if overrun > 0:
            fail(w, slot)
        else:
            complete(w, slot)
        return
    live.doing = RUNNING
    if w.pace_rows > 0:
        begin_run(w, slot, level)
    occupy(w, slot, 1)
    if w.pace_rows > 0:
        set_end(w, slot, live.progress_s)
        return
    live.finish_s = live.progress_s + live.left_s - overrun
    live.expected_s = live.progress_s + estimate_left_s(job, live.left_s)
    live_lists.insert(w, FINISH, float(live.finish_s), live.job, slot)
    live_lists.insert(w, EXPECTED, float(live.expected_s), live.job, slot)


@rule
def change_level(w, slot, level):
    """Let a running job go on at another level (§11.4, §11.5)."""
    s = env_of(w)
    live = live_of(w, slot)
    slower = level > level_of(w, slot)
    close_segment(w, slot)
    live_lists.remove(w, FINISH, float(live.finish_s), live.job)
    live_lists.remove(w, EXPECTED, float(live.expected_s), live.job)
    s.active_mw -= live.power_mw
    pace_of(w, slot).level = level
    live.power_mw = power_at_mw(w, slot, level)
    s.active_mw += live.power_mw
    live.changed_s = s.now_s
    s.changes += 1
    if slower:
        s.slowdowns += 1
    else:
        s.raises += 1
    log_change(w, SLOWED if slower else RAISED, live.job, level)
    set_end(w, slot, max(s.now_s, live.progress_s))
