"""Start-up time of commands: wall-clock and processor time of whole processes."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from experiments.benchmarks.speed_table import aligned, ratio
from experiments.process.progress import ProgressDisplay

IMPORTS = ("-c", "import simpy, numpy, pandas")
HELP = ("-m", "experiments.cli", "--help")
SIMULATE = ("-m", "experiments.cli", "simulate", "--scenario", "tiny", "--json", "--quiet")
LEARNED = (*SIMULATE, "--scheduler", "rare")


def process_times_s(words: tuple[str, ...], cache: str | None = None) -> tuple[float, float]:
    """Wall-clock and processor seconds of Python with these arguments.

    cache: a folder for compiled code, None: the user's.
    """
    environment = os.environ if cache is None else {**os.environ, "XDG_CACHE_HOME": cache}
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True, env=environment)
    wall_s, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(quick: bool, display: ProgressDisplay) -> dict[str, Any]:
    """Medians of commands. The first simulations after an installation run once, and not with `quick`."""
    repeats = 1 if quick else 5
    display.note("start-up ...")
    process_times_s(SIMULATE)  # compiles if needed
    rows: list[dict[str, Any]] = []

    def add(command: str, *times: tuple[float, float]) -> None:
        wall_s, cpu_s = (statistics.median(each) for each in zip(*times, strict=True))
        rows.append({"command": command, "seconds": wall_s, "cpu_s": cpu_s})

    for name, words in (
        ("import simpy, numpy, pandas", IMPORTS),
        ("rare --help", HELP),
        ("rare simulate", SIMULATE),
    ):
        add(name, *(process_times_s(words) for _ in range(repeats)))
    if not quick:
        display.note("start-up: first simulations, compilation included ...")
        with tempfile.TemporaryDirectory() as empty:
            add("rare simulate, freshly installed", process_times_s(SIMULATE, empty))
            add("then rare simulate --scheduler rare", process_times_s(LEARNED, empty))
    for row in rows:
        row["ratio"] = row["cpu_s"] / rows[0]["cpu_s"]
    return {"repeats": repeats, "rows": rows}


def text(figures: dict[str, Any]) -> str:
    """The rows as a table."""
    lines = [["process", "seconds", "CPU seconds", "to the imports"]]
    for row in figures["rows"]:
        times = [f"{row['seconds']:.2f}", f"{row['cpu_s']:.2f}"]
        lines.append([row["command"], *times, ratio(row["ratio"])])
    return f"Start-up: whole processes on `tiny`, median of {figures['repeats']}\n{aligned(lines, 1)}"
