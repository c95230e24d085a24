"""Rules of decisions: what may start, stop or be given up, and carrying it out. RULES.md §4, compiled."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules import queue_index
from rare.rules.job_life import (
    ERR_AGAIN,
    ERR_POWER,
    ERR_RIGID,
    ERR_RUNNING,
    ERR_VOLUNTARY,
    ERR_WAITING,
    HUGE,
    OK,
    UNKNOWN,
    fits_resources,
    shed,
    start,
    suspend,
)
from rare.rules.orders import FCFS
from rare.rules.power_balance import content_to_serve, fits_power, node_increase_mw
from rare.state import live_lists
from rare.state.arrays import (
    CLOSING,
    FINISH,
    FREE,
    QUEUE,
    RUNNING,
    SHEDDING,
    SUSPEND,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    leaf_of,
    live_of,
    part_of,
)
from rare.state.compile import rule

WALK = 32  # jobs looked at before an index is asked, which costs as much


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
            job = queue_index.next_fit(w, p, job, queue_index.free_size(part), spare_mw, 0, queue_index.TOP)
            if job == queue_index.NOBODY:
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
    count = live_lists.size(w, QUEUE)
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
        if i == first + WALK and queue_index.is_kept(w):
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
