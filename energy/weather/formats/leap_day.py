"""29 February, which many files leave out of a leap year: NSRDB and typical years do so by default."""

from __future__ import annotations

import datetime as dt

import numpy as np

from energy.weather.formats.weather_record import Record
from traces.numbers.constants import DAY_S
from traces.read_report import Finding
from traces.times.timezones import EPOCH


def add_leap_days(
    record: Record, step_s: int, clocks_s: tuple[int, ...], repairs: dict[str, Finding]
) -> None:
    """Insert 29 February where exactly that day is missing, as a copy of 28 February. Counted in `repairs`.

    `record.start_s` is in UTC; `clocks_s` are the offsets of the rows' clock and of the site's, by which days
    are tried. A copied day has realistic weather, unlike a mean of its neighbours.
    """
    per_day = DAY_S // step_s
    gaps = (np.flatnonzero(np.diff(record.start_s) == DAY_S + step_s) + 1).tolist()
    rows = [row for row in gaps if row >= per_day and _leap_day(record, row, step_s, clocks_s)]
    rows = [row for row in rows if record.start_s[row - 1] - record.start_s[row - per_day] == DAY_S - step_s]
    if DAY_S % step_s or not rows:
        return
    line, day = int(record.lines[rows[0]]), _leap_day(record, rows[0], step_s, clocks_s)
    for row in reversed(rows):
        before = slice(row - per_day, row)
        for name, values in record.columns.items():
            record.columns[name] = np.insert(values, row, values[before])
        record.start_s = np.insert(record.start_s, row, record.start_s[before] + DAY_S)
        record.lines = np.insert(record.lines, row, np.full(per_day, record.lines[row - 1]))
    repairs["leap_day"] = Finding(
        per_day * len(rows),
        line,
        str(day),
        "steps of 29 February are not in the file: those of 28 February again",
    )


def _leap_day(record: Record, row: int, step_s: int, clocks_s: tuple[int, ...]) -> dt.date | None:
    """The 29 February that is missing before a row, by one of the clocks; None where another day is."""
    first_s = int(record.start_s[row - 1]) + step_s
    for clock_s in clocks_s:
        first, last = (
            (EPOCH + dt.timedelta(seconds=second + step_s // 2 + clock_s)).date()
            for second in (first_s, first_s + DAY_S - step_s)
        )
        if first == last and (first.month, first.day) == (2, 29):
            return first
    return None
