"""Fitted errors of forecasts: correlation of forecast and outcome by lead, and of the noise along targets."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from energy.forecasts.forecast_quantity import quantity_of
from traces.errors import InputError


@dataclass(frozen=True, slots=True)
class ErrorFit:
    """Accuracy of forecasts of a quantity, on normal scores.

    lead_h       : leads [h], increasing, to the end of the target: 1.0 is the coming hour
    rho          : correlation of forecast and outcome at them, above 0 and below 1, not increasing;
                   sqrt(1 - rho^2) is the CRPS relative to climatology's
    noise_link_h : correlation of the forecast's noise at targets one hour apart
    validated    : whether it was compared with real forecasts other than those it was fitted to
    source       : data and method

    InputError for values outside these limits.
    """

    lead_h: tuple[float, ...]
    rho: tuple[float, ...]
    noise_link_h: float
    validated: bool
    source: str

    def __post_init__(self) -> None:
        leads, rho = np.asarray(self.lead_h, float), np.asarray(self.rho, float)
        if leads.ndim != 1 or leads.shape != rho.shape or len(leads) < 1:
            raise InputError(f"forecast fit: {leads.size} leads but {rho.size} correlations: give one each")
        if not (leads > 0).all() or not (np.diff(leads) > 0).all():
            raise InputError(f"forecast fit: lead_h {list(self.lead_h)}: give increasing hours above 0")
        if not ((rho > 0) & (rho < 1)).all() or (np.diff(rho) > 0).any():
            raise InputError(f"forecast fit: rho {list(self.rho)}: give falling numbers between 0 and 1")
        if not 0 <= self.noise_link_h < 1:
            raise InputError(f"forecast fit: noise_link_h {self.noise_link_h!r}: give a number in [0, 1)")

    def noise_variance(self, lead_h: np.ndarray) -> np.ndarray:
        """Variance of the forecast noise at leads [h]: 1/rho^2 - 1, in units of climatology's variance.

        Linear between the fitted leads, 0 at lead 0, and extrapolated beyond the last lead.
        """
        leads_h = np.append(0.0, self.lead_h)
        variance = np.append(0.0, 1.0 / np.square(self.rho) - 1.0)
        slope = (variance[-1] - variance[-2]) / (leads_h[-1] - leads_h[-2])
        return np.interp(lead_h, leads_h, variance) + slope * np.maximum(lead_h - leads_h[-1], 0.0)


def variance_of_ratio(ratio: np.ndarray) -> np.ndarray:
    """Noise variance v at which a forecaster has `ratio` of climatology's CRPS; infinite from 1 on.

    The CRPS of a normal forecast is proportional to its standard deviation, here sqrt(1 - rho^2).
    """
    unexplained = np.clip(np.square(ratio), 1e-6, 1.0)  # 1 - rho^2
    with np.errstate(divide="ignore"):
        return unexplained / (1.0 - unexplained)


def shipped_fit(quantity: str) -> ErrorFit:
    """The packaged fit (energy/forecasts/forecast_fits.toml). InputError for an unknown quantity."""
    quantity_of(quantity)
    tables = tomllib.loads(files("energy.forecasts").joinpath("forecast_fits.toml").read_text("utf-8"))
    table = tables[quantity]
    return ErrorFit(
        tuple(table["lead_h"]),
        tuple(table["rho"]),
        table["noise_link_h"],
        table["validated"],
        table["source"],
    )
