"""The rules of the simulation, compiled. RULES.md in the same folder says them in words; § is there.

Every function takes `w`, the handle of one environment (state.HANDLE), and reaches its state through
`env_of(w)`, `live_of(w, slot)` and so on. Clocks decide *when* something is settled, these functions
*what* happens. Start reading at `settle`.
"""

from __future__ import annotations

from rare import index, lists
from rare.compile import rule
from rare.model import NEVER_S
from rare.orders import FCFS, allowance_s
from rare.outlook import next_issue_s
from rare.rules_jobs import (
    ERR_AGAIN,
    ERR_POWER,
    ERR_RIGID,
    ERR_RUNNING,
    ERR_VOLUNTARY,
    ERR_WAITING,
    HUGE,
    OK,
    UNKNOWN,
    count_slowdown,
    enqueue,
    expire,
    finish,
    fits_resources,
    log_event,
    log_room,
    record,
    restart_seconds,
    set_timer,
    shed,
    start,
    suspend,
    waste,
)
from rare.rules_power import (
    account,
    battery_instant_s,
    content_to_serve,
    fits_power,
    node_increase_mw,
    nodes_alone_mw,
    set_capacity,
    set_flows,
)
from rare.state import (
    CLOSED,
    CLOSING,
    COMPLETED_ALL,
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    FINISH,
    FREE,
    IDLE,
    INSTANT,
    NEED_LIVE,
    NEED_LOG,
    NEED_POWER,
    NO_TIME,
    NOT_ENDED,
    OVER,
    QUEUE,
    QUEUED,
    REJECT,
    RUNNING,
    S_REJECTED,
    S_UNFINISHED,
    SETTLING,
    SHEDDING,
    STARTING,
    SUBMIT,
    SUPPLY_END,
    SUSPEND,
    TIMER,
    WAIT,
    WINDOW_END,
    ends_of,
    entry_of,
    env_of,
    job_of,
    leaf_of,
    live_of,
    outcome_of,
    part_of,
    power_of,
)

# --- §3.2 to §3.5 --------------------------------------------------------------------------------


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
    live.most_mw = job.power_mw + nodes_alone_mw(part_of(w, job.part), job)
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


WALK = 32  # jobs looked at before an index is asked, which costs as much

# --- §4 decisions --------------------------------------------------------------------------------


@rule
def overdrawn(w):
    """Whether the jobs and their nodes draw more than can be served (§4.1)."""
    s = env_of(w)
    return s.active_mw + s.node_mw > s.cap_mw


@rule
def least_need_mw(w, above_mw):
    """Least IT power that a waiting job adds, of those whose cores, GPUs and memory are free and that add
    more than `above_mw`; HUGE: there is none."""
    least_mw = HUGE
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        live = live_of(w, slot)
        if live.power_mw >= least_mw or live.most_mw <= above_mw:
            continue
        if fits_resources(live, part_of(w, live.part)) == OK:
            need_mw = live.power_mw + node_increase_mw(w, slot)
            if need_mw > above_mw:
                least_mw = min(least_mw, need_mw)
    return least_mw


@rule
def charged_enough_s(w):
    """When the rising content of the battery first lets a waiting job start that it now does not (§3.8).

    Without this instant, it would depend on unrelated events when such a job starts.
    """
    s = env_of(w)
    if s.charge_mw == 0 or s.discharge_limit_mw == 0:
        return NEVER_S
    per_second = s.charge_mw * s.charge_factor - s.leak_rate
    if per_second <= 0:
        return NEVER_S
    # of the jobs for which there is too little power (§2.6), the one that needs least is served first
    spare_mw = s.start_cap_mw - s.active_mw - s.node_mw
    if s.need_mw == UNKNOWN:
        s.need_mw = least_need_mw(w, -HUGE)
    need_mw = s.need_mw if s.need_mw > spare_mw else least_need_mw(w, spare_mw)
    if need_mw == HUGE:
        return NEVER_S
    it_mw = s.active_mw + s.node_mw + need_mw
    content = content_to_serve(w, (it_mw * s.pue + 999) // 1000, s.min_battery_s)
    if content > s.capacity:
        return NEVER_S
    first_s = s.now_s + (content - s.content + per_second - 1) // per_second
    full_s = s.now_s + (s.capacity - s.content) // per_second
    return first_s if first_s <= full_s else NEVER_S


@rule
def has_power(w, slot):
    """Whether the power for this waiting job can be had now (§4.2a)."""
    s = env_of(w)
    return fits_power(w, live_of(w, slot), s.start_cap_mw - s.active_mw - s.node_mw)


@rule
def barred_only_now(w):
    """Whether a job that stopped at this instant could start but for §4.3, so that the next second counts."""
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        live = live_of(w, slot)
        fits = fits_resources(live, part_of(w, live.part)) == OK
        if fits and live.changed_s == env_of(w).now_s and has_power(w, slot):
            return True
    return False


@rule
def why_not_start(w, slot):
    """OK if this waiting job may start or resume now, else the first reason against it (§4.2a, §4.3)."""
    s = env_of(w)
    live = live_of(w, slot)
    reason = fits_resources(live, part_of(w, live.part))
    if reason != OK:
        return reason
    if live.changed_s == s.now_s:
        return ERR_AGAIN
    return OK if has_power(w, slot) else ERR_POWER


@rule
def note_startable(w, spare_mw):
    """Note that a job could start; where arrivals queue at the end, it stays the first that could.

    It does until a job starts, stops or departs, or the power to spare changes.
    """
    s = env_of(w)
    if s.order == FCFS:
        s.found_changes = s.changes
        s.found_mw = spare_mw


@rule
def later_start(w, first, spare_mw):
    """Whether any waiting job may start now, from this job of the workload on, by the index."""
    s = env_of(w)
    for p in range(w.partitions):
        part = part_of(w, p)
        job = first
        while True:
            job = index.next_fit(w, p, job, index.free_size(part), spare_mw, 0, index.TOP)
            if job == index.NOBODY:
                break
            live = live_of(w, leaf_of(w, job).slot)
            fits = fits_resources(live, part) == OK and fits_power(w, live, spare_mw)
            if fits and live.changed_s != s.now_s:
                note_startable(w, spare_mw)
                s.startable_at = 0  # where in the queue is not known
                return True
            job += 1
    return False


@rule
def possible_start(w):
    """Whether any waiting job may start or resume now.

    Bounds over the queue answer most calls at once: lower bounds of cores and power, tightened when a
    whole walk found nothing, and the least power that a start needs while no resource has been taken or
    given back since then.
    """
    s = env_of(w)
    count = lists.size(w, QUEUE)
    if count == 0:
        return False
    spare_mw = s.start_cap_mw - s.active_mw - s.node_mw
    if s.found_changes == s.changes and s.found_mw == spare_mw:
        s.startable_at = 0  # others before it may have been barred by §4.3 when it was found
        return True
    if s.need_mw > spare_mw or s.least_mw > spare_mw:
        return False
    most = 0
    for p in range(w.partitions):
        most = max(most, part_of(w, p).free_cores)
    if most < s.least_cores:
        return False
    first = ends_of(w, QUEUE).first
    least_cores = HUGE
    least_mw = HUGE
    need_mw = HUGE
    for i in range(first, first + count):
        slot = entry_of(w, QUEUE, i).slot
        live = live_of(w, slot)
        if i == first + WALK and index.is_kept(w):
            return later_start(w, live.job, spare_mw)
        least_cores = min(least_cores, live.cores)
        least_mw = min(least_mw, live.power_mw)
        if fits_resources(live, part_of(w, live.part)) != OK:
            continue
        if live.changed_s != s.now_s and fits_power(w, live, spare_mw):
            note_startable(w, spare_mw)
            s.startable_at = i - first
            s.walked += i - first
            return True
        if live.power_mw < need_mw:
            need_mw = min(need_mw, live.power_mw + node_increase_mw(w, slot))
    s.walked += count
    s.least_cores = least_cores
    s.least_mw = least_mw
    s.need_mw = need_mw
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


# --- §7 flows, §3.8 next instant, §8 ends --------------------------------------------------------


@rule
def next_tick_s(w):
    """The next optional tick (§3.8)."""
    s = env_of(w)
    if s.tick_s <= 0:
        return NEVER_S
    return (s.now_s // s.tick_s + 1) * s.tick_s


@rule
def cycles_alone(w):
    """Whether the battery fills and leaks for its own sake: no job runs that could notice (§8.4)."""
    return env_of(w).leak > 0 and lists.size(w, FINISH) == 0


@rule
def next_idle_s(w):
    """Next instant that does not keep a run alive: of a tick, or of a battery that cycles alone (§8.4)."""
    next_s = next_tick_s(w)
    return min(next_s, battery_instant_s(w)) if cycles_alone(w) else next_s


@rule
def next_internal_s(w):
    """Next instant that the cluster itself brings about: ends, battery, timers (§3.8)."""
    s = env_of(w)
    if s.stopped_s == s.now_s and barred_only_now(w):
        return s.now_s + 1
    next_s = min(charged_enough_s(w), next_issue_s(w))
    if not cycles_alone(w):
        next_s = min(next_s, battery_instant_s(w))
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
            count_slowdown(w, job_of(w, live.job))
            if job_of(w, live.job).deadline_s <= s.now_s:
                s.violations += 1
            if live.doing == RUNNING:
                waste(w, slot, restart_seconds(w, slot))
            record(w, slot, S_UNFINISHED, 0)


@rule
def inputs_differ(w):
    """Whether an input staged for this second differs from the one in force."""
    s = env_of(w)
    return (
        s.new_supply_mw != s.supply_mw
        or s.new_import_mw != s.import_mw
        or s.new_price_u != s.price_u
        or s.new_carbon_u != s.carbon_u
        or s.new_pue != s.pue
    )


@rule
def due(w):
    """Whether `wake_s` is an instant (§3.8). At any other second a wake changes nothing."""
    s = env_of(w)
    if s.wake_s >= min(s.due_s, s.idle_s, s.inputs_end_s, s.window_end_s):
        return True
    if s.next_job < s.jobs_end and job_of(w, s.next_job).submit_s <= s.wake_s:
        return True
    return inputs_differ(w)


@rule
def begin_shortage_or_start(w):
    """Settle the instant at hand and see what is to be decided. CLOSED: it is none, or nothing is left."""
    s = env_of(w)
    if not due(w):
        account(w, s.wake_s)
        s.phase = IDLE
        return CLOSED
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
    s.pass_s = -NEVER_S  # what a scheduler's pass remembered of this second is stale
    s.keyed_s = -NEVER_S
    s.outlook_s = -NEVER_S
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
        s.due_s = next_internal_s(w)
        s.idle_s = next_idle_s(w)
    return CLOSED
