"""Jobs per second of a replay, beside a plain SimPy replay of the same schedule in the same run.

    python -m tests.benchmarks.replay [--repeats 5] [--jobs N] [--json]

Traces from the shared folder, else a synthetic one. Each figure is the median of the repeats, which
alternate between the programs. Timed is a call from jobs in memory to results in memory, in seconds of
CPU time (all programs use one thread), which a busy machine disturbs less than it does the wall clock;
reading the file and compiling are not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rare import Case, Cluster, Partition, Result, simulate
from schedulers import make_scheduler
from tests.benchmarks import plain_simpy
from traces import read_workload
from traces.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload

TRACES = ("KTH-SP2-1996-2.1-cln.swf.gz", "lublin_256.swf")
SCHEDULERS = ("fcfs", "easy")
#: column -> (heading, repeats are divided by this)
COLUMNS = {
    "plain_simpy": ("plain SimPy", 1),
    "simpy_clock": ("RARE, SimPy clock", 2),
    "recorded": ("compiled, recording", 1),
    "compiled": ("compiled", 1),
}


def traces() -> list[Workload]:
    """The shared traces; where they are absent, a synthetic one, which says so in its name."""
    beside = Path(__file__).resolve().parents[2].parent / "shared"
    folder = Path(os.environ.get("RARE_SHARED") or beside) / "data/workloads"
    found = [read_workload(folder / name) for name in TRACES if (folder / name).is_file()]
    return found or [synthetic(20_000)]


def synthetic(count: int, processors: int = 128, seed: int = 1) -> Workload:
    """Poisson arrivals, log-normal run times, powers of two of processors, loose estimates: load 0.8."""
    rng = np.random.default_rng(seed)
    cores = 2 ** rng.integers(0, 7, count)
    work_s = np.rint(rng.lognormal(7, 1.5, count)).astype(np.int64)
    between_s = float((cores * work_s).mean()) / (0.8 * processors)
    none = np.zeros(count, dtype=np.int64)
    return Workload(
        name="synthetic-poisson (no shared data)",
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


def case_of(jobs: Workload) -> Case:
    """The machine of the trace with idle, sleep and active power, energy from an unlimited grid."""
    assert jobs.processors is not None and int(jobs.cores.max()) <= jobs.processors
    node = Partition(nodes=jobs.processors, idle_mw=4_000, core_mw=8_000, sleep_mw=500)
    return Case(jobs, Cluster((node,)))


# --- what is timed --------------------------------------------------------------------------------------


def plain(jobs: Workload, scheduler: str) -> tuple[float, np.ndarray]:
    """Seconds and starts of the plain SimPy replay. Its list of jobs is made before the clock starts."""
    columns = (getattr(jobs, name).tolist() for name in ("submit_s", "cores", "work_s", "estimate_s"))
    listed = [plain_simpy.Job(index, *row) for index, row in enumerate(zip(*columns, strict=True))]
    assert jobs.processors is not None
    began_s = time.process_time()
    plain_simpy.replay(listed, jobs.processors, easy=scheduler == "easy")
    elapsed_s = time.process_time() - began_s
    return elapsed_s, np.array([job.start_s for job in listed])


def ours(case: Case, scheduler: str, **how: Any) -> tuple[float, Result]:
    """Seconds and result of rare.simulate, from the case to the metrics."""
    decider = make_scheduler(scheduler)
    began_s = time.process_time()
    result = simulate(case, decider, **how)
    return time.process_time() - began_s, result


def programs(case: Case, scheduler: str) -> dict[str, Callable[[], tuple[float, np.ndarray]]]:
    """Column -> a run that gives seconds and the start of every job."""

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


def measure(jobs: Workload, scheduler: str, repeats: int) -> dict[str, Any]:
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
        "ratio_recording": round(per_s["recorded"] / per_s["plain_simpy"], 1),
        "ratio": round(per_s["compiled"] / per_s["plain_simpy"], 1),
    }


# --- output ---------------------------------------------------------------------------------------------


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as aligned text."""
    heads = ["trace", "jobs", "scheduler", *(heading for heading, _ in COLUMNS.values())]
    heads += ["ratio, recording", "ratio"]
    lines = [heads]
    for row in rows:
        figures = [f"{row['jobs_per_s'][name]:,}" for name in COLUMNS]
        ratios = [f"{row['ratio_recording']:.1f}x", f"{row['ratio']:.1f}x"]
        lines.append([row["trace"], f"{row['jobs']:,}", row["scheduler"], *figures, *ratios])
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if k in (0, 2) else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def main(words: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--jobs", type=int, help="only the first N jobs of each trace")
    parser.add_argument("--json", action="store_true", help="one JSON object, nothing else")
    given = parser.parse_args(words)
    loaded = os.getloadavg()[0]
    chosen = [jobs.select(0, min(given.jobs or len(jobs), len(jobs))) for jobs in traces()]
    rows = [measure(jobs, name, given.repeats) for jobs in chosen for name in SCHEDULERS]
    if given.json:
        print(json.dumps({"load_before": loaded, "cpus": os.cpu_count(), "rows": rows}, indent=2))
        return
    print(
        f"jobs per CPU second, median of {given.repeats}; load {loaded:.1f} on {os.cpu_count()} CPUs before"
    )
    print(table(rows))
    print("Every program started every job at the same second; only RARE accounts for energy.")
    print("recording: events and power changes are kept too; ratio: compiled to plain SimPy.")


if __name__ == "__main__":
    main()
