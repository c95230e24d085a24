"""Reads a price or carbon-intensity series from a CSV file. The format is in docs/reference/grid-series.md."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.files.csv_table import MAX_BYTES, TableReader
from traces.files.documents import reads_file
from traces.numbers.rate_units import CARBON, KNOWN, LIMITS_U, MONEY, RateUnit, rate_unit, units_written
from traces.numbers.units import to_whole
from traces.series.rate_series import RateSeries
from traces.series.regular import Gaps
from traces.series.series_columns import find_column, listed, time_columns
from traces.series.series_csv import SeriesFile, check_choices
from traces.series.text_layout import Layout, LayoutOptions

# No 'zero': an unknown price is not free, and unknown power is not clean.
POLICIES = ("error", "hold", "interpolate")
NEGATIVES = ("allow", "error", "zero")


@reads_file
def read_rate(
    path: str | Path,
    *,
    column: str | None = None,
    unit: str | None = None,
    stamp: str = "start",
    zone: str | None = None,
    gaps: str = "error",
    negatives: str | None = None,
    time_column: str | None = None,
    strict: bool = False,
    max_bytes: int = MAX_BYTES,
    **layout: Unpack[LayoutOptions],
) -> RateSeries:
    """The series in one column of a CSV file (plain or gzipped), in micro-units per kWh.

    column      : its name; default: the only column whose name declares a unit
    unit        : EUR/MWh, ct/kWh, g/kWh, lb/MWh, ... (docs/reference/grid-series.md); default: by the column's name.
                  It may state another scale than the name, but not another currency or quantity
    stamp       : each stamp is the 'start' or the 'end' of its step
    zone        : IANA zone of stamps without an offset ('UTC' included)
    gaps        : 'error', or what to fill missing steps with: 'hold', 'interpolate'; either also allows
                  daylight-saving transitions and duplicates
    negatives   : 'allow', 'error' or 'zero' (raised to zero, counted); default: prices may be negative,
                  carbon intensities and shares not
    time_column : name of the stamps' column, or of its parts, as in 'Year,Month,Day,Period' or
                  'date=DAY,period=SP'; default: by name
    strict      : the first repair is an error
    layout      : header=False for a file without column names, decimal, date_order, time_unit, time_start;
                  see traces.series.text_layout.Layout

    Values are converted exactly and rounded half to even to one micro-unit. Every repair is counted in the
    result's `report`. What is wrong raises InputError: file, line, remedy.
    """
    path = Path(path)
    check_choices(("stamp", stamp, ("start", "end")), ("gaps", gaps, POLICIES))
    if negatives is not None:
        check_choices(("negatives", negatives, NEGATIVES))
    declared = rate_unit(unit) if unit is not None else None
    laid_out = Layout(**layout)
    reader = TableReader(path, max_bytes, header=laid_out.header, value_key="column")
    times = time_columns(reader.header, time_column, reader.path_text, reader.below)
    name = _column(reader, column, declared is not None, list(times.values()))
    kind = _unit(name, declared, reader)
    file = SeriesFile(reader, times, [name], Gaps(gaps, POLICIES), laid_out, strict)
    policy = negatives or ("allow" if kind.quantity == MONEY else "error")

    def convert(length_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _values(file, name, kind, policy)

    steps = file.steps(stamp, zone, convert, kind.inside)
    file.note("unit", len(file.lines), kind.text, f"column: {name}")
    return RateSeries(
        steps.start_utc, steps.change_s, steps.values, steps.end_s, kind.base, path.name, file.report()
    ).compressed()


def _column(reader: TableReader, column: str | None, declared: bool, time_names: list[str]) -> str:
    """The declared column, else the only one that can be the rate. InputError where undecided."""
    path = reader.path_text
    if column is not None:
        name = find_column(reader.header, column, path, "column")
        if name in time_names:
            raise InputError(f"column {name!r} is the time: choose the column of the values", where=path)
        return name
    others = [name for name in reader.header if name not in time_names]
    with_unit = [name for name in others if units_written(name, reader.extra_cells(name))]
    candidates = with_unit if with_unit else others if declared else []
    if len(candidates) == 1:
        return find_column(reader.header, candidates[0], path, "column")
    if candidates:
        raise InputError(
            f"several columns could be meant ({listed(candidates)})",
            where=path,
            remedy=Phrase("choose by ", Parameter("column")),
        )
    raise InputError(
        f"no column name declares a unit ({listed(others) or 'no columns beside the time'})",
        where=path,
        remedy=Phrase("name ", Parameter("column"), " and declare ", Parameter("unit"), f" ({KNOWN})"),
    )


def _unit(name: str, declared: RateUnit | None, reader: TableReader) -> RateUnit:
    """The declared unit, else the one that the column's name states. InputError where they conflict."""
    path = reader.path_text
    units = units_written(name, reader.extra_cells(name))
    written = units[0] if units else None
    if declared is None and written is None:
        raise InputError(
            f"the unit of column {name!r} is not known",
            where=path,
            remedy=Phrase("declare ", Parameter("unit"), f" ({KNOWN})"),
        )
    for other in units[1:]:
        if other.base != units[0].base or (other.micro != units[0].micro and declared is None):
            raise InputError(
                f"column {name!r} is in {units[0].text} by its name and in {other.text} by the "
                "line of units below: correct one of them",
                where=path,
            )
    if declared is not None and written is not None and declared.base != written.base:
        raise InputError(
            Phrase(
                f"column {name!r} is in {written.text}, but ",
                Parameter("unit", declared.text),
                " is declared: units are never mixed",
            ),
            where=path,
            remedy=Phrase("leave ", Parameter("unit"), " out, and convert the series afterwards"),
        )
    unit = declared or written
    assert unit is not None
    return unit


def _values(file: SeriesFile, name: str, kind: RateUnit, negatives: str) -> tuple[np.ndarray, np.ndarray]:
    """(value_u, missing) of the column."""
    cells = file.table.cells[name]
    limit, limit_text = LIMITS_U[kind.quantity]
    value_u, missing = to_whole(
        file.numbers[name], file.table.lines, name, file.path, kind.micro, limit, limit_text
    )
    negative = np.flatnonzero(value_u < 0)
    if len(negative) and negatives != "allow":
        row = int(negative[0])
        if negatives == "error":
            quantity = "carbon intensity" if kind.quantity == CARBON else "value"
            raise InputError(
                f"negative {quantity} {cells[row]} ({len(negative)} in the file)",
                where=f"{file.path}:{file.lines[row]}",
                remedy=Phrase("correct it, or give ", Parameter("negatives", ("zero", "allow"))),
            )
        file.count("negative_values", len(negative), int(file.lines[row]), cells[row], "raised to zero")
        value_u = np.maximum(value_u, 0)
    return value_u, missing
