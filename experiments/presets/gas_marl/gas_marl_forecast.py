"""The forecasts of GAS-MARL's case: perfect, as in the paper, or realistic."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from experiments.presets.gas_marl.gas_marl_case import (
    FORECAST_HOURS,
    HOUR_S,
    TEST_YEARS,
    TRAIN_YEARS,
    Data,
    hourly_inputs,
    perfect_forecast,
    sun_mw,
    supply_mw,
    wind_mw,
)
from rare.model import Forecast
from rare.scenario.config.scenario_config import ForecastTable
from rare.scenario.inputs.forecast_inputs import Quantity, Timeline, make_forecast

PERFECT, REALISTIC = "perfect", "realistic"
DAYS = 300  # forecasts are issued this long from the first job on; the last job comes on day 89


def forecast_for(data: Data, kind: str, seed: int = 0) -> Forecast:
    """The forecast of the test years, issued each hour for 24 hours.

    perfect: the true supply. realistic: errors as measured of real day-ahead forecasts (docs/reference/forecasts.md,
    kind "synthetic"), for wind and sun separately, with the climatology of the training years. seed: of the
    errors.
    """
    first_s = int(data.jobs.submit_s[0])
    if kind == PERFECT:
        return perfect_forecast(hourly_inputs(supply_mw(data, TEST_YEARS), first_s))
    years = TEST_YEARS + TRAIN_YEARS
    wind = np.concatenate([wind_mw(data.wind_m_s[year]) for year in years])
    sun = np.concatenate([sun_mw(data.sun_w_m2[year]) for year in years])
    test_hours = sum(len(data.wind_m_s[year]) for year in TEST_YEARS)
    last_s = first_s + min(DAYS * 24, test_hours) * HOUR_S
    begin = datetime(int(TEST_YEARS[0]), 1, 1, tzinfo=UTC)  # the files' hours are taken as local
    time = Timeline(
        first_s, first_s, last_s, int(begin.timestamp()), "gas-marl", np.arange(len(wind)) >= test_hours
    )
    table = ForecastTable(kind="synthetic", hours=FORECAST_HOURS, seed=seed)
    quantities = [Quantity("wind", wind.astype(np.float64)), Quantity("solar", sun.astype(np.float64))]
    return make_forecast(table, quantities, time, None)
