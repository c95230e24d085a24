"""Heuristics that slow jobs rather than give them up, and make them faster again, compiled (RULES §11).

In a shortage all running jobs are slowed, one level at a time, those first that lose the least value per watt
saved; only then is anybody given up. Starts take the fastest level at which they fit. While there is power to
spare, slowed jobs are made faster, the most urgent first.

The rules ask for `min_battery_s` seconds of battery before a start leans on it (RULES §2.6), at the supply of
that instant. `slow=lasting` asks for power for LASTING_S seconds by the forecast too, for starts and raises.
Who begins no more than lasts is seldom short of power.
"""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.limits.start_reasons import OK
from rare.rules.orders import worth_at
from rare.rules.outlook import (
    battery_gives_mw,
    content_after,
    outlook_steps,
    step_start_s,
    supply_ahead_mw,
)
from rare.rules.power_balance import node_increase_mw
from rare.rules.progress.level_changes import raise_mw, saving_mw, why_not_raise, why_not_slow
from rare.rules.progress.pace import estimated_work, level_of, power_at_mw, rate_at, run_time_s, work_done
from rare.state.arrays import FINISH, WAIT, ends_of, entry_of, env_of, job_of, live_of, part_of
from rare.state.codes import Choice
from rare.state.compile import rule
from traces.name_registry import Registry

FULL_SPEED, RAISE_LAST, RAISE_FIRST, LASTING = range(4)
LASTING_S = 5400
"""Of 60, 90 and 120 minutes on training windows of `islanded` with the levels of CPUs (docs/guides/lookahead.md)."""

SPEEDS: Registry[Choice] = Registry("speed rule")
SPEEDS.register(
    "slow",
    "slows running jobs before it gives one up, starts at the fastest level that fits, and makes jobs faster "
    "after new starts",
    Choice(RAISE_LAST),
)
SPEEDS.register_variant(
    "slow", "raise-first", "the same, but makes jobs faster before new starts", Choice(RAISE_FIRST)
)
SPEEDS.register_variant(
    "slow",
    "lasting",
    "the same, but starts and makes faster only what forecast and battery serve for the next 90 minutes",
    Choice(LASTING),
)


@rule
def expected_end_at_s(w, slot, level):
    """When a running job ends by its estimate if it goes on at a level from now."""
    live = live_of(w, slot)
    from_s = max(env_of(w).now_s, live.progress_s)
    work = estimated_work(w, slot, work_done(w, slot))
    return from_s + run_time_s(w, work, rate_at(w, slot, level), from_s - live.progress_s)


@rule
def loss_of_slowing(w, slot):
    """Value lost per milliwatt saved if a running job goes on one level slower; it must save some power."""
    job = job_of(w, live_of(w, slot).job)
    level = level_of(w, slot)
    lost_u = worth_at(job, expected_end_at_s(w, slot, level)) - worth_at(
        job, expected_end_at_s(w, slot, level + 1)
    )
    return lost_u / saving_mw(w, slot)


@rule
def cheapest_slowing(w):
    """The running job that loses the least value per watt saved if slowed now; WAIT: none saves power.

    Ties: the larger saving, then the higher job.
    """
    chosen = WAIT
    least = 0.0
    most_mw = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if why_not_slow(w, slot) != OK or saving_mw(w, slot) < 1:
            continue
        live = live_of(w, slot)
        saved_mw = saving_mw(w, slot)
        cost = loss_of_slowing(w, slot)
        better = chosen == WAIT or cost < least
        if not better and cost == least:
            better = saved_mw > most_mw or (saved_mw == most_mw and live.job > live_of(w, chosen).job)
        if better:
            chosen = slot
            least = cost
            most_mw = saved_mw
    return chosen


@rule
def lasts(w, it_mw, for_s):
    """Whether this IT power can be drawn for so long, by the median supply of the outlook (RULES §10.2).

    Nobody is taken to end. The battery is emptied and filled on the way; the import limit persists.
    """
    s = env_of(w)
    draw_mw = (it_mw * s.pue + 999) // 1000
    content = s.content
    until_s = s.now_s + for_s
    for step in range(outlook_steps(w)):
        start_s = step_start_s(w, step)
        if start_s >= until_s:
            break
        seconds = min(step_start_s(w, step + 1), until_s) - start_s
        supply_mw = supply_ahead_mw(w, step)
        if draw_mw > supply_mw + s.import_mw + battery_gives_mw(w, content, seconds):
            return False
        content = content_after(w, content, supply_mw - draw_mw, seconds)
    return True


@rule
def start_lasts(w, slot, level, policy):
    """Whether there is power for long enough to start a job at a level, for a heuristic that minds it."""
    if policy.speeds != LASTING or w.speed_levels <= 1:
        return True
    s = env_of(w)
    more_mw = power_at_mw(w, slot, level) + node_increase_mw(w, slot)
    return lasts(w, s.active_mw + s.node_mw + more_mw, LASTING_S)


@rule
def raise_lasts(w, slot, policy):
    """Whether there is power for long enough to make a running job one level faster, likewise."""
    if policy.speeds != LASTING:
        return True
    s = env_of(w)
    return lasts(w, s.active_mw + s.node_mw + raise_mw(w, slot), LASTING_S)


@rule
def raise_delays_a_head(w, slot):
    """Whether a job that is made faster would take power that a reservation needs (RULES §10.4b)."""
    end_s = expected_end_at_s(w, slot, level_of(w, slot) - 1)
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.reserved and end_s > part.shadow_s and raise_mw(w, slot) > part.spare_mw:
            return True
    return False


@rule
def take_spare_of_raise(w, slot):
    """Deduct from what the reservations leave over the power by which a job is raised."""
    end_s = expected_end_at_s(w, slot, level_of(w, slot) - 1)
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.reserved and end_s > part.shadow_s:
            part.spare_mw -= raise_mw(w, slot)


@rule
def most_urgent_raise(w, mind_heads, policy):
    """The running job with the least slack that may be made faster now; WAIT: none may.

    mind_heads: not if it delays the head of a backfilling pass. Jobs without a deadline come last; ties: the
    lower job.
    """
    chosen = WAIT
    least_s = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if why_not_raise(w, slot) != OK or (mind_heads and raise_delays_a_head(w, slot)):
            continue
        if not raise_lasts(w, slot, policy):
            continue
        live = live_of(w, slot)
        deadline_s = job_of(w, live.job).deadline_s
        slack_s = NEVER_S if deadline_s == NEVER_S else deadline_s - live.expected_s
        if chosen == WAIT or slack_s < least_s or (slack_s == least_s and live.job < live_of(w, chosen).job):
            chosen = slot
            least_s = slack_s
    return chosen
