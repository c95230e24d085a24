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
        """submit_s: (P,) int64, rising, of past jobs on the clock of `taken_s`.

        The past ends with the last of them if that is more than a day before `taken_s`.
        """
        self._submit_s, self._taken_s = submit_s, taken_s
        self._key = key_of("start times, arrivals", seed)
        self._until_s = taken_s
        if len(submit_s) and int(submit_s[-1]) < taken_s - DAY_S:
            self._until_s = int(submit_s[-1]) + 1
        past_s = self._until_s - int(submit_s[0]) if len(submit_s) else 0
        self._step_s = WEEK_S if past_s >= WEEK_S + DAY_S else DAY_S
        self._steps = min(past_s // self._step_s, MOST_WEEKS * WEEK_S // self._step_s)

    def draw(self, future: int, days: int) -> tuple[np.ndarray, np.ndarray]:
        """(places in `submit_s`, submits) of the jobs that arrive in so many days, by submit.

        None arrive where the past is shorter than a day.
        """
        if self._steps < 1 or days < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        shares = uniforms(self._key, np.full(days, future), np.arange(days))
        drawn = [self._day(day, float(share)) for day, share in enumerate(shares)]
        places, submits = zip(*drawn, strict=True)
        return np.concatenate(places), np.concatenate(submits)

    def _day(self, day: int, share: float) -> tuple[np.ndarray, np.ndarray]:
        """The jobs of one day to come: those of a day that has passed, some steps back."""
        begin_s = self._taken_s + day * DAY_S
        least = -(-(begin_s + DAY_S - self._until_s) // self._step_s)
        back_s = (least + int(share * self._steps)) * self._step_s
        first, last = np.searchsorted(self._submit_s, [begin_s - back_s, begin_s - back_s + DAY_S])
        return np.arange(first, last), self._submit_s[first:last] + back_s + 1
