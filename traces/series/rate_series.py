"""A rate by time: price or carbon intensity of a kilowatt-hour, or power usage effectiveness (PUE)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from traces.errors import InputError
from traces.numbers.exact import scale_half_even
from traces.numbers.rate_units import check_base
from traces.series.held import EPOCH, HeldSeries

if TYPE_CHECKING:
    from traces.read_report import ReadReport


@dataclass(frozen=True, slots=True, eq=False)
class RateSeries(HeldSeries):
    """A rate with its unit, constant from each change to the next.

    start_utc : instant of second 0, aware, whole seconds (kept in UTC)
    change_s  : (K,) int64, strictly increasing, the first is 0; seconds since `start_utc`
    value_u   : (K,) int64, may be negative: micro-units of `unit`; of "1", per mille
    end_s     : the last value holds until here; asking at or after it raises InputError
    unit      : "EUR/kWh" (or another currency), "kg/kWh" (of CO2), or "1" (PUE)
    name      : what messages call it, a file name for instance
    report    : what the reader repaired and noted; None for series not read from a file

    Adding or comparing series of different units raises InputError; `converted` changes the currency.

    >>> price = RateSeries(EPOCH, [0, 3600], [50_000, -10_000], end_s=7200, unit="EUR/kWh")
    >>> price.at(3600), price.mean_u(1800, 7200)
    (-10000, Fraction(10000, 1))
    """

    COLUMN: ClassVar[str] = "value_u"
    NOUN: ClassVar[str] = "values"

    start_utc: datetime
    change_s: np.ndarray
    value_u: np.ndarray
    end_s: int
    unit: str
    name: str = "rate"
    report: ReadReport | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._settle()
        check_base(self.unit, self.name)

    @classmethod
    def constant(
        cls, value_u: int, end_s: int, unit: str, start_utc: datetime = EPOCH, name: str = "constant"
    ) -> RateSeries:
        """A series of one value, from `start_utc` for `end_s` seconds."""
        return cls(start_utc, np.zeros(1, np.int64), np.array([value_u]), end_s, unit, name)

    def mean_u(self, from_s: int, to_s: int) -> Fraction:
        """Mean over [from_s, to_s), each value weighted by its time: exact. InputError outside [0, end_s]."""
        self._check_span(from_s, to_s)
        return Fraction(self._integral(from_s, to_s), int(to_s) - int(from_s))

    def converted(self, rate: int | float | str | Decimal | Fraction, to_unit: str) -> RateSeries:
        """The price in another currency, `rate` units of `to_unit` for one of `unit`, half to even.

        The rate is taken as written: 1.08 means 108/100. There is no default: a rate belongs to a date.
        """
        check_base(to_unit, self.name)
        for unit in (self.unit, to_unit):
            if unit in ("1", "kg/kWh"):
                raise InputError(f"{unit!r} is no price: only currencies are exchanged", where=self.name)
        exact = _exact_rate(rate, self.name)
        value_u = scale_half_even(self.value_u, exact.numerator, exact.denominator)
        return RateSeries(self.start_utc, self.change_s, value_u, self.end_s, to_unit, self.name, self.report)

    def _check_alike(self, other: HeldSeries) -> None:
        if isinstance(other, RateSeries) and self.unit != other.unit:
            raise InputError(
                f"{self.name} is in {self.unit} and {other.name} in {other.unit}: units are never mixed",
                remedy="convert one by converted(rate, to_unit)",
            )


def _exact_rate(rate: int | float | str | Decimal | Fraction, name: str) -> Fraction:
    try:
        exact = Fraction(rate) if isinstance(rate, Fraction) else Fraction(str(rate))
    except (ValueError, ZeroDivisionError):
        raise InputError(
            f"exchange rate {rate!r} is not a number: write 1.08 for instance", where=name
        ) from None
    if exact <= 0:
        raise InputError(f"exchange rate {rate!r} must be above 0", where=name)
    return exact
