"""CPU time and memory per job against the number of jobs, each size in a separate process.

`python -m experiments.benchmarks.memory_growth JOBS LOAD REPEATS PLAIN` measures one size and prints JSON.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from experiments.benchmarks.replay_speed import case_of, ours, plain, synthetic
from experiments.benchmarks.speed_table import aligned, ratio
from experiments.process.progress import ProgressDisplay

SCHEDULER = "easy"
SIZES = (10_000, 100_000, 1_000_000)
LARGE = 10_000_000
QUICK_SIZES = (1_000, 10_000)
BASE = 100_000
LOAD, SATURATED = 0.8, 1.06
MOST_PLAIN = 100_000  # plain SimPy would take minutes for more


def peak_bytes() -> int:
    """Peak resident memory of this process, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def held_bytes() -> int:
    """Resident memory of this process, in bytes; its peak where the system does not report it."""
    status = Path("/proc/self/statm")
    if not status.is_file():
        return peak_bytes()
    return int(status.read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def measure_here(count: int, load: float, repeats: int, beside_plain: bool) -> dict[str, Any]:
    """A row for one size: CPU time [us] and memory [bytes] per job, beyond the workload itself."""
    ours(case_of(synthetic(50)), SCHEDULER, record=False)  # compile first: compiled code takes memory
    jobs = synthetic(count, load=load)
    gc.collect()
    before = held_bytes()
    seconds = []
    for _ in range(repeats):
        elapsed_s, result = ours(case_of(jobs), SCHEDULER, record=False)
        seconds.append(elapsed_s)
        assert result.metrics["jobs_completed"] == count
        del result
    extra = peak_bytes() - before
    row = {
        "jobs": count,
        "load": load,
        "us_per_job": 1e6 * statistics.median(seconds) / count,
        "bytes_per_job": extra / count if count >= BASE else None,  # with fewer jobs the fixed cost dominates
        "plain_simpy_us_per_job": None,
    }
    if beside_plain:
        row["plain_simpy_us_per_job"] = 1e6 * plain(jobs, SCHEDULER)[0] / count
    return row


def in_own_process(count: int, load: float, repeats: int, beside_plain: bool) -> dict[str, Any]:
    """`measure_here` in a new process, because peak memory counts per process."""
    words = [str(count), str(load), str(repeats), str(int(beside_plain))]
    process = subprocess.run(
        [sys.executable, "-m", "experiments.benchmarks.memory_growth", *words],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(process.stdout)
    return row


def measure(quick: bool, display: ProgressDisplay, large: bool) -> dict[str, Any]:
    """Rows for every size at load 0.8, and one row at a load above capacity, where the queue only grows."""
    sizes = QUICK_SIZES if quick else (*SIZES, LARGE) if large else SIZES
    sizes_and_loads = [(count, LOAD) for count in sizes] + (
        [] if quick else [(1_000_000 if large else BASE, SATURATED)]
    )
    rows = []
    for count, load in sizes_and_loads:
        display.note(f"growth: {count:,} jobs, load {load} ...")
        repeats = 1 if quick or count > 1_000_000 or load > 1 else 3
        rows.append(in_own_process(count, load, repeats, load < 1 and count <= MOST_PLAIN))
    base = next((row for row in rows if row["jobs"] == BASE and row["load"] == LOAD), rows[0])
    for row in rows:
        plain_us = row["plain_simpy_us_per_job"]
        row["ratio"] = None if plain_us is None else plain_us / row["us_per_job"]
        row["time_to_base"] = row["us_per_job"] / base["us_per_job"]
    return {"scheduler": SCHEDULER, "base_jobs": base["jobs"], "rows": rows}


def text(results: dict[str, Any]) -> str:
    """The rows as a table."""
    heads = ["jobs", "load", "us per job", "jobs/s", f"time to {results['base_jobs']:,}", "bytes per job"]
    lines = [[*heads, "to plain SimPy"]]
    for row in results["rows"]:
        bytes_per_job = row["bytes_per_job"]
        figures = [f"{row['us_per_job']:.3f}", f"{1e6 / row['us_per_job']:,.0f}", ratio(row["time_to_base"])]
        figures += ["-" if bytes_per_job is None else f"{bytes_per_job:,.0f}", ratio(row["ratio"])]
        lines.append([f"{row['jobs']:,}", f"{row['load']:g}", *figures])
    return (
        f"Growth: synthetic jobs under {results['scheduler']}, CPU time from case to metrics\n"
        f"{aligned(lines, 0)}\n"
        "bytes per job: peak of resident memory beyond the workload itself, each size in its own process."
    )


if __name__ == "__main__":
    measured = measure_here(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), bool(int(sys.argv[4])))
    print(json.dumps(measured))
