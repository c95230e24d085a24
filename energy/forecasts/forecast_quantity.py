"""Forecast quantities with their bounds and climatology groups, and the checks of a series."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from traces.errors import InputError
from traces.numbers.constants import DAY_S


@dataclass(frozen=True, slots=True)
class Quantity:
    """Properties of one kind of series.

    floor             : lower bound of values; None: no bound (prices)
    capped            : quantiles end at the largest training value of that hour and season (powers)
    under_envelope    : values are divided by an envelope by day and hour, so that nights are exactly 0
    hours_either_side : neighbouring hours pooled with an hour in its climatology
    """

    floor: float | None
    capped: bool
    under_envelope: bool
    hours_either_side: int


QUANTITIES = {
    "wind": Quantity(0.0, True, False, 1),
    "solar": Quantity(0.0, True, True, 1),
    "supply": Quantity(0.0, True, False, 0),
    "price": Quantity(None, False, False, 0),
    "carbon": Quantity(0.0, False, False, 1),
}


def quantity_of(name: str) -> Quantity:
    """The quantity of that name; InputError lists the known ones."""
    try:
        return QUANTITIES[name]
    except (KeyError, TypeError):
        known = ", ".join(QUANTITIES)
        raise InputError(f"forecast quantity {name!r} is unknown: use one of {known}") from None


def checked_actual(actual: object, quantity: str, capacity: float | None = None) -> np.ndarray:
    """A read-only float copy of a series of means; InputError names the first wrong step."""
    kind = quantity_of(quantity)
    values = checked_series(actual, f"actual {quantity}")
    if kind.floor is not None and (values < kind.floor).any():
        step = int(np.argmax(values < kind.floor))
        raise InputError(f"actual {quantity}: {values[step]:g} at step {step} is below 0: correct the series")
    if capacity is None:
        return values
    if not isinstance(capacity, int | float | np.number) or not math.isfinite(capacity) or capacity <= 0:
        raise InputError(f"capacity {capacity!r} of {quantity}: give a number above 0")
    if values.max() > capacity:
        step = int(values.argmax())
        raise InputError(
            f"actual {quantity}: {values[step]:g} at step {step} is above the capacity {capacity:g}: "
            "give the true capacity, in the unit of the series"
        )
    return values


def checked_series(series: object, label: str) -> np.ndarray:
    """A read-only float copy of a flat series of finite numbers."""
    try:
        values = np.array(series, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("not a series of numbers: give one number for each step", where=label) from None
    if values.ndim != 1 or not len(values):
        raise InputError(f"shape {values.shape}: give a flat series of at least one step", where=label)
    if not np.isfinite(values).all():
        step = int(np.argmin(np.isfinite(values)))
        raise InputError(f"{values[step]} at step {step}: fill the gap before forecasting", where=label)
    values.setflags(write=False)
    return values


def checked_mask(train: object, length: int) -> np.ndarray:
    """Training steps as a boolean mask of the series' length; at least ten in it."""
    mask = np.asarray(train)
    if mask.dtype != bool or mask.shape != (length,):
        raise InputError(
            f"training mask of type {mask.dtype} and shape {mask.shape}: "
            f"give {length} booleans, one for each step"
        )
    if mask.sum() < 10:
        raise InputError(f"training mask has {mask.sum()} steps: give at least 10, better some months")
    return mask


def checked_count(value: object, label: str, least: int = 1) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least:
        return int(value)
    raise InputError(f"{label} {value!r}: give a whole number of at least {least}")


def checked_step_s(step_s: object) -> int:
    """A step length [s] of which a day holds a whole number."""
    length_s = checked_count(step_s, "step_s")
    if DAY_S % length_s:
        raise InputError(f"step_s {length_s}: a day must be a whole number of steps, such as 900 or 3600")
    return length_s
