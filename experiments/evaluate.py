"""Schedulers over the windows of a scenario: every one on every window, paired, with intervals."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from experiments.labels import short_labels
from experiments.scenario import Loaded
from experiments.statistics import Estimate, estimate, paired
from experiments.window_rows import BOUND, COLUMNS, check_name, run_window
from experiments.windows import Window, windows_of
from traces.errors import InputError

__all__ = ["BOUND", "COLUMNS", "Evaluation", "choose_windows", "evaluate"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """rows: one dict a window and scheduler, with `window`, `split`, `scheduler` and the metrics."""

    scenario: str
    schedulers: tuple[str, ...]
    windows: tuple[Window, ...]
    rows: list[dict[str, Any]]

    @property
    def labels(self) -> dict[str, str]:
        """A short name for each scheduler."""
        return dict(zip(self.schedulers, short_labels(self.schedulers), strict=True))

    def values(self, scheduler: str, metric: str) -> np.ndarray:
        """(W,) one metric in window order; NaN where it does not apply."""
        mine = [row[metric] for row in self.rows if row["scheduler"] == scheduler]
        return np.array([np.nan if value is None else value for value in mine], dtype=float)

    def total(self, scheduler: str, metric: str) -> float:
        """Sum over the windows, without those where it does not apply."""
        return float(np.nansum(self.values(scheduler, metric)))

    def objective(self, scheduler: str) -> Estimate:
        """Mean objective over the windows."""
        return estimate(self.values(scheduler, "objective"))

    def difference(self, scheduler: str, baseline: str) -> Estimate:
        """Mean difference of the objective on the same windows."""
        return paired(self.values(scheduler, "objective"), self.values(baseline, "objective"))

    def ranked(self) -> list[str]:
        """Schedulers, best mean objective first."""
        return sorted(self.schedulers, key=lambda name: -self.objective(name).mean)

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints and evaluate.json holds."""
        base = self.schedulers[0]
        return {
            "scenario": self.scenario,
            "windows": [dataclasses.asdict(window) for window in self.windows],
            "baseline": base,
            "schedulers": [
                {
                    "scheduler": name,
                    "objective": self.objective(name).as_dict(),
                    "difference": self.difference(name, base).as_dict(),
                    "totals": {metric: self.total(name, metric) for metric in COLUMNS[1:]},
                }
                for name in self.schedulers
            ],
            "rows": self.rows,
        }

    def csv_text(self) -> str:
        """The rows as CSV."""
        out = io.StringIO()
        names = ["window", "split", "scheduler", "ended", *COLUMNS]
        writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()

    def json_text(self) -> str:
        """`as_dict` as JSON."""
        return json.dumps(self.as_dict(), indent=1) + "\n"


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
    for place, name in enumerate(schedulers):
        check_name(name)  # before the work
        if name in schedulers[:place]:
            raise InputError(f"--scheduler {name!r} is named twice; name it once")
    tasks = [(loaded, window, tuple(schedulers), seed, kept_in) for window in windows]
    rows: list[dict[str, Any]] = []
    for done, part in enumerate(_run(tasks, workers), start=1):
        rows += part
        if progress is not None:
            progress(done, len(tasks))
    return Evaluation(loaded.scenario.name, tuple(schedulers), tuple(windows), rows)


def _run(tasks: list[tuple[Any, ...]], workers: int) -> Iterable[list[dict[str, Any]]]:
    yield _task(tasks[0])  # here, so that the rules are compiled once and bad input is told at once
    if workers <= 1 or len(tasks) <= 2:
        yield from map(_task, tasks[1:])
        return
    with ProcessPoolExecutor(min(workers, len(tasks) - 1), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_task, tasks[1:])
