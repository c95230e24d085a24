"""Every kind of scheduler lives through the end of the inputs, whatever forecasts are left then."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

import rare
from rare.scheduler import as_decider
from schedulers import make_scheduler
from schedulers.heuristics.deferral import Deferral, Prices
from schedulers.registry import SHIPPED_FOLDER
from tests.builders import random_case, random_forecast
from tests.rare.twins import history
from tests.schedulers.lookahead.test_lookahead import HOUR, WATT, flat_forecast, job
from tests.schedulers.lookahead.test_lookahead import make_case as case_of
from traces.errors import InputError

FAMILIES = {
    "gates": ["easy+green", "hvf+conservative+price", "conservative=kept+green", "atc+greedy+carbon"],
    "lookahead": ["lookahead=hvf+greedy+budget=60+samples=3", "lookahead=easy+green+budget=60+arrivals=1"],
    "far lookahead": ["lookahead=conservative=kept+budget=40+samples=2+horizon=0.25"],
    "trained": ["rare", str(SHIPPED_FOLDER)],
    "oracle": ["oracle=3"],
}


class Watcher:
    """A user's class that looks at the whole outlook before it starts the first job that may start."""

    def choose(self, view):
        assert all(step.end_s is None or step.end_s > step.start_s for step in view.outlook)
        return view.startable[0].index if view.startable else -1


def random_cases(seeds):
    """Cases whose forecasts end anywhere; all have a value, so that most schedulers can work on them."""
    for seed in seeds:
        rng = random.Random(seed)
        case = random_case(rng)
        if (case.workload.value_u > 0).any():
            yield seed, replace(case, forecast=random_forecast(rng, case))


def lives_through(case, make, context) -> bool:
    """Run to the end on both clocks, which agree; False where the scheduler refuses the case."""
    runs = []
    for clock in ("compiled", "simpy"):
        try:
            decider = as_decider(make(), case)
        except InputError:
            return False
        runs.append(history(case, decider, clock))
    assert runs[0] == runs[1], context
    return True


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_lives_through_the_end_of_the_inputs(family):
    lived = dict.fromkeys(FAMILIES[family], 0)
    for seed, case in random_cases(range(14)):
        for name in lived:
            lived[name] += lives_through(case, lambda name=name: make_scheduler(name), f"{seed}: {name}")
    assert min(lived.values()) > 0, lived


def test_classes_that_plan_by_the_outlook_live_through_it():
    lived = [0, 0]
    for seed, case in random_cases(range(60)):
        lived[0] += lives_through(case, Watcher, f"{seed}: a user's class")
        lived[1] += lives_through(case, lambda: Deferral(Prices(1.0, 1.0)), f"{seed}: deferral")
    assert min(lived) > 0


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_a_thousand_cases_for_every_family(block):
    names = [name for family in FAMILIES.values() for name in family]
    for seed, case in random_cases(range(1000 + block * 250, 1000 + (block + 1) * 250)):
        name = names[seed % len(names)]
        lives_through(case, lambda name=name: make_scheduler(name), f"{seed}: {name}")


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize("issues", [1, 3])
def test_lookahead_goes_on_long_after_the_last_forecast(issues, clock):
    """Forecasts of the first hours only, jobs for three days: the last issue's last day repeats."""
    jobs = [job(1 + k % 5, 1, 100, submit_s=5 * HOUR * k) for k in range(15)]
    case = case_of(jobs, rare.Partition(nodes=1, core_mw=0), [{"t": 0, "supply": 10 * WATT}], begin_s=0)
    case = replace(case, forecast=flat_forecast(issues, spread=5 * WATT))
    name = "lookahead=hvf+greedy+budget=200+samples=3+horizon=48"
    result = rare.simulate(case, make_scheduler(name), clock=clock)
    assert result.metrics["jobs_completed"] == len(jobs)
