"""Power usage effectiveness (PUE), constant or by the temperature outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.series.rate_series import RateSeries

LEAST, MOST = 1000, 10_000
"""What a PUE may be, in per mille."""
PLAUSIBLE_C = (-90.0, 60.0)
"""Air temperatures on earth; outside, a file is in kelvin or fahrenheit."""


@dataclass(frozen=True, slots=True)
class PueCurve:
    """PUE by outside temperature: straight lines between the points, constant beyond the first and the last.

    temp_air_c : strictly increasing, degrees Celsius
    pue        : one at each temperature, 1 to 10
    """

    temp_air_c: tuple[float, ...]
    pue: tuple[float, ...]

    def __post_init__(self) -> None:
        temp_air_c, pue = tuple(map(float, self.temp_air_c)), tuple(map(float, self.pue))
        if len(temp_air_c) != len(pue) or not pue:
            raise InputError(
                f"pue curve: {len(temp_air_c)} temperatures and {len(pue)} values: give one each"
            )
        if not (np.diff(temp_air_c) > 0).all() or not np.isfinite(temp_air_c).all():
            raise InputError(f"pue curve: temperatures {list(temp_air_c)} must increase: sort them")
        for value in pue:
            if not LEAST <= 1000 * value <= MOST:
                raise InputError(f"pue curve: {value:g} is no PUE: write 1 to 10, such as 1.25")
        object.__setattr__(self, "temp_air_c", temp_air_c)
        object.__setattr__(self, "pue", pue)

    def per_mille(self, temp_air_c: np.ndarray) -> np.ndarray:
        """int64 PUE in per mille at each temperature [degC], rounded half to even."""
        return np.rint(1000 * np.interp(temp_air_c, self.temp_air_c, self.pue)).astype(np.int64)

    def plus(self, overhead: float) -> PueCurve:
        """The curve raised by a constant share of the machines' power, such as 0.06 for power conversion."""
        return PueCurve(self.temp_air_c, tuple(value + overhead for value in self.pue))


def _xu_2013(temp_air_c: float) -> float:
    return 7.1705e-5 * temp_air_c**2 + 0.0041 * temp_air_c + 1.0743


_POINTS_C = (-3.9, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0)
OUTSIDE_AIR = PueCurve(_POINTS_C, tuple(round(_xu_2013(t), 4) for t in _POINTS_C))
"""Cooling with outside air where it is cold enough, else compressors: 1.059 at -3.9 degC, 1.306 at 35 degC.

Xu, Feng and Li, "Temperature Aware Workload Management in Geo-distributed Datacenters", USENIX ICAC 2013
(https://www.usenix.org/conference/icac13), fit 7.1705e-5 T^2 + 0.0041 T + 1.0743 to a maker's figures for a
production system between -3.9 degC (1.05) and 35 degC (1.30). It is a *partial* PUE: machines and cooling, no
power conversion, no light. `OUTSIDE_AIR.plus(0.06)` adds such a share; the 0.06 would be yours.
The points here lie on that fit, at most 5 K apart, so the lines between are within 0.0005 of it. Outside the
fitted range the end values hold: nothing is extrapolated. Humidity and load are not in the model.
"""


def constant_pue(pue: float, end_s: int, start_utc: datetime) -> RateSeries:
    """One PUE for `end_s` seconds from `start_utc`, as a RateSeries of unit "1" in per mille.

    >>> from datetime import UTC, datetime
    >>> constant_pue(1.25, 3600, datetime(2022, 1, 1, tzinfo=UTC)).at(0)
    1250
    """
    value = PueCurve((0.0,), (pue,)).per_mille(np.zeros(1))
    return RateSeries.constant(int(value[0]), end_s, "1", start_utc, "pue")


def pue_series(
    temp_air_c: Sequence[float] | np.ndarray,
    start_utc: datetime,
    step_s: int,
    model: PueCurve = OUTSIDE_AIR,
) -> RateSeries:
    """PUE by outside temperature, as a RateSeries of unit "1" in per mille (1000 to 10000).

    temp_air_c : (N,) mean air temperature of each step, degrees Celsius
    start_utc  : start of the first step, aware; step_s : whole seconds

    InputError for temperatures that are missing or not on earth in degrees Celsius.
    """
    try:
        temps = np.asarray(temp_air_c, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("pue: temperatures must be numbers in degrees Celsius") from None
    if temps.ndim != 1 or len(temps) == 0:
        raise InputError(f"pue: temperatures must be a flat list of at least one, got shape {temps.shape}")
    if isinstance(step_s, bool) or not isinstance(step_s, int | np.integer) or step_s < 1:
        raise InputError(f"pue: step_s {step_s!r} must be a whole number of seconds of at least 1")
    low_c, high_c = PLAUSIBLE_C
    bad = np.flatnonzero(~((temps >= low_c) & (temps <= high_c)))
    if len(bad):
        raise InputError(
            f"pue: temperature {temps[bad[0]]:g} in step {bad[0]} is missing or not in degrees Celsius: "
            f"give {low_c:g} to {high_c:g}, without gaps"
        )
    change_s = np.arange(len(temps), dtype=np.int64) * int(step_s)
    per_mille = model.per_mille(temps)
    return RateSeries(start_utc, change_s, per_mille, len(temps) * int(step_s), "1", "pue").compressed()


def check_pue(series: RateSeries) -> RateSeries:
    """`series`, if it can be a PUE: unit "1", values from 1 to 10. InputError otherwise."""
    if series.unit != "1":
        raise InputError(
            f"is in {series.unit}, so it is no PUE",
            where=series.name,
            remedy=Phrase("declare ", Parameter("unit", "1")),
        )
    outside = np.flatnonzero((series.value_u < LEAST) | (series.value_u > MOST))
    if len(outside):
        raise InputError(
            f"PUE {series.value_u[outside[0]] / 1000:g} at {series.change_s[outside[0]]} s: a PUE is 1 to 10",
            where=series.name,
            remedy="percent or per mille? Divide it",
        )
    return series
