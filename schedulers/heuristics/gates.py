"""Power gates: flexible jobs wait for green, cheap or clean power, but never past their latest start.

A gate hides a job from the pass until it opens. Jobs without a deadline are not flexible: nothing says
how long they may wait.

green  : the supply's median covers what runs and the job for its whole estimate, or as far as the
         outlook goes. Goiri et al., "GreenSlot", SC 2011, doi:10.1145/2063384.2063411.
price, carbon : as green, or at most a share Q of the time until the latest start is cheaper (cleaner) than
         now. Wiesner et al., "Let's Wait Awhile", Middleware 2021, doi:10.1145/3464298.3493399.
"""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.backfill.reservation import expected_run_s
from rare.rules.job_life import latest_start_of
from rare.rules.outlook import cheaper_share, green_over, project
from rare.rules.power_balance import node_increase_mw
from rare.state.arrays import env_of, live_of
from rare.state.compile import rule

GATE_NAMES = ("nogate", "green", "price", "carbon")
NO_GATE, GREEN, PRICE, CARBON = range(len(GATE_NAMES))


@rule
def is_gated(w, slot, policy):
    """Whether the gate keeps this waiting job from starting now."""
    if policy.gate == NO_GATE:
        return False
    latest_s = latest_start_of(w, slot)
    if latest_s == NEVER_S or latest_s <= env_of(w).now_s:
        return False
    project(w)
    power_mw = live_of(w, slot).power_mw + node_increase_mw(w, slot)
    if green_over(w, expected_run_s(w, slot), power_mw):
        return False
    if policy.gate == GREEN:
        return True
    return cheaper_share(w, latest_s, policy.gate == CARBON) > policy.gate_param
