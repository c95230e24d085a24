"""Observations: what the state looks like to a policy, written by compiled code. layout.py names it all.

Only what a scheduler could know goes in: estimates, never the true work; forecasts, never the future.
Most of the time goes into touching memory, so only what has changed is written again
(docs/reference/compiled-clock.md); rows of waiting jobs are kept by queue_rows.py.
"""

from __future__ import annotations

import math

import numpy as np

from rare.env.observation import layout
from rare.env.observation.buffers import VIEW, count_in, memory_of, number_at, set_flag, slot_at
from rare.env.observation.event_features import look_at_events
from rare.env.observation.level_features import look_at_levels
from rare.env.observation.mask import withhold
from rare.env.observation.price_features import look_at_cost, look_at_job_prices
from rare.env.observation.queue_rows import QUEUE_FEATURES, keep_rows, mark_startable
from rare.env.observation.scaling import by_hour, clear, squash
from rare.env.observation.visible_jobs import card_of, most_wanted, sort_by_submit
from rare.model import NEVER_S
from rare.rules.decide import OK, why_not_suspend
from rare.rules.orders import FCFS
from rare.rules.outlook import forecast_row, issue_now, outlook_steps, present_step
from rare.state import live_lists
from rare.state.arrays import (
    EXPECTED,
    HANDLE,
    QUEUE,
    SHEDDING,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
    part_of,
)
from rare.state.compile import rule, shared_rule
from traces.numbers.constants import DAY_S

RUNNING_FEATURES = len(layout.RUNNING)
CLUSTER_FEATURES, HOUR_FEATURES = len(layout.CLUSTER), len(layout.FORECAST)
# where each number lies in its block; the import fails unless these are the layout's features
(
    RUN_PRESENT, RUN_CORES, RUN_POWER, RUN_DENSITY, RUN_PREEMPTIBLE, RUN_LEFT, RUN_RAN, RUN_SLACK,
    RUN_MAY_STOP,
) = layout.places(
    "running", "present", "cores", "power", "density", "preemptible", "left", "ran", "slack", "may_stop",
)  # fmt: skip
(
    SHORTAGE, FREE_CORES, FREE_GPUS, NODES_USED, JOBS_POWER, SUPPLY, SPARE, IMPORT_LIMIT, BATTERY, PRICE,
    CARBON, PUE, QUEUED_JOBS, RUNNING_JOBS, HOUR_SIN, HOUR_COS, TIME_LEFT,
) = layout.places(
    "cluster", "shortage", "free_cores", "free_gpus", "nodes_used", "jobs_power", "supply", "spare",
    "import_limit", "battery", "price", "carbon", "pue", "queued", "running", "hour_sin", "hour_cos",
    "time_left",
)  # fmt: skip
HOUR_SUPPLY, HOUR_SUPPLY_LOW, HOUR_SUPPLY_HIGH, HOUR_PRICE, HOUR_CARBON = layout.places(
    "forecast", "supply", "supply_low", "supply_high", "price", "carbon"
)


@rule
def look_at_queue(w, v):
    """Slots, mask and features of the waiting jobs; how many of them may start.

    Always in the order of submits: in what order a heuristic keeps the queue is not to be seen, so that
    the same decisions look the same whoever makes them.
    """
    s = env_of(w)
    first = ends_of(w, QUEUE).first
    count = live_lists.size(w, QUEUE)
    shown = min(count, v.queue_slots)
    chosen = count > shown or s.order != FCFS
    if count > shown:
        shown = most_wanted(w, v, first, count)
    elif chosen:
        for i in range(count):
            slot_at(v.at_slots, i).slot = entry_of(w, QUEUE, first + i).slot
    if s.order != FCFS:
        sort_by_submit(w, v, shown)
    wanted = memory_of(v).at_wanted
    for i in range(shown):
        if chosen:
            count_in(wanted, i).x = live_of(w, slot_at(v.at_slots, i).slot).job
        else:
            entry = entry_of(w, QUEUE, first + i)
            slot_at(v.at_slots, i).slot = entry.slot
            count_in(wanted, i).x = entry.job
    keep_rows(w, v, shown)
    startable_at = shown if s.phase == SHEDDING else 0 if chosen else s.startable_at
    valid = mark_startable(w, v, shown, startable_at)
    if v.shown_queue > shown:
        for i in range(shown, v.shown_queue):
            set_flag(v, 1 + i, False)
        clear(v, v.queue_at + shown * QUEUE_FEATURES, (v.shown_queue - shown) * QUEUE_FEATURES)
    v.shown_queue = shown
    return valid


@rule
def show_running(w, v, slot, at, may):
    """The features of a running job, from place `at` on."""
    obs = v.at_obs
    now_s = env_of(w).now_s
    card = card_of(w, v, slot)
    live = live_of(w, slot)
    left_s = max(live.expected_s - now_s, 0)
    slack = np.float32(1.0)
    if card.latest_s != NEVER_S:
        deadline_s = card.latest_s + live.expected_s - live.progress_s
        if w.pace_rows > 0:  # its latest start is by the full speed, its expected end by its level
            deadline_s = job_of(w, live.job).deadline_s
        slack = by_hour(deadline_s - now_s - left_s)
    ran_s = now_s - live.resumed_s
    number_at(obs, at + RUN_PRESENT).x = 1.0
    number_at(obs, at + RUN_CORES).x = card.cores
    number_at(obs, at + RUN_POWER).x = card.power
    number_at(obs, at + RUN_DENSITY).x = card.density
    number_at(obs, at + RUN_PREEMPTIBLE).x = card.preemptible
    number_at(obs, at + RUN_LEFT).x = by_hour(left_s)
    number_at(obs, at + RUN_RAN).x = by_hour(ran_s)
    number_at(obs, at + RUN_SLACK).x = slack
    number_at(obs, at + RUN_MAY_STOP).x = may


@rule
def look_at_running(w, v):
    """Slots, mask and features of the running jobs, by their expected end; how many may be given up.

    Never by their true end, which would give the run times away.
    """
    shedding = env_of(w).phase == SHEDDING
    first = ends_of(w, EXPECTED).first
    shown = min(live_lists.size(w, EXPECTED), v.running_slots)
    action = 1 + v.queue_slots
    at = v.running_at
    valid = 0
    for i in range(shown):
        slot = entry_of(w, EXPECTED, first + i).slot
        slot_at(v.at_slots, v.queue_slots + i).slot = slot
        may = shedding or why_not_suspend(w, slot) == OK
        valid += may
        set_flag(v, action + i, may)
        show_running(w, v, slot, at, may)
        at += RUNNING_FEATURES
    for i in range(shown, v.shown_running):
        set_flag(v, action + i, False)
    if v.shown_running > shown:
        clear(v, at, (v.shown_running - shown) * RUNNING_FEATURES)
    v.shown_running = shown
    return valid


@rule
def look_at_cluster(w, v, at):
    """What concerns everybody, from place `at` on."""
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
    number_at(v.at_obs, at + SHORTAGE).x = 1.0 if s.phase == SHEDDING else 0.0
    number_at(v.at_obs, at + FREE_CORES).x = free_cores / v.cores
    number_at(v.at_obs, at + FREE_GPUS).x = free_gpus / v.gpus_milli
    number_at(v.at_obs, at + NODES_USED).x = nodes_used / v.nodes
    number_at(v.at_obs, at + JOBS_POWER).x = squash(busy_mw / v.peak_mw, 1.0)
    number_at(v.at_obs, at + SPARE).x = squash((s.start_cap_mw - busy_mw) / v.peak_mw, 1.0)
    number_at(v.at_obs, at + QUEUED_JOBS).x = squash(float(live_lists.size(w, QUEUE)), 64.0)
    number_at(v.at_obs, at + RUNNING_JOBS).x = squash(float(live_lists.size(w, EXPECTED)), 16.0)
    if v.shown_s == s.now_s:
        return
    v.shown_s = s.now_s
    hour = 2.0 * math.pi * ((s.now_s + v.local_offset_s) % DAY_S) / DAY_S
    number_at(v.at_obs, at + SUPPLY).x = squash(s.supply_mw / v.peak_mw, 1.0)
    number_at(v.at_obs, at + IMPORT_LIMIT).x = squash(s.import_mw / v.peak_mw, 1.0)
    number_at(v.at_obs, at + BATTERY).x = s.content / max(s.capacity, 1)
    number_at(v.at_obs, at + PRICE).x = squash(s.price_u * 1e-6 * v.price_scale, 0.1)
    number_at(v.at_obs, at + CARBON).x = squash(s.carbon_u * 1e-3 * v.carbon_scale, 400.0)
    number_at(v.at_obs, at + PUE).x = min(s.pue * 1e-3 - 1.0, 1.0)
    number_at(v.at_obs, at + HOUR_SIN).x = math.sin(hour)
    number_at(v.at_obs, at + HOUR_COS).x = math.cos(hour)
    end_s = min(s.window_end_s, s.inputs_end_s)
    left = 1.0
    if end_s != NEVER_S:
        left = squash(float(max(end_s - s.now_s, 0)), DAY_S)
    number_at(v.at_obs, at + TIME_LEFT).x = left


@rule
def look_ahead(w, v, at):
    """The outlook hour by hour from the next step on; what lies beyond it repeats its last step.

    Copied from a table of all forecasts in the observation's scale; without a forecast the present lasts.
    """
    s = env_of(w)
    issue = issue_now(w)
    step_now = present_step(w)
    steps = outlook_steps(w)
    if steps > 1 and issue == v.shown_issue and step_now == v.shown_step:
        return  # as the last observation has it
    v.shown_issue = issue
    v.shown_step = step_now
    if steps == 1:
        supply = squash(s.supply_mw / v.peak_mw, 1.0)
        number_at(v.at_obs, at + HOUR_SUPPLY).x = supply
        number_at(v.at_obs, at + HOUR_SUPPLY_LOW).x = supply
        number_at(v.at_obs, at + HOUR_SUPPLY_HIGH).x = supply
        number_at(v.at_obs, at + HOUR_PRICE).x = squash(s.price_u * 1e-6 * v.price_scale, 0.1)
        number_at(v.at_obs, at + HOUR_CARBON).x = squash(s.carbon_u * 1e-3 * v.carbon_scale, 400.0)
        for k in range(HOUR_FEATURES, v.forecast_hours * HOUR_FEATURES):
            number_at(v.at_obs, at + k).x = number_at(v.at_obs, at + k - HOUR_FEATURES).x
        return
    known = min(steps - 1, v.forecast_hours) * HOUR_FEATURES
    source = forecast_row(w, 1) * HOUR_FEATURES
    for k in range(known):
        number_at(v.at_obs, at + k).x = number_at(v.at_hours, source + k).x
    for k in range(known, v.forecast_hours * HOUR_FEATURES):
        number_at(v.at_obs, at + k).x = number_at(v.at_obs, at + k - HOUR_FEATURES).x


@rule
def forget(v):
    """Nothing is seen, and nothing may be chosen."""
    for i in range(v.actions):
        set_flag(v, i, False)
    clear(v, 0, v.length)
    memory_of(v).rows = 0
    v.shown_queue = 0
    v.shown_running = 0
    v.shown_s = -NEVER_S
    v.shown_issue = -NEVER_S
    v.shown_step = -NEVER_S


@rule
def look_at_end(w, v):
    """The observation after the end: nobody waits, runs or may be chosen; WAIT is valid, as always."""
    forget(v)
    set_flag(v, 0, True)
    if v.events:
        look_at_events(w, v)
    if v.prices:
        look_at_cost(w, v)
    look_at_cluster(w, v, v.cluster_at)


@shared_rule(HANDLE, VIEW)
def look(w, v):
    """Write mask, slots and observation; returns the number of valid actions, WAIT included."""
    startable = look_at_queue(w, v)
    v.withheld = withhold(w, v) if v.reservations and startable > 0 else 0
    valid = 1 + startable - v.withheld + look_at_running(w, v)
    if v.levels:
        valid += look_at_levels(w, v)
    if v.prices:
        look_at_job_prices(w, v)
    if valid > 1:
        if v.events:
            look_at_events(w, v)
        if v.prices:
            look_at_cost(w, v)
        look_at_cluster(w, v, v.cluster_at)
        if v.forecast_hours > 0:
            look_ahead(w, v, v.forecast_at)
    return valid
