"""Means and intervals over windows: paired, resampled, as DESIGN §6 asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 10_000
STRATIFIED_RESAMPLES = 4_000
_AT_ONCE = 250  # resamples in memory


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


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and interquartile mean over strata, seeds and windows, with percentile bootstrap intervals."""

    mean: float
    low: float
    high: float
    iqm: float
    iqm_low: float
    iqm_high: float
    strata: int
    seeds: int  # the fewest of any stratum
    windows: int  # of all independent strata together

    def as_dict(self) -> dict[str, float | int]:
        """For JSON."""
        return asdict(self)


def stratified(groups: Sequence[np.ndarray], level: float = 0.95, seed: int = 0) -> Spread:
    """Mean over strata, resampled within each: seeds and windows both, each with replacement.

    groups: arrays (C, S, W), C strata that share the windows W, such as one workload under several supplies;
    their windows are drawn alike, for they are not independent. Groups are drawn apart. For differences
    paired by seed and window give the differences. mean: of the means of the strata, each counting alike;
    iqm: of all values together. Drawing rows and columns of a crossed table is the pigeonhole bootstrap (Owen
    2007, doi:10.1214/07-AOAS122), which is conservative; interquartile means over strata follow Agarwal et
    al. (NeurIPS 2021, arXiv 2108.13264). Windows with NaN anywhere are left
    out. ValueError without any number.
    """
    kept = [_complete(np.asarray(group, dtype=float)) for group in groups]
    kept = [group for group in kept if group.size]
    if not kept:
        raise ValueError("no stratum has a value")
    rng = np.random.Generator(np.random.PCG64(seed))
    draws = [_draws(kept, rng, _AT_ONCE) for _ in range(STRATIFIED_RESAMPLES // _AT_ONCE)]
    means, iqms = (np.concatenate(part) for part in zip(*draws, strict=True))
    tails = [50 * (1 - level), 50 * (1 + level)]
    low, high = np.percentile(means, tails)
    iqm_low, iqm_high = np.percentile(iqms, tails)
    strata = sum(len(group) for group in kept)
    return Spread(
        mean=float(sum(group.mean(axis=(1, 2)).sum() for group in kept) / strata),
        low=float(low),
        high=float(high),
        iqm=interquartile_mean(np.concatenate([group.ravel() for group in kept])),
        iqm_low=float(iqm_low),
        iqm_high=float(iqm_high),
        strata=strata,
        seeds=min(group.shape[1] for group in kept),
        windows=sum(group.shape[2] for group in kept),
    )


def _complete(group: np.ndarray) -> np.ndarray:
    """(C, S, W) without the windows that have a NaN."""
    if group.ndim != 3:
        raise ValueError(f"a group must be strata x seeds x windows, got {group.ndim} dimensions")
    return group[:, :, ~np.isnan(group).any(axis=(0, 1))]


def _draws(
    groups: Sequence[np.ndarray], rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """(count,) means and interquartile means of as many resamples."""
    sums, values = np.zeros(count), []
    for group in groups:
        _, seeds, windows = group.shape
        s = rng.integers(0, seeds, (count, seeds))[:, :, None]
        w = rng.integers(0, windows, (count, windows))[:, None, :]
        drawn = np.moveaxis(group[:, s, w], 1, 0)  # (count, C, S, W)
        sums += drawn.mean(axis=(2, 3)).sum(axis=1)
        values.append(drawn.reshape(count, -1))
    together = np.sort(np.concatenate(values, axis=1), axis=1)
    cut = together.shape[1] // 4
    strata = sum(len(group) for group in groups)
    return sums / strata, together[:, cut : together.shape[1] - cut].mean(axis=1)
