"""A power series: power held from each change to the next, up to an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from traces.errors import InputError
from traces.series.held import EPOCH, MAX_CHANGES, HeldSeries

if TYPE_CHECKING:
    from traces.read_report import ReadReport

__all__ = ["EPOCH", "MAX_CHANGES", "PowerSeries", "total"]


@dataclass(frozen=True, slots=True, eq=False)
class PowerSeries(HeldSeries):
    """Power, constant from each change to the next. Here and below `mw` is milliwatts, `mj` millijoules.

    start_utc : instant of second 0, aware, whole seconds (kept in UTC)
    change_s  : (K,) int64, strictly increasing, the first is 0; seconds since `start_utc`
    power_mw  : (K,) int64 milliwatts, not negative
    end_s     : the last value holds until here; asking at or after it raises InputError
    name      : what messages call it, a file name for instance
    report    : what the reader repaired and noted; None for series not read from a file

    >>> series = PowerSeries(EPOCH, [0, 600], [5000, 0], end_s=1200)
    >>> series.at(599), series.at(600), series.energy_mj(0, 1200)
    (5000, 0, 3000000)
    """

    COLUMN: ClassVar[str] = "power_mw"
    NOUN: ClassVar[str] = "power"

    start_utc: datetime
    change_s: np.ndarray
    power_mw: np.ndarray
    end_s: int
    name: str = "power"
    report: ReadReport | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._settle()
        if (self.power_mw < 0).any():
            at = int(np.flatnonzero(self.power_mw < 0)[0])
            raise InputError(
                f"power {self.power_mw[at]} mW at {self.change_s[at]} s: supply is never negative",
                where=self.name,
            )

    @classmethod
    def constant(cls, power_mw: int, end_s: int, start_utc: datetime = EPOCH, name: str = "constant"):
        """A series of one value, from `start_utc` for `end_s` seconds."""
        return cls(start_utc, np.zeros(1, np.int64), np.array([power_mw]), end_s, name)

    @property
    def peak_mw(self) -> int:
        """Largest power [mW]."""
        return int(self.power_mw.max())

    def energy_mj(self, from_s: int, to_s: int) -> int:
        """Energy over [from_s, to_s) [mJ], an exact Python integer. InputError outside [0, end_s]."""
        return self._integral(from_s, to_s)

    def scaled_to_peak(self, peak_mw: int) -> PowerSeries:
        """Scaled so that the largest power is exactly `peak_mw`. InputError if the series is 0 everywhere."""
        if self.peak_mw == 0:
            raise InputError(
                "power is 0 all the time, so it has no peak to scale: choose other columns", where=self.name
            )
        return self.scaled(peak_mw, self.peak_mw)


def total(series: Iterable[PowerSeries]) -> PowerSeries:
    """Sum of one or more series on the span they all have, neighbours of equal value merged."""
    parts = list(series)
    if not parts:
        raise InputError("the sum of no power series: give at least one")
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result.compressed()
