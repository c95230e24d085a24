"""Forecasters without a model: perfect, persistence and climatology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy.forecasts.climate import Climate
from energy.forecasts.forecast_quantity import (
    DAY_S,
    checked_actual,
    checked_count,
    checked_mask,
    checked_series,
    checked_step_s,
    quantity_of,
)
from energy.forecasts.forecaster import QUANTILES, Forecaster
from energy.forecasts.score_table import SCORES, quantile_row

_FEWEST_ERRORS = 24


class PerfectForecast(Forecaster):
    """Perfect information: every quantile is the outcome. Results with it must be labelled."""

    name = "perfect"

    def __init__(self, actual: object, steps: int, quantiles: Sequence[float] = QUANTILES) -> None:
        self._actual = checked_series(actual, "actual")
        super().__init__(len(self._actual), steps, quantiles)

    def _at_scores(self, issues: np.ndarray, scores: np.ndarray) -> np.ndarray:
        targets = np.minimum(self.targets(issues), self.length - 1)
        return self._actual[targets][:, None, :] + np.zeros_like(scores)


class Persistence(Forecaster):
    """The mean of the last complete step persists; daily: that of the same step of the last complete day.

    Quantiles add the quantiles of its errors on pairs of training steps, by lead; without `train` every
    quantile is the point forecast. Rows without a past step are NaN.
    """

    # Keywords, not an object: each is independent, and docs/reference/forecasts.md documents this call.
    def __init__(
        self,
        actual: object,
        steps: int,
        *,
        quantity: str,
        daily: bool = False,
        train: object = None,
        step_s: int = 3600,
        capacity: float | None = None,
        quantiles: Sequence[float] = QUANTILES,
    ) -> None:
        self.name = "daily persistence" if daily else "persistence"
        self._actual = checked_actual(actual, quantity, capacity)
        super().__init__(len(self._actual), steps, quantiles)
        period = DAY_S // checked_step_s(step_s) if daily else 0
        leads = np.arange(self.steps)
        # Steps back from the issue to the step that is repeated, by lead.
        self._back = -(-(leads + 1) // period) * period - leads if daily else np.ones(self.steps, np.int64)
        self._floor = quantity_of(quantity).floor
        self._ceiling = np.inf if capacity is None else float(capacity)
        self._errors = np.zeros((self.steps, len(SCORES)))
        if train is not None:
            self._fit(checked_mask(train, self.length))

    def _fit(self, train: np.ndarray) -> None:
        """Error quantiles by lead, from pairs of training steps; with few pairs those of the lead before."""
        for lead, back in enumerate(self._back):
            distance = lead + back
            pairs = train[distance:] & train[: len(train[distance:])]
            errors = self._actual[distance:][pairs] - self._actual[: len(pairs)][pairs]
            if len(errors) >= _FEWEST_ERRORS:
                self._errors[lead] = quantile_row(errors, False, False)
            elif lead:
                self._errors[lead] = self._errors[lead - 1]

    def _at_scores(self, issues: np.ndarray, scores: np.ndarray) -> np.ndarray:
        source = issues[:, None] - self._back
        point = np.where(source >= 0, self._actual[np.maximum(source, 0)], np.nan)
        shape = (scores.shape[1], self.steps)
        errors = np.empty(shape)
        for lead, row in enumerate(self._errors):
            errors[:, lead] = np.interp(np.broadcast_to(scores[0], shape)[:, lead], SCORES, row)
        values = np.minimum(point[:, None, :] + errors, self._ceiling)
        return values if self._floor is None else np.maximum(values, self._floor)

    def _path_link(self, issue: int) -> np.ndarray:
        # Errors against one repeated value grow like a random walk: neighbours share most of them.
        leads = np.arange(1, self.steps + 1)
        return np.sqrt((leads - 1) / leads)


class Climatology(Forecaster):
    """The climatology of the target's hour and season, independent of the issue."""

    name = "climatology"

    def __init__(
        self, length: int, steps: int, *, climate: Climate, quantiles: Sequence[float] = QUANTILES
    ) -> None:
        super().__init__(checked_count(length, "series length"), steps, quantiles)
        self._climate = climate

    def _at_scores(self, issues: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return self._climate.values(self.targets(issues)[:, None, :], scores)

    def _path_link(self, issue: int) -> np.ndarray:
        return np.full(self.steps, self._climate.link)
