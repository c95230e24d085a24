"""Result of a format's reader: columns by row, still with gaps, and the lines of the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from energy.weather.formats.weather_content import Content
from energy.weather.site_weather import MAX_BYTES, NOMINAL_YEAR
from traces.errors import InputError, Parameter, Phrase
from traces.numbers.constants import DAY_S
from traces.read_report import Finding

GAPS = ("error", "interpolate")
NEGATIVES = ("error", "zero")


@dataclass(frozen=True, slots=True)
class Options:
    """Arguments of read_weather. stated: site values that replace those of the file."""

    clear_sky: bool = False
    gaps: str = "error"
    negatives: str = "error"
    year: int | None = None
    stated: dict[str, Any] = field(default_factory=dict)
    max_bytes: int = MAX_BYTES

    def check(self) -> None:
        """InputError for an option with an unknown or impossible value."""
        for name, known in (("gaps", GAPS), ("negatives", NEGATIVES)):
            if getattr(self, name) not in known:
                option = Parameter(name, getattr(self, name))
                raise InputError(Phrase(option, " is unknown"), remedy=f"use {' or '.join(known)}")
        if self.year is not None and isinstance(self.year, int) and not 1900 <= self.year <= 2199:
            raise InputError(Phrase(Parameter("year", self.year)), remedy="give one from 1900 to 2199")
        if isinstance(self.year, bool) or not isinstance(self.year, int | None):
            raise InputError(Phrase(Parameter("year", self.year)), remedy="give a whole number")
        if self.max_bytes < 1:
            raise InputError(f"max_bytes is {self.max_bytes}: give 1 or more")


@dataclass(slots=True)
class Record:
    """A file's weather before it is checked and filled.

    site     : latitude_deg, longitude_deg, altitude_m, utc_offset_s, zone, wind_height_m: what the file says;
               utc_offset_s is that of the site, None where the file does not state it
    start_s  : (N,) int64, start of each row's step in the file's own fixed time, seconds since 1970
    lines    : (N,) int64, the line (or entry) of each row
    columns  : column of Weather -> (N,) float64, NaN where the file has none;
               'direct_w_m2' (direct on the horizontal) may stand for dni_w_m2
    """

    content: Content
    site: dict[str, Any]
    start_s: np.ndarray
    lines: np.ndarray
    columns: dict[str, np.ndarray]
    instants: str
    typical_year: bool = False
    roughness_m: float | None = None
    notes: dict[str, Finding] = field(default_factory=dict)
    entries: bool = False
    """Rows are entries of a list (JSON), not lines."""
    clock_offset_s: int | None = None
    """Offset from UTC of the clock of `start_s`, where the file states it apart from the site's (0: rows in
    UTC). None: the site's, and so the one that a caller states."""
    stamp_unknown: bool = False
    """The file does not say whether its stamps name the start or the middle of the step. `start_s` takes
    them as the start; the irradiance decides where it can."""

    def at(self, row: int) -> str:
        """The place of a row, for the beginning of a message."""
        if self.entries:
            return f"{self.content.where}: entry {self.lines[row]}"
        return self.content.at(int(self.lines[row]))

    def note(self, code: str, value: str, text: str) -> None:
        """Add a note for users to the record."""
        self.notes[code] = Finding(len(self.start_s), int(self.lines[0]), value, text)


def dates_s(
    content: Content, lines: np.ndarray, year: np.ndarray, month: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """Midnights as seconds since 1970, (N,) int64. InputError for the first date that no calendar has."""
    first = (year - 1970).astype("M8[Y]").astype("M8[M]") + (month - 1)
    dates = first.astype("M8[D]") + (day - 1)
    impossible = dates.astype("M8[M]") != first
    if impossible.any():
        i = int(np.argmax(impossible))
        leap = month[i] == 2 and day[i] == 29
        raise InputError(
            f"{year[i]}-{month[i]:02}-{day[i]:02} is no date: "
            f"{'delete the rows of that day' if leap else 'mend it'}",
            where=content.at(int(lines[i])),
        )
    return dates.astype(np.int64) * DAY_S


def placed_years(year: np.ndarray, month: np.ndarray, requested: int | None) -> tuple[np.ndarray, bool]:
    """(year of each row, whether this is a typical year).

    Typical: one pass through the months, of different years. `requested` replaces the years of either kind.
    """
    one_pass = bool((np.diff(month) >= 0).all())
    typical = one_pass and len(np.unique(year)) > 1
    if requested is not None and one_pass:
        return np.full_like(year, requested), typical
    if requested is not None:
        raise InputError(
            Phrase(Parameter("year", requested)),
            remedy="the file runs through more than one new year, so it keeps its own years",
        )
    return (np.full_like(year, NOMINAL_YEAR) if typical else year), typical
