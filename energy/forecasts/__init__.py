"""What a scheduler may know of tomorrow: forecasts of wind, sun, supply, price and carbon.

docs/forecasts.md says what each forecaster knows, how its errors are made, and how well it does.
"""

from energy.forecasts.base import QUANTILES, Forecaster
from energy.forecasts.climate import Climate
from energy.forecasts.day_ahead import DayAhead
from energy.forecasts.error_fit import ErrorFit, shipped_fit
from energy.forecasts.quantity import QUANTITIES
from energy.forecasts.simple import Climatology, PerfectForecast, Persistence
from energy.forecasts.synthetic import Synthetic

__all__ = [
    "QUANTILES",
    "QUANTITIES",
    "Climate",
    "Climatology",
    "DayAhead",
    "ErrorFit",
    "Forecaster",
    "PerfectForecast",
    "Persistence",
    "Synthetic",
    "shipped_fit",
]
