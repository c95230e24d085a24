"""Exact integer arithmetic: rounding half to even, on NumPy integers that may need more than 64 bits."""

import numpy as np

from traces.errors import InputError

INT64_MAX = 2**63 - 1


def divide_half_even(numerator: np.ndarray, denominator: int) -> np.ndarray:
    """`numerator / denominator` rounded half to even, for whole numbers and a denominator above 0.

    Works on int64 arrays, and on object arrays of Python integers where 64 bits do not suffice.
    """
    quotient = numerator // denominator
    remainder = numerator - quotient * denominator  # 0 <= remainder < denominator, also below zero
    round_up = remainder > denominator - remainder
    tie_to_even = (remainder == denominator - remainder) & (quotient % 2 == 1)
    return quotient + (round_up | tie_to_even)


def scale_half_even(values: np.ndarray, numerator: int, denominator: int) -> np.ndarray:
    """`values * numerator / denominator` as int64, rounded half to even, whatever the size in between.

    `values` is int64 (of either sign), `numerator` not negative, `denominator` above 0.
    Raises InputError where a result does not fit into 63 bits.
    """
    largest = largest_abs(values)
    if divide_half_even(np.array([largest * numerator], dtype=object), denominator)[0] > INT64_MAX:
        raise InputError(
            f"{largest} x {numerator} / {denominator} is larger than 63 bits hold: scale by less"
        )
    if max(largest, 1) * numerator <= INT64_MAX and denominator <= INT64_MAX // 2:
        return divide_half_even(values * np.int64(numerator), denominator)
    return divide_half_even(values.astype(object) * numerator, denominator).astype(np.int64)


def dot_exact(left: np.ndarray, right: np.ndarray) -> int:
    """Sum of products of two int64 arrays, as an exact Python integer; none of `right` is negative."""
    if len(left) == 0:
        return 0
    if largest_abs(left) * int(right.sum()) <= INT64_MAX:
        return int(np.dot(left, right))
    return int(np.dot(left.astype(object), right.astype(object)))


def largest_abs(values: np.ndarray) -> int:
    """Largest absolute value, as a Python integer; 0 for none."""
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))
