"""Power gates: flexible jobs wait for green, cheap or clean power, but never past their latest start.

A gate hides a job from the pass until it opens. Jobs without a deadline are not flexible: nothing says
how long they may wait.

green  : the supply's median covers what runs and the job for its whole estimate, or as far as the
         outlook goes. Goiri et al., "GreenSlot", SC 2011, doi:10.1145/2063384.2063411.
price, carbon : as green, or at most a share Q of the time until the latest start is cheaper (cleaner) than
         now. Wiesner et al., "Let's Wait Awhile", Middleware 2021, doi:10.1145/3464298.3493399.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rare.model import NEVER_S
from rare.rules.backfill.reservation import expected_run_s
from rare.rules.events.waiting_timers import latest_start_of
from rare.rules.outlook import cheaper_share, green_over, project
from rare.rules.power_balance import node_increase_mw
from rare.state import codes
from rare.state.arrays import env_of, live_of
from rare.state.codes import Choice, NumberParameter
from rare.state.compile import rule
from rare.state.memory import accessor
from traces.name_registry import Registry

NO_GATE, GREEN, PRICE, CARBON, OUTSIDE = range(5)
SHARE = NumberParameter("Q", default=0.25, low=0.0, high=1.0)
HELD = np.dtype([("held", "i1")])
"""What a gate from outside has answered of the job in a slot (schedulers.heuristics.gated_heuristic)."""

held_of = accessor(HELD)


@dataclass(frozen=True, slots=True)
class GateChoice(Choice):
    """A gate. make: of a gate from outside, the object that answers; given its parameter or None."""

    make: Callable[[float | None], object] | None = None


GATES: Registry[GateChoice] = Registry("power gate")
GATES.register(
    "green",
    "flexible jobs wait until the forecast supply covers them (GreenSlot)",
    GateChoice(GREEN, codes.RENEWABLES),
)
GATES.register(
    "price",
    "or until power is cheap: at most a share Q of the time left is cheaper (price=Q; default 0.25)",
    GateChoice(PRICE, codes.PRICE, SHARE),
)
GATES.register(
    "carbon",
    "or until power is clean: likewise by carbon intensity (carbon=Q; default 0.25)",
    GateChoice(CARBON, codes.CARBON, SHARE),
)
GATE_NAMES = ("nogate", *GATES.built_in)  # by code; nobody can write the first


@rule
def is_gated(w, slot, policy):
    """Whether the gate keeps this waiting job from starting now."""
    if policy.gate == NO_GATE:
        return False
    latest_s = latest_start_of(w, slot)
    if latest_s == NEVER_S or latest_s <= env_of(w).now_s:
        return False
    if policy.gate == OUTSIDE:
        return policy.at_held != 0 and held_of(policy.at_held, slot).held != 0
    project(w)
    power_mw = live_of(w, slot).power_mw + node_increase_mw(w, slot)
    if green_over(w, expected_run_s(w, slot), power_mw):
        return False
    if policy.gate == GREEN:
        return True
    if policy.gate == PRICE:
        return cheaper_share(w, latest_s, False) > policy.gate_param
    if policy.gate == CARBON:
        return cheaper_share(w, latest_s, True) > policy.gate_param
    return True  # no name means another code: see below


codes.check_branches(GATES, is_gated, "gate", without_name=(NO_GATE, OUTSIDE))
