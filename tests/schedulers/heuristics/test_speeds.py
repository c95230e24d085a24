"""The slow family: names, starts at levels, ties, and power that lasts (RULES §11)."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from rare.model import Forecast
from schedulers import make_scheduler
from schedulers.heuristics.speeds import FULL_SPEED, LASTING, LASTING_S, RAISE_FIRST, RAISE_LAST
from tests.builders import make_case, random_case, random_forecast, random_power_case
from tests.rare.rules.hand import HALF, at, battery, cores, job
from tests.rare.rules.test_differential import heuristic_for
from tests.rare.twins import history
from traces.errors import InputError

WORDS = ("slow", "slow=raise-first", "slow=lasting")
BACKFILLS = ("fcfs", "greedy", "easy", "conservative", "conservative=kept")
ALONE = cores(1, speeds=(HALF,))  # 100 mW, or 60 at half the rate


def told(case, name, clock="compiled"):
    """Starts, ends and changes of level: (time, event, job[, level below the full speed])."""
    return [tuple(row) for row in history(case, make_scheduler(name), clock)["events"] if row[1] != "submit"]


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "speeds"),
    [
        ("fcfs", FULL_SPEED),
        ("hvf+easy+slow", RAISE_LAST),
        ("easy+slow=raise-first", RAISE_FIRST),
        ("hvf+green+lowvalue+slow=lasting", LASTING),
    ],
)
def test_a_name_says_whether_jobs_are_slowed(name, speeds):
    assert make_scheduler(name).speeds == speeds


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fcfs+slow=fast", "slow=fast is unknown; write slow or slow=raise-first or slow=lasting"),
        ("fcfs+slo", "did you mean 'slow'"),
        ("fcfs+slow+slow=lasting", "names two speed rules; give one"),
    ],
)
def test_wrong_names_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        make_scheduler(name)


# --- starts and changes of level ------------------------------------------------------------------


@pytest.mark.parametrize("backfill", BACKFILLS)
def test_starts_take_the_fastest_level_that_fits(backfill):
    """160 mW: one at full speed, the next at half; at 10 the first has ended, and the other is raised."""
    case = make_case([job(10), job(10)], cores(2, speeds=(HALF,)), [at(0, 160)])
    assert told(case, f"{backfill}+slow") == [
        (0, "start", 0), (0, "start", 1, 1), (10, "end", 0), (10, "raise", 1), (15, "end", 1),
    ]  # fmt: skip


def test_equal_losses_and_savings_slow_the_higher_job():
    case = make_case([job(10), job(10)], cores(2, speeds=(HALF,)), [at(0, 200), at(4, 160)])
    assert (4, "slow", 1, 1) in told(case, "fcfs+slow")


# --- without levels, and on both clocks -----------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_without_levels_nothing_changes(seed):
    case = random_case(random.Random(seed))
    if seed % 2:
        case = replace(case, forecast=random_forecast(random.Random(seed), case))
    name = heuristic_for(seed, case).name
    expected = history(case, make_scheduler(name), "compiled")
    for word in WORDS:
        assert history(case, make_scheduler(f"{name}+{word}"), "compiled") == expected


def test_both_clocks_agree_under_what_lasts():
    """The others of the family are compared with the reference in tests/rare/rules."""
    acts = 0
    for seed in range(10):
        power = random_power_case(random.Random(seed))
        parts = tuple(replace(part, speeds=(HALF,)) for part in power.cluster.partitions)
        case = replace(power, cluster=replace(power.cluster, partitions=parts))
        name = BACKFILLS[seed % len(BACKFILLS)]
        scheduler = make_scheduler(f"{name}+slow=lasting")
        fused = history(case, scheduler, "compiled")
        acts += fused["events"] != history(case, make_scheduler(f"{name}+slow"), "compiled")["events"]
        assert fused == history(case, scheduler, "compiled", checked=True), seed
        assert fused == history(case, scheduler, "simpy", checked=True), seed
    assert acts > 3, "what lasts makes no difference: the test tells nothing"


# --- what lasts -----------------------------------------------------------------------------------

SHORT = {"min_battery_s": 10}


def test_a_start_on_the_battery_must_last():
    """100 mW need 540 J for 90 minutes, 60 mW 324 J. The battery holds 400 J: the rules would allow both."""
    full = battery(400_000)
    case = make_case([job(10)], ALONE, [at(0, 0)], end_s=10_000, battery=full, **SHORT)
    assert told(case, "fcfs+slow")[0] == (0, "start", 0)
    assert told(case, "fcfs+slow=lasting")[0] == (0, "start", 0, 1)
    little = make_case([job(10)], ALONE, [at(0, 0)], end_s=10_000, battery=battery(323_999), **SHORT)
    assert told(little, "fcfs+slow")[0] == (0, "start", 0)
    assert told(little, "fcfs+slow=lasting") == []


def test_a_raise_must_last():
    """At 5 the supply rises from 60 to 70 mW: 30 mW more are 162 J in 90 minutes, and the battery has 100."""
    case = make_case(
        [job(1000)], ALONE, [at(0, 60), at(5, 70)], end_s=10_000, battery=battery(100_000, share=0.0), **SHORT
    )
    enough = replace(case, battery=replace(case.battery, capacity_mj=200_000, initial_share=1.0))
    some = replace(case, battery=replace(case.battery, initial_share=1.0))
    assert told(some, "fcfs+slow")[0] == (0, "start", 0)
    assert [row[1:3] for row in told(some, "fcfs+slow=lasting")] == [("start", 0), ("end", 0)]
    assert (5, "raise", 0) in told(enough, "fcfs+slow=lasting")


def test_the_forecast_says_what_lasts():
    """100 mW now; the next hour is forecast with 60, or with 100."""
    case = make_case([job(10)], ALONE, [at(0, 100)], end_s=2 * LASTING_S)
    for next_mw, level in ((60, 1), (100, 0), (59, None)):
        supply = np.full((3, 2), next_mw, dtype=np.int64)
        none = np.zeros_like(supply)
        foreseen = replace(case, forecast=Forecast("test", 0, 3600, 3600, supply, none, supply, none, none))
        starts = told(foreseen, "fcfs+slow=lasting")[:1]
        if level is None:
            assert starts == []
        else:
            assert starts == [(0, "start", 0) if level == 0 else (0, "start", 0, level)]


def test_easy_looks_again_when_the_battery_has_risen():
    """50 mW charge the battery; 54 J carry the 10 mW that the lower level lacks for 90 minutes: after 1080 s.

    Nothing else has changed by the tick at 1200: what EASY had tried in vain is tried again.
    """
    case = make_case(
        [job(10)], ALONE, [at(0, 50)], end_s=10_000, battery=battery(10**6, share=0.0), tick_s=600, **SHORT
    )
    assert told(case, "easy+slow=lasting")[0] == told(case, "greedy+slow=lasting")[0] == (1200, "start", 0, 1)
