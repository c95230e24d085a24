"""Whole numbers that users and libraries give: actions, slots, indices of jobs."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

_PLAIN = (int, np.int64)


def whole_number(value: Any) -> int | None:
    """The value as an int; None for truth values, fractions, texts and whatever else is no whole number.

    NumPy's integers are whole numbers, and so are arrays and tensors of one integer without a dimension.
    """
    if type(value) in _PLAIN:  # nearly always: an environment asks at every step
        return operator.index(value)
    if isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", None) == "b":
        return None
    try:
        return operator.index(value)
    except (TypeError, ValueError):
        return None
