"""The scenarios that ship: frozen, physical, scarce enough to matter, and alike on both clocks."""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib

import numpy as np
import pytest

import rare
from experiments.engine.where import Where
from experiments.evaluation.evaluate import choose_windows, evaluate
from rare.scenario.case_builder import build
from rare.scenario.load import SHIPPED, Wishes, load_scenario
from rare.scenario.windows import windows_of
from schedulers import make_scheduler

NAMES = ("islanded", "grid-tied", "solar-night", "gpu-cluster", "tiny")
EVENTFUL = ("shaped", "grid-events")  # with speed levels, which only some schedulers use
SERVED = ("islanded", "grid-tied", "solar-night", "gpu-cluster", "shaped")  # each with a sibling NAME-served
ISLANDS = ("islanded", "solar-night", "tiny")
SCHEDULERS = (
    "fcfs",
    "easy",
    "conservative",
    "hvf+easy+lowvalue",
    "edf+greedy",
    "atc+greedy",
    "slack+easy+green",
)


def built(name, window="validation-06", *settings):
    return build(load_scenario(name, Wishes(settings=[f"window={window}", *settings])))


def test_frozen_files_have_not_changed():
    """A change to a scenario needs a new name: results under the old one would no longer compare."""
    with (SHIPPED / "frozen.csv").open() as file:
        frozen = dict(csv.reader(line for line in file if not line.startswith("#")))
    served = (f"{name}-served" for name in SERVED)
    expected = {f"{name}.toml" for name in (*NAMES, *EVENTFUL, *served)} | {
        path.name for path in SHIPPED.glob("windows-*.csv")
    }
    assert set(frozen) == expected
    for name, digest in frozen.items():
        content = (SHIPPED / name).read_bytes()
        if name.endswith(".toml"):
            content = json.dumps(tomllib.loads(content.decode()), sort_keys=True).encode()
        assert hashlib.sha256(content).hexdigest() == digest, name


@pytest.mark.parametrize("name", SERVED)
def test_a_served_scenario_differs_in_its_prices_alone(name):
    plain, served = load_scenario(name).scenario, load_scenario(f"{name}-served").scenario
    assert served.objective.violation_penalty * 5 == served.objective.unserved_penalty
    assert served.objective.unserved_value_share == 0.25
    assert served.service_class[0].unserved_penalty == 2 * served.objective.unserved_penalty
    prices = {"violation_penalty": 0.0, "unserved_penalty": 0.0, "unserved_value_share": 0.0}
    classes = tuple(each.model_copy(update={"unserved_penalty": None}) for each in served.service_class)
    unpriced = served.model_copy(
        update={
            "name": plain.name,
            "description": plain.description,
            "objective": served.objective.model_copy(update=prices),
            "service_class": classes,
        }
    )
    assert unpriced == plain


def test_a_served_scenario_charges_what_the_other_forgives():
    plain, served = built("islanded"), built("islanded-served")
    runs = [rare.simulate(each.case, make_scheduler("hvf+easy"), record=False) for each in (plain, served)]
    assert (runs[0].jobs == runs[1].jobs).all()
    left, right = (run.metrics for run in runs)
    price = right["unserved_price"] + 10 * right["qos_violations"]
    expected = left["objective"] - price / left["value_offered"]
    assert right["objective"] == pytest.approx(expected, abs=1e-12) and right["jobs_unserved"] > 50


@pytest.mark.parametrize("name", (*NAMES, *EVENTFUL))
def test_windows_interleave_and_never_touch(name):
    windows = windows_of(load_scenario(name))
    year = [window for window in windows if window.split != "unseen"]
    assert [sum(w.split == split for w in year) for split in ("train", "validation", "test")] == [26, 13, 13]
    for block in range(13):  # of each four weeks two train, one validation, one test
        splits = sorted(w.split for w in year if w.first_day // 28 == block)
        assert splits == ["test", "train", "train", "validation"]
    ends = sorted((w.first_day, w.first_day + w.days) for w in year)
    assert all(end < begin for (_, end), (begin, _) in zip(ends, ends[1:], strict=False))  # a day between
    unseen = [window for window in windows if window.split == "unseen"]
    assert len(unseen) == 13
    assert {window.site for window in unseen} != {load_scenario(name).scenario.site.name}


@pytest.mark.parametrize(
    "name, schedulers",
    [*((name, SCHEDULERS) for name in NAMES), *((name, ("easy", "atc+easy+slow")) for name in EVENTFUL)],
)
def test_energy_is_conserved_under_every_scheduler(name, schedulers):
    lighter = ["workload.load=0.5"] if name == "grid-events" else []  # a year of its jobs takes long to make
    case = built(name, "validation-06", *lighter).case
    for scheduler in schedulers:
        result = rare.simulate(case, make_scheduler(scheduler))
        m = result.metrics
        charged, from_grid, discharged = (
            m[f"battery_{what}_kwh"] or 0.0 for what in ("charged", "grid_charged", "discharged")
        )
        assert m["renewable_available_kwh"] == pytest.approx(
            m["renewable_used_kwh"] + charged - from_grid + m["curtailed_kwh"], rel=1e-12
        )
        served = m["renewable_used_kwh"] + discharged + m["grid_kwh"]
        assert m["energy_kwh"] + from_grid == pytest.approx(served, rel=1e-12)
        assert m["unserved_kwh"] == 0
        # the power log, summed row by row, is the same energy: nothing depends on where it is sampled
        power = result.power
        held_s = np.diff(power["time_s"])
        assert int((power["draw_mw"][:-1] * held_s).sum()) == round(m["energy_kwh"] * 3.6e9)


@pytest.mark.parametrize("name", ("tiny", "islanded"))
def test_both_clocks_tell_the_same_story(name):
    case = built(name, "train-03").case
    for scheduler in ("easy", "atc+easy+green"):
        one, other = (rare.simulate(case, make_scheduler(scheduler), clock=c) for c in ("compiled", "simpy"))
        assert np.array_equal(one.events, other.events)
        assert np.array_equal(one.power, other.power)


def test_a_window_at_a_site_never_seen_has_its_weather():
    own, elsewhere = built("islanded", "test-00"), built("islanded", "unseen-00")
    assert len(own.case.workload) == len(elsewhere.case.workload)
    assert not np.array_equal(own.case.inputs.supply_mw, elsewhere.case.inputs.supply_mw)


def test_forecasts_know_nothing_of_what_lies_beyond_them():
    """Honest by default: the forecast table is a blur of the supply, and `perfect` is not."""
    honest, perfect = built("islanded"), built("islanded", "validation-06", "forecast.kind=perfect")
    blurred, true = honest.case.forecast.supply_mw, perfect.case.forecast.supply_mw
    assert honest.case.forecast.name == "synthetic"
    assert np.corrcoef(blurred[:, 1], true[:, 1])[0, 1] > np.corrcoef(blurred[:, 40], true[:, 40])[0, 1]
    assert not np.array_equal(blurred, true)
    inside = (true >= honest.case.forecast.low_mw) & (true <= honest.case.forecast.high_mw)
    assert 0.7 < inside.mean() < 0.99  # nights are known exactly


@pytest.mark.parametrize("name", ("islanded", "grid-tied"))
def test_a_forecast_depends_on_its_issue_time_not_on_the_window_that_is_run(name):
    year, week = built(name, "all").case, built(name, "train-03").case
    first = (week.forecast.begin_s - year.forecast.begin_s) // 3600
    for table in ("supply_mw", "low_mw", "high_mw", "price_u", "carbon_u"):
        of_week = getattr(week.forecast, table)
        of_year = getattr(year.forecast, table)[first : first + len(of_week)]
        assert np.array_equal(of_week, of_year), table


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_power_is_scarce_enough_to_matter(name):
    """On training windows: EASY earns 40 to 80 %, the best order clearly more, unlimited power more again."""
    schedulers = ("easy", "hvf+easy", "hvd+easy", "edf+easy", "atc+greedy", "atc+easy+green")
    loaded = load_scenario(name)
    scarce = evaluate(loaded, schedulers, choose_windows(loaded, ["train"]), where=Where(workers=2))
    best = scarce.ranked()[0]
    assert 0.4 <= scarce.objective("easy").mean <= 0.8
    assert scarce.difference(best, "easy").low > 0
    plenty = "grid.unlimited=true" if name in ISLANDS else "grid.import_ratio=1"
    loaded = load_scenario(name, Wishes(settings=[plenty]))
    free = evaluate(loaded, (best,), choose_windows(loaded, ["train"]), where=Where(workers=2))
    gain = free.values(best, "objective") - scarce.values(best, "objective")
    assert np.nanmean(gain) > 0.1


def test_about_two_grid_events_a_week():
    case = built("grid-events", "all", "workload.load=0.02", "forecast.kind=none").case
    year = case.events.start_s < 364 * 86400
    assert 90 <= year.sum() <= 118
    assert (case.events.end_s - case.events.start_s == 3 * 3600).all()
    windows = windows_of(load_scenario("grid-events"))
    with_events = 0
    for window in windows:
        begin_s, end_s = window.span_s
        with_events += bool(((case.events.start_s >= begin_s) & (case.events.start_s < end_s)).any())
    assert with_events >= 0.75 * len(windows)


@pytest.mark.slow
def test_running_slower_earns_more_and_stops_fewer_jobs_on_training_windows():
    loaded = load_scenario("shaped")
    names = ("hvf+easy", "hvf+easy+slow", "atc+easy", "atc+easy+slow", "atc+easy+slow=raise-first")
    found = evaluate(loaded, names, choose_windows(loaded, ["train"]), where=Where(workers=2))
    for base in ("hvf+easy", "atc+easy"):
        assert found.difference(f"{base}+slow", base).low > 0.02
        stopped = [found.values(name, "suspensions").mean() for name in (f"{base}+slow", base)]
        assert stopped[0] < 0.95 * stopped[1]
    raised_first, without = (
        found.values(name, "suspensions").mean() for name in ("atc+easy+slow=raise-first", "atc+easy")
    )
    assert raised_first < 0.8 * without
