"""Means and intervals over windows: paired, resampled, as DESIGN §6 asks."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over windows, its interquartile mean, and the 95 % interval of the mean."""

    mean: float
    iqm: float
    low: float
    high: float
    windows: int

    def as_dict(self) -> dict[str, float | int]:
        """For JSON."""
        return asdict(self)


def interquartile_mean(values: np.ndarray) -> float:
    """Mean of the middle half (Agarwal et al., NeurIPS 2021, arXiv 2108.13264)."""
    from scipy.stats import trim_mean

    return float(trim_mean(values, 0.25))


def estimate(values: np.ndarray, seed: int = 0) -> Estimate:
    """Mean with its percentile bootstrap interval over windows (Efron and Tibshirani 1993).

    values: (W,), one number a window; NaN (nothing offered) is left out. ValueError without any number.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        raise ValueError("no window has a value")
    rng = np.random.Generator(np.random.PCG64(seed))
    picks = rng.integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return Estimate(float(values.mean()), interquartile_mean(values), float(low), float(high), len(values))


def paired(values: np.ndarray, baseline: np.ndarray, seed: int = 0) -> Estimate:
    """The mean difference of two schedulers on the same windows, with its interval."""
    return estimate(np.asarray(values, dtype=float) - np.asarray(baseline, dtype=float), seed)
