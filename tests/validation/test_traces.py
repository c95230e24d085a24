"""Whole traces: every job accounted for, clocks identical, nothing oversubscribed, no work lost."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import plain_simpy
from rare.model import Case, Inputs
from rare.state.arrays import (
    END,
    EVENT_NAMES,
    FAIL,
    INSTANT,
    KILL,
    RESUME,
    S_COMPLETED,
    S_REJECTED,
    SHED,
    START,
    SUBMIT,
    SUSPEND,
)
from tests.validation.cases import Run, assert_identical, replay_case, run_on
from traces import read_workload
from traces.jobs.workload import Workload

FILES = {
    "KTH-SP2": "KTH-SP2-1996-2.1-cln.swf.gz",
    "NASA-iPSC": "NASA-iPSC-1993-3.1-cln.swf.gz",
    "SDSC-SP2": "SDSC-SP2-1998-4.2-cln.swf.gz",
    "LLNL-Atlas": "LLNL-Atlas-2006-2.1-cln.swf.gz",
    "HPC2N": "HPC2N-2002-2.2-cln.swf.gz",
    "SDSC-BLUE": "SDSC-BLUE-2000-4.2-cln.swf.gz",
}
QUICK = ("KTH-SP2", "NASA-iPSC")
SCHEDULERS = ("easy", "sjf+greedy")
TAKES, GIVES = (START, RESUME), (END, SUSPEND, SHED, KILL)
DAY_S = 86_400


def load(shared: Path, trace: str) -> Workload:
    return read_workload(shared / "data/workloads" / FILES[trace])


def day_and_night(case: Case) -> Inputs:
    """An island: each day the peak draw for 10 h, 20 % of it for 6 h, 60 % for 8 h; at last the peak."""
    first_s, last_s = case.first_instant_s, int(case.workload.submit_s[-1])
    days_s = first_s + DAY_S * np.arange((last_s - first_s) // DAY_S + 30)
    change_s = (days_s[:, None] + 3600 * np.array([0, 10, 16])).ravel()
    supply_mw = np.tile(case.cluster.peak_draw_mw * np.array([10, 2, 6]) // 10, len(days_s))
    supply_mw[-1] = case.cluster.peak_draw_mw  # else a job that needs all of it waits for ever
    nothing = np.zeros(len(change_s), dtype=np.int64)
    return Inputs(change_s, supply_mw, nothing, nothing, nothing)


def island(jobs: Workload) -> Case:
    """The trace on its machine, under that supply alone."""
    return replay_case(jobs, inputs=day_and_night(replay_case(jobs)))


# --- what must hold of any run --------------------------------------------------------------------------


def assert_every_job_accounted_for(path: Path, run: Run, jobs: Workload) -> None:
    """Records of the file = submitted + skipped, submitted = completed + rejected + unfinished."""
    with gzip.open(path, "rt", encoding="latin-1") as file:
        records = sum(1 for line in file if line.strip() and not line.lstrip().startswith(";"))
    assert records == len(jobs) + jobs.report.jobs_skipped
    status = run.jobs["status"]
    submitted = np.count_nonzero(run.events["event"] == SUBMIT)
    too_large = np.count_nonzero(jobs.cores > jobs.processors)
    assert run.totals["rejected"] == np.count_nonzero(status == S_REJECTED) == too_large
    assert submitted + too_large == len(jobs)
    assert run.totals["completed"] == np.count_nonzero(status == S_COMPLETED) == len(jobs) - too_large


def assert_never_oversubscribed(run: Run, jobs: Workload) -> None:
    """Cores in use, rebuilt from the event log alone, never exceed the machine."""
    events = run.events
    assert not np.isin(events["event"], (KILL, FAIL)).any(), "SWF jobs are preemptible"
    cores = jobs.cores[events["job"]]
    step = np.where(np.isin(events["event"], TAKES), cores, 0) - np.where(
        np.isin(events["event"], GIVES), cores, 0
    )
    used = np.cumsum(step)
    assert used.min() >= 0 and used[-1] == 0
    assert used.max() <= jobs.processors
    held_s = np.diff(events["time_s"], append=events["time_s"][-1])
    assert held_s.min() >= 0
    assert int((used * held_s).sum()) == run.totals["core_s"]  # what the simulator itself counted


def assert_work_conserved(run: Run, jobs: Workload) -> None:
    """Each completed job ran for exactly the work it asked for, after its submit, and ended once."""
    events, ran_s = run.events, np.zeros(len(jobs), dtype=np.int64)
    np.subtract.at(ran_s, *_of_kind(events, TAKES))
    np.add.at(ran_s, *_of_kind(events, GIVES))
    done = run.jobs["status"] == S_COMPLETED
    assert np.array_equal(ran_s[done], jobs.work_s[done]) and not ran_s[~done].any()
    for kind in (START, END, SUBMIT):
        times = np.bincount(events["job"][events["event"] == kind], minlength=len(jobs))
        assert np.array_equal(times, done.astype(int)), EVENT_NAMES[kind]
    assert (run.jobs["start_s"][done] >= jobs.submit_s[done]).all()
    assert int((jobs.work_s * jobs.cores)[done].sum()) == run.totals["core_s"]


def _of_kind(events: np.ndarray, kinds: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    chosen = events[np.isin(events["event"], kinds)]
    return chosen["job"], chosen["time_s"]


def assert_energy_from_power_rows(run: Run) -> None:
    """The energies are the areas under the power changes, which are recorded apart from them."""
    power, held_s = run.power, np.diff(run.power["time_s"])
    for column, total in (("draw_mw", "draw"), ("grid_mw", "grid"), ("curtailed_mw", "curtailed")):
        assert int((power[column][:-1] * held_s).sum()) == run.totals[total], column
    supply_mj = int((power["supply_mw"][:-1] * held_s).sum())
    assert supply_mj == run.totals["available"] == run.totals["used"] + run.totals["curtailed"]


def assert_sound(path: Path, run: Run, jobs: Workload) -> None:
    """All of the above, and each instant settled once, in time order."""
    assert run.totals["ended"] == "completed"
    assert_every_job_accounted_for(path, run, jobs)
    events = run.events
    instants_s = events["time_s"][events["event"] == INSTANT]
    assert (np.diff(instants_s) > 0).all() and len(instants_s) == run.totals["instants"]
    happenings = Run(run.world, events[events["event"] != INSTANT], run.power)
    assert_never_oversubscribed(happenings, jobs)
    assert_work_conserved(happenings, jobs)
    assert_energy_from_power_rows(run)


# --- tests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("trace", QUICK)
def test_whole_trace(shared: Path, trace: str, scheduler: str) -> None:
    jobs = load(shared, trace)
    run = run_on("compiled", replay_case(jobs), scheduler)
    assert_sound(shared / "data/workloads" / FILES[trace], run, jobs)
    done = run.jobs["status"] == S_COMPLETED  # nobody interrupts a job under power without limit
    assert np.array_equal((run.jobs["end_s"] - run.jobs["start_s"])[done], jobs.work_s[done])


@pytest.mark.parametrize("trace", QUICK)
def test_whole_trace_on_an_island(shared: Path, trace: str) -> None:
    jobs = load(shared, trace)
    run = run_on("compiled", island(jobs), "easy")
    assert_sound(shared / "data/workloads" / FILES[trace], run, jobs)
    assert run.totals["suspensions"] > 100 and run.totals["grid"] == 0


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("trace", QUICK)
def test_clocks_are_identical(shared: Path, trace: str, scheduler: str) -> None:
    jobs = load(shared, trace).select(0, 3000)
    for case in (replay_case(jobs), island(jobs)):
        assert_identical(run_on("compiled", case, scheduler), run_on("simpy", case, scheduler))


@pytest.mark.parametrize("trace", QUICK)
def test_no_invariant_is_broken_on_the_way(shared: Path, trace: str) -> None:
    case = island(load(shared, trace).select(0, 3000))
    run = run_on("simpy", case, "easy", verify_every_s=6 * 3600)
    assert run.totals["ended"] == "completed"


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("trace", FILES)
def test_whole_trace_on_both_clocks(shared: Path, trace: str, scheduler: str) -> None:
    jobs = load(shared, trace)
    run = run_on("compiled", replay_case(jobs), scheduler)
    assert_sound(shared / "data/workloads" / FILES[trace], run, jobs)
    assert_identical(run, run_on("simpy", replay_case(jobs), scheduler, verify_every_s=DAY_S))


@pytest.mark.slow
@pytest.mark.parametrize("trace", FILES)
def test_a_long_island_on_both_clocks(shared: Path, trace: str) -> None:
    """Whole on the compiled clock; the first 20,000 jobs on both, as queues of days make SimPy slow."""
    jobs = load(shared, trace)
    assert_sound(shared / "data/workloads" / FILES[trace], run_on("compiled", island(jobs), "easy"), jobs)
    case = island(jobs.select(0, min(20_000, len(jobs))))
    assert_identical(run_on("compiled", case, "easy"), run_on("simpy", case, "easy", verify_every_s=DAY_S))


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["fcfs", "easy"])
@pytest.mark.parametrize("trace", FILES)
def test_starts_of_a_replay_that_knows_nothing_of_rare(shared: Path, trace: str, scheduler: str) -> None:
    jobs = load(shared, trace)
    run = run_on("compiled", replay_case(jobs), scheduler)
    assert jobs.processors is not None
    fits = jobs.cores <= jobs.processors
    columns = (getattr(jobs, name)[fits].tolist() for name in ("submit_s", "cores", "work_s", "estimate_s"))
    listed = [plain_simpy.Job(index, *row) for index, row in enumerate(zip(*columns, strict=True))]
    plain_simpy.replay(listed, jobs.processors, easy=scheduler == "easy")
    starts = np.array([job.start_s for job in listed])
    assert np.flatnonzero(run.jobs["start_s"][fits] != starts).tolist() == []
