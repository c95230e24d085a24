"""What a behaviour policy does with a scheduler's choice: epsilon-greedy over the valid actions.

Compiled, and the same for heuristics (schedulers.heuristics.fused_record) and for schedulers in Python
(rare.dataset).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rare.state.compile import rule

# Why logging an episode stopped.
OVER, FULL, ROOM, OUTSIDE = range(4)
NOBODY = -1  # the preferred action of a policy that prefers none


class EpisodeArrays(NamedTuple):
    """Where compiled code logs an episode, row by row, and what is seen before each decision.

    obs, mask, time_s have a row for each decision and one for the end; the rest a row for each decision.
    """

    seen_obs: np.ndarray  # (D,) float32, rewritten by each step
    seen_mask: np.ndarray  # (A,) bool, likewise
    obs: np.ndarray  # (N + 1, D) float32
    mask: np.ndarray  # (N + 1, A) bool
    time_s: np.ndarray  # (N + 1,) int64, since the episode's beginning
    action: np.ndarray  # (N,) int64
    reward: np.ndarray  # (N,) float64
    probability: np.ndarray  # (N,) float64, of the action
    draws: np.ndarray  # (N, 2) float64, two uniform numbers for each decision


@rule
def count_valid(mask):
    """How many actions are valid."""
    valid = 0
    for action in range(mask.size):
        valid += mask[action]
    return valid


@rule
def draw_action(mask, preferred, epsilon, uniform, which):
    """The preferred action, or with probability epsilon one of all valid ones, each as likely.

    uniform, which: two numbers from [0, 1).
    """
    if uniform >= epsilon:
        return preferred
    left = int(which * count_valid(mask))
    for action in range(mask.size):
        if mask[action]:
            if left == 0:
                return action
            left -= 1
    return preferred


@rule
def chance(mask, preferred, epsilon, action):
    """Probability with which `draw_action` takes this valid action."""
    probability = epsilon / count_valid(mask)
    if action == preferred:
        probability += 1.0 - epsilon
    return probability
