"""Forecasts of wind, sun, supply, price and carbon.

docs/reference/forecasts.md describes the information of each forecaster, its model of errors and its scores.
"""

from energy.forecasts.climate import Climate
from energy.forecasts.day_ahead import DayAhead
from energy.forecasts.error_fit import ErrorFit, shipped_fit
from energy.forecasts.forecast_quantity import QUANTITIES
from energy.forecasts.forecaster import QUANTILES, Forecaster
from energy.forecasts.simple_forecasts import Climatology, PerfectForecast, Persistence
from energy.forecasts.synthetic_forecast import Synthetic

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
