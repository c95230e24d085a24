"""Climatology: how a series is distributed by season and hour, from training steps only.

It is a forecast by itself, and the scale on which the other forecasters make their errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy.forecasts.envelope import YEAR_DAYS, Envelope
from energy.forecasts.fitting.forecast_scores import crps_quantiles, own_crps
from energy.forecasts.forecast_quantity import (
    DAY_S,
    checked_actual,
    checked_count,
    checked_mask,
    checked_step_s,
    quantity_of,
)
from energy.forecasts.hash_noise import key_of, uniforms
from energy.forecasts.score_table import SCORES, ScoreTable, quantile_row
from traces.errors import InputError

SEASONS = 12
SEASON_REACH_DAYS = 45.0  # a season's sample: the days this near its middle, in any year
_AT_ONCE = 10_000  # steps, so that a year of minutes fits the memory
_FEWEST = 24  # a group with fewer training steps borrows from all seasons, then from all hours


@dataclass(frozen=True, slots=True)
class Climate:
    """The frozen climatology of one series. Made by `fit`; it never sees a step that is not for training.

    quantity   : kind of series, see QUANTITIES
    step_s     : length of a step [s]
    origin_s   : instant at which step 0 begins [s since 1970-01-01 UTC]; shift it by the local offset to
                 group by local hours
    table      : quantiles by season and hour
    envelope   : what solar power is measured against; None for other quantities
    link       : autocorrelation of the normal scores at a lag of one step
    persisting : (lags,) CRPS of persistence over that of climatology on training steps, at lags 1, 2, ...
    """

    quantity: str
    step_s: int
    origin_s: int
    table: ScoreTable
    envelope: Envelope | None
    link: float
    persisting: np.ndarray

    @classmethod
    def fit(
        cls,
        actual: object,
        *,
        train: object,
        quantity: str,
        step_s: int = 3600,
        origin_s: int = 0,
        capacity: float | None = None,
        lags: int = 72,
    ) -> Climate:
        """Climatology of the steps of `actual` that `train` (booleans, one a step) allows."""
        kind = quantity_of(quantity)
        values = checked_actual(actual, quantity, capacity)
        mask = checked_mask(train, len(values))
        step_s, origin_s = checked_step_s(step_s), checked_count(origin_s, "origin_s", -(2**40))
        used = np.flatnonzero(mask)
        envelope = None
        if kind.under_envelope:
            envelope = Envelope.fit(values[used], used, step_s, origin_s)
        shape, lit = _shape(values, envelope)
        kept = used[lit[used]]
        if len(kept) < 10:
            raise InputError(f"training steps of {quantity}: {len(kept)} are not dark: give at least 10")
        rows = _rows(shape[kept], *_day_and_hour(kept, step_s, origin_s), quantity)
        table = ScoreTable(rows, kind.floor is None, not kind.capped)
        plain = cls(quantity, step_s, origin_s, table, envelope, 0.0, np.zeros(0))
        scores = np.where(mask & lit, plain.scores(values, key_of("climate", quantity)), np.nan)
        known = np.where(mask & lit, values, np.nan)
        ratios = _persisting(known, plain.crps(values, kept), lags)
        return replace(plain, link=_autocorrelation(scores), persisting=ratios)

    def crps(self, values: np.ndarray, steps: np.ndarray) -> float:
        """Mean CRPS of this climatology at some steps of the series `values`, in its unit."""
        from scipy.special import ndtr

        total = 0.0
        for part in np.array_split(steps, -(-len(steps) // _AT_ONCE)):
            quantiles = self.values(part[:, None], SCORES[None, :])
            total += float(crps_quantiles(ndtr(SCORES), quantiles, values[part]).sum())
        return total / len(steps)

    def scores(self, values: np.ndarray, key: int) -> np.ndarray:
        """Normal scores of steps 0, 1, ...; 0 where the envelope is 0. `key` breaks ties."""
        steps = np.arange(len(values))
        shape, lit = _shape(values, self.envelope)
        drawn = uniforms(key, self.origin_s + steps * self.step_s)
        return np.where(lit, self.table.score(self._group(steps), shape, drawn), 0.0)

    def values(self, steps: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Values of the series at normal scores, for step numbers; both are broadcast together."""
        values = self.table.value(self._group(steps), scores)
        if self.envelope is not None:
            values = values * self.envelope.at(steps)
        floor = quantity_of(self.quantity).floor
        return values if floor is None else np.maximum(values, floor)

    def _group(self, steps: np.ndarray) -> np.ndarray:
        day, hour = _day_and_hour(steps, self.step_s, self.origin_s)
        return (day * (SEASONS / YEAR_DAYS)).astype(np.int64) * 24 + hour


def _shape(values: np.ndarray, envelope: Envelope | None) -> tuple[np.ndarray, np.ndarray]:
    """The part of the series that weather makes, and where there is any."""
    if envelope is None:
        return values, np.ones(len(values), bool)
    ceiling = envelope.at(np.arange(len(values)))
    lit = ceiling > 0
    return np.minimum(values / np.where(lit, ceiling, 1.0), 1.0), lit


def _day_and_hour(steps: np.ndarray, step_s: int, origin_s: int) -> tuple[np.ndarray, np.ndarray]:
    """Day of the mean year [0, 365.2425) and hour of the day [0, 24) of steps."""
    day, second = np.divmod(origin_s + steps * step_s, DAY_S)
    return day % YEAR_DAYS, second // 3600


def _rows(shape: np.ndarray, day: np.ndarray, hour: np.ndarray, quantity: str) -> np.ndarray:
    """Quantile rows of the 12 x 24 groups."""
    kind = quantity_of(quantity)
    rows = []
    for season in range(SEASONS):
        from_middle = np.abs(day - (season + 0.5) * YEAR_DAYS / SEASONS)
        in_season = np.minimum(from_middle, YEAR_DAYS - from_middle) <= SEASON_REACH_DAYS
        for of_day in range(24):
            apart = np.abs(hour - of_day)
            near = np.minimum(apart, 24 - apart) <= kind.hours_either_side
            choices = (in_season & near, near, np.ones(len(shape), bool))
            chosen = next((c for c in choices if c.sum() >= _FEWEST), choices[-1])
            rows.append(quantile_row(shape[chosen], kind.floor is None, not kind.capped))
    return np.array(rows)


def _autocorrelation(scores: np.ndarray) -> float:
    """Correlation of neighbours where both are known; 0 where there are hardly any."""
    early, late = scores[:-1], scores[1:]
    both = np.isfinite(early) & np.isfinite(late)
    if both.sum() < _FEWEST or not early[both].std() * late[both].std():
        return 0.0
    return float(np.clip(np.corrcoef(early[both], late[both])[0, 1], 0.0, 0.999))


def _persisting(known: np.ndarray, usual: float, lags: int) -> np.ndarray:
    """CRPS of the last value with its own error distribution, over `usual`; infinite where unknown."""
    result = np.full(lags, np.inf)
    for lag in range(1, min(lags, len(known) - 1) + 1):
        errors = known[lag:] - known[:-lag]
        errors = errors[np.isfinite(errors)]
        if len(errors) >= _FEWEST and usual > 0:
            result[lag - 1] = own_crps(errors) / usual
    return result
