"""The sentence behind each reason for which an action is refused (RULES §4.4)."""

from __future__ import annotations

from rare.rules import job_life as rules
from rare.rules.power_balance import node_increase_mw
from rare.state.arrays import World


def refusal(world: World, e: int, slot: int, reason: int, job_id: object) -> str:
    """Why a decision cannot be carried out, with both sides of the comparison and the rule."""
    state = world.env[e]
    live = world.live[e, slot]
    part = world.part[e, live.part]
    head = f"job {job_id} at {state.now_s} s"
    if reason == rules.ERR_POWER:
        need_mw = live.power_mw + node_increase_mw(world.handles[e], slot)
        spare_mw = state.start_cap_mw - state.active_mw - state.node_mw
        return (
            f"{head} cannot start: it needs {need_mw / 1000:g} W of IT power and {spare_mw / 1000:g} W is "
            "spare (RULES §4.2, §2.6); choose a job for which view.can_start() is true, or WAIT"
        )
    sentences = {
        rules.ERR_CORES: f"{head} cannot start: it needs {live.cores} cores and {part.free_cores} are free "
        "(RULES §4.2)",
        rules.ERR_GPUS: f"{head} cannot start: it needs {live.gpus_milli / 1000:g} GPUs and "
        f"{part.free_gpus_milli / 1000:g} are free (RULES §4.2)",
        rules.ERR_MEMORY: f"{head} cannot start: it needs {live.memory_mib} MiB and "
        f"{part.free_memory_mib} MiB are free (RULES §4.2)",
        rules.ERR_AGAIN: f"{head} has already started, stopped or been shed at this instant (RULES §4.3)",
        rules.ERR_RUNNING: f"{head} is not running, so it cannot be given up (RULES §4.1)",
        rules.ERR_WAITING: f"{head} is neither waiting nor running (RULES §4.2)",
        rules.ERR_VOLUNTARY: f"{head} is running, and the scenario does not allow suspending by choice "
        "(RULES §4.2b)",
        rules.ERR_RIGID: f"{head} is not preemptible, so it cannot be suspended by choice (RULES §4.2b)",
    }
    return sentences[reason] + "; choose a job for which view.can_start() is true, or WAIT"
