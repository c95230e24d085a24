"""A year of a large site in one run: synthetic jobs, written to Parquet in chunks, streamed and replayed.

    python -m tests.benchmarks.year_site [--jobs 44000000] [--scheduler easy] [--folder FOLDER]

Each step has a process of its own, so that its peak of resident memory is its own. The replay is timed as in
`experiments.benchmarks.replay_speed`, nothing recorded. The file (some 20 bytes a job) goes into a temporary
folder, or into the one that is named, where it stays and is used again.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from experiments.benchmarks.memory_growth import held_bytes, peak_bytes
from experiments.benchmarks.replay_speed import case_of, ours
from tests.benchmarks.saturated import forget_peak, resident_bytes
from traces import read_workload
from traces.numbers.constants import DAY_S

JOBS_OF_A_YEAR = 44_000_000
YEAR_S = 365 * DAY_S
LOAD = 0.8
CHUNK = 1_000_000
LOG_WORK, LOG_WORK_SPREAD = 7.0, 1.5  # run times are log-normal [log s]
SIZES = 7  # 1 to 64 cores, each power of two as likely


def write_site(path: Path, jobs: int, chunk: int = CHUNK, seed: int = 1) -> None:
    """Write a Parquet table of jobs at the rate of the year, one row group for each `chunk` of them.

    Poisson arrivals, log-normal run times, sizes of a power of two, estimates of one to five times the run
    time; the machine is so large that the load is LOAD.
    """
    import pyarrow
    from pyarrow import parquet

    between_s = YEAR_S / JOBS_OF_A_YEAR
    core_s = (2**SIZES - 1) / SIZES * math.exp(LOG_WORK + LOG_WORK_SPREAD**2 / 2)
    names = ("job_id", "submit_s", "cores", "work_s", "estimate_s")
    schema = pyarrow.schema(
        [(name, pyarrow.int64()) for name in names],
        metadata={"processors": str(round(core_s / between_s / LOAD))},
    )
    submitted_s = 0.0
    with parquet.ParquetWriter(path, schema) as writer:
        for first in range(0, jobs, chunk):
            count = min(chunk, jobs - first)
            rng = np.random.default_rng([seed, first])
            submit_s = submitted_s + np.cumsum(rng.exponential(between_s, count))
            submitted_s = float(submit_s[-1])
            work_s = np.rint(rng.lognormal(LOG_WORK, LOG_WORK_SPREAD, count)).astype(np.int64)
            columns = (
                np.arange(first + 1, first + count + 1),
                submit_s.astype(np.int64),
                2 ** rng.integers(0, SIZES, count),
                work_s,
                work_s * rng.integers(1, 6, count),
            )
            writer.write_table(pyarrow.table(dict(zip(names, columns, strict=True)), schema=schema))


def write_step(path: Path, jobs: int) -> None:
    """Write the table, and print what that took."""
    began_s = time.perf_counter()
    write_site(path, jobs)
    print(
        f"written: {path.stat().st_size / jobs:.1f} bytes a job on disk; "
        f"{time.perf_counter() - began_s:.0f} s, at most {peak_bytes() / 1e9:.2f} GB resident",
        flush=True,
    )


def replay_step(path: Path, scheduler: str) -> None:
    """Read the table and replay it, and print time and memory of both."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.parquet"
        write_site(small, 100)
        ours(case_of(read_workload(small)), scheduler, record=False)  # compile, and import what reads
    before, began_s = held_bytes(), time.perf_counter()
    work = read_workload(path)
    count, most = len(work), peak_bytes()
    print(
        f"read: {time.perf_counter() - began_s:.0f} s; the workload holds "
        f"{(held_bytes() - before) / count:.0f} bytes a job, {(most - before) / count:.0f} at most while it is read ({most / 1e9:.2f} GB resident)",
        flush=True,
    )
    forget_peak()
    before, began_s = held_bytes(), time.perf_counter()
    elapsed_s, result = ours(case_of(work), scheduler, record=False)
    most, metrics = resident_bytes("VmHWM"), result.metrics
    print(
        f"{scheduler}, {count:,} jobs, {metrics['makespan_s'] / DAY_S:.0f} days, "
        f"{work.processors:,} processors: {time.perf_counter() - began_s:.0f} s ({elapsed_s:.0f} s of CPU time, "
        f"{1e9 * elapsed_s / count:,.0f} ns a job); {(most - before) / count:.0f} bytes a job beyond the "
        f"workload, {most / 1e9:.2f} GB resident at most; {metrics['jobs_completed']:,} jobs completed, "
        f"{metrics['energy_kwh']:,.0f} kWh; machine load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs",
        flush=True,
    )


def main(words: list[str] | None = None) -> None:
    """Run the steps, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.year_site", description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS_OF_A_YEAR)
    parser.add_argument("--scheduler", default="easy")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=("write", "replay"), help="one step alone, in this process")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        path = (given.folder or Path(folder)) / f"site-{given.jobs}.parquet"
        if given.step == "write":
            write_step(path, given.jobs)
            return
        if given.step == "replay":
            replay_step(path, given.scheduler)
            return
        for step in ("replay",) if path.exists() else ("write", "replay"):
            options = (
                "--jobs",
                str(given.jobs),
                "--scheduler",
                given.scheduler,
                "--folder",
                str(path.parent),
            )
            command = [sys.executable, "-m", "tests.benchmarks.year_site", "--step", step, *options]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
