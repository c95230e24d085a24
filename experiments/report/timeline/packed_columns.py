"""Columns of numbers and texts packed for a page: differences, bytes by significance, deflate, base64.

A packed column is an object of JSON that templates/timeline_data.js unpacks. Bytes of equal significance stand
together, because most high bytes are equal and deflate then stores them in next to nothing.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

WIDTHS = (1, 2, 3, 4, 5, 6)  # bytes of a number; 6 hold 2^47, and a number of JavaScript is exact up to 2^53
LEVEL = 6  # 9 takes three times as long for 2 % less

Packed = dict[str, Any]


def pack_numbers(values: np.ndarray, *, quantum: float = 1.0, differences: bool = False) -> Packed:
    """Numbers rounded to whole multiples of `quantum`; NaN is missing.

    differences: store the change from row to row, which is small where values grow steadily.
    The quantum is made larger, by a power of ten, where a column holds numbers of more than 46 bits.
    """
    values = np.asarray(values, dtype=float)
    missing = np.isnan(values)
    quantum = _coarser(quantum, float(np.abs(values[~missing]).max(initial=0.0)))
    numbers = values / quantum
    whole = np.rint(np.where(missing, 0, numbers)).astype(np.int64)
    if differences:
        if missing.any():  # repeat the value before, so that a gap costs no large difference
            place = np.maximum.accumulate(np.where(missing, 0, np.arange(len(whole))))
            whole = whole[place]
        whole = np.diff(whole, prepend=0)
    packed: Packed = {"n": len(whole), "w": _width(whole), "q": quantum, "d": int(differences)}
    planes = whole.astype("<i8").view(np.uint8).reshape(-1, 8).T[: packed["w"]]
    packed["z"] = _deflated(np.ascontiguousarray(planes).tobytes())
    if missing.any():
        packed["m"] = _deflated(missing.astype(np.uint8).tobytes())
    return packed


def pack_texts(texts: Sequence[str]) -> Packed:
    """Texts of any characters, lone surrogates too."""
    return {"n": len(texts), "t": _deflated(json.dumps(list(texts), ensure_ascii=True).encode("ascii"))}


def packed_bytes(packed: Packed) -> int:
    """The length of a packed column in a page."""
    return len(packed.get("z", "")) + len(packed.get("m", "")) + len(packed.get("t", "")) + 60


def _coarser(quantum: float, largest: float) -> float:
    """The quantum, times the power of ten with which numbers up to `largest` and their differences fit."""
    room = quantum * 2.0 ** (8 * WIDTHS[-1] - 2)
    return (
        quantum
        if largest < room
        else quantum * 10.0 ** math.ceil(math.log10(largest) - math.log10(room) + 1e-9)
    )


def _width(whole: np.ndarray) -> int:
    low, high = (int(whole.min()), int(whole.max())) if len(whole) else (0, 0)
    for width in WIDTHS:
        if -(1 << (8 * width - 1)) <= low and high < 1 << (8 * width - 1):
            return width
    raise ValueError(f"numbers from {low} to {high} do not fit in {WIDTHS[-1]} bytes")


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, LEVEL)).decode("ascii")
