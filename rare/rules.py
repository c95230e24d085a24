"""The rules of the simulation, compiled. RULES.md in the same folder says them in words; § is there.

Every function takes the state `w` (state.World) and the environment `e`. Clocks decide *when*
something is settled, these functions *what* happens. Start reading at `settle`.
"""

from __future__ import annotations

from rare import lists
from rare.compile import rule
from rare.model import NEVER_S, UNLIMITED_MW
from rare.orders import allowance_s, estimate_left_s, priority, worth_at
from rare.state import (
    CLOSED,
    CLOSING,
    COMPLETED_ALL,
    DECIDE_SHED,
    DECIDE_START,
    END,
    ENDED,
    EXPECTED,
    EXPIRE,
    FAIL,
    FINISH,
    FREE,
    IDLE,
    INSTANT,
    KILL,
    NEED_LIVE,
    NEED_LOG,
    NEED_POWER,
    NO_TIME,
    NOT_ENDED,
    OVER,
    QUEUE,
    QUEUED,
    REJECT,
    RESUME,
    RUNNING,
    S_COMPLETED,
    S_EXPIRED,
    S_FAILED,
    S_REJECTED,
    S_UNFINISHED,
    SETTLING,
    SHED,
    SHEDDING,
    STALLED,
    START,
    STARTING,
    SUBMIT,
    SUPPLY_END,
    SUSPEND,
    SUSPENDED,
    TIMER,
    WAIT,
    WINDOW_END,
)

MJ_PER_KWH = 3_600_000_000
LOG_ROOM = 8  # rows that one action may need
HUGE = 2**60

# Why an action is refused (§4.4); the sentences are in errors.py.
OK, ERR_WAITING, ERR_CORES, ERR_GPUS, ERR_MEMORY = range(5)
ERR_POWER, ERR_AGAIN, ERR_RUNNING, ERR_VOLUNTARY, ERR_RIGID = range(5, 10)


# --- §2 cluster and power ---------------------------------------------------------------------


@rule
def nodes_for(part, cores, gpus_milli, memory_mib):
    """Nodes that hold these amounts in use (§2.1)."""
    nodes = 0
    if part.node_cores > 0:
        nodes = (cores + part.node_cores - 1) // part.node_cores
    if part.node_gpus_milli > 0:
        nodes = max(nodes, (gpus_milli + part.node_gpus_milli - 1) // part.node_gpus_milli)
    if part.node_memory_mib > 0:
        nodes = max(nodes, (memory_mib + part.node_memory_mib - 1) // part.node_memory_mib)
    return nodes


@rule
def servable_mw(w, e, hold_s):
    """The largest draw that can be served for `hold_s` seconds (§2.5)."""
    s = w.env[e]
    limit_mw = s.import_mw
    if s.discharge_limit_mw > 0:
        content_mw = s.content // (s.discharge_factor * hold_s)
        if s.grid_first:
            limit_mw = s.import_mw + min(s.discharge_limit_mw, content_mw)
        elif content_mw >= s.discharge_limit_mw:
            limit_mw = s.import_mw + s.discharge_limit_mw
        else:
            limit_mw = max(s.import_mw, content_mw)
    return min(s.supply_mw + limit_mw, UNLIMITED_MW)


@rule
def set_capacity(w, e):
    """Capacity and starting capacity as IT power (§2.6)."""
    s = w.env[e]
    s.cap_mw = servable_mw(w, e, 1) * 1000 // s.pue
    s.start_cap_mw = servable_mw(w, e, s.min_battery_s) * 1000 // s.pue


@rule
def light_nodes(w, e):
    """Light as many unused nodes as fit beside the jobs (§2.7)."""
    s = w.env[e]
    spare_mw = max(s.cap_mw - s.active_mw - s.node_mw, 0)
    s.lit_mw = 0
    for p in range(w.part.shape[1]):
        part = w.part[e, p]
        if part.rest_mw > 0:
            lit = min(part.nodes - part.nodes_used, spare_mw // part.rest_mw)
            s.lit_mw += lit * part.rest_mw
            spare_mw -= lit * part.rest_mw


@rule
def node_increase_mw(w, e, slot):
    """Idle power of the further nodes that this waiting job would use."""
    job = w.live[e, slot]
    part = w.part[e, job.part]
    if part.idle_mw == 0:
        return 0
    nodes = nodes_for(
        part,
        part.cores - part.free_cores + job.cores,
        part.gpus_milli - part.free_gpus_milli + job.gpus_milli,
        part.memory_mib - part.free_memory_mib + job.memory_mib,
    )
    return (nodes - part.nodes_used) * part.idle_mw


# --- logs and outcomes ------------------------------------------------------------------------


@rule
def log_event(w, e, event, job):
    """Append to the event log, if one is kept. Room was made sure of before."""
    s = w.env[e]
    if s.log_level > 0:
        row = w.log[e, s.log_rows]
        row.time_s = s.now_s
        row.job = job
        row.event = event
        s.log_rows += 1


@rule
def log_room(w, e):
    """Whether one more action fits into the event log."""
    s = w.env[e]
    return s.log_level == 0 or s.log_rows + LOG_ROOM <= w.log.shape[1]


@rule
def record(w, e, slot, status, earned_u):
    """Write down what became of a live job and free its slot. It holds nothing any more."""
    s = w.env[e]
    job = w.live[e, slot]
    if s.record_jobs:
        row = w.outcome[e, job.job]
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


# --- §3.1 account -----------------------------------------------------------------------------


@rule
def account(w, e, now_s):
    """Energy, money and carbon since the last instant, at constant flows (§3.1, §7)."""
    s = w.env[e]
    duration_s = now_s - s.last_s
    s.now_s = now_s
    s.last_s = now_s
    if duration_s <= 0:
        return
    grid_mj = s.grid_mw * duration_s
    s.available_mj += s.supply_mw * duration_s
    s.used_mj += s.used_mw * duration_s
    s.curtailed_mj += s.curtailed_mw * duration_s
    s.charged_mj += s.charge_mw * duration_s
    s.discharged_mj += s.discharge_mw * duration_s
    s.grid_mj += grid_mj
    s.draw_mj += s.draw_mw * duration_s
    s.core_s += s.used_cores * duration_s
    s.content += s.charge_mw * duration_s * s.charge_factor
    s.content -= s.discharge_mw * duration_s * s.discharge_factor
    if grid_mj > 0:
        # rate x energy / kWh in two parts that cannot overflow; the remainder is carried, so the sum
        # does not depend on where the instants fall (§7.5)
        whole = grid_mj // MJ_PER_KWH
        rest = grid_mj - whole * MJ_PER_KWH
        cost = s.price_u * rest + s.cost_rest
        s.cost_u += s.price_u * whole + cost // MJ_PER_KWH
        s.cost_rest = cost - cost // MJ_PER_KWH * MJ_PER_KWH
        emitted = s.carbon_u * rest + s.emitted_rest
        s.emitted_u += s.carbon_u * whole + emitted // MJ_PER_KWH
        s.emitted_rest = emitted - emitted // MJ_PER_KWH * MJ_PER_KWH


# --- §5 running, §6 value ---------------------------------------------------------------------


@rule
def time_to_finish_s(work_s, rate_per_mille):
    """Time that this much work takes at a rate (§5.1)."""
    return (work_s * 1000 + rate_per_mille - 1) // rate_per_mille


@rule
def overrun_s(w, e, job):
    """Work that is never reached because the job is cut at its estimate (§5.5)."""
    if w.env[e].kill_at_estimate:
        return max(job.work_s - job.estimate_s, 0)
    return 0


@rule
def occupy(w, e, slot, sign):
    """Take (+1) or give back (-1) what a running job holds."""
    s = w.env[e]
    job = w.live[e, slot]
    part = w.part[e, job.part]
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
    s.used_cores += sign * job.cores
    part.nodes_used = nodes


@rule
def next_timer_s(w, e, slot):
    """Next instant at which time alone matters to a waiting job (§3.8); NEVER_S: none."""
    live = w.live[e, slot]
    job = w.jobs[live.job]
    now_s = w.env[e].now_s
    if job.deadline_s == NEVER_S:
        return NEVER_S
    expiry_s = job.deadline_s + allowance_s(job)
    if job.value_u >= 0 and expiry_s <= now_s:
        return expiry_s
    latest_start_s = job.deadline_s - estimate_left_s(job, live.left_s)
    if latest_start_s > now_s:
        return latest_start_s
    if job.deadline_s > now_s:
        return job.deadline_s
    if job.value_u >= 0:
        return expiry_s
    return NEVER_S


@rule
def set_timer(w, e, slot):
    """Arrange for the next instant that matters to a waiting job."""
    live = w.live[e, slot]
    live.timer_s = next_timer_s(w, e, slot)
    if live.timer_s < NEVER_S:
        lists.insert(w, e, TIMER, float(live.timer_s), live.job, slot)


@rule
def enqueue(w, e, slot, doing):
    """Put a job into the queue, at its place in the order."""
    s = w.env[e]
    live = w.live[e, slot]
    live.doing = doing
    live.key = priority(w.jobs[live.job], live.left_s, s.order, s.now_s, 1.0, s.order_param)
    lists.insert(w, e, QUEUE, live.key, live.job, slot)
    s.least_cores = min(s.least_cores, live.cores)
    s.least_mw = min(s.least_mw, live.power_mw)
    set_timer(w, e, slot)
    if doing == SUSPENDED:
        s.suspended += 1


@rule
def dequeue(w, e, slot):
    """Take a job out of the queue."""
    s = w.env[e]
    live = w.live[e, slot]
    lists.remove(w, e, QUEUE, live.key, live.job)
    if live.timer_s < NEVER_S:
        lists.remove(w, e, TIMER, float(live.timer_s), live.job)
    if live.doing == SUSPENDED:
        s.suspended -= 1
    if lists.size(w, e, QUEUE) == 0:
        s.least_cores = HUGE
        s.least_mw = HUGE


@rule
def waste(w, e, slot, seconds):
    """Count lost seconds of a job as wasted energy (§5.6)."""
    w.env[e].wasted_mj += seconds * w.live[e, slot].power_mw


@rule
def complete(w, e, slot):
    """A job has done its work: it earns what it is worth now (§6)."""
    s = w.env[e]
    live = w.live[e, slot]
    job = w.jobs[live.job]
    earned_u = worth_at(job, s.now_s)
    s.completed += 1
    s.earned_u += earned_u
    if s.now_s > job.deadline_s:
        s.violations += 1
    log_event(w, e, END, live.job)
    record(w, e, slot, S_COMPLETED, earned_u)


@rule
def fail(w, e, slot):
    """A job is given up for good (§5.4, §5.5)."""
    s = w.env[e]
    live = w.live[e, slot]
    s.failed += 1
    if w.jobs[live.job].deadline_s < NEVER_S:
        s.violations += 1
    log_event(w, e, FAIL, live.job)
    record(w, e, slot, S_FAILED, 0)


@rule
def expire(w, e, slot):
    """A waiting job whose value is gone is dropped (§6.4); its progress is lost (§5.6)."""
    s = w.env[e]
    live = w.live[e, slot]
    waste(w, e, slot, w.jobs[live.job].work_s - live.left_s)
    dequeue(w, e, slot)
    s.expired += 1
    s.violations += 1
    log_event(w, e, EXPIRE, live.job)
    record(w, e, slot, S_EXPIRED, 0)


@rule
def stop_running(w, e, slot):
    """Take a job off the machine: it holds nothing, its end is off the lists."""
    live = w.live[e, slot]
    occupy(w, e, slot, -1)
    lists.remove(w, e, FINISH, float(live.finish_s), live.job)
    lists.remove(w, e, EXPECTED, float(live.expected_s), live.job)


@rule
def restart_seconds(w, e, slot):
    """Seconds of the present run that went into restarting (§5.2)."""
    live = w.live[e, slot]
    return min(w.env[e].now_s, live.progress_s) - live.resumed_s


@rule
def progress_seconds(w, e, slot):
    """Seconds of progress since the last start or resume (§5.1)."""
    return max(w.env[e].now_s - w.live[e, slot].progress_s, 0)


@rule
def finish(w, e, slot):
    """A running job has come to its end (§3.2): complete, or cut at its estimate (§5.5)."""
    live = w.live[e, slot]
    job = w.jobs[live.job]
    waste(w, e, slot, restart_seconds(w, e, slot))
    stop_running(w, e, slot)
    if overrun_s(w, e, job) > 0:
        waste(w, e, slot, job.estimate_s)
        fail(w, e, slot)
    else:
        complete(w, e, slot)


@rule
def drop_if_expired(w, e, slot):
    """A job that comes back to the queue after its expiry is dropped at once (§6.4)."""
    live = w.live[e, slot]
    job = w.jobs[live.job]
    if job.value_u >= 0 and job.deadline_s < NEVER_S:
        if job.deadline_s + allowance_s(job) <= w.env[e].now_s:
            expire(w, e, slot)


@rule
def suspend(w, e, slot, event):
    """Take a preemptible job off the machine; it keeps its progress less the loss (§5.3)."""
    s = w.env[e]
    live = w.live[e, slot]
    gained_s = progress_seconds(w, e, slot)
    lost_s = min(gained_s, s.suspend_loss_s)
    waste(w, e, slot, lost_s + restart_seconds(w, e, slot))
    stop_running(w, e, slot)
    live.left_s -= gained_s - lost_s
    live.changed_s = s.now_s
    live.suspensions += 1
    s.suspensions += 1
    log_event(w, e, event, live.job)
    enqueue(w, e, slot, SUSPENDED)
    drop_if_expired(w, e, slot)


@rule
def kill(w, e, slot):
    """Take a job off the machine that cannot be suspended; it loses everything (§5.4)."""
    s = w.env[e]
    live = w.live[e, slot]
    waste(w, e, slot, progress_seconds(w, e, slot))
    stop_running(w, e, slot)
    live.left_s = w.jobs[live.job].work_s
    live.changed_s = s.now_s
    live.kills += 1
    s.kills += 1
    log_event(w, e, KILL, live.job)
    if live.kills >= s.max_kills:
        fail(w, e, slot)
    else:
        enqueue(w, e, slot, QUEUED)
        drop_if_expired(w, e, slot)


@rule
def shed(w, e, slot):
    """Give up a running job for lack of power (§4.1, §5.4)."""
    if w.live[e, slot].preemptible:
        suspend(w, e, slot, SHED)
    else:
        kill(w, e, slot)


@rule
def start(w, e, slot):
    """Start or resume a waiting job that fits (§4.2a, §5.1, §5.2)."""
    s = w.env[e]
    live = w.live[e, slot]
    job = w.jobs[live.job]
    dequeue(w, e, slot)
    resumed = live.doing == SUSPENDED
    log_event(w, e, RESUME if resumed else START, live.job)
    if live.first_start_s == NO_TIME:
        live.first_start_s = s.now_s
    to_run_s = live.left_s - overrun_s(w, e, job)
    live.changed_s = s.now_s
    live.resumed_s = s.now_s
    live.progress_s = s.now_s + (s.restart_s if resumed else 0)
    if to_run_s == 0:  # §4.5: nothing to do, so it holds nothing
        if overrun_s(w, e, job) > 0:
            fail(w, e, slot)
        else:
            complete(w, e, slot)
        return
    live.doing = RUNNING
    live.finish_s = live.progress_s + time_to_finish_s(to_run_s, 1000)
    live.expected_s = live.progress_s + time_to_finish_s(estimate_left_s(job, live.left_s), 1000)
    occupy(w, e, slot, 1)
    lists.insert(w, e, FINISH, float(live.finish_s), live.job, slot)
    lists.insert(w, e, EXPECTED, float(live.expected_s), live.job, slot)


# --- §3.2 to §3.5 -----------------------------------------------------------------------------


@rule
def complete_jobs(w, e):
    """End the running jobs whose time has come (§3.2). False: the log is full."""
    s = w.env[e]
    while lists.size(w, e, FINISH) > 0:
        first = w.lists[e, FINISH, w.ends[e, FINISH, 0]]
        if first.key > s.now_s:
            break
        if not log_room(w, e):
            return False
        finish(w, e, first.slot)
    return True


@rule
def apply_inputs(w, e):
    """Inputs take their new values (§3.3)."""
    s = w.env[e]
    s.supply_mw = s.new_supply_mw
    s.import_mw = s.new_import_mw
    s.price_u = s.new_price_u
    s.carbon_u = s.new_carbon_u
    s.pue = s.new_pue


@rule
def reject(w, e, index):
    """A job that fits no empty partition is named and counted (§2.2)."""
    s = w.env[e]
    s.rejected += 1
    log_event(w, e, REJECT, index)
    if s.record_jobs:
        row = w.outcome[e, index]
        row.start_s = NO_TIME
        row.end_s = NO_TIME
        row.status = S_REJECTED


@rule
def admit(w, e, index):
    """Queue a new job in a free slot (§3.4)."""
    s = w.env[e]
    job = w.jobs[index]
    slot = s.free_slot
    live = w.live[e, slot]
    s.free_slot = live.next_free
    s.live += 1
    live.job = index
    live.changed_s = NO_TIME
    live.left_s = job.work_s
    live.first_start_s = NO_TIME
    live.suspensions = 0
    live.kills = 0
    live.power_mw = job.power_mw
    live.planned_mw = job.planned_mw
    live.cores = job.cores
    live.gpus_milli = job.gpus_milli
    live.memory_mib = job.memory_mib
    live.part = job.part
    live.preemptible = job.preemptible
    if job.value_u > 0:
        s.offered_u += job.value_u
    enqueue(w, e, slot, QUEUED)


@rule
def admit_arrivals(w, e):
    """Queue or reject the jobs submitted by now (§3.4). OK, NEED_LIVE or NEED_LOG."""
    s = w.env[e]
    while s.next_job < s.jobs_end and w.jobs[s.next_job].submit_s <= s.now_s:
        if not log_room(w, e):
            return NEED_LOG
        if w.jobs[s.next_job].part < 0:
            log_event(w, e, SUBMIT, s.next_job)
            reject(w, e, s.next_job)
        else:
            if s.live == w.live.shape[1]:
                return NEED_LIVE
            log_event(w, e, SUBMIT, s.next_job)
            admit(w, e, s.next_job)
        s.next_job += 1
    return OK


@rule
def expire_jobs(w, e):
    """Drop waiting jobs whose value is gone (§3.5) and renew the other timers. False: log full."""
    s = w.env[e]
    while lists.size(w, e, TIMER) > 0:
        first = w.lists[e, TIMER, w.ends[e, TIMER, 0]]
        if first.key > s.now_s:
            break
        if not log_room(w, e):
            return False
        slot = first.slot
        live = w.live[e, slot]
        job = w.jobs[live.job]
        if job.value_u >= 0 and job.deadline_s + allowance_s(job) <= s.now_s:
            expire(w, e, slot)
        else:
            lists.remove(w, e, TIMER, float(live.timer_s), live.job)
            set_timer(w, e, slot)
    return True


@rule
def settle(w, e, now_s):
    """Bring environment `e` up to `now_s` (§3). OK, or what it needs before it can go on.

    Calling it again at the same instant continues where it stopped, and changes nothing once done.
    """
    s = w.env[e]
    account(w, e, now_s)  # §3.1
    if not complete_jobs(w, e):  # §3.2
        return NEED_LOG
    if now_s >= s.inputs_end_s or now_s >= s.window_end_s:  # §8.2, §8.3
        return OK
    apply_inputs(w, e)  # §3.3
    status = admit_arrivals(w, e)  # §3.4
    if status != OK:
        return status
    if not expire_jobs(w, e):  # §3.5
        return NEED_LOG
    set_capacity(w, e)
    return OK


# --- §4 decisions -----------------------------------------------------------------------------


@rule
def overdrawn(w, e):
    """Whether the jobs and their nodes draw more than can be served (§4.1)."""
    s = w.env[e]
    return s.active_mw + s.node_mw > s.cap_mw


@rule
def why_not_start(w, e, slot):
    """OK if this waiting job may start or resume now, else the first reason against it (§4.2a, §4.3)."""
    s = w.env[e]
    live = w.live[e, slot]
    part = w.part[e, live.part]
    if live.cores > part.free_cores:
        return ERR_CORES
    if live.gpus_milli > part.free_gpus_milli:
        return ERR_GPUS
    if live.memory_mib > part.free_memory_mib:
        return ERR_MEMORY
    if live.changed_s == s.now_s:
        return ERR_AGAIN
    power_mw = s.active_mw + s.node_mw + live.power_mw
    if power_mw > s.start_cap_mw or power_mw + node_increase_mw(w, e, slot) > s.start_cap_mw:
        return ERR_POWER
    return OK


@rule
def possible_start(w, e):
    """Whether any waiting job may start or resume now.

    Lower bounds of cores and power over the queue answer most calls at once. They are only tightened
    when a whole walk found nothing, so they cost little and are never too high.
    """
    s = w.env[e]
    count = lists.size(w, e, QUEUE)
    if count == 0:
        return False
    most = 0
    for p in range(w.part.shape[1]):
        most = max(most, w.part[e, p].free_cores)
    if most < s.least_cores or s.active_mw + s.node_mw + s.least_mw > s.start_cap_mw:
        return False
    first = w.ends[e, QUEUE, 0]
    least_cores = HUGE
    least_mw = HUGE
    for i in range(first, first + count):
        slot = w.lists[e, QUEUE, i].slot
        if why_not_start(w, e, slot) == OK:
            return True
        least_cores = min(least_cores, w.live[e, slot].cores)
        least_mw = min(least_mw, w.live[e, slot].power_mw)
    s.least_cores = least_cores
    s.least_mw = least_mw
    return False


@rule
def why_not_suspend(w, e, slot):
    """OK if this running job may be suspended by choice now, else why not (§4.2b, §4.3)."""
    s = w.env[e]
    live = w.live[e, slot]
    if not s.voluntary:
        return ERR_VOLUNTARY
    if not live.preemptible:
        return ERR_RIGID
    if live.changed_s == s.now_s:
        return ERR_AGAIN
    return OK


@rule
def possible(w, e):
    """Whether any transition is possible, so that the scheduler is asked (§4.2)."""
    if possible_start(w, e):
        return True
    if w.env[e].voluntary:
        for i in range(w.ends[e, FINISH, 0], w.ends[e, FINISH, 1]):
            if why_not_suspend(w, e, w.lists[e, FINISH, i].slot) == OK:
                return True
    return False


@rule
def forced_victim(w, e):
    """Whom the rules give up: preemptible first, then latest start or resume, then higher job (§4.1)."""
    chosen = WAIT
    for i in range(w.ends[e, FINISH, 0], w.ends[e, FINISH, 1]):
        slot = w.lists[e, FINISH, i].slot
        if chosen == WAIT:
            chosen = slot
            continue
        one = w.live[e, slot]
        other = w.live[e, chosen]
        if one.preemptible != other.preemptible:
            better = one.preemptible > other.preemptible
        elif one.resumed_s != other.resumed_s:
            better = one.resumed_s > other.resumed_s
        else:
            better = one.job > other.job
        if better:
            chosen = slot
    return chosen


@rule
def apply(w, e, slot):
    """Carry out a decision: the slot of a job, or WAIT (§4). OK, or why it is refused (§4.4)."""
    s = w.env[e]
    reason = OK
    if s.phase == SHEDDING:
        if slot == WAIT:
            s.declined = 1
        elif w.live[e, slot].doing != RUNNING:
            return ERR_RUNNING
        else:
            shed(w, e, slot)
    elif slot == WAIT:
        s.phase = CLOSING
    elif w.live[e, slot].doing == RUNNING:
        reason = why_not_suspend(w, e, slot)
        if reason != OK:
            return reason
        suspend(w, e, slot, SUSPEND)
    elif w.live[e, slot].doing == FREE:
        return ERR_WAITING
    else:
        reason = why_not_start(w, e, slot)
        if reason != OK:
            return reason
        start(w, e, slot)
    s.decisions += 1
    s.last_action = slot
    return OK


# --- §7 flows, §3.8 next instant, §8 ends -----------------------------------------------------


@rule
def set_flows(w, e):
    """Fix the power flows until the next instant (§3.7, §7.1, §7.2)."""
    s = w.env[e]
    light_nodes(w, e)
    s.draw_mw = ((s.active_mw + s.node_mw + s.lit_mw) * s.pue + 999) // 1000
    s.used_mw = min(s.supply_mw, s.draw_mw)
    deficit_mw = s.draw_mw - s.used_mw
    if s.grid_first:
        s.discharge_mw = max(deficit_mw - s.import_mw, 0)
    else:
        s.discharge_mw = min(deficit_mw, s.discharge_limit_mw)
        if s.discharge_mw * s.discharge_factor > s.content:
            s.discharge_mw = 0
    s.grid_mw = deficit_mw - s.discharge_mw
    surplus_mw = s.supply_mw - s.used_mw
    s.charge_mw = min(surplus_mw, s.charge_limit_mw)
    if s.charge_mw * s.charge_factor > s.capacity - s.content:
        s.charge_mw = 0
    s.curtailed_mw = surplus_mw - s.charge_mw


@rule
def battery_instant_s(w, e):
    """When the battery will be empty or full at the present flows (§7.4)."""
    s = w.env[e]
    if s.discharge_mw > 0:
        return s.now_s + s.content // (s.discharge_mw * s.discharge_factor)
    if s.charge_mw > 0:
        return s.now_s + (s.capacity - s.content) // (s.charge_mw * s.charge_factor)
    return NEVER_S


@rule
def next_tick_s(w, e):
    """The next optional tick (§3.8)."""
    s = w.env[e]
    if s.tick_s <= 0:
        return NEVER_S
    return s.begin_s + ((s.now_s - s.begin_s) // s.tick_s + 1) * s.tick_s


@rule
def next_internal_s(w, e):
    """Next instant that the cluster itself brings about: ends, battery, timers (§3.8)."""
    next_s = battery_instant_s(w, e)
    if lists.size(w, e, FINISH) > 0:
        next_s = min(next_s, w.live[e, w.lists[e, FINISH, w.ends[e, FINISH, 0]].slot].finish_s)
    if lists.size(w, e, TIMER) > 0:
        next_s = min(next_s, w.live[e, w.lists[e, TIMER, w.ends[e, TIMER, 0]].slot].timer_s)
    return next_s


@rule
def log_power(w, e):
    """Append the flows to the power log if anything in it has changed. Room was made sure of."""
    s = w.env[e]
    row = w.power[e, s.power_rows]
    queued = lists.size(w, e, QUEUE)
    running = lists.size(w, e, FINISH)
    battery_mw = s.charge_mw - s.discharge_mw
    if s.power_rows > 0:
        last = w.power[e, s.power_rows - 1]
        if (
            last.supply_mw == s.supply_mw
            and last.draw_mw == s.draw_mw
            and last.battery_mw == battery_mw
            and last.grid_mw == s.grid_mw
            and last.curtailed_mw == s.curtailed_mw
            and last.queued == queued
            and last.running == running
            and last.used_cores == s.used_cores
        ):
            return
    row.time_s = s.now_s
    row.supply_mw = s.supply_mw
    row.draw_mw = s.draw_mw
    row.battery_mw = battery_mw
    row.content = s.content
    row.grid_mw = s.grid_mw
    row.curtailed_mw = s.curtailed_mw
    row.queued = queued
    row.running = running
    row.used_cores = s.used_cores
    s.power_rows += 1


@rule
def close_instant(w, e):
    """After the decisions: fix the flows, count the instant, see whether the run is complete."""
    s = w.env[e]
    set_flows(w, e)
    s.instants += 1
    if s.log_level > 0:
        log_power(w, e)
        if s.log_level > 1:
            log_event(w, e, INSTANT, s.instants - 1)
    if s.live == 0 and s.next_job == s.jobs_end:
        s.ended = COMPLETED_ALL


@rule
def end_run(w, e, ended):
    """The run is over: jobs still here are unfinished (§8.5)."""
    s = w.env[e]
    s.ended = ended
    s.phase = OVER
    for slot in range(w.live.shape[1]):
        live = w.live[e, slot]
        if live.doing != FREE:
            if w.jobs[live.job].deadline_s <= s.now_s:
                s.violations += 1
            record(w, e, slot, S_UNFINISHED, 0)


@rule
def begin_shortage_or_start(w, e):
    """Settle the instant at hand and see what is to be decided. CLOSED: nothing yet to be said."""
    s = w.env[e]
    status = settle(w, e, s.wake_s)
    if status != OK:
        return status
    if s.now_s >= s.inputs_end_s or s.now_s >= s.window_end_s:
        close_instant(w, e)
        ended = s.ended
        if ended == NOT_ENDED:
            ended = SUPPLY_END if s.now_s >= s.inputs_end_s else WINDOW_END
        end_run(w, e, ended)
        return ENDED
    s.declined = 0
    s.phase = SHEDDING
    return OK


@rule
def instant(w, e):
    """Work on the instant `wake_s` until a decision is needed or the instant is closed.

    Returns DECIDE_SHED, DECIDE_START, CLOSED, ENDED, or what is needed first: NEED_LIVE, NEED_LOG,
    NEED_POWER (room in that array). Call again afterwards.
    """
    s = w.env[e]
    if s.phase == OVER:
        return ENDED
    if not log_room(w, e):
        return NEED_LOG
    if s.log_level > 0 and s.power_rows == w.power.shape[1]:
        return NEED_POWER
    if s.phase == SETTLING:
        status = begin_shortage_or_start(w, e)
        if status != OK:
            return status
    while s.phase == SHEDDING:
        if not overdrawn(w, e):
            s.phase = STARTING
        elif s.declined == 0:
            return DECIDE_SHED
        elif log_room(w, e):
            shed(w, e, forced_victim(w, e))
        else:
            return NEED_LOG
    if s.phase == STARTING:
        if possible(w, e):
            return DECIDE_START
        s.phase = CLOSING
    if s.phase == CLOSING:
        close_instant(w, e)
        s.phase = IDLE
        if s.ended != NOT_ENDED:
            end_run(w, e, s.ended)
            return ENDED
    return CLOSED


# --- the compiled clock -----------------------------------------------------------------------


@rule
def next_event_s(w, e):
    """When anything could happen next (§3.8); NEVER_S: nothing is left."""
    s = w.env[e]
    next_s = next_internal_s(w, e)
    if s.next_job < s.jobs_end:
        next_s = min(next_s, w.jobs[s.next_job].submit_s)
    if s.input_row + 1 < w.inputs.shape[0]:
        next_s = min(next_s, w.inputs[s.input_row + 1].change_s)
    next_s = min(next_s, s.inputs_end_s, s.window_end_s)
    if next_s == NEVER_S:  # ticks alone do not keep a run alive (§8.4)
        return next_s
    return min(next_s, next_tick_s(w, e))


@rule
def take_inputs(w, e, time_s):
    """Stage the inputs in force at `time_s` for the next settling."""
    s = w.env[e]
    while s.input_row + 1 < w.inputs.shape[0] and w.inputs[s.input_row + 1].change_s <= time_s:
        s.input_row += 1
    row = w.inputs[s.input_row]
    s.new_supply_mw = row.supply_mw
    s.new_import_mw = row.import_mw
    s.new_price_u = row.price_u
    s.new_carbon_u = row.carbon_u
    s.new_pue = row.pue


@rule
def advance(w, e):
    """Run to the next decision: DECIDE_SHED, DECIDE_START or ENDED; or what is needed first."""
    s = w.env[e]
    while True:
        if s.phase == IDLE:
            next_s = next_event_s(w, e)
            if next_s == NEVER_S:
                end_run(w, e, STALLED)
                return ENDED
            take_inputs(w, e, next_s)
            s.wake_s = next_s
            s.phase = SETTLING
        status = instant(w, e)
        if status != CLOSED:
            return status
