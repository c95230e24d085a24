"""Grid events (calls of a demand-response programme) drawn at random: at most one a day, independent by day.

Every draw is a hash of the seed and the day, so a longer run has the earlier events of a shorter one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy.hash_noise import key_of, uniforms

HOUR_S = 3600
DAY_S = 86400
MINUTE_S = 60
_DAYS_OF_YEAR = 365.25
_MONDAY_TO_FRIDAY = 5


@dataclass(frozen=True, slots=True)
class EventTerms:
    """When events may be called, how long and how deep they are.

    per_year   : how many a year on average
    hours      : hours of the day that they lie in [h]; months : 1 to 12, none: all
    weekdays   : Monday to Friday alone
    duration_h : drawn evenly between the two [h]; depth : share of the draw, drawn evenly between the two
    """

    per_year: float
    hours: tuple[float, float]
    duration_h: tuple[float, float]
    depth: tuple[float, float]
    months: tuple[int, ...] = ()
    weekdays: bool = False
    seed: int = 0

    @property
    def daily_chance(self) -> float:
        """Chance of an event on a day on which there may be one; above 1: they do not fit."""
        days = np.arange("2001-01-01", "2029-01-01", dtype="datetime64[D]")  # all calendars there are
        share = float(self.may_fall(days).mean())
        return self.per_year / (_DAYS_OF_YEAR * share) if share else float("inf")

    def may_fall(self, days: np.ndarray) -> np.ndarray:
        """(D,) bool: whether there may be an event on these days (datetime64[D])."""
        may = np.ones(len(days), dtype=bool)
        if self.months:
            month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
            may &= np.isin(month, self.months)
        if self.weekdays:
            since_monday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
            may &= since_monday < _MONDAY_TO_FRIDAY
        return may


@dataclass(frozen=True, slots=True)
class RandomEvents:
    """Events by start. All arrays are (K,) int64; starts count from 1970-01-01 00:00 of the local clock."""

    start_s: np.ndarray
    duration_s: np.ndarray
    depth_per_mille: np.ndarray


def random_events(terms: EventTerms, first_s: int, last_s: int) -> RandomEvents:
    """The events of the local days from that of `first_s` to that of `last_s`, both included.

    Starts and durations are whole minutes.
    """
    day = np.arange(first_s // DAY_S, last_s // DAY_S + 1)
    chosen = uniforms(key_of("grid event", "call", terms.seed), day) < terms.daily_chance
    day = day[chosen & terms.may_fall(day.astype("datetime64[D]"))]
    at, length, share = (
        uniforms(key_of("grid event", what, terms.seed), day) for what in ("start", "duration", "depth")
    )
    duration_s = _between(terms.duration_h, length) * HOUR_S // MINUTE_S * MINUTE_S
    first, last = (hour * HOUR_S for hour in terms.hours)
    start_s = (first + at * (last - first - duration_s)) // MINUTE_S * MINUTE_S
    depth = np.rint(_between(terms.depth, share) * 1000)
    whole = (day * DAY_S + start_s, np.maximum(duration_s, MINUTE_S), np.maximum(depth, 1))
    return RandomEvents(*(column.astype(np.int64) for column in whole))


def _between(ends: tuple[float, float], chance: np.ndarray) -> np.ndarray:
    return ends[0] + chance * (ends[1] - ends[0])
