"""A daily cycle of arrivals, and stretching of arrivals to a load that keeps the cycle.

Arrivals are drawn on a *busy clock* that runs fast in busy hours and slowly in quiet ones, 86,400 s of it
per day. Its readings are turned into seconds of the day through the cumulated weights. A load is
reached by stretching the gaps on the busy clock: jobs come closer together or farther apart, and the
busy hours stay where they are. Stretching the submit times instead, as is often done, would stretch
the day too: at half the load the daily peak would come every 48 hours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traces.errors import InputError
from traces.jobs.workload import LARGEST_S
from traces.numbers.constants import DAY_S


class DailyCycle:
    """Weights of equal parts of a day, from local midnight, scaled to a mean of 1.

    weights : (parts,), above 0, the relative arrival rates
    """

    def __init__(self, weights: Sequence[float] | np.ndarray) -> None:
        rates = np.asarray(weights, dtype=float)
        self.weights = rates / rates.mean()
        self._edges_s = np.linspace(0.0, DAY_S, len(rates) + 1)
        self._busy_s = np.concatenate([[0.0], np.cumsum(self.weights)]) * (DAY_S / len(rates))
        self._busy_s[-1] = DAY_S

    def seconds(self, busy_s: np.ndarray) -> np.ndarray:
        """Seconds since midnight of day 0 at which the busy clock shows these readings [s]."""
        day_s = np.floor(busy_s / DAY_S) * DAY_S
        return day_s + np.interp(busy_s - day_s, self._busy_s, self._edges_s)

    def busy(self, time_s: float) -> float:
        """Reading of the busy clock at a second since midnight of day 0 [s]."""
        day_s = time_s // DAY_S * DAY_S
        return float(day_s + np.interp(time_s - day_s, self._edges_s, self._busy_s))


def stretched(
    cycles: Sequence[DailyCycle], kind: np.ndarray, busy_s: np.ndarray, span_s: float | None
) -> np.ndarray:
    """(jobs,) int64 submit times [s], the last of them at `span_s`; None: as drawn.

    kind : (jobs,) index of each job's cycle; busy_s : (jobs,) its reading of the busy clock [s].
    All kinds are stretched by one factor, the largest with which none passes `span_s`.
    """
    last = [busy_s[kind == number].max(initial=0.0) for number in range(len(cycles))]
    factor = 1.0
    if span_s is not None:
        if span_s > LARGEST_S:
            raise InputError(
                f"at this load the jobs span {span_s:.3g} s, more than {LARGEST_S}", remedy="ask for more"
            )
        factor = min(
            cycle.busy(span_s) / reading for cycle, reading in zip(cycles, last, strict=True) if reading > 0
        )
    submit_s = np.empty(len(kind))
    for number, cycle in enumerate(cycles):
        rows = kind == number
        submit_s[rows] = cycle.seconds(busy_s[rows] * factor)
    if span_s is not None:
        submit_s = np.minimum(submit_s, span_s)  # rounding in the last bit must not pass the end
    return np.floor(submit_s + 1e-6).astype(np.int64)  # the small number undoes that rounding, too


def span_for_load(work: np.ndarray, capacity: float, load: float) -> float:
    """Seconds in which this work makes this load: load = sum(work) / (capacity x span).

    work : (jobs,), in resource-seconds; capacity : of the same resource. The span ends with the last
    arrival, as in Lublin's definition of load.
    """
    return float(work.sum(dtype=float)) / (capacity * load)


def jobs_within(work: np.ndarray, capacity: float, load: float, days: float) -> int:
    """How many of the jobs, from the first, make this load for no more than these days."""
    largest_work = load * capacity * days * DAY_S
    return int(np.searchsorted(np.cumsum(work, dtype=float), largest_work, side="right"))
