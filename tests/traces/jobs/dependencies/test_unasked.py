"""A plug-in's reader gives cancelled jobs and dependencies to callers who did not ask for them."""

from pathlib import Path

import numpy as np

from traces import Workload
from traces.jobs.job_formats import JobFormat, read_jobs
from traces.jobs.read_options import ReadOptions
from traces.name_registry import Entry


def read(**options):
    """What a plug-in gives that fills in everything whatever it is asked."""

    def everything(path, options):
        return Workload.from_columns(
            "w",
            submit_s=[0, 1, 2],
            work_s=[1, 1, 1],
            cancel_s=[9, 2**62, 2**62],
            after=[(), (1,), (2,)],
            think_s=[0, 5, 5],
            after_any=np.array([True, False, True]),
        )

    entry = Entry("mine", "jobs of mine", JobFormat("jobs of mine", everything, (".mine",)), "a plug-in")
    return read_jobs(entry, Path("a.mine"), ReadOptions(**options))


def test_by_default_both_are_taken_out_and_counted():
    jobs = read()
    assert jobs.job_id.tolist() == [2, 3]
    assert (jobs.cancel_s, jobs.after, jobs.after_any, jobs.think_s) == (None,) * 4
    assert jobs.report.skips["cancelled_while_waiting"].count == 1
    assert jobs.report.notes["dependencies_ignored"].count == 2
    assert jobs.report.jobs_skipped == 1


def test_who_asks_gets_them():
    jobs = read(cancellations="replay", dependencies="wait")
    assert (jobs.job_id.tolist(), jobs.after.tolist()) == ([1, 2, 3], [(), (1,), (2,)])
    assert (jobs.report.skips, jobs.report.notes) == ({}, {})


def test_nobody_waits_for_a_job_that_was_taken_out():
    jobs = read(dependencies="wait")
    assert (jobs.after.tolist(), jobs.think_s.tolist()) == ([(), (2,)], [0, 5])
    assert jobs.report.notes["chain_cut"].count == 1


def test_dependencies_alone():
    jobs = read(cancellations="replay")
    assert (jobs.cancel_s.tolist()[0], jobs.after) == (9, None)
