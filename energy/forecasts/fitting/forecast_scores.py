"""Scores of forecasts: CRPS, coverage, skill, reliability (Gneiting and Raftery 2007,
doi:10.1198/016214506000001437), and the data of a fan chart.

Where the outcome or a forecast is NaN, the pair is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy.forecasts.forecaster import Forecaster
from traces.errors import InputError


def crps_ensemble(members: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """CRPS of ensembles (..., M) against outcomes (...), in the unit of the outcomes; lower is better.

    mean |x - y| - mean |x - x'| / 2 over all members (section 4.2 of the paper).
    """
    to_actual = np.abs(members - np.asarray(actual)[..., None]).mean(axis=-1)
    return to_actual - sample_crps(members)


def sample_crps(sample: np.ndarray) -> np.ndarray:
    """Mean CRPS (...) of samples (..., M) as the forecast of each of their own members.

    It is half the mean absolute difference of all pairs; sorted, that is one weighted sum.
    """
    ordered = np.sort(sample, axis=-1)
    count = ordered.shape[-1]
    weights = 2 * np.arange(1, count + 1) - count - 1
    return (ordered * weights).sum(axis=-1) / count**2


def crps_quantiles(levels: Sequence[float], values: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """CRPS from quantiles (..., Q) against outcomes (...): twice the pinball loss, averaged over levels.

    A level stands for the probabilities up to half-way to its neighbours, so more levels come nearer the
    integral; with three it is a rough figure, comparable between forecasts of the same levels only.
    """
    levels_p = _levels(levels, values)
    edges = np.concatenate(([0.0], (levels_p[1:] + levels_p[:-1]) / 2, [1.0]))
    return (2 * _pinball(levels_p, values, actual) * np.diff(edges)).sum(axis=-1)


def _pinball(levels: np.ndarray, values: np.ndarray, actual: np.ndarray) -> np.ndarray:
    above = np.asarray(actual)[..., None] - values
    return np.maximum(levels * above, (levels - 1.0) * above)


def coverage(low: np.ndarray, high: np.ndarray, actual: np.ndarray) -> float:
    """Part of the outcomes within [low, high]; NaN if there are none."""
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(actual)
    if not known.any():
        return float("nan")
    return float(np.mean((low[known] <= actual[known]) & (actual[known] <= high[known])))


def skill(score: float, reference: float) -> float:
    """1 - score / reference, for scores where lower is better: 1 perfect, 0 no better, below 0 worse."""
    return float("nan") if reference == 0 else 1.0 - score / reference


def reliability(levels: Sequence[float], values: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """For each level: the level, and the part of outcomes at or below that quantile: (Q, 2).

    values (..., Q), actual (...). A calibrated forecast of a continuous series lies on the diagonal.
    """
    levels_p = _levels(levels, values)
    actual = np.asarray(actual)
    known = np.isfinite(actual) & np.isfinite(values).all(axis=-1)
    if not known.any():
        return np.column_stack((levels_p, np.full(len(levels_p), np.nan)))
    return np.column_stack((levels_p, (actual[known][:, None] <= values[known]).mean(axis=0)))


def fan(forecaster: Forecaster, actual: np.ndarray, issue: int) -> dict[str, np.ndarray]:
    """One forecast against the truth: targets (H,), quantiles (Q,), values (Q, H), actual (H,)."""
    targets = issue + np.arange(forecaster.steps)
    inside = targets < len(actual)
    truth = np.where(inside, np.asarray(actual, float)[np.minimum(targets, len(actual) - 1)], np.nan)
    return {
        "targets": targets,
        "quantiles": np.array(forecaster.quantiles),
        "values": forecaster.at(issue),
        "actual": truth,
    }


def by_lead(table: np.ndarray, actual: np.ndarray, first: int) -> np.ndarray:
    """Outcomes (n, H) of a table (n, Q, H) whose first issue is step `first`; NaN past the end."""
    targets = first + np.arange(len(table))[:, None] + np.arange(table.shape[-1])
    truth = np.asarray(actual, float)[np.minimum(targets, len(actual) - 1)]
    return np.where(targets < len(actual), truth, np.nan)


def _levels(levels: Sequence[float], values: np.ndarray) -> np.ndarray:
    levels_p = np.asarray(levels, float)
    if levels_p.ndim != 1 or np.shape(values)[-1] != len(levels_p):
        raise InputError(
            f"{levels_p.size} quantile levels but values of shape {np.shape(values)}: "
            "put the quantiles on the last axis"
        )
    return levels_p
