"""Time in learning: one discount for all algorithms, by elapsed simulated time and not by decision.

Decisions come in bursts, dozens at one instant and none for hours. A discount of gamma ** (hours passed)
values a job's reward by when it comes, however many other jobs were placed meanwhile (semi-Markov decision
processes: Bradtke and Duff, NeurIPS 7, 1994).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from traces.numbers.constants import HOUR_S

if TYPE_CHECKING:
    import numpy as np

GAMMA_PER_HOUR = 0.95
"""The default. A reward a day later counts 0.29 of one now; most allowances are shorter than that."""
REWARD_SCALE = 100.0
"""Rewards are shares of the value of a whole window: a hundred times that is a size networks learn well."""


def discounts(elapsed_s: np.ndarray, gamma_per_hour: float) -> np.ndarray:
    """gamma ** hours: the discount of a reward that comes `elapsed_s` later; same shape, float32."""
    import numpy as np  # here: the constants above are of options that a help text lists

    return np.power(gamma_per_hour, np.asarray(elapsed_s, np.float64) / HOUR_S).astype(np.float32)
