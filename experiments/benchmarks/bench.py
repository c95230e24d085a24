"""`rare bench` as a function: speed tables, with a plain SimPy replay in the same run as baseline."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np

from experiments.benchmarks import (
    PARTS,
    environment_speed,
    learning_speed,
    memory_growth,
    network_speed,
    order_speed,
    replay_speed,
    startup_speed,
)
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.train_folder import check_extra, missing
from rare.state.compile import is_compiled
from traces.errors import InputError
from traces.jobs.job_files import read_workload

__all__ = ["PARTS", "bench_text", "machine", "run_bench"]

TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "env": environment_speed.text,
    "replay": replay_speed.text,
    "orders": order_speed.text,
    "network": network_speed.text,
    "growth": memory_growth.text,
    "startup": startup_speed.text,
    "learn": learning_speed.text,
}


def run_bench(
    only: Sequence[str] = (),
    *,
    quick: bool = False,
    large: bool = False,
    workloads: Sequence[str] = (),
    display: ProgressDisplay = QUIET,
) -> dict[str, Any]:
    """Figures of the parts: {"machine": ..., part: figures}. InputError for an unknown part or a bad trace.

    only      : names of PARTS; default: all
    quick     : a few seconds per part, for a test; the figures are not meaningful
    large     : growth up to 10 million jobs (some 3 GB of memory), and a million of a growing queue
    workloads : job traces for replay and network; default: a synthetic one
    """
    for part in only:
        if part not in PARTS:
            raise InputError(f"bench: part {part!r} is unknown; known are {', '.join(PARTS)}")
    selected = [part for part in PARTS if not only or part in only]
    if "learn" in only:
        check_extra()
    elif "learn" in selected and missing():
        selected.remove("learn")
    jobs = [replay_speed.replayable(read_workload(path)) for path in workloads]
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "env": lambda: environment_speed.measure(quick, display),
        "replay": lambda: replay_speed.measure(quick, display, jobs),
        "orders": lambda: order_speed.measure(quick, display),
        "network": lambda: network_speed.measure(quick, display, jobs),
        "growth": lambda: memory_growth.measure(quick, display, large),
        "startup": lambda: startup_speed.measure(quick, display),
        "learn": lambda: learning_speed.measure(quick, display),
    }
    figures: dict[str, Any] = {"machine": machine()}
    _note_compiling(display)
    with display.task("bench", "parts") as task:
        for done, part in enumerate(selected):
            task.update(done, len(selected))
            figures[part] = measures[part]()
    return figures


def machine() -> dict[str, Any]:
    """The machine of the figures: CPUs, their load, and versions."""
    load = os.getloadavg()[0]
    versions = {"python": platform.python_version(), "numba": numba.__version__, "numpy": np.__version__}
    return {"cpus": os.cpu_count(), "load_before": round(load, 2), **versions}


def bench_text(figures: dict[str, Any]) -> str:
    """The tables of `run_bench`."""
    facts = figures["machine"]
    head = (
        f"{facts['cpus']} CPUs, load {facts['load_before']} before; Python {facts['python']}, "
        f"numba {facts['numba']}"
    )
    parts = [text(figures[part]) for part, text in TEXTS.items() if part in figures]
    return "\n\n".join([head, *parts, *_three_figures(figures)])


def _three_figures(figures: dict[str, Any]) -> list[str]:
    """Frames a second as fast simulators report them, a line for each scenario; nothing if one is missing."""
    if "env" not in figures or "learn" not in figures:
        return []
    lines = ["Frames (decisions of one environment) a second: per core; per machine; with the learner in it"]
    for row in figures["learn"]["frames"]["rows"]:
        alone = [each for each in figures["env"]["batched"] if each["scenario"] == row["scenario"]]
        most = max(each["decisions_per_s"] for each in alone)
        speeds = (alone[0]["decisions_per_s"], most, row["frames_per_s"])
        lines.append(f"{row['scenario']}: " + "; ".join(f"{speed:,.0f}" for speed in speeds))
    return ["\n".join(lines)]


def _note_compiling(display: ProgressDisplay) -> None:
    if not (is_compiled() and is_compiled("step_chunks")):
        display.note(
            "compiling the rules, once after an installation or an edit; this takes about a minute ..."
        )
