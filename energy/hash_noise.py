"""Counter-based randomness: a draw is a hash of its key and its counters, independent of earlier draws.

So a forecast, a grid event or a failure is a pure function of its arguments, independent of the order of
calls and of the others. The mixer is the finaliser of SplitMix64 (Steele, Lea and Flood 2014,
doi:10.1145/2660193.2660195), applied once for every counter.
"""

from __future__ import annotations

import hashlib

import numpy as np

_STEP = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio of 2^64, as in the paper
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def key_of(*parts: object) -> int:
    """A 64-bit key from the texts of the parts; equal parts give equal keys on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def uniforms(key: int, *counters: np.ndarray) -> np.ndarray:
    """Uniform draws in (0, 1), one for every combination of the counters (integers, broadcast together)."""
    word = np.full(1, key, np.uint64)
    for counter in counters:
        # int64 to uint64 keeps the bits, so instants before 1970 count too.
        word = _mix((word ^ np.asarray(counter, np.int64).astype(np.uint64)) + _STEP)
    return ((word >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(key: int, *counters: np.ndarray) -> np.ndarray:
    """Standard normal draws, one for every combination of the counters."""
    from scipy.special import ndtri

    return ndtri(uniforms(key, *counters))


def autocorrelated(draws: np.ndarray, correlation: float | np.ndarray) -> np.ndarray:
    """Turn independent standard normal draws into a first-order autoregression along the last axis.

    `correlation` is that of a value with the one before it: one number, or one for each place (that of
    place 0 is not used). Every value stays standard normal.
    """
    link = np.broadcast_to(np.asarray(correlation, float), draws.shape[-1:])
    innovation_std = np.sqrt(1.0 - link**2)
    result = draws.copy()
    for place in range(1, draws.shape[-1]):
        result[..., place] *= innovation_std[place]
        result[..., place] += link[place] * result[..., place - 1]
    return result


def _mix(word: np.ndarray) -> np.ndarray:
    # Products wrap at 2^64 on purpose: that is the hash.
    with np.errstate(over="ignore"):
        word = (word ^ (word >> np.uint64(30))) * _FIRST
        word = (word ^ (word >> np.uint64(27))) * _SECOND
    return word ^ (word >> np.uint64(31))
