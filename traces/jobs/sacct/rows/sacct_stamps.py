"""Times of sacct in columns: local without a zone, with an offset, or seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from traces.errors import quoted
from traces.times.timezones import EPOCH

#: No time: Unknown, None, or empty.
NO_TIME = np.iinfo(np.int64).min
_SILENT = frozenset({"", "Unknown", "None", "unknown", "none", "N/A", "NONE", "Invalid", "INVALID", "0"})
_LENGTH = 19
_DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
_MARKS = {4: "-", 7: "-", 13: ":", 16: ":"}
_MOST_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
#: Years that a cluster's accounts may have; others come from a damaged file.
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_FIRST_S, _LAST_S = 631152000, 7258118400


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times: (n,) int64 seconds, NO_TIME for none, and (n,) bool for those that are of UTC.

    Others are seconds of a naive calendar, to be read in the machine's zone.
    """

    seconds: np.ndarray
    in_utc: np.ndarray


class StampError(ValueError):
    """A cell that is no time: its row, and why."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row


def parse_times(cells: list[str]) -> Times:
    """The times of a column. StampError for the first that is none."""
    texts = np.array([cell[: _LENGTH + 1] for cell in cells], dtype=np.str_)
    seconds = np.full(len(cells), NO_TIME, dtype=np.int64)
    in_utc = np.zeros(len(cells), dtype=bool)
    plain = np.strings.str_len(texts) == _LENGTH
    if plain.any():
        letters = texts[plain].astype(f"<U{_LENGTH}").view(np.uint32).reshape(-1, _LENGTH)
        good, values = _plain(letters)
        rows = np.flatnonzero(plain)
        seconds[rows[good]] = values[good]
        plain[rows[~good]] = False
    for row in np.flatnonzero(~plain).tolist():
        text = cells[row].strip()
        if text not in _SILENT:
            seconds[row], in_utc[row] = _one(text, row)
    return Times(seconds, in_utc)


def _plain(letters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(which rows of code points are YYYY-MM-DDTHH:MM:SS, their seconds since 1970)."""
    digits = letters[:, _DIGITS].astype(np.int64) - ord("0")
    good = ((digits >= 0) & (digits <= 9)).all(axis=1)
    for at, mark in _MARKS.items():
        good &= letters[:, at] == ord(mark)
    good &= (letters[:, 10] == ord("T")) | (letters[:, 10] == ord(" "))
    digits[~good] = 0
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day, hour, minute, second = (digits[:, k] * 10 + digits[:, k + 1] for k in (4, 6, 8, 10, 12))
    good &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = np.where((month == 2) & ~leap, 28, _MOST_DAYS[np.where(good, month, 0)])
    good &= (day >= 1) & (day <= last) & (hour <= 23) & (minute <= 59) & (second <= 60)
    year, month, day = np.where(good, year, 1970), np.where(good, month, 1), np.where(good, day, 1)
    # Days since 1970 by the calendar that begins in March, so that leap days come last.
    shifted = year - (month <= 2)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719468
    return good, days * 86400 + hour * 3600 + minute * 60 + second


def _one(text: str, row: int) -> tuple[int, bool]:
    """(seconds, whether of UTC) of an unusual text. StampError."""
    number = text.partition(".")[0] if text.replace(".", "", 1).isdecimal() else text
    if number.isdecimal() and number.isascii():
        if len(number) <= 11 and _FIRST_S <= int(number) <= _LAST_S:
            return int(number), True
        raise StampError(
            row, f"is {quoted(text)}, seconds outside of the years {_FIRST_YEAR} to {_LAST_YEAR}"
        )
    try:
        instant = datetime.fromisoformat(text) if len(text) >= 16 else None
    except ValueError:
        instant = None
    if instant is None or not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise StampError(
            row, f"is {quoted(text)}, no time; expected such as 2024-03-01T08:15:00, or seconds since 1970"
        )
    if instant.utcoffset() is not None:
        return int((instant - EPOCH).total_seconds()), True
    return int((instant - EPOCH.replace(tzinfo=None)).total_seconds()), False
