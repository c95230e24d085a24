"""Checks of the generators' arguments. InputError names the argument, its value and the allowed range."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np

from traces.errors import InputError, quoted
from traces.times.timezones import find_zone, is_zone

MOST_JOBS = 10_000_000
MOST_PROCESSORS = 1_000_000
MOST_DAYS = 36_525
LEAST_LOAD, MOST_LOAD = 0.001, 10.0


def checked_integer(name: str, value: object, low: int, high: int) -> int:
    """The value as an int; InputError unless it is a whole number from low to high."""
    number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # type: ignore[operator]
        raise InputError(f"{name} is {quoted(value)}", remedy=f"give a whole number from {low} to {high}")
    return int(value)  # type: ignore[call-overload]


def checked_number(name: str, value: object, low: float, high: float) -> float:
    """The value as a float; InputError unless it is a number from low to high (NaN is none)."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type,operator]
        raise InputError(f"{name} is {quoted(value)}", remedy=f"give a number from {low:g} to {high:g}")
    return float(value)  # type: ignore[arg-type]


def checked_length(jobs: object, days: object) -> tuple[int | None, float | None]:
    """(jobs, None) or (None, days), checked. InputError unless exactly one of them is given."""
    if (jobs is None) == (days is None):
        which = "neither" if jobs is None else "both"
        raise InputError(f"give jobs or days, one of the two: {which} given")
    if jobs is not None:
        return checked_integer("jobs", jobs, 1, MOST_JOBS), None
    return None, checked_number("days", days, 1 / 24, MOST_DAYS)


def checked_load(value: object) -> float:
    """The load as a float, work per capacity (1 keeps every processor busy). InputError if out of range."""
    return checked_number("load", value, LEAST_LOAD, MOST_LOAD)


def checked_seed(value: object) -> int:
    """The seed as an int. InputError unless it is a whole number from 0 to 2^63 - 1."""
    return checked_integer("seed", value, 0, 2**63 - 1)


def check_calendar(origin_utc: datetime | None, zone: str | None) -> None:
    """InputError unless time 0 is midnight in the zone, where the daily cycle starts, or has no date."""
    if zone is not None and not is_zone(zone):
        raise InputError(
            f"zone is {quoted(zone)}", remedy="give an IANA name, like Europe/Paris, or UTC+01:00"
        )
    if origin_utc is None:
        return
    if origin_utc.utcoffset() is None:
        raise InputError(f"origin_utc is {origin_utc}, without an offset", remedy="give an aware datetime")
    local = origin_utc.astimezone(find_zone(zone or "UTC"))
    if (local.hour, local.minute, local.second, local.microsecond) != (0, 0, 0, 0):
        raise InputError(
            f"origin_utc is {origin_utc}, {local:%H:%M:%S} in {zone or 'UTC'}",
            remedy="the daily cycle starts at local midnight, give that instant",
        )
