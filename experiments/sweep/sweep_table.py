"""The results of a sweep as one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True, slots=True)
class SweepTable:
    """The finished cells of a sweep, and those that failed.

    name: of the sweep. rows: a row for each finished cell, in the order of the manifest: the columns of the
    axes, then `ended`, then metrics by their keys in rare.metric_catalogue. axes: names of the columns that
    say what a cell is; their values are texts or numbers. replicates: the axes that are repetitions, such as
    `seed` and `window`; means are taken over them. failures: the axis values of each failed cell, and its
    line for the user. cells: all cells of the manifest, finished or not.
    """

    name: str
    rows: pd.DataFrame
    axes: tuple[str, ...]
    replicates: tuple[str, ...]
    failures: tuple[tuple[dict[str, Any], str], ...]
    cells: int
