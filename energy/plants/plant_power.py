"""Shared by solar and wind plants: checks, the power series of a plant, and its capacity factor."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import numpy as np

from energy.weather.site_weather import Weather
from traces.errors import InputError, quoted
from traces.numbers.constants import MW_PER_KW
from traces.series.power_series import PowerSeries

#: 1 TW, more than any country has.
LARGEST_KW = 1e9


def check_number(owner: str, name: str, value: object, low: float, high: float) -> float:
    """The value as float. InputError unless it is a finite number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{name} is {quoted(value)}: give a number from {low:g} to {high:g}", where=owner)
    return float(value)


def check_capacity(capacity_kw: object) -> float:
    """The capacity [kW]. InputError unless above 0 and finite."""
    value = check_number("plant", "capacity_kw", capacity_kw, 0, LARGEST_KW)
    if value == 0:
        raise InputError("plant: capacity_kw is 0: give a number above 0")
    return value


def to_series(share: np.ndarray, weather: Weather, capacity_kw: float, name: str) -> PowerSeries:
    """Power series from the share of capacity in each step (0 to 1), in whole mW, equal neighbours merged."""
    power_mw = np.rint(share * (capacity_kw * MW_PER_KW)).astype(np.int64)
    change_s = np.arange(len(power_mw), dtype=np.int64) * weather.step_s
    return PowerSeries(weather.start_utc, change_s, power_mw, weather.duration_s, name).compressed()


def capacity_factor(series: PowerSeries, capacity_kw: float) -> float:
    """Mean power of the whole series over `capacity_kw`, 0 to 1.

    >>> from datetime import UTC, datetime
    >>> hours = PowerSeries(datetime(2022, 1, 1, tzinfo=UTC), [0, 3600], [2_000_000, 0], end_s=7200)  # 2 kW, then 0
    >>> capacity_factor(hours, 4.0)
    0.25
    """
    mean_mw = series.energy_mj(0, series.end_s) / series.end_s
    return mean_mw / (check_capacity(capacity_kw) * MW_PER_KW)


def unknown(noun: str, name: object, known: Iterable[str]) -> InputError:
    """The InputError for an unknown name, with the closest known ones. noun: what the name is of."""
    names = list(known)
    text = str(name)
    lowered = {known_name.lower(): known_name for known_name in names}
    closest = [
        lowered[match] for match in difflib.get_close_matches(text.lower(), list(lowered), n=4, cutoff=0.5)
    ]
    closest += [known_name for known_name in names if text.lower() in known_name.lower()][:4] if text else []
    listed = list(dict.fromkeys(closest)) or names[:6]
    hint = "close are" if closest else f"{len(names)} are known, such as"
    return InputError(f"unknown {noun} {quoted(name)}: {hint} {', '.join(listed)}")
