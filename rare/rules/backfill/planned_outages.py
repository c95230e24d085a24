"""What planned outages take away from what is free by the estimates: RULES.md §10.8, compiled."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.state.arrays import EXPECTED, ends_of, entry_of, env_of, live_of, part_of
from rare.state.compile import rule
from rare.state.event_arrays import outage_of


@rule
def next_planned_s(w, after_s):
    """The first begin or end of a planned outage after a time; NEVER_S: none is to come."""
    for row in range(env_of(w).outage_row, w.outage_rows):
        change = outage_of(w, row)
        if change.planned and change.time_s > after_s:
            return change.time_s
    return NEVER_S


@rule
def planned_nodes(w, p, until_s):
    """Nodes that a partition will have more (positive) or fewer by a time, by the planned outages to come."""
    part = part_of(w, p)
    away = part.away
    for row in range(env_of(w).outage_row, w.outage_rows):
        change = outage_of(w, row)
        if change.time_s > until_s:
            break
        if change.planned and change.part == p:
            away -= change.nodes
    return max(part.all_nodes - away, 0) - part.nodes


@rule
def fits_at(w, job, at_s):
    """Whether a job's resources are free at a time, with running jobs gone at their estimates."""
    part = part_of(w, job.part)
    nodes = planned_nodes(w, job.part, at_s)
    cores = part.free_cores + nodes * part.node_cores
    gpus_milli = part.free_gpus_milli + nodes * part.node_gpus_milli
    memory_mib = part.free_memory_mib + nodes * part.node_memory_mib
    for i in range(ends_of(w, EXPECTED).first, ends_of(w, EXPECTED).last):
        running = live_of(w, entry_of(w, EXPECTED, i).slot)
        if running.expected_s > at_s:
            break
        if running.part == job.part:
            cores += running.cores
            gpus_milli += running.gpus_milli
            memory_mib += running.memory_mib
    return cores >= job.cores and gpus_milli >= job.gpus_milli and memory_mib >= job.memory_mib


@rule
def fits_around(w, slot, from_s, run_s):
    """Whether a waiting job that starts at `from_s` has its resources for all its run, planned outages in it
    taken off."""
    job = live_of(w, slot)
    if not fits_at(w, job, from_s):
        return False
    at_s = next_planned_s(w, from_s)
    while at_s < from_s + run_s:
        if not fits_at(w, job, at_s):
            return False
        at_s = next_planned_s(w, at_s)
    return True
