"""The heuristics, compiled: order + backfill + victim rule as one row of parameters.

`choose` and `victim` answer one decision each, like any scheduler. A pass over the queue remembers
where it stands (`pass_*` in the state), so that a pass of n starts walks the queue once; whenever
anything else happened in between, it begins again and comes to the same answer (but that a
backfilled job without work has taken spare cores in one walk, and has given them back in two).
"""

from __future__ import annotations

import numpy as np

from rare import lists
from rare.compile import rule
from rare.model import NEVER_S
from rare.orders import changes_with_time, estimate_left_s, priority
from rare.rules import OK, why_not_start
from rare.rules_jobs import HUGE
from rare.rules_power import node_increase_mw
from rare.state import (
    EXPECTED,
    FINISH,
    QUEUE,
    SUSPENDED,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
    part_of,
)
from schedulers import plan

NONE, GREEDY, EASY, CONSERVATIVE = range(4)
BACKFILL_NAMES = ("none", "greedy", "easy", "conservative")
LATEST, LOWEST_VALUE, LOWEST_VALUE_PER_WATT, MOST_SLACK = range(4)
VICTIM_NAMES = ("latest", "lowvalue", "lowvaluewatt", "slackest")

POLICY = np.dtype([("order", "i8"), ("backfill", "i8"), ("victim", "i8"), ("param", "f8")])


# --- the pass ---------------------------------------------------------------------------------


@rule
def mean_estimate_s(w):
    """Mean of what is left of the estimates in the queue, at least 1 s: the scale of `atc`."""
    total = 0.0
    count = lists.size(w, QUEUE)
    first = ends_of(w, QUEUE).first
    for i in range(first, first + count):
        live = live_of(w, entry_of(w, QUEUE, i).slot)
        total += estimate_left_s(job_of(w, live.job), live.left_s)
    return max(total / max(count, 1), 1.0)


@rule
def rekey(w):
    """Give the waiting jobs their priorities of this instant and restore the order."""
    s = env_of(w)
    mean_s = mean_estimate_s(w)
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        entry = entry_of(w, QUEUE, i)
        live = live_of(w, entry.slot)
        live.key = priority(job_of(w, live.job), live.left_s, s.order, s.now_s, mean_s, s.order_param)
        entry.key = live.key
    lists.sort(w, QUEUE)
    s.keyed_s = s.now_s


@rule
def continues_pass(w):
    """Whether the remembered pass still holds: same instant, and its choice was what happened."""
    s = env_of(w)
    return s.pass_s == s.now_s and s.pass_decision + 1 == s.decisions and s.last_action == s.pass_choice


@rule
def begin_pass(w):
    """Forget what earlier passes reserved."""
    s = env_of(w)
    s.pass_s = s.now_s
    s.pass_cursor = 0
    for p in range(w.partitions):
        part_of(w, p).reserved = 0


@rule
def remember(w, choice, cursor):
    """Note how far the pass has come, and return its choice."""
    s = env_of(w)
    s.pass_decision = s.decisions
    s.pass_choice = choice
    s.pass_cursor = cursor
    return choice


@rule
def expected_run_s(w, slot):
    """How long a waiting job would hold its resources by its estimate."""
    live = live_of(w, slot)
    run_s = estimate_left_s(job_of(w, live.job), live.left_s)
    return run_s + env_of(w).restart_s if live.doing == SUSPENDED else run_s


# --- backfills --------------------------------------------------------------------------------


@rule
def choose_head(w):
    """No backfill: the first of the queue, or nobody."""
    slot = entry_of(w, QUEUE, ends_of(w, QUEUE).first).slot
    return slot if why_not_start(w, slot) == OK else WAIT


@rule
def choose_greedy(w, cursor):
    """The first of the queue that may start. What did not fit before does not fit now."""
    first = ends_of(w, QUEUE).first
    for i in range(cursor, lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        if why_not_start(w, slot) == OK:
            return remember(w, slot, i)
    return WAIT


@rule
def reserve(w, slot):
    """Reserve the first instant at which this head could start; False: there is none in sight.

    Running jobs are taken to end at their estimate, those past it now; ends at exactly that instant
    count. Power is taken to stay as it is now, and to be freed by the jobs that end.
    """
    s = env_of(w)
    head = live_of(w, slot)
    part = part_of(w, head.part)
    cores = part.free_cores
    gpus_milli = part.free_gpus_milli
    memory_mib = part.free_memory_mib
    spare_mw = s.start_cap_mw - s.active_mw - s.node_mw
    shadow_s = s.now_s
    i = ends_of(w, EXPECTED).first
    last = ends_of(w, EXPECTED).last
    while True:
        while i < last:  # everything that has ended by shadow_s
            job = live_of(w, entry_of(w, EXPECTED, i).slot)
            if job.expected_s > shadow_s:
                break
            spare_mw += job.planned_mw
            if job.part == head.part:
                cores += job.cores
                gpus_milli += job.gpus_milli
                memory_mib += job.memory_mib
            i += 1
        fits = cores >= head.cores and gpus_milli >= head.gpus_milli and memory_mib >= head.memory_mib
        if fits and spare_mw >= head.planned_mw:
            break
        if i == last:
            return False
        shadow_s = live_of(w, entry_of(w, EXPECTED, i).slot).expected_s
    part.reserved = 1
    part.shadow_s = shadow_s
    part.spare_cores = cores - head.cores
    part.spare_gpus_milli = gpus_milli - head.gpus_milli
    part.spare_memory_mib = memory_mib - head.memory_mib
    part.spare_mw = spare_mw - head.planned_mw
    return True


@rule
def delays_a_head(w, slot):
    """Whether starting this job now would take what a reservation needs."""
    live = live_of(w, slot)
    end_s = env_of(w).now_s + expected_run_s(w, slot)
    power_mw = live.power_mw + node_increase_mw(w, slot)
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.reserved and end_s > part.shadow_s:
            if power_mw > part.spare_mw:
                return True
            if p == live.part:
                if live.cores > part.spare_cores or live.gpus_milli > part.spare_gpus_milli:
                    return True
                if live.memory_mib > part.spare_memory_mib:
                    return True
    return False


@rule
def take_spare(w, slot):
    """Deduct a backfilled job from what the reservations leave over."""
    live = live_of(w, slot)
    end_s = env_of(w).now_s + expected_run_s(w, slot)
    power_mw = live.power_mw + node_increase_mw(w, slot)
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.reserved and end_s > part.shadow_s:
            part.spare_mw -= power_mw
            if p == live.part:
                part.spare_cores -= live.cores
                part.spare_gpus_milli -= live.gpus_milli
                part.spare_memory_mib -= live.memory_mib


@rule
def choose_easy(w, cursor):
    """EASY: one reservation per partition, for its first job that cannot start.

    Mu'alem and Feitelson, IEEE TPDS 12(6), 2001, doi:10.1109/71.932708. One walk through the queue: a
    later job starts if it ends by the reservation or needs no more than that leaves spare.
    """
    s = env_of(w)
    first = ends_of(w, QUEUE).first
    for i in range(cursor, lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        part = part_of(w, live_of(w, slot).part)
        startable = why_not_start(w, slot) == OK
        if part.reserved:
            if startable and not delays_a_head(w, slot):
                take_spare(w, slot)
                return remember(w, slot, i)
        elif startable and not delays_a_head(w, slot):
            take_spare(w, slot)  # heads of other partitions may hold power in reserve
            return remember(w, slot, i)
        elif not reserve(w, slot):
            s.heads_skipped += 1
    return WAIT


@rule
def choose_conservative(w, cursor):
    """Conservative backfill: every waiting job gets a reservation; those whose time is now start.

    Mu'alem and Feitelson 2001, as above: a job may pass others only if it delays none of them.
    """
    s = env_of(w)
    first = ends_of(w, QUEUE).first
    if cursor == 0:
        plan.begin(w)
    for i in range(cursor, lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        start_s = plan.place(w, slot, expected_run_s(w, slot))
        if start_s == NEVER_S:
            s.heads_skipped += 1
        elif start_s == s.now_s and why_not_start(w, slot) == OK:
            return remember(w, slot, i)
    return WAIT


@rule
def choose(w, policy):
    """The job that this heuristic starts or resumes now, as a slot, or WAIT."""
    s = env_of(w)
    if lists.size(w, QUEUE) == 0:
        return WAIT
    if changes_with_time(s.order) and s.keyed_s != s.now_s:
        rekey(w)
    if not continues_pass(w):
        begin_pass(w)
    if policy.backfill == NONE:
        return choose_head(w)
    if policy.backfill == GREEDY:
        return choose_greedy(w, s.pass_cursor)
    if policy.backfill == EASY:
        return choose_easy(w, s.pass_cursor)
    return choose_conservative(w, s.pass_cursor)


# --- victims ----------------------------------------------------------------------------------


@rule
def reluctance(w, slot, victim_rule):
    """How much a running job should be kept; the least goes first."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    if victim_rule == LOWEST_VALUE:
        return float(max(job.value_u, 0))
    if victim_rule == LOWEST_VALUE_PER_WATT:
        return max(job.value_u, 0) / max(float(live.power_mw), 1.0)
    if victim_rule == MOST_SLACK:
        if job.deadline_s == NEVER_S:
            return -float(HUGE)
        return -float(job.deadline_s - s.now_s - max(live.expected_s - s.now_s, 0))
    return -float(live.resumed_s)


@rule
def victim(w, policy):
    """The running job that this heuristic gives up: preemptible first; ties: higher job."""
    chosen = WAIT
    least = 0.0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        value = reluctance(w, slot, policy.victim)
        better = chosen == WAIT
        if not better:
            one = live_of(w, slot)
            other = live_of(w, chosen)
            if one.preemptible != other.preemptible:
                better = one.preemptible > other.preemptible
            elif value != least:
                better = value < least
            else:
                better = one.job > other.job
        if better:
            chosen = slot
            least = value
    return chosen
