"""Simulate many schedulers on one scenario, and write the comparison's folder.

>>> from experiments.runs import compare_run
>>> whole = compare_run(["fcfs", "easy"], scenario="tiny")              # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import rare
from experiments.process.atomic_output import atomic_folder
from experiments.process.interrupts import explained
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.run_folder import load_run, run_subfolder, write_compare
from experiments.runs.run_setup import SimulationRequest, Work, prepare
from experiments.runs.single_run import draw_report, simulate_one, store
from traces.errors import InputError
from traces.files.documents import user_path


def compare_run(
    schedulers: Sequence[str],
    request: SimulationRequest | None = None,
    *,
    display: ProgressDisplay = QUIET,
    add_files: Callable[[Path], None] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Simulate many schedulers on one scenario and return `{"scenario": ..., "results": [...]}`.

    changes: fields of SimulationRequest by name. With `out` a comparison folder is written, whole or not at
    all. Finished runs are kept in a hidden folder beside it until then, so that an interrupted comparison
    goes on where it stopped; a finished one is run again. One of another configuration is replaced only with
    `force`. add_files: puts more into the new folder before the report is drawn. InputError for bad input.
    """
    request = dataclasses.replace(request or SimulationRequest(), **changes)
    _check_names(schedulers)
    work = prepare(request, schedulers, display)
    if request.out is None:
        with explained(lambda: "nothing was kept"):
            results = [
                simulate_one(work, name, record=False, label=_label(place, schedulers))[0]
                for place, name in enumerate(schedulers)
            ]
        return {"scenario": work.built.name, "results": results}
    kept = _kept_folder(request.out)
    with explained(lambda: _kept_runs(work, schedulers, kept)), atomic_folder(request.out) as folder:
        results = _compare_into(folder, kept, work, schedulers)
        write_compare(folder, work.built.resolved(), work.origin(schedulers), work.built.name, results)
        if add_files is not None:
            add_files(folder)
        if request.figures:
            draw_report(folder, display)
    shutil.rmtree(kept, ignore_errors=True)
    return {"scenario": work.built.name, "results": results}


def _check_names(schedulers: Sequence[str]) -> None:
    if not schedulers:
        raise InputError(
            "no scheduler is given; give --scheduler NAME once or more (rare schedulers lists them)"
        )
    twice = [name for place, name in enumerate(schedulers) if name in schedulers[:place]]
    if twice:
        raise InputError(f"scheduler {twice[0]!r} is given twice; name each once")


def _label(place: int, schedulers: Sequence[str]) -> str:
    """Which scheduler of how many."""
    return f"[{place + 1}/{len(schedulers)}] {schedulers[place]}"


def _kept_folder(out: str | Path) -> Path:
    target = user_path(out).resolve()
    return target.parent / f".{target.name[:80]}.unfinished"


def _kept_runs(work: Work, schedulers: Sequence[str], kept: Path) -> str:
    """What an interrupted comparison leaves, in words."""
    done = sum((kept / work.key(name)).is_dir() for name in schedulers)
    if not done:
        return "nothing was kept"
    runs = "1 finished run is" if done == 1 else f"{done} finished runs are"
    return f"{runs} kept in {kept}: the same command goes on from there"


def _compare_into(folder: Path, kept: Path, work: Work, schedulers: Sequence[str]) -> list[dict[str, Any]]:
    """Fill `folder/runs`; runs that an interrupted comparison left in `kept` are not run again."""
    results = []
    try:
        for place, name in enumerate(schedulers):
            kept_run = kept / work.key(name)
            facts = _kept_result(kept_run)
            if facts is None:
                work.display.note(_label(place, schedulers))
                facts, result = simulate_one(work, name, record=True, label=_label(place, schedulers))
                _store_kept(kept_run, work, facts, result)
            else:
                work.display.note(f"{_label(place, schedulers)}: done before the interruption")
            shutil.copytree(kept_run, run_subfolder(folder, name), copy_function=link_or_copy)
            results.append(facts)
    except (InputError, OSError):
        shutil.rmtree(kept, ignore_errors=True)
        raise
    return results


def _kept_result(kept_run: Path) -> dict[str, Any] | None:
    """The JSON object of a run that was kept; None if there is none, or it is damaged."""
    if not kept_run.is_dir():
        return None
    try:
        return load_run(kept_run).result
    except InputError:
        shutil.rmtree(kept_run, ignore_errors=True)
        return None


def _store_kept(kept_run: Path, work: Work, facts: Mapping[str, Any], result: rare.Result) -> None:
    partial = kept_run.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    store(partial, work, facts, result)
    partial.rename(kept_run)


def link_or_copy(source: str, target: str) -> None:
    """A second name for a file; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
