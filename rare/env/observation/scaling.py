"""How numbers come into the scale of an observation, compiled."""

from __future__ import annotations

import numpy as np

from rare.env.observation.buffers import number_at
from rare.state.compile import rule
from traces.numbers.constants import HOUR_S


@rule
def squash(x, half):
    """x / (x + half) for x >= 0, else x / (half - x): in (-1, 1), 1/2 at `half`."""
    return x / (abs(x) + half)


@rule
def by_hour(x):
    """squash(x, 1 h) in single precision."""
    x = np.float32(x)
    return x / (abs(x) + np.float32(HOUR_S))


@rule
def clear(v, at, count):
    """Write zeros from one place of the observation on."""
    for i in range(at, at + count):
        number_at(v.at_obs, i).x = 0.0
