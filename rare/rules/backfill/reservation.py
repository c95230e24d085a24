"""EASY's reservation: one per partition, of cores, memory, GPUs and watts.

Mu'alem and Feitelson, IEEE TPDS 12(6), 2001, doi:10.1109/71.932708. Watts are ours (DESIGN §3): the
reservation is the first instant at which the resources are free by the estimates and the outlook's
median covers the job, beside what runs then, for its estimate.
"""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.backfill.planned_outages import fits_around, next_planned_s, planned_nodes
from rare.rules.backfill.planning_limits import held_from_s, is_beyond_window
from rare.rules.events.grid_events import next_change_s
from rare.rules.orders import estimate_left_s
from rare.rules.outlook import (
    outlook_steps,
    plan_node_mw,
    plan_nodes,
    plan_release,
    project,
    reset_plan,
    spare_over,
    step_start_s,
)
from rare.rules.power_balance import more_nodes, node_increase_mw
from rare.rules.progress.pace import expected_run_at_s, power_at_mw
from rare.state.arrays import EXPECTED, SUSPENDED, ends_of, entry_of, env_of, job_of, live_of, part_of
from rare.state.compile import rule


@rule
def expected_run_at_level_s(w, slot, level):
    """How long a waiting job would hold its resources by its estimate at a speed level (§11.6)."""
    s = env_of(w)
    live = live_of(w, slot)
    if w.pace_rows > 0:
        run_s = expected_run_at_s(w, slot, level)
    else:
        run_s = estimate_left_s(job_of(w, live.job), live.left_s)
    if live.doing == SUSPENDED:
        run_s += s.restart_s
    part = part_of(w, live.part)
    if part.wake_s > 0 and more_nodes(w, slot) > 0:
        run_s += part.wake_s
    return run_s


@rule
def expected_run_s(w, slot):
    """How long a waiting job would hold its resources by its estimate, at full speed."""
    return expected_run_at_level_s(w, slot, 0)


@rule
def fits_plan(part, live):
    """Whether a job's resources are free in the projection."""
    return (
        part.plan_cores >= live.cores
        and part.plan_gpus_milli >= live.gpus_milli
        and part.plan_memory_mib >= live.memory_mib
    )


@rule
def spare_at(w, head, run_s, at_s, active_mw):
    """Least IT power spare beside this head if it starts at `at_s`, when others draw `active_mw`."""
    base_mw = active_mw + plan_node_mw(w)
    plan_release(w, head, -1)
    added_mw = head.power_mw + active_mw + plan_node_mw(w) - base_mw
    plan_release(w, head, 1)
    return spare_over(w, at_s, run_s, added_mw, base_mw)


@rule
def reserve(w, slot):
    """Reserve the first instant at which this head could start; False: there is none in sight.

    Running jobs are taken to end at their estimates, those past them now; ends at exactly that instant
    count.
    """
    s = env_of(w)
    head = live_of(w, slot)
    part = part_of(w, head.part)
    run_s = expected_run_s(w, slot)
    steps = outlook_steps(w)
    if steps > 1:
        project(w)
    reset_plan(w)
    active_mw = s.active_mw
    shadow_s = s.now_s
    step = 0
    i = ends_of(w, EXPECTED).first
    last = ends_of(w, EXPECTED).last
    while True:
        while i < last:  # everything that has ended by shadow_s
            job = live_of(w, entry_of(w, EXPECTED, i).slot)
            if job.expected_s > shadow_s:
                break
            active_mw -= job.power_mw
            plan_release(w, job, 1)
            i += 1
        fits = fits_plan(part, head) if w.outage_rows == 0 else fits_around(w, slot, shadow_s, run_s)
        if fits:
            spare_mw = spare_at(w, head, run_s, shadow_s, active_mw)
            if spare_mw >= 0:
                break
        next_s = NEVER_S if i == last else live_of(w, entry_of(w, EXPECTED, i).slot).expected_s
        while step < steps and step_start_s(w, step) <= shadow_s:
            step += 1
        if step < steps:
            next_s = min(next_s, step_start_s(w, step))
        if w.event_rows > 0:
            next_s = min(next_s, next_change_s(w, shadow_s))
        if w.outage_rows > 0:
            next_s = min(next_s, next_planned_s(w, shadow_s))
        if next_s == NEVER_S or is_beyond_window(w, next_s):
            return False
        shadow_s = next_s
    plan_release(w, head, -1)
    if w.outage_rows > 0:
        nodes = planned_nodes(w, head.part, shadow_s)
        part.plan_cores += nodes * part.node_cores
        part.plan_gpus_milli += nodes * part.node_gpus_milli
        part.plan_memory_mib += nodes * part.node_memory_mib
    part.reserved = 1
    part.shadow_s = held_from_s(w, shadow_s)
    part.spare_cores = part.plan_cores
    part.spare_gpus_milli = part.plan_gpus_milli
    part.spare_memory_mib = part.plan_memory_mib
    part.spare_mw = spare_mw
    return True


@rule
def power_at_shadow_mw(w, slot, p, level):
    """IT power that a waiting job would add at the reservation of partition `p`, its nodes included."""
    live = live_of(w, slot)
    part = part_of(w, p)
    job_mw = live.power_mw if level == 0 else power_at_mw(w, slot, level)
    if p != live.part:
        return job_mw + node_increase_mw(w, slot)
    if part.idle_mw == 0:
        return job_mw
    part.plan_cores = part.spare_cores
    part.plan_gpus_milli = part.spare_gpus_milli
    part.plan_memory_mib = part.spare_memory_mib
    before = plan_nodes(part)
    plan_release(w, live, -1)
    return job_mw + (plan_nodes(part) - before) * part.idle_mw


@rule
def delays_a_head_at(w, slot, level):
    """Whether starting this job now at a speed level would take what a reservation needs."""
    live = live_of(w, slot)
    end_s = env_of(w).now_s + expected_run_at_level_s(w, slot, level)
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.reserved and end_s > part.shadow_s:
            if power_at_shadow_mw(w, slot, p, level) > part.spare_mw:
                return True
            if p == live.part:
                if live.cores > part.spare_cores or live.gpus_milli > part.spare_gpus_milli:
                    return True
                if live.memory_mib > part.spare_memory_mib:
                    return True
    return False


@rule
def take_spare(w, slot, level):
    """Deduct a backfilled job that starts at a level from what the reservations leave over."""
    live = live_of(w, slot)
    end_s = env_of(w).now_s + expected_run_at_level_s(w, slot, level)
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.reserved and end_s > part.shadow_s:
            part.spare_mw -= power_at_shadow_mw(w, slot, p, level)
            if p == live.part:
                part.spare_cores -= live.cores
                part.spare_gpus_milli -= live.gpus_milli
                part.spare_memory_mib -= live.memory_mib
