"""Forecasts in the heuristics: reservations of watts to come, and gates, worked out on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rare
from rare.model import Forecast
from schedulers import make_scheduler
from schedulers.heuristics.gates import GATES
from tests.builders import make_case
from traces.errors import InputError

HOUR = 3600


@pytest.fixture(params=["compiled", "simpy"])
def clock(request):
    return request.param


def hourly(values, **more):
    """Input rows, one an hour, of supply [mW] and other columns."""
    return [
        {"t": h * HOUR, "supply": value, **{name: rates[h] for name, rates in more.items()}}
        for h, value in enumerate(values)
    ]


def forecast_of(supply, price=None, carbon=None, steps=24):
    """A forecast that is issued hourly and sees what its lists say, the last value for ever."""

    def table(values):
        padded = list(values) + [values[-1]] * (len(values) + steps)
        return np.array([padded[i : i + steps] for i in range(len(values))], dtype=np.int64)

    nothing = [0] * len(supply)
    median = table(supply)
    return Forecast(
        "test", 0, HOUR, HOUR, median, median, median, table(price or nothing), table(carbon or nothing)
    )


def run(jobs, scheduler, clock, rows, forecast, *, nodes=4, end_h=24, **options):
    case = make_case(jobs, rare.Partition(nodes=nodes), rows, end_s=end_h * HOUR, **options)
    return rare.simulate(replace(case, forecast=forecast), make_scheduler(scheduler), clock=clock)


def starts_h(*arguments, **options):
    """First starts in hours."""
    return [start_s / HOUR for start_s in run(*arguments, **options).jobs["start_s"].tolist()]


# 30 W by day; at night (from 2 h to 6 h) 10 W.
DAYS = [30_000] * 2 + [10_000] * 4 + [30_000] * 8
FLEXIBLE = {"work_s": 2 * HOUR, "power_mw": 20_000, "deadline_s": 12 * HOUR, "value_u": 1}


def test_a_reservation_waits_for_the_forecast_dawn(clock):
    # At 1 h: job 1 (20 W, 3 h) fits now by its cores, not by its watts, as job 0 draws 20 W until 2 h;
    # from 2 to 6 h there are 10 W, so it is reserved at 6 h. Job 2 (10 W) ends at 5 h and passes; job 3
    # (10 W, until 11 h) takes the 10 W spare beside job 1; job 4 (10 W, 8 h) would delay it.
    jobs = [
        {"work_s": 2 * HOUR, "power_mw": 20_000},
        {"submit_s": HOUR, "work_s": 3 * HOUR, "power_mw": 20_000},
        {"submit_s": HOUR + 1, "work_s": 4 * HOUR - 1, "power_mw": 10_000},
    ]
    assert starts_h(jobs, "easy", clock, hourly(DAYS), forecast_of(DAYS)) == [0, 6, 1 + 1 / HOUR]
    late = [*jobs[:2], {"submit_s": HOUR + 1, "work_s": 9 * HOUR, "power_mw": 10_000},
            {"submit_s": HOUR + 2, "work_s": 8 * HOUR, "power_mw": 10_000}]  # fmt: skip
    assert starts_h(late, "easy", clock, hourly(DAYS), forecast_of(DAYS))[:3] == [0, 6, 1 + 1 / HOUR]
    assert starts_h(late, "easy", clock, hourly(DAYS), forecast_of(DAYS))[3] >= 6


def test_without_a_forecast_the_present_persists(clock):
    # The same head has no reservation at 10 W for ever, so it is skipped and everybody else may pass.
    jobs = [
        {"work_s": HOUR, "power_mw": 10_000, "submit_s": 2 * HOUR},
        {"work_s": HOUR, "power_mw": 20_000, "submit_s": 2 * HOUR},
        {"work_s": 9 * HOUR, "power_mw": 10_000, "submit_s": 2 * HOUR + 1},
    ]
    result = run(jobs, "easy", clock, hourly(DAYS), None)
    assert result.metrics["reservations_skipped"] > 0


def test_green_waits_until_the_forecast_covers_the_whole_estimate(clock):
    # Submitted at 1 h: 20 W now, but at 2 h the night begins. It opens at dawn, 6 h.
    jobs = [{**FLEXIBLE, "submit_s": HOUR}]
    assert starts_h(jobs, "fcfs+greedy", clock, hourly(DAYS), forecast_of(DAYS)) == [1]
    for backfill in ("none", "greedy", "easy", "conservative"):
        name = f"fcfs+{backfill}+green"
        assert starts_h(jobs, name, clock, hourly(DAYS), forecast_of(DAYS)) == [6]


def test_a_gate_lets_go_at_the_latest_start(clock):
    # Deadline at 5 h, two hours of work: it must start at 3 h, night or not; the grid has 20 W.
    jobs = [{**FLEXIBLE, "submit_s": HOUR, "deadline_s": 5 * HOUR}]
    rows = [{**row, "grid": 20_000} for row in hourly(DAYS)]
    assert starts_h(jobs, "fcfs+green", clock, rows, forecast_of(DAYS)) == [3]


def test_jobs_without_a_deadline_are_not_flexible(clock):
    jobs = [{"work_s": 2 * HOUR, "power_mw": 20_000, "submit_s": HOUR}, {**FLEXIBLE, "submit_s": 9 * HOUR}]
    assert starts_h(jobs, "fcfs+green", clock, hourly(DAYS), forecast_of(DAYS))[0] == 1


def test_green_leaves_room_for_what_runs(clock):
    # 30 W; job 0 draws 20 W until 4 h, so job 1 (20 W) is covered from 4 h on only.
    jobs = [{"work_s": 4 * HOUR, "power_mw": 20_000}, {**FLEXIBLE, "work_s": HOUR, "deadline_s": 20 * HOUR}]
    rows = [{"t": 0, "supply": 30_000, "grid": 90_000}]
    assert starts_h(jobs, "fcfs+green", clock, rows, forecast_of([30_000] * 24)) == [0, 4]


@pytest.mark.parametrize(("share", "expected_h"), [("1", 0), ("0.5", 0), ("0.2", 1), ("0", 3)])
def test_price_opens_when_few_of_the_hours_left_are_cheaper(share, expected_h, clock):
    # No sun. Prices 9 5 3 1 9 9 9 9 9 9 9; latest start at 10 h.
    # 0 h: 3 of 11 hours are cheaper (0.27); 1 h: 2 of 10 (0.2); 2 h: 1 of 9 (0.11); 3 h: none.
    price = [9, 5, 3, 1] + [9] * 20
    jobs = [{**FLEXIBLE}]
    rows = hourly([0] * 24, price=price)
    rows = [{**row, "grid": 90_000} for row in rows]
    name = f"fcfs+price={share}"
    assert starts_h(jobs, name, clock, rows, forecast_of([0] * 24, price=price)) == [expected_h]


def test_carbon_goes_by_its_own_column(clock):
    carbon = [5, 1] + [5] * 22
    rows = [{**row, "grid": 90_000} for row in hourly([0] * 24, price=[1, 9] + [1] * 22, carbon=carbon)]
    forecast = forecast_of([0] * 24, price=[1, 9] + [1] * 22, carbon=carbon)
    assert starts_h([dict(FLEXIBLE)], "fcfs+carbon=0", clock, rows, forecast) == [1]
    assert starts_h([dict(FLEXIBLE)], "fcfs+price=0", clock, rows, forecast) == [0]


def test_gates_see_the_forecast_not_the_future(clock):
    # The forecast promises 30 W for ever; the night comes all the same.
    jobs = [{**FLEXIBLE, "submit_s": HOUR}]
    assert starts_h(jobs, "fcfs+green", clock, hourly(DAYS), forecast_of([30_000] * 14)) == [1]


@pytest.mark.parametrize(
    ("name", "job", "message"),
    [
        ("fcfs+green", {"work_s": 5}, "makes flexible jobs wait, and no job has a deadline"),
        ("fcfs+price", FLEXIBLE, "needs a grid price, and the scenario has none"),
        ("fcfs+carbon", FLEXIBLE, "needs a grid carbon intensity, and the scenario has none"),
    ],
)
def test_a_gate_without_what_it_needs_says_so(name, job, message):
    case = make_case([dict(job)], rare.Partition(), [{"t": 0, "supply": 5000}])
    with pytest.raises(InputError, match=message):
        rare.simulate(case, make_scheduler(name))


@pytest.mark.parametrize("name", [name for name in GATES.built_in if GATES[name].value.needs])
def test_every_gate_refuses_a_case_without_what_it_is_registered_to_need(name):
    case = make_case([dict(FLEXIBLE)], rare.Partition(), [{"t": 0, "grid": 20_000}])
    with pytest.raises(InputError, match=GATES[name].value.needs):
        make_scheduler(f"fcfs+{name}").check(case)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fcfs+green=0.5", "green takes no parameter"),
        ("fcfs+price=2", "must be a share from 0 to 1"),
        ("fcfs+price=cheap", "must be a share from 0 to 1"),
        ("fcfs+green+price", "names two gate rules"),
    ],
)
def test_bad_gates_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        make_scheduler(name)


def test_a_class_of_ones_own_sees_the_outlook_and_no_more(clock):
    seen = []

    class Watcher:
        def choose(self, view):
            seen.append((view.now_s, view.outlook))
            return view.startable[0].index

    case = make_case(
        [{"work_s": 60, "power_mw": 1000, "submit_s": HOUR + 600}],
        rare.Partition(),
        hourly(DAYS),
        end_s=24 * HOUR,
    )
    rare.simulate(replace(case, forecast=forecast_of(DAYS, price=list(range(14)))), Watcher(), clock=clock)
    now_s, outlook = seen[0]
    assert now_s == HOUR + 600
    assert [step.start_s for step in outlook[:3]] == [HOUR + 600, 2 * HOUR, 3 * HOUR]
    assert [step.supply_w for step in outlook[:6]] == [30, 10, 10, 10, 10, 30]
    assert [step.price_per_kwh for step in outlook[:3]] == [0, 2e-6, 3e-6]
    assert len(outlook) == 24
    assert outlook[-1].end_s == 25 * HOUR
