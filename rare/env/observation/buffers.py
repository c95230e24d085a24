"""What one environment shows: the arrays of its mask, slots and observation, and how they are reached."""

from __future__ import annotations

import numpy as np

from rare.state.arrays import WAIT
from rare.state.compile import rule
from rare.state.memory import accessor

VIEW = np.dtype(
    [
        # sizes, scales
        ("queue_slots", "i8"), ("running_slots", "i8"), ("forecast_hours", "i8"), ("local_offset_s", "i8"),
        ("peak_mw", "f8"), ("cores", "f8"), ("gpus_milli", "f8"), ("nodes", "f8"),
        # where this environment's mask, observation, slots, cards and wishes are; tables that it shares
        ("at_mask", "i8"), ("at_obs", "i8"), ("at_slots", "i8"), ("at_cards", "i8"), ("at_wishes", "i8"),
        ("at_static", "i8"), ("at_hours", "i8"),
        # whether starts that would delay the most urgent job without room are withheld; how many were
        ("reservations", "i8"), ("withheld", "i8"),
        # what the last observation showed: jobs, its second, the forecast's issue and step
        ("shown_queue", "i8"), ("shown_running", "i8"), ("shown_s", "i8"),
        ("shown_issue", "i8"), ("shown_step", "i8"),
    ],
    align=True,
)  # fmt: skip
"""How one environment is looked at."""
STATIC = np.dtype([("cores", "f4"), ("gpus", "f4"), ("memory", "f4"), ("power", "f4"), ("density", "f4")])
"""What of a job never changes, computed once: a table beside the workload."""
CARD = np.dtype(
    [
        ("job", "i4"), ("decline", "f4"), ("left_s", "i8"), ("submit_s", "i8"), ("latest_s", "i8"),
        ("wish", "f8"), ("cores", "f4"), ("gpus", "f4"), ("memory", "f4"), ("power", "f4"),
        ("density", "f4"), ("preemptible", "f4"), ("estimate", "f4"), ("suspended", "f4"),
    ],
    align=True,
)  # fmt: skip
"""What of a live job changes only when it is started or stopped; it holds while `job`, `left_s` and
`suspended` do.

latest_s: its latest start (RULES §3.8); decline: share of its value lost with each second after that;
wish: value per core-second of a start until then.
"""
SLOT = np.dtype([("slot", "i4")])
"""Which live job each action means: queue slots, then running slots."""
FLAG, NUMBER, WISH = np.dtype([("x", "u1")]), np.dtype([("x", "f4")]), np.dtype([("x", "f8")])

static_at, slot_at, card_at = accessor(STATIC), accessor(SLOT), accessor(CARD)
flag_at, number_at, wish_at = accessor(FLAG), accessor(NUMBER), accessor(WISH)


@rule
def slot_of(v, action):
    """The live job that a valid action means; WAIT for WAIT."""
    return WAIT if action == 0 else slot_at(v.at_slots, action - 1).slot


@rule
def set_flag(v, action, valid):
    """One action of the mask, and of its copy at the head of the observation."""
    flag_at(v.at_mask, action).x = valid
    number_at(v.at_obs, action).x = 1.0 if valid else 0.0
