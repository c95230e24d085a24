"""Starts not offered, for they would delay the most urgent job without room. RULES.md §10.6, compiled.

A policy that scores jobs one by one fills the gaps with narrow jobs, and a wide one starves. With
reservations the mask keeps EASY's promise (rare.rules.backfill.reservation) to one visible job: the one
with the highest apparent tardiness cost (rare.rules.orders) among those that lack cores, GPUs or memory.
"""

from __future__ import annotations

from rare.env.observation.buffers import flag_at, set_flag, slot_at, start_level
from rare.rules.backfill.reservation import delays_a_head_at, reserve
from rare.rules.decide import OK, fits_resources
from rare.rules.limits.queue_limits import is_over_limit
from rare.rules.orders import ATC, estimate_left_s, priority
from rare.state.arrays import SHEDDING, WAIT, env_of, job_of, live_of, part_of
from rare.state.compile import rule

LOOK_AHEAD = 2.0  # of apparent tardiness cost, in mean estimates: the scheduler atc's default


@rule
def mean_shown_s(w, v):
    """Mean of what is left of the estimates of the visible waiting jobs, at least 1 s."""
    total_s = 0.0
    for i in range(v.shown_queue):
        live = live_of(w, slot_at(v.at_slots, i).slot)
        total_s += estimate_left_s(job_of(w, live.job), live.left_s)
    return max(total_s / max(v.shown_queue, 1), 1.0)


@rule
def urgency(w, slot, mean_s):
    """Apparent tardiness cost of a waiting job now, the larger the more urgent."""
    live = live_of(w, slot)
    return -priority(job_of(w, live.job), live.left_s, ATC, env_of(w).now_s, mean_s, LOOK_AHEAD)


@rule
def most_urgent_without_room(w, v):
    """The live job that a reservation is for; WAIT if everybody visible has room. Of equals the first."""
    found = WAIT
    highest = 0.0
    mean_s = 0.0
    for i in range(v.shown_queue):
        slot = slot_at(v.at_slots, i).slot
        live = live_of(w, slot)
        if fits_resources(live, part_of(w, live.part)) == OK or is_over_limit(w, slot):
            continue
        if mean_s == 0.0:
            mean_s = mean_shown_s(w, v)
        cost = urgency(w, slot, mean_s)
        if found == WAIT or cost > highest:
            highest = cost
            found = slot
    return found


@rule
def lay_aside(w):
    """Empty the slate of reservations: those of a heuristic's pass wait in `kept`."""
    for p in range(w.partitions):
        part = part_of(w, p)
        part.kept = part.reserved
        part.reserved = 0


@rule
def put_back(w):
    """What `lay_aside` set aside holds again."""
    for p in range(w.partitions):
        part = part_of(w, p)
        part.reserved = part.kept


@rule
def withhold_for(w, v, head):
    """Take from the mask what would delay this job's reservation; how many starts that is."""
    if not reserve(w, head):
        return 0
    mean_s = mean_shown_s(w, v)
    least = urgency(w, head, mean_s)
    withheld = 0
    for i in range(v.shown_queue):
        slot = slot_at(v.at_slots, i).slot
        if flag_at(v.at_mask, 1 + i).x == 0 or urgency(w, slot, mean_s) >= least:
            continue
        if delays_a_head_at(w, slot, start_level(w, v, slot)):
            set_flag(v, 1 + i, False)
            withheld += 1
    return withheld


@rule
def withhold(w, v):
    """Take from the mask what would delay the most urgent job without room; how many starts that is.

    Whoever is at least as urgent goes first, as before the head of a queue. Looking changes nothing for
    who decides: a heuristic in the midst of its pass finds its reservations as it left them.
    """
    if env_of(w).phase == SHEDDING:
        return 0
    head = most_urgent_without_room(w, v)
    if head == WAIT:
        return 0
    part = part_of(w, live_of(w, head).part)
    shadow_s, spare_mw = part.shadow_s, part.spare_mw
    spare_cores, spare_gpus_milli, spare_memory_mib = (
        part.spare_cores,
        part.spare_gpus_milli,
        part.spare_memory_mib,
    )
    lay_aside(w)
    withheld = withhold_for(w, v, head)
    put_back(w)
    part.shadow_s, part.spare_mw = shadow_s, spare_mw
    part.spare_cores, part.spare_gpus_milli = spare_cores, spare_gpus_milli
    part.spare_memory_mib = spare_memory_mib
    return withheld
