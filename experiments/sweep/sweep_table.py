"""The results of a sweep as one table, and its Parquet file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.engine.cells import Failure
from experiments.sweep.manifest import REPLICATES, Manifest
from experiments.sweep.sweep_work import SweepWork
from rare.metric_catalogue import METRICS, Form
from traces.errors import InputError
from traces.files.atomic import replacing

TIMING = ("simulate_s", "jobs_per_s")
"""Metrics that differ from run to run. They stay in the cells' files: equal sweeps have equal tables."""
COLUMNS = tuple(key for key, metric in METRICS.items() if key not in TIMING and metric.form != Form.PARTS)
CELL, ENDED = "cell", "ended"


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


def table_of(manifest: Manifest, work: SweepWork, failures: Mapping[str, Failure]) -> SweepTable:
    """The table of what is on disk; cells that are neither finished nor failed are in `cells` alone."""
    rows, failed = [], []
    for cell, point in zip(manifest.cells, manifest.points, strict=True):
        facts = work.facts(cell.key)
        if facts is not None:
            metrics = {key: facts["metrics"].get(key) for key in COLUMNS}
            rows.append({CELL: cell.key, **point, ENDED: facts["ended"], **metrics})
        elif cell.key in failures:
            failed.append((point, failures[cell.key].line))
    columns = [CELL, *manifest.axes, ENDED, *COLUMNS]
    frame = pd.DataFrame(rows, columns=columns)
    replicates = tuple(axis for axis in manifest.axes if axis in REPLICATES)
    return SweepTable(manifest.name, frame, manifest.axes, replicates, tuple(failed), len(manifest.cells))


def write_parquet(table: SweepTable, path: Path) -> None:
    """Write the rows. Equal rows give equal bytes, by the same version of pyarrow."""
    columns = {name: _column(table.rows[name].tolist()) for name in table.rows.columns}
    facts = {"name": table.name, "axes": table.axes, "replicates": table.replicates, "cells": table.cells}
    metadata = {"rare.sweep": json.dumps(facts)}
    with replacing(path) as partial:
        pq.write_table(pa.table(columns).replace_schema_metadata(metadata), partial, compression="zstd")


def read_parquet(path: Path, failures: tuple[tuple[dict[str, Any], str], ...] = ()) -> SweepTable:
    """The table of a Parquet file of a sweep. InputError if it is none."""
    try:
        content = pq.read_table(path)
        facts = json.loads((content.schema.metadata or {})[b"rare.sweep"])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise InputError(f"{path}: is no table of a sweep; give the sweep's command again") from error
    frame = content.to_pandas()
    return SweepTable(
        facts["name"], frame, tuple(facts["axes"]), tuple(facts["replicates"]), failures, facts["cells"]
    )


def _column(values: list[Any]) -> pa.Array:
    """Whole numbers, numbers or texts, with nulls; texts where an axis mixes them."""
    values = [None if value is None or value != value else value for value in values]
    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present) and present:
        return pa.array(values, pa.bool_())
    if all(isinstance(value, int) and not isinstance(value, bool) for value in present) and present:
        return pa.array(values, pa.int64())
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return pa.array(None if value is None else float(value) for value in values)
    return pa.array(None if value is None else str(value) for value in values)
