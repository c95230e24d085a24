"""Start-up time of commands: wall-clock time of whole processes."""

from __future__ import annotations

import os
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
SIMULATE = ("-m", "experiments.cli", "simulate", "--scenario", "tiny", "--quiet")


def wall_s(words: tuple[str, ...], cache: str | None = None) -> float:
    """Wall-clock seconds of Python with these arguments.

    cache: a folder for compiled code, None: the user's.
    """
    environment = os.environ if cache is None else {**os.environ, "XDG_CACHE_HOME": cache}
    began_s = time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True, env=environment)
    return time.perf_counter() - began_s


def measure(quick: bool, display: ProgressDisplay) -> dict[str, Any]:
    """Median seconds of commands. The first simulation after installation runs once, and not with `quick`."""
    repeats = 1 if quick else 5
    display.note("start-up ...")
    wall_s(SIMULATE)  # compiles if needed
    rows: list[dict[str, Any]] = []
    for name, words in (
        ("import simpy, numpy, pandas", IMPORTS),
        ("rare --help", HELP),
        ("rare simulate", SIMULATE),
    ):
        rows.append({"command": name, "seconds": statistics.median(wall_s(words) for _ in range(repeats))})
    if not quick:
        display.note("start-up: a first simulation, compilation included ...")
        with tempfile.TemporaryDirectory() as empty:
            rows.append({"command": "rare simulate, freshly installed", "seconds": wall_s(SIMULATE, empty)})
    for row in rows:
        row["ratio"] = row["seconds"] / rows[0]["seconds"]
    return {"repeats": repeats, "rows": rows}


def text(figures: dict[str, Any]) -> str:
    """The rows as a table."""
    lines = [["process", "seconds", "to the imports"]]
    lines += [[row["command"], f"{row['seconds']:.2f}", ratio(row["ratio"])] for row in figures["rows"]]
    return f"Start-up: whole processes, wall clock, median of {figures['repeats']}\n{aligned(lines, 1)}"
