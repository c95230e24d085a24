"""Sampled paths of the supply around the newest forecast, for simulated futures.

A path is the median plus its distance to the 10 or the 90 % quantile, times a normal score over that of
the quantile. Scores are first-order autoregressions along the hours, drawn once for all decisions, so that
all candidates and decisions meet the same weather. Path 0 is the median; the others are pairs of opposite
scores.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from energy.hash_noise import autocorrelated, key_of, normals
from rare.model import UNLIMITED_MW
from traces.numbers.constants import DAY_S, HOUR_S

LINK_AN_HOUR = 0.9  # correlation of a forecast's error with that of the hour before
_QUANTILE_SCORE = NormalDist().inv_cdf(0.9)


def path_scores(paths: int, steps: int, step_s: int, seed: int) -> np.ndarray:
    """(paths, steps) normal scores, autocorrelated along the steps of `step_s` seconds."""
    pairs = np.arange((paths + 1) // 2)[:, None]
    draws = normals(key_of("lookahead", seed), pairs, np.arange(steps))
    scores = autocorrelated(draws, LINK_AN_HOUR ** (step_s / HOUR_S))
    signed = np.stack([scores, -scores], axis=1).reshape(-1, steps)
    return np.concatenate([np.zeros((1, steps)), signed])[:paths]


def steps_ahead(state: np.void, horizon_s: int) -> int:
    """Rows of inputs for a run over the horizon: the present, and every forecast step that begins in it.

    state: the record of an environment.
    """
    step_s = int(state["forecast_step_s"])
    return 1 if step_s == 0 else 2 + horizon_s // step_s


class Outlook:
    """The newest forecast at an instant, as inputs of simulated futures.

    issue: number of the forecast, -1 without one. Past its end the last day repeats; without a forecast the
    present persists. Import limit and PUE persist (RULES §10.2).
    """

    def __init__(self, state: np.void, forecast: np.ndarray, rows: int) -> None:
        self.issue = -1
        self._state = state
        now_s = int(state["now_s"])
        issues, steps = forecast.shape
        if issues and now_s >= int(state["forecast_begin_s"]):
            begin_s, step_s = int(state["forecast_begin_s"]), int(state["forecast_step_s"])
            self.issue = min((now_s - begin_s) // int(state["issue_step_s"]), issues - 1)
            self.issued_s = begin_s + self.issue * int(state["issue_step_s"])
            present = (now_s - self.issued_s) // step_s
            self.first_step = (self.issued_s - begin_s) // step_s + present + 1
            ahead = present + 1 + np.arange(rows - 1)
            day = max(DAY_S // step_s, 1)
            back = np.maximum(-(-(ahead - steps + 1) // day), 0) * day
            step = np.where(ahead - back >= 0, ahead - back, steps - 1)
            self._rows = forecast[self.issue][step]
            self._starts_s = self.issued_s + ahead * step_s

    def inputs(self, into: np.ndarray, scores: np.ndarray) -> int:
        """Write the input records of a path into `into` (rows,). Returns the number written.

        scores: (steps,) of the path since the first issue, repeated from the beginning after the last one, as
        a run may continue for any time after the last forecast.
        """
        state, rows = self._state, len(into)
        for name in ("supply_mw", "import_mw", "price_u", "carbon_u", "pue"):
            into[name] = state[name]
        into["change_s"][0] = int(state["now_s"])
        if self.issue < 0 or rows < 2:
            return 1
        ahead = self._rows
        steps = np.arange(self.first_step, self.first_step + rows - 1)
        score = np.take(scores, steps, mode="wrap") / _QUANTILE_SCORE
        median = ahead["supply_mw"].astype(float)
        spread = np.where(score > 0, ahead["high_mw"] - median, median - ahead["low_mw"])
        supply = np.clip(median + score * spread, 0, UNLIMITED_MW)
        into["supply_mw"][1:] = np.rint(supply).astype(np.int64)
        into["price_u"][1:] = ahead["price_u"]
        into["carbon_u"][1:] = ahead["carbon_u"]
        into["change_s"][1:] = self._starts_s
        return rows


__all__ = ["Outlook", "path_scores", "steps_ahead"]
