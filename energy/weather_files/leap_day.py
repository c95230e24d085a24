"""29 February, which many files leave out of a leap year: NSRDB and typical years do so by default."""

from __future__ import annotations

import datetime as dt

import numpy as np

from energy.weather_files.record import DAY_S, Record
from traces.timezones import EPOCH
from traces.workload import Finding


def add_leap_days(record: Record, step_s: int, clock_s: int, repairs: dict[str, Finding]) -> None:
    """Puts 29 February, where exactly that day is missing, into the record: 28 February again. Counted.

    `record.start_s` is in UTC, `clock_s` the offset of the file's clock from it, by which days are told.
    A day that repeats the one before has real weather of its own, which a mean of its neighbours has not.
    """
    per_day = DAY_S // step_s
    gaps = (np.flatnonzero(np.diff(record.start_s) == DAY_S + step_s) + 1).tolist()
    rows = [row for row in gaps if row >= per_day and _is_leap_day(record, row, step_s, clock_s)]
    rows = [row for row in rows if record.start_s[row - 1] - record.start_s[row - per_day] == DAY_S - step_s]
    if DAY_S % step_s or not rows:
        return
    first = (
        int(record.lines[rows[0]]),
        str(_day(int(record.start_s[rows[0] - 1]) + step_s, step_s, clock_s)),
    )
    for row in reversed(rows):
        day = slice(row - per_day, row)
        for name, values in record.columns.items():
            record.columns[name] = np.insert(values, row, values[day])
        record.start_s = np.insert(record.start_s, row, record.start_s[day] + DAY_S)
        record.lines = np.insert(record.lines, row, np.full(per_day, record.lines[row - 1]))
    repairs["leap_day"] = Finding(
        per_day * len(rows), *first, "steps of 29 February are not in the file: those of 28 February again"
    )


def _is_leap_day(record: Record, row: int, step_s: int, clock_s: int) -> bool:
    """Whether the day that is missing before a row is 29 February of the file's clock."""
    first_s = int(record.start_s[row - 1]) + step_s
    first, last = (_day(second, step_s, clock_s) for second in (first_s, first_s + DAY_S - step_s))
    return first == last and (first.month, first.day) == (2, 29)


def _day(start_s: int, step_s: int, clock_s: int) -> dt.date:
    """The day in which the middle of a step lies, by the file's clock."""
    return (EPOCH + dt.timedelta(seconds=start_s + step_s // 2 + clock_s)).date()
