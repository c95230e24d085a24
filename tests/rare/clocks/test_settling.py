"""The SimPy clock: one compiled call for an instant, few events on it. And live jobs that grow in place."""

import random

import pytest

import rare
from rare import world as worlds
from rare.clocks.simpy_clock import SimpyClock
from rare.scheduler import as_decider
from rare.world import build_world, more_live_slots
from schedulers import make_scheduler
from tests.builders import make_case, random_case
from tests.rare.rules.test_differential import heuristic_for
from tests.rare.rules.test_event_differential import event_case, slow_heuristic_for
from tests.rare.twins import Unfused, history

GRID = [{"t": 0, "grid": rare.UNLIMITED_MW}]


def runs():
    for seed in range(8):
        case = random_case(random.Random(seed))
        yield case, heuristic_for(seed, case)
    for seed in range(6):
        case = event_case(seed)
        yield case, slow_heuristic_for(seed, case)


def test_an_instant_in_one_call_is_the_same_as_one_decision_after_the_other():
    for case, scheduler in runs():
        decider = as_decider(scheduler, case)
        if decider.settles and not decider.keeps_promises:  # Unfused promises nothing
            assert history(case, decider, "simpy") == history(case, Unfused(decider), "simpy")


def test_heuristics_settle_and_users_schedulers_need_not():
    case = make_case([{"work_s": 1}], rare.Partition(), GRID)
    assert as_decider(make_scheduler("easy"), case).settles
    decider = Unfused(as_decider(make_scheduler("easy"), case))
    assert not decider.settles
    with pytest.raises(NotImplementedError, match="no compiled instant"):
        decider.settle(0, 0)


def test_wakes_leave_no_alarms_behind():
    # A job of 1,000 s, and a process that wakes the cluster each second: one alarm is set, for its end.
    clock = SimpyClock.of(make_case([{"work_s": 1000}], rare.Partition(), GRID), make_scheduler("fcfs"))
    most = 0

    def nuisance():
        nonlocal most
        while True:
            yield clock.env.timeout(1)
            clock.wake()
            most = max(most, len(clock.env._queue))

    clock.env.process(nuisance())
    assert int(clock.run().env[0].now_s) == 1000
    assert most == 2


def test_a_wake_in_the_second_of_an_alarm_settles_it_once():
    clock = SimpyClock.of(make_case([{"work_s": 10}], rare.Partition(), GRID), make_scheduler("fcfs"))
    settled = []
    clock._settle, settle = lambda event: (settled.append(clock.env.now), settle(event)), clock._settle

    def cooling():
        yield clock.env.timeout(10)
        clock.set_input(pue_per_mille=2000)
        clock.wake()

    clock.env.process(cooling())
    assert int(clock.run().env[0].draw_mj) == 10 * int(clock.world.jobs.power_mw[0])
    assert settled.count(10) == 1


@pytest.mark.parametrize("reserve", [1, 8])
@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_live_jobs_that_grow_in_place_change_nothing(clock, reserve, monkeypatch):
    expected = [history(case, scheduler, clock) for case, scheduler in runs()]
    monkeypatch.setattr(worlds, "MANY_LIVE", 4)
    monkeypatch.setattr(worlds, "RESERVE", reserve)
    assert [history(case, scheduler, clock) for case, scheduler in runs()] == expected


def test_many_live_slots_grow_by_a_quarter_where_they_are(monkeypatch):
    monkeypatch.setattr(worlds, "MANY_LIVE", 128)
    world = build_world(make_case([{"work_s": 1}], rare.Partition(), GRID))
    world.env.live = 128  # no slot is free
    first = more_live_slots(world)
    assert first.live.shape == (1, 160) and first.live.ctypes.data != world.live.ctypes.data
    first.env.live = 160
    second = more_live_slots(first)
    assert second.live.shape == (1, 200) and second.live.ctypes.data == first.live.ctypes.data
    assert second.live.next_free[0, 160:].tolist() == [*range(161, 200), 200]
