"""The heuristics, compiled: order + backfill + victim rule as one row of parameters.

`choose` answers one decision, like any scheduler; victims.py answers shortages. A pass over the queue
remembers where it stands (`pass_*` in the state), so that a pass of n starts walks the queue once; whenever
anything else happened in between, it begins again and comes to the same answer. It begins again, too,
after a job that ended within its own start (RULES §4.5): what the pass gave it is free again.
"""

from __future__ import annotations

import numpy as np

from rare.rules import queue_index
from rare.rules.backfill.planned_outages import fits_around
from rare.rules.backfill.reservation import (
    delays_a_head_at,
    expected_run_at_level_s,
    reserve,
    take_spare,
)
from rare.rules.decide import OK, why_not_start
from rare.rules.limits.queue_limits import is_over_limit
from rare.rules.orders import FCFS, renew_order
from rare.rules.outlook import outlook_steps
from rare.state import live_lists
from rare.state.arrays import (
    HANDLE,
    QUEUE,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    live_of,
    part_of,
)
from rare.state.codes import Choice, check_branches
from rare.state.compile import rule, shared_rule
from rare.state.decisions import RAISE, decision
from rare.state.index_arrays import leaf_of
from schedulers.heuristics.conservative_choice import choose_conservative, choose_kept
from schedulers.heuristics.gates import NO_GATE, is_gated
from schedulers.heuristics.queue_pass import (
    begin_pass,
    continues_pass,
    fastest_start,
    is_between_passes,
    is_tested_out,
    levels_to_try,
    may_start_at,
    remember,
)
from schedulers.heuristics.speeds import (
    FULL_SPEED,
    LASTING,
    RAISE_FIRST,
    most_urgent_raise,
    take_spare_of_raise,
)
from traces.name_registry import Registry

NONE, GREEDY, EASY, CONSERVATIVE, KEPT = range(5)

BACKFILLS: Registry[Choice] = Registry("backfill")
BACKFILLS.register("none", "strict: only the head of the queue may start (default)", Choice(NONE))
BACKFILLS.register("greedy", "whoever fits starts, in order", Choice(GREEDY))
BACKFILLS.register("easy", "others may pass the head if they do not delay it", Choice(EASY))
BACKFILLS.register(
    "conservative",
    "others may pass if they delay nobody before them; it replans in queue order, so a start may come later "
    "than first promised",
    Choice(CONSERVATIVE),
)
BACKFILLS.register_variant(
    "conservative",
    "kept",
    "the same, but no promised start moves later; jobs are placed in the order of their promises, new ones "
    "last",
    Choice(KEPT),
)
BACKFILL_NAMES = BACKFILLS.built_in  # by code

# at_held: address of a HELD record per slot, for the gate OUTSIDE
POLICY = np.dtype(
    [("order", "i8"), ("backfill", "i8"), ("victim", "i8"), ("param", "f8"), ("gate", "i8")]
    + [("gate_param", "f8"), ("at_held", "i8"), ("speeds", "i8")]
)


@rule
def may_skip(w, policy):
    """Whether an EASY pass that started nobody tells all about jobs that wait since then.

    Only if arrivals queue behind them, and neither a forecast nor a gate nor what lasts makes the difference.
    """
    plain = policy.backfill == EASY and policy.gate == NO_GATE and policy.speeds != LASTING
    plain = plain and env_of(w).bf_limited == 0
    return plain and env_of(w).order == FCFS and outlook_steps(w) == 1


@rule
def nothing_new(w, policy):
    """Whether all of the last EASY pass still holds: what is free, the power, and the reservations.

    As time goes by, a job by which it would be delayed does so the more.
    """
    s = env_of(w)
    if s.seen_changes != s.changes or s.seen_mw != s.start_cap_mw or not may_skip(w, policy):
        return False
    for p in range(w.partitions):
        if part_of(w, p).reserved and part_of(w, p).shadow_s <= s.now_s:
            return False
    return True


@rule
def note_vain_pass(w):
    """Note that nobody who waits now could start, and that every partition that needs one has a head."""
    s = env_of(w)
    if s.stopped_s == s.now_s:  # a job that stopped at this instant may start at the next (§4.3)
        return
    s.seen_changes = s.changes
    s.seen_mw = s.start_cap_mw
    s.seen_cursor = s.next_job if queue_index.is_kept(w) else live_lists.size(w, QUEUE)


# --- backfills --------------------------------------------------------------------------------


@rule
def choose_head(w, policy):
    """No backfill: the first of the queue that no gate hides and no limit holds back, or nobody."""
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        if not is_gated(w, slot, policy) and not is_over_limit(w, slot):
            if w.speed_levels <= 1:
                return slot if why_not_start(w, slot) == OK else WAIT
            level = fastest_start(w, slot, policy)
            return WAIT if level == WAIT else decision(slot, level)
    return WAIT


@rule
def choose_greedy(w, cursor, policy):
    """The first of the queue that may start. What did not fit before does not fit now."""
    first = ends_of(w, QUEUE).first
    for i in range(cursor, live_lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        level = fastest_start(w, slot, policy)
        if level != WAIT and not is_gated(w, slot, policy):
            return remember(w, slot, level, i)
    return WAIT


@rule
def easy_starts(w, slot, policy):
    """The level at which EASY starts this job now; WAIT: it does not, and the job may become the first of its
    partition that waits."""
    if w.speed_levels <= 1 and w.outage_rows == 0:
        if why_not_start(w, slot) == OK and not delays_a_head_at(w, slot, 0):
            take_spare(w, slot, 0)  # heads of other partitions may hold power in reserve
            return 0
        return make_head(w, slot)
    for level in range(levels_to_try(w, slot, policy)):
        if may_start_at(w, slot, level, policy) and fits_beside_heads(w, slot, level):
            take_spare(w, slot, level)
            return level
    return make_head(w, slot)


@rule
def make_head(w, slot):
    """Reserve for a job that cannot start, if it is the first of its partition. WAIT: nobody starts.

    One that a limit holds back is no head: nobody knows when it may start (RULES §15.4).
    """
    if is_over_limit(w, slot):
        return WAIT
    if not part_of(w, live_of(w, slot).part).reserved and not reserve(w, slot):
        env_of(w).heads_skipped += 1
    return WAIT


@rule
def fits_beside_heads(w, slot, level):
    """Whether a job that starts now at a level delays no head, and planned outages leave it its resources."""
    return not delays_a_head_at(w, slot, level) and has_room(w, slot, level)


@rule
def has_room(w, slot, level):
    """Whether planned outages leave a job its resources if it starts now at a level (RULES §10.8)."""
    if w.outage_rows == 0:
        return True
    return fits_around(w, slot, env_of(w).now_s, expected_run_at_level_s(w, slot, level))


@rule
def next_for_easy(w, first):
    """The next waiting job, from job `first` on, that EASY could start or make the head of a partition."""
    s = env_of(w)
    spare_mw = s.start_cap_mw - s.active_mw - s.node_mw
    found = queue_index.NOBODY
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.reserved:
            run_s = part.shadow_s - s.now_s
            job = queue_index.next_fit(
                w, p, first, queue_index.free_size(part), spare_mw, run_s, queue_index.spare_size(part)
            )
        else:
            job = queue_index.next_fit(w, p, first, queue_index.TOP, queue_index.TOP, 0, queue_index.TOP)
        if job != queue_index.NOBODY and (found == queue_index.NOBODY or job < found):
            found = job
    return found


@rule
def choose_easy_by_index(w, cursor, policy):
    """The same for a long queue in job order without gates: only candidates are looked at.

    The cursor is a job of the workload, not a place in the queue.
    """
    job = next_for_easy(w, max(cursor, queue_index.first_job(w)))
    while job != queue_index.NOBODY:
        slot = leaf_of(w, job).slot
        if easy_starts(w, slot, policy) != WAIT:
            return remember(w, slot, 0, job)
        job = next_for_easy(w, job + 1)
    return WAIT


@rule
def choose_easy(w, cursor, policy):
    """EASY: one reservation per partition, for its first job that cannot start (reservation.py).

    One walk through the queue: a later job starts if it ends by the reservation or needs no more than
    that leaves spare.
    """
    if queue_index.is_kept(w) and policy.gate == NO_GATE and env_of(w).bf_limited == 0:
        return choose_easy_by_index(w, cursor, policy)
    first = ends_of(w, QUEUE).first
    for i in range(cursor, live_lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        if not is_gated(w, slot, policy) and not is_over_limit(w, slot):
            if is_tested_out(w):
                break
            skipped = env_of(w).heads_skipped
            level = easy_starts(w, slot, policy)
            if level != WAIT or env_of(w).heads_skipped > skipped:  # as in choose_conservative
                env_of(w).pass_tested -= 1
            if level != WAIT:
                env_of(w).walked += i - cursor
                return remember(w, slot, level, i)
    env_of(w).walked += max(live_lists.size(w, QUEUE) - cursor, 0)
    return WAIT


@rule
def choose_in_order(w, cursor, policy):
    """Between two passes of backfilling: in each partition strictly by the queue (RULES §10.14)."""
    first = ends_of(w, QUEUE).first
    for i in range(cursor, live_lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        part = part_of(w, live_of(w, slot).part)
        if part.blocked or is_gated(w, slot, policy) or is_over_limit(w, slot):
            continue
        for level in range(levels_to_try(w, slot, policy)):
            if may_start_at(w, slot, level, policy) and has_room(w, slot, level):
                return remember(w, slot, level, i)
        part.blocked = 1
    return WAIT


@rule
def choose_start(w, policy):
    """The job that this heuristic starts or resumes now, as a decision, or WAIT."""
    s = env_of(w)
    if live_lists.size(w, QUEUE) == 0:
        return WAIT
    renew_order(w)
    fresh = not continues_pass(w)
    if fresh:
        if nothing_new(w, policy):
            s.pass_s = s.now_s
            s.pass_cursor = s.seen_cursor
        else:
            begin_pass(w)
    else:
        s.pass_started += 1
    if is_between_passes(w) and (policy.backfill == EASY or policy.backfill == CONSERVATIVE):
        return choose_in_order(w, s.pass_cursor, policy)
    if policy.backfill == NONE:
        return choose_head(w, policy)
    if policy.backfill == GREEDY:
        return choose_greedy(w, s.pass_cursor, policy)
    if policy.backfill == EASY:
        skipped = s.heads_skipped
        choice = choose_easy(w, s.pass_cursor, policy)
        headed = s.heads_skipped == skipped
        if choice == WAIT and fresh and headed and s.stopped_s != s.now_s and may_skip(w, policy):
            note_vain_pass(w)
        return choice
    if policy.backfill == CONSERVATIVE:
        return choose_conservative(w, s.pass_cursor, policy)
    if policy.backfill == KEPT:
        return choose_kept(w, s.pass_cursor, policy)
    return WAIT  # no name means another code (schedulers.heuristics.heuristic)


@shared_rule(HANDLE, POLICY)
def choose(w, policy):
    """What this heuristic starts, resumes or makes faster now, as a decision, or WAIT."""
    if policy.speeds == FULL_SPEED or w.speed_levels <= 1:
        return choose_start(w, policy)
    if policy.speeds == RAISE_FIRST:
        slot = most_urgent_raise(w, False, policy)
        if slot != WAIT:
            return decision(slot, RAISE)
    choice = choose_start(w, policy)
    if choice != WAIT or policy.speeds == RAISE_FIRST:
        return choice
    waiting = live_lists.size(w, QUEUE)
    slot = most_urgent_raise(w, waiting > 0, policy)
    if slot == WAIT:
        return WAIT
    if waiting > 0:
        take_spare_of_raise(w, slot)
    return remember(w, slot, RAISE, max(waiting, env_of(w).jobs_end))  # the pass is over, and stays so


check_branches(BACKFILLS, choose_start, "backfill")
