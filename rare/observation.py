"""Observations: what the state looks like to a policy, written by compiled code. layout.py names it all.

Only what a scheduler could know goes in: estimates, never the true work; forecasts, never the future.
"""

from __future__ import annotations

import math

import numpy as np

from rare import lists
from rare.compile import rule
from rare.memory import accessor
from rare.model import NEVER_S
from rare.orders import estimate_left_s, worth_at
from rare.outlook import forecast_row, issue_now, outlook_steps, present_step, rate_ahead, supply_ahead_mw
from rare.rules import OK, why_not_start, why_not_suspend
from rare.state import (
    FINISH,
    QUEUE,
    SHEDDING,
    SUSPENDED,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    forecast_of,
    job_of,
    live_of,
    part_of,
)

HOUR_S = 3600.0
DAY_S = 86400.0

VIEW = np.dtype(
    [
        ("queue_slots", "i8"), ("running_slots", "i8"), ("forecast_hours", "i8"), ("local_offset_s", "i8"),
        ("peak_mw", "f8"), ("cores", "f8"), ("gpus_milli", "f8"), ("nodes", "f8"),
        ("at_static", "i8"), ("at_slots", "i8"), ("slots_row", "i8"),
    ],
    align=True,
)  # fmt: skip
"""How an environment is looked at: sizes, scales, and where the tables below are."""
STATIC = np.dtype([("cores", "f4"), ("gpus", "f4"), ("memory", "f4"), ("power", "f4"), ("density", "f4")])
"""What of a job never changes, computed once: a table beside the workload."""
SLOT = np.dtype([("slot", "i4")])
"""Which live job each action means: queue slots, then running slots; WAIT: nobody."""

static_at = accessor(STATIC)
slot_at = accessor(SLOT)


@rule
def squash(x, half):
    """x / (x + half) for x >= 0, else x / (half - x): in (-1, 1), 1/2 at `half`."""
    return x / (abs(x) + half)


@rule
def wanted(w, slot):
    """Value still attainable per core-second, the order of the slots; by submit where there is no value."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    left_s = estimate_left_s(job, live.left_s)
    width = max(float(live.cores), live.gpus_milli / 1000.0)
    return worth_at(job, s.now_s + left_s) / (width * max(left_s, 1))


@rule
def choose_slots(w, v, e):
    """Which waiting and running jobs are visible: all, or the most wanted, in the queue's order."""
    base = e * v.slots_row
    first = ends_of(w, QUEUE).first
    count = lists.size(w, QUEUE)
    if count <= v.queue_slots:
        for i in range(count):
            slot_at(v.at_slots, base + i).slot = entry_of(w, QUEUE, first + i).slot
        shown = count
    else:
        shown = most_wanted(w, v, base, first, count)
    for i in range(shown, v.queue_slots):
        slot_at(v.at_slots, base + i).slot = WAIT
    first = ends_of(w, FINISH).first
    running = min(lists.size(w, FINISH), v.running_slots)
    base += v.queue_slots
    for i in range(running):
        slot_at(v.at_slots, base + i).slot = entry_of(w, FINISH, first + i).slot
    for i in range(running, v.running_slots):
        slot_at(v.at_slots, base + i).slot = WAIT


@rule
def most_wanted(w, v, base, first, count):
    """Keep the K most wanted of a long queue, in the queue's order; of equals the first. Their number.

    The threshold is found by halving over wishes computed once, which needs no scratch memory.
    """
    low = -1.0
    high = 0.0
    for i in range(count):
        slot = entry_of(w, QUEUE, first + i).slot
        wish = wanted(w, slot)
        live_of(w, slot).wish = wish
        high = max(high, wish)
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = 0
        for i in range(count):
            above += live_of(w, entry_of(w, QUEUE, first + i).slot).wish > middle
        if above > v.queue_slots:
            low = middle
        else:
            high = middle
    above = 0
    for i in range(count):
        above += live_of(w, entry_of(w, QUEUE, first + i).slot).wish > high
    room = v.queue_slots - above  # for those at the threshold
    shown = 0
    for i in range(count):
        slot = entry_of(w, QUEUE, first + i).slot
        wish = live_of(w, slot).wish
        if wish > high or (room > 0 and wish > low):
            room -= wish <= high
            slot_at(v.at_slots, base + shown).slot = slot
            shown += 1
    return shown


@rule
def write_mask(w, v, e, mask, obs):
    """Which actions are valid, into `mask` and the head of `obs`; returns their number."""
    s = env_of(w)
    base = e * v.slots_row
    mask[0] = True
    obs[0] = 1.0
    valid = 1
    for i in range(v.queue_slots):
        slot = slot_at(v.at_slots, base + i).slot
        may = slot != WAIT and s.phase != SHEDDING and why_not_start(w, slot) == OK
        mask[1 + i] = may
        obs[1 + i] = 1.0 if may else 0.0
        valid += may
    base += v.queue_slots
    at = 1 + v.queue_slots
    for i in range(v.running_slots):
        slot = slot_at(v.at_slots, base + i).slot
        may = slot != WAIT and (s.phase == SHEDDING or why_not_suspend(w, slot) == OK)
        mask[at + i] = may
        obs[at + i] = 1.0 if may else 0.0
        valid += may
    return valid


@rule
def write_queue(w, v, e, mask, obs, at):
    """The queue slots' features; returns the place behind them."""
    s = env_of(w)
    base = e * v.slots_row
    for i in range(v.queue_slots):
        slot = slot_at(v.at_slots, base + i).slot
        if slot == WAIT:
            if obs[at] != 0.0:
                for k in range(13):
                    obs[at + k] = 0.0
            at += 13
            continue
        live = live_of(w, slot)
        job = job_of(w, live.job)
        fixed = static_at(v.at_static, live.job)
        left_s = estimate_left_s(job, live.left_s)
        obs[at] = 1.0
        obs[at + 1] = fixed.cores
        obs[at + 2] = fixed.gpus
        obs[at + 3] = fixed.memory
        obs[at + 4] = fixed.power
        obs[at + 5] = fixed.density
        obs[at + 6] = live.preemptible
        obs[at + 7] = 1.0 if live.doing == SUSPENDED else 0.0
        obs[at + 8] = left_s / (left_s + HOUR_S)
        waited_s = s.now_s - job.submit_s
        obs[at + 9] = waited_s / (waited_s + HOUR_S)
        obs[at + 10] = 1.0
        if job.deadline_s != NEVER_S:
            obs[at + 10] = squash(float(job.deadline_s - left_s - s.now_s), HOUR_S)
        obs[at + 11] = 0.0
        if job.value_u > 0:
            obs[at + 11] = worth_at(job, s.now_s + left_s) / job.value_u
        obs[at + 12] = 1.0 if mask[1 + i] else 0.0
        at += 13
    return at


@rule
def write_running(w, v, e, mask, obs, at):
    """The running slots' features; returns the place behind them."""
    s = env_of(w)
    base = e * v.slots_row + v.queue_slots
    for i in range(v.running_slots):
        slot = slot_at(v.at_slots, base + i).slot
        if slot == WAIT:
            if obs[at] != 0.0:
                for k in range(9):
                    obs[at + k] = 0.0
            at += 9
            continue
        live = live_of(w, slot)
        job = job_of(w, live.job)
        fixed = static_at(v.at_static, live.job)
        left_s = max(live.expected_s - s.now_s, 0)
        ran_s = s.now_s - live.resumed_s
        obs[at] = 1.0
        obs[at + 1] = fixed.cores
        obs[at + 2] = fixed.power
        obs[at + 3] = fixed.density
        obs[at + 4] = live.preemptible
        obs[at + 5] = left_s / (left_s + HOUR_S)
        obs[at + 6] = ran_s / (ran_s + HOUR_S)
        obs[at + 7] = 1.0
        if job.deadline_s != NEVER_S:
            obs[at + 7] = squash(float(job.deadline_s - s.now_s - left_s), HOUR_S)
        obs[at + 8] = 1.0 if mask[1 + v.queue_slots + i] else 0.0
        at += 9
    return at


@rule
def write_cluster(w, v, obs, at):
    """What concerns everybody; returns the place behind it."""
    s = env_of(w)
    free_cores = 0
    free_gpus = 0
    nodes_used = 0
    for p in range(w.partitions):
        part = part_of(w, p)
        free_cores += part.free_cores
        free_gpus += part.free_gpus_milli
        nodes_used += part.nodes_used
    busy_mw = s.active_mw + s.node_mw
    hour = 2.0 * math.pi * ((s.now_s + v.local_offset_s) % 86400) / DAY_S
    obs[at] = 1.0 if s.phase == SHEDDING else 0.0
    obs[at + 1] = free_cores / v.cores
    obs[at + 2] = free_gpus / v.gpus_milli
    obs[at + 3] = nodes_used / v.nodes
    obs[at + 4] = squash(busy_mw / v.peak_mw, 1.0)
    obs[at + 5] = squash(s.supply_mw / v.peak_mw, 1.0)
    obs[at + 6] = squash((s.start_cap_mw - busy_mw) / v.peak_mw, 1.0)
    obs[at + 7] = squash(s.import_mw / v.peak_mw, 1.0)
    obs[at + 8] = s.content / max(s.capacity, 1)
    obs[at + 9] = squash(s.price_u * 1e-6, 0.1)
    obs[at + 10] = squash(s.carbon_u * 1e-3, 400.0)
    obs[at + 11] = min(s.pue * 1e-3 - 1.0, 1.0)
    obs[at + 12] = squash(float(lists.size(w, QUEUE)), float(v.queue_slots))
    obs[at + 13] = squash(float(lists.size(w, FINISH)), v.running_slots + 1.0)
    obs[at + 14] = math.sin(hour)
    obs[at + 15] = math.cos(hour)
    end_s = min(s.window_end_s, s.inputs_end_s)
    obs[at + 16] = 1.0
    if end_s != NEVER_S:
        obs[at + 16] = squash(float(max(end_s - s.now_s, 0)), DAY_S)
    return at + 17


@rule
def write_forecast(w, v, obs, at):
    """The outlook hour by hour from the next step on; what lies beyond it repeats its last step."""
    s = env_of(w)
    issue = issue_now(w)
    step_now = present_step(w)
    if issue >= 0 and issue == s.shown_issue and step_now == s.shown_step:
        return at + 5 * v.forecast_hours  # as the last observation has it
    s.shown_issue = issue
    s.shown_step = step_now
    steps = outlook_steps(w)
    for hour in range(v.forecast_hours):
        step = min(hour + 1, steps - 1)
        supply_mw = supply_ahead_mw(w, step)
        low_mw = supply_mw
        high_mw = supply_mw
        if step > 0:
            row = forecast_of(w, forecast_row(w, step))
            low_mw = row.low_mw
            high_mw = row.high_mw
        obs[at] = squash(supply_mw / v.peak_mw, 1.0)
        obs[at + 1] = squash(low_mw / v.peak_mw, 1.0)
        obs[at + 2] = squash(high_mw / v.peak_mw, 1.0)
        obs[at + 3] = squash(rate_ahead(w, step, False) * 1e-6, 0.1)
        obs[at + 4] = squash(rate_ahead(w, step, True) * 1e-3, 400.0)
        at += 5
    return at
