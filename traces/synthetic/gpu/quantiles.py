"""Distribution of a positive quantity by a few quantiles, log-linear between them.

Used for run times and gaps of the GPU mix. It follows bodies and tails of any shape with a dozen numbers,
and its mean has a closed form, so that a fit can keep the mean, which the load depends on.
"""

from __future__ import annotations

import numpy as np


def draw(shares: np.ndarray, values: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """The quantiles at `uniform`: (n,) numbers in [0, 1] to (n,) values.

    shares : (knots,) rising from 0 to 1; values : (knots,) quantiles there, above 0, not falling
    """
    return np.exp(np.interp(uniform, shares, np.log(values)))


def mean(shares: np.ndarray, values: np.ndarray) -> float:
    """The mean of the distribution: the integral of its quantile function."""
    ratio = np.log(values[1:] / values[:-1])
    flat = np.abs(ratio) < 1e-9
    pieces = np.where(flat, values[:-1], np.diff(values) / np.where(flat, 1.0, ratio))
    return float((np.diff(shares) * pieces).sum())


def fit(sample: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(knots,) quantiles of a positive sample, the last one moved so that the mean is the sample's.

    So the sample's largest value is not disclosed. Where the mean would need a last knot below the one before
    it, the last knot equals that one.
    """
    values = np.quantile(sample, shares)
    values[0] = max(values[0], 1.0)
    values = np.maximum.accumulate(values)
    sample_mean = float(sample.mean())
    low, high = float(values[-2]), float(sample.max()) * 1e6
    for _ in range(200):
        values[-1] = np.sqrt(low * high)
        low, high = (values[-1], high) if mean(shares, values) < sample_mean else (low, values[-1])
    return values
