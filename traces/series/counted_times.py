"""Time columns that count: seconds since 1970, or rows, hours and the like from a declared start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal
from fractions import Fraction

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.series.text_layout import Layout
from traces.times.stamps import EPOCH_RANGE_S, Stamps, parse_stamps
from traces.times.timezones import readings_of

_COUNT = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_YEAR = re.compile(r"(?<!\d)(19[5-9]\d|20\d\d)(?!\d)")
# A name that says what is counted: hour, time_h, hour of year (HOY), minutes, day.
_NAMED = (
    ("h", re.compile(r"(?:^|[_\s(\[])(?:h|hrs?|hours?|hoy|stunden?)(?:$|[_\s)\]])", re.IGNORECASE)),
    ("min", re.compile(r"(?:^|[_\s(\[])(?:min|minutes?|minuten?)(?:$|[_\s)\]])", re.IGNORECASE)),
    ("d", re.compile(r"(?:^|[_\s(\[])(?:d|days?|doy|tage?)(?:$|[_\s)\]])", re.IGNORECASE)),
)
_SECONDS_NAMED = re.compile(r"(?:^|[_\s(\[])(?:s|sec|seconds|epoch|unix)(?:$|[_\s)\]])", re.IGNORECASE)
# Fewer rows than a day of hours prove nothing.
LEAST_ROWS = 24
EARLY_S = 10**7
#: The rows of a common and a leap year, by what each row is.
YEARS = {
    365: "d", 366: "d", 8760: "h", 8784: "h", 17520: "30min", 17568: "30min", 35040: "15min",
    35136: "15min", 105120: "5min", 105408: "5min", 525600: "min", 527040: "min",
}  # fmt: skip


def is_count(cells: Sequence[str]) -> bool:
    """Whether a time column holds plain numbers."""
    return bool(_COUNT.fullmatch(cells[0]))


def read_counts(
    cells: Sequence[str], lines: Sequence[int], path: object, layout: Layout, zone: tzinfo | None
) -> Stamps:
    """Stamps in UTC of counts in the declared unit from the declared start (None: 1970)."""
    unit_s = layout.unit_s or Fraction(1)
    start_s = _start_s(layout, zone, path)
    seconds = np.empty(len(cells), np.int64)
    for row, cell in enumerate(cells):
        if not _COUNT.fullmatch(cell):
            raise InputError(
                f"{cell[:40]!r} is not a number, as the times above are: write all times one way",
                where=f"{path}:{lines[row]}",
            )
        exact = start_s + Fraction(Decimal(cell)) * unit_s
        if exact.denominator != 1:
            raise InputError(
                f"time {cell} is not a whole number of seconds: use whole seconds",
                where=f"{path}:{lines[row]}",
            )
        if not EPOCH_RANGE_S[0] <= exact < EPOCH_RANGE_S[1]:
            raise InputError(
                f"time {cell} is outside 1900 to 2199",
                where=f"{path}:{lines[row]}",
                remedy=Phrase("check ", Parameter("time_unit"), " and ", Parameter("time_start")),
            )
        seconds[row] = int(exact)
    return Stamps(seconds, in_utc=True)


def _start_s(layout: Layout, zone: tzinfo | None, path: object) -> int:
    """Second (since 1970 UTC) of count 0: the declared start, else 0. InputError where it is undecided."""
    if layout.time_start is None:
        if layout.time_unit not in (None, "s", "ms"):
            raise InputError(
                Phrase(
                    Parameter("time_unit", layout.time_unit),
                    " counts from where? Declare ",
                    Parameter("time_start"),
                    ", such as ",
                    Parameter("time_start", "2022-01-01T00:00Z"),
                ),
                where=path,
            )
        return 0
    stamps = parse_stamps([layout.time_start], [1], f"{path}: time_start")
    if stamps.in_utc:
        return int(stamps.seconds[0])
    if zone is None:
        raise InputError(
            f"time_start {layout.time_start!r} has no offset",
            where=path,
            remedy=Phrase("write 2022-01-01T00:00Z, or give ", Parameter("zone")),
        )
    return int(readings_of(stamps.seconds, zone).first_s[0])


def check_name(cells: Sequence[str], name: str, layout: Layout, path: object) -> None:
    """InputError where a column of small numbers has a name such as hour: its unit must be declared."""
    if layout.time_unit is not None or layout.time_start is not None or _SECONDS_NAMED.search(name):
        return
    if abs(Decimal(cells[0])) >= EARLY_S:
        return
    for unit, pattern in _NAMED:
        if pattern.search(name):
            raise InputError(
                f"column {name!r} counts and names no date, and would be read as seconds since 1970",
                where=path,
                remedy=Phrase(
                    "declare ",
                    Parameter("time_unit", unit),
                    _end(cells[0] == "1"),
                    " and ",
                    Parameter("time_start"),
                    ", such as ",
                    Parameter("time_start", "2022-01-01T00:00Z"),
                ),
            )


def _end(from_one: bool) -> Phrase:
    """The end of a remedy: `stamp='end'` too where counts begin at 1, else nothing."""
    return Phrase(", ", Parameter("stamp", "end")) if from_one else Phrase()


def remark_on_counts(
    seconds: np.ndarray, cells: Sequence[str], texts: Sequence[str], path: object, layout: Layout
) -> Phrase | None:
    """A remark on stamps that count rows and are read as seconds since 1970; None for others.

    seconds : (N,) int64, the column as it was read
    texts   : where a year may be stated: the file's name, the column's, the comments above

    InputError where the texts state a year, the number of rows fits one year at some step, and the rows do
    not span a year in the unit that they are read in.
    """
    count = len(seconds)
    step_s = int(seconds[1] - seconds[0]) if count > 1 else 0
    if count < LEAST_ROWS or step_s <= 0 or (np.diff(seconds) != step_s).any():
        return None
    declared = layout.time_unit is not None
    one_by_one = Decimal(cells[1]) - Decimal(cells[0]) == 1
    unit = YEARS.get(count)
    year = next((int(match[1]) for text in texts for match in _YEAR.finditer(text)), None)
    whole_year = 365 * 86400 <= count * step_s <= 366 * 86400
    early = abs(int(seconds[0])) < EARLY_S
    lasts = f"{count * step_s / 3600:.4g} h"
    end = _end(cells[0] == "1")
    if unit is not None and year is not None and not whole_year and one_by_one and (early or declared):
        raise InputError(
            f"{count} rows counted one by one are as many as a year has steps of "
            f"{unit if unit[0].isdigit() else '1 ' + unit}, and {year} is stated",
            where=path,
            remedy=Phrase(
                f"read with a step of {step_s} s they last {lasts}: declare ",
                Parameter("time_unit", unit),
                end,
                " and ",
                Parameter("time_start", f"{year}-01-01T00:00Z"),
                " (or with another offset)",
            ),
        )
    if step_s != 1 or not early or declared or layout.time_start is not None:
        return None
    return Phrase(
        "the time column counts rows one by one and is read as seconds since 1970, so the file lasts "
        f"{lasts}; if each row is a longer step, declare ",
        Parameter("time_unit", unit or "h"),
        end,
        " and ",
        Parameter("time_start", "2022-01-01T00:00Z"),
        " for instance",
    )
