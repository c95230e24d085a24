"""The oracle's three parts against each other and against instances worked by hand."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import rare
from rare.model import Battery, Case, Partition
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from schedulers import make_scheduler
from schedulers.oracle.bound import upper_bound
from schedulers.oracle.exact_search import exact_optimum
from schedulers.oracle.oracle_scheduler import Oracle, heuristics_on
from schedulers.oracle.packing_rows import feasible
from tests.builders import make_case
from tests.tiny_cases import hostile_case, tiny_case
from traces.errors import InputError

HOUR_S = 3600
CORE = Partition(nodes=1, cores_per_node=1, core_mw=100)
TWO_CORES = Partition(nodes=1, cores_per_node=2, core_mw=100)
JOB: dict[str, Any] = {"work_s": HOUR_S, "deadline_s": HOUR_S, "value_u": 10**6}
FLOAT = 1e-6  # relative error of the solver, always upwards


def bound_of(case: Case, step_s: int = HOUR_S) -> float:
    bound = upper_bound(case, step_s=step_s, grant_share=0.0).bound
    assert bound is not None
    return bound


def objective(case: Case, name: str = "greedy") -> float:
    return float(rare.simulate(case, make_scheduler(name), record=False).metrics["objective"])


class TestBoundByHand:
    def test_one_core_for_two_jobs(self) -> None:
        # an hour, one core, two jobs of an hour worth 2 and 1: the better one, 2 of 3
        jobs = [{**JOB, "value_u": 2 * 10**6}, JOB]
        case = make_case(jobs, CORE, [{"t": 0, "supply": 1000}], end_s=HOUR_S)
        assert bound_of(case) == pytest.approx(2 / 3, abs=1e-4)

    def test_power_for_one_of_two(self) -> None:
        case = make_case(
            [{**JOB, "value_u": 2 * 10**6}, JOB], TWO_CORES, [{"t": 0, "supply": 100}], end_s=HOUR_S
        )
        assert bound_of(case) == pytest.approx(2 / 3, abs=1e-4)

    @pytest.mark.parametrize(("supply_mw", "share"), [(200, 1.0), (100, 0.5)])
    def test_battery_with_losses(self, supply_mw: int, share: float) -> None:
        # the first hour's supply is stored at 50 %; the job of the second hour needs 100 mW of it
        battery = Battery(10**9, 1000, 1000, charge_efficiency=0.5, discharge_efficiency=1.0, initial_share=0)
        job = {**JOB, "submit_s": HOUR_S, "deadline_s": 2 * HOUR_S}
        rows = [{"t": 0, "supply": supply_mw}, {"t": HOUR_S, "supply": 0}]
        case = make_case([job], CORE, rows, end_s=2 * HOUR_S, battery=battery, begin_s=0)
        assert bound_of(case) == pytest.approx(share, abs=1e-4)

    def test_charge_limit(self) -> None:
        battery = Battery(10**9, 50, 1000, charge_efficiency=1.0, discharge_efficiency=1.0, initial_share=0)
        job = {**JOB, "submit_s": HOUR_S, "deadline_s": 2 * HOUR_S}
        rows = [{"t": 0, "supply": 1000}, {"t": HOUR_S, "supply": 0}]
        case = make_case([job], CORE, rows, end_s=2 * HOUR_S, battery=battery, begin_s=0)
        assert bound_of(case) == pytest.approx(0.5, abs=1e-4)

    def test_grid_costs(self) -> None:
        # 100 mW for an hour is 1e-4 kWh; at 1000 of money a kWh that costs a tenth of the value
        rows = [{"t": 0, "supply": 0, "grid": 100, "price": 10**9}]
        case = make_case([JOB], CORE, rows, end_s=HOUR_S)
        assert bound_of(case) == pytest.approx(0.9, abs=1e-4)
        assert objective(case) == pytest.approx(0.9, abs=1e-5)

    def test_import_limit_that_carries_no_job(self) -> None:
        case = make_case([JOB], CORE, [{"t": 0, "supply": 0, "grid": 99}], end_s=HOUR_S)
        assert bound_of(case) == pytest.approx(0.0, abs=1e-4)

    @pytest.mark.parametrize(("supply_mw", "share"), [(149, 0.0), (150, 1.0)])
    def test_a_node_is_used_whole(self, supply_mw: int, share: float) -> None:
        node = Partition(nodes=1, cores_per_node=2, core_mw=100, idle_mw=50)
        case = make_case([JOB], node, [{"t": 0, "supply": supply_mw}], end_s=HOUR_S)
        assert bound_of(case) == pytest.approx(share, abs=1e-4)

    def test_power_that_pays(self) -> None:
        rows = [{"t": 0, "supply": 0, "grid": 100, "price": -(10**9)}]
        case = make_case([JOB], CORE, rows, end_s=HOUR_S)
        assert objective(case) == pytest.approx(1.1, abs=1e-5)
        assert bound_of(case) >= objective(case)

    def test_late_value(self) -> None:
        # it can only begin at the deadline, so it ends an hour late: of two hours' decline, half is left
        job = {**JOB, "deadline_s": 2 * HOUR_S, "work_s": HOUR_S}
        rows = [{"t": 0, "supply": 0}, {"t": 2 * HOUR_S, "supply": 100}]
        case = make_case([job], CORE, rows, end_s=5 * HOUR_S)
        assert objective(case) == pytest.approx(0.5)
        bound = upper_bound(case, late_spans=64).bound
        assert bound is not None and 0.5 <= bound <= 0.52

    def test_penalties(self) -> None:
        jobs = [JOB, {**JOB, "value_u": 0}]
        case = make_case(jobs, CORE, [{"t": 0, "supply": 1000}], end_s=HOUR_S, violation_penalty_u=10**5)
        assert bound_of(case) == pytest.approx(0.9, abs=1e-4)

    def test_price_of_jobs_not_served(self) -> None:
        # one core for two jobs of an hour until the deadline; the other one costs 0.3
        case = make_case(
            [JOB, JOB], CORE, [{"t": 0, "supply": 1000}], end_s=HOUR_S, unserved_penalty_u=6 * 10**5
        )
        assert bound_of(case) == pytest.approx(0.5 - 0.3, abs=1e-4)
        assert objective(case) == pytest.approx(0.2, abs=1e-9)

    def test_served_for_nothing(self) -> None:
        # twice as long as value is paid for: it runs on past its expiry, and is served
        job = {**JOB, "work_s": 3 * HOUR_S}
        rows = [{"t": 0, "supply": 1000}]
        case = make_case([job, {**JOB, "value_u": 1}], TWO_CORES, rows, unserved_penalty_u=10**6)
        assert objective(case) == pytest.approx(1e-6, abs=1e-8)
        exact = exact_optimum(case)
        assert exact is not None and exact.objective == objective(case)
        assert bound_of(case) == pytest.approx(1e-6, abs=1e-4)

    def test_rejected_jobs_are_not_offered(self) -> None:
        case = make_case([JOB, {**JOB, "cores": 5}], CORE, [{"t": 0, "supply": 100}], end_s=HOUR_S)
        assert bound_of(case) == pytest.approx(1.0, abs=1e-4)

    def test_without_value(self) -> None:
        case = make_case([{"work_s": 5}], CORE, [{"t": 0, "supply": 100}], end_s=HOUR_S)
        with pytest.raises(InputError, match="no job has a value"):
            upper_bound(case)

    def test_endless_profit(self) -> None:
        rows = [{"t": 0, "grid": 100, "price": -1}]
        with pytest.raises(InputError, match="negative"):
            upper_bound(make_case([JOB], CORE, rows))


def test_dual_feasible_functions() -> None:
    """What fits together weighs at most 1, for every function and random sets that fit."""
    rng = random.Random(5)
    for _ in range(300):
        capacity, left, parts = rng.randint(2, 40), 0, []
        left = capacity
        while left > 0:
            parts.append(rng.randint(1, left))
            left -= parts[-1]
        for k in range(1, 12):
            assert feasible(np.array(parts), capacity, k).sum() <= 1 + 1e-12


def check_bound_and_exact(case: Case, most_states: int = 5000, trials: int = 0) -> bool:
    """Bound >= exact >= heuristics and oracle; False if the case is too large to search or has no bound.

    trials: of the oracle; 0: it is left out.
    """
    try:
        bound = bound_of(case, 900)
        exact = exact_optimum(case, most_states=most_states)
    except InputError:
        return False
    if exact is None:
        return False
    assert bound >= exact.objective - 1e-9
    if trials:
        oracle = Oracle(trials).for_case(case)
        assert oracle.planned is not None and oracle.planned.objective <= exact.objective + 1e-9
    best = max(
        outcome[0] for outcome in heuristics_on(case, ("easy", "greedy", "fcfs", "hvf+greedy")).values()
    )
    assert exact.objective >= best - 1e-12
    return True


class TestExact:
    def test_waiting_pays(self) -> None:
        # one core: a job worth 1 blocks one worth 5 that comes a minute later and must begin at once
        jobs = [
            {**JOB, "deadline_s": HOUR_S + 10, "preemptible": False},
            {"submit_s": 60, "work_s": HOUR_S, "deadline_s": 60 + HOUR_S, "value_u": 5 * 10**6},
        ]
        case = make_case(jobs, CORE, [{"t": 0, "supply": 100}], end_s=HOUR_S + 60)
        optimum = exact_optimum(case)
        assert optimum is not None and optimum.objective == pytest.approx(5 / 6)
        assert set(optimum.decisions[:-1]) == {-1} and optimum.decisions[-1] == 1
        assert objective(case) == pytest.approx(1 / 6)

    def test_scope(self) -> None:
        case = make_case([JOB] * 9, CORE, [{"t": 0, "supply": 100}], end_s=HOUR_S)
        with pytest.raises(InputError, match="at most 8 jobs"):
            exact_optimum(case)

    def test_too_many_states(self) -> None:
        assert exact_optimum(tiny_case(1), most_states=3) is None

    def test_cases_like_the_scenarios(self) -> None:
        assert sum(check_bound_and_exact(tiny_case(seed)) for seed in range(20)) >= 10

    def test_cases_that_look_for_trouble(self) -> None:
        cases = [case for seed in range(40) if (case := hostile_case(seed)) is not None]
        assert sum(check_bound_and_exact(case, 1000) for case in cases) >= 10

    def test_where_jobs_not_served_cost_something(self) -> None:
        prices = {"unserved_penalty_u": 200_000, "unserved_value_ppm": 700_000}
        assert sum(check_bound_and_exact(tiny_case(seed, **prices), trials=40) for seed in range(8)) >= 4

    @pytest.mark.slow
    def test_five_hundred(self) -> None:
        searched, seed = 0, 1000
        while searched < 500:
            searched += check_bound_and_exact(tiny_case(seed), 20_000, trials=100)
            case = hostile_case(seed)
            searched += case is not None and check_bound_and_exact(case, 20_000, trials=100)
            seed += 1


def window(scenario: str, name: str) -> Case:
    return build(load_scenario(scenario, Wishes(window=name))).case


class TestOracle:
    @pytest.mark.parametrize("name", ["train-00", "train-01"])
    def test_between_the_heuristics_and_the_bound(self, name: str) -> None:
        case = window("tiny", name)
        oracle = Oracle(trials=50).for_case(case)
        result = rare.simulate(case, oracle, record=False)
        assert oracle.planned is not None and oracle.planned.bound is not None
        best = max(outcome[0] for outcome in heuristics_on(case).values())
        assert result.metrics["objective"] == oracle.planned.objective >= best
        assert bound_of(case) >= result.metrics["objective"]

    def test_same_again(self) -> None:
        case = window("tiny", "train-02")
        first, second = (rare.simulate(case, Oracle(trials=80), record=True) for _ in range(2))
        assert first.metrics["objective"] == second.metrics["objective"]
        assert (first.events == second.events).all()

    def test_not_above_exact(self) -> None:
        for seed in (0, 3, 5, 8):
            case = tiny_case(seed)
            exact = exact_optimum(case, most_states=5000)
            if exact is not None:
                oracle = Oracle(trials=100).for_case(case)
                assert oracle.planned is not None
                assert oracle.planned.objective <= exact.objective + 1e-12

    def test_both_clocks(self) -> None:
        case = tiny_case(2)
        compiled, simpy = (rare.simulate(case, Oracle(50), clock=clock) for clock in ("compiled", "simpy"))
        assert (compiled.events == simpy.events).all()

    def test_by_name(self) -> None:
        scheduler = make_scheduler("oracle=30")
        assert scheduler.name == "oracle=30" and scheduler.privileged
        with pytest.raises(InputError, match="write oracle=1000"):
            make_scheduler("oracle=many")

    def test_without_value(self) -> None:
        case = make_case([{"work_s": 5}], CORE, [{"t": 0, "supply": 100}], end_s=HOUR_S)
        with pytest.raises(InputError, match="nothing to aim at"):
            rare.simulate(case, make_scheduler("oracle"))
