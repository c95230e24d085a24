"""Draws the report of a sweep again from the files in its folder, without running anything."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

from experiments.sweep.pages.axis_levels import Level, level_number, level_of
from experiments.sweep.pages.report_choice import ReportChoice
from experiments.sweep.pages.sweep_report import CHOICE, REPORT, write_sweep_report
from experiments.sweep.sweep_folder import FAILURES, RESULTS
from experiments.sweep.sweep_table import SweepTable, read_parquet
from traces.errors import InputError
from traces.files.documents import read_json, reading

REASON = "reason"


def redraw(folder: str | Path) -> Path:
    """Draw figures and report.html of a sweep again; the path of the report.

    InputError for a folder whose table is missing or damaged.
    """
    folder = Path(folder)
    with reading(folder):
        table = read_parquet(folder / RESULTS)
        table = dataclasses.replace(table, failures=_failures(folder / FAILURES, table))
        write_sweep_report(folder, table, _choice(folder))
    return folder / REPORT


def _choice(folder: Path) -> ReportChoice:
    """The choice that the report was last drawn with; without its file the default."""
    if not (folder / CHOICE).is_file():
        return ReportChoice()
    content = read_json(folder / CHOICE)
    try:
        metrics = tuple(str(key) for key in content["metrics"])
        return ReportChoice(metrics, content["x"], content["lines"], content["panels"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{folder / CHOICE}: is no choice of a report; remove it") from error


def _failures(path: Path, table: SweepTable) -> tuple[tuple[dict[str, Any], str], ...]:
    """The failed cells of failures.csv; none without it. Texts become the levels that the table has."""
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    if any(set(row) != {*table.axes, REASON} or None in row.values() for row in rows):
        raise InputError(f"{path}: is no list of failed cells of this sweep; give the sweep's command again")
    levels = {axis: _levels(table, axis) for axis in table.axes}
    return tuple(
        ({axis: _level(row[axis], levels[axis]) for axis in table.axes}, row[REASON]) for row in rows
    )


def _levels(table: SweepTable, axis: str) -> dict[str, Level]:
    """The levels of the finished cells by their text."""
    return {str(level): level for level in dict.fromkeys(map(level_of, table.rows[axis]))}


def _level(text: str, levels: dict[str, Level]) -> Level:
    """The level of a text; of an axis of numbers that no finished cell has, a number."""
    if text in levels or not text:
        return levels.get(text)
    number = level_number(text)
    if number is None or not all(isinstance(level, int | float) for level in levels.values()):
        return text
    return int(number) if number.is_integer() and "." not in text else number
