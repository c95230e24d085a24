"""Sweeps whose numbers are given by a function, for tests of tables, words and figures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.sweep.sweep_table import SweepTable

Point = dict[str, Any]


def made(
    axes: Mapping[str, Sequence[Any]],
    objective: Callable[[Point], float | None],
    *,
    replicates: Sequence[str] = ("seed",),
    failed: Callable[[Point], bool] = lambda point: False,
    skipped: Callable[[Point], bool] = lambda point: False,
    metrics: Callable[[Point], Mapping[str, Any]] = lambda point: {},
    name: str = "made",
) -> SweepTable:
    """Every combination of the axes: `objective` of each, a failure, or neither (skipped)."""
    rows, failures, cells = [], [], 0
    for values in itertools.product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        cells += 1
        if failed(point):
            failures.append((point, "no job has a value"))
        elif not skipped(point):
            rows.append({**point, "ended": "completed", "objective": objective(point), **metrics(point)})
    frame = pd.DataFrame(rows, columns=None if rows else [*axes, "ended", "objective"])
    there = tuple(axis for axis in replicates if axis in axes)
    return SweepTable(name, frame, tuple(axes), there, tuple(failures), cells)


def noise(point: Point, size: float = 0.01) -> float:
    """The same number for the same place, and no other for another order of axes."""
    key = [ord(char) for text in sorted(map(str, point.items())) for char in text]
    return float(size * np.random.default_rng(key).normal())
