"""Times in several columns: a date and the number of a settlement period, an hour, or a clock time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta, tzinfo

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.numbers.constants import DAY_S, HOUR_S
from traces.times.stamps import Stamps, day_number, parse_stamps
from traces.times.timezones import EPOCH, day_begins, readings_of

PERIODS_PER_DAY = (24, 48, 96, 144, 288, 1440)
INTERVALS_PER_HOUR = (2, 3, 4, 6, 12, 60)
STAMP = "stamp"
"""The role of a single column of whole stamps."""

# Letters of a column's name in lower case, by what the column holds.
ROLES = {
    "year": ("year", "jahr"),
    "month": ("month", "monat"),
    "day": ("day", "tag"),
    "date": (
        "date", "datum", "settlementdate", "deliverydate", "deliveryday", "tradedate", "tradingdate",
        "operatingdate", "operatingday", "oprdt", "oprdate",
    ),
    "period": ("period", "settlementperiod", "sp", "tradingperiod", "deliveryperiod"),
    "hour_ending": ("hourending", "hourend", "he"),
    "hour": ("hour", "hr", "stunde", "oprhr", "deliveryhour"),
    "interval": ("interval", "oprinterval", "deliveryinterval"),
    "minute": ("minute",),
    "time": ("time", "uhrzeit", "zeit", "starttime", "anfang", "von"),
}  # fmt: skip
_DAYS = ({"date"}, {"year", "month", "day"})
_TIMES: tuple[set[str], ...] = (
    {"period"}, {"hour_ending"}, {"hour"}, {"hour", "minute"}, {"hour", "interval"},
    {"hour_ending", "interval"}, {"time"}, set(),
)  # fmt: skip
_HOUR = re.compile(r"(\d{1,2})(?::00(?::00)?)?", re.ASCII)


def role_of(name: str) -> str | None:
    """Role of a column by its name, such as date for `Settlement Date`; None for other names."""
    letters = re.sub(r"[^a-z]", "", re.sub(r"[\[(].*?[\])]", "", name.lower()))
    return next((role for role, names in ROLES.items() if letters in names), None)


def check_roles(roles: Sequence[str], time_column: str, path: object) -> None:
    """InputError unless the columns together determine a time."""
    known = [day | time for day in _DAYS for time in _TIMES if day != {"date"} or time]
    if len(set(roles)) < len(roles) or set(roles) not in known:
        raise InputError(
            f"time_column {time_column!r}: give one column, or Year,Month,Day,Period or "
            "Year,Month,Day,Hour[,Minute], or say what each column is: date=NAME,period=NAME "
            "(date, year, month, day",
            where=path,
            remedy="period, hour, hour_ending, interval, minute, time)",
        )


class ClockParts:
    """The columns of a time by role, with file and lines for messages.

    parts : role -> cells; `stamp` is 'start' or 'end' as declared; zone: of the clock, None: not known
    """

    def __init__(
        self,
        parts: dict[str, list[str]],
        lines: Sequence[int],
        path: object,
        stamp: str,
        zone: tzinfo | None,
        date_order: str | None,
    ):
        self.parts = parts
        self.lines = lines
        self.path = path
        self.stamp = stamp
        self.zone = zone
        self.date_order = date_order

    def stamps(self) -> tuple[Stamps, str]:
        """(stamps, whether they name the 'start' or the 'end' of their step).

        Numbered periods come in UTC: local midnight in UTC and (n - 1) steps, on days of any length. Other
        stamps are of a naive clock.
        """
        if "time" in self.parts:
            return self._joined(), self.stamp
        dates = self._dates()
        if "period" in self.parts:
            return self._periods(dates), "start"
        if "hour" not in self.parts and "hour_ending" not in self.parts:
            return dates, self.stamp
        return self._hours(dates)

    def _where(self, row: int) -> str:
        return f"{self.path}:{self.lines[row]}"

    def _joined(self) -> Stamps:
        texts = self._date_texts()
        cells = [f"{date} {time}" for date, time in zip(texts, self.parts["time"], strict=True)]
        return parse_stamps(cells, self.lines, self.path, self.date_order, declarable=True)

    def _date_texts(self) -> list[str]:
        if "date" in self.parts:
            return self.parts["date"]
        columns = (self.parts[role] for role in ("year", "month", "day"))
        return [f"{year}-{month:0>2}-{day:0>2}" for year, month, day in zip(*columns, strict=True)]

    def _dates(self) -> Stamps:
        """Midnights of the naive clock."""
        if "date" in self.parts:
            cells = self.parts["date"]
            if re.fullmatch(r"\d{8}", cells[0], re.ASCII):
                cells = [f"{cell[:4]}-{cell[4:6]}-{cell[6:]}" for cell in cells]
            stamps = parse_stamps(cells, self.lines, self.path, self.date_order, declarable=True)
            late = np.flatnonzero(stamps.seconds % DAY_S != 0)
            if len(late):
                row = int(late[0])
                raise InputError(
                    f"{self.parts['date'][row]!r} is no plain date: "
                    "take it alone as time_column, or write dates",
                    where=self._where(row),
                )
            return stamps
        days: dict[tuple[int, int, int], int] = {}
        day_s = np.empty(len(self.lines), np.int64)
        year, month, day = (self._whole(role).tolist() for role in ("year", "month", "day"))
        for row, key in enumerate(zip(year, month, day, strict=True)):
            if key not in days:
                days[key] = day_number(*key, f"{self._where(row)}: {key[0]}-{key[1]}-{key[2]}")
            day_s[row] = days[key] * DAY_S
        return Stamps(day_s, in_utc=False, dates_only=True)

    def _periods(self, dates: Stamps) -> Stamps:
        if self.stamp != "start":
            raise InputError(
                "Period names the interval itself, 1 being the day's first",
                where=self.path,
                remedy=Phrase("leave ", Parameter("stamp", "start")),
            )
        period = self._whole("period")
        low = np.flatnonzero(period < 1)
        if len(low):
            raise InputError(f"Period {period[low[0]]}: periods count from 1", where=self._where(low[0]))
        return self._numbered(dates, period, "Period", None)

    def _numbered(self, dates: Stamps, number: np.ndarray, noun: str, step_s: int | None) -> Stamps:
        """Stamps in UTC of the `number`-th step of each day; the step by the largest number of each day."""
        if self.zone is None:
            raise InputError(
                f"{noun} {number[0]} has no offset",
                where=self._where(0),
                remedy=Phrase(
                    "name its zone, such as ",
                    Parameter("zone", "UTC"),
                    " or ",
                    Parameter("zone", "Europe/London"),
                ),
            )
        day_s, day = np.unique(dates.seconds, return_inverse=True)
        begin_s = day_begins(np.append(day_s, day_s + DAY_S), self.zone)
        begin_s, length_s = begin_s[: len(day_s)], begin_s[len(day_s) :] - begin_s[: len(day_s)]
        largest_number = np.zeros(len(day_s), np.int64)
        np.maximum.at(largest_number, day, number)
        steps_s = (
            self._steps_s(largest_number, length_s, noun) if step_s is None else np.full(len(day_s), step_s)
        )
        beyond = np.flatnonzero(number * steps_s[day] > length_s[day])
        if len(beyond):
            row = int(beyond[0])
            i_day, day_step_s = int(day[row]), int(steps_s[day[row]])
            date = EPOCH + timedelta(seconds=int(day_s[i_day]))
            raise InputError(
                f"{noun} {number[row]} on {date:%Y-%m-%d}, a day of {length_s[i_day] / HOUR_S:g} hours and "
                f"{length_s[i_day] // day_step_s} steps in {self.zone}",
                where=self._where(row),
                remedy=Phrase(
                    f"correct it, or if every day has {DAY_S // day_step_s}, name a zone without clock "
                    f"changes, such as ",
                    Parameter("zone", "UTC"),
                ),
            )
        return Stamps(begin_s[day] + (number - 1) * steps_s[day], True, dates.date_order, dates.order_row)

    def _steps_s(self, largest_number: np.ndarray, length_s: np.ndarray, noun: str) -> np.ndarray:
        """(D,) the step of each day by its largest number; an incomplete day takes that of the day before."""
        steps_s = np.where(length_s % largest_number == 0, length_s // largest_number, 0)
        steps_s[~np.isin(steps_s, [DAY_S // count for count in PERIODS_PER_DAY])] = 0
        if not steps_s.any():
            largest = int(largest_number.max())
            if largest not in PERIODS_PER_DAY:
                raise InputError(
                    f"the largest {noun} is {largest}, not one of {PERIODS_PER_DAY}: "
                    "how long a period lasts is unclear, so write stamps",
                    where=self.path,
                )
            return np.full(len(largest_number), DAY_S // largest)
        # A day that looks coarser than the days around it, or than its one neighbour, has lost its evening.
        while len(part := _incomplete(steps_s)):
            steps_s[part] = 0
        known = np.flatnonzero(steps_s)
        last_known = np.maximum.accumulate(np.where(steps_s > 0, np.arange(len(steps_s)), known[0]))
        return steps_s[last_known]

    def _hours(self, dates: Stamps) -> tuple[Stamps, str]:
        """(stamps, whether they name the 'start' or the 'end' of their step) from hours and minutes."""
        ends = "hour_ending" in self.parts or "interval" in self.parts
        role = "hour_ending" if "hour_ending" in self.parts else "hour"
        hour = self._hour_numbers(role)
        minute = self._whole("minute") if "minute" in self.parts else np.zeros(len(hour), np.int64)
        bad = np.flatnonzero((hour < ends) | (hour > 25) | (minute > 59) | (hour * 60 + minute > 1500))
        if len(bad):
            span = "1 to 24, or 25 where clocks go back" if ends else "0 to 24"
            raise InputError(
                f"no such time of day: Hour runs {span}, Minute 0 to 59", where=self._where(bad[0])
            )
        if not ends and hour.min() >= 1 and not minute.any() and (hour.max() >= 24 or self.stamp == "end"):
            ends = self._hours_name_ends()
        if not ends:
            late = np.flatnonzero(hour * 60 + minute > 1440)
            if len(late):
                raise InputError("no such time of day: Hour runs 0 to 24", where=self._where(late[0]))
            return self._naive(dates, hour * HOUR_S + minute * 60), self.stamp
        if "interval" not in self.parts and self._counts_hours(dates, hour):
            return self._numbered(dates, hour, "Hour", HOUR_S), "start"
        late = np.flatnonzero(hour > 24)
        if len(late):
            raise InputError("no such time of day: Hour runs 1 to 24", where=self._where(late[0]))
        begins = self._naive(dates, (hour - 1) * HOUR_S + self._within_hour())
        if "interval" not in self.parts:
            ends_at = self._naive(dates, hour * HOUR_S)
            if not self._fits(begins) and self._fits(ends_at):
                return ends_at, "end"
        return begins, "start"

    def _fits(self, stamps: Stamps) -> bool:
        """Whether each stamp is a time of the clock, there once unless the clock shows it twice.

        On days of clock changes this tells an hour's number after midnight, as markets write it, from what
        the clock shows as the hour ends.
        """
        if self.zone is None:
            return True
        times = readings_of(stamps.seconds, self.zone)
        _, row, counts = np.unique(stamps.seconds, return_inverse=True, return_counts=True)
        return not (times.nonexistent | ((counts[row] > 1) & (times.transition < 0))).any()

    def _hours_name_ends(self) -> bool:
        if self.stamp == "start":
            raise InputError(
                "Hour runs from 1 to 24, so each names the end of its hour",
                where=self.path,
                remedy=Phrase("declare ", Parameter("stamp", "end")),
            )
        return True

    def _counts_hours(self, dates: Stamps, hour: np.ndarray) -> bool:
        """Whether hours are counted through (25 in autumn, 23 in spring) and are not the clock's own."""
        if hour.max() > 24:
            return True
        if self.zone is None:
            return False
        day_s, day = np.unique(dates.seconds, return_inverse=True)
        begin_s = day_begins(np.append(day_s, day_s[-1] + DAY_S), self.zone)
        short = np.flatnonzero(np.diff(begin_s) == 23 * HOUR_S)
        return any(set(hour[day == short_day].tolist()) == set(range(1, 24)) for short_day in short.tolist())

    def _within_hour(self) -> np.ndarray:
        if "interval" not in self.parts:
            return np.zeros(len(self.lines), np.int64)
        interval = self._whole("interval")
        count = int(interval.max())
        if count not in INTERVALS_PER_HOUR or interval.min() < 1:
            raise InputError(
                f"intervals of an hour run from {interval.min()} to {count}: "
                f"they must run from 1 to one of {INTERVALS_PER_HOUR}",
                where=self.path,
            )
        return (interval - 1) * (HOUR_S // count)

    def _hour_numbers(self, role: str) -> np.ndarray:
        cells = self.parts[role]
        numbers = np.empty(len(cells), np.int64)
        for row, cell in enumerate(cells):
            match = _HOUR.fullmatch(cell)
            if match is None:
                raise InputError(
                    f"{role} {cell[:40]!r} is not a whole number: correct it", where=self._where(row)
                )
            numbers[row] = int(match[1])
        return numbers

    def _whole(self, role: str) -> np.ndarray:
        cells = self.parts[role]
        for row, cell in enumerate(cells):
            if not re.fullmatch(r"\d{1,4}", cell, re.ASCII):
                raise InputError(
                    f"{role} {cell[:40]!r} is not a whole number: correct it", where=self._where(row)
                )
        return np.array(cells).astype(np.int64)

    @staticmethod
    def _naive(dates: Stamps, clock_s: np.ndarray) -> Stamps:
        return Stamps(dates.seconds + clock_s, False, dates.date_order, dates.order_row)


def _incomplete(steps_s: np.ndarray) -> np.ndarray:
    """Days of a coarser step between finer ones, or at an end of the file beside one finer day."""
    known = np.flatnonzero(steps_s)
    if len(known) < 2:
        return known[:0]
    runs = np.split(known, np.flatnonzero(np.diff(steps_s[known])) + 1)
    steps = [int(steps_s[run[0]]) for run in runs]
    for place, run in enumerate(runs):
        before = steps[place - 1] if place else None
        after = steps[place + 1] if place + 1 < len(runs) else None
        finer = [step for step in (before, after) if step is not None and step < steps[place]]
        if len(finer) == 2 or (len(finer) == 1 and len(run) == 1 and None in (before, after)):
            return run
    return known[:0]
