"""Lookahead: better than its base where that can be worked out on paper, and no use of what is not known."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

import rare
from rare.model import Forecast
from rare.rules.advance import advance
from rare.scheduler import carry_out
from rare.state.arrays import ENDED
from rare.world import build_world
from schedulers import make_scheduler
from tests.builders import make_case, random_case
from tests.rare.twins import history
from traces.errors import InputError

HOUR = 3600
WATT = 1000
UNIT = 1_000_000
ALONE = rare.Partition(nodes=4, core_mw=0)


@pytest.fixture(params=["compiled", "simpy"])
def clock(request):
    return request.param


def job(value, work_h, deadline_h, watts=10, **more):
    return {
        "value_u": value * UNIT,
        "work_s": round(work_h * HOUR),
        "deadline_s": round(deadline_h * HOUR),
        "power_mw": watts * WATT,
        **more,
    }


def flat_forecast(hours, steps=24, *, price=None, spread=0):
    """Hourly issues of a supply of 10 W; `price`: what each hour costs, foreseen without error."""
    shape = (hours, steps)
    median = np.full(shape, 10 * WATT, dtype=np.int64)
    prices = np.zeros(hours + steps, np.int64) if price is None else np.array(price + [price[-1]] * steps)
    table = np.array([prices[i : i + steps] for i in range(hours)], dtype=np.int64)
    return Forecast(
        "test", 0, HOUR, HOUR, median, median - spread, median + spread, table, np.zeros(shape, np.int64)
    )


def objective(case, name, clock="compiled"):
    return rare.simulate(case, make_scheduler(name), clock=clock).metrics["objective"]


# --- one step, on paper ---------------------------------------------------------------------------


def test_the_urgent_job_goes_before_the_valuable_one(clock):
    """Power for one job. The valuable one first leaves the urgent one worthless; the other way both earn."""
    jobs = [job(10, 2, 10), job(6, 1, 1)]
    case = make_case(jobs, ALONE, [{"t": 0, "supply": 10 * WATT}])
    assert objective(case, "hvf+easy", clock) == 10 / 16
    assert objective(case, "lookahead=hvf+easy", clock) == 1.0


def test_the_victim_is_the_job_that_can_wait(clock):
    """At 1 h the power falls to half for good. The rules give up the last job, which has a deadline."""
    jobs = [job(1, 4, 40), job(10, 2, 2)]
    case = make_case(jobs, ALONE, [{"t": 0, "supply": 20 * WATT}, {"t": HOUR, "supply": 10 * WATT}])
    # given up at 1 h, the second job resumes at 4 h and has lost all its value
    assert objective(case, "hvf+easy", clock) == 1 / 11
    assert objective(case, "lookahead=hvf+easy", clock) == 1.0


def test_it_waits_for_the_cheap_hour_that_is_forecast(clock):
    """10 W for an hour at 50 a kWh cost 0.5 of the value of 1; in the next hour they are free."""
    rows = [{"t": 0, "grid": 10 * WATT, "price": 50 * UNIT}, {"t": HOUR, "price": 0}]
    case = make_case([job(1, 1, 10)], ALONE, rows, end_s=24 * HOUR)
    prices = [50 * UNIT] + [0] * 23
    foreseen = replace(case, forecast=flat_forecast(24, price=prices))
    assert objective(foreseen, "hvf+easy", clock) == 0.5
    assert objective(foreseen, "lookahead=hvf+easy", clock) == 1.0
    # without a forecast the present persists, and nothing speaks for waiting
    assert objective(case, "lookahead=hvf+easy", clock) == 0.5


def test_where_nothing_is_better_the_base_decides():
    """One kind of job: every order earns the same, so the events are those of the base."""
    jobs = [job(1, 1, 100, submit_s=600 * k) for k in range(6)]
    case = make_case(jobs, ALONE, [{"t": 0, "supply": 20 * WATT}])
    base = rare.simulate(case, make_scheduler("hvf+greedy"))
    assert (rare.simulate(case, make_scheduler("lookahead")).events == base.events).all()


# --- same answer every time, on both clocks -------------------------------------------------------


def valued(rng):
    """A random case in which some job has a value."""
    while True:
        case = random_case(rng)
        if (case.workload.value_u > 0).any():
            return case


def played(case, clock, scheduler=None):
    """What happened under a small lookahead."""
    scheduler = scheduler or make_scheduler("lookahead=atc+greedy+budget=300+samples=3+arrivals=1")
    return history(case, scheduler, clock)


@pytest.mark.parametrize("seed", range(12))
def test_both_clocks_and_two_runs_agree(seed):
    case = valued(random.Random(seed))
    first = played(case, "compiled")
    assert first == played(case, "compiled")
    assert first == played(case, "simpy")


def test_a_scheduler_used_again_starts_afresh():
    case = valued(random.Random(3))
    used = make_scheduler("lookahead=hvf+greedy+budget=300")
    assert played(case, "compiled", used) == played(case, "compiled", used)


def test_environments_side_by_side_decide_as_each_alone():
    """What one run shows of the estimates is no news to another, nor to the next run of the same one."""
    case = busy_case(5)
    name = "lookahead=hvf+greedy+budget=200+samples=3"

    def run(scheduler, environments):
        world = build_world(case, environments=environments, order=scheduler.order, log_level=0)
        chosen = [[] for _ in range(environments)]
        going = set(range(environments))
        while going:
            for e in sorted(going):
                status = advance(world.handles[e])
                if status == ENDED:
                    going.discard(e)
                    continue
                slot = scheduler.decide(world, e, status)
                chosen[e].append(-1 if slot < 0 else int(world.live[e, slot].job))
                carry_out(world, e, slot, case.workload.job_id)
        return chosen

    alone, shared = (make_scheduler(name).for_case(case) for _ in range(2))
    expected = run(alone, 1)[0]
    assert run(shared, 2) == [expected, expected]
    assert len(expected) > 50


def test_the_next_run_begins_with_nothing():
    """Two runs with one copy of the jobs, as an environment plays them: the second learns from its own."""
    case = busy_case(5)
    scheduler = make_scheduler("lookahead=hvf+greedy+budget=200+samples=3").for_case(case)
    world = build_world(case, order=scheduler.order, log_level=0)
    names = ("env", "part", "live", "lists", "ends")
    fresh = {field: getattr(world, field).copy() for field in names}

    def run():
        for field, array in fresh.items():
            getattr(world, field)[:] = array
        chosen = []
        while (status := advance(world.handles[0])) != ENDED:
            chosen.append(scheduler.decide(world, 0, status))
            carry_out(world, 0, chosen[-1], case.workload.job_id)
        return chosen

    assert run() == run()


# --- nothing that is not known --------------------------------------------------------------------


def busy_case(seed, *, longer_after=None, ends=None):
    """Two days of jobs under a supply that changes each hour; optionally with another future.

    longer_after: from this second on the supply differs, and jobs that have not ended (by `ends`) run longer.
    """
    rng = random.Random(seed)
    jobs = []
    for k in range(50):
        work_s = rng.randint(600, 3 * HOUR)
        jobs.append(
            job(
                rng.randint(1, 20), 1, 0, rng.choice((5, 10, 20)),
                submit_s=rng.randint(0, 40 * HOUR), work_s=work_s, estimate_s=int(work_s * rng.uniform(1, 3)),
                preemptible=rng.random() < 0.7, job_id=k,
            )
        )  # fmt: skip
    jobs.sort(key=lambda each: each["submit_s"])
    supplies = [rng.choice((5, 10, 20, 30, 40)) * WATT for _ in range(48)]
    for place, each in enumerate(jobs):
        each["deadline_s"] = each["submit_s"] + int(each["estimate_s"] * rng.uniform(1.2, 4))
        if longer_after is not None and not 0 <= ends[place] <= longer_after:
            each["work_s"] += 5 * HOUR
    if longer_after is not None:
        supplies = [s if h * HOUR <= longer_after else 45 * WATT - s for h, s in enumerate(supplies)]
    rows = [{"t": h * HOUR, "supply": s} for h, s in enumerate(supplies)]
    case = make_case(jobs, rare.Partition(nodes=8), rows, begin_s=0, end_s=48 * HOUR, restart_s=60)
    return replace(case, forecast=flat_forecast(48, spread=5 * WATT))


@pytest.mark.parametrize("seed", range(4))
def test_the_true_future_changes_no_decision_before_it(seed):
    name, until_s = "lookahead=hvf+greedy+budget=600+arrivals=1", 20 * HOUR + 1
    result = rare.simulate(busy_case(seed), make_scheduler(name))
    ends = result.jobs["end_s"]
    other = rare.simulate(busy_case(seed, longer_after=until_s, ends=ends), make_scheduler(name))
    before = [run.events[run.events["time_s"] <= until_s] for run in (result, other)]
    assert len(before[0]) > 40
    assert (before[0] == before[1]).all()
    assert not np.array_equal(result.events, other.events)


# --- the budget -----------------------------------------------------------------------------------


def test_without_a_budget_it_is_its_base():
    case = busy_case(1)
    base = rare.simulate(case, make_scheduler("atc+easy"))
    scheduler = make_scheduler("lookahead=atc+easy+budget=0").for_case(case)
    assert (rare.simulate(case, scheduler).events == base.events).all()
    assert (scheduler.looks, scheduler.simulated_jobs) == (0, 0)


@pytest.mark.parametrize("budget", [10, 100, 1000])
def test_the_budget_is_kept_at_every_decision(budget):
    case = busy_case(2)
    decider = make_scheduler(f"lookahead=hvf+greedy+budget={budget}").for_case(case)
    spent = []
    decide = decider.decide

    def watched(world, e, status):
        before = decider.simulated_jobs
        choice = decide(world, e, status)
        spent.append(decider.simulated_jobs - before)
        return choice

    decider.decide = watched
    rare.simulate(case, decider)
    assert 0 < max(spent) <= budget


def test_more_jobs_than_there_was_room_for():
    """The copy grows with the queue."""
    jobs = [job(1 + k % 7, 1, 50, 1, submit_s=k) for k in range(700)]
    case = make_case(jobs, rare.Partition(nodes=4), [{"t": 0, "supply": 4 * WATT}], window_s=HOUR)
    result = rare.simulate(case, make_scheduler("lookahead=hvf+greedy+budget=3000+horizon=1"))
    assert result.metrics["jobs_submitted"] == 700


# --- names ----------------------------------------------------------------------------------------


def test_names_carry_base_and_effort():
    plain, full = make_scheduler("lookahead"), make_scheduler("lookahead=atc=0.5+greedy+budget=50+samples=2")
    assert (plain.name, plain.base.name) == ("lookahead", "hvf+greedy")
    assert (full.base.name, full.effort.budget, full.effort.samples) == ("atc=0.5+greedy", 50, 2)
    assert make_scheduler("lookahead+budget=7").effort.budget == 7
    assert make_scheduler("lookahead=easy", budget=9).effort.budget == 9


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lookahead=hfv", "did you mean 'hvf'"),
        ("lookahead=hvf+budget=-1", "budget=-1 must be a number from 0"),
        ("lookahead=hvf+samples=two", "samples=two must be a number from 1 to 64, as in samples="),
        ("lookaheads", "unknown scheduler 'lookaheads'"),
        ("lookahead+bugdet=3", "unknown parameter 'bugdet'; known: budget"),
    ],
)
def test_wrong_names_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        make_scheduler(name)


def test_a_case_without_values_is_refused():
    case = make_case([{"work_s": 10}], ALONE, [{"t": 0, "supply": WATT}])
    with pytest.raises(InputError, match="no job has a value"):
        rare.simulate(case, make_scheduler("lookahead=easy"))


def test_evaluate_takes_it_by_name():
    from experiments.evaluation.evaluate import choose_windows, evaluate
    from rare.scenario.load import Wishes, load_scenario

    loaded = load_scenario("tiny", Wishes())
    names = ["easy", "lookahead=easy+budget=500"]
    found = evaluate(loaded, names, choose_windows(loaded, ["validation-06"]))
    assert [row["scheduler"] for row in found.rows] == names
    assert all(row["jobs_submitted"] == 20 for row in found.rows)
