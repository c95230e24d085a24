"""A state that breaks a rule is told, and the rule is named: else the check after each instant proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rare.model import Partition
from rare.rules.invariants import verify
from rare.run import CLOCKS
from rare.scheduler import as_decider, keep_queue
from rare.state.arrays import EXPECTED, FINISH, QUEUE, RUNNING
from rare.world import build_world
from schedulers import make_scheduler
from tests.builders import make_case
from tests.rare.rules.hand import at, battery, job
from tests.rare.twins import Unfused

Change = Callable[[Any], None]
SECOND_START_S = 5


def case() -> Any:
    """At 5 s two jobs run; the third is too wide, and the fourth, which could start, waits behind it."""
    machine = Partition(name="p", nodes=3, cores_per_node=2, memory_mib_per_node=8, idle_mw=50, core_mw=100)
    jobs = [job(60, cores=2), *(job(30, submit_s=SECOND_START_S, cores=cores) for cores in (2, 4, 1))]
    return make_case(jobs, machine, [at(0, 900), at(40, 300)], battery=battery(100_000, limit=50))


def told_of(change: Change, case: Any) -> str:
    """What is said of the state at the last decision of 5 s with a change in it; '' for nothing."""
    found: list[str] = []

    def before(world: Any) -> None:
        running = [each for each in world.live[0] if each.doing == RUNNING]
        if world.env[0].now_s != SECOND_START_S or len(running) != 2 or found:
            return
        verify(world)
        keep = {name: getattr(world, name).copy() for name in ("env", "live", "part", "lists", "ends")}
        change(world)
        try:
            verify(world)
            found.append("")
        except AssertionError as error:
            found.append(str(error))
        for name, values in keep.items():
            getattr(world, name)[...] = values

    decider = as_decider(make_scheduler("fcfs"), case)
    world = build_world(case, live=4, log_level=2)
    keep_queue(world, 0, decider)
    CLOCKS["compiled"](world, Unfused(decider, before), case.workload.job_id).run()
    assert len(found) == 1, "the instant never came"
    return found[0]


def add(name: str, amount: int = 1) -> Change:
    def change(world: Any) -> None:
        world.env[0][name] += amount

    return change


def add_to_part(name: str, amount: int = 1) -> Change:
    def change(world: Any) -> None:
        world.part[0][0][name] += amount

    return change


def add_to_running(name: str, amount: int) -> Change:
    def change(world: Any) -> None:
        next(each for each in world.live[0] if each.doing == RUNNING)[name] += amount

    return change


def turn_round(which: int) -> Change:
    def change(world: Any) -> None:
        rows = world.lists[0, which][world.ends[0, which].first : world.ends[0, which].last]
        rows[:] = rows[::-1].copy()

    return change


def lose_the_last(which: int) -> Change:
    def change(world: Any) -> None:
        world.ends[0, which]["last"] -= 1

    return change


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        (add("live"), "8", "live jobs"),
        (add("completed"), "8", "gone"),
        (add("cancelled"), "8", "gone"),
        (add_to_part("free_cores"), "2.1", "cores in use"),
        (add_to_part("free_memory_mib", -1), "2.1", "memory_mib in use"),
        (add_to_part("nodes_used"), "2.1", "nodes in use"),
        (add("active_mw"), "2.3", "active power"),
        (add("node_mw", -1), "2.3", "power of the nodes"),
        (add("used_cores"), "2.1", "cores in use"),
        (turn_round(FINISH), "1.3", "out of order"),
        (turn_round(QUEUE), "1.3", "out of order"),
        (turn_round(EXPECTED), "1.3", "out of order"),
        (lose_the_last(FINISH), "3", "members"),
        (lose_the_last(QUEUE), "3", "members"),
        (add_to_running("left_s", 1000), "5.3", "work left"),
        (add_to_running("left_s", -1000), "5.3", "work left"),
        (add_to_running("left_s", -1), "5.1", "end of job"),
        (add("available_mj"), "7.6", "renewable"),
        (add("curtailed_mj", -1), "7.6", "renewable"),
        (add("draw_mj"), "7.6", "draw"),
        (add("grid_mj", -1), "7.6", "draw"),
        (add("content", 10**15), "7.3", "content"),
        (add("content", -(10**15)), "7.3", "content"),
        (add("charge_mw", -(10**6)), "7", "negative"),
        (add("curtailed_mw", -(10**6)), "7", "negative"),
    ],
)
def test_a_broken_rule_is_named(change, rule, words):
    told = told_of(change, case())
    assert told.startswith(f"RULES §{rule} is broken") and words in told


def test_a_job_that_should_have_ended_is_told():
    def change(world: Any) -> None:
        for each in world.live[0]:
            if each.doing == RUNNING:
                each.finish_s = SECOND_START_S - 1

    assert "1.3" in told_of(change, case()) or "should have ended" in told_of(change, case())


def test_a_state_as_it_should_be_is_not_told_of():
    assert told_of(lambda world: None, case()) == ""
