"""Conservative backfilling: each waiting job gets a place in a plan, and starts when its time is now."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.backfill import conservative_plan, promises
from rare.rules.backfill.planning_limits import is_beyond_window
from rare.rules.backfill.reservation import expected_run_at_level_s, expected_run_s
from rare.rules.decide import OK, why_not_start
from rare.rules.limits.queue_limits import is_over_limit
from rare.rules.progress.pace import levels_of, power_at_mw
from rare.state import live_lists
from rare.state.arrays import NO_PROMISE, QUEUE, WAIT, ends_of, entry_of, env_of, live_of
from rare.state.compile import rule
from schedulers.heuristics.gates import NO_GATE, is_gated
from schedulers.heuristics.queue_pass import is_tested_out, levels_to_try, may_start_at, remember
from schedulers.heuristics.speeds import FULL_SPEED


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
        if is_gated(w, slot, policy) or is_over_limit(w, slot):
            continue
        if is_tested_out(w):
            break
        skipped = s.heads_skipped
        level = level_by_plan(w, slot, policy)
        if level != WAIT or s.heads_skipped > skipped:  # it counts once it runs, or has no place in sight
            s.pass_tested -= 1
        if level != WAIT:
            return remember(w, slot, level, i)
    return WAIT


@rule
def level_by_plan(w, slot, policy):
    """The level at which the plan starts this job now; WAIT: at none, and the place that it has is held."""
    s = env_of(w)
    if policy.speeds != FULL_SPEED:
        level = slower_place(w, slot, False, policy)
        if level != WAIT:
            return level
    start_s = conservative_plan.place(w, slot, expected_run_s(w, slot))
    if start_s == NEVER_S:
        s.heads_skipped += 1
        return squeezed(w, slot, False, policy)
    return 0 if start_s == s.now_s and may_start_at(w, slot, 0, policy) else WAIT


@rule
def run_in_plan_s(w, slot, level, kept):
    """How long a job is planned to run at a level; kept: where promises are (RULES §10.7b)."""
    return promises.longest_run_at_s(w, slot, level) if kept else expected_run_at_level_s(w, slot, level)


@rule
def slower_place(w, slot, kept, policy):
    """The first level below the full speed at which a job whose place is later fits from now on.

    That place is taken in the plan then. WAIT: its place is now, it has none, or it fits at no level.
    """
    live = live_of(w, slot)
    full_mw = live.power_mw
    if levels_of(w, slot) == 1 or why_not_start(w, slot) != OK:
        return WAIT
    step = conservative_plan.first_fit(w, slot, run_in_plan_s(w, slot, 0, kept))
    if step == 0 or step == env_of(w).pass_rows:
        return WAIT
    if is_beyond_window(w, conservative_plan.plan_cell(w, step, 0).value):
        return WAIT
    for level in range(1, levels_of(w, slot)):
        live.power_mw = power_at_mw(w, slot, level)  # the plan goes by it
        run_s = run_in_plan_s(w, slot, level, kept)
        if may_start_at(w, slot, level, policy) and conservative_plan.fits_from_now(w, slot, run_s):
            if run_s > 0:
                conservative_plan.hold(w, 0, live, run_s, False)
            live.power_mw = full_mw
            return level
    live.power_mw = full_mw
    return WAIT


@rule
def squeezed(w, slot, kept, policy):
    """The level at which a job without a place in the plan may start now all the same; WAIT: at none."""
    live = live_of(w, slot)
    full_mw = live.power_mw
    if why_not_start(w, slot) != OK:
        return WAIT
    for level in range(levels_to_try(w, slot, policy)):
        if level > 0:
            live.power_mw = power_at_mw(w, slot, level)
        run_s = run_in_plan_s(w, slot, level, kept)
        if may_start_at(w, slot, level, policy) and conservative_plan.squeeze(w, slot, run_s):
            live.power_mw = full_mw
            return level
    live.power_mw = full_mw
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
        if is_gated(w, slot, policy) or is_over_limit(w, slot):
            live_of(w, slot).promised_wait_s = NO_PROMISE
            continue
        if policy.speeds != FULL_SPEED:
            level = slower_place(w, slot, True, policy)
            if level != WAIT:
                return remember(w, slot, level, i + 1)
        start_s = promises.place(w, slot)
        if start_s == NEVER_S:
            s.heads_skipped += 1
            level = squeezed(w, slot, True, policy)
            if level != WAIT:
                return remember(w, slot, level, i + 1)
        elif start_s == s.now_s and may_start_at(w, slot, 0, policy):
            return remember(w, slot, 0, i + 1)
    s.renewed_changes = s.changes
    return WAIT
