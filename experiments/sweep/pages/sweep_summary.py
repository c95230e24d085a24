"""Means of a sweep's metrics over its repetitions, with intervals and paired differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.results.statistics import estimate, stratified
from experiments.sweep.pages.axis_levels import Axis, Level, axes_of, level_of
from experiments.sweep.sweep_table import SweepTable
from rare.metric_catalogue import Metric

ENOUGH = 5
"""Repetitions that an interval needs. Resamples of fewer have too few different means (five: 126)."""

Combination = tuple[Level, ...]
"""A level of each axis that is no repetition, in the order of `SweepSummary.axes`."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over repetitions. sd: sample standard deviation. low, high: 95 % interval of the mean.

    count: the numbers that the mean is of. Without any the mean is None, with one the deviation, and with
    fewer than ENOUGH the interval.
    """

    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    count: int

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval, and 0 lies outside of it."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


NOTHING = Mean(None, None, None, None, 0)


def mean_of(values: np.ndarray) -> Mean:
    """The mean of repetitions. values: (R, S), such as seeds by windows; NaN where there is no number.

    The interval is the BCa bootstrap's if one of the two dimensions varies. If both do, it is that of
    `stratified`, which resamples both; then there is none if a repetition is missing from the crossed table.
    """
    numbers = values[~np.isnan(values)]
    if not len(numbers):
        return NOTHING
    sd = float(numbers.std(ddof=1)) if len(numbers) > 1 else None
    low, high = _interval(values, numbers) if len(numbers) >= ENOUGH else (None, None)
    return Mean(float(numbers.mean()), sd, low, high, len(numbers))


def _interval(values: np.ndarray, numbers: np.ndarray) -> tuple[float | None, float | None]:
    there = ~np.isnan(values)
    crossed = values[there.any(axis=1)][:, there.any(axis=0)]
    if 1 in crossed.shape:
        of_line = estimate(numbers)
        return of_line.low, of_line.high
    if np.isnan(crossed).any():
        return None, None
    of_table = stratified([crossed[None]])
    return of_table.low, of_table.high


class SweepSummary:
    """A sweep by combination of the axes that are no repetitions.

    axes: those axes, by name; `levels`: all axes. combinations: the ones with a finished or failed cell, in
    the order of the levels.
    """

    def __init__(self, table: SweepTable) -> None:
        self.table = table
        self.levels: dict[str, Axis] = axes_of(table)
        self.axes = tuple(name for name in table.axes if name not in table.replicates)
        self.varying = tuple(name for name in self.axes if self.levels[name].varies)
        rows = _records(table)
        finished = [self._key(row, self.axes) for row in rows]
        failed = [self._key(values, self.axes) for values, _ in table.failures]
        self.finished, self.failed = Counter(finished), Counter(failed)
        self.combinations: tuple[Combination, ...] = self._ordered({*finished, *failed}, self.axes)
        self._place = {combination: place for place, combination in enumerate(self.combinations)}
        # The first repeated axis is one dimension of the numbers, the others together are the second.
        sides = (table.replicates[:1], table.replicates[1:])
        cells = [*rows, *(values for values, _ in table.failures)]
        self._sides = [
            self._ordered({self._key(cell, side) for cell in cells}, side) or ((),) for side in sides
        ]
        self._at = [self._cell(row, sides) for row in rows]
        self._finished_at = set(self._at)
        self._failed_at = {self._cell(values, sides) for values, _ in table.failures}
        self._values: dict[str, np.ndarray] = {}
        self._means: dict[tuple[str, Combination], Mean] = {}
        self._differences: dict[tuple[str, Combination, Combination], Mean] = {}

    @property
    def repeats(self) -> int:
        """The most repetitions of a combination, finished or failed."""
        return max((self.finished[key] + self.failed[key] for key in self.combinations), default=0)

    @property
    def not_run(self) -> int:
        """Cells of the manifest that neither finished nor failed."""
        return max(0, self.table.cells - len(self.table.rows) - len(self.table.failures))

    def level(self, combination: Combination, axis: str) -> Level:
        """The level of a combination on an axis."""
        return combination[self.axes.index(axis)]

    def values(self, metric: str, combination: Combination) -> np.ndarray:
        """(R, S) numbers of the repetitions, NaN where there is none."""
        if metric not in self._values:
            grid = np.full((len(self.combinations), *map(len, self._sides)), np.nan)
            if metric in self.table.rows.columns and self._at:
                numbers = pd.to_numeric(self.table.rows[metric], errors="coerce").to_numpy(dtype=float)
                grid[tuple(np.array(self._at).T)] = np.where(np.isfinite(numbers), numbers, np.nan)
            self._values[metric] = grid
        place = self._place.get(combination)
        return (
            np.full(self._values[metric].shape[1:], np.nan) if place is None else self._values[metric][place]
        )

    def mean(self, metric: str, combination: Combination) -> Mean:
        """The mean of a metric over the repetitions."""
        key = (metric, combination)
        if key not in self._means:
            self._means[key] = mean_of(self.values(metric, combination))
        return self._means[key]

    def difference(self, metric: str, combination: Combination, baseline: Combination) -> Mean:
        """The mean difference to a baseline in the repetitions that both have."""
        key = (metric, combination, baseline)
        if key not in self._differences:
            values, base = self.values(metric, combination), self.values(metric, baseline)
            self._differences[key] = mean_of(values - base)
        return self._differences[key]

    def incomplete(self, combination: Combination) -> bool:
        """Whether some of its repetitions failed and others finished."""
        return bool(self.failed[combination] and self.finished[combination])

    @property
    def repetitions(self) -> dict[tuple[int, int], Combination]:
        """The repetitions: their place in `values`, and their levels on the repeated axes."""
        first, second = self._sides
        return {(i, j): (*one, *other) for i, one in enumerate(first) for j, other in enumerate(second)}

    def failed_at(self, combination: Combination, place: tuple[int, int]) -> bool:
        """Whether this repetition of a combination failed."""
        return (self._place.get(combination, -1), *place) in self._failed_at

    def ran_at(self, combination: Combination, place: tuple[int, int]) -> bool:
        """Whether this repetition of a combination finished."""
        return (self._place.get(combination, -1), *place) in self._finished_at

    def _key(self, values: Mapping[str, Any], names: Sequence[str]) -> Combination:
        return tuple(level_of(values.get(name)) for name in names)

    def _ordered(self, keys: set[Combination], names: Sequence[str]) -> tuple[Combination, ...]:
        orders = [{level: place for place, level in enumerate(self.levels[name].levels)} for name in names]
        return tuple(
            sorted(keys, key=lambda key: [order[level] for order, level in zip(orders, key, strict=True)])
        )

    def _cell(self, values: Mapping[str, Any], sides: Sequence[Sequence[str]]) -> tuple[int, int, int]:
        """Place of a cell: of its combination, and of its repetition in both dimensions."""
        first, second = (
            order.index(self._key(values, side)) for order, side in zip(self._sides, sides, strict=True)
        )
        return self._place[self._key(values, self.axes)], first, second


def _records(table: SweepTable) -> list[dict[str, Any]]:
    """The axis values of each finished cell."""
    names = [name for name in table.axes if name in table.rows.columns]
    columns = [table.rows[name].tolist() for name in names]
    if not columns:
        return [{} for _ in range(len(table.rows))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def frame_of(summary: SweepSummary, metrics: Sequence[Metric]) -> pd.DataFrame:
    """A row for each combination: its axes, finished and failed cells, and numbers of the metrics.

    Of each metric: how many numbers (`objective.count`), their mean, standard deviation, and the 95 %
    interval of the mean (`objective.low`, `objective.high`), in the unit of the catalogue; empty without one.
    """
    rows = []
    for combination in summary.combinations:
        row: dict[str, Any] = dict(zip(summary.axes, combination, strict=True))
        row |= {"count": summary.finished[combination], "failed": summary.failed[combination]}
        for metric in metrics:
            mean = summary.mean(metric.key, combination)
            row |= {
                f"{metric.key}.count": mean.count,
                f"{metric.key}.mean": mean.mean,
                f"{metric.key}.sd": mean.sd,
                f"{metric.key}.low": mean.low,
                f"{metric.key}.high": mean.high,
            }
        rows.append(row)
    parts = ("count", "mean", "sd", "low", "high")
    names = [*summary.axes, "count", "failed", *(f"{m.key}.{part}" for m in metrics for part in parts)]
    frame = pd.DataFrame(rows, columns=names)
    numbers = {f"{m.key}.{part}": float for m in metrics for part in parts[1:]}
    return frame.astype(numbers)
