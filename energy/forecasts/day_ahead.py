"""A day-ahead forecast: an hourly series supplied by the user, issued once a day for the next day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy.forecasts.climate import Climate
from energy.forecasts.forecast_quantity import checked_actual, checked_mask
from energy.forecasts.forecaster import QUANTILES, Forecaster
from energy.hash_noise import key_of
from traces.errors import InputError
from traces.numbers.constants import DAY_S


class DayAhead(Forecaster):
    """The supplied series, recalibrated on training steps; climatology for days not issued yet.

    actual       : (T,) means of the steps, in any unit
    series       : (T,) the forecast of each step of `actual`, in the same unit
    issue_hour   : hour of the day (of the origin's clock) at which the next day, 0 h to 24 h, is issued
    train        : (T,) booleans, the steps on which its errors may be measured

    On normal scores the outcome is regressed on the forecast, which corrects bias and spread: the median
    need not be the series itself. The residual gives the quantiles. InputError for series of unequal length.
    """

    name = "day-ahead"

    # Keywords, not an object: each is independent, and docs/reference/forecasts.md documents this call.
    def __init__(
        self,
        actual: object,
        series: object,
        steps: int,
        *,
        quantity: str,
        train: object,
        issue_hour: int = 12,
        capacity: float | None = None,
        step_s: int = 3600,
        origin_s: int = 0,
        quantiles: Sequence[float] = QUANTILES,
    ) -> None:
        values = checked_actual(actual, quantity, capacity)
        product = checked_actual(series, quantity)
        if len(product) != len(values):
            raise InputError(
                f"day-ahead series has {len(product)} steps, the actual one {len(values)}: make them equal"
            )
        if isinstance(issue_hour, bool) or issue_hour not in range(24):
            raise InputError(f"day-ahead issue_hour {issue_hour!r}: give an hour from 0 to 23")
        super().__init__(len(values), steps, quantiles)
        mask = checked_mask(train, len(values))
        self._climate, product_climate = (
            Climate.fit(series_values, train=mask, quantity=quantity, step_s=step_s, origin_s=origin_s)
            for series_values in (values, product)
        )
        outcome = self._climate.scores(values, key_of("ties", "actual", quantity))
        self._product = product_climate.scores(product, key_of("ties", "product", quantity))
        self._regress(self._product[mask], outcome[mask])
        self._issue_s = issue_hour * 3600

    def _regress(self, product: np.ndarray, outcome: np.ndarray) -> None:
        """Fit offset, slope and residual spread on normal scores of training steps."""
        scale = product.std() * outcome.std()
        covariance = np.mean((product - product.mean()) * (outcome - outcome.mean()))
        self.rho = float(np.clip(covariance / scale, 0.0, 0.9999)) if scale > 0 else 0.0
        self._slope = self.rho * outcome.std() / (product.std() or 1.0)
        self._offset = outcome.mean() - self._slope * product.mean()
        self._spread = outcome.std() * np.sqrt(1.0 - self.rho**2)

    def _at_scores(self, issues: np.ndarray, scores: np.ndarray) -> np.ndarray:
        targets = self.targets(issues)
        product = self._product[np.minimum(targets, self.length - 1)]
        issued = self._days(targets) <= self._last_day(issues)[:, None]
        mean = np.where(issued, self._offset + self._slope * product, 0.0)
        spread = np.where(issued, self._spread, 1.0)
        return self._climate.values(targets[:, None, :], mean[:, None, :] + spread[:, None, :] * scores)

    def _path_link(self, issue: int) -> np.ndarray:
        return np.full(self.steps, self._climate.link)

    def _days(self, steps: np.ndarray) -> np.ndarray:
        return (self._climate.origin_s + steps * self._climate.step_s) // DAY_S

    def _last_day(self, issues: np.ndarray) -> np.ndarray:
        """The last day forecast at the issues (n,): today, or tomorrow from the issue hour on."""
        second = (self._climate.origin_s + issues * self._climate.step_s) % DAY_S
        return self._days(issues) + (second >= self._issue_s)
