"""A flow of power shared among the running jobs by their weights, in exact integers (RULES §13.3).

What a unit of weight gets in a second is counted in 2^-63 of the flow's unit, rounded down. Its sum over
time, up to each edge, gives the part of a job with one subtraction and one product, however many jobs run
beside it: the effort grows with the edges and the holdings, not with their product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LIMB_BITS, LIMBS = 21, 3
FRACTION_BITS = LIMB_BITS * LIMBS
_HALF_BITS = 31  # where a flow is cut in two for an exact sum
_INT64_BITS = 62  # what sums are kept below, so that a float may say whether they fit


@dataclass(frozen=True, slots=True)
class Holdings:
    """From when until when which job shares with which weight. All (N,) int64; a job may have many rows.

    jobs: how many jobs there are. weight: not negative; one of 0 has no part.
    """

    job: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    weight: np.ndarray
    jobs: int


@dataclass(frozen=True, slots=True)
class Split:
    """Flow x time. by_job: (J,) Python integers; unused: what flowed while no job had a weight."""

    by_job: np.ndarray
    unused: int

    @property
    def total(self) -> int:
        """All of it."""
        return int(self.by_job.sum()) + self.unused


class FlowSplitter:
    """Splits flows that are constant between neighbouring edges.

    edges_s: (S + 1,) int64, rising strictly; it holds every start and end of a holding.
    """

    def __init__(self, edges_s: np.ndarray, held: Holdings) -> None:
        present = (held.end_s > held.start_s) & (held.weight > 0)
        self._jobs = held.jobs
        self._job, self._weight = held.job[present], held.weight[present]
        self._first = np.searchsorted(edges_s, held.start_s[present])
        self._last = np.searchsorted(edges_s, held.end_s[present])
        change = np.zeros(len(edges_s), np.int64)
        np.add.at(change, self._first, self._weight)
        np.subtract.at(change, self._last, self._weight)
        self._seconds = np.diff(edges_s)
        self._weights = np.cumsum(change)[:-1]  # of all jobs together, between the edges
        self._span_s = int(edges_s[-1] - edges_s[0]) if len(edges_s) else 0

    def split(self, flow: np.ndarray) -> Split:
        """The parts of a flow, (S,) int64 or Python integers, which may be negative.

        In the order of their index jobs have the cumulative sums of their parts, each rounded to whole units;
        the last job takes what is left, which is less than one unit. So they add up to the whole.
        """
        busy = self._weights > 0
        unused = exact_sum(flow[~busy], self._seconds[~busy])
        parts = np.zeros(self._jobs, dtype=object)
        if not len(self._job) or not np.any(flow[busy]):
            return Split(parts, unused)
        np.add.at(parts, self._job, self._fine_parts(np.where(busy, flow, 0)))
        shared = (np.cumsum(parts) + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
        shared[self._job.max() :] = exact_sum(flow[busy], self._seconds[busy])
        return Split(np.diff(shared, prepend=0), unused)

    def _fine_parts(self, flow: np.ndarray) -> np.ndarray:
        """(N,) Python integers: what each holding gets of the flow, in 2^-63 of its unit."""
        whole, *limbs = (integral[self._last] - integral[self._first] for integral in self._integrals(flow))
        for place in reversed(range(LIMBS)):
            carried, limbs[place] = limbs[place] >> LIMB_BITS, limbs[place] & ((1 << LIMB_BITS) - 1)
            if place:
                limbs[place - 1] = limbs[place - 1] + carried
            else:
                whole = whole + carried
        fraction = limbs[0]
        for limb in limbs[1:]:
            fraction = (fraction << LIMB_BITS) + limb
        weight = self._weight.astype(object)
        return (whole.astype(object) * weight << FRACTION_BITS) + fraction.astype(object) * weight

    def _integrals(self, flow: np.ndarray) -> list[np.ndarray]:
        """Flow a unit of weight, integrated up to each edge: the whole part and the limbs of the fraction."""
        weights = np.maximum(self._weights, 1)
        kind = np.int64 if self._fit_int64(flow, weights) else object
        weights, rest, seconds = weights.astype(kind), flow.astype(kind), self._seconds.astype(kind)
        integrals = []
        for _ in range(1 + LIMBS):
            quotient = rest // weights
            integrals.append(np.append(np.zeros(1, kind), np.cumsum(quotient * seconds)))
            rest = (rest - quotient * weights) << LIMB_BITS
        return integrals

    def _fit_int64(self, flow: np.ndarray, weights: np.ndarray) -> bool:
        """Whether no intermediate value of `_integrals` leaves int64."""
        if flow.dtype == object:
            return False
        span_bits = _bits(np.array([self._span_s]))
        whole_bits = _bits(flow // weights) + span_bits
        return max(max(span_bits, _bits(weights)) + LIMB_BITS, whole_bits) <= _INT64_BITS


def product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The product of whole numbers, as Python integers where int64 is too small."""
    kind = np.int64 if _bits(one) + _bits(other) <= _INT64_BITS else object
    return one.astype(kind) * other.astype(kind)


def cumulative_floors(amounts: np.ndarray, numerator: int, denominator: int) -> np.ndarray:
    """(N,) Python integers: amounts x numerator / denominator, whole and adding up to the whole's floor."""
    shared = np.cumsum(amounts.astype(object)) * numerator // denominator
    return np.diff(shared, prepend=0)


def exact_sum(flow: np.ndarray, seconds: np.ndarray) -> int:
    """The sum of flow x seconds, in two limbs that fit int64."""
    high, low = flow >> _HALF_BITS, flow & ((1 << _HALF_BITS) - 1)
    if flow.dtype != object and _bits(seconds) + np.log2(max(len(seconds), 1)) > 30:
        high, low = high.astype(object), low.astype(object)
    return (int((high * seconds).sum()) << _HALF_BITS) + int((low * seconds).sum())


def _bits(values: np.ndarray) -> int:
    """Binary digits of the largest absolute value; 0 of none."""
    return max(int(abs(values.max())), int(abs(values.min()))).bit_length() if len(values) else 0
