"""Time stamps in text: calendar stamps with or without an offset, seconds since 1970, or parts in columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from traces.errors import InputError

DAY_S = 86400
ORDINAL_1970 = date(1970, 1, 1).toordinal()
# 8-digit dates such as 20220101 lie here; as seconds they would be a day in 1970 to 1973.
LOOKS_LIKE_A_DATE = (10**7, 10**8)
# Seconds since 1970 of 1900 and 2200: beyond, a stamp is a slip or in milliseconds.
FIRST_YEAR, LAST_YEAR = 1900, 2199
EPOCH_RANGE_S = (-2_208_988_800, 7_258_118_400)
PERIODS_PER_DAY = (24, 48, 96, 144, 288, 1440)
PART_NAMES = ("year", "month", "day", "period", "hour", "minute")

_SECONDS = re.compile(r"-?\d{1,15}(?:\.0*)?", re.ASCII)
_STAMP = re.compile(
    r"(\d{4})([-/])(\d\d)\2(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r" ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Stamps:
    """One stamp a row. `seconds`: (N,) int64 since 1970, in UTC if `in_utc`, else of a naive clock."""

    seconds: np.ndarray
    in_utc: bool


def show(utc_s: int) -> str:
    """An instant as messages print it."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(utc_s)):%Y-%m-%d %H:%M:%S} UTC"


def parse_stamps(cells: Sequence[str], lines: Sequence[int], path: object) -> Stamps:
    """Stamps of one column, all of one kind. InputError names the line of the first that is not."""
    if _SECONDS.fullmatch(cells[0]):
        return Stamps(_epoch_seconds(cells, lines, path), in_utc=True)
    days: dict[str, int] = {}
    seconds = np.empty(len(cells), np.int64)
    in_utc = None
    for i, cell in enumerate(cells):
        match = _STAMP.fullmatch(cell)
        if match is None:
            raise InputError(
                f"{path}:{lines[i]}: {cell[:40]!r} is not a time stamp: "
                "write 2022-01-31 13:00:00, with an offset (+01:00 or Z) or with zone= naming its zone"
            )
        year, separator, month, day, hour, minute, second, fraction, offset = match.groups()
        has_offset = offset is not None
        if in_utc is None:
            in_utc = has_offset
        elif in_utc != has_offset:
            raise InputError(
                f"{path}:{lines[i]}: stamp {cell!r} has {'an' if has_offset else 'no'} offset, "
                "unlike the lines above: write all stamps one way"
            )
        text = cell[:10]
        if text not in days:
            days[text] = _day(int(year), int(month), int(day), f"{path}:{lines[i]}: stamp {cell!r}")
        clock_s = _clock_s(hour, minute, second, fraction, f"{path}:{lines[i]}: stamp {cell!r}")
        seconds[i] = days[text] * DAY_S + clock_s - _offset_s(offset, f"{path}:{lines[i]}: stamp {cell!r}")
    return Stamps(seconds, bool(in_utc))


def _epoch_seconds(cells: Sequence[str], lines: Sequence[int], path: object) -> np.ndarray:
    seconds = np.empty(len(cells), np.int64)
    for i, cell in enumerate(cells):
        if not _SECONDS.fullmatch(cell):
            raise InputError(
                f"{path}:{lines[i]}: {cell[:40]!r} is not a whole number of seconds since 1970, "
                "as the lines above are: write all stamps one way"
            )
        value = int(cell.split(".")[0])
        if LOOKS_LIKE_A_DATE[0] <= value < LOOKS_LIKE_A_DATE[1]:
            raise InputError(
                f"{path}:{lines[i]}: {cell} would be seconds since 1970: if it is a date, write 2022-01-31"
            )
        if not EPOCH_RANGE_S[0] <= value < EPOCH_RANGE_S[1]:
            raise InputError(
                f"{path}:{lines[i]}: {cell} seconds since 1970 is outside {FIRST_YEAR} to {LAST_YEAR}: "
                "milliseconds? Divide them by 1000"
            )
        seconds[i] = value
    return seconds


def _day(year: int, month: int, day: int, where: str) -> int:
    """Days since 1970."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(f"{where}: year {year} is outside {FIRST_YEAR} to {LAST_YEAR}: correct it")
    try:
        return date(year, month, day).toordinal() - ORDINAL_1970
    except ValueError:
        raise InputError(f"{where}: there is no such day: correct it") from None


def _clock_s(hour: str | None, minute: str, second: str | None, fraction: str | None, where: str) -> int:
    if hour is None:
        return 0
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second or 0)
    # 24:00:00 is the end of the day, as files with stamps at the end of the interval write it.
    if int(minute) > 59 or int(second or 0) > 59 or seconds > DAY_S:
        raise InputError(f"{where}: there is no such time of day: correct it")
    if fraction and fraction.strip("0"):
        raise InputError(f"{where} has a fraction of a second: use whole seconds")
    return seconds


def _offset_s(offset: str | None, where: str) -> int:
    if offset in (None, "Z", "UTC"):
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 18 or minutes > 59:
        raise InputError(f"{where}: there is no offset {offset}: correct it")
    return (hours * 3600 + minutes * 60) * (-1 if offset[0] == "-" else 1)


def check_part_names(names: Sequence[str], path: object) -> None:
    """InputError unless the names are those that parse_parts reads."""
    given, day = {name.lower() for name in names}, {"year", "month", "day"}
    if not (given == day | {"period"} or day | {"hour"} <= given <= day | {"hour", "minute"}):
        raise InputError(
            f"{path}: time_column {','.join(names)!r}: give one column, or Year,Month,Day,Period "
            "or Year,Month,Day,Hour[,Minute]"
        )


def parse_parts(columns: dict[str, list[str]], lines: Sequence[int], path: object, stamp: str) -> Stamps:
    """Naive stamps from columns Year, Month, Day, and Period (1, 2, ... in the day) or Hour (and Minute)."""
    parts = {name.lower(): cells for name, cells in columns.items()}
    numbers = {name: _whole(cells, lines, name, path) for name, cells in parts.items()}
    days: dict[tuple[int, int, int], int] = {}
    day_s = np.empty(len(lines), np.int64)
    year, month, day = (numbers[name].tolist() for name in ("year", "month", "day"))
    for i, key in enumerate(zip(year, month, day, strict=True)):
        if key not in days:
            days[key] = _day(*key, f"{path}:{lines[i]}: {key[0]}-{key[1]}-{key[2]}")
        day_s[i] = days[key] * DAY_S
    if "period" in numbers:
        return Stamps(day_s + _period_s(numbers["period"], lines, path, stamp), in_utc=False)
    hour, minute = numbers["hour"], numbers.get("minute", np.zeros(len(lines), np.int64))
    bad = np.flatnonzero((hour < 0) | (minute < 0) | (minute > 59) | (hour * 60 + minute > 1440))
    if len(bad):
        raise InputError(f"{path}:{lines[bad[0]]}: no such time of day: Hour runs 0 to 24, Minute 0 to 59")
    return Stamps(day_s + hour * 3600 + minute * 60, in_utc=False)


def _period_s(period: np.ndarray, lines: Sequence[int], path: object, stamp: str) -> np.ndarray:
    if stamp != "start":
        raise InputError(
            f"{path}: Period names the interval itself, 1 being the day's first: leave stamp='start'"
        )
    count = int(period.max())
    if count not in PERIODS_PER_DAY:
        raise InputError(
            f"{path}: the largest Period is {count}, not one of {PERIODS_PER_DAY}: "
            "how long a period lasts is unclear, so write stamps"
        )
    low = np.flatnonzero(period < 1)
    if len(low):
        raise InputError(f"{path}:{lines[low[0]]}: Period {period[low[0]]}: periods count from 1")
    return (period - 1) * (DAY_S // count)


def _whole(cells: Sequence[str], lines: Sequence[int], name: str, path: object) -> np.ndarray:
    for i, cell in enumerate(cells):
        if not re.fullmatch(r"\d{1,4}", cell, re.ASCII):
            raise InputError(f"{path}:{lines[i]}: {name} {cell[:40]!r} is not a whole number: correct it")
    return np.array(cells).astype(np.int64)
