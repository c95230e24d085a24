"""What a behaviour policy does with a scheduler's choice: epsilon-greedy over the valid actions.

Compiled, and the same for heuristics (schedulers.heuristics.fused_record) and for schedulers in Python
(rare.dataset).
"""

from __future__ import annotations

from rare.state.compile import rule

# Why logging an episode stopped.
OVER, FULL, ROOM, OUTSIDE = range(4)
NOBODY = -1  # the preferred action of a policy that prefers none


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
