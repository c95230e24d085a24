"""What a batch refuses before it begins: unknown rewards."""

from __future__ import annotations

import math

import numpy as np

from rare.env.stepping import REWARD_NAMES
from rare.episodes import Episodes
from traces.errors import InputError

INVALID_NAMES = ("raise", "wait")  # what an action that is not valid does


def check_outcome(reward: str, reward_eta: float, invalid: str, episodes: Episodes) -> None:
    """InputError for an unknown reward or treatment of invalid actions, or a reward that is always 0."""
    if reward not in REWARD_NAMES:
        raise InputError(f"reward {reward!r} is unknown; known are {', '.join(REWARD_NAMES)}")
    number = isinstance(reward_eta, int | float | np.number) and not isinstance(reward_eta, bool)
    if not (number and math.isfinite(reward_eta)):
        raise InputError(f"reward_eta must be a finite number, got {reward_eta!r}")
    if reward == "objective" and not any(episode.offered_u > 0 for episode in episodes.episodes):
        raise InputError(
            f"{episodes.scenario}: no job has a value, so the reward 'objective' would always be 0; declare "
            "service classes in the scenario, or use reward='slowdown' or reward='renewable'"
        )
    if invalid not in INVALID_NAMES:
        raise InputError(f"invalid={invalid!r} is unknown; known are {', '.join(INVALID_NAMES)}")
