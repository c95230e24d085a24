"""Which points no other one beats, and the three of them that have names."""

from __future__ import annotations

import numpy as np

CHOICES = ("cheapest", "cleanest", "knee")


def non_dominated(values: np.ndarray) -> np.ndarray:
    """(n,) bool: the rows of (n, m) that no row dominates; less is better in every column.

    A row dominates another if it is nowhere worse and somewhere better: of equal rows none dominates the
    other, so all of them are kept.
    """
    values = np.asarray(values, dtype=float)
    nowhere_worse = (values[:, None, :] <= values[None, :, :]).all(axis=2)
    somewhere_better = (values[:, None, :] < values[None, :, :]).any(axis=2)
    return ~np.any(nowhere_worse & somewhere_better, axis=0)


def knee(values: np.ndarray) -> int:
    """The row of (n, m), all of one front, that lies farthest before the chord plane.

    Each column is scaled so that 0 is the best and 1 the worst of the front. The plane goes through the m
    points that are 1 in one column and 0 in the others; the distance to it is (1 - sum) / sqrt(m), largest
    where the sum is least (the knee of Das 1999, doi:10.1007/BF01195985, with the plane through fixed
    points). Ties: the lower first column.
    """
    values = np.asarray(values, dtype=float)
    low, span = values.min(axis=0), np.ptp(values, axis=0)
    scaled = (values - low) / np.where(span > 0, span, 1)
    return int(np.lexsort((values[:, 0], scaled.sum(axis=1).round(12)))[0])


def named_choices(values: np.ndarray, eligible: np.ndarray) -> dict[str, int]:
    """Rows of the cheapest, the cleanest and the knee among the eligible; empty if there are none.

    values: (n, 3) cost, carbon and service, less is better. Ties go to the better in the next column.
    """
    rows = np.flatnonzero(eligible)
    if not len(rows):
        return {}
    cost, carbon, service = np.asarray(values, dtype=float)[rows].T
    return {
        "cheapest": int(rows[np.lexsort((service, carbon, cost))[0]]),
        "cleanest": int(rows[np.lexsort((service, cost, carbon))[0]]),
        "knee": int(rows[knee(np.column_stack([cost, carbon, service]))]),
    }
