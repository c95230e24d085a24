"""Schedulers over the windows of a scenario: every one on every window, paired, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.evaluation.window_rows import check_name, run_window
from experiments.process.worker_pool import map_tasks
from experiments.results.evaluated_names import BOUND
from experiments.results.window_results import COLUMNS, Evaluation
from rare.scenario.load import Loaded
from rare.scenario.windows import Window, windows_of
from traces.errors import InputError

__all__ = ["BOUND", "COLUMNS", "Evaluation", "choose_windows", "evaluate"]


def choose_windows(loaded: Loaded, wanted: Sequence[str]) -> list[Window]:
    """Windows by name or by split, in file order. InputError for anything else."""
    windows = windows_of(loaded)
    splits = {window.split for window in windows}
    names = {window.name for window in windows}
    for each in wanted:
        if each not in splits | names:
            raise InputError(
                f"--windows {each!r}: is neither a split ({', '.join(sorted(splits))}) nor a window of the "
                f"scenario, such as {windows[0].name}"
            )
    return [window for window in windows if {window.split, window.name} & set(wanted)]


def _task(arguments: tuple[Any, ...]) -> list[dict[str, Any]]:
    return run_window(*arguments)


def evaluate(
    loaded: Loaded,
    schedulers: Sequence[str],
    windows: Sequence[Window],
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    kept_in: Path | None = None,
) -> Evaluation:
    """Run every scheduler on every window. The first scheduler is the baseline of the differences.

    kept_in: folder in which rows are kept as they are made; those found there are not made again.
    """
    if not windows:
        raise InputError("--windows: no window is chosen")
    if not schedulers:
        raise InputError("--scheduler: no scheduler is named; give at least one")
    declared = declared_names(schedulers)  # and refuse wrong names before the work
    tasks = [(loaded, window, tuple(schedulers), seed, kept_in) for window in windows]
    parts = _run(tasks, workers, progress)
    rows = [row for part in parts for row in part]
    return Evaluation(loaded.scenario.name, tuple(schedulers), tuple(windows), rows, declared)


def declared_names(schedulers: Sequence[str]) -> dict[str, str]:
    """What classes of the user's call themselves, by the given name. InputError for a name that is none."""
    declared = {}
    for place, name in enumerate(schedulers):
        label = check_name(name)
        if name in schedulers[:place]:
            raise InputError(f"--scheduler {name!r} is named twice; name it once")
        if label is not None:
            declared[name] = label
    return declared


def _run(
    tasks: list[tuple[Any, ...]], workers: int, progress: Callable[[int, int], None] | None
) -> list[list[dict[str, Any]]]:
    """The rows of each task, in their order."""

    def report(done: int, task: Any = None) -> None:
        if progress is not None:
            progress(done, len(tasks))

    first = _task(tasks[0])  # here, so that the rules are compiled once and bad input is told at once
    report(1)
    at_once = workers if len(tasks) > 2 else 1
    return [first, *map_tasks(_task, tasks[1:], at_once, lambda done, task: report(done + 1))]
