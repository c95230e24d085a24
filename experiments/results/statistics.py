"""Means over windows with their 95 % intervals, from resampled windows.

`estimate` and `paired` resample windows alone and use scipy's bias-corrected and accelerated bootstrap.
`stratified` resamples seeds and windows of a crossed table together. It is written by hand, because
scipy.stats.bootstrap draws along one axis: it can draw neither rows and columns of one table at once nor the
same windows for all strata that share them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 10_000
STRATIFIED_RESAMPLES = 4_000
_AT_ONCE = 250  # resamples in memory


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over windows, its interquartile mean, and the 95 % interval of the mean.

    Without any number all are None; of a single window there is a mean and no interval.
    """

    mean: float | None
    iqm: float | None
    low: float | None
    high: float | None
    windows: int

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON."""
        return asdict(self)


def interquartile_mean(values: np.ndarray) -> float:
    """Mean of the middle half (Agarwal et al., NeurIPS 2021, arXiv 2108.13264)."""
    from scipy.stats import trim_mean

    return float(trim_mean(values, 0.25))


def estimate(values: np.ndarray, seed: int = 0) -> Estimate:
    """Mean over windows with its BCa bootstrap interval (Efron 1987, doi:10.2307/2289144).

    values: (W,), one number a window; NaN (nothing offered) is left out. Fewer than two numbers have no
    interval: resampling one gives the width 0, which would look like certainty. Equal numbers have an
    interval of width 0.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return Estimate(None, None, None, None, 0)
    mean, iqm = float(values.mean()), interquartile_mean(values)
    if len(values) == 1:
        return Estimate(mean, iqm, None, None, 1)
    low, high = _bca_interval(values, seed)
    return Estimate(mean, iqm, low, high, len(values))


def _bca_interval(values: np.ndarray, seed: int) -> tuple[float, float]:
    """Low and high of the 95 % interval of the mean of two or more numbers."""
    from scipy.stats import DegenerateDataWarning, bootstrap

    if (values == values[0]).all():  # nothing varies, and the acceleration would be 0 / 0
        return float(values[0]), float(values[0])
    rng = np.random.Generator(np.random.PCG64(seed))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        result = bootstrap((values,), np.mean, n_resamples=RESAMPLES, method="BCa", rng=rng, vectorized=True)
    low, high = result.confidence_interval
    if not np.isfinite([low, high]).all():  # cubes of the deviations leave the range of floats
        low, high = np.percentile(result.bootstrap_distribution, [2.5, 97.5])
    return float(low), float(high)


def paired(values: np.ndarray, baseline: np.ndarray, seed: int = 0) -> Estimate:
    """The mean difference of two schedulers on the same windows, with its interval."""
    return estimate(np.asarray(values, dtype=float) - np.asarray(baseline, dtype=float), seed)


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and interquartile mean over strata, seeds and windows, with percentile bootstrap intervals.

    No interval (None) where a stratum has a single number: it has nothing to resample.
    """

    mean: float
    low: float | None
    high: float | None
    iqm: float
    iqm_low: float | None
    iqm_high: float | None
    strata: int
    seeds: int  # the fewest of any stratum
    windows: int  # of all independent strata together

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON."""
        return asdict(self)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the mean, if there is one."""
        return None if self.low is None or self.high is None else (self.low, self.high)


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
    low, high, iqm_low, iqm_high = _intervals(kept, level, seed)
    strata = sum(len(group) for group in kept)
    return Spread(
        mean=float(sum(group.mean(axis=(1, 2)).sum() for group in kept) / strata),
        low=low,
        high=high,
        iqm=interquartile_mean(np.concatenate([group.ravel() for group in kept])),
        iqm_low=iqm_low,
        iqm_high=iqm_high,
        strata=strata,
        seeds=min(group.shape[1] for group in kept),
        windows=sum(group.shape[2] for group in kept),
    )


def _intervals(groups: Sequence[np.ndarray], level: float, seed: int) -> tuple[float | None, ...]:
    """Low and high of the mean, then of the interquartile mean; None where there is nothing to resample."""
    if any(group.shape[1] * group.shape[2] < 2 for group in groups):
        return None, None, None, None
    rng = np.random.Generator(np.random.PCG64(seed))
    draws = [_draws(groups, rng, _AT_ONCE) for _ in range(STRATIFIED_RESAMPLES // _AT_ONCE)]
    tails = [50 * (1 - level), 50 * (1 + level)]
    parts = (np.concatenate(part) for part in zip(*draws, strict=True))
    return tuple(float(each) for part in parts for each in np.percentile(part, tails))


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
