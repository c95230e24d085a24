"""Schedulers are compared under a power that never binds, and nothing says so; or a run without power is told of it."""

import pytest

import rare
from experiments.cli.root import main
from experiments.runs.remarks import never_short
from schedulers import make_scheduler
from tests.builders import make_case

NODE = rare.Partition(nodes=2, cores_per_node=2, idle_mw=10_000, core_mw=20_000)  # 100 W in all
JOBS = [{"submit_s": 100 * place, "work_s": 300, "cores": 2} for place in range(5)]


def said(rows, jobs=JOBS, partition=NODE):
    case = make_case(jobs, partition, rows)
    return never_short(case, rare.simulate(case, make_scheduler("easy")))


def test_a_supply_that_never_binds_is_named_with_the_peak_draw():
    (text,) = said([{"t": 0, "supply": 150_000}, {"t": 200, "supply": 120_000}])
    assert text.startswith(
        "power was never short: the smallest supply is 120 W, and the whole machine draws at"
    )
    assert "at most 100 W" in text and "--set supply.source.0.peak=1" in text and "\n" not in text


def test_only_the_time_of_the_run_counts():
    assert said([{"t": 0, "supply": 150_000}, {"t": 50_000, "supply": 0}])
    assert not said(
        [{"t": 0, "supply": 150_000}, {"t": 200, "supply": 90_000}, {"t": 250, "supply": 150_000}]
    )


def test_a_limited_grid_may_complete_it():
    (text,) = said([{"t": 0, "supply": 70_000, "grid": 40_000}])
    assert "the smallest supply with the grid is 110 W" in text


@pytest.mark.parametrize(
    "row",
    [
        {"t": 0, "grid": rare.UNLIMITED_MW},
        {"t": 0, "supply": 150_000, "grid": rare.UNLIMITED_MW},
        {"t": 0, "supply": 90_000},
    ],
    ids=["classical replay", "the grid alone would do", "scarce"],
)
def test_where_it_is_of_no_use_nothing_is_said(row):
    assert said([row]) == []


def test_jobs_that_state_their_own_power_are_not_judged():
    assert said([{"t": 0, "supply": 150_000}], [{**job, "power_mw": 30_000} for job in JOBS]) == []


def test_a_comparison_says_it_once(capsys, here):
    (here / "power.csv").write_text("time,kW\n2026-04-01T00:00Z,90\n2026-04-05T00:00Z,90\n", encoding="utf-8")
    words = ["compare", "--workload", "jobs.csv", "--processors", "8", "--power", "power.csv"]
    assert main([*words, "--scheduler", "fcfs,easy"]) == 0
    assert capsys.readouterr().err.count("power was never short") == 1
