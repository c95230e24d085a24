"""The rules of the simulation, compiled. RULES.md in the same folder says them in words; § is there.

Every function takes `w`, the handle of one environment (state.HANDLE), and reaches its state through
`env_of(w)`, `live_of(w, slot)` and so on. Clocks decide *when* something is settled, these functions
*what* happens. Start reading at `settle`.
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
    ends_of,
    entry_of,
    env_of,
    event_of,
    input_of,
    job_of,
    live_of,
    outcome_of,
    part_of,
    power_of,
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
def servable_mw(w, hold_s):
    """The largest draw that can be served for `hold_s` seconds (§2.5)."""
    s = env_of(w)
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
def set_capacity(w):
    """Capacity and starting capacity as IT power (§2.6)."""
    s = env_of(w)
    s.cap_mw = servable_mw(w, 1) * 1000 // s.pue
    s.start_cap_mw = servable_mw(w, s.min_battery_s) * 1000 // s.pue


@rule
def light_nodes(w):
    """Light as many unused nodes as fit beside the jobs without the battery (§2.7)."""
    s = env_of(w)
    without_battery_mw = min(s.supply_mw + s.import_mw, UNLIMITED_MW) * 1000 // s.pue
    spare_mw = max(without_battery_mw - s.active_mw - s.node_mw, 0)
    s.lit_mw = 0
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.rest_mw > 0:
            lit = min(part.nodes - part.nodes_used, spare_mw // part.rest_mw)
            s.lit_mw += lit * part.rest_mw
            spare_mw -= lit * part.rest_mw


@rule
def node_increase_mw(w, slot):
    """Idle power of the further nodes that this waiting job would use."""
    job = live_of(w, slot)
    part = part_of(w, job.part)
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


# --- §3.1 account -----------------------------------------------------------------------------


@rule
def account(w, now_s):
    """Energy, money and carbon since the last instant, at constant flows (§3.1, §7)."""
    s = env_of(w)
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
    s.used_cores += sign * job.cores
    part.nodes_used = nodes


@rule
def next_timer_s(w, slot):
    """Next instant at which time alone matters to a waiting job (§3.8); NEVER_S: none."""
    live = live_of(w, slot)
    job = job_of(w, live.job)
    now_s = env_of(w).now_s
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
def set_timer(w, slot):
    """Arrange for the next instant that matters to a waiting job."""
    live = live_of(w, slot)
    live.timer_s = next_timer_s(w, slot)
    if live.timer_s < NEVER_S:
        lists.insert(w, TIMER, float(live.timer_s), live.job, slot)


@rule
def enqueue(w, slot, doing):
    """Put a job into the queue, at its place in the order."""
    s = env_of(w)
    live = live_of(w, slot)
    live.doing = doing
    live.key = priority(job_of(w, live.job), live.left_s, s.order, s.now_s, 1.0, s.order_param)
    lists.insert(w, QUEUE, live.key, live.job, slot)
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
    lists.remove(w, QUEUE, live.key, live.job)
    if live.timer_s < NEVER_S:
        lists.remove(w, TIMER, float(live.timer_s), live.job)
    if live.doing == SUSPENDED:
        s.suspended -= 1
    if lists.size(w, QUEUE) == 0:
        s.least_cores = HUGE
        s.least_mw = HUGE


@rule
def waste(w, slot, seconds):
    """Count lost seconds of a job as wasted energy (§5.6)."""
    env_of(w).wasted_mj += seconds * live_of(w, slot).power_mw


@rule
def complete(w, slot):
    """A job has done its work: it earns what it is worth now (§6)."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    earned_u = worth_at(job, s.now_s)
    s.completed += 1
    s.earned_u += earned_u
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
    log_event(w, EXPIRE, live.job)
    record(w, slot, S_EXPIRED, 0)


@rule
def stop_running(w, slot):
    """Take a job off the machine: it holds nothing, its end is off the lists."""
    live = live_of(w, slot)
    occupy(w, slot, -1)
    lists.remove(w, FINISH, float(live.finish_s), live.job)
    lists.remove(w, EXPECTED, float(live.expected_s), live.job)


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
    waste(w, slot, progress_seconds(w, slot))
    stop_running(w, slot)
    live.left_s = job_of(w, live.job).work_s
    live.changed_s = s.now_s
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
    live.progress_s = s.now_s + (s.restart_s if resumed else 0)
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
    lists.insert(w, FINISH, float(live.finish_s), live.job, slot)
    lists.insert(w, EXPECTED, float(live.expected_s), live.job, slot)


# --- §3.2 to §3.5 -----------------------------------------------------------------------------


@rule
def complete_jobs(w):
    """End the running jobs whose time has come (§3.2). False: the log is full."""
    s = env_of(w)
    while lists.size(w, FINISH) > 0:
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
    """A job that fits no empty partition is named and counted (§2.2)."""
    s = env_of(w)
    s.rejected += 1
    log_event(w, REJECT, index)
    if s.record_jobs:
        row = outcome_of(w, index)
        row.start_s = NO_TIME
        row.end_s = NO_TIME
        row.status = S_REJECTED


@rule
def admit(w, index):
    """Queue a new job in a free slot (§3.4)."""
    s = env_of(w)
    job = job_of(w, index)
    slot = s.free_slot
    live = live_of(w, slot)
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
    enqueue(w, slot, QUEUED)


@rule
def admit_arrivals(w):
    """Queue or reject the jobs submitted by now (§3.4). OK, NEED_LIVE or NEED_LOG."""
    s = env_of(w)
    while s.next_job < s.jobs_end and job_of(w, s.next_job).submit_s <= s.now_s:
        if not log_room(w):
            return NEED_LOG
        if job_of(w, s.next_job).part < 0:
            reject(w, s.next_job)
        else:
            if s.live == w.live_slots:
                return NEED_LIVE
            log_event(w, SUBMIT, s.next_job)
            admit(w, s.next_job)
        s.next_job += 1
    return OK


@rule
def expire_jobs(w):
    """Drop waiting jobs whose value is gone (§3.5) and renew the other timers. False: log full."""
    s = env_of(w)
    while lists.size(w, TIMER) > 0:
        first = entry_of(w, TIMER, ends_of(w, TIMER).first)
        if first.key > s.now_s:
            break
        if not log_room(w):
            return False
        slot = first.slot
        live = live_of(w, slot)
        job = job_of(w, live.job)
        if job.value_u >= 0 and job.deadline_s + allowance_s(job) <= s.now_s:
            expire(w, slot)
        else:
            lists.remove(w, TIMER, float(live.timer_s), live.job)
            set_timer(w, slot)
    return True


@rule
def settle(w, now_s):
    """Bring the environment up to `now_s` (§3). OK, or what it needs before it can go on.

    Calling it again at the same instant continues where it stopped, and changes nothing once done.
    """
    s = env_of(w)
    account(w, now_s)  # §3.1
    if not complete_jobs(w):  # §3.2
        return NEED_LOG
    if now_s >= s.inputs_end_s or now_s >= s.window_end_s:  # §8.2, §8.3
        return OK
    apply_inputs(w)  # §3.3
    status = admit_arrivals(w)  # §3.4
    if status != OK:
        return status
    if not expire_jobs(w):  # §3.5
        return NEED_LOG
    set_capacity(w)
    return OK


# --- §4 decisions -----------------------------------------------------------------------------


@rule
def overdrawn(w):
    """Whether the jobs and their nodes draw more than can be served (§4.1)."""
    s = env_of(w)
    return s.active_mw + s.node_mw > s.cap_mw


@rule
def why_not_start(w, slot):
    """OK if this waiting job may start or resume now, else the first reason against it (§4.2a, §4.3)."""
    s = env_of(w)
    live = live_of(w, slot)
    part = part_of(w, live.part)
    if live.cores > part.free_cores:
        return ERR_CORES
    if live.gpus_milli > part.free_gpus_milli:
        return ERR_GPUS
    if live.memory_mib > part.free_memory_mib:
        return ERR_MEMORY
    if live.changed_s == s.now_s:
        return ERR_AGAIN
    power_mw = s.active_mw + s.node_mw + live.power_mw
    if power_mw > s.start_cap_mw or power_mw + node_increase_mw(w, slot) > s.start_cap_mw:
        return ERR_POWER
    return OK


@rule
def possible_start(w):
    """Whether any waiting job may start or resume now.

    Lower bounds of cores and power over the queue answer most calls at once. They are only tightened
    when a whole walk found nothing, so they cost little and are never too high.
    """
    s = env_of(w)
    count = lists.size(w, QUEUE)
    if count == 0:
        return False
    most = 0
    for p in range(w.partitions):
        most = max(most, part_of(w, p).free_cores)
    if most < s.least_cores or s.active_mw + s.node_mw + s.least_mw > s.start_cap_mw:
        return False
    first = ends_of(w, QUEUE).first
    least_cores = HUGE
    least_mw = HUGE
    for i in range(first, first + count):
        slot = entry_of(w, QUEUE, i).slot
        if why_not_start(w, slot) == OK:
            return True
        least_cores = min(least_cores, live_of(w, slot).cores)
        least_mw = min(least_mw, live_of(w, slot).power_mw)
    s.least_cores = least_cores
    s.least_mw = least_mw
    return False


@rule
def why_not_suspend(w, slot):
    """OK if this running job may be suspended by choice now, else why not (§4.2b, §4.3)."""
    s = env_of(w)
    live = live_of(w, slot)
    if not s.voluntary:
        return ERR_VOLUNTARY
    if not live.preemptible:
        return ERR_RIGID
    if live.changed_s == s.now_s:
        return ERR_AGAIN
    return OK


@rule
def possible(w):
    """Whether any transition is possible, so that the scheduler is asked (§4.2)."""
    if possible_start(w):
        return True
    if env_of(w).voluntary:
        for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
            if why_not_suspend(w, entry_of(w, FINISH, i).slot) == OK:
                return True
    return False


@rule
def forced_victim(w):
    """Whom the rules give up: preemptible first, then latest start or resume, then higher job (§4.1)."""
    chosen = WAIT
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if chosen == WAIT:
            chosen = slot
            continue
        one = live_of(w, slot)
        other = live_of(w, chosen)
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
def apply(w, slot):
    """Carry out a decision: the slot of a job, or WAIT (§4). OK, or why it is refused (§4.4)."""
    s = env_of(w)
    reason = OK
    if s.phase == SHEDDING:
        if slot == WAIT:
            s.declined = 1
        elif live_of(w, slot).doing != RUNNING:
            return ERR_RUNNING
        else:
            shed(w, slot)
    elif slot == WAIT:
        s.phase = CLOSING
    elif live_of(w, slot).doing == RUNNING:
        reason = why_not_suspend(w, slot)
        if reason != OK:
            return reason
        suspend(w, slot, SUSPEND)
    elif live_of(w, slot).doing == FREE:
        return ERR_WAITING
    else:
        reason = why_not_start(w, slot)
        if reason != OK:
            return reason
        start(w, slot)
    s.decisions += 1
    s.last_action = slot
    return OK


# --- §7 flows, §3.8 next instant, §8 ends -----------------------------------------------------


@rule
def set_flows(w):
    """Fix the power flows until the next instant (§3.7, §7.1, §7.2)."""
    s = env_of(w)
    light_nodes(w)
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
def battery_instant_s(w):
    """When the battery will be empty or full at the present flows (§7.4)."""
    s = env_of(w)
    if s.discharge_mw > 0:
        return s.now_s + s.content // (s.discharge_mw * s.discharge_factor)
    if s.charge_mw > 0:
        return s.now_s + (s.capacity - s.content) // (s.charge_mw * s.charge_factor)
    return NEVER_S


@rule
def next_tick_s(w):
    """The next optional tick (§3.8)."""
    s = env_of(w)
    if s.tick_s <= 0:
        return NEVER_S
    return (s.now_s // s.tick_s + 1) * s.tick_s


@rule
def next_internal_s(w):
    """Next instant that the cluster itself brings about: ends, battery, timers (§3.8)."""
    next_s = battery_instant_s(w)
    if lists.size(w, FINISH) > 0:
        next_s = min(next_s, live_of(w, entry_of(w, FINISH, ends_of(w, FINISH).first).slot).finish_s)
    if lists.size(w, TIMER) > 0:
        next_s = min(next_s, live_of(w, entry_of(w, TIMER, ends_of(w, TIMER).first).slot).timer_s)
    return next_s


@rule
def log_power(w):
    """Append the flows to the power log if anything in it has changed. Room was made sure of."""
    s = env_of(w)
    row = power_of(w, s.power_rows)
    queued = lists.size(w, QUEUE)
    running = lists.size(w, FINISH)
    battery_mw = s.charge_mw - s.discharge_mw
    if s.power_rows > 0:
        last = power_of(w, s.power_rows - 1)
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
def close_instant(w):
    """After the decisions: fix the flows, count the instant, see whether the run is complete."""
    s = env_of(w)
    set_flows(w)
    s.instants += 1
    if s.log_level > 0:
        log_power(w)
        if s.log_level > 1:
            log_event(w, INSTANT, s.instants - 1)
    if s.live == 0 and s.next_job == s.jobs_end:
        s.ended = COMPLETED_ALL


@rule
def end_run(w, ended):
    """The run is over: jobs still here are unfinished (§8.5)."""
    s = env_of(w)
    s.ended = ended
    s.phase = OVER
    for slot in range(w.live_slots):
        live = live_of(w, slot)
        if live.doing != FREE:
            if job_of(w, live.job).deadline_s <= s.now_s:
                s.violations += 1
            if live.doing == RUNNING:
                waste(w, slot, restart_seconds(w, slot))
            record(w, slot, S_UNFINISHED, 0)


@rule
def begin_shortage_or_start(w):
    """Settle the instant at hand and see what is to be decided. CLOSED: nothing yet to be said."""
    s = env_of(w)
    status = settle(w, s.wake_s)
    if status != OK:
        return status
    if s.now_s >= s.inputs_end_s or s.now_s >= s.window_end_s:
        close_instant(w)
        ended = s.ended
        if ended == NOT_ENDED:
            ended = SUPPLY_END if s.now_s >= s.inputs_end_s else WINDOW_END
        end_run(w, ended)
        return ENDED
    s.declined = 0
    s.phase = SHEDDING
    return OK


@rule
def instant(w):
    """Work on the instant `wake_s` until a decision is needed or the instant is closed.

    Returns DECIDE_SHED, DECIDE_START, CLOSED, ENDED, or what is needed first: NEED_LIVE, NEED_LOG,
    NEED_POWER (room in that array). Call again afterwards.
    """
    s = env_of(w)
    if s.phase == OVER:
        return ENDED
    if not log_room(w):
        return NEED_LOG
    if s.log_level > 0 and s.power_rows == w.power_room:
        return NEED_POWER
    if s.phase == SETTLING:
        status = begin_shortage_or_start(w)
        if status != OK:
            return status
    while s.phase == SHEDDING:
        if not overdrawn(w):
            s.phase = STARTING
        elif s.declined == 0:
            return DECIDE_SHED
        elif log_room(w):
            shed(w, forced_victim(w))
        else:
            return NEED_LOG
    if s.phase == STARTING:
        if possible(w):
            return DECIDE_START
        s.phase = CLOSING
    if s.phase == CLOSING:
        close_instant(w)
        s.phase = IDLE
        if s.ended != NOT_ENDED:
            end_run(w, s.ended)
            return ENDED
    return CLOSED


# --- the compiled clock -----------------------------------------------------------------------


@rule
def next_event_s(w):
    """When anything could happen next (§3.8); NEVER_S: nothing is left."""
    s = env_of(w)
    next_s = next_internal_s(w)
    if s.next_job < s.jobs_end:
        next_s = min(next_s, job_of(w, s.next_job).submit_s)
    if s.input_row + 1 < w.input_rows:
        next_s = min(next_s, input_of(w, s.input_row + 1).change_s)
    next_s = min(next_s, s.inputs_end_s, s.window_end_s)
    if next_s == NEVER_S:  # ticks alone do not keep a run alive (§8.4)
        return next_s
    return min(next_s, next_tick_s(w))


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
