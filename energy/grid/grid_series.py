"""Prices and carbon intensities by known publishers, and series of any step joined on one grid of changes.

What a publisher's stamps and columns mean is in docs/reference/grid-series.md.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.files.csv_table import TableReader
from traces.numbers.rate_units import CARBON_UNIT
from traces.series.held import HeldSeries, whole_utc
from traces.series.rate_csv import read_rate
from traces.series.rate_series import RateSeries
from traces.series.text_layout import LayoutOptions


@dataclass(frozen=True, slots=True)
class Source:
    """Conventions of a publisher's files.

    stamp  : whether a stamp is the 'start' or the 'end' of its step
    zone   : of stamps without an offset
    fits   : whether column names are this publisher's; None where names alone do not decide
    choose : (column names, the caller's `column` or None) -> the column to read
    unit   : of that column; None: its name states it
    """

    stamp: str
    zone: str | None
    fits: Callable[[list[str]], bool] | None
    choose: Callable[[list[str], str | None], str | None]
    unit: str | None = None


def _electricity_maps_column(header: list[str], column: str | None) -> str | None:
    """The life-cycle intensity, or the direct one for 'direct', in either spelling of the portal."""
    marks = {None: ("lca", "life cycle"), "lca": ("lca", "life cycle"), "direct": ("direct",)}
    if column not in marks:
        return column
    columns = [
        name
        for name in header
        if name.lower().startswith("carbon intensity") and any(mark in name.lower() for mark in marks[column])
    ]
    return columns[0] if len(columns) == 1 else column or "Carbon Intensity gCO₂eq/kWh (LCA)"


def _sgip_column(header: list[str], column: str | None) -> str:
    if column is not None and column[:1].lower() == "f" and column[1:].isdigit():
        raise InputError(
            f"column {column!r}: f1 to f36 are forecasts made at each step, not what happened",
            remedy=Phrase("leave ", Parameter("column"), " out for the actual rate ('moer')"),
        )
    return column or "moer"


def _only(name: str | None) -> Callable[[list[str], str | None], str | None]:
    return lambda header, column: column or name


CARBON_SOURCES = {
    "electricity-maps": Source(
        stamp="start",
        zone="UTC",
        fits=lambda header: (
            "Datetime (UTC)" in header and any(name.lower().startswith("carbon intensity") for name in header)
        ),
        choose=_electricity_maps_column,
    ),
    "eia": Source(
        stamp="end",
        zone="UTC",
        fits=lambda header: {"WND", "SUN", "avg_CI"} <= set(header),
        choose=_only("avg_CI"),
        unit="g/kWh",
    ),
    "sgip": Source(
        stamp="start",
        zone="UTC",
        fits=lambda header: {"time", "moer"} <= set(header),
        choose=_sgip_column,
        unit="kg/kWh",
    ),
}
# Price files of different markets have the same two columns, so these are never guessed.
PRICE_SOURCES = {
    "de-lu": Source(stamp="start", zone="Europe/Berlin", fits=None, choose=_only(None)),
    "ercot": Source(stamp="start", zone="America/Chicago", fits=None, choose=_only(None)),
    "caiso": Source(stamp="start", zone="UTC", fits=None, choose=_only(None)),
}


def read_carbon(
    path: str | Path,
    source: str | None = None,
    *,
    column: str | None = None,
    unit: str | None = None,
    stamp: str | None = None,
    zone: str | None = None,
    gaps: str = "error",
    time_column: str | None = None,
    negatives: str | None = None,
    **layout: Unpack[LayoutOptions],
) -> RateSeries:
    """The carbon intensity in a file, in micro-kilograms per kWh (unit "kg/kWh").

    source : 'electricity-maps', 'eia' or 'sgip'; default: by the column names, else a file of the user's own
             whose column, unit, stamp and zone are declared as for read_rate
    column : for 'electricity-maps' also 'lca' (the default) or 'direct'

    layout : header, decimal, date_order, time_unit, time_start, as for read_rate

    Arguments given override the source's conventions. InputError where the file cannot be read.
    """
    options = dict(
        column=column, unit=unit, stamp=stamp, zone=zone, gaps=gaps, time_column=time_column,
        negatives=negatives,
    )  # fmt: skip
    return _read(path, _preset(path, source, CARBON_SOURCES, layout), CARBON_UNIT, options, layout)


def read_price(
    path: str | Path,
    source: str | None = None,
    *,
    currency: str | None = None,
    column: str | None = None,
    unit: str | None = None,
    stamp: str | None = None,
    zone: str | None = None,
    gaps: str = "error",
    time_column: str | None = None,
    negatives: str | None = None,
    **layout: Unpack[LayoutOptions],
) -> RateSeries:
    """The price in a file, in micro-units of its currency per kWh (unit "EUR/kWh" for instance).

    source   : 'de-lu' (Berlin clock time), 'ercot' (offsets written) or 'caiso' (UTC, unmarked); no default
    currency : what the scenario counts in; a file in another currency raises InputError, never a silent mix

    The other arguments, and `layout`, are those of read_rate and override the source's conventions.
    """
    base = f"{currency}/kWh" if currency is not None else None
    options = dict(
        column=column, unit=unit, stamp=stamp, zone=zone, gaps=gaps, time_column=time_column,
        negatives=negatives,
    )  # fmt: skip
    return _read(path, _preset(path, source, PRICE_SOURCES, layout), base, options, layout)


def _header(path: str | Path, layout: LayoutOptions) -> list[str]:
    return TableReader(Path(path), header=layout.get("header", True), value_key="column").header


def _preset(
    path: str | Path, source: str | None, known: dict[str, Source], layout: LayoutOptions
) -> Source | None:
    """The named source; for None the only one that fits the file's column names, else None."""
    if source is not None:
        if source not in known:
            close = difflib.get_close_matches(source, known, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise InputError(f"unknown source {source!r}: {hint}Known: {', '.join(known)}")
        return known[source]
    detectable = [preset for preset in known.values() if preset.fits is not None]
    if not detectable:
        return None
    header = _header(path, layout)
    matching = [preset for preset in detectable if preset.fits is not None and preset.fits(header)]
    return matching[0] if len(matching) == 1 else None


def _read(
    path: str | Path,
    preset: Source | None,
    base: str | None,
    options: dict[str, Any],
    layout: LayoutOptions,
) -> RateSeries:
    """The series by the source's conventions; `options` (arguments of read_rate) override them."""
    if preset is not None:
        if options["column"] is None:
            options["unit"] = options["unit"] or preset.unit
        options["column"] = preset.choose(_header(path, layout), options["column"])
        options["zone"] = options["zone"] or preset.zone
    options["stamp"] = options["stamp"] or (preset.stamp if preset is not None else "start")
    series = read_rate(path, **options, **layout)
    if base is not None:
        _check_unit(series, base)
    elif series.unit in (CARBON_UNIT, "1"):
        raise InputError(
            f"its values are in {series.unit}, which is no price",
            where=series.name,
            remedy=Phrase("choose ", Parameter("column")),
        )
    return series


def _check_unit(series: RateSeries, base: str) -> None:
    if series.unit == base:
        return
    if CARBON_UNIT in (base, series.unit):
        raise InputError(
            f"its values are in {series.unit}, not {base}",
            where=series.name,
            remedy=Phrase("choose another file or ", Parameter("column")),
        )
    raise InputError(
        f"its prices are in {series.unit}, asked for is {base}: "
        f"convert it with the rate of its date, series.converted(rate, {base!r})",
        where=series.name,
    )


class Joined(NamedTuple):
    """Several series on one grid of changes.

    change_s : (K,) int64 seconds from the join's begin, the first 0; at each at least one series changes
    columns  : by series, (K,) int64 in the series' own unit, held from each change to the next
    end_s    : the last values hold until here
    """

    change_s: np.ndarray
    columns: dict[str, np.ndarray]
    end_s: int


def join_changes(series: Mapping[str, HeldSeries], begin_utc: datetime, end_utc: datetime) -> Joined:
    """Series of any steps and spans on one grid from `begin_utc` to `end_utc` (aware).

    Nothing is resampled: the grid is the union of the changes. InputError names a series that does not cover
    the span, and what it covers.
    """
    if not series:
        raise InputError("no series to join: give at least one")
    begin_utc, end_utc = whole_utc(begin_utc, "begin_utc"), whole_utc(end_utc, "end_utc")
    if begin_utc >= end_utc:
        raise InputError(
            f"the span to join, {begin_utc:%Y-%m-%d %H:%M:%S} to {end_utc:%Y-%m-%d %H:%M:%S} UTC, is empty: "
            "its end must be later"
        )
    parts = {key: _part(key, held_series, begin_utc, end_utc) for key, held_series in series.items()}
    change_s = np.unique(np.concatenate([part.change_s for part in parts.values()]))
    columns = {key: part.at(change_s) for key, part in parts.items()}
    return Joined(change_s, columns, int((end_utc - begin_utc).total_seconds()))


def _part(key: str, series: HeldSeries, begin_utc: datetime, end_utc: datetime) -> HeldSeries:
    if series.start_utc > begin_utc or series.end_utc < end_utc:
        raise InputError(
            f"{key} ({series.name}) covers {series.span}, not all of {begin_utc:%Y-%m-%d %H:%M:%S} to "
            f"{end_utc:%Y-%m-%d %H:%M:%S} UTC: shorten the span, or shift() or repeat() the series"
        )
    return series.slice(series.second_at(begin_utc), series.second_at(end_utc)).compressed()
