"""Bound, exact optimum and oracle where jobs have speed levels and the machine has events of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import rare
from rare.machine_events import NO_LIMIT_MW, PLANNED, GridEvents, Outages, Speed
from rare.model import NEVER_S, Case, Partition
from rare.rules.progress.pace import power_at_mw, rate_at
from rare.state.decisions import RAISE, SLOW, decision, what_of_decision
from rare.world import build_world
from schedulers.oracle.bound import upper_bound
from schedulers.oracle.exact_search import exact_optimum
from schedulers.oracle.machine.first_starts import first_starts
from schedulers.oracle.machine.job_levels import job_levels
from schedulers.oracle.machine.machine_limits import draw_limits, most_draw_mw, nodes_there
from schedulers.oracle.oracle_scheduler import Oracle
from tests.builders import make_case
from tests.schedulers.oracle.machine_cases import event_case, level_case
from tests.tiny_cases import tiny_case
from traces.errors import InputError
from traces.jobs.workload import NO_CANCEL_S

HOUR_S = 3600
HALF = (Speed(500, 300),)  # half as fast, at three tenths of the power
CORE = Partition(nodes=1, cores_per_node=1, core_mw=100)
SLOW_CORE = dataclasses.replace(CORE, speeds=HALF)
TWO_CORES = Partition(nodes=2, cores_per_node=1, core_mw=100)
JOB: dict[str, Any] = {"work_s": HOUR_S, "deadline_s": 2 * HOUR_S, "value_u": 10**6}


def bound_of(case: Case, step_s: int = HOUR_S) -> float:
    bound = upper_bound(case, step_s=step_s, grant_share=0.0).bound
    assert bound is not None
    return bound


def with_columns(case: Case, **columns: list[Any]) -> Case:
    arrays = {}
    for name, values in columns.items():
        arrays[name] = np.empty(len(values), dtype=object) if name == "after" else np.array(values)
        arrays[name][:] = values
    return dataclasses.replace(case, workload=dataclasses.replace(case.workload, **arrays))


def one_event(case: Case, times: tuple[int, int, int, int], limit_mw: int, depth: int = 0) -> Case:
    columns = (*times, limit_mw, depth)
    return dataclasses.replace(case, events=GridEvents(*(np.array([value]) for value in columns)))


class TestLevelsByHand:
    def case(self, supply_mw: int, hours: int, speeds: tuple[Speed, ...] = HALF, **job: Any) -> Case:
        node = dataclasses.replace(CORE, speeds=speeds)
        return make_case([{**JOB, **job}], node, [{"t": 0, "supply": supply_mw}], end_s=hours * HOUR_S)

    @pytest.mark.parametrize(
        ("supply_mw", "hours", "share"),
        [(100, 1, 1.0), (30, 2, 1.0), (29, 2, 0.0), (99, 1, 0.0)],
    )
    def test_one_job(self, supply_mw: int, hours: int, share: float) -> None:
        """It takes an hour at 100 mW, or two at 30 mW."""
        case = self.case(supply_mw, hours, deadline_s=hours * HOUR_S)
        exact = exact_optimum(case)
        assert exact is not None and exact.objective == share
        assert bound_of(case) == pytest.approx(share, abs=1e-4)

    def test_half_of_the_sensitivity(self) -> None:
        """At sensitivity 0.5 the half speed has a rate of 0.75, so the hour's work takes 80 minutes."""
        for minutes, share in ((80, 1.0), (79, 0.0)):
            case = self.case(30, 2, deadline_s=60 * minutes)
            case = dataclasses.replace(case, end_s=60 * minutes)
            case = with_columns(case, sensitivity_milli=[500])
            exact = exact_optimum(case)
            assert exact is not None and exact.objective == share
            assert bound_of(case) >= share - 1e-9

    def test_both_levels_in_one_run(self) -> None:
        """Half an hour of power for the full speed, then an hour for the half: the level must change."""
        rows = [{"t": 0, "supply": 100}, {"t": HOUR_S // 2, "supply": 30}]
        job = {**JOB, "deadline_s": 3 * HOUR_S // 2}
        case = make_case([job], SLOW_CORE, rows, end_s=3 * HOUR_S // 2, suspend_loss_s=HOUR_S)
        exact = exact_optimum(case)
        assert exact is not None and exact.objective == 1.0
        assert exact.decisions == (0, decision(0, SLOW))
        assert bound_of(case) == pytest.approx(1.0, abs=1e-4)

    def test_raised_when_there_is_power(self) -> None:
        rows = [{"t": 0, "supply": 30}, {"t": HOUR_S, "supply": 100}]
        job = {**JOB, "deadline_s": 3 * HOUR_S // 2}
        case = make_case([job], SLOW_CORE, rows, end_s=3 * HOUR_S // 2)
        exact = exact_optimum(case)
        assert exact is not None and exact.objective == 1.0
        assert exact.decisions[0] == decision(0, 1) and decision(0, RAISE) in exact.decisions

    def test_two_side_by_side(self) -> None:
        """60 mW for two hours carry both jobs at the half speed, and none of 100 mW at the full one."""
        slow = dataclasses.replace(TWO_CORES, speeds=HALF)
        for node, share in ((slow, 1.0), (TWO_CORES, 0.0)):
            case = make_case([JOB, JOB], node, [{"t": 0, "supply": 60}], end_s=2 * HOUR_S)
            assert bound_of(case) == pytest.approx(share, abs=1e-4)


class TestLevels:
    def test_as_the_rules_have_them(self) -> None:
        for seed in range(1, 12, 2):
            case = level_case(seed)
            assert case is not None
            levels, world = job_levels(case), build_world(case, live=len(case.workload))
            for job in np.flatnonzero(world.jobs.part >= 0):
                live = world.live[0, 0]
                live.job, live.part = job, world.jobs.part[job]
                for k in np.flatnonzero(levels.rate[job] > 0):
                    assert rate_at(world.handles[0], 0, k) == round(1000 * levels.rate[job, k])
                    assert power_at_mw(world.handles[0], 0, k) == levels.power_mw[job, k]

    def test_only_useful_ones_are_modelled(self) -> None:
        """Level 2 is worth it only for who suffers little; nobody needs a level that saves nothing."""
        node = dataclasses.replace(CORE, speeds=(Speed(800, 600), Speed(500, 300)))
        case = make_case([JOB, {**JOB, "power_mw": 0}, JOB], node, [{"t": 0, "supply": 100}])
        case = with_columns(case, sensitivity_milli=[1000, 1000, 0])
        levels = job_levels(case)
        assert [levels.of(job).tolist() for job in range(3)] == [[0, 1, 2], [0], [2]]

    def test_the_program_without_levels_is_as_before(self) -> None:
        """Sizes of the program before there were levels; a sensitivity alone changes nothing."""
        case = tiny_case(0)
        bound = upper_bound(case, step_s=900, grant_share=0.0)
        assert (bound.rows, bound.columns, bound.steps) == (726, 380, 46)
        assert bound.bound == pytest.approx(0.776854499, abs=1e-6)
        sensitive = with_columns(case, sensitivity_milli=[300] * len(case.workload))
        again = upper_bound(sensitive, step_s=900, grant_share=0.0)
        assert (again.bound, again.rows, again.columns) == (bound.bound, bound.rows, bound.columns)


class TestEventsByHand:
    def test_limit(self) -> None:
        """Two cores at 100 mW, of which an event leaves one from the time to comply on."""
        case = make_case([JOB, JOB], TWO_CORES, [{"t": 0, "supply": 500}], end_s=2 * HOUR_S)
        limited = one_event(case, (0, 0, HOUR_S // 2, 3 * HOUR_S // 2), 100)
        # half an hour of both, an hour of one, half an hour of both: everything
        assert bound_of(limited) == pytest.approx(1.0, abs=1e-4)
        # half an hour of both, then one: 1.5 hours of work
        longer = one_event(case, (0, 0, HOUR_S // 2, 2 * HOUR_S), 99)
        assert bound_of(longer) == pytest.approx(0.0, abs=1e-4)
        limits = draw_limits(limited, np.array([0, HOUR_S, 2 * HOUR_S]))
        assert limits.most_mj[0] == np.inf and limits.most_mw.tolist() == [np.inf, np.inf]
        limits = draw_limits(limited, np.array([HOUR_S // 2, HOUR_S, 3 * HOUR_S // 2]))
        assert limits.most_mj.tolist() == [100 * HOUR_S / 2] * 2 and not limits.may_buy.any()

    def test_depth(self) -> None:
        """Half of the greatest draw that there can be at the notice: of one core, though two are there."""
        jobs = [{**JOB, "submit_s": 0}, {**JOB, "submit_s": 1200, "deadline_s": 3 * HOUR_S}]
        case = make_case(jobs, TWO_CORES, [{"t": 0, "supply": 500}], end_s=3 * HOUR_S)
        assert most_draw_mw(case, 600) == pytest.approx(100, abs=2)
        assert most_draw_mw(case, 1200) == pytest.approx(200, abs=3)
        deep = one_event(case, (600, 1200, 1200, 3 * HOUR_S), NO_LIMIT_MW, 500)
        assert bound_of(deep) == pytest.approx(0.0, abs=1e-4)
        unlimited = one_event(case, (0, 0, 0, 3 * HOUR_S), NO_LIMIT_MW, 500)
        assert bound_of(unlimited) == pytest.approx(1.0, abs=1e-4)

    def test_outage(self) -> None:
        case = make_case([JOB, JOB], TWO_CORES, [{"t": 0, "supply": 500}], end_s=2 * HOUR_S)
        columns = ([0, 0], [1, 2], [HOUR_S, HOUR_S], [2 * HOUR_S, 3 * HOUR_S // 2], [PLANNED, PLANNED])
        broken = dataclasses.replace(case, outages=Outages(*(np.array(column) for column in columns)))
        nodes = nodes_there(broken, np.array([0, HOUR_S, 3 * HOUR_S // 2, 2 * HOUR_S]))
        assert nodes.most.tolist() == nodes.fewest.tolist() == [[2, 0, 1]]
        assert nodes.node_s.tolist() == [[2 * HOUR_S, 0, HOUR_S / 2]]
        assert bound_of(broken) == pytest.approx(1.0, abs=1e-4)
        first = dataclasses.replace(broken, end_s=HOUR_S - 1)
        assert bound_of(first) == pytest.approx(0.0, abs=1e-4)

    def test_predecessors(self) -> None:
        """An hour, ten minutes of thinking, an hour: too late at two hours, in time at 130 minutes."""
        for minutes, share in ((120, 0.5), (130, 1.0)):
            jobs = [{**JOB, "deadline_s": HOUR_S}, {**JOB, "deadline_s": 60 * minutes}]
            case = make_case(jobs, TWO_CORES, [{"t": 0, "supply": 500}], end_s=60 * minutes)
            case = with_columns(case, after=[(), (1,)], after_any=[False, False], think_s=[0, 600])
            assert first_starts(case).arrival_s.tolist() == [0, HOUR_S + 600]
            exact = exact_optimum(case)
            assert exact is not None and exact.objective == share
            assert bound_of(case) == pytest.approx(share, abs=1e-4)

    def test_whoever_waits_for_any_end_may_come_earlier(self) -> None:
        jobs = [{**JOB, "preemptible": False}, JOB, {**JOB, "cores": 5}, JOB]
        case = make_case(jobs, TWO_CORES, [{"t": 0, "supply": 500}])
        ids: list[tuple[int, ...]] = [(), (1,), (), (3,)]
        ok = with_columns(case, after=ids, after_any=[False] * 4, think_s=[0] * 4)
        assert first_starts(ok).arrival_s.tolist() == [0, HOUR_S, 0, NEVER_S]
        however = with_columns(case, after=ids, after_any=[True] * 4, think_s=[0] * 4)
        assert first_starts(however).arrival_s.tolist() == [0, 0, 0, 0]  # killed too often; rejected

    def test_cancellation(self) -> None:
        """Without power until its cancellation at 600 s a job is lost; a second later it may have started."""
        rows = [{"t": 0, "supply": 0}, {"t": 600, "supply": 100}]
        case = make_case([{**JOB, "submit_s": 600}], CORE, rows, begin_s=0, end_s=3 * HOUR_S)
        for cancel_s, share in ((600, 0.0), (601, 1.0), (NO_CANCEL_S, 1.0)):
            cancelled = with_columns(case, cancel_s=[cancel_s])
            exact = exact_optimum(cancelled)
            assert exact is not None and exact.objective == share
            assert bound_of(cancelled) == pytest.approx(share, abs=1e-4)


def searched(case: Case | None, most_states: int, trials: int = 0) -> bool:
    """Whether the case could be searched; then bound >= exact >= oracle (trials 0: without) must hold."""
    if case is None:
        return False
    try:
        exact = exact_optimum(case, most_states=most_states)
        bound = None if exact is None else upper_bound(case, step_s=900, grant_share=0.0).bound
    except InputError:
        return False
    if exact is None or bound is None:
        return False
    assert bound >= exact.objective - 1e-9
    if trials:
        planned = Oracle(trials).for_case(case).planned
        assert planned is not None and planned.objective <= exact.objective + 1e-9
    return True


class TestAgainstExact:
    def test_levels(self) -> None:
        assert sum(searched(level_case(seed), 200) for seed in range(120)) >= 40

    def test_events(self) -> None:
        assert sum(searched(event_case(seed), 200) for seed in range(50)) >= 15

    @pytest.mark.slow
    def test_five_hundred_with_levels(self) -> None:
        found = (
            searched(level_case(seed, 2 + seed % 3), 3000, 50 * (seed % 4 == 0)) for seed in range(1000, 2400)
        )
        assert sum(found) >= 500

    @pytest.mark.slow
    def test_three_hundred_with_events(self) -> None:
        found = (searched(event_case(seed), 2000, 50 * (seed % 4 == 0)) for seed in range(1000, 1800))
        assert sum(found) >= 300


def night() -> Case:
    """Two rigid jobs, and after half an hour no power for any at full speed but for both at the half."""
    node = dataclasses.replace(TWO_CORES, speeds=HALF)
    rows = [{"t": 0, "supply": 200}, {"t": HOUR_S // 2, "supply": 60}]
    return make_case([{**JOB, "preemptible": False}] * 2, node, rows, end_s=2 * HOUR_S)


class TestOracle:
    def test_it_slows_instead_of_stopping(self) -> None:
        case = night()
        oracle = Oracle(50).for_case(case)
        planned = oracle.planned
        assert planned is not None and planned.objective == 1.0 and planned.full_speed == 0.0
        result = rare.simulate(case, oracle)
        assert result.metrics["objective"] == 1.0 and result.metrics["kills"] == 0

    def test_both_clocks(self) -> None:
        compiled, simpy = (rare.simulate(night(), Oracle(50), clock=clock) for clock in ("compiled", "simpy"))
        assert (compiled.events == simpy.events).all()

    def test_never_worse_than_without_levels(self) -> None:
        for seed in (1, 17, 23):
            case = level_case(seed)
            assert case is not None
            oracle = Oracle(60).for_case(case)
            planned, exact = oracle.planned, exact_optimum(case, most_states=3000)
            assert planned is not None and planned.objective >= planned.full_speed
            assert rare.simulate(case, oracle, record=False).metrics["objective"] == planned.objective
            assert exact is None or planned.objective <= exact.objective + 1e-9

    def test_decisions_name_levels(self) -> None:
        case = make_case([JOB], SLOW_CORE, [{"t": 0, "supply": 30}], end_s=2 * HOUR_S)
        exact = exact_optimum(case)
        assert exact is not None and [what_of_decision(code) for code in exact.decisions] == [1]
