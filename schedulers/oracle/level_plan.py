"""How a plan is followed where jobs have speed levels (RULES §11); compiled. It extends job_plan.py.

A row of a plan names the fastest level at which its job runs, the slowest, and a time from which it may be
made faster again. The plan names what happens in a shortage, and when jobs are made faster.
"""

from __future__ import annotations

from rare.rules.advance import advance
from rare.rules.decide import OK, apply, has_power_at, why_not_start
from rare.rules.progress.level_changes import saving_mw, why_not_raise, why_not_slow
from rare.rules.progress.pace import level_of, levels_of, rate_at, run_time_s, work_left
from rare.state.arrays import (
    DECIDE_SHED,
    DECIDE_START,
    FINISH,
    QUEUE,
    SUSPENDED,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    live_of,
)
from rare.state.compile import rule
from rare.state.decisions import RAISE, SLOW, decision
from schedulers.oracle.job_plan import (
    NEVER_RAISE,
    RAISE_BY_RANK,
    SLOW_IF_ENOUGH,
    holder,
    row_of,
    victim_planned,
)


@rule
def run_left_at_s(w, slot, level):
    """Time that a waiting job would run at a level [s], by its true run time, with its restart."""
    restart_s = env_of(w).restart_s if live_of(w, slot).doing == SUSPENDED else 0
    return run_time_s(w, work_left(w, slot), rate_at(w, slot, level), 0) + restart_s


@rule
def start_level(w, plan, slot):
    """The fastest level of its row at which a waiting job may start now; WAIT: at none."""
    if why_not_start(w, slot) != OK:
        return WAIT
    row = row_of(plan, live_of(w, slot).job)
    last = levels_of(w, slot) - 1
    for level in range(min(row.fastest, last), min(max(row.slowest, row.fastest), last) + 1):
        if has_power_at(w, slot, level):
            return level
    return WAIT


@rule
def raise_planned(w, plan):
    """The running job of best rank that its row and the rules let become faster, as a slot, or WAIT."""
    chosen = WAIT
    best = 0.0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        row = row_of(plan, live_of(w, slot).job)
        if level_of(w, slot) <= row.fastest or row.raise_from_s > env_of(w).now_s:
            continue
        if (chosen == WAIT or row.rank < best) and why_not_raise(w, slot) == OK:
            chosen = slot
            best = row.rank
    return chosen


@rule
def choose_at_level(w, plan):
    """The decision to start the job of best rank at a level, or to make a running one faster, or WAIT."""
    now_s = env_of(w).now_s
    raised = WAIT if plan.raises == NEVER_RAISE else raise_planned(w, plan)
    chosen = WAIT
    at_level = 0
    best = 0.0
    held = holder(w, plan)
    held_rank = 0.0
    room_s = 0
    if held != WAIT:
        row = row_of(plan, live_of(w, held).job)
        held_rank = row.rank
        room_s = row.hold_until_s - now_s
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        row = row_of(plan, live_of(w, slot).job)
        if row.not_before_s > now_s or (chosen != WAIT and row.rank >= best):
            continue
        level = start_level(w, plan, slot)
        if level == WAIT:
            continue
        if held != WAIT and row.rank > held_rank and run_left_at_s(w, slot, level) > room_s:
            continue
        chosen = slot
        at_level = level
        best = row.rank
    if raised == WAIT:
        return decision(chosen, at_level)
    by_rank = plan.raises == RAISE_BY_RANK and row_of(plan, live_of(w, raised).job).rank < best
    if chosen == WAIT or by_rank:
        return decision(raised, RAISE)
    return decision(chosen, at_level)


@rule
def slowable(w, plan, slot):
    """Whether a running job may be made slower now, as its row allows, and that saves power."""
    row = row_of(plan, live_of(w, slot).job)
    return level_of(w, slot) < row.slowest and why_not_slow(w, slot) == OK and saving_mw(w, slot) > 0


@rule
def victim_at_level(w, plan):
    """The decision to make the running job of worst rank slower, else to give one up; WAIT if none runs."""
    s = env_of(w)
    chosen = WAIT
    worst = 0.0
    saved_mw = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if slowable(w, plan, slot):
            rank = row_of(plan, live_of(w, slot).job).rank
            saved_mw += saving_mw(w, slot)
            if chosen == WAIT or rank > worst:
                chosen = slot
                worst = rank
    short_mw = s.active_mw + s.node_mw - s.cap_mw
    if chosen == WAIT or (plan.slows == SLOW_IF_ENOUGH and saved_mw < short_mw):
        return victim_planned(w, plan)
    return decision(chosen, SLOW)


@rule
def replay_at_level(w, plan, steps):
    """Run under a plan with levels for at most `steps` decisions; the last status that `advance` returned."""
    status = advance(w)
    while steps > 0:
        if status == DECIDE_START:
            apply(w, choose_at_level(w, plan))
        elif status == DECIDE_SHED:
            apply(w, victim_at_level(w, plan))
        else:
            return status
        status = advance(w)
        steps -= 1
    return status
