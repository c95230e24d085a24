"""Distributions by group, as values at fixed normal scores: conversion from values to scores and back.

The normal score of a value is the standard normal quantile at the value's cumulative probability
(normal quantile transform; Kelly and Krzysztofowicz 1997, "A bivariate meta-Gaussian density for use in
hydrology", Stochastic Hydrology and Hydraulics 11).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCORE_END = 3.2
SCORES = np.linspace(-SCORE_END, SCORE_END, 65)
_SPACING = SCORES[1] - SCORES[0]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """values (groups, 65): quantiles at the normal scores -3.2 to 3.2, not decreasing along a row.

    open_low, open_high: whether the tail is extrapolated linearly beyond the sample (a price) or ends at the
    sample's extreme (a power).
    """

    values: np.ndarray
    open_low: bool
    open_high: bool

    def value(self, group: np.ndarray, score: np.ndarray) -> np.ndarray:
        """Values at normal scores; `group` and `score` are broadcast together."""
        place = (score + SCORE_END) / _SPACING
        cell = np.clip(place.astype(np.int64), 0, len(SCORES) - 2)
        # Outside the grid a part below 0 or above 1 extrapolates; a closed tail stays at its end.
        low_end = -np.inf if self.open_low else 0.0
        high_end = np.inf if self.open_high else 1.0
        part = np.clip(place - cell, low_end, high_end)
        flat = self.values.ravel()
        at = group * len(SCORES) + cell
        below = flat[at]
        return below + part * (flat[at + 1] - below)

    def score(self, group: np.ndarray, value: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Normal scores of values; all arrays are (N,).

        A value with a range of scores (still air, curtailed hours) gets a score from that range by `uniform`,
        so that scores are standard normal and forecasts of such hours are calibrated.
        """
        result = np.empty(len(value))
        order = np.argsort(group, kind="stable")
        names, starts = np.unique(group[order], return_index=True)
        for name, members in zip(names, np.split(order, starts[1:]), strict=True):
            result[members] = self._row_score(self.values[name], value[members], uniform[members])
        return result

    def _row_score(self, row: np.ndarray, value: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        clipped = np.clip(value, row[0], row[-1])
        first = np.searchsorted(row, clipped, side="left")
        after = np.searchsorted(row, clipped, side="right")
        score = np.interp(clipped, row, SCORES)
        tied = after - first > 1
        score[tied] = _truncated_normal(SCORES[first[tied]], SCORES[after[tied] - 1], uniform[tied])
        if self.open_low:
            score += _beyond(value - clipped, row[1] - row[0], value < row[0])
        if self.open_high:
            score += _beyond(value - clipped, row[-1] - row[-2], value > row[-1])
        return score


def quantile_row(sample: np.ndarray, open_low: bool, open_high: bool) -> np.ndarray:
    """The row of a sample: its quantiles (Hazen's plotting positions) at the 65 scores.

    An open tail continues beyond the extreme of the sample with the mean slope from median to extreme.
    """
    from scipy.special import ndtr, ndtri

    row = np.quantile(sample, ndtr(SCORES), method="hazen")
    edge = float(ndtri(1 - 0.5 / len(sample)))  # the score of the sample's extreme
    median = float(np.median(sample))
    beyond = np.maximum(np.abs(SCORES) - edge, 0.0)
    if open_low:
        row -= np.where(SCORES < 0, beyond * (median - sample.min()) / edge, 0.0)
    if open_high:
        row += np.where(SCORES > 0, beyond * (sample.max() - median) / edge, 0.0)
    return row


def _truncated_normal(low: np.ndarray, high: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Standard normal draws between two scores, by uniform draws in (0, 1)."""
    from scipy.special import ndtr, ndtri

    # The ends of the grid include the whole tail.
    low_p = np.where(low <= -SCORE_END, 0.0, ndtr(low))
    high_p = np.where(high >= SCORE_END, 1.0, ndtr(high))
    return np.clip(ndtri(low_p + uniform * (high_p - low_p)), -SCORE_END, SCORE_END)


def _beyond(excess: np.ndarray, last_rise: float, outside: np.ndarray) -> np.ndarray:
    """Scores to add where a value is outside the row, by extrapolation of its last rise."""
    slope = last_rise / _SPACING
    return np.where(outside & (slope > 0), excess / (slope or 1.0), 0.0)
