"""Arrivals to come, drawn as whole days of the past: a block bootstrap by the hour of the week.

Day k after an instant repeats the same hours of the week of a past week that is drawn for it, jobs with
their limits and run times together, so that bursts and campaigns of users stay whole (block bootstrap:
Künsch 1989, doi:10.1214/aos/1176347265). A past shorter than a week is repeated by days.
"""

from __future__ import annotations

import numpy as np

from energy.hash_noise import key_of, uniforms
from traces.numbers.constants import DAY_S

WEEK_S = 7 * DAY_S
MOST_WEEKS = 8
"""The past that arrivals are drawn from, the last so many weeks."""


class ArrivalBlocks:
    """Past submits, and draws of future ones."""

    def __init__(self, submit_s: np.ndarray, taken_s: int, seed: int) -> None:
        """submit_s: (P,) int64, rising, of past jobs on the clock of `taken_s`."""
        self._submit_s, self._taken_s = submit_s, taken_s
        self._key = key_of("start times, arrivals", seed)
        past_s = taken_s - int(submit_s[0]) if len(submit_s) else 0
        self._step_s = WEEK_S if past_s >= WEEK_S + DAY_S else DAY_S
        self._steps = min(past_s // self._step_s, MOST_WEEKS * WEEK_S // self._step_s)

    def draw(self, future: int, days: int) -> tuple[np.ndarray, np.ndarray]:
        """(places in `submit_s`, submits) of the jobs that arrive in so many days, by submit.

        None arrive where the past is shorter than a day.
        """
        if self._steps < 1 or days < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        places, submits = [], []
        shares = uniforms(self._key, np.full(days, future), np.arange(days))
        for day in range(days):
            least = -(-((day + 1) * DAY_S) // self._step_s)  # steps back to a day that has passed
            choices = max(self._steps - least + 1, 1)
            # beyond the past that there is, its last days come again
            back = (least + int(shares[day] * choices)) if least <= self._steps else least
            from_s = self._taken_s + day * DAY_S - back * self._step_s
            while from_s < self._taken_s - self._steps * self._step_s:
                from_s += self._steps * self._step_s
            first, last = np.searchsorted(self._submit_s, [from_s, min(from_s + DAY_S, self._taken_s)])
            places.append(np.arange(first, last))
            submits.append(self._submit_s[first:last] - from_s + self._taken_s + day * DAY_S + 1)
        return np.concatenate(places), np.concatenate(submits)
