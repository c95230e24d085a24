"""Climatology: the distribution of a series by season and hour, from training steps only.

It is a forecast by itself, and the scale of the errors of the other forecasters (normal scores).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy.forecasts.envelope import YEAR_DAYS, Envelope
from energy.forecasts.fitting.forecast_scores import crps_quantiles, sample_crps
from energy.forecasts.forecast_quantity import (
    DAY_S,
    checked_actual,
    checked_count,
    checked_mask,
    checked_step_s,
    quantity_of,
)
from energy.forecasts.score_table import SCORES, ScoreTable, quantile_row
from energy.hash_noise import key_of, uniforms
from traces.errors import InputError

SEASONS = 12
SEASON_REACH_DAYS = 45.0  # a season's sample: the days this near its middle, in any year
_CHUNK_STEPS = 10_000  # evaluated at once, so that a year of minutes fits the memory
_FEWEST = 24  # training steps of a group; with fewer it uses all seasons, then all hours


@dataclass(frozen=True, slots=True)
class Climate:
    """The climatology of one series, constructed by `fit` from its training steps alone.

    quantity   : kind of series, see QUANTITIES
    step_s     : length of a step [s]
    origin_s   : instant at which step 0 begins [s since 1970-01-01 UTC]; shift it by the local offset to
                 group by local hours
    table      : quantiles by season and hour
    envelope   : the ceiling by which solar power is divided; None for other quantities
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
        """Fit to the steps of `actual` where `train` (booleans, one for each step) is true.

        capacity: upper bound of the series, only checked. lags: number of lags of `persisting`. InputError
        for a series with gaps or out of bounds, or with too few training steps."""
        kind = quantity_of(quantity)
        values = checked_actual(actual, quantity, capacity)
        mask = checked_mask(train, len(values))
        step_s, origin_s = checked_step_s(step_s), checked_count(origin_s, "origin_s", -(2**40))
        training = np.flatnonzero(mask)
        envelope = None
        if kind.under_envelope:
            envelope = Envelope.fit(values[training], training, step_s, origin_s)
        shape, lit = _shape(values, envelope)
        lit_steps = training[lit[training]]
        if len(lit_steps) < 10:
            raise InputError(f"training steps of {quantity}: {len(lit_steps)} are not dark: give at least 10")
        rows = _rows(shape[lit_steps], *_day_and_hour(lit_steps, step_s, origin_s), quantity)
        table = ScoreTable(rows, kind.floor is None, not kind.capped)
        unlinked = cls(quantity, step_s, origin_s, table, envelope, 0.0, np.zeros(0))
        scores = np.where(mask & lit, unlinked.scores(values, key_of("climate", quantity)), np.nan)
        known = np.where(mask & lit, values, np.nan)
        ratios = _persisting(known, unlinked.crps(values, lit_steps), lags)
        return replace(unlinked, link=_autocorrelation(scores), persisting=ratios)

    def crps(self, values: np.ndarray, steps: np.ndarray) -> float:
        """Mean CRPS of this climatology at some steps of the series `values`, in its unit."""
        from scipy.special import ndtr

        total = 0.0
        for part in np.array_split(steps, -(-len(steps) // _CHUNK_STEPS)):
            quantiles = self.values(part[:, None], SCORES[None, :])
            total += float(crps_quantiles(ndtr(SCORES), quantiles, values[part]).sum())
        return total / len(steps)

    def scores(self, values: np.ndarray, key: int) -> np.ndarray:
        """Normal scores (T,) of values (T,) at steps 0, 1, ...; 0 where the envelope is 0.

        key: of the random draws that break ties."""
        steps = np.arange(len(values))
        shape, lit = _shape(values, self.envelope)
        draws = uniforms(key, self.origin_s + steps * self.step_s)
        return np.where(lit, self.table.score(self._group(steps), shape, draws), 0.0)

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
    """Values divided by the envelope, at most 1, and whether the envelope is above 0."""
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
    """Quantile rows (288, 65) of the 12 x 24 groups of season and hour."""
    kind = quantity_of(quantity)
    rows = []
    for season in range(SEASONS):
        from_middle = np.abs(day - (season + 0.5) * YEAR_DAYS / SEASONS)
        in_season = np.minimum(from_middle, YEAR_DAYS - from_middle) <= SEASON_REACH_DAYS
        for group_hour in range(24):
            distance = np.abs(hour - group_hour)
            near_hour = np.minimum(distance, 24 - distance) <= kind.hours_either_side
            choices = (in_season & near_hour, near_hour, np.ones(len(shape), bool))
            pooled = next((choice for choice in choices if choice.sum() >= _FEWEST), choices[-1])
            rows.append(quantile_row(shape[pooled], kind.floor is None, not kind.capped))
    return np.array(rows)


def _autocorrelation(scores: np.ndarray) -> float:
    """Lag-one autocorrelation over pairs of known neighbours; 0 with fewer than _FEWEST pairs."""
    early, late = scores[:-1], scores[1:]
    finite = np.isfinite(early) & np.isfinite(late)
    if finite.sum() < _FEWEST or not early[finite].std() * late[finite].std():
        return 0.0
    return float(np.clip(np.corrcoef(early[finite], late[finite])[0, 1], 0.0, 0.999))


def _persisting(known: np.ndarray, climate_crps: float, lags: int) -> np.ndarray:
    """(lags,) CRPS of persistence with its error distribution, over climatology's; infinite where unknown."""
    result = np.full(lags, np.inf)
    for lag in range(1, min(lags, len(known) - 1) + 1):
        errors = known[lag:] - known[:-lag]
        errors = errors[np.isfinite(errors)]
        if len(errors) >= _FEWEST and climate_crps > 0:
            result[lag - 1] = sample_crps(errors) / climate_crps
    return result
