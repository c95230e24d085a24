"""The heuristics, compiled: order + backfill + victim rule as one row of parameters.

`choose` and `victim` answer one decision each, like any scheduler. A pass over the queue remembers
where it stands (`pass_*` in the state), so that a pass of n starts walks the queue once; whenever
anything else happened in between, it begins again and comes to the same answer. It begins again, too,
after a job that ended within its own start (RULES §4.5): what the pass gave it is free again.
"""

from __future__ import annotations

import math

import numpy as np

from rare.model import NEVER_S
from rare.rules import queue_index
from rare.rules.backfill import conservative_plan, promises
from rare.rules.backfill.reservation import delays_a_head, expected_run_s, reserve, take_spare
from rare.rules.decide import OK, why_not_start
from rare.rules.job_life import HUGE
from rare.rules.orders import FCFS, renew_order
from rare.rules.outlook import outlook_steps
from rare.state import live_lists
from rare.state.arrays import (
    FINISH,
    NO_PROMISE,
    QUEUE,
    RUNNING,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    job_of,
    leaf_of,
    live_of,
    part_of,
)
from rare.state.codes import Choice, check_branches
from rare.state.compile import rule
from schedulers.heuristics.gates import NO_GATE, is_gated
from traces.name_registry import Registry

NONE, GREEDY, EASY, CONSERVATIVE, KEPT = range(5)
LATEST, LOWEST_VALUE, LOWEST_VALUE_PER_WATT, MOST_SLACK = range(4)

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
VICTIMS: Registry[Choice] = Registry("victim rule")
VICTIMS.register("latest", "gives up the latest start or resume (default)", Choice(LATEST))
VICTIMS.register("lowvalue", "gives up the lowest value", Choice(LOWEST_VALUE))
VICTIMS.register("lowvaluewatt", "gives up the lowest value per watt", Choice(LOWEST_VALUE_PER_WATT))
VICTIMS.register("slackest", "gives up the job with the most slack", Choice(MOST_SLACK))
BACKFILL_NAMES, VICTIM_NAMES = BACKFILLS.built_in, VICTIMS.built_in  # by code

# at_held: address of a HELD record per slot, for the gate OUTSIDE
POLICY = np.dtype(
    [("order", "i8"), ("backfill", "i8"), ("victim", "i8"), ("param", "f8"), ("gate", "i8")]
    + [("gate_param", "f8"), ("at_held", "i8")]
)


# --- the pass ---------------------------------------------------------------------------------


@rule
def continues_pass(w):
    """Whether the remembered pass still holds: same instant, and the job it chose was started and runs.

    A job that has ended within its own start (RULES §4.5, §5.5) holds nothing of what the pass gave it.
    """
    s = env_of(w)
    if s.pass_s != s.now_s or s.pass_decision + 1 != s.decisions or s.last_action != s.pass_choice:
        return False
    return live_of(w, s.pass_choice).doing == RUNNING


@rule
def begin_pass(w):
    """Forget what earlier passes reserved."""
    s = env_of(w)
    s.pass_s = s.now_s
    s.pass_cursor = 0
    s.seen_changes = -1
    for p in range(w.partitions):
        part_of(w, p).reserved = 0


@rule
def may_skip(w, policy):
    """Whether an EASY pass that started nobody tells all about jobs that wait since then.

    Only if arrivals queue behind them, and neither a forecast nor a gate makes the difference.
    """
    plain = policy.backfill == EASY and policy.gate == NO_GATE
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


@rule
def remember(w, choice, cursor):
    """Note how far the pass has come, and return its choice."""
    s = env_of(w)
    s.pass_decision = s.decisions
    s.pass_choice = choice
    s.pass_cursor = cursor
    return choice


# --- backfills --------------------------------------------------------------------------------


@rule
def choose_head(w, policy):
    """No backfill: the first of the queue that no gate hides, or nobody."""
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        if not is_gated(w, slot, policy):
            return slot if why_not_start(w, slot) == OK else WAIT
    return WAIT


@rule
def choose_greedy(w, cursor, policy):
    """The first of the queue that may start. What did not fit before does not fit now."""
    first = ends_of(w, QUEUE).first
    for i in range(cursor, live_lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        if why_not_start(w, slot) == OK and not is_gated(w, slot, policy):
            return remember(w, slot, i)
    return WAIT


@rule
def easy_starts(w, slot):
    """Whether EASY starts this job now; if not, it may become the first of its partition that waits."""
    if why_not_start(w, slot) == OK and not delays_a_head(w, slot):
        take_spare(w, slot, 0)  # heads of other partitions may hold power in reserve
        return True
    if not part_of(w, live_of(w, slot).part).reserved and not reserve(w, slot):
        env_of(w).heads_skipped += 1
    return False


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
def choose_easy_by_index(w, cursor):
    """The same for a long queue in job order without gates: only candidates are looked at.

    The cursor is a job of the workload, not a place in the queue.
    """
    job = next_for_easy(w, max(cursor, queue_index.first_job(w)))
    while job != queue_index.NOBODY:
        slot = leaf_of(w, job).slot
        if easy_starts(w, slot):
            return remember(w, slot, job)
        job = next_for_easy(w, job + 1)
    return WAIT


@rule
def choose_easy(w, cursor, policy):
    """EASY: one reservation per partition, for its first job that cannot start (reservation.py).

    One walk through the queue: a later job starts if it ends by the reservation or needs no more than
    that leaves spare.
    """
    if queue_index.is_kept(w) and policy.gate == NO_GATE:
        return choose_easy_by_index(w, cursor)
    first = ends_of(w, QUEUE).first
    for i in range(cursor, live_lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        if not is_gated(w, slot, policy) and easy_starts(w, slot):
            env_of(w).walked += i - cursor
            return remember(w, slot, i)
    env_of(w).walked += max(live_lists.size(w, QUEUE) - cursor, 0)
    return WAIT


@rule
def choose_conservative(w, cursor, policy):
    """Conservative backfill: every waiting job gets a reservation; those whose time is now start.

    Mu'alem and Feitelson 2001, as above: a job may pass others only if it delays none of them. All
    reservations are made anew in queue order, so one may come later than at an earlier instant
    (`choose_kept` keeps them).
    """
    s = env_of(w)
    first = ends_of(w, QUEUE).first
    if cursor == 0:
        conservative_plan.begin(w, 0)
    for i in range(cursor, live_lists.size(w, QUEUE)):
        slot = entry_of(w, QUEUE, first + i).slot
        if is_gated(w, slot, policy):
            continue
        start_s = conservative_plan.place(w, slot, expected_run_s(w, slot))
        if start_s == NEVER_S:
            s.heads_skipped += 1
            if why_not_start(w, slot) == OK and conservative_plan.squeeze(w, slot, expected_run_s(w, slot)):
                return remember(w, slot, i)
        elif start_s == s.now_s and why_not_start(w, slot) == OK:
            return remember(w, slot, i)
    return WAIT


@rule
def choose_kept(w, cursor, policy):
    """Conservative backfill that keeps its promises: the jobs are placed in the order of their promises.

    The cursor is a turn (rare.rules.backfill.promises), not a place in the queue. What a gate hides has no
    promise; without gates the rules make promises where nobody is asked.
    """
    s = env_of(w)
    s.keeps_promises = policy.gate == NO_GATE
    if cursor == 0:
        promises.line_up(w)
    for i in range(cursor, promises.turns(w)):
        slot = promises.turn_cell(w, i).value
        if is_gated(w, slot, policy):
            live_of(w, slot).promised_wait_s = NO_PROMISE
            continue
        start_s = promises.place(w, slot)
        if start_s == NEVER_S:
            s.heads_skipped += 1
            if why_not_start(w, slot) == OK and conservative_plan.squeeze(
                w, slot, promises.longest_run_s(w, slot)
            ):
                return remember(w, slot, i + 1)
        elif start_s == s.now_s and why_not_start(w, slot) == OK:
            return remember(w, slot, i + 1)
    s.renewed_changes = s.changes
    return WAIT


@rule
def choose(w, policy):
    """The job that this heuristic starts or resumes now, as a slot, or WAIT."""
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


# --- victims ----------------------------------------------------------------------------------


@rule
def reluctance(w, slot, victim_rule):
    """How much a running job should be kept; the least goes first. NaN for an unknown rule (none is)."""
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
    if victim_rule == LATEST:
        return -float(live.resumed_s)
    return math.nan


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


check_branches(BACKFILLS, choose, "backfill")
check_branches(VICTIMS, reluctance, "victim_rule")
