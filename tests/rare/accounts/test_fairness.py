"""Shares served and Jain's index, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from rare.accounts.fairness import FAIRNESS_METRICS, jain
from rare.model import Partition
from rare.run import simulate
from schedulers import make_scheduler
from tests.builders import make_case

CORE = Partition(nodes=1, cores_per_node=1, core_mw=100)


def case_of(jobs, columns, **more):
    """One core with power for the first 30 s only: it serves what it can until then, in order."""
    rows = [{"t": 0, "supply": 100}, {"t": 30, "supply": 0}]
    case = make_case(jobs, CORE, rows, end_s=5000, **more)
    texts = {name: np.array(texts, dtype=object) for name, texts in columns.items()}
    return replace(case, workload=replace(case.workload, **texts))


def metrics_of(case, **more):
    return simulate(case, make_scheduler("fcfs"), record=False, **more).metrics


def four(**more):
    """Jobs of 10 s: three run one after the other, the fourth expires at 40 + 600."""
    return [{"work_s": 10, "value_u": value_u, "deadline_s": 40, **more} for value_u in (9, 1, 1, 9)]


def test_classes_by_hand():
    case = case_of(four(), {"service_class": ["high", "low", "low", "high"]})
    metrics = metrics_of(case)
    assert metrics["service_classes"] == {
        "high": {"jobs": 2, "served_share": 0.5, "late": 1, "mean_wait_s": 0.0},
        "low": {"jobs": 2, "served_share": 1.0, "late": 0, "mean_wait_s": 15.0},
    }
    assert (metrics["least_class_served_share"], metrics["lowest_class_wait_s"]) == (0.5, 15.0)
    assert metrics["jobs_unserved"] == 1 and metrics["unserved_price"] is None
    assert metrics["user_served_index"] is None


def test_users_by_hand():
    case = case_of(four(), {"user": ["a", "b", "", "b"]}, unserved_penalty_u=7)
    metrics = metrics_of(case)
    assert metrics["mean_user_served_share"] == pytest.approx(0.75)  # of a 1 of 1, of b 1 of 2
    assert metrics["lowest_user_served_share"] == 0.5
    assert metrics["user_served_index"] == pytest.approx(1.5**2 / (2 * 1.25))
    over_s = 640  # the last job expires, and with it the run ends
    slowdown_a, slowdown_b = 1.0, (2.0 + over_s / 10) / 2
    both = (slowdown_a + slowdown_b) ** 2 / (2 * (slowdown_a**2 + slowdown_b**2))
    assert metrics["user_slowdown_index"] == pytest.approx(both)
    assert metrics["unserved_price"] == 7e-6 and metrics["service_classes"] is None


def test_jobs_that_break_no_promise_do_not_count():
    # the last one is cut off before its deadline, the one before is rejected
    jobs = [*four()[:2], {"work_s": 10, "cores": 2}, {"work_s": 10, "deadline_s": 10**6}]
    jobs[3]["submit_s"] = 40
    case = case_of(jobs, {"user": ["a", "a", "b", "c"], "service_class": ["x", "x", "y", "z"]})
    metrics = metrics_of(case)
    assert metrics["mean_user_served_share"] == 1.0
    assert metrics["service_classes"]["y"] == {
        "jobs": 0,
        "served_share": None,
        "late": 0,
        "mean_wait_s": None,
    }
    assert metrics["least_class_served_share"] == 1.0


def test_the_warm_up_is_left_out():
    jobs = four()
    jobs[3]["submit_s"] = 5
    case = case_of(jobs, {"user": ["a", "a", "a", "b"]})
    assert metrics_of(case, warmup_s=5)["mean_user_served_share"] == 0.0


def test_the_lowest_tenth_of_many_users():
    jobs = [{"work_s": 10, "value_u": 1, "deadline_s": 40} for _ in range(12)]
    metrics = metrics_of(case_of(jobs, {"user": [f"u{k}" for k in range(12)]}))
    assert metrics["mean_user_served_share"] == pytest.approx(3 / 12)
    assert metrics["lowest_user_served_share"] == 0.0
    assert metrics["user_served_index"] == pytest.approx(3 / 12)  # a quarter of the users has everything


def test_without_classes_and_users_nothing_applies():
    metrics = metrics_of(case_of(four(), {}))
    assert {metrics[name] for name in FAIRNESS_METRICS} == {None}


@pytest.mark.parametrize(
    ("shares", "index"),
    [([], None), ([0.0, 0.0], 1.0), ([3.0, 3.0, 3.0], 1.0), ([0.0, 0.0, 5.0, 0.0], 0.25), ([1.0, 2.0], 0.9)],
)
def test_jain(shares, index):
    assert jain(np.array(shares)) == pytest.approx(index)
