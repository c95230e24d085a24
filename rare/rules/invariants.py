"""What must be true of a state at every instant. Slow and plain; tests call it after each one."""

from __future__ import annotations

from typing import Any

from rare.model import NEVER_S
from rare.rules.power_balance import nodes_for
from rare.rules.progress.pace import level_of, progress_in_s, rate_at, work_done, work_left
from rare.state.arrays import (
    EXPECTED,
    FINISH,
    FREE,
    HELD,
    IDLE,
    QUEUE,
    QUEUED,
    RUNNING,
    SUSPENDED,
    TIMER,
    World,
)


def verify(world: World, e: int = 0) -> None:
    """Raise AssertionError naming the rule that the state of environment `e` breaks."""
    state = world.env[e]
    live = [(slot, job) for slot, job in enumerate(world.live[e]) if job.doing != FREE]
    running = [(slot, job) for slot, job in live if job.doing == RUNNING]
    waiting = [(slot, job) for slot, job in live if job.doing in (QUEUED, SUSPENDED)]
    held = [(slot, job) for slot, job in live if job.doing == HELD]
    _energy(state)
    if state.ended:  # what an end cuts off is not put away
        return
    _counts(world, state, live)
    _resources(world, e, [job for _, job in running])
    _groups(world, e, live)
    _lists(world, e, running, waiting, held)
    _work(world, e, live)


def _require(condition: bool, rule: str, text: str) -> None:
    if not condition:
        raise AssertionError(f"RULES §{rule} is broken: {text}")


def _counts(world: World, state: Any, live: list[Any]) -> None:
    """Every job that has come is here, done, rejected or given up."""
    names = ("completed", "rejected", "expired", "failed", "cancelled", "dropped")
    gone = sum(int(state[name]) for name in names)
    _require(len(live) == state.live, "8", f"{len(live)} live jobs, {state.live} counted")
    _require(gone + len(live) == state.next_job, "8", f"{gone} gone + {len(live)} live != {state.next_job}")


def _resources(world: World, e: int, running: list[Any]) -> None:
    """Cores, GPUs, memory and watts in use are those of the running jobs."""
    state = world.env[e]
    node_mw = 0
    for p, part in enumerate(world.part[e]):
        mine = [job for job in running if job.part == p]
        used = []
        for name in ("cores", "gpus_milli", "memory_mib"):
            amount = sum(int(job[name]) for job in mine)
            _require(part[name] - part["free_" + name] == amount, "2.1", f"{name} in use of partition {p}")
            _require(part["free_" + name] >= 0, "2.1", f"{name} of partition {p} is overbooked")
            used.append(amount)
        nodes = nodes_for(part, *used)
        _require(nodes == part.nodes_used and nodes <= part.nodes, "2.1", f"{nodes} nodes in use")
        node_mw += int(nodes) * int(part.idle_mw)
    _require(state.active_mw == sum(int(job.power_mw) for job in running), "2.3", "active power")
    _require(state.node_mw == node_mw, "2.3", "power of the nodes in use")
    _require(state.used_cores == sum(int(job.cores) for job in running), "2.1", "cores in use")


def _groups(world: World, e: int, live: list[Any]) -> None:
    """What the groups of limited jobs have is what their live jobs have, and never more than allowed."""
    for group, (limit, use) in enumerate(zip(world.group_limits, world.group_use[e], strict=False)):
        mine = [job for _, job in live if group in world.memberships[job.job].group]
        running = [job for job in mine if job.doing == RUNNING]
        has = (len(running), sum(int(job.cores) for job in running), len(mine))
        counted = (use.running_jobs, use.cores, use.submitted_jobs)
        _require(has == counted, "15.2", f"group {group} has {has}, counted are {counted}")
        for name in ("running_jobs", "cores", "submitted_jobs"):
            _require(use[name] <= limit[name], "15", f"{name} of group {group} above its limit")


def _lists(world: World, e: int, running: list[Any], waiting: list[Any], held: list[Any]) -> None:
    """The sorted lists hold exactly the jobs they should, in order."""
    timed = [(slot, job) for slot, job in waiting + held if job.timer_s < NEVER_S]
    for which, members in ((QUEUE, waiting), (FINISH, running), (EXPECTED, running), (TIMER, timed)):
        ends = world.ends[e, which]
        rows = world.lists[e, which][ends.first : ends.last]
        keys = [(float(row.key), int(row.job)) for row in rows]
        _require(keys == sorted(keys), "1.3", f"list {which} is out of order")
        _require(
            sorted(rows.slot.tolist()) == sorted(slot for slot, _ in members), "3", f"members of list {which}"
        )


def _work(world: World, e: int, live: list[Any]) -> None:
    """Work done and work left add up to the work asked for."""
    state = world.env[e]
    for slot, job in live:
        asked = world.jobs[job.job]
        _require(0 <= job.left_s <= asked.work_s, "5.3", f"work left of job {job.job}")
        if job.doing == RUNNING:
            _require(job.finish_s >= state.now_s, "3.2", f"job {job.job} should have ended")
            if not state.kill_at_estimate:
                _ends_when_it_should(world, e, slot)


def _ends_when_it_should(world: World, e: int, slot: int) -> None:
    """A running job's end follows from the work left and its rate (§5.1), found here second by second."""
    state, job, handle = world.env[e], world.live[e, slot], world.handles[e]
    if world.pace.shape[1] == 0:
        _require(job.finish_s - job.progress_s == job.left_s, "5.1", f"end of job {job.job}")
        return
    rate, done = rate_at(handle, slot, level_of(handle, slot)), work_done(handle, slot)
    since_s = max(state.now_s, job.progress_s)
    before_s = int(progress_in_s(handle, since_s - job.progress_s))
    left = work_left(handle, slot) - done
    for end_s, enough in ((job.finish_s, True), (job.finish_s - 1, False)):
        if end_s >= since_s:
            progress_s = int(progress_in_s(handle, end_s - job.progress_s)) - before_s
            _require((progress_s * rate >= left) == enough, "5.1", f"end of job {job.job}")


def _energy(state: Any) -> None:
    """Energy is conserved to the millijoule, and the battery is never over- or undercharged."""
    from_surplus = int(state.charged_mj) - int(state.grid_charged_mj)
    kept = int(state.used_mj) + from_surplus + int(state.curtailed_mj)
    _require(int(state.available_mj) == kept, "7.6", "renewable = used + charged + curtailed")
    served = int(state.used_mj) + int(state.discharged_mj) + int(state.grid_mj)
    drawn = int(state.draw_mj) + int(state.grid_charged_mj)
    _require(drawn == served, "7.6", "draw + charged from the grid = renewable + battery + grid")
    _require(0 <= state.content <= state.capacity, "7.3", f"battery content {state.content}")
    for name in ("draw_mw", "used_mw", "charge_mw", "discharge_mw", "grid_mw", "curtailed_mw"):
        _require(state[name] >= 0, "7", f"{name} is negative")
    if state.phase == IDLE:  # in mid-instant the flows are those of before
        _require(state.grid_mw <= state.import_mw, "2.5", "grid power above the limit")
