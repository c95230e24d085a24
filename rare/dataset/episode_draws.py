"""Window, behaviour policy and seed of each episode: a pure function of dataset seed and episode number.

Every window is played under every policy once before any pair comes again, in an order drawn anew for
each round, so that any first episodes of a dataset are a fair sample of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_ORDER, _ACTIONS = 0, 1  # keys of independent families of seeds


@dataclass(frozen=True, slots=True)
class EpisodeDraw:
    """The episode of one number. seed: of its random actions, below 2^63."""

    number: int
    seed: int
    window: int
    policy: int


def draw(seed: int, number: int, windows: int, policies: int) -> EpisodeDraw:
    """The draw for an episode number, given the numbers of windows and policies.

    >>> [draw(0, number, 2, 1).window for number in range(4)]
    [1, 0, 0, 1]
    """
    turn, place = divmod(number, windows * policies)
    window, policy = divmod(_order(seed, turn, windows * policies)[place], policies)
    seed_words = np.random.SeedSequence(entropy=seed, spawn_key=(_ACTIONS, number)).generate_state(
        1, np.uint64
    )
    return EpisodeDraw(number, int(seed_words[0] >> np.uint64(1)), window, policy)


@lru_cache(maxsize=8)
def _order(seed: int, turn: int, pairs: int) -> tuple[int, ...]:
    generator = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(_ORDER, turn)))
    return tuple(int(pair) for pair in generator.permutation(pairs))
