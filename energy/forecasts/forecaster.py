"""The interface of forecasters: quantiles of one issue, a table of many issues, and sample paths.

A forecast issued at step i is made at the instant step i begins. Its first target is step i itself
(lead 1 covers [issue, issue + step_s)), its last is step i + H - 1.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from energy.forecasts.forecast_quantity import checked_count
from energy.hash_noise import autocorrelated, key_of, normals
from traces.errors import InputError

QUANTILES = (0.1, 0.5, 0.9)


class Forecaster(ABC):
    """Forecasts of one series of means, each `step_s` long.

    name      : used in tables and messages
    steps     : H, the number of targets of one issue
    quantiles : the probabilities of the Q rows of a forecast, increasing
    length    : number of steps of the series; targets at or after it are NaN
    """

    name: str

    def __init__(self, length: int, steps: int, quantiles: Sequence[float] = QUANTILES) -> None:
        self.length = length
        self.steps = checked_count(steps, "forecast steps")
        self.quantiles = _checked_quantiles(quantiles)
        self._levels = np.array([NormalDist().inv_cdf(p) for p in self.quantiles])

    @abstractmethod
    def _at_scores(self, issues: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Forecast values (n, K, H) at the normal scores (1 or n, K, 1 or H) for issues (n,)."""

    def _path_link(self, issue: int) -> np.ndarray:
        """Correlation (H,) of the normal score of each target's outcome with the target before it."""
        return np.zeros(self.steps)

    def at(self, i: int) -> np.ndarray:
        """The forecast issued at step i: (Q, H), in the unit of the series."""
        return self.table(i, i + 1)[0]

    def table(self, first: int, last: int) -> np.ndarray:
        """The forecasts issued at steps first to last - 1: (last - first, Q, H). InputError outside."""
        issues = self._checked_issues(first, last)
        values = self._at_scores(issues, self._levels[None, :, None])
        return self._cut(issues, np.broadcast_to(values, (len(issues), len(self._levels), self.steps)))

    def sample(self, i: int, paths: int, seed: int) -> np.ndarray:
        """Sample paths (paths, H) for issue i, autocorrelated along the targets like outcomes.

        At each target they have the distribution whose quantiles `at` gives. Path number n of a seed is
        the same for every number of paths. InputError for an issue outside the series.
        """
        issues = self._checked_issues(i, i + 1)
        numbers = np.arange(checked_count(paths, "sample paths"))[:, None]
        key = key_of("paths", self.name, checked_count(seed, "seed", 0), i)
        draws = autocorrelated(normals(key, numbers, np.arange(self.steps)), self._path_link(i))
        values = self._at_scores(issues, draws[None])
        return self._cut(issues, np.broadcast_to(values, (1, len(draws), self.steps)))[0]

    def targets(self, issues: np.ndarray) -> np.ndarray:
        """Steps that issues (n,) cover: (n, H)."""
        return issues[:, None] + np.arange(self.steps)

    def _checked_issues(self, first: int, last: int) -> np.ndarray:
        integral = all(isinstance(step, int | np.integer) for step in (first, last))
        if not integral or not 0 <= first < last <= self.length:
            raise InputError(
                f"{self.name} forecast: issues {first} to {last} are outside the series of "
                f"{self.length} steps: ask within it"
            )
        return np.arange(first, last)

    def _cut(self, issues: np.ndarray, values: np.ndarray) -> np.ndarray:
        known = self.targets(issues) < self.length
        return values.copy() if known.all() else np.where(known[:, None, :], values, np.nan)


def _checked_quantiles(quantiles: Sequence[float]) -> tuple[float, ...]:
    try:
        levels = tuple(float(level) for level in quantiles)
    except (TypeError, ValueError):
        raise InputError(f"quantiles {quantiles!r}: give probabilities such as 0.1, 0.5, 0.9") from None
    rising = all(low < high for low, high in zip(levels, levels[1:], strict=False))
    if not levels or not rising or not all(math.isfinite(p) and 0 < p < 1 for p in levels):
        raise InputError(f"quantiles {list(levels)}: give increasing probabilities between 0 and 1")
    return levels
