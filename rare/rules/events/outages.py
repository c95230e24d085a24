"""Rules of outages, which take nodes away: RULES.md §12.3 and §10.8, compiled."""

from __future__ import annotations

from rare.machine_events import DRAW_BITS
from rare.rules.bookkeeping import log_room
from rare.rules.forced_victim import forced_victim
from rare.rules.job_life import UNKNOWN, lose
from rare.state.arrays import FINISH, WAIT, ends_of, entry_of, env_of, live_of, part_of
from rare.state.compile import rule
from rare.state.event_arrays import outage_of

NODE = 1000  # thousandths of a node


@rule
def set_nodes(w, p):
    """Let a partition have the nodes that no outage takes away, at least none (§9.15)."""
    s = env_of(w)
    part = part_of(w, p)
    more = max(part.all_nodes - part.away, 0) - part.nodes
    part.nodes += more
    part.cores += more * part.node_cores
    part.free_cores += more * part.node_cores
    part.gpus_milli += more * part.node_gpus_milli
    part.free_gpus_milli += more * part.node_gpus_milli
    part.memory_mib += more * part.node_memory_mib
    part.free_memory_mib += more * part.node_memory_mib
    s.need_mw = UNKNOWN
    s.changes += 1


@rule
def begin_outages(w):
    """Take away what is away at the first instant, when no job is there."""
    s = env_of(w)
    s.outage_row = 0
    for p in range(w.partitions):
        part_of(w, p).away = 0
    while s.outage_row < w.outage_rows and outage_of(w, s.outage_row).time_s < s.begin_s:
        change = outage_of(w, s.outage_row)
        part_of(w, change.part).away -= change.nodes
        s.outage_row += 1
    for p in range(w.partitions):
        if w.outage_rows > 0:
            set_nodes(w, p)


@rule
def share_of_nodes(part, live):
    """Thousandths of nodes that a job needs by itself, rounded up (§12.3b)."""
    share = 0
    if part.node_cores > 0:
        share = (live.cores * NODE + part.node_cores - 1) // part.node_cores
    if part.node_gpus_milli > 0:
        share = max(share, (live.gpus_milli * NODE + part.node_gpus_milli - 1) // part.node_gpus_milli)
    if part.node_memory_mib > 0:
        share = max(share, (live.memory_mib * NODE + part.node_memory_mib - 1) // part.node_memory_mib)
    return share


@rule
def shares_before(w, p, job):
    """Thousandths of nodes that the running jobs of a partition before this one cover."""
    total = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        live = live_of(w, entry_of(w, FINISH, i).slot)
        if live.part == p and live.job < job:
            total += share_of_nodes(part_of(w, p), live)
    return total


@rule
def job_on_node(w, p, draw):
    """The running job that covers the node of this draw; WAIT: nobody does (§12.3b)."""
    part = part_of(w, p)
    covered = shares_before(w, p, env_of(w).jobs_end)
    place = draw * max(covered, part.nodes * NODE) >> DRAW_BITS
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        live = live_of(w, slot)
        if live.part == p:
            first = shares_before(w, p, live.job)
            if first <= place < first + share_of_nodes(part, live):
                return slot
    return WAIT


@rule
def overbooked(part):
    """Whether the running jobs of a partition use more than there is left of it."""
    return part.free_cores < 0 or part.free_gpus_milli < 0 or part.free_memory_mib < 0


@rule
def make_fit(w):
    """Let jobs lose their nodes until the others fit in what is left (§12.3c). False: the log is full."""
    for p in range(w.partitions):
        while overbooked(part_of(w, p)):
            if not log_room(w):
                return False
            lose(w, forced_victim(w, p))
    return True


@rule
def apply_outages(w):
    """Repairs and outages of this instant (§3.3, §12.3). False: the log is full; call again then."""
    s = env_of(w)
    if not make_fit(w):
        return False
    while s.outage_row < w.outage_rows and outage_of(w, s.outage_row).time_s <= s.now_s:
        if not log_room(w):
            return False
        change = outage_of(w, s.outage_row)
        s.outage_row += 1
        hit = WAIT
        if change.nodes < 0 and not change.planned and part_of(w, change.part).nodes > 0:
            hit = job_on_node(w, change.part, change.draw)
        part_of(w, change.part).away -= change.nodes
        set_nodes(w, change.part)
        if hit != WAIT:
            lose(w, hit)
        if not make_fit(w):
            return False
    return True
