"""Draws of run times: whose past counts, what running so far says, and a cluster without a past."""

import numpy as np
import pytest

from experiments.operate.start_times.past_jobs import past_jobs
from experiments.operate.start_times.run_time_model import ModelChoice, OpenJobs, RunTimeModel
from traces.jobs.workload import Workload

NOW_S = 10**6


def past(users, works, limits, cores=1):
    work = Workload.from_columns(
        "past",
        submit_s=np.arange(len(works)),
        work_s=works,
        estimate_s=limits,
        user=users,
        cores=np.full(len(works), cores),
    )
    return past_jobs(work, NOW_S)


def open_jobs(*rows):
    """Rows of (user, limit, ran)."""
    users, limits, ran = zip(*rows, strict=True)
    return OpenJobs(np.array(users, dtype=object), np.array(limits), np.ones(len(rows), int), np.array(ran))


def draws(known, *rows, futures=2000, **choice):
    now = open_jobs(*rows)
    return RunTimeModel(known, now, ModelChoice(**choice)).draws(now, futures, 0)


KNOWN = past(["a"] * 50 + ["b"] * 50, [100] * 50 + [900] * 50, [1000] * 100)


def test_a_users_own_past_counts_most():
    mine, others = draws(KNOWN, ("a", 1000, 0), ("b", 1000, 0), shrink=1)
    assert np.mean(mine == 100) > 0.8
    assert np.mean(others == 900) > 0.8


def test_of_an_unknown_user_the_clusters_past_counts():
    (row,) = draws(KNOWN, ("c", 1000, 0))
    assert np.mean(row == 100) == pytest.approx(0.5, abs=0.05)
    assert np.mean(row == 900) == pytest.approx(0.5, abs=0.05)


def test_the_limit_scales_a_ratio():
    (row,) = draws(KNOWN, ("a", 5000, 0), shrink=1)
    assert np.mean(row == 500) > 0.8


def test_a_job_that_has_run_takes_longer_than_it_has_run():
    (row,) = draws(KNOWN, ("a", 1000, 300), shrink=1)
    assert (row > 300).all()
    assert np.mean(row == 900) > 0.8  # the user's own 100 s are excluded


def test_running_jobs_count_as_having_taken_at_least_so_long():
    # of a's eight jobs four ended after 100 s or 900 s each; four more run since 300 s
    known = past(["a"] * 4, [100, 100, 900, 900], [1000] * 4)
    alone = draws(known, ("a", 1000, 0), shrink=0.01)[0]
    beside = draws(known, ("a", 1000, 0), *[("a", 1000, 300)] * 4, shrink=0.01)[0]
    assert np.mean(alone == 100) == pytest.approx(0.5, abs=0.05)
    assert np.mean(beside == 100) == pytest.approx(0.25, abs=0.05)


def test_without_a_past_any_share_of_the_limit():
    (row,) = draws(None, ("a", 1000, 0))
    assert 0.35 < np.mean(row <= 500) < 0.55
    assert row.max() <= 1000


def test_a_job_past_all_that_is_known_ends_some_time():
    (row,) = draws(KNOWN, ("a", 1000, 5000))
    assert (row >= 5060).all()
    assert row.max() > 5100


def test_jobs_of_one_user_and_limit_are_linked():
    spread = past(["a"] * 40, list(range(0, 1000, 25)), [1000] * 40)
    first, second = draws(spread, ("a", 1000, 0), ("a", 1000, 0), link=0.5)
    assert 0.3 < np.corrcoef(first, second)[0, 1] < 0.95
    first, second = draws(spread, ("a", 1000, 0), ("b", 1000, 0), link=0.5)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_jobs_that_had_not_ended_are_not_learnt_from():
    work = Workload.from_columns(
        "past", submit_s=[0, 1, 2], work_s=[10, 10, 990], estimate_s=[1000] * 3, user=["a"] * 3
    )
    known = past_jobs(work, 500)
    assert known.ended.tolist() == [True, True, False]
    assert past_jobs(work, 500, without=frozenset({"1"})).ended.tolist() == [False, True, False]
    (row,) = draws(known, ("a", 1000, 0), shrink=0.001)
    assert np.mean(row == 10) > 0.99
