"""A power series: what is available from each change to the next, and where that knowledge ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, overload

import numpy as np

from traces.errors import InputError
from traces.exact import INT64_MAX, dot_exact, scale_half_even

if TYPE_CHECKING:
    from traces.workload import ReadReport

MAX_CHANGES = 50_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class PowerSeries:
    """Power, constant from each change to the next. Here and below `mw` is milliwatts, `mj` millijoules.

    start_utc : instant of second 0, aware, whole seconds (kept in UTC)
    change_s  : (K,) int64, strictly increasing, the first is 0; seconds since `start_utc`
    power_mw  : (K,) int64 milliwatts, not negative
    end_s     : the last value holds until here; asking at or after it raises InputError
    name      : what messages call it, a file name for instance
    report    : what the reader repaired and noted; None for series made otherwise

    >>> series = PowerSeries(EPOCH, [0, 600], [5000, 0], end_s=1200)
    >>> series.at(599), series.at(600), series.energy_mj(0, 1200)
    (5000, 0, 3000000)
    """

    start_utc: datetime
    change_s: np.ndarray
    power_mw: np.ndarray
    end_s: int
    name: str = "power"
    report: ReadReport | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        change_s = _whole_numbers(self.change_s, "change_s", self.name)
        power_mw = _whole_numbers(self.power_mw, "power_mw", self.name)
        if len(change_s) != len(power_mw):
            raise InputError(
                f"{self.name}: {len(change_s)} changes but {len(power_mw)} powers: give one each"
            )
        if len(change_s) == 0:
            raise InputError(f"{self.name}: no values: a power series needs at least one")
        if change_s[0] != 0:
            raise InputError(f"{self.name}: the first change is at {change_s[0]} s: it must be at 0")
        if (np.diff(change_s) <= 0).any():
            at = int(np.flatnonzero(np.diff(change_s) <= 0)[0]) + 1
            raise InputError(
                f"{self.name}: change {at} at {change_s[at]} s is not after the one before: sort them"
            )
        if self.end_s <= change_s[-1]:
            raise InputError(
                f"{self.name}: end_s {self.end_s} must be after the last change, {change_s[-1]} s"
            )
        if (power_mw < 0).any():
            at = int(np.flatnonzero(power_mw < 0)[0])
            raise InputError(
                f"{self.name}: power {power_mw[at]} mW at {change_s[at]} s: supply is never negative"
            )
        object.__setattr__(self, "start_utc", _whole_utc(self.start_utc, self.name))
        object.__setattr__(self, "change_s", change_s)
        object.__setattr__(self, "power_mw", power_mw)
        object.__setattr__(self, "end_s", int(self.end_s))

    @classmethod
    def constant(cls, power_mw: int, end_s: int, start_utc: datetime = EPOCH, name: str = "constant"):
        """A series of one value, from `start_utc` for `end_s` seconds."""
        return cls(start_utc, np.zeros(1, np.int64), np.array([power_mw]), end_s, name)

    def __len__(self) -> int:
        """Number of values."""
        return len(self.change_s)

    def __eq__(self, other: object) -> bool:
        """Same span and same values at the same changes; name and report do not count."""
        if not isinstance(other, PowerSeries):
            return NotImplemented
        return (
            self.start_utc == other.start_utc
            and self.end_s == other.end_s
            and np.array_equal(self.change_s, other.change_s)
            and np.array_equal(self.power_mw, other.power_mw)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def end_utc(self) -> datetime:
        """The instant at which the series ends."""
        return self.start_utc + timedelta(seconds=self.end_s)

    @property
    def peak_mw(self) -> int:
        """Largest power [mW]."""
        return int(self.power_mw.max())

    def second_at(self, instant: datetime) -> int:
        """Seconds from the series' start to an aware instant; below 0 before it; any instant goes."""
        return int((_whole_utc(instant, self.name) - self.start_utc).total_seconds())

    @overload
    def at(self, t_s: int) -> int: ...
    @overload
    def at(self, t_s: np.ndarray) -> np.ndarray: ...
    def at(self, t_s):
        """Power [mW] at `t_s`: number for number, array for array. InputError outside [0, end_s)."""
        times = np.asarray(t_s)
        if times.dtype.kind not in "iu":
            raise InputError(f"{self.name}: time {t_s!r} must be whole seconds")
        outside = (times < 0) | (times >= self.end_s)
        if outside.any():
            self._refuse(int(times[outside].flat[0]) if times.ndim else int(times))
        power = self.power_mw[np.searchsorted(self.change_s, times, side="right") - 1]
        return power if times.ndim else int(power)

    def energy_mj(self, from_s: int, to_s: int) -> int:
        """Energy over [from_s, to_s) [mJ], an exact Python integer. InputError outside [0, end_s]."""
        self._check_span(from_s, to_s, allow_empty=True)
        edges = np.append(self.change_s, self.end_s)
        held_s = np.diff(np.clip(edges, from_s, to_s))
        return dot_exact(self.power_mw, held_s)

    def slice(self, from_s: int, to_s: int) -> PowerSeries:
        """The part [from_s, to_s); its second 0 is at `from_s`. InputError outside [0, end_s] or if empty."""
        self._check_span(from_s, to_s)
        first = int(np.searchsorted(self.change_s, from_s, side="right")) - 1
        last = int(np.searchsorted(self.change_s, to_s, side="left"))
        change_s = np.maximum(self.change_s[first:last] - from_s, 0)
        start_utc = self.start_utc + timedelta(seconds=int(from_s))
        return self._with(start_utc, change_s, self.power_mw[first:last], int(to_s) - int(from_s))

    def shift(self, shift_s: int) -> PowerSeries:
        """The same powers, `shift_s` seconds later on the calendar (earlier if below 0)."""
        try:
            start_utc = self.start_utc + timedelta(seconds=int(shift_s))
        except OverflowError:
            raise InputError(
                f"{self.name}: a shift by {shift_s} s leaves the calendar: shift by less"
            ) from None
        return self._with(start_utc, self.change_s, self.power_mw, self.end_s)

    def scaled(self, numerator: int, denominator: int = 1) -> PowerSeries:
        """Every power times numerator / denominator, rounded half to even to 1 mW."""
        for text, value, least in (("numerator", numerator, 0), ("denominator", denominator, 1)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise InputError(
                    f"{self.name}: scale {text} {value!r} must be a whole number of at least {least}"
                )
        power_mw = scale_half_even(self.power_mw, int(numerator), int(denominator))
        return self._with(self.start_utc, self.change_s, power_mw, self.end_s)

    def scaled_to_peak(self, peak_mw: int) -> PowerSeries:
        """Scaled so that the largest power is exactly `peak_mw`. InputError if the series is 0 everywhere."""
        if self.peak_mw == 0:
            raise InputError(
                f"{self.name}: power is 0 all the time, so it has no peak to scale: choose other columns"
            )
        return self.scaled(peak_mw, self.peak_mw)

    def compressed(self) -> PowerSeries:
        """The same power with fewer changes: neighbours of equal value become one."""
        keep = np.append(True, self.power_mw[1:] != self.power_mw[:-1])
        return self._with(self.start_utc, self.change_s[keep], self.power_mw[keep], self.end_s)

    def repeat(self, until_s: int) -> PowerSeries:
        """The series again and again, cut at `until_s` seconds from its start."""
        if until_s <= 0:
            raise InputError(f"{self.name}: repeat until {until_s} s: give a number of seconds above 0")
        times = -(-int(until_s) // self.end_s)
        if times * len(self) > MAX_CHANGES:
            raise InputError(
                f"{self.name}: repeating until {until_s} s makes more than {MAX_CHANGES} values: cut it"
            )
        starts_s = np.repeat(np.arange(times, dtype=np.int64) * self.end_s, len(self))
        change_s = np.tile(self.change_s, times) + starts_s
        whole = self._with(self.start_utc, change_s, np.tile(self.power_mw, times), times * self.end_s)
        return whole.slice(0, until_s)

    def __add__(self, other: PowerSeries) -> PowerSeries:
        """Sum on the span both have; changes are the union of theirs. InputError if they share no time."""
        if not isinstance(other, PowerSeries):
            return NotImplemented
        start_utc, end_utc = max(self.start_utc, other.start_utc), min(self.end_utc, other.end_utc)
        if start_utc >= end_utc:
            raise InputError(
                f"{self.name} ({_span(self)}) and {other.name} ({_span(other)}) share no time: shift one"
            )
        left, right = (
            part.slice(part.second_at(start_utc), part.second_at(end_utc)) for part in (self, other)
        )
        if left.peak_mw + right.peak_mw > INT64_MAX:
            raise InputError(f"{self.name} + {other.name}: power beyond 63 bits: scale them down first")
        change_s = np.union1d(left.change_s, right.change_s)
        name = f"{self.name} + {other.name}"
        return PowerSeries(start_utc, change_s, left.at(change_s) + right.at(change_s), left.end_s, name)

    def _with(
        self, start_utc: datetime, change_s: np.ndarray, power_mw: np.ndarray, end_s: int
    ) -> PowerSeries:
        return PowerSeries(start_utc, change_s, power_mw, end_s, self.name, self.report)

    def _check_span(self, from_s: int, to_s: int, allow_empty: bool = False) -> None:
        if from_s < 0 or from_s > self.end_s:
            self._refuse(from_s)
        if to_s < 0 or to_s > self.end_s:
            self._refuse(to_s)
        if to_s < from_s or (to_s == from_s and not allow_empty):
            raise InputError(
                f"{self.name}: the span from {from_s} s to {to_s} s is empty: its end must be later"
            )

    def _refuse(self, t_s: int) -> None:
        where = "before the start" if t_s < 0 else "past the end"
        raise InputError(
            f"{self.name}: {t_s} s is {where} of the series ({_span(self)}, {self.end_s} s): "
            "ask for less, or repeat() it on purpose"
        )


def total(series: Iterable[PowerSeries]) -> PowerSeries:
    """Sum of one or more series on the span they all have, neighbours of equal value merged."""
    parts = list(series)
    if not parts:
        raise InputError("the sum of no power series: give at least one")
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result.compressed()


def _whole_numbers(values: Iterable[int], what: str, name: str) -> np.ndarray:
    """A read-only int64 copy; refuses fractions rather than cutting them off."""
    array = np.array(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(
            f"{name}: {what} must be a flat list of whole numbers, got {array.dtype} {array.shape}"
        )
    array = array.astype(np.int64)
    array.setflags(write=False)
    return array


def _whole_utc(instant: datetime, name: str) -> datetime:
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise InputError(f"{name}: instant {instant!r} has no time zone: give an aware datetime")
    if instant.microsecond:
        raise InputError(
            f"{name}: instant {instant.isoformat()} has a fraction of a second: use whole seconds"
        )
    return instant.astimezone(UTC)


def _span(series: PowerSeries) -> str:
    return f"{series.start_utc:%Y-%m-%d %H:%M:%S} to {series.end_utc:%Y-%m-%d %H:%M:%S} UTC"
