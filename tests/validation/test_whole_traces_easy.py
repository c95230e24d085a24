"""Every start of whole archive traces equals a plain one-pass EASY, also with jobs that end as they start."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import rare
from rare.model import Case, Cluster, Partition
from schedulers import make_scheduler
from tests.validation.plain_easy import PlainEasy
from tests.validation.test_traces import load
from traces.jobs.workload import Workload


def starts(jobs: Workload, processors: int, clock: str = "compiled") -> np.ndarray:
    """First start of every job under `easy`."""
    case = Case(jobs, Cluster((Partition(nodes=processors),)))
    return rare.simulate(case, make_scheduler("easy"), clock=clock, record=False).jobs["start_s"]


def plain_starts(jobs: Workload, processors: int) -> np.ndarray:
    """The same by the plain one."""
    columns = (jobs.submit_s, jobs.cores, jobs.work_s, jobs.estimate_s)
    return np.array(PlainEasy(*(column.tolist() for column in columns), processors).run())


def with_empty_jobs(jobs: Workload, share: float, seed: int) -> Workload:
    """The trace with the work of some jobs set to 0; their estimates stay."""
    empty = np.random.default_rng(seed).random(len(jobs)) < share
    return dataclasses.replace(jobs, work_s=np.where(empty, 0, jobs.work_s))


@pytest.mark.parametrize("trace", ["KTH-SP2", "NASA-iPSC", "LLNL-Atlas", "SDSC-SP2"])
def test_archive_traces_as_they_are(shared, trace):
    jobs = load(shared, trace)
    assert (jobs.work_s == 0).any()
    assert np.array_equal(starts(jobs, jobs.processors), plain_starts(jobs, jobs.processors))


@pytest.mark.parametrize("share", [0.01, 0.3])
def test_a_trace_with_many_jobs_that_end_as_they_start(shared, share):
    jobs = with_empty_jobs(load(shared, "KTH-SP2"), share, seed=1)
    assert np.array_equal(starts(jobs, jobs.processors), plain_starts(jobs, jobs.processors))


def test_both_clocks_on_a_trace_with_such_jobs(shared):
    jobs = with_empty_jobs(load(shared, "KTH-SP2").select(0, 4000), 0.2, seed=2)
    assert np.array_equal(starts(jobs, jobs.processors), starts(jobs, jobs.processors, "simpy"))
