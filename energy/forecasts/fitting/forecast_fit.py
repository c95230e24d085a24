"""Fit the sizes of forecast errors to real forecasts, and report scores on held-out data.

    python -m energy.forecasts.fitting.forecast_fit SHARED_DATA_DIR [--write FORECAST_FITS_TOML]

SHARED_DATA_DIR is the folder that holds data/. Wind is fitted on plants 309 and 317 and tested on 303 and
122; carbon is fitted on May 2019 and August 2020 and tested on May 2021.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from energy.forecasts.climate import Climate
from energy.forecasts.error_fit import ErrorFit
from energy.forecasts.fitting.fit_data import (
    CARBON_MONTHS,
    WIND_ORIGIN_S,
    CarbonMonth,
    WindPair,
    carbon_month,
    wind_pairs,
)
from energy.forecasts.fitting.forecast_scores import sample_crps
from energy.forecasts.fitting.held_out import report
from traces.errors import InputError

FITTED_PLANTS = 2
FITTED_MONTHS = 2
DAY_AHEAD_LEAD_H = 24
SHORT_LEADS_H = (1, 2, 3, 6)
CARBON_LATER_H, CARBON_LATER_GROWTH = 24, 1.5  # assumed: noise variance at 24 h over that at 3 h
_DAY_H = 24

WIND_SOURCE = (
    "RTS-GMLC day-ahead against real-time wind, plants 309 and 317, 2020. Lead 24 h: the product, "
    "recalibrated. Leads 1 to 6 h: joined with the last hour's outcome by regression. Beyond 24 h: "
    "assumption, on along the same line"
)
CARBON_SOURCE = (
    "SGIP marginal emission forecasts f1 to f36, PG&E area, 2019-05 and 2020-08, joined with the last "
    "hour's outcome by regression. Beyond 3 h: assumption, noise variance one half more at 24 h"
)
SOLAR = ErrorFit(
    (1.0, 6.0, 24.0, 48.0, 72.0),
    (0.92, 0.85, 0.80, 0.77, 0.74),
    0.7,
    False,
    "unvalidated assumption: day-ahead RMSE about half of persistence's (Perez et al. 2013, Solar Energy "
    "94, 305-326)",
)
PRICE = ErrorFit(
    (1.0, 24.0, 48.0),
    (0.95, 0.85, 0.80),
    0.8,
    False,
    "unvalidated assumption; methods and measures: Lago et al. 2021, doi:10.1016/j.apenergy.2021.116983",
)


def fit_all(shared: Path) -> dict[str, ErrorFit]:
    """The fits of every quantity, from the data in the folder `shared`."""
    wind = fit_wind(wind_pairs(shared)[:FITTED_PLANTS])
    carbon = fit_carbon([carbon_month(shared, month) for month in CARBON_MONTHS[:FITTED_MONTHS]])
    supply = ErrorFit(
        wind.lead_h, wind.rho, wind.noise_link_h, False, "unvalidated assumption: wind's numbers"
    )
    return {"wind": wind, "solar": SOLAR, "supply": supply, "price": PRICE, "carbon": carbon}


def fit_wind(plants: list[WindPair]) -> ErrorFit:
    """The fit of wind: accuracy by lead and correlation of the noise, means over the plants."""
    ratios, links = [], []
    for plant in plants:
        climate_crps = _climate_crps(plant.actual, "wind", WIND_ORIGIN_S)
        errors = [
            regression_errors(plant.actual[h:], plant.forecast[h:], plant.actual[:-h]) for h in SHORT_LEADS_H
        ]
        errors.append(regression_errors(plant.actual, plant.forecast))
        ratios.append([sample_crps(error) / climate_crps for error in errors])
        links.append(noise_link(plant.actual, plant.forecast, _DAY_H))
    leads = (*(float(lead) for lead in SHORT_LEADS_H), float(DAY_AHEAD_LEAD_H))
    return ErrorFit(leads, _rho(ratios), round(float(np.mean(links)), 3), True, WIND_SOURCE)


def fit_carbon(months: list[CarbonMonth]) -> ErrorFit:
    """The fit of carbon, from hourly means of f1 to f36, with an assumed growth after 3 h."""
    ratios, links = [], []
    for month in months:
        climate_crps = _climate_crps(month.actual, "carbon", month.origin_s)
        errors = [
            regression_errors(
                month.actual[h:], month.forecast[1 : len(month.actual) - h + 1, h - 1], month.actual[:-h]
            )
            for h in (1, 2, 3)
        ]
        ratios.append([sample_crps(error) / climate_crps for error in errors])
        # f25 to f36 are one product that is issued long before: its noise along targets.
        links.append(noise_link(month.actual[2:], month.forecast[:-2, 2], len(month.actual)))
    rho = _rho(ratios)
    later = 1.0 / np.sqrt(1.0 + CARBON_LATER_GROWTH * (1.0 / rho[-1] ** 2 - 1.0))
    leads = (1.0, 2.0, 3.0, float(CARBON_LATER_H))
    link = round(float(np.mean(links)), 3)
    return ErrorFit(leads, (*rho, round(float(later), 3)), link, True, CARBON_SOURCE)


def regression_errors(target: np.ndarray, product: np.ndarray, last: np.ndarray | None = None) -> np.ndarray:
    """Errors (T,) of the least-squares regression of a target on a forecast and, if any, the last outcome."""
    parts = [product, np.ones(len(target))] + ([] if last is None else [last])
    mix = np.column_stack(parts)
    return mix @ np.linalg.lstsq(mix, target, rcond=None)[0] - target


def noise_link(outcome: np.ndarray, product: np.ndarray, issue: int) -> float:
    """Correlation of a forecast's noise, rho f - rho^2 z, at neighbouring targets of one issue.

    f and z are forecast and outcome by normal scores of their ranks; an issue has `issue` targets.
    """
    outcome, product = _normal_ranks(outcome), _normal_ranks(product)
    rho = _correlation(outcome, product)
    noise = rho * product - rho**2 * outcome
    place = np.arange(1, len(noise))
    same_issue = place % issue != 0
    return _correlation(noise[1:][same_issue], noise[:-1][same_issue])


def toml_text(fits: dict[str, ErrorFit]) -> str:
    """The fits as the text of energy/forecasts/forecast_fits.toml."""
    lines = [
        "# Sizes of forecast errors on normal scores, by quantity. Written by",
        "# python -m energy.forecasts.fitting.forecast_fit SHARED_DATA_DIR --write FORECAST_FITS_TOML",
        "# Meaning of each key: energy/forecasts/error_fit.py. What is behind them: docs/reference/forecasts.md.",
    ]
    for quantity, fit in fits.items():
        lines += [
            "",
            f"[{quantity}]",
            f"lead_h = {list(fit.lead_h)}",
            f"rho = {list(fit.rho)}",
            f"noise_link_h = {fit.noise_link_h}",
            f"validated = {str(fit.validated).lower()}",
            f'source = "{fit.source}"',
        ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Print the fits and the held-out report; write the fits where --write says."""
    parser = argparse.ArgumentParser(
        prog="python -m energy.forecasts.fitting.forecast_fit", description=__doc__
    )
    parser.add_argument("shared", type=Path, metavar="SHARED_DATA_DIR")
    parser.add_argument("--write", type=Path, metavar="FORECAST_FITS_TOML")
    options = parser.parse_args(arguments)
    try:
        fits = fit_all(options.shared)
        print(toml_text(fits))
        print(report(options.shared, fits))
        if options.write:
            options.write.write_text(toml_text(fits), "utf-8")
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _climate_crps(values: np.ndarray, quantity: str, origin_s: int) -> float:
    """CRPS of climatology on the steps that it is fitted to."""
    all_steps = np.ones(len(values), bool)
    climate = Climate.fit(values, train=all_steps, quantity=quantity, origin_s=origin_s)
    return climate.crps(values, np.arange(len(values)))


def _normal_ranks(values: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return ndtri((rankdata(values) - 0.5) / len(values))


def _correlation(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.corrcoef(left, right)[0, 1])


def _rho(ratios: list[list[np.ndarray]]) -> tuple[float, ...]:
    """Correlations by lead at which the synthetic forecaster has the mean ratio to climatology's CRPS."""
    rho = np.sqrt(1.0 - np.square(np.mean(ratios, axis=0)))
    return tuple(round(float(value), 3) for value in np.minimum.accumulate(rho))


if __name__ == "__main__":
    sys.exit(main())
