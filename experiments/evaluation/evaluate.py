"""Schedulers over the windows of a scenario: every one on every window, paired, with intervals."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from experiments.evaluation.statistics import Estimate, estimate, paired
from experiments.evaluation.window_rows import BOUND, COLUMNS, COMBINED, SUM, check_name, run_window
from experiments.runs.scheduler_labels import unique_labels
from experiments.runs.worker_pool import map_tasks
from rare.scenario.load import Loaded
from rare.scenario.windows import Window, windows_of
from traces.errors import InputError

__all__ = ["BOUND", "COLUMNS", "Evaluation", "choose_windows", "evaluate"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """rows: one dict a window and scheduler, with `window`, `split`, `scheduler` and the metrics."""

    scenario: str
    schedulers: tuple[str, ...]
    windows: tuple[Window, ...]
    rows: list[dict[str, Any]]
    declared: dict[str, str] = field(default_factory=dict)  # what classes of the user's call themselves

    @property
    def labels(self) -> dict[str, str]:
        """A short name for each scheduler, or the one that a class of the user's declares."""
        labels = unique_labels(self.schedulers, [self.declared.get(name) for name in self.schedulers])
        return dict(zip(self.schedulers, labels, strict=True))

    def values(self, scheduler: str, metric: str) -> np.ndarray:
        """(W,) one metric in window order; NaN where it does not apply."""
        mine = [row[metric] for row in self.rows if row["scheduler"] == scheduler]
        return np.array([np.nan if value is None else value for value in mine], dtype=float)

    def total(self, scheduler: str, metric: str) -> float | None:
        """Sum over the windows where the metric applies; None where it does nowhere, or does not add up."""
        values = self.values(scheduler, metric)
        applies = ~np.isnan(values)
        if COMBINED.get(metric) != SUM or not applies.any():
            return None
        return float(values[applies].sum())

    def pooled(self, scheduler: str, metric: str) -> float | None:
        """A mean or share over all windows together, each weighed by what it is a mean or share of.

        None where it applies nowhere, or its weight is not known (window_rows.COMBINED).
        """
        weigher = COMBINED.get(metric)
        if weigher is None or weigher == SUM:
            return None
        values, weights = self.values(scheduler, metric), self.values(scheduler, weigher)
        applies = ~np.isnan(values) & (weights > 0)
        return float(np.average(values[applies], weights=weights[applies])) if applies.any() else None

    def mean(self, scheduler: str, metric: str) -> float | None:
        """Mean over the windows where the metric applies, each with the same weight; None without any."""
        return estimate(self.values(scheduler, metric)).mean

    def objective(self, scheduler: str) -> Estimate:
        """Mean objective over the windows."""
        return estimate(self.values(scheduler, "objective"))

    def difference(self, scheduler: str, baseline: str) -> Estimate:
        """Mean difference of the objective on the same windows."""
        return paired(self.values(scheduler, "objective"), self.values(baseline, "objective"))

    def ranked(self) -> list[str]:
        """Schedulers, best mean objective first."""
        means = {name: self.objective(name).mean for name in self.schedulers}
        return sorted(self.schedulers, key=lambda name: math.inf if (mean := means[name]) is None else -mean)

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
                    **({"label": self.declared[name]} if name in self.declared else {}),
                    "objective": self.objective(name).as_dict(),
                    "difference": self.difference(name, base).as_dict(),
                    "totals": {
                        metric: self.total(name, metric) for metric, how in COMBINED.items() if how == SUM
                    },
                    "pooled": {
                        metric: self.pooled(name, metric) for metric, how in COMBINED.items()
                        if how not in (None, SUM)
                    },
                }
                for name in self.schedulers
            ],
            "rows": self.rows,
        }  # fmt: skip

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
        return json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n"


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
