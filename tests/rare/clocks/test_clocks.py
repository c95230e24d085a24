"""The clocks: hand-worked cases, co-simulation, spurious wakes, growth, refusals, the interpreter."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest

import rare
from rare.clocks.simpy_clock import SimpyClock
from rare.rules.invariants import verify
from rare.run import as_decider
from rare.state.arrays import fork
from rare.state.memory import arguments
from rare.world import build_world
from schedulers import make_scheduler
from schedulers.heuristics.chooser import BACKFILL_NAMES, POLICY
from schedulers.heuristics.fused_replay import replay
from tests.builders import make_case, random_case, random_event_case, random_power_case
from tests.rare.rules.test_differential import heuristic_for
from tests.rare.rules.test_event_differential import event_case, slow_heuristic_for
from tests.rare.twins import Erratic, history, summary
from traces.errors import InputError

ALL = 10**6  # decisions: to the end


@pytest.fixture(params=["compiled", "simpy"])
def clock(request):
    return request.param


def simpy_clock(case, scheduler):
    decider = as_decider(scheduler, case)
    world = build_world(case, order=decider.order, order_param=decider.order_param, log_level=2)
    return SimpyClock(world, decider, case.workload.job_id)


@pytest.mark.parametrize("seed", range(60))
def test_spurious_wakes_change_nothing(seed):
    case = random_case(random.Random(seed))
    compare_with_spurious_wakes(case, heuristic_for(seed, case))


@pytest.mark.parametrize("seed", range(20))
def test_spurious_wakes_change_nothing_with_levels_and_events(seed):
    case = event_case(seed)
    compare_with_spurious_wakes(case, slow_heuristic_for(seed, case))


def compare_with_spurious_wakes(case, scheduler):
    plain = simpy_clock(case, scheduler)
    woken = simpy_clock(case, scheduler)

    def nuisance():
        while True:
            yield woken.env.timeout(7)
            woken.wake()

    woken.env.process(nuisance())
    end_s = int(plain.run().env[0].now_s)
    woken.step_until(end_s)
    expected = summary(plain.world, plain.recorder.events)
    woken.recorder.drain(woken.world)
    found = summary(woken.world, woken.recorder.events)
    assert found["events"] == expected["events"]
    if expected["ended"] != "stalled":  # with something always to come, a run cannot stall
        assert found["counts"] == expected["counts"]
        assert found["energy"] == expected["energy"]
        assert found["money"] == expected["money"]


def test_a_process_of_ones_own_sets_an_input():
    # One job of 100 s at 10 W under 20 W; at 40 s our process cuts the supply, at 70 s it comes back.
    #  0 start          40 shed          70 resume                    130 end
    jobs = [{"submit_s": 0, "work_s": 100, "cores": 1, "power_mw": 10_000}]
    case = make_case(jobs, rare.Partition(), [{"t": 0, "supply": 20_000}])
    clock = simpy_clock(case, make_scheduler("fcfs"))

    def cloud():
        yield clock.env.timeout(40)
        clock.set_input(supply_mw=0)
        yield clock.env.timeout(30)
        clock.set_input(supply_mw=20_000)

    clock.env.process(cloud())
    world = clock.run()
    events = summary(world, clock.recorder.events)["events"]
    assert events == [
        (0, "submit", 0), (0, "start", 0), (40, "shed", 0), (70, "resume", 0), (130, "end", 0)
    ]  # fmt: skip
    assert int(world.env[0].draw_mj) == 100 * 10_000


def test_an_unknown_input_is_named():
    case = make_case([{"work_s": 1}], rare.Partition(), [{"t": 0, "grid": rare.UNLIMITED_MW}])
    clock = SimpyClock.of(case, make_scheduler("fcfs"))
    with pytest.raises(ValueError, match="no input is called 'sun'; inputs are supply_mw"):
        clock.set_input(sun=1)
    for name, value in (("pue_per_mille", -5), ("pue_per_mille", 0), ("supply_mw", -5), ("supply_mw", 2**60)):
        with pytest.raises(ValueError, match=f"{name} must be between .*, got {value}"):
            clock.set_input(**{name: value})


def test_an_input_set_by_a_process_outlives_changes_of_others():
    # 100 s at 10 W; our process doubles the PUE at 10 s, the supply changes at 50 s.
    jobs = [{"submit_s": 0, "work_s": 100, "cores": 1, "power_mw": 10_000}]
    case = make_case(jobs, rare.Partition(), [{"t": 0, "supply": 50_000}, {"t": 50, "supply": 60_000}])
    clock = SimpyClock.of(case, make_scheduler("fcfs"))

    def cooling():
        yield clock.env.timeout(10)
        clock.set_input(pue_per_mille=2000)

    clock.env.process(cooling())
    assert int(clock.run().env[0].draw_mj) == 10 * 10_000 + 90 * 20_000


def test_step_until_stops_after_the_instant():
    jobs = [{"submit_s": 0, "work_s": 10}, {"submit_s": 5, "work_s": 10}]
    clock = simpy_clock(
        make_case(jobs, rare.Partition(nodes=2), [{"t": 0, "grid": rare.UNLIMITED_MW}]),
        make_scheduler("fcfs"),
    )
    assert clock.step_until(5)
    assert int(clock.world.env[0].used_cores) == 2
    assert not clock.step_until(1000)
    assert int(clock.world.env[0].now_s) == 15


def test_an_input_set_after_step_until_acts_from_then_on():
    # 100 s at 10 W; the supply is cut at 40 s and comes back at 70 s, from outside the simulation.
    case = make_case([{"work_s": 100, "power_mw": 10_000}], rare.Partition(), [{"t": 0, "supply": 20_000}])
    clock = simpy_clock(case, make_scheduler("fcfs"))
    for time_s, supply_mw in ((40, 0), (70, 20_000)):
        assert clock.step_until(time_s)
        assert clock.env.now == time_s
        clock.set_input(supply_mw=supply_mw)
    events = summary(clock.run(), clock.recorder.events)["events"]
    assert events[2:] == [(40, "shed", 0), (70, "resume", 0), (130, "end", 0)]


def test_a_second_settling_of_a_second_begins_a_new_pass():
    # 10 W: only the second job (10 W) can start. In the same second the supply rises to 30 W.
    jobs = [{"work_s": 50, "power_mw": 20_000}, {"work_s": 100, "power_mw": 10_000}]
    case = make_case(jobs, rare.Partition(nodes=2), [{"t": 0, "supply": 10_000}])
    clock = simpy_clock(case, make_scheduler("greedy"))
    clock.step_until(0)
    clock.set_input(supply_mw=30_000)
    events = summary(clock.run(), clock.recorder.events)["events"]
    assert events[2:] == [(0, "start", 1), (0, "start", 0), (50, "end", 0), (100, "end", 1)]


def test_a_job_that_never_came_is_unfinished_and_has_not_waited(clock):
    jobs = [{"work_s": 10}, {"work_s": 10, "submit_s": 500}]
    case = make_case(jobs, rare.Partition(), [{"t": 0, "supply": 10**6}], end_s=100)
    result = rare.simulate(case, make_scheduler("fcfs"), clock=clock)
    frame = result.jobs_frame()
    assert frame.status.tolist() == ["completed", "unfinished"]
    assert frame.start_s.isna().tolist() == frame.end_s.isna().tolist() == [False, True]
    assert result.metrics["jobs_unfinished"] == 1
    assert result.metrics["mean_bounded_slowdown_with_unfinished"] == 1


def test_values_too_large_to_add_are_refused():
    with pytest.raises(InputError, match="values add up to .*, more than can be counted"):
        make_case([{"value_u": 2**61}] * 3, rare.Partition(), [{"t": 0, "supply": 1}])


def test_state_grows_with_the_queue(clock):
    jobs = [{"submit_s": 0, "work_s": 3} for _ in range(5000)]
    case = make_case(jobs, rare.Partition(nodes=7), [{"t": 0, "grid": rare.UNLIMITED_MW}])
    result = rare.simulate(case, make_scheduler("easy"), clock=clock)
    assert result.metrics["jobs_completed"] == 5000
    assert result.metrics["makespan_s"] == -(-5000 // 7) * 3


def _play(world, decisions, order=0):
    """Some decisions of greedy in an order, from where the world stands."""
    policy = np.zeros(1, dtype=POLICY).view(np.recarray)
    policy.backfill = BACKFILL_NAMES.index("greedy")
    world.env["order"] = order
    replay(world.handles[0], arguments(policy)[0], decisions)
    verify(world)


@pytest.mark.parametrize(
    "case",
    [
        random_power_case(random.Random(1)),
        random_event_case(random.Random(8), random_power_case(random.Random(8)), share=1.0),
    ],
    ids=["plain", "events"],
)
def test_copies_of_a_state_are_independent_futures(case):
    """A copy made in the midst of a run: playing the one leaves the other as it was, to go on as ever."""
    whole = build_world(case, log_level=0)
    _play(whole, ALL)
    world = build_world(case, log_level=0)
    _play(world, 3)
    before = {name: getattr(world, name).copy() for name in ("env", "live", "lists", "part", "outcome")}
    other = fork(world)
    _play(other, ALL)
    assert (other.env != world.env).all(), "the copy has not moved on: the case tells nothing"
    for name, rows in before.items():
        assert (getattr(world, name) == rows).all(), name
    _play(world, ALL)
    for name in ("env", "part", "outcome"):
        assert (getattr(world, name) == getattr(other, name)).all(), name
        assert (getattr(world, name) == getattr(whole, name)).all(), name


class Wrong:
    """Starts the first job, then breaks a rule."""

    def __init__(self, index):
        self.index = index

    def choose(self, view):
        return 0 if 0 in [job.index for job in view.startable] else self.index


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (1, r"job 2 at 0 s cannot start: it needs 3 cores and 2 are free \(RULES §4.2\)"),
        (2, r"job 3 at 0 s cannot start: it needs 9 W of IT power and 5 W is spare \(RULES §4.2"),
        (0, r"job 1 at 0 s is running, and the scenario does not allow suspending by choice"),
        (4, r"job index 4 at 0 s, which is neither waiting nor running"),
        (9, r"job index 9 at 0 s, which is neither waiting nor running"),
    ],
)
def test_a_scheduler_that_breaks_a_rule_is_told_which(index, message, clock):
    jobs = [{"cores": 1}, {"cores": 3}, {"cores": 1, "power_mw": 9000}, {"cores": 1}, {"submit_s": 9}]
    jobs = [{"work_s": 10, "power_mw": 0, **job} for job in jobs]
    case = make_case(jobs, rare.Partition(nodes=3), [{"t": 0, "supply": 5000}])
    with pytest.raises(ValueError, match=message):
        rare.simulate(case, Wrong(index), clock=clock)


def test_a_class_without_choose_is_refused():
    case = make_case([{"work_s": 1}], rare.Partition(), [{"t": 0, "supply": 5000}])
    with pytest.raises(InputError, match=r"neither a method choose\(view\) nor act"):
        rare.simulate(case, object())


def test_the_view_shows_the_estimate_and_hides_the_work(clock):
    seen = []

    class Curious:
        def choose(self, view):
            seen.extend(view.queue)
            return view.startable[0].index

    case = make_case(
        [{"work_s": 77, "estimate_s": 500}], rare.Partition(), [{"t": 0, "grid": rare.UNLIMITED_MW}]
    )
    rare.simulate(case, Curious(), clock=clock)
    assert seen[0].estimate_s == 500
    numbers = [getattr(seen[0], name) for name in seen[0].__slots__]
    assert 77 not in numbers


def test_energies_too_large_to_count_are_refused():
    jobs = [{"submit_s": 0, "work_s": 10**9, "cores": 1, "power_mw": 2**40}]
    with pytest.raises(InputError, match=r"more energy than 2\^62 mJ can count \(RULES §1.4\)"):
        make_case(jobs, rare.Partition(nodes=100_000), [{"t": 0, "grid": rare.UNLIMITED_MW}])


def test_the_rules_run_uncompiled_and_bounds_checked():
    """One run with NUMBA_DISABLE_JIT=1, where every access to the state checks its index."""
    code = (
        "import random\n"
        "from tests.builders import random_case\n"
        "from tests.rare.rules.test_differential import heuristic_for\n"
        "from tests.rare.twins import history\n"
        "for seed in range(12):\n"
        "    case = random_case(random.Random(seed))\n"
        "    print(history(case, heuristic_for(seed, case), 'compiled'))\n"
        "    if seed < 4:\n"
        "        print(history(case, heuristic_for(seed, case), 'simpy'))\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "NUMBA_DISABLE_JIT": off, "PYTHONPATH": os.getcwd()},
            capture_output=True, text=True, check=True,
        ).stdout
        for off in ("1", "0")
    ]  # fmt: skip
    assert outputs[0] and outputs[0] == outputs[1]


def test_same_case_same_story(clock):
    case = random_case(random.Random(11))
    assert history(case, Erratic(3), clock) == history(case, Erratic(3), clock)


def test_zero_work_jobs_hold_nothing(clock):
    jobs = [{"submit_s": 5, "work_s": 0, "cores": 1} for _ in range(50)]
    case = make_case(jobs, rare.Partition(), [{"t": 0, "grid": rare.UNLIMITED_MW}])
    result = rare.simulate(case, make_scheduler("fcfs"), clock=clock)
    assert result.metrics["jobs_completed"] == 50
    assert result.metrics["makespan_s"] == 0
    assert result.metrics["energy_kwh"] == 0


@pytest.mark.parametrize(
    ("last_job", "ended", "unfinished"),
    [
        (
            {"work_s": 5, "estimate_s": 0},
            "completed",
            {"jobs_failed": 1},
        ),  # fails inside its start (§5.5)
        ({"work_s": 5, "cores": 2}, "stalled", {"jobs_failed": 0}),  # never finds its power
    ],
)
def test_a_job_that_comes_in_the_second_of_the_end_has_arrived(last_job, ended, unfinished, clock):
    jobs = [{"work_s": 10}, {**last_job, "submit_s": 10}]
    part = rare.Partition(nodes=2, core_mw=1000)
    case = make_case(jobs, part, [{"t": 0, "supply": 1000}], kill_at_estimate=True)
    result = rare.simulate(case, make_scheduler("fcfs"), clock=clock)
    assert result.ended == ended and result.power["time_s"][-1] == 10
    metrics = result.metrics
    assert (metrics["jobs_not_arrived"], metrics["jobs_unfinished"]) == (0, 1)
    assert {name: metrics[name] for name in unfinished} == unfinished
    assert metrics["mean_bounded_slowdown_with_unfinished"] == 1  # of two jobs, neither has waited


@pytest.mark.parametrize("how", ["inputs", "window"])
def test_a_job_submitted_when_inputs_or_window_end_has_not_arrived(how, clock):
    jobs = [{"work_s": 10}, {"work_s": 10, "submit_s": 100}, {"work_s": 10, "submit_s": 100, "cores": 9}]
    ends = {"end_s": 100} if how == "inputs" else {"window_s": 100}
    case = make_case(jobs, rare.Partition(), [{"t": 0, "supply": 10**6}], **ends)
    metrics = rare.simulate(case, make_scheduler("fcfs"), clock=clock).metrics
    assert (metrics["jobs_not_arrived"], metrics["jobs_rejected"], metrics["jobs_completed"]) == (2, 0, 1)
