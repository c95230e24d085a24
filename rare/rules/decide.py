"""Rules of decisions: what may start, stop or be given up, and carrying it out. RULES.md §4, compiled."""

from __future__ import annotations

import numpy as np

from rare.model import NEVER_S
from rare.rules import queue_index
from rare.rules.job_life import HUGE, UNKNOWN, change_level, shed, start, suspend
from rare.rules.limits.queue_limits import is_over_limit
from rare.rules.limits.start_reasons import (
    ERR_AGAIN,
    ERR_LEVEL,
    ERR_POWER,
    ERR_RIGID,
    ERR_RUNNING,
    ERR_VOLUNTARY,
    ERR_WAITING,
    OK,
    fits_resources,
    why_no_room,
)
from rare.rules.orders import FCFS
from rare.rules.power_balance import content_to_serve, fits_power, node_increase_mw
from rare.rules.progress.level_changes import (
    least_need_at_levels_mw,
    possible_change_of_level,
    raise_barred_only_now,
    why_not_raise,
    why_not_slow,
)
from rare.rules.progress.pace import level_of, levels_of, power_at_mw
from rare.state import live_lists
from rare.state.arrays import (
    CLOSING,
    FINISH,
    HANDLE,
    QUEUE,
    QUEUED,
    RUNNING,
    SHEDDING,
    SUSPEND,
    SUSPENDED,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    live_of,
    part_of,
)
from rare.state.compile import rule, shared_rule
from rare.state.decisions import FULL, RAISE, SLOW, slot_of_decision, what_of_decision
from rare.state.index_arrays import leaf_of

WALK = 32  # jobs looked at before an index is asked, which costs as much


@rule
def overdrawn(w):
    """Whether the jobs and their nodes draw more than can be served (§4.1)."""
    s = env_of(w)
    return s.active_mw + s.node_mw > s.cap_mw


@rule
def least_need_mw(w, above_mw):
    """Least IT power that a waiting job adds, of those that have room and add more than `above_mw`.

    HUGE: there is none.
    """
    least_mw = HUGE
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        live = live_of(w, slot)
        if live.power_mw >= least_mw or live.most_mw <= above_mw:
            continue
        if why_no_room(w, slot) == OK:
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
    if w.speed_levels > 1:
        need_mw = least_need_at_levels_mw(w, spare_mw)
    else:
        if s.need_mw == UNKNOWN:
            s.need_mw = least_need_mw(w, -HUGE)
        need_mw = s.need_mw if s.need_mw > spare_mw else least_need_mw(w, spare_mw)
    if need_mw == HUGE:
        return NEVER_S
    it_mw = s.active_mw + s.node_mw + need_mw
    draw_mw = (it_mw * s.pue + 999) // 1000
    if w.event_rows > 0 and draw_mw > s.start_limit_mw:
        return NEVER_S
    content = content_to_serve(w, draw_mw, s.min_battery_s)
    if content > s.capacity:
        return NEVER_S
    first_s = s.now_s + (content - s.content + per_second - 1) // per_second
    full_s = s.now_s + (s.capacity - s.content) // per_second
    return first_s if first_s <= full_s else NEVER_S


@rule
def has_power(w, slot):
    """Whether the power for this waiting job can be had now, at its lowest speed (§4.2a, §11.3)."""
    s = env_of(w)
    spare_mw = s.start_cap_mw - s.active_mw - s.node_mw
    if w.speed_levels > 1:
        return has_power_at(w, slot, levels_of(w, slot) - 1)
    return fits_power(w, live_of(w, slot), spare_mw)


@rule
def has_power_at(w, slot, level):
    """Whether the power for this waiting job can be had now at a speed level (§11.3)."""
    s = env_of(w)
    spare_mw = s.start_cap_mw - s.active_mw - s.node_mw
    return power_at_mw(w, slot, level) + node_increase_mw(w, slot) <= spare_mw


@rule
def fastest_level(w, slot):
    """The fastest level at which this waiting job may start now; WAIT: at none (§11.3)."""
    if w.speed_levels <= 1:
        return 0 if why_not_start(w, slot) == OK else WAIT
    if why_not_start(w, slot) != OK:
        return WAIT
    for level in range(levels_of(w, slot)):
        if has_power_at(w, slot, level):
            return level
    return WAIT


@rule
def barred_only_now(w):
    """Whether a job that stopped at this instant could start but for §4.3, so that the next second counts."""
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        live = live_of(w, slot)
        fits = why_no_room(w, slot) == OK
        if fits and live.changed_s == env_of(w).now_s and has_power(w, slot):
            return True
    return w.speed_levels > 1 and raise_barred_only_now(w)


@rule
def why_not_start(w, slot):
    """OK if this waiting job may start or resume now, at its lowest speed at least, else the first reason
    against it (§4.2a, §4.3, §11.3, §15.2)."""
    s = env_of(w)
    live = live_of(w, slot)
    reason = why_no_room(w, slot)
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
            slot = leaf_of(w, job).slot
            live = live_of(w, slot)
            fits = fits_resources(live, part) == OK and fits_power(w, live, spare_mw)
            if fits and live.changed_s != s.now_s and not is_over_limit(w, slot):
                note_startable(w, spare_mw)
                s.startable_at = 0  # where in the queue is not known
                return True
            job += 1
    return False


@rule
def possible_start_at_levels(w):
    """Whether any waiting job may start or resume now, at its lowest speed at least."""
    s = env_of(w)
    first = ends_of(w, QUEUE).first
    for i in range(first, ends_of(w, QUEUE).last):
        if why_not_start(w, entry_of(w, QUEUE, i).slot) == OK:
            s.startable_at = i - first
            return True
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
    if w.speed_levels > 1:
        return possible_start_at_levels(w)
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
        if why_no_room(w, slot) != OK:
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
    if w.speed_levels > 1 and possible_change_of_level(w):
        return True
    if env_of(w).voluntary:
        for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
            if why_not_suspend(w, entry_of(w, FINISH, i).slot) == OK:
                return True
    return False


@rule
def apply_to_running(w, slot, what):
    """Suspend a running job by choice, or change its level. OK, or why it is refused (§4.4)."""
    if what == FULL:
        reason = why_not_suspend(w, slot)
        if reason == OK:
            suspend(w, slot, SUSPEND)
        return reason
    if what != SLOW and what != RAISE:
        return ERR_WAITING
    reason = why_not_slow(w, slot) if what == SLOW else why_not_raise(w, slot)
    if reason == OK:
        change_level(w, slot, level_of(w, slot) + (1 if what == SLOW else -1))
    return reason


@rule
def apply_in_shortage(w, slot, what):
    """Give up or slow a running job. OK, or why it is refused (§4.1, §11.4)."""
    if live_of(w, slot).doing != RUNNING or (what != FULL and what != SLOW):
        return ERR_RUNNING
    if what == FULL:
        shed(w, slot)
        return OK
    reason = why_not_slow(w, slot)
    if reason == OK:
        change_level(w, slot, level_of(w, slot) + 1)
    return reason


@shared_rule(HANDLE, np.dtype(np.int64))
def apply(w, code):
    """Carry out a decision (rare.state.decisions), or WAIT (§4). OK, or why it is refused (§4.4)."""
    s = env_of(w)
    if code == WAIT:
        if s.phase == SHEDDING:
            s.declined = 1
        else:
            s.phase = CLOSING
        s.decisions += 1
        s.last_action = WAIT
        return OK
    slot = slot_of_decision(code)
    what = what_of_decision(code)
    reason = OK
    if s.phase == SHEDDING:
        reason = apply_in_shortage(w, slot, what)
    elif live_of(w, slot).doing == RUNNING:
        reason = apply_to_running(w, slot, what)
    elif live_of(w, slot).doing != QUEUED and live_of(w, slot).doing != SUSPENDED:
        return ERR_WAITING
    elif what != FULL and what >= levels_of(w, slot):
        return ERR_LEVEL
    else:
        reason = why_not_start(w, slot)
        if reason == OK and w.speed_levels > 1 and not has_power_at(w, slot, what):
            reason = ERR_POWER
        if reason == OK:
            start(w, slot, what)
    if reason != OK:
        return reason
    s.decisions += 1
    s.last_action = slot
    return OK
