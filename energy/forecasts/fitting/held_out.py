"""Scores of the fits on held-out data: calibration, skill, and similarity to real errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from energy.forecasts.climate import Climate
from energy.forecasts.day_ahead import DayAhead
from energy.forecasts.error_fit import ErrorFit
from energy.forecasts.fitting.fit_data import (
    CARBON_MONTHS,
    WIND_ORIGIN_S,
    carbon_month,
    other_series,
    wind_pairs,
)
from energy.forecasts.fitting.forecast_scores import by_lead, coverage, crps_quantiles
from energy.forecasts.forecaster import Forecaster
from energy.forecasts.simple_forecasts import Climatology, Persistence
from energy.forecasts.synthetic_forecast import Synthetic

LEVELS = tuple(round(0.05 * k, 2) for k in range(1, 20))
_LOW, _MEDIAN, _HIGH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)
_WEEK_H, _DAY_H = 168, 24
SEEDS = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores by lead (H,) over held-out targets.

    crps: in the unit of the series. coverage: share of outcomes between the 10 and 90 % quantiles.
    over_persistence, over_climatology: skill, 1 - CRPS / CRPS of the reference.
    """

    crps: np.ndarray
    coverage: np.ndarray
    over_persistence: np.ndarray
    over_climatology: np.ndarray
    overall_coverage: float


def train_weeks(length: int) -> np.ndarray:
    """Two weeks of four, hourly: the split of DESIGN section 6."""
    return np.arange(length) // _WEEK_H % 4 < 2


def test_weeks(length: int) -> np.ndarray:
    """The other two weeks of four, less a day at each end."""
    hour = np.arange(length) % (4 * _WEEK_H)
    return (hour >= 2 * _WEEK_H + _DAY_H) & (hour < 4 * _WEEK_H - _DAY_H)


def train_days(length: int) -> np.ndarray:
    """Three days of six, for series of one month."""
    return np.arange(length) // (3 * _DAY_H) % 2 == 0


@dataclass(frozen=True, slots=True)
class HeldOutSeries:
    """Hourly means (T,) of a site. train, test: (T,) booleans, steps of the climatology and of the scores."""

    actual: np.ndarray
    quantity: str
    site: str
    origin_s: int
    train: np.ndarray
    test: np.ndarray


def judge(series: HeldOutSeries, fit: ErrorFit, steps: int = 48) -> Judged:
    """Scores of the synthetic forecaster, mean over SEEDS, for `steps` leads of a series' test targets."""
    actual, quantity, train, test = series.actual, series.quantity, series.train, series.test
    climate = Climate.fit(actual, train=train, quantity=quantity, origin_s=series.origin_s)
    synthetic = [
        Synthetic(
            actual,
            steps,
            quantity=quantity,
            seed=seed,
            site=series.site,
            climate=climate,
            fit=fit,
            quantiles=LEVELS,
        )
        for seed in range(SEEDS)
    ]
    references = (
        Persistence(actual, steps, quantity=quantity, train=train, quantiles=LEVELS),
        Climatology(len(actual), steps, climate=climate, quantiles=LEVELS),
    )
    scores = [_scored(forecaster, actual, test) for forecaster in synthetic]
    crps, covered = (np.mean([score[place] for score in scores], axis=0) for place in (0, 1))
    over_past, over_climate = (1.0 - crps / _scored(reference, actual, test)[0] for reference in references)
    return Judged(crps, covered, over_past, over_climate, float(np.mean(covered)))


def _scored(forecaster: Forecaster, actual: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CRPS and coverage (H,) by lead over test targets."""
    first, last = _DAY_H, len(actual) - forecaster.steps
    values = forecaster.table(first, last).transpose(0, 2, 1)
    truth = by_lead(values.transpose(0, 2, 1), actual, first)
    tested = by_lead(values.transpose(0, 2, 1), test, first) > 0
    crps = np.where(tested, crps_quantiles(LEVELS, values, truth), np.nan)
    outcome = np.where(tested, truth, np.nan)
    covered = [
        coverage(values[:, lead, _LOW], values[:, lead, _HIGH], outcome[:, lead])
        for lead in range(forecaster.steps)
    ]
    return np.nanmean(crps, axis=0), np.array(covered)


@dataclass(frozen=True, slots=True)
class Likeness:
    """Errors of the medians of a synthetic and a real forecast.

    synthetic, real: standard deviation, correlation of neighbours, CRPS. real_coverage: share of outcomes
    between the real forecast's 10 and 90 % quantiles. raw_std: of the real forecast before recalibration."""

    synthetic: tuple[float, float, float]
    real: tuple[float, float, float]
    real_coverage: float
    raw_std: float

    @property
    def std_ratio(self) -> float:
        """Synthetic over real standard deviation of errors."""
        return self.synthetic[0] / self.real[0]

    @property
    def link_ratio(self) -> float:
        """Synthetic over real correlation of errors at neighbouring targets of one issue."""
        return self.synthetic[1] / self.real[1]


def wind_likeness(shared: Path, fit: ErrorFit) -> list[tuple[str, Likeness]]:
    """The held-out plants: next-day forecasts issued at noon (leads 13 to 36 h), on test weeks."""
    result = []
    for plant in wind_pairs(shared)[2:]:
        train, test = train_weeks(len(plant.actual)), test_weeks(len(plant.actual))
        real = DayAhead(
            plant.actual,
            plant.forecast,
            36,
            quantity="wind",
            train=train,
            issue_hour=12,
            origin_s=WIND_ORIGIN_S,
            quantiles=LEVELS,
        )
        synthetic = Synthetic(
            plant.actual,
            36,
            quantity="wind",
            seed=0,
            site=plant.plant,
            train=train,
            fit=fit,
            origin_s=WIND_ORIGIN_S,
            quantiles=LEVELS,
        )
        noons = np.arange(12, len(plant.actual) - 36, _DAY_H)
        columns = slice(12, 36)
        real_errors, covered = _errors(real, plant.actual, test, noons, columns)
        synthetic_errors, _ = _errors(synthetic, plant.actual, test, noons, columns)
        raw = float((plant.forecast - plant.actual)[test].std())
        result.append((plant.plant, Likeness(synthetic_errors, real_errors, covered, raw)))
    return result


def _errors(
    forecaster: Forecaster, actual: np.ndarray, test: np.ndarray, issues: np.ndarray, columns: slice
) -> tuple[tuple[float, float, float], float]:
    """Standard deviation, neighbour correlation and CRPS of test targets; coverage. columns: of the leads."""
    table = forecaster.table(0, len(actual))
    truth = by_lead(table, np.where(test, actual, np.nan), 0)[issues, columns]
    values = table[issues][:, :, columns].transpose(0, 2, 1)
    error = values[..., _MEDIAN] - truth
    crps = float(np.nanmean(crps_quantiles(LEVELS, values, truth)))
    return (float(np.nanstd(error)), _neighbours(error), crps), coverage(
        values[..., _LOW], values[..., _HIGH], truth
    )


def _neighbours(error: np.ndarray) -> float:
    """Correlation of errors (issues, leads) at neighbouring leads, over finite pairs."""
    left, right = error[:, :-1].ravel(), error[:, 1:].ravel()
    finite = np.isfinite(left) & np.isfinite(right)
    return float(np.corrcoef(left[finite], right[finite])[0, 1])


def carbon_likeness(shared: Path, fit: ErrorFit) -> list[tuple[float, float, float]]:
    """Held-out month, leads 1 to 3 h: standard deviation of errors, synthetic, real, and of persistence.

    Real is the product joined with the last hour by a regression on training days.
    """
    month = carbon_month(shared, CARBON_MONTHS[-1])
    train = train_days(len(month.actual))
    synthetic = Synthetic(
        month.actual, 3, quantity="carbon", seed=0, site="PGE", train=train, fit=fit, origin_s=month.origin_s
    )
    medians = synthetic.table(0, len(month.actual))[:, 1]
    result = []
    for lead in range(3):
        issues = np.arange(1, len(month.actual) - lead)
        target, last = month.actual[issues + lead], month.actual[issues - 1]
        mix = np.column_stack((month.forecast[issues, lead], last, np.ones(len(issues))))
        training, held_out = train[issues + lead], ~train[issues + lead]
        weights = np.linalg.lstsq(mix[training], target[training], rcond=None)[0]
        errors = (medians[issues, lead] - target, mix @ weights - target, last - target)
        synthetic_std, real_std, past_std = (float(error[held_out].std()) for error in errors)
        result.append((synthetic_std, real_std, past_std))
    return result


def judge_wind(shared: Path, fit: ErrorFit) -> dict[str, Judged]:
    """Scores of the held-out plants on test weeks, by plant."""
    return {
        plant.plant: judge(
            HeldOutSeries(
                plant.actual,
                quantity="wind",
                site=plant.plant,
                origin_s=WIND_ORIGIN_S,
                train=train_weeks(len(plant.actual)),
                test=test_weeks(len(plant.actual)),
            ),
            fit,
        )
        for plant in wind_pairs(shared)[2:]
    }


def judge_carbon(shared: Path, fit: ErrorFit) -> dict[str, Judged]:
    """The held-out month, 24 hours ahead: each half of its days by the climatology of the other half."""
    month = carbon_month(shared, CARBON_MONTHS[-1])
    alternate_days = train_days(len(month.actual))
    return {
        f"{month.month} {name}": judge(
            HeldOutSeries(month.actual, "carbon", "PGE", month.origin_s, train, test=~train), fit, steps=24
        )
        for name, train in (("even days", alternate_days), ("odd days", ~alternate_days))
    }


def judge_others(shared: Path, fits: dict[str, ErrorFit]) -> dict[str, Judged]:
    """Scores of series without a real forecast, on test weeks; solar in daylight, as nights are certain."""
    return {
        f"{quantity} {name}": judge(
            HeldOutSeries(
                actual,
                quantity=quantity,
                site=name,
                origin_s=WIND_ORIGIN_S,
                train=train_weeks(len(actual)),
                test=test_weeks(len(actual)) & ((quantity != "solar") | (actual > 0)),
            ),
            fits[quantity],
        )
        for quantity, name, actual in other_series(shared)
    }


def report(shared: Path, fits: dict[str, ErrorFit]) -> str:
    """All held-out scores as Markdown."""
    lines = ["| data | lead h | CRPS | coverage % | skill over persistence | over climatology |"]
    lines.append("|---|---|---|---|---|---|")
    judged = judge_wind(shared, fits["wind"]) | judge_carbon(shared, fits["carbon"])
    judged |= judge_others(shared, fits)
    for name, scores in judged.items():
        lines += _rows(name, scores, (1, 2, 3, 6, 12, 24, 36, 48))
        lines.append(f"| {name} | all | {scores.crps.mean():.3g} | {100 * scores.overall_coverage:.1f} | | |")
    for plant, like in wind_likeness(shared, fits["wind"]):
        lines.append(
            f"\n{plant}, leads 13 to 36 h: error std synthetic {like.synthetic[0]:.1f} MW, real recalibrated "
            f"{like.real[0]:.1f} (ratio {like.std_ratio:.2f}), real raw {like.raw_std:.1f}; neighbours "
            f"{like.synthetic[1]:.2f} and {like.real[1]:.2f} (ratio {like.link_ratio:.2f}); CRPS "
            f"{like.synthetic[2]:.1f} and {like.real[2]:.1f}; coverage of real "
            f"{100 * like.real_coverage:.1f} %"
        )
    for lead, (synthetic, real, past) in enumerate(carbon_likeness(shared, fits["carbon"]), start=1):
        lines.append(
            f"\ncarbon, lead {lead} h: error std synthetic {synthetic:.4f} kg/kWh, real {real:.4f} "
            f"(ratio {synthetic / real:.2f}), persistence {past:.4f}"
        )
    return "\n".join(lines)


def _rows(name: str, scores: Judged, leads_h: Sequence[int]) -> list[str]:
    return [
        f"| {name} | {lead} | {scores.crps[lead - 1]:.3g} | {100 * scores.coverage[lead - 1]:.1f} | "
        f"{scores.over_persistence[lead - 1]:.2f} | {scores.over_climatology[lead - 1]:.2f} |"
        for lead in leads_h
        if lead <= len(scores.crps)
    ]
