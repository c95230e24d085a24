"""Columns of millions of jobs: one value held once, no copy and no table of ids that is not needed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def repeats_one(values: np.ndarray) -> bool:
    """Whether an array holds one value in memory, however long it is."""
    return values.strides == (0,)


def repeat(value: int, count: int) -> np.ndarray:
    """(count,) int64, or bool for a bool: one value that is held once. Read-only."""
    dtype = np.bool_ if isinstance(value, bool) else np.int64
    return np.broadcast_to(np.array(value, dtype=dtype), (count,))


def private_copy(values: np.ndarray) -> np.ndarray:
    """A read-only copy of a column, of one that repeats a value only that value."""
    copied = (values[:1] if repeats_one(values) else values).copy()
    copied.flags.writeable = False
    return np.broadcast_to(copied, values.shape) if repeats_one(values) else copied


def handed_over(columns: Iterable[np.ndarray]) -> None:
    """Make columns read-only, so that a Workload keeps those that own their memory as they are."""
    for column in columns:
        column.flags.writeable = False
