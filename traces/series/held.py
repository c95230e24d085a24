"""Base of all series: a value held from each change to the next, up to an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, overload

import numpy as np

from traces.errors import InputError
from traces.numbers.exact import INT64_MAX, dot_exact, largest_abs, scale_half_even

if TYPE_CHECKING:
    from traces.read_report import ReadReport

MAX_CHANGES = 50_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HeldSeries:
    """Base of PowerSeries and RateSeries, which name the column of values and what it means.

    A subclass is a frozen dataclass with `start_utc`, `change_s`, the column named by COLUMN, `end_s`, `name`
    and `report`; its __post_init__ calls `_settle`.
    """

    __slots__ = ()
    COLUMN: ClassVar[str]
    NOUN: ClassVar[str]

    start_utc: datetime
    change_s: np.ndarray
    end_s: int
    name: str
    report: ReadReport | None

    @property
    def values(self) -> np.ndarray:
        """(K,) int64: the column named by COLUMN, in the series' unit."""
        return getattr(self, self.COLUMN)

    def __len__(self) -> int:
        """Number of values."""
        return len(self.change_s)

    def __eq__(self, other: object) -> bool:
        """Same span and same values at the same changes; name and report do not count."""
        if not isinstance(other, type(self)):
            return NotImplemented
        self._check_alike(other)
        return (
            self.start_utc == other.start_utc
            and self.end_s == other.end_s
            and np.array_equal(self.change_s, other.change_s)
            and np.array_equal(self.values, other.values)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def end_utc(self) -> datetime:
        """The instant at which the series ends."""
        return self.start_utc + timedelta(seconds=self.end_s)

    @property
    def span(self) -> str:
        """The first and the last instant of the series, as messages print them."""
        return f"{self.start_utc:%Y-%m-%d %H:%M:%S} to {self.end_utc:%Y-%m-%d %H:%M:%S} UTC"

    def second_at(self, instant: datetime) -> int:
        """Seconds from the series' start to an aware instant, which may lie outside; negative before it."""
        return int((whole_utc(instant, self.name) - self.start_utc).total_seconds())

    @overload
    def at(self, t_s: int) -> int: ...
    @overload
    def at(self, t_s: np.ndarray) -> np.ndarray: ...
    def at(self, t_s):
        """The value at `t_s`: number for number, array for array. InputError outside [0, end_s)."""
        times = np.asarray(t_s)
        if times.dtype.kind not in "iu":
            raise InputError(f"time {t_s!r} must be whole seconds", where=self.name)
        outside = (times < 0) | (times >= self.end_s)
        if outside.any():
            self._refuse(int(times[outside].flat[0]) if times.ndim else int(times))
        value = self.values[np.searchsorted(self.change_s, times, side="right") - 1]
        return value if times.ndim else int(value)

    def slice(self, from_s: int, to_s: int) -> Self:
        """The part [from_s, to_s); its second 0 is at `from_s`. InputError outside [0, end_s] or if empty."""
        self._check_span(from_s, to_s)
        first = int(np.searchsorted(self.change_s, from_s, side="right")) - 1
        last = int(np.searchsorted(self.change_s, to_s, side="left"))
        change_s = np.maximum(self.change_s[first:last] - from_s, 0)
        start_utc = self.start_utc + timedelta(seconds=int(from_s))
        return self._with(start_utc, change_s, self.values[first:last], int(to_s) - int(from_s))

    def shift(self, shift_s: int) -> Self:
        """The same values, `shift_s` seconds later on the calendar (earlier if below 0)."""
        try:
            start_utc = self.start_utc + timedelta(seconds=int(shift_s))
        except OverflowError:
            raise InputError(
                f"a shift by {shift_s} s leaves the calendar: shift by less", where=self.name
            ) from None
        return self._with(start_utc, self.change_s, self.values, self.end_s)

    def scaled(self, numerator: int, denominator: int = 1) -> Self:
        """Every value times numerator / denominator, rounded half to even to whole units of the series."""
        for text, value, least in (("numerator", numerator, 0), ("denominator", denominator, 1)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise InputError(
                    f"scale {text} {value!r} must be a whole number of at least {least}", where=self.name
                )
        values = scale_half_even(self.values, int(numerator), int(denominator))
        return self._with(self.start_utc, self.change_s, values, self.end_s)

    def compressed(self) -> Self:
        """The same series with fewer changes: neighbours of equal value become one."""
        keep = np.append(True, self.values[1:] != self.values[:-1])
        return self._with(self.start_utc, self.change_s[keep], self.values[keep], self.end_s)

    def repeat(self, until_s: int) -> Self:
        """The series repeated end to end, cut at `until_s` seconds from its start."""
        if until_s <= 0:
            raise InputError(f"repeat until {until_s} s: give a number of seconds above 0", where=self.name)
        times = -(-int(until_s) // self.end_s)
        if times * len(self) > MAX_CHANGES:
            raise InputError(
                f"repeating until {until_s} s makes more than {MAX_CHANGES} values: cut it", where=self.name
            )
        starts_s = np.repeat(np.arange(times, dtype=np.int64) * self.end_s, len(self))
        change_s = np.tile(self.change_s, times) + starts_s
        repeated = self._with(self.start_utc, change_s, np.tile(self.values, times), times * self.end_s)
        return repeated.slice(0, until_s)

    def __add__(self, other: object) -> Self:
        """Sum on the span both have; changes are the union of theirs. InputError if they share no time."""
        if not isinstance(other, type(self)):
            return NotImplemented
        self._check_alike(other)
        start_utc, end_utc = max(self.start_utc, other.start_utc), min(self.end_utc, other.end_utc)
        if start_utc >= end_utc:
            raise InputError(
                f"{self.name} ({self.span}) and {other.name} ({other.span}) share no time: shift one"
            )
        left, right = (
            part.slice(part.second_at(start_utc), part.second_at(end_utc)) for part in (self, other)
        )
        if largest_abs(left.values) + largest_abs(right.values) > INT64_MAX:
            raise InputError(f"{self.name} + {other.name}: {self.NOUN} beyond 63 bits: scale them down first")
        change_s = np.union1d(left.change_s, right.change_s)
        summed = left.at(change_s) + right.at(change_s)
        total = left._with(start_utc, change_s, summed, left.end_s)
        return replace(cast(Any, total), name=f"{self.name} + {other.name}", report=None)

    def _integral(self, from_s: int, to_s: int) -> int:
        """Value times seconds over [from_s, to_s), an exact Python integer. InputError outside [0, end_s]."""
        self._check_span(from_s, to_s, allow_empty=True)
        edges = np.append(self.change_s, self.end_s)
        return dot_exact(self.values, np.diff(np.clip(edges, from_s, to_s)))

    def _settle(self) -> None:
        """Check and freeze the fields; called once, by the subclass' __post_init__."""
        change_s = _whole_numbers(self.change_s, "change_s", self.name)
        values = _whole_numbers(self.values, self.COLUMN, self.name)
        if len(change_s) != len(values):
            raise InputError(
                f"{len(change_s)} changes but {len(values)} values: give one each", where=self.name
            )
        if len(change_s) == 0:
            raise InputError("no values: a series needs at least one", where=self.name)
        if change_s[0] != 0:
            raise InputError(f"the first change is at {change_s[0]} s: it must be at 0", where=self.name)
        if (np.diff(change_s) <= 0).any():
            at = int(np.flatnonzero(np.diff(change_s) <= 0)[0]) + 1
            raise InputError(
                f"change {at} at {change_s[at]} s is not after the one before: sort them", where=self.name
            )
        if self.end_s <= change_s[-1]:
            raise InputError(
                f"end_s {self.end_s} must be after the last change, {change_s[-1]} s", where=self.name
            )
        object.__setattr__(self, "start_utc", whole_utc(self.start_utc, self.name))
        object.__setattr__(self, "change_s", change_s)
        object.__setattr__(self, self.COLUMN, values)
        object.__setattr__(self, "end_s", int(self.end_s))

    def _with(self, start_utc: datetime, change_s: np.ndarray, values: np.ndarray, end_s: int) -> Self:
        """A series of the same kind, unit, name and report."""
        fields = {"start_utc": start_utc, "change_s": change_s, self.COLUMN: values, "end_s": end_s}
        return replace(cast(Any, self), **fields)

    def _check_alike(self, other: Self) -> None:
        """InputError where the two must not be compared or added; series of one unit always may."""

    def _check_span(self, from_s: int, to_s: int, allow_empty: bool = False) -> None:
        if from_s < 0 or from_s > self.end_s:
            self._refuse(from_s)
        if to_s < 0 or to_s > self.end_s:
            self._refuse(to_s)
        if to_s < from_s or (to_s == from_s and not allow_empty):
            raise InputError(
                f"the span from {from_s} s to {to_s} s is empty: its end must be later", where=self.name
            )

    def _refuse(self, t_s: int) -> None:
        where = "before the start" if t_s < 0 else "past the end"
        raise InputError(
            f"{t_s} s is {where} of the series ({self.span}, {self.end_s} s): "
            "ask for less, or repeat() it on purpose",
            where=self.name,
        )


def whole_utc(instant: datetime, name: str) -> datetime:
    """The aware instant in UTC. InputError, beginning with `name`, if it is naive or not a whole second."""
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise InputError(f"instant {instant!r} has no time zone: give an aware datetime", where=name)
    if instant.microsecond:
        raise InputError(
            f"instant {instant.isoformat()} has a fraction of a second: use whole seconds", where=name
        )
    return instant.astimezone(UTC)


def _whole_numbers(values: Iterable[int], label: str, name: str) -> np.ndarray:
    """A read-only int64 copy; refuses fractions rather than cutting them off."""
    array = np.array(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(
            f"{label} must be a flat list of whole numbers, got {array.dtype} {array.shape}", where=name
        )
    array = array.astype(np.int64)
    array.setflags(write=False)
    return array
