"""A plan of what will be free when, for conservative backfilling.

The plan is a staircase: times, and from each time on what is free of every resource if running jobs
end at their estimates and planned jobs keep their places. It lives in the scratch row of the state,
behind the outlook's projection and the turns (rare.rules.backfill.promises): column 0 the time, column 1
the IT power
that jobs leave, before the nodes' idle power is taken off, column 2 what of it is promised to waiting
jobs, then cores, GPUs and memory of each partition. Power to come is the outlook's median, and what the
battery can give in each step if only the running jobs draw on it.
"""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.backfill.planned_outages import next_planned_s, planned_nodes
from rare.rules.backfill.planning_limits import held_from_s, held_until_s, is_beyond_window
from rare.rules.events.grid_events import known_limit_mw, next_change_s
from rare.rules.outlook import (
    battery_gives_mw,
    content_cell,
    outlook_steps,
    project,
    step_start_s,
    supply_ahead_mw,
)
from rare.rules.power_balance import nodes_for, open_start_cap_mw
from rare.state.arrays import EXPECTED, ends_of, entry_of, env_of, live_of, part_of, plan_cell_of
from rare.state.compile import rule

COLUMNS_PER_PARTITION = 3
FIXED_COLUMNS = 3  # time, power, promised power


@rule
def width(w):
    """Numbers in one step of the staircase."""
    return FIXED_COLUMNS + COLUMNS_PER_PARTITION * w.partitions


@rule
def plan_cell(w, step, column):
    """A number of the staircase."""
    return plan_cell_of(w, step * width(w) + column)


@rule
def first_column(partition):
    """Column of a partition's cores; GPUs and memory follow."""
    return FIXED_COLUMNS + COLUMNS_PER_PARTITION * partition


@rule
def add_running(w, step, live, sign):
    """Add what a job holds to one step of the plan."""
    column = first_column(live.part)
    plan_cell(w, step, 1).value += sign * live.power_mw
    plan_cell(w, step, column).value += sign * live.cores
    plan_cell(w, step, column + 1).value += sign * live.gpus_milli
    plan_cell(w, step, column + 2).value += sign * live.memory_mib


@rule
def copy_step(w, source, target):
    """Make one step equal to another."""
    for c in range(width(w)):
        plan_cell(w, target, c).value = plan_cell(w, source, c).value


@rule
def median_cap_mw(w, step, content):
    """IT power that a step of the outlook can serve, with this battery content at its beginning; grid events
    aside."""
    s = env_of(w)
    if step == 0:
        return open_start_cap_mw(w)
    seconds = step_start_s(w, step + 1) - step_start_s(w, step)
    servable_mw = supply_ahead_mw(w, step) + s.import_mw + battery_gives_mw(w, content, seconds)
    return servable_mw * 1000 // s.pue


@rule
def cap_from_mw(w, step, from_s):
    """IT power that can be served from a time on, which lies in a step of the outlook (§10.8)."""
    content = content_cell(w, step).value if step > 0 else 0
    cap_mw = median_cap_mw(w, step, content)
    if w.event_rows > 0:
        cap_mw = min(cap_mw, known_limit_mw(w, from_s, from_s + 1) * 1000 // env_of(w).pue)
    return cap_mw


@rule
def add_outages(w, step, at_s):
    """Add to one step of the plan what planned outages give back and take at its beginning (§10.8)."""
    for p in range(w.partitions):
        nodes = planned_nodes(w, p, at_s) - planned_nodes(w, p, at_s - 1)
        part = part_of(w, p)
        column = first_column(p)
        plan_cell(w, step, column).value += nodes * part.node_cores
        plan_cell(w, step, column + 1).value += nodes * part.node_gpus_milli
        plan_cell(w, step, column + 2).value += nodes * part.node_memory_mib


@rule
def append_step(w, last, time_s):
    """A further step from `time_s` on, equal to the one before; the last step's number."""
    if time_s <= plan_cell(w, last, 0).value:
        return last
    copy_step(w, last, last + 1)
    plan_cell(w, last + 1, 0).value = time_s
    return last + 1


@rule
def begin(w, least_s):
    """Lay the staircase from now on: running jobs end at their estimates, at the earliest in `least_s`."""
    s = env_of(w)
    plan_cell(w, 0, 0).value = s.now_s
    plan_cell(w, 0, 1).value = s.start_cap_mw - s.active_mw
    plan_cell(w, 0, 2).value = 0
    for p in range(w.partitions):
        part = part_of(w, p)
        plan_cell(w, 0, first_column(p)).value = part.free_cores
        plan_cell(w, 0, first_column(p) + 1).value = part.free_gpus_milli
        plan_cell(w, 0, first_column(p) + 2).value = part.free_memory_mib
    last = 0
    outlook_step = 0
    steps = outlook_steps(w)
    cap_mw = s.start_cap_mw
    if steps > 1:
        project(w)
    i = ends_of(w, EXPECTED).first
    event_s = next_change_s(w, s.now_s) if w.event_rows > 0 else NEVER_S
    outage_s = next_planned_s(w, s.now_s) if w.outage_rows > 0 else NEVER_S
    while True:
        end_s = NEVER_S
        if i < ends_of(w, EXPECTED).last:
            end_s = max(live_of(w, entry_of(w, EXPECTED, i).slot).expected_s, s.now_s + least_s)
        change_s = step_start_s(w, outlook_step + 1) if outlook_step + 1 < steps else NEVER_S
        time_s = min(end_s, change_s, event_s, outage_s)
        if time_s == NEVER_S:
            break
        last = append_step(w, last, time_s)
        if change_s == time_s or event_s == time_s:
            if change_s == time_s:
                outlook_step += 1
            else:
                event_s = next_change_s(w, time_s)
            next_cap_mw = cap_from_mw(w, outlook_step, time_s)
            plan_cell(w, last, 1).value += next_cap_mw - cap_mw
            cap_mw = next_cap_mw
        elif outage_s == time_s:
            add_outages(w, last, time_s)
            outage_s = next_planned_s(w, time_s)
        else:
            add_running(w, last, live_of(w, entry_of(w, EXPECTED, i).slot), 1)
            i += 1
    s.pass_rows = last + 1


@rule
def node_mw_with(w, step, live):
    """Idle power of all nodes in use in one step of the plan, with this job beside."""
    total_mw = 0
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.idle_mw == 0:
            continue
        column = first_column(p)
        # nodes that planned outages will have taken or given back by then are no nodes in use
        nodes = planned_nodes(w, p, plan_cell(w, step, 0).value) if w.outage_rows > 0 else 0
        cores = part.cores + nodes * part.node_cores - plan_cell(w, step, column).value
        gpus_milli = part.gpus_milli + nodes * part.node_gpus_milli - plan_cell(w, step, column + 1).value
        memory_mib = part.memory_mib + nodes * part.node_memory_mib - plan_cell(w, step, column + 2).value
        if p == live.part:
            cores += live.cores
            gpus_milli += live.gpus_milli
            memory_mib += live.memory_mib
        total_mw += part.idle_mw * nodes_for(part, cores, gpus_milli, memory_mib)
    return total_mw


@rule
def fits_step(w, step, live):
    """Whether a job fits into one step of the plan."""
    column = first_column(live.part)
    return (
        plan_cell(w, step, column).value >= live.cores
        and plan_cell(w, step, column + 1).value >= live.gpus_milli
        and plan_cell(w, step, column + 2).value >= live.memory_mib
        and plan_cell(w, step, 1).value >= live.power_mw + node_mw_with(w, step, live)
    )


@rule
def split(w, step, time_s):
    """Make a step begin at `time_s`, which lies in `step`; returns the step that begins there."""
    s = env_of(w)
    if plan_cell(w, step, 0).value == time_s:
        return step
    for i in range(s.pass_rows - 1, step, -1):
        copy_step(w, i, i + 1)
    copy_step(w, step, step + 1)
    plan_cell(w, step + 1, 0).value = time_s
    s.pass_rows += 1
    return step + 1


@rule
def hold(w, begin_step, live, run_s, promised):
    """Take what a job holds from the plan, from a step on for its run; `promised`: it still waits."""
    end_s = plan_cell(w, begin_step, 0).value + run_s
    step = begin_step
    while step < env_of(w).pass_rows and plan_cell(w, step, 0).value < end_s:
        after = step + 1
        if after == env_of(w).pass_rows or plan_cell(w, after, 0).value > end_s:
            split(w, step, end_s)
        add_running(w, step, live, -1)
        if promised:
            plan_cell(w, step, 2).value += live.power_mw
        step += 1


@rule
def squeeze(w, slot, run_s):
    """Whether a job without a place in the plan may start now all the same; if so it is taken into it.

    It must find its resources for all its run, and power that nobody is promised: it lacks a place only
    because the median does not cover it to its end.
    """
    s = env_of(w)
    live = live_of(w, slot)
    if not fits_step(w, 0, live):
        return False
    for step in range(s.pass_rows):
        if plan_cell(w, step, 0).value >= s.now_s + run_s:
            break
        column = first_column(live.part)
        if (
            plan_cell(w, step, column).value < live.cores
            or plan_cell(w, step, column + 1).value < live.gpus_milli
            or plan_cell(w, step, column + 2).value < live.memory_mib
        ):
            return False
        if plan_cell(w, step, 2).value > 0 and not fits_step(w, step, live):
            return False
    if run_s > 0:
        hold(w, 0, live, run_s, False)
    return True


@rule
def first_fit(w, slot, run_s):
    """The step from which on a job fits for all its run; `pass_rows`: it never does."""
    s = env_of(w)
    live = live_of(w, slot)
    begin_step = 0
    step = 0
    while step < s.pass_rows:
        if begin_step < step and plan_cell(w, step, 0).value >= plan_cell(w, begin_step, 0).value + run_s:
            break
        if not fits_step(w, step, live):
            begin_step = step + 1
        step += 1
    return begin_step


@rule
def fits_from_now(w, slot, run_s):
    """Whether a job fits from now on for all its run."""
    live = live_of(w, slot)
    for step in range(env_of(w).pass_rows):
        if step > 0 and plan_cell(w, step, 0).value >= plan_cell(w, 0, 0).value + run_s:
            break
        if not fits_step(w, step, live):
            return False
    return True


@rule
def place(w, slot, run_s):
    """Reserve the earliest time at which a job fits for all its run; NEVER_S: never, or too far ahead."""
    s = env_of(w)
    begin_step = first_fit(w, slot, run_s)
    if begin_step == s.pass_rows:
        return NEVER_S
    start_s = plan_cell(w, begin_step, 0).value
    if is_beyond_window(w, start_s):
        return NEVER_S
    if run_s > 0 and start_s > s.now_s and s.bf_resolution_s > 1:
        hold_rounded(w, begin_step, live_of(w, slot), run_s)
    elif run_s > 0:
        hold(w, begin_step, live_of(w, slot), run_s, start_s > s.now_s)
    return start_s


@rule
def hold_rounded(w, begin_step, live, run_s):
    """Take what a waiting job holds from the plan, from before the begin of a step to after its end (§10.12).

    Where that is more than is free, less than nothing is left: nobody else fits there.
    """
    start_s = plan_cell(w, begin_step, 0).value
    first_s = max(held_from_s(w, start_s), env_of(w).now_s)
    step = begin_step
    while plan_cell(w, step, 0).value > first_s:
        step -= 1
    hold(w, split(w, step, first_s), live, held_until_s(w, start_s + run_s) - first_s, True)
