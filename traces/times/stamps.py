"""Time stamps in text: calendar stamps with or without an offset, or seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.numbers.constants import DAY_S

ORDINAL_1970 = date(1970, 1, 1).toordinal()
# 8-digit dates such as 20220101 lie here; as seconds they would be a day in 1970 to 1973.
LOOKS_LIKE_A_DATE = (10**7, 10**8)
# Seconds since 1970 of 1900 and 2200: beyond, a stamp is a slip or in milliseconds.
FIRST_YEAR, LAST_YEAR = 1900, 2199
EPOCH_RANGE_S = (-2_208_988_800, 7_258_118_400)
DATE_ORDERS = ("day-first", "month-first")

_SECONDS = re.compile(r"-?\d{1,15}(?:\.0*)?", re.ASCII)
_COMPACT = re.compile(
    r"(?:19|20|21)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?"
)
_TIME = r"(?:[T ] ?(\d\d?)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?: ?([AaPp])\.?[Mm]\.?)?)?"
_ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}
_OFFSET = rf" ?\(?(Z|[+-]\d\d(?::?\d\d)?|{'|'.join(_ZONES)})?\)?"
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d\d)\2(\d\d)" + _TIME + _OFFSET, re.ASCII)
_YEAR_LAST = re.compile(r"(\d\d?)([-/.])(\d\d?)\2(\d{4})" + _TIME + _OFFSET, re.ASCII)
_NAMED_MONTH = re.compile(r"(\d\d?)([- /])([A-Za-z]{3,9})\2(\d{4})" + _TIME + _OFFSET, re.ASCII)
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})( )(\d\d?), ?(\d{4}),?" + _TIME + _OFFSET, re.ASCII)
_PATTERNS = (_YEAR_FIRST, _YEAR_LAST, _NAMED_MONTH, _MONTH_FIRST)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stamps:
    """One stamp a row. `seconds`: (N,) int64 since 1970, in UTC if `in_utc`, else of a naive clock.

    date_order : the order of day and month that some stamps proved, None where nothing had to be proved
    order_row  : the first row that proves it
    dates_only : no stamp has a time of day
    """

    seconds: np.ndarray
    in_utc: bool
    date_order: str | None = None
    order_row: int = 0
    dates_only: bool = False


ShowTime = Callable[[int], str]
"""How a message prints a time given in seconds since 1970."""


def show(utc_s: int) -> str:
    """An instant, in seconds since 1970 UTC, as text for messages."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(utc_s)):%Y-%m-%d %H:%M:%S} UTC"


def counts_seconds(cells: Sequence[str]) -> bool:
    """Whether a column holds plain numbers, which are seconds since 1970 unless declared otherwise."""
    return bool(_SECONDS.fullmatch(cells[0]))


def is_plain_date(cell: str) -> bool:
    """Whether a cell is a date without a time of day."""
    match = _match(cell)
    return match is not None and match[5] is None


def is_whole_stamp(cell: str) -> bool:
    """Whether a cell is a date with a time of day, or a range of such."""
    match = _match(_beginning(cell))
    return match is not None and match[5] is not None


def _match(cell: str) -> re.Match[str] | None:
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(cell):
            return match
    return None


def parse_stamps(
    cells: Sequence[str],
    lines: Sequence[int],
    path: object,
    date_order: str | None = None,
    *,
    declarable: bool = False,
) -> Stamps:
    """Stamps of one column, all of one kind. InputError names the line of the first that is not.

    A range, `from - to`, counts by its beginning. Of 01/02/2022 the order of day and month is `date_order`,
    else the one that another row proves.
    declarable : whether the caller has arguments date_order and zone that a message may ask for
    """
    if counts_seconds(cells):
        return Stamps(_epoch_seconds(cells, lines, path), in_utc=True)
    if " - " in cells[0]:
        cells = [_beginning(cell) for cell in cells]
    pattern = next((candidate for candidate in _PATTERNS if candidate.fullmatch(cells[0])), None)
    order: str | None = date_order
    order_row: int | None = None
    if pattern is _YEAR_LAST and order is None:
        order, order_row = _find_order(cells, lines, path, declarable)
    days: dict[tuple[str, str, str], int] = {}
    seconds = np.empty(len(cells), np.int64)
    in_utc = None
    dates_only = True
    for i, cell in enumerate(cells):
        match = pattern.fullmatch(cell) if pattern is not None else None
        if match is None:
            raise _no_stamp(cell, f"{path}:{lines[i]}", pattern is not None and i > 0, declarable)
        first, _, second, third, hour, minute, second_s, fraction, meridiem, offset = match.groups()
        has_offset = offset is not None
        if in_utc is None:
            in_utc = has_offset
        elif in_utc != has_offset:
            raise InputError(
                f"stamp {cell!r} has {'an' if has_offset else 'no'} offset, "
                "unlike the lines above: write all stamps one way",
                where=f"{path}:{lines[i]}",
            )
        key = (first, second, third)
        where = f"{path}:{lines[i]}: stamp {cell!r}"
        if key not in days:
            days[key] = day_number(*_year_month_day(key, pattern, order, where), where)
        dates_only &= hour is None
        clock_s = _clock_s(hour, minute, second_s, fraction, meridiem, where)
        seconds[i] = days[key] * DAY_S + clock_s - _offset_s(offset, where)
    inferred = order if order_row is not None else None
    return Stamps(seconds, bool(in_utc), inferred, order_row or 0, dates_only)


def _beginning(cell: str) -> str:
    first, dash, last = cell.partition(" - ")
    return first.strip() if dash and last.strip()[:1].isdigit() else cell


def _no_stamp(cell: str, where: str, others_fit: bool, declarable: bool) -> InputError:
    """The InputError for a cell that is no time stamp."""
    if others_fit:
        problem = f"{cell[:40]!r} is not a time stamp like those above"
        return InputError(problem, where=where, remedy="write all stamps one way")
    zone = Phrase("with ", Parameter("zone"), " naming its zone") if declarable else "seconds as a number"
    remedy = Phrase("write 2022-01-31 13:00:00, with an offset (+01:00 or Z) or ", zone)
    return InputError(f"{cell[:40]!r} is not a time stamp", where=where, remedy=remedy)


def _find_order(
    cells: Sequence[str], lines: Sequence[int], path: object, declarable: bool
) -> tuple[str, int | None]:
    """(order of day and month, the row that proves it; None with dots) of dates with the year last."""
    proof: dict[str, int] = {}
    texts: set[str] = set()
    for row, cell in enumerate(cells):
        text = cell[:10]
        if text in texts:
            continue
        texts.add(text)
        match = _YEAR_LAST.fullmatch(cell)
        if match is None:
            continue  # refused with its line by the caller
        if match[2] == ".":
            return "day-first", None  # with dots the day is first everywhere
        if int(match[1]) > 12:
            proof.setdefault("day-first", row)
        if int(match[3]) > 12:
            proof.setdefault("month-first", row)
    if len(proof) == 1:
        return next(iter(proof.items()))
    if proof:
        row = max(proof.values())
        raise InputError(
            f"{cells[row]!r} has day and month in another order than "
            f"{cells[min(proof.values())]!r} above: write 2022-01-31 throughout",
            where=f"{path}:{lines[row]}",
        )
    order = Parameter("date_order", ("day-first", "month-first"))
    raise InputError(
        f"{cells[0]!r} is not a time stamp that means one day only, and no other row tells day from month",
        where=f"{path}:{lines[0]}",
        remedy=Phrase("declare ", order) if declarable else "write 2022-02-01",
    )


def _year_month_day(
    key: tuple[str, str, str], pattern: re.Pattern[str] | None, order: str | None, where: str
) -> tuple[int, int, int]:
    if pattern is _YEAR_FIRST:
        return int(key[0]), int(key[1]), int(key[2])
    if pattern is _YEAR_LAST:
        day, month = (key[0], key[1]) if order == "day-first" else (key[1], key[0])
        return int(key[2]), int(month), int(day)
    if pattern is _MONTH_FIRST:
        key = (key[1], key[0], key[2])
    for number, name in enumerate(_MONTHS, start=1):
        if key[1].lower() in (name, name[:3]) or (name == "september" and key[1].lower() == "sept"):
            return int(key[2]), number, int(key[0])
    raise InputError(f"there is no month {key[1]!r}: write 2022-01-31, or Jan to Dec", where=where)


def _epoch_seconds(cells: Sequence[str], lines: Sequence[int], path: object) -> np.ndarray:
    """(N,) int64 seconds since 1970. InputError for a cell that is another number or a date."""
    seconds = np.empty(len(cells), np.int64)
    for i, cell in enumerate(cells):
        if not _SECONDS.fullmatch(cell):
            raise InputError(
                f"{cell[:40]!r} is not a whole number of seconds since 1970, "
                "as the lines above are: write all stamps one way",
                where=f"{path}:{lines[i]}",
            )
        value = int(cell.split(".")[0])
        if _COMPACT.fullmatch(cell):
            raise InputError(
                f"{cell} is a date without separators: write it as 2022-01-31 13:00",
                where=f"{path}:{lines[i]}",
            )
        if LOOKS_LIKE_A_DATE[0] <= value < LOOKS_LIKE_A_DATE[1]:
            raise InputError(
                f"{cell} would be seconds since 1970: if it is a date, write 2022-01-31",
                where=f"{path}:{lines[i]}",
            )
        if not EPOCH_RANGE_S[0] <= value < EPOCH_RANGE_S[1]:
            raise InputError(
                f"{cell} seconds since 1970 is outside {FIRST_YEAR} to {LAST_YEAR}: "
                "milliseconds? Divide them by 1000",
                where=f"{path}:{lines[i]}",
            )
        seconds[i] = value
    return seconds


def day_number(year: int, month: int, day: int, where: str) -> int:
    """Days since 1970."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(f"year {year} is outside {FIRST_YEAR} to {LAST_YEAR}: correct it", where=where)
    try:
        return date(year, month, day).toordinal() - ORDINAL_1970
    except ValueError:
        raise InputError("there is no such day: correct it", where=where) from None


def _clock_s(
    hour: str | None, minute: str | None, second: str | None, fraction: str | None, meridiem: str | None,
    where: str,
) -> int:  # fmt: skip
    """Seconds of the day of a clock time, 24:00 included. InputError for no such time."""
    if hour is None:
        return 0
    hours = int(hour)
    if meridiem is not None:
        if not 1 <= hours <= 12:
            raise InputError("there is no such time of day: correct it", where=where)
        hours = hours % 12 + (12 if meridiem in "Pp" else 0)
    seconds = hours * 3600 + int(minute or 0) * 60 + int(second or 0)
    # 24:00:00 is the end of the day, as files with stamps at the end of the interval write it.
    if int(minute or 0) > 59 or int(second or 0) > 59 or seconds > DAY_S:
        raise InputError("there is no such time of day: correct it", where=where)
    if fraction and fraction.strip("0"):
        raise InputError(f"{where} has a fraction of a second: use whole seconds")
    return seconds


def _offset_s(offset: str | None, where: str) -> int:
    """Offset from UTC [s] of a stamp's suffix, 0 for None. InputError for an impossible one."""
    if offset is None:
        return 0
    if offset in _ZONES:
        return _ZONES[offset] * 3600
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 18 or minutes > 59:
        raise InputError(f"there is no offset {offset}: correct it", where=where)
    return (hours * 3600 + minutes * 60) * (-1 if offset[0] == "-" else 1)
