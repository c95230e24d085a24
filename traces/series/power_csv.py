"""Reads a power series from a CSV file. The format is in docs/reference/power-format.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.files.csv_table import MAX_BYTES, TableReader
from traces.files.documents import reads_file
from traces.numbers.units import (
    ENERGY_UNITS,
    KNOWN,
    MAX_MW,
    check_unit,
    milliwatts_per,
    to_milliwatts,
    units_declared,
)
from traces.series.power_series import PowerSeries
from traces.series.regular import POLICIES, Gaps
from traces.series.series_columns import find_column, listed, time_columns
from traces.series.series_csv import SeriesFile, check_choices
from traces.series.text_layout import Layout, LayoutOptions


@reads_file
def read_power(
    path: str | Path,
    *,
    columns: str | Sequence[str] | None = None,
    unit: str | None = None,
    stamp: str = "start",
    zone: str | None = None,
    gaps: str = "error",
    negatives: str = "error",
    time_column: str | None = None,
    strict: bool = False,
    max_bytes: int = MAX_BYTES,
    **layout: Unpack[LayoutOptions],
) -> PowerSeries:
    """The power series in a CSV file (plain or gzipped), summed over `columns`.

    columns     : name, names, or 'WND+SUN'; default: the only column whose name declares a unit
    unit        : W, kW, MW, GW, or per step Wh, kWh, MWh, GWh; default: by the name (`_kw`, `_mw`, `_kwh`)
    stamp       : each stamp is the 'start' or the 'end' of its step
    zone        : IANA zone of stamps without an offset ('UTC' included); stamps with an offset do not need it
    gaps        : 'error', or what to fill missing steps with: 'hold', 'interpolate', 'zero'; any of these
                  also allows daylight-saving transitions and duplicates
    negatives   : 'error', or 'zero' to raise values below zero to zero
    time_column : name of the stamps' column, or of its parts, as in 'Year,Month,Day,Period' or
                  'date=DAY,period=SP'; default: by name
    strict      : the first repair is an error
    layout      : header=False for a file without column names, decimal, date_order, time_unit, time_start;
                  see traces.series.text_layout.Layout

    Every repair is counted in the result's `report`. What is wrong raises InputError: file, line, remedy.
    """
    path = Path(path)
    check_choices(
        ("stamp", stamp, ("start", "end")),
        ("gaps", gaps, POLICIES),
        ("negatives", negatives, ("error", "zero")),
    )
    laid_out = Layout(**layout)
    reader = TableReader(path, max_bytes, header=laid_out.header)
    times = time_columns(reader.header, time_column, reader.path_text, reader.below)
    names = _power_columns(reader, columns, unit, list(times.values()))
    units = [_unit(name, unit, reader) for name in names]
    file = SeriesFile(reader, times, names, Gaps(gaps), laid_out, strict)

    def convert(length_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _power(file, names, units, length_s, negatives)

    steps = file.steps(stamp, zone, convert, "mW")
    file.note("unit", len(names), "+".join(dict.fromkeys(units)), "columns: " + " + ".join(names))
    return PowerSeries(
        steps.start_utc, steps.change_s, steps.values, steps.end_s, path.name, file.report()
    ).compressed()


def _power(
    file: SeriesFile, names: list[str], units: list[str], length_s: np.ndarray, negatives: str
) -> tuple[np.ndarray, np.ndarray]:
    """(power_mw, missing) summed over the columns; a row that lacks one of them is missing."""
    total_mw = np.zeros(len(file.lines), np.int64)
    missing = np.zeros(len(file.lines), bool)
    negative: list[tuple[int, str]] = []
    for name, unit in zip(names, units, strict=True):
        cells = file.table.cells[name]
        power_mw, lacking = _column(file, name, unit, length_s)
        negative += [(int(i), cells[i]) for i in np.flatnonzero(power_mw < 0)]
        total_mw = _sum(file, total_mw, np.maximum(power_mw, 0), name)
        missing |= lacking
    if negative:
        row, cell = min(negative)
        if negatives == "error":
            raise InputError(
                f"negative power {cell} ({len(negative)} in the file)",
                where=f"{file.path}:{file.lines[row]}",
                remedy=Phrase("correct it, or allow ", Parameter("negatives", "zero")),
            )
        file.count("negative_values", len(negative), int(file.lines[row]), cell, "raised to zero")
    return total_mw, missing


def _column(file: SeriesFile, name: str, unit: str, length_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(power_mw, missing) of one column; energy is spread over each row's own step."""
    cells, lines = file.numbers[name], file.table.lines
    lengths = np.unique(length_s) if unit in ENERGY_UNITS else length_s[:1]
    if len(lengths) == 1:
        return to_milliwatts(cells, lines, name, file.path, milliwatts_per(unit, int(lengths[0])))
    power_mw, missing = np.zeros(len(cells), np.int64), np.zeros(len(cells), bool)
    for step_s in lengths.tolist():
        rows = np.flatnonzero(length_s == step_s).tolist()
        power_mw[rows], missing[rows] = to_milliwatts(
            [cells[row] for row in rows],
            [lines[row] for row in rows],
            name,
            file.path,
            milliwatts_per(unit, step_s),
        )
    return power_mw, missing


def _sum(file: SeriesFile, total_mw: np.ndarray, power_mw: np.ndarray, name: str) -> np.ndarray:
    result = total_mw + power_mw  # both at most 10^18: no overflow
    if (result > MAX_MW).any():
        i = int(np.flatnonzero(result > MAX_MW)[0])
        raise InputError(
            "the columns' sum is more than 10^15 W: check the unit", where=f"{file.path}:{file.lines[i]}"
        )
    return result


def _power_columns(
    reader: TableReader, columns: str | Sequence[str] | None, unit: str | None, time_names: list[str]
) -> list[str]:
    """Names of the columns to add up. InputError for unknown or repeated ones."""
    header, path = reader.header, reader.path_text
    if columns is None:
        return [_only_column(reader, unit, time_names)]
    if isinstance(columns, str):
        columns = [columns] if columns in header else columns.split("+")
    names = [find_column(header, str(name).strip(), path, "column") for name in columns]
    if not names:
        raise InputError(f"columns is empty: name at least one of {listed(header)}", where=path)
    for name in names:
        if name in time_names or names.count(name) > 1:
            raise InputError(
                f"column {name!r} is named twice, or is the time: name each column once", where=path
            )
    return names


def _only_column(reader: TableReader, unit: str | None, time_names: list[str]) -> str:
    """The only column that can be the power. InputError where there are several or none."""
    others = [name for name in reader.header if name not in time_names]
    declared = [name for name in others if units_declared(name, reader.extra_cells(name))]
    candidates = declared if declared else others if unit is not None else []
    if len(candidates) == 1:
        return find_column(reader.header, candidates[0], reader.path_text, "column")
    if candidates:
        raise InputError(
            f"several columns could be the power ({listed(candidates)})",
            where=reader.path_text,
            remedy=Phrase("choose with ", Parameter("columns")),
        )
    raise InputError(
        f"no column name declares a unit ({listed(others) or 'no columns beside the time'})",
        where=reader.path_text,
        remedy=Phrase("name ", Parameter("columns"), " and declare ", Parameter("unit"), f" ({KNOWN})"),
    )


def _unit(name: str, unit: str | None, reader: TableReader) -> str:
    """The declared unit, else the one that the column's name states. InputError where undecided."""
    if unit is not None:
        return check_unit(unit)
    declared = units_declared(name, reader.extra_cells(name))
    if len(declared) > 1:
        raise InputError(
            f"column {name!r} is in {' and in '.join(declared)} by its name and the line of units",
            where=reader.path_text,
            remedy=Phrase("declare ", Parameter("unit")),
        )
    if not declared:
        example = "" if name.isdigit() else f", or name it {name + '_kw'!r} for instance"
        raise InputError(
            f"the unit of column {name!r} is not known",
            where=reader.path_text,
            remedy=Phrase("declare ", Parameter("unit"), f" ({KNOWN}){example}"),
        )
    return declared[0]
