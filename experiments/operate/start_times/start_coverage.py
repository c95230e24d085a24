"""Figures of a calibration: how many true starts lie in the ranges, and how far off the middle is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from traces.numbers.constants import HOUR_S

GRID = np.round(np.arange(0.01, 1.0, 0.01), 2)
"""Levels whose quantiles a sample keeps."""
TARGET = 0.8
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """Predictions and truths, one row a waiting job of a snapshot; (N,) each, `grid_s` (N, 99).

    week, snapshot : their numbers
    wait_s     : true time from the snapshot to the start
    by_limit_s : the same where all jobs run to their limits and none arrive
    cores, limit_s : of the job
    known      : jobs of its user that had ended
    grid_s     : predicted quantiles of wait_s, of levels GRID
    """

    week: np.ndarray
    snapshot: np.ndarray
    wait_s: np.ndarray
    by_limit_s: np.ndarray
    cores: np.ndarray
    limit_s: np.ndarray
    known: np.ndarray
    grid_s: np.ndarray

    def __len__(self) -> int:
        return len(self.week)

    def rows(self, chosen: np.ndarray) -> Sample:
        """Some of the rows, by a mask or by places."""
        return Sample(*(getattr(self, field.name)[chosen] for field in fields(Sample)))

    def at(self, level: float) -> np.ndarray:
        """(N,) the predicted quantile of a level, of GRID's the nearest."""
        return np.asarray(self.grid_s[:, int(np.abs(GRID - level).argmin())])


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a sample shows of two levels.

    inside, below, above : shares of true starts in, before and after the range
    low, high   : 95 % interval of `inside`, by resampling weeks
    of_snapshots: mean over snapshots of the share inside
    error_s, by_limits_error_s : medians of the absolute errors of the middle and of the estimate by limits
    width_s     : median width of the range
    """

    jobs: int
    snapshots: int
    inside: float
    low: float
    high: float
    of_snapshots: float
    below: float
    above: float
    error_s: float
    by_limits_error_s: float
    width_s: float

    @property
    def ratio(self) -> float:
        """Of both median errors."""
        return self.error_s / max(self.by_limits_error_s, 1.0)


def joined(parts: Sequence[Sample]) -> Sample:
    """All rows of several samples."""
    return Sample(*(np.concatenate([getattr(one, field.name) for one in parts]) for field in fields(Sample)))


def coverage(sample: Sample, low: float = 0.1, high: float = 0.9, seed: int = 0) -> Coverage:
    """How a sample fares with the range between two levels."""
    wait_s, from_s, to_s = sample.wait_s, sample.at(low), sample.at(high)
    below, above = wait_s < from_s, wait_s > to_s
    inside = ~(below | above)
    weeks = np.unique(sample.week)
    sums = np.array([[inside[sample.week == week].sum(), (sample.week == week).sum()] for week in weeks])
    drawn = np.random.default_rng(seed).integers(0, len(weeks), (RESAMPLES, len(weeks)))
    shares = sums[drawn, 0].sum(1) / sums[drawn, 1].sum(1)
    of_snapshots = [float(inside[sample.snapshot == one].mean()) for one in np.unique(sample.snapshot)]
    return Coverage(
        jobs=len(sample),
        snapshots=len(of_snapshots),
        inside=float(inside.mean()),
        low=float(np.quantile(shares, 0.025)),
        high=float(np.quantile(shares, 0.975)),
        of_snapshots=float(np.mean(of_snapshots)),
        below=float(below.mean()),
        above=float(above.mean()),
        error_s=float(np.median(np.abs(sample.at(0.5) - wait_s))),
        by_limits_error_s=float(np.median(np.abs(sample.by_limit_s - wait_s))),
        width_s=float(np.median(to_s - from_s)),
    )


def recalibrated_levels(samples: Sequence[Sample]) -> tuple[float, float]:
    """The levels of GRID below and above which a tenth of the true starts lies, each sample counted alike.

    Split conformal prediction with equal tails (Romano, Patterson and Candes 2019, arXiv 1905.03222) on the
    scale of levels.
    """
    tail = (1 - TARGET) / 2
    below = np.mean([(one.wait_s[:, None] < one.grid_s).mean(0) for one in samples], axis=0)
    above = np.mean([(one.wait_s[:, None] > one.grid_s).mean(0) for one in samples], axis=0)
    lows, highs = GRID[below <= tail], GRID[above <= tail]
    return float(lows.max(initial=GRID[0])), float(highs.min(initial=GRID[-1]))


def groups(sample: Sample) -> dict[str, Sample]:
    """Parts of a sample by name: by the true wait, and jobs of which little is known or that are unusual."""
    wait_s, cores, limit_s = sample.wait_s, sample.cores, sample.limit_s
    masks = {
        "wait below 1 h": wait_s < HOUR_S,
        "wait 1 to 6 h": (wait_s >= HOUR_S) & (wait_s < 6 * HOUR_S),
        "wait 6 to 24 h": (wait_s >= 6 * HOUR_S) & (wait_s < 24 * HOUR_S),
        "wait above 24 h": wait_s >= 24 * HOUR_S,
        "user with fewer than 5 past jobs": sample.known < 5,
        "widest tenth": cores >= np.quantile(cores, 0.9),
        "longest limits (a tenth)": limit_s >= np.quantile(limit_s, 0.9),
    }
    return {name: sample.rows(mask) for name, mask in masks.items() if mask.any()}


def coverage_lines(name: str, sample: Sample, levels: tuple[float, float]) -> list[str]:
    """The figures of a sample as lines of a Markdown table: as it is, between other levels, and by group."""
    low, high = levels
    rows = [(name, coverage(sample)), (f"- levels {low:.2f} to {high:.2f}", coverage(sample, low, high))]
    rows += [(f"- {group}", coverage(part)) for group, part in groups(sample).items()]
    return [
        f"| {label} | {one.snapshots} | {one.jobs:,} | {100 * one.inside:.1f} ({100 * one.low:.0f} to "
        f"{100 * one.high:.0f}) | {100 * one.of_snapshots:.1f} | {100 * one.below:.1f} | "
        f"{100 * one.above:.1f} | {one.error_s / 60:,.0f} | {one.by_limits_error_s / 60:,.0f} | "
        f"{one.ratio:.2f} | {one.width_s / HOUR_S:.1f} |"
        for label, one in rows
    ]


_COLUMNS = (
    "trace",
    "snapshots",
    "jobs",
    "inside, % (95 % interval)",
    "mean of snapshots, %",
    "below, %",
    "above, %",
    "error of the middle, min",
    "by limits, min",
    "ratio",
    "width, h",
)
HEADING = f"| {' | '.join(_COLUMNS)} |\n{'|---' * len(_COLUMNS)}|"
