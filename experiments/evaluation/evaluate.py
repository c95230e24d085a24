"""Runs every scheduler on every window of a scenario."""

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


def choose_windows(loaded: Loaded, selection: Sequence[str]) -> list[Window]:
    """Windows by name or by split, in file order. InputError for an unknown name."""
    windows = windows_of(loaded)
    splits = {window.split for window in windows}
    names = {window.name for window in windows}
    for name in selection:
        if name not in splits | names:
            raise InputError(
                f"--windows {name!r}: is neither a split ({', '.join(sorted(splits))}) nor a window of the "
                f"scenario, such as {windows[0].name}"
            )
    return [window for window in windows if {window.split, window.name} & set(selection)]


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

    kept_in: folder in which rows are stored, and from which stored rows are reused.
    """
    if not windows:
        raise InputError("--windows: no window is chosen")
    if not schedulers:
        raise InputError("--scheduler: no scheduler is named; give at least one")
    declared = declared_names(schedulers)  # refuses wrong names before any run
    tasks = [(loaded, window, tuple(schedulers), seed, kept_in) for window in windows]
    parts = _run(tasks, workers, progress)
    rows = [row for part in parts for row in part]
    return Evaluation(loaded.scenario.name, tuple(schedulers), tuple(windows), rows, declared)


def declared_names(schedulers: Sequence[str]) -> dict[str, str]:
    """Declared names of users' classes, by scheduler name. InputError for an unknown or repeated name."""
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
    """The rows of each task, in the order of the tasks."""

    def report(done: int, task: Any = None) -> None:
        if progress is not None:
            progress(done, len(tasks))

    first = _task(tasks[0])  # in this process: compiles the rules once, and reports bad input early
    report(1)
    at_once = workers if len(tasks) > 2 else 1
    return [first, *map_tasks(_task, tasks[1:], at_once, lambda done, task: report(done + 1))]
