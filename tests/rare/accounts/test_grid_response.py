"""How grid events are met: by hand on made power and event logs; late jobs against the count of the rules."""

import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import rare
from rare.accounts.grid_response import (
    RESPONSE_METRICS,
    JobTimes,
    response_frame,
    response_metrics,
    responses,
)
from rare.machine_events import NO_LIMIT_MW, GridEvents
from rare.model import Partition
from rare.state.arrays import (
    END,
    EVENT,
    KILL,
    OUTCOME,
    POWER,
    S_COMPLETED,
    S_UNFINISHED,
    SHED,
    START,
    SUBMIT,
)
from schedulers import make_scheduler
from tests.builders import make_case, random_case
from tests.rare.twins import Erratic

NODE = Partition("main", nodes=4, cores_per_node=1, core_mw=1000)
MJ = 3.6e9


def grid_events(*rows):
    """(notice, start, comply, end, limit or NO_LIMIT_MW, depth) a row."""
    return GridEvents(*(np.array(column) for column in zip(*rows, strict=True)))


def made_run(events, draws, jobs=({"work_s": 10},), log=(), outcomes=None):
    """A run of these draws [mW] from their times on, the last at the end; log: (time, event, job)."""
    case = replace(make_case(list(jobs), NODE, [{"t": 0, "grid": 10**9}]), events=events)
    power, outcome = np.zeros(len(draws), POWER), np.zeros(len(jobs), OUTCOME)
    power["time_s"], power["draw_mw"] = zip(*draws, strict=True)
    rows = np.zeros(len(log), EVENT)
    for k, row in enumerate(log):
        rows["time_s"][k], rows["event"][k], rows["job"][k] = row
    for k, (status, end_s) in enumerate(outcomes or ()):
        outcome["status"][k], outcome["end_s"][k] = status, end_s
    return SimpleNamespace(case=case, scheduler="", jobs=outcome, events=rows, power=power)


def only_response(run):
    (found,) = responses(run, JobTimes.of(run))
    return found


# A quarter less from 1000 to 2000 s, to be met by 1300; notice at 900 at a draw of 4000 mW.
QUARTER = grid_events((900, 1000, 1300, 2000, NO_LIMIT_MW, 250))


def test_time_to_comply_depth_energy_shed_and_rebound():
    # the draw touches the limit of 3000 first at 1100, is above it again at 1150, and below it from 1200 on
    draws = [(0, 5000), (500, 4000), (950, 4500), (1100, 3000), (1150, 3100), (1200, 2500), (2000, 5000)]
    found = only_response(made_run(QUARTER, [*draws, (2500, 4000), (3500, 3000)]))
    assert (found.baseline_mw, found.limit_mw, found.comply_s, found.in_time) == (4000, 3000, 200, True)
    assert found.depth == pytest.approx(1 - 2500 / 4000)
    assert found.shed_mj == -500 * 100 + 1000 * 50 + 900 * 50 + 1500 * 800
    assert (found.rebound_mj, found.rebound_mw) == (1000 * 500, 1000)


def test_a_limit_met_too_late_and_one_that_is_never_met():
    late = only_response(made_run(QUARTER, [(0, 4000), (1400, 2000), (3000, 0)]))
    assert (late.comply_s, late.in_time) == (400, False)
    never = only_response(made_run(QUARTER, [(0, 4000), (2000, 1000), (3000, 0)]))
    assert (never.comply_s, never.in_time, never.depth, never.shed_mj) == (None, False, None, 0)


def test_a_draw_below_the_limit_complies_at_once():
    found = only_response(made_run(QUARTER, [(0, 4000), (950, 3000), (3000, 0)]))
    assert (found.comply_s, found.in_time, found.depth) == (0, True, pytest.approx(0.25))


def test_the_end_of_the_run_ends_an_event_and_its_rebound():
    found = only_response(made_run(QUARTER, [(0, 4000), (1000, 3000), (1500, 0)]))
    assert (found.shed_mj, found.rebound_mj, found.depth) == (500_000, None, pytest.approx(0.25))
    run = made_run(QUARTER, [(0, 4000), (1000, 0)])
    assert responses(run, JobTimes.of(run)) == [None]
    assert response_metrics(run)["grid_events"] == 0
    assert response_frame(run)["shed_kwh"].isna().tolist() == [True]


def test_the_draw_at_the_start_stands_in_for_one_before_the_run():
    # known from the beginning: the draw just before its start counts; one that begins with the run has none
    events = grid_events((0, 0, 0, 50, NO_LIMIT_MW, 500), (0, 100, 100, 200, NO_LIMIT_MW, 500))
    run = made_run(events, [(0, 1000), (60, 2000), (100, 1000), (300, 0)])
    none, half = responses(run, JobTimes.of(run))
    assert (none.baseline_mw, none.limit_mw, none.depth, none.shed_mj) == (None, None, None, None)
    assert (half.baseline_mw, half.limit_mw, half.comply_s) == (2000, 1000, 0)


JOBS = [
    {"work_s": 500, "deadline_s": 1200},
    {"work_s": 500, "submit_s": 100, "deadline_s": 5000},
    {"work_s": 10, "submit_s": 200, "deadline_s": 300},
    {"work_s": 10, "submit_s": 2500, "deadline_s": 2600},
]
LOG = [
    *((job.get("submit_s", 0), SUBMIT, k) for k, job in enumerate(JOBS)),
    (0, START, 0),
    (400, END, 2),
    (999, SHED, 1),
    (1000, SHED, 0),
    (1100, KILL, 1),
    (1999, SHED, 1),
    (2000, SHED, 1),
    (2500, END, 0),
]
OUTCOMES = [(S_COMPLETED, 2500), (S_UNFINISHED, -1), (S_COMPLETED, 400), (S_UNFINISHED, -1)]


def test_jobs_that_were_there_and_late_ones_by_class():
    run = made_run(QUARTER, [(0, 4000), (1000, 3000), (3000, 0)], JOBS, LOG, OUTCOMES)
    classes = np.array(["urgent", "normal", "urgent", "normal"], dtype=object)
    run.case = replace(run.case, workload=replace(run.case.workload, service_class=classes))
    found = only_response(run)
    # job 3 had left before, job 4 came after it; job 2 is there and has time left
    assert (found.present, found.late) == ({"normal": 1, "urgent": 1}, {"normal": 0, "urgent": 1})
    assert (found.suspensions, found.kills, found.slowdowns) == (2, 1, 0)
    assert JobTimes.of(run).late.tolist() == [True, False, True, True]
    (row,) = response_frame(run).to_dict("records")
    assert (row["jobs"], row["late"], row["late_urgent"], row["jobs_normal"]) == (2, 1, 1, 1)


def test_metrics_are_means_and_sums_over_events_and_count_a_job_once():
    events = grid_events((900, 1000, 1300, 2000, NO_LIMIT_MW, 250), (900, 1000, 1000, 1500, 3500, 0))
    run = made_run(events, [(0, 4000), (1200, 3000), (2000, 4400), (3000, 0)], JOBS, LOG, OUTCOMES)
    assert response_metrics(run) == {
        "grid_events": 2,
        "grid_events_missed": 1,
        "grid_event_comply_s": 200.0,
        "grid_event_depth": pytest.approx(0.25),
        "grid_event_shed_kwh": (800_000 + 300_000) / MJ,
        "grid_event_rebound_kwh": 400_000 / MJ,
        "grid_event_late_jobs": 1,
    }


def test_without_events_there_are_no_such_metrics():
    result = rare.simulate(
        make_case([{"work_s": 9}], NODE, [{"t": 0, "grid": 10**6}]), make_scheduler("fcfs")
    )
    assert {key: result.metrics[key] for key in RESPONSE_METRICS} == dict.fromkeys(RESPONSE_METRICS)
    assert result.grid_events_frame() is None


@pytest.mark.parametrize("seed", range(12))
def test_late_jobs_are_those_that_the_rules_count(seed):
    case = random_case(random.Random(seed))
    result = rare.simulate(case, Erratic(seed) if seed % 2 else make_scheduler("fcfs"))
    assert JobTimes.of(result).late.sum() == (result.metrics["qos_violations"] or 0)


def test_metrics_of_events_are_known_without_a_record():
    case = replace(
        make_case([{"work_s": 100}], NODE, [{"t": 0, "grid": 10**6}]),
        events=grid_events((10, 20, 20, 40, 1000, 0)),
    )
    recorded, bare = (rare.simulate(case, make_scheduler("fcfs"), record=record) for record in (True, False))
    assert bare.metrics["grid_events"] == 1 and len(bare.power) == len(bare.events) == 0
    assert {key: bare.metrics[key] for key in RESPONSE_METRICS} == {
        key: recorded.metrics[key] for key in RESPONSE_METRICS
    }
