"""A synthetic grid: hourly price and carbon intensity of a year, where no data may ship.

The shape is that of a grid with much sun: dear and dirty in the evening, cheap and clean at noon (the
"duck curve", Denholm et al. 2015, NREL/TP-6A20-65023, doi:10.2172/1226167), cheaper at weekends, dearer
in winter and summer, and with synthetic weather that lasts for days. The numbers are our assumptions and fit
no particular market; conclusions about one need its own files (docs/reference/grid-series.md).
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from traces.series.rate_series import RateSeries
from traces.times.timezones import find_zone

HOURS = 8736  # 52 weeks
# Deviation from the mean by local hour, 0 to 23.
_PRICE_DAY = np.array(
    [-0.25, -0.3, -0.32, -0.32, -0.28, -0.12, 0.15, 0.3, 0.12, -0.12, -0.3, -0.4,
     -0.45, -0.45, -0.4, -0.25, 0.1, 0.55, 0.95, 0.9, 0.6, 0.3, 0.05, -0.11]
)  # fmt: skip
_CARBON_DAY = np.array(
    [0.08, 0.08, 0.08, 0.08, 0.1, 0.12, 0.1, 0.0, -0.12, -0.25, -0.33, -0.37,
     -0.38, -0.37, -0.33, -0.22, -0.05, 0.15, 0.28, 0.3, 0.27, 0.22, 0.16, 0.12]
)  # fmt: skip
_SEED = 20221203


def duck_price(mean_per_kwh: float, start_utc: datetime, zone: str, currency: str) -> RateSeries:
    """Synthetic hourly prices of 52 weeks from `start_utc`, of mean `mean_per_kwh`; some are negative."""
    hour, weekend, season = _calendar(start_utc, zone)
    shape = 1 + 0.9 * _PRICE_DAY[hour] - 0.15 * weekend + 0.18 * season + 0.3 * _weather(0)
    return _scaled(shape, mean_per_kwh, start_utc, f"{currency}/kWh", "made price")


def duck_carbon(mean_kg_per_kwh: float, start_utc: datetime, zone: str) -> RateSeries:
    """Synthetic hourly carbon intensities of 52 weeks from `start_utc`, of mean `mean_kg_per_kwh`."""
    hour, weekend, season = _calendar(start_utc, zone)
    shape = 1 + _CARBON_DAY[hour] - 0.06 * weekend + 0.08 * season + 0.15 * _weather(1)
    return _scaled(np.maximum(shape, 0.1), mean_kg_per_kwh, start_utc, "kg/kWh", "made carbon intensity")


def _calendar(start_utc: datetime, zone: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local hour, whether it is a weekend, and a season that is 1 in midwinter and midsummer."""
    import pandas as pd

    local = pd.date_range(start_utc, periods=HOURS, freq="h").tz_convert(find_zone(zone))
    day = local.day_of_year.to_numpy()
    return local.hour.to_numpy(), (local.day_of_week >= 5).astype(float), np.cos(4 * np.pi * (day - 20) / 365)


def _weather(stream: int) -> np.ndarray:
    """A standard AR(1) process whose memory is about two days: (HOURS,)."""
    link = 1 - 1 / 48
    draws = np.random.Generator(np.random.PCG64([_SEED, stream])).standard_normal(HOURS)
    draws[1:] *= np.sqrt(1 - link**2)
    state = np.empty(HOURS)
    total = 0.0
    for i, draw in enumerate(draws):
        total = link * total + draw
        state[i] = total
    return state


def _scaled(shape: np.ndarray, mean: float, start_utc: datetime, unit: str, name: str) -> RateSeries:
    value_u = np.rint(shape * (mean * 1e6 / shape.mean())).astype(np.int64)
    return RateSeries(start_utc, np.arange(HOURS, dtype=np.int64) * 3600, value_u, HOURS * 3600, unit, name)
