"""Rules of a job's life: queue, run, suspension, kill, value. RULES.md §5 and §6, compiled."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules import queue_index
from rare.rules.orders import allowance_s, estimate_left_s, latest_start_s, priority, worth_at
from rare.rules.power_balance import more_nodes, node_increase_mw, nodes_for
from rare.state import live_lists
from rare.state.arrays import (
    END,
    EXPECTED,
    EXPIRE,
    FAIL,
    FINISH,
    FREE,
    KILL,
    NO_PROMISE,
    NO_TIME,
    QUEUE,
    QUEUED,
    RESUME,
    RUNNING,
    S_COMPLETED,
    S_EXPIRED,
    S_FAILED,
    SHED,
    START,
    SUSPENDED,
    TIMER,
    env_of,
    event_of,
    job_of,
    live_of,
    outcome_of,
    part_of,
)
from rare.state.compile import rule

# Why an action is refused (§4.4); the sentences are in refusals.py.
OK, ERR_WAITING, ERR_CORES, ERR_GPUS, ERR_MEMORY = range(5)
ERR_POWER, ERR_AGAIN, ERR_RUNNING, ERR_VOLUNTARY, ERR_RIGID = range(5, 10)

LOG_ROOM = 8  # rows of the event log that one action may need
HUGE = 2**60
UNKNOWN = -1  # of the power that the queue needs: to be found by a walk

# --- logs and outcomes ----------------------------------------------------------------------


@rule
def log_event(w, event, job):
    """Append to the event log, if one is kept. Room was made sure of before."""
    s = env_of(w)
    if s.log_level > 0:
        row = event_of(w, s.log_rows)
        row.time_s = s.now_s
        row.job = job
        row.event = event
        s.log_rows += 1


@rule
def log_room(w):
    """Whether one more action fits into the event log."""
    s = env_of(w)
    return s.log_level == 0 or s.log_rows + LOG_ROOM <= w.log_room


@rule
def record(w, slot, status, earned_u):
    """Write down what became of a live job and free its slot. It holds nothing any more."""
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
    job.doing = FREE
    job.next_free = s.free_slot
    s.free_slot = slot
    s.live -= 1


# --- §5 running, §6 value ------------------------------------------------------------------


@rule
def time_to_finish_s(work_s, rate_per_mille):
    """Time that this much work takes at a rate (§5.1)."""
    return (work_s * 1000 + rate_per_mille - 1) // rate_per_mille


@rule
def overrun_s(w, job):
    """Work that is never reached because the job is cut at its estimate (§5.5)."""
    if env_of(w).kill_at_estimate:
        return max(job.work_s - job.estimate_s, 0)
    return 0


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
    part.nodes_used = nodes


@rule
def latest_start_of(w, slot):
    """Latest start, or resume, of a live job (§3.8); NEVER_S without a deadline."""
    live = live_of(w, slot)
    restart_s = env_of(w).restart_s if live.doing == SUSPENDED else 0
    return latest_start_s(job_of(w, live.job), live.left_s, restart_s)


@rule
def next_timer_s(w, slot):
    """Next instant at which time alone matters to a waiting job (§3.8); NEVER_S: none."""
    job = job_of(w, live_of(w, slot).job)
    now_s = env_of(w).now_s
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


@rule
def fits_resources(live, part):
    """OK if cores, GPUs and memory are free for this job, else what is not (§4.2a)."""
    if live.cores > part.free_cores:
        return ERR_CORES
    if live.gpus_milli > part.free_gpus_milli:
        return ERR_GPUS
    if live.memory_mib > part.free_memory_mib:
        return ERR_MEMORY
    return OK


@rule
def enqueue(w, slot, doing):
    """Put a job into the queue, at its place in the order."""
    s = env_of(w)
    live = live_of(w, slot)
    live.doing = doing
    live.promised_wait_s = NO_PROMISE
    live.key = priority(job_of(w, live.job), live.left_s, s.order, s.now_s, 1.0, s.order_param)
    live_lists.insert(w, QUEUE, live.key, live.job, slot)
    if queue_index.is_kept(w):
        queue_index.add(w, slot)
    if s.need_mw != UNKNOWN and fits_resources(live, part_of(w, live.part)) == OK:
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
def waste(w, slot, seconds):
    """Count lost seconds of a job as wasted energy (§5.6)."""
    env_of(w).wasted_mj += seconds * live_of(w, slot).power_mw


@rule
def count_slowdown(w, job):
    """Add the bounded slowdown of a job that leaves now: completed, given up, or cut off by the end."""
    s = env_of(w)
    s.slowdown += max((s.now_s - job.submit_s) / max(job.work_s, 10), 1.0)


@rule
def complete(w, slot):
    """A job has done its work: it earns what it is worth now (§6)."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    earned_u = worth_at(job, s.now_s)
    s.completed += 1
    s.earned_u += earned_u
    count_slowdown(w, job)
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
    count_slowdown(w, job_of(w, live.job))
    if job_of(w, live.job).deadline_s < NEVER_S:
        s.violations += 1
    log_event(w, FAIL, live.job)
    record(w, slot, S_FAILED, 0)


@rule
def expire(w, slot):
    """A waiting job whose value is gone is dropped (§6.4); its progress is lost (§5.6)."""
    s = env_of(w)
    live = live_of(w, slot)
    waste(w, slot, job_of(w, live.job).work_s - live.left_s)
    dequeue(w, slot)
    s.expired += 1
    s.violations += 1
    count_slowdown(w, job_of(w, live.job))
    log_event(w, EXPIRE, live.job)
    record(w, slot, S_EXPIRED, 0)


@rule
def stop_running(w, slot):
    """Take a job off the machine: it holds nothing, its end is off the lists."""
    live = live_of(w, slot)
    occupy(w, slot, -1)
    live_lists.remove(w, FINISH, float(live.finish_s), live.job)
    live_lists.remove(w, EXPECTED, float(live.expected_s), live.job)


@rule
def restart_seconds(w, slot):
    """Seconds of the present run that went into restarting (§5.2)."""
    live = live_of(w, slot)
    return min(env_of(w).now_s, live.progress_s) - live.resumed_s


@rule
def progress_seconds(w, slot):
    """Seconds of progress since the last start or resume (§5.1)."""
    return max(env_of(w).now_s - live_of(w, slot).progress_s, 0)


@rule
def finish(w, slot):
    """A running job has come to its end (§3.2): complete, or cut at its estimate (§5.5)."""
    live = live_of(w, slot)
    job = job_of(w, live.job)
    waste(w, slot, restart_seconds(w, slot))
    stop_running(w, slot)
    if overrun_s(w, job) > 0:
        waste(w, slot, job.estimate_s)
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
    gained_s = progress_seconds(w, slot)
    lost_s = min(gained_s, s.suspend_loss_s)
    waste(w, slot, lost_s + restart_seconds(w, slot))
    stop_running(w, slot)
    live.left_s -= gained_s - lost_s
    live.changed_s = s.now_s
    s.stopped_s = s.now_s
    live.suspensions += 1
    s.suspensions += 1
    log_event(w, event, live.job)
    enqueue(w, slot, SUSPENDED)
    drop_if_expired(w, slot)


@rule
def kill(w, slot):
    """Take a job off the machine that cannot be suspended; it loses everything (§5.4)."""
    s = env_of(w)
    live = live_of(w, slot)
    waste(w, slot, progress_seconds(w, slot) + restart_seconds(w, slot))
    stop_running(w, slot)
    live.left_s = job_of(w, live.job).work_s
    live.changed_s = s.now_s
    s.stopped_s = s.now_s
    live.kills += 1
    s.kills += 1
    log_event(w, KILL, live.job)
    if live.kills >= s.max_kills:
        fail(w, slot)
    else:
        enqueue(w, slot, QUEUED)
        drop_if_expired(w, slot)


@rule
def shed(w, slot):
    """Give up a running job for lack of power (§4.1, §5.4)."""
    if live_of(w, slot).preemptible:
        suspend(w, slot, SHED)
    else:
        kill(w, slot)


@rule
def wake_seconds(w, slot):
    """How long this start waits for further nodes to wake (§5.2a)."""
    wake_s = part_of(w, live_of(w, slot).part).wake_s
    return wake_s if wake_s > 0 and more_nodes(w, slot) > 0 else 0


@rule
def start(w, slot):
    """Start or resume a waiting job that fits (§4.2a, §5.1, §5.2)."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    dequeue(w, slot)
    resumed = live.doing == SUSPENDED
    log_event(w, RESUME if resumed else START, live.job)
    if live.first_start_s == NO_TIME:
        live.first_start_s = s.now_s
    to_run_s = live.left_s - overrun_s(w, job)
    live.changed_s = s.now_s
    live.resumed_s = s.now_s
    live.progress_s = s.now_s + wake_seconds(w, slot) + (s.restart_s if resumed else 0)
    if to_run_s == 0:  # §4.5: nothing to do, so it holds nothing
        if overrun_s(w, job) > 0:
            fail(w, slot)
        else:
            complete(w, slot)
        return
    live.doing = RUNNING
    live.finish_s = live.progress_s + time_to_finish_s(to_run_s, 1000)
    live.expected_s = live.progress_s + time_to_finish_s(estimate_left_s(job, live.left_s), 1000)
    occupy(w, slot, 1)
    live_lists.insert(w, FINISH, float(live.finish_s), live.job, slot)
    live_lists.insert(w, EXPECTED, float(live.expected_s), live.job, slot)
