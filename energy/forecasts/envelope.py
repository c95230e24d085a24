"""Largest output by day of the year and time of day, in place of a clear-sky model, without a site."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traces.numbers.constants import DAY_S

YEAR_DAYS = 365.2425
REACH_DAYS = 15


@dataclass(frozen=True, slots=True)
class Envelope:
    """ceiling (366, steps of a day): largest training value within 15 days at that time; 0 at night."""

    ceiling: np.ndarray
    step_s: int
    origin_s: int

    @classmethod
    def fit(cls, values: np.ndarray, steps: np.ndarray, step_s: int, origin_s: int) -> Envelope:
        """The envelope of `values` at the step numbers `steps`."""
        day, second = np.divmod(origin_s + steps * step_s, DAY_S)
        by_day = np.zeros((366, DAY_S // step_s))
        np.maximum.at(by_day, ((day % YEAR_DAYS).astype(np.int64), second // step_s), values)
        reach = range(-REACH_DAYS, REACH_DAYS + 1)
        return cls(np.max([np.roll(by_day, days, axis=0) for days in reach], axis=0), step_s, origin_s)

    def at(self, steps: np.ndarray) -> np.ndarray:
        """The ceiling at step numbers, of their shape, in the unit of the series."""
        day, second = np.divmod(self.origin_s + steps * self.step_s, DAY_S)
        return self.ceiling[(day % YEAR_DAYS).astype(np.int64), second // self.step_s]
