"""The sentence behind each reason for which an action is refused (RULES §4.4)."""

from __future__ import annotations

from rare.rules.limits import start_reasons as rules
from rare.rules.limits.queue_limits import reached_group
from rare.rules.power_balance import node_increase_mw
from rare.rules.progress.level_changes import raise_mw
from rare.rules.progress.pace import levels_of, power_at_mw
from rare.state.arrays import RUNNING, SHEDDING, World
from rare.state.decisions import RAISE, SLOW, WHAT_SHIFT

CHOOSE = "; choose a job for which view.can_start() is true, or WAIT"


def refusal(world: World, e: int, code: int, reason: int, job_id: object) -> str:
    """Why a decision cannot be carried out, with both sides of the comparison and the rule.

    code: of rare.state.decisions.
    """
    what, slot = divmod(code, 1 << WHAT_SHIFT)
    state, live = world.env[e], world.live[e, slot]
    part = world.part[e, live.part]
    head = f"job {job_id} at {state.now_s} s"
    if reason == rules.ERR_POWER:
        return head + _lack_of_power(world, e, slot, what)
    if reason == rules.ERR_LIMIT:
        return head + _reached_limit(world, e, slot) + CHOOSE
    if reason >= rules.ERR_LEVEL:
        return head + _bad_level(world, e, slot, what, reason)
    running = live.doing == RUNNING
    if running and reason in (rules.ERR_RUNNING, rules.ERR_WAITING):
        return (
            f"{head} is running, so it cannot start at a level, nor be made faster in a shortage (RULES "
            "§11.4); use view.slow() and view.faster() where view.can_slow() and view.can_raise() are true"
        )
    by_choice = "making it slower" if what == SLOW else "suspending"
    sentences = {
        rules.ERR_CORES: f"{head} cannot start: it needs {live.cores} cores and {part.free_cores} are free "
        "(RULES §4.2)",
        rules.ERR_GPUS: f"{head} cannot start: it needs {live.gpus_milli / 1000:g} GPUs and "
        f"{part.free_gpus_milli / 1000:g} are free (RULES §4.2)",
        rules.ERR_MEMORY: f"{head} cannot start: it needs {live.memory_mib} MiB and "
        f"{part.free_memory_mib} MiB are free (RULES §4.2)",
        rules.ERR_AGAIN: f"{head} has already started, stopped{_or_changed(world)} or been shed at this "
        "instant (RULES §4.3)",
        rules.ERR_RUNNING: f"{head} is not running, so it cannot be given up (RULES §4.1)",
        rules.ERR_WAITING: f"{head} is neither waiting nor running (RULES §4.2)",
        rules.ERR_VOLUNTARY: f"{head} is running, and the scenario does not allow {by_choice} by choice "
        "(RULES §4.2b)",
        rules.ERR_RIGID: f"{head} is not preemptible, so it cannot be suspended by choice (RULES §4.2b)",
    }
    return sentences[reason] + CHOOSE


def _or_changed(world: World) -> str:
    """What also counts as a change at an instant where there are levels."""
    return ", changed its level" if world.speeds.shape[1] > 1 else ""


def _lack_of_power(world: World, e: int, slot: int, level: int) -> str:
    """The end of the sentence about a start for which there is no power."""
    handle, state = world.handles[e], world.env[e]
    need_mw = power_at_mw(handle, slot, level) + node_increase_mw(handle, slot)
    spare_mw = state.start_cap_mw - state.active_mw - state.node_mw
    levels = levels_of(handle, slot)
    lower = ", at a level that view.fastest_level() gives" if levels > 1 else ""
    return (
        f" cannot start{f' at level {level}' if levels > 1 else ''}: it needs {need_mw / 1000:g} W of IT "
        f"power and {spare_mw / 1000:g} W is spare (RULES §4.2, §2.6); choose a job for which "
        f"view.can_start() is true{lower}, or WAIT"
    )


def _reached_limit(world: World, e: int, slot: int) -> str:
    """The middle of the sentence about a start that a limit does not allow, both sides compared."""
    group = int(reached_group(world.handles[e], slot))
    limit, use = world.group_limits[group], world.group_use[e, group]
    which = f"[[limit]] {int(limit.entry) + 1} of the scenario"
    if use.running_jobs >= limit.running_jobs:
        sides = f"lets {limit.running_jobs} of these jobs run at once, and {use.running_jobs} do"
    else:
        cores = world.live[e, slot].cores
        sides = f"lets these jobs take {limit.cores} cores, they have {use.cores}, and it needs {cores}"
    return f" cannot start: {which} {sides} (RULES §15.2)"


def _bad_level(world: World, e: int, slot: int, what: int, reason: int) -> str:
    """The end of the sentence about a level that there is not, or that is out of reach."""
    handle, state = world.handles[e], world.env[e]
    levels = levels_of(handle, slot)
    if reason == rules.ERR_LEVEL and what in (SLOW, RAISE):
        return " is not running, so its level cannot be changed (RULES §11.4); choose one that runs"
    if reason == rules.ERR_LEVEL:
        has = f"the levels 0 to {levels - 1}" if levels > 1 else "no speed levels"
        return f" cannot start at level {what}: its partition has {has} (RULES §11.3); use view.at_level()"
    if reason == rules.ERR_SLOWEST:
        why = "has no slower level" if levels > 1 else "has no speed levels in its partition"
        return f" {why} (RULES §11.4); choose one for which view.can_slow() is true, or WAIT"
    end = "; choose a job for which view.can_raise() is true, or WAIT"
    if reason == rules.ERR_FASTEST:
        return f" runs at full speed, so it cannot be made faster (RULES §11.4){end}"
    if state.phase == SHEDDING:
        return f" cannot be made faster in a shortage (RULES §11.4){end}"
    spare_mw = state.start_cap_mw - state.active_mw - state.node_mw
    return (
        f" cannot be made faster: that takes {raise_mw(handle, slot) / 1000:g} W of IT power and "
        f"{spare_mw / 1000:g} W is spare (RULES §11.4){end}"
    )
