"""What a scheduler answers: a live slot (in views a job) and what is to be done with it, in one number.

decision = slot + (what << 32). FULL is 0, so that a slot alone is a start or resume at full speed, a
suspension by choice, or in a shortage the job to give up. From 1 to MOST_LEVELS - 1 `what` is the level of a
start or resume; SLOW and RAISE change the level of a running job by one (RULES §11). WAIT is -1.
"""

from __future__ import annotations

import numpy as np

from rare.machine_events import MOST_LEVELS
from rare.state.arrays import WAIT
from rare.state.compile import rule

FULL = 0
SLOW, RAISE = MOST_LEVELS, MOST_LEVELS + 1
WHAT_SHIFT = 32
SLOT_MASK = (1 << WHAT_SHIFT) - 1


@rule
def decision(slot, what):
    """The decision to do `what` with a slot; WAIT for WAIT."""
    return WAIT if slot == WAIT else np.int64(slot) + (what << WHAT_SHIFT)


@rule
def slot_of_decision(code):
    """The slot that a decision names; WAIT for WAIT."""
    return WAIT if code == WAIT else np.int64(code) & SLOT_MASK


@rule
def what_of_decision(code):
    """FULL, the level of a start, SLOW or RAISE."""
    return FULL if code == WAIT else np.int64(code) >> WHAT_SHIFT
