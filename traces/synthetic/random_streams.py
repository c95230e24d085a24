"""Random numbers of the generators: one stream per seed, model and column.

A column that has a stream of its own is drawn in job order, so its first n numbers stay the same when
more jobs are asked for. Streams are numpy's PCG64 seeded through SeedSequence; numpy keeps the bits of
PCG64, but may change how a distribution uses them (NEP 19), so equal files need equal numpy versions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_MOST_ROUNDS = 1000


def stream(seed: int, model: int, column: int, part: int = 0) -> np.random.Generator:
    """The random generator of one column; `part` tells several streams of one column apart."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(model, column, part))))


def draw_below(limit: float, count: int, draw: Callable[[np.ndarray, int], np.ndarray]) -> np.ndarray:
    """(count,) draws, each repeated until it is at most `limit`.

    `draw(rows, part)` returns one number for each row, from the stream `part`. Every round of repeats
    has its own stream, so that job i does not depend on how many jobs follow it.
    """
    values = draw(np.arange(count), 0)
    for part in range(1, _MOST_ROUNDS):
        rows = np.flatnonzero(values > limit)
        if not len(rows):
            return values
        values[rows] = draw(rows, part)
    raise AssertionError(f"no draw below {limit} in {_MOST_ROUNDS} rounds")
