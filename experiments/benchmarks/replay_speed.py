"""Jobs per second of a replay under both clocks, and of plain SimPy with the same schedule in the same run.

Each figure is the median of repeats that alternate between the programs. A call is timed from jobs in
memory to results in memory, in seconds of CPU time (all programs use one thread), which varies less on a
busy machine than wall-clock time. Reading the file and compiling are not timed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.benchmarks import plain_simpy
from experiments.benchmarks.speed_table import aligned, ratio
from experiments.process.progress import ProgressDisplay
from rare import Case, Cluster, Partition, Result, simulate
from schedulers import make_scheduler
from traces.errors import InputError
from traces.jobs.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload

SCHEDULERS = ("fcfs", "easy")
#: column -> (heading, repeats are divided by this)
COLUMNS = {
    "plain_simpy": ("plain SimPy", 1),
    "simpy_clock": ("SimPy clock", 2),
    "recorded": ("compiled, recording", 1),
    "compiled": ("compiled", 1),
}


def synthetic(count: int, processors: int = 128, load: float = 0.8, seed: int = 1) -> Workload:
    """Synthetic jobs: Poisson arrivals, log-normal run times, power-of-two sizes, overlong estimates."""
    rng = np.random.default_rng(seed)
    cores = 2 ** rng.integers(0, 7, count)
    work_s = np.rint(rng.lognormal(7, 1.5, count)).astype(np.int64)
    between_s = float((cores * work_s).mean()) / (load * processors)
    none = np.zeros(count, dtype=np.int64)
    return Workload(
        name=f"synthetic, load {load:g}",
        job_id=np.arange(1, count + 1),
        submit_s=np.rint(np.cumsum(rng.exponential(between_s, count))).astype(np.int64),
        cores=cores,
        gpus_milli=none,
        memory_mib=none,
        work_s=work_s,
        estimate_s=work_s * rng.integers(1, 6, count),
        power_mw=none + NO_POWER,
        value_u=none + NO_VALUE,
        deadline_s=none + NO_DEADLINE_S,
        preemptible=np.ones(count, dtype=bool),
        processors=processors,
    )


def replayable(jobs: Workload) -> Workload:
    """The jobs, if both programs can replay them.

    InputError for jobs without processors or a machine size.
    """
    if jobs.processors is None:
        raise InputError(f"{jobs.name}: does not say how many processors its machine has (MaxProcs)")
    if int(jobs.cores.max()) > jobs.processors or int(jobs.cores.min()) < 1:
        raise InputError(
            f"{jobs.name}: has jobs of no cores, or of more than the {jobs.processors} there are"
        )
    return jobs


def case_of(jobs: Workload) -> Case:
    """A case with the machine of the trace, its idle, sleep and active power, and an unlimited grid."""
    assert jobs.processors is not None
    node = Partition(nodes=jobs.processors, idle_mw=4_000, core_mw=8_000, sleep_mw=500)
    return Case(jobs, Cluster((node,)))


# --- timed programs -------------------------------------------------------------------------------------


def plain(jobs: Workload, scheduler: str) -> tuple[float, np.ndarray]:
    """CPU seconds and start times [s] of the plain SimPy replay. Building its list of jobs is not timed."""
    columns = (getattr(jobs, name).tolist() for name in ("submit_s", "cores", "work_s", "estimate_s"))
    plain_jobs = [plain_simpy.Job(index, *row) for index, row in enumerate(zip(*columns, strict=True))]
    assert jobs.processors is not None
    began_s = time.process_time()
    plain_simpy.replay(plain_jobs, jobs.processors, easy=scheduler == "easy")
    elapsed_s = time.process_time() - began_s
    return elapsed_s, np.array([job.start_s for job in plain_jobs])


def ours(case: Case, scheduler: str, **how: Any) -> tuple[float, Result]:
    """CPU seconds and result of rare.simulate. how: its keyword arguments."""
    decider = make_scheduler(scheduler)
    began_s = time.process_time()
    result = simulate(case, decider, **how)
    return time.process_time() - began_s, result


def plain_jobs_per_s(count: int = 20_000, repeats: int = 3) -> float:
    """Jobs per CPU second of the plain SimPy replay under FCFS: the baseline of all parts."""
    jobs = synthetic(count)
    return count / statistics.median(plain(jobs, "fcfs")[0] for _ in range(repeats))


def programs(case: Case, scheduler: str) -> dict[str, Callable[[], tuple[float, np.ndarray]]]:
    """Column -> function that returns CPU seconds and the start times [s] of all jobs."""

    def starts(**how: Any) -> Callable[[], tuple[float, np.ndarray]]:
        def timed() -> tuple[float, np.ndarray]:
            elapsed_s, result = ours(case, scheduler, **how)
            assert result.metrics["energy_kwh"] > 0 and result.metrics["unserved_kwh"] == 0
            return elapsed_s, result.jobs["start_s"]

        return timed

    return {
        "plain_simpy": lambda: plain(case.workload, scheduler),
        "simpy_clock": starts(clock="simpy", record=False),
        "recorded": starts(record=True),
        "compiled": starts(record=False),
    }


def measure_one(jobs: Workload, scheduler: str, repeats: int) -> dict[str, Any]:
    """One row of the table. AssertionError if the programs do not start every job at the same second."""
    case = case_of(jobs)
    for how in ({"record": True}, {"record": False}):  # compile before the clock starts
        ours(case_of(jobs.select(0, min(50, len(jobs)))), scheduler, **how)
    times: dict[str, list[float]] = {name: [] for name in COLUMNS}
    expected: np.ndarray | None = None
    for turn in range(repeats):
        for name, run in programs(case, scheduler).items():
            if turn % COLUMNS[name][1]:
                continue
            elapsed_s, start_s = run()
            expected = start_s if expected is None else expected
            assert np.array_equal(start_s, expected), f"{name} starts jobs of {jobs.name} differently"
            times[name].append(elapsed_s)
    per_s = {name: len(jobs) / statistics.median(seconds) for name, seconds in times.items()}
    return {
        "trace": jobs.name,
        "jobs": len(jobs),
        "scheduler": scheduler,
        "jobs_per_s": {name: round(value) for name, value in per_s.items()},
        "ratio": {name: per_s[name] / per_s["plain_simpy"] for name in COLUMNS},
    }


def measure(quick: bool, display: ProgressDisplay, workloads: list[Workload]) -> dict[str, Any]:
    """Rows for every workload under FCFS and EASY; for a synthetic one without workloads."""
    replayed = [replayable(jobs) for jobs in workloads] or [synthetic(2_000 if quick else 20_000)]
    rows = []
    for jobs in replayed:
        for scheduler in SCHEDULERS:
            display.note(f"replay: {jobs.name}, {len(jobs):,} jobs, {scheduler} ...")
            rows.append(measure_one(jobs, scheduler, 1 if quick else 5))
    return {"repeats": 1 if quick else 5, "rows": rows}


def text(found: dict[str, Any]) -> str:
    """The rows as a table."""
    heads = ["workload", "scheduler", "jobs", *(heading for heading, _ in COLUMNS.values())]
    lines = [[*heads, "SimPy clock", "recording", "compiled"]]
    for row in found["rows"]:
        figures = [f"{row['jobs_per_s'][name]:,}" for name in COLUMNS]
        ratios = [ratio(row["ratio"][name]) for name in ("simpy_clock", "recorded", "compiled")]
        lines.append([row["trace"], row["scheduler"], f"{row['jobs']:,}", *figures, *ratios])
    return (
        f"Replay: jobs per CPU second, median of {found['repeats']}; then ratios to plain SimPy\n"
        f"{aligned(lines, 2)}\n"
        "Every program started every job at the same second; only RARE accounts for energy.\n"
        "recording: events and power changes are kept too."
    )
