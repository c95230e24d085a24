"""Long queues and long traces: time and memory per job, of synthetic jobs by Lublin's model.

    python -m tests.benchmarks.saturated [--jobs 1000000] [--load 1.06] [--scheduler easy] [--repeats 3]

Timed as in `experiments.benchmarks.replay_speed`: from jobs in memory to metrics in memory, in seconds of
CPU time,
nothing recorded; the best of the repeats. Memory is the peak of the resident set of this process during
the first run, beyond what it had before (Linux only; it needs a run of its own for each size).
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
from pathlib import Path

import numpy as np

from experiments.benchmarks.replay_speed import case_of, ours, plain
from traces.synthetic import lublin

PROCESSORS = 256


def resident_bytes(field: str) -> int:
    """A figure of this process: VmRSS now, VmHWM at its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def forget_peak() -> None:
    """Begin a new peak, after what was freed has gone back to the system."""
    gc.collect()
    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)
    Path("/proc/self/clear_refs").write_text("5")


def main(words: list[str] | None = None) -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.saturated", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--load", type=float, default=1.06)
    parser.add_argument("--scheduler", default="easy")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="replay in plain SimPy, too (slow)")
    given = parser.parse_args(words)
    case = case_of(lublin(given.jobs, processors=PROCESSORS, load=given.load, seed=1))
    ours(case_of(case.workload.select(0, min(50, given.jobs))), given.scheduler, record=False)
    forget_peak()
    before, load_before = resident_bytes("VmRSS"), os.getloadavg()[0]
    seconds = []
    for _ in range(given.repeats):
        elapsed_s, result = ours(case, given.scheduler, record=False)
        seconds.append(elapsed_s)
        if len(seconds) == 1:
            beyond = resident_bytes("VmHWM") - before
        wait_s, start_s = result.metrics["mean_wait_s"], result.jobs["start_s"].copy()
        del result
    best_s, count = min(seconds), given.jobs
    print(
        f"{given.scheduler}, {count:,} jobs at load {given.load}: {count / best_s:,.0f} jobs per CPU second, "
        f"{1e9 * best_s / count:,.0f} ns a job; {beyond / count:.0f} bytes a job beyond the workload; "
        f"mean wait {wait_s:.0f} s; machine load {load_before:.1f} on {os.cpu_count()} CPUs"
    )
    if given.plain:
        plain_s, expected = plain(case.workload, given.scheduler)
        assert np.array_equal(start_s, expected), "plain SimPy starts jobs differently"
        print(f"plain SimPy: {count / plain_s:,.0f} jobs per CPU second; ratio {plain_s / best_s:.0f}")


if __name__ == "__main__":
    main()
