"""Clock and heuristic fused into one compiled loop: whole traces at full speed, or one instant of them."""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.advance import advance, begin_instant, next_alarm_s
from rare.rules.decide import apply
from rare.rules.instant import instant
from rare.state.arrays import CLOSED, DECIDE_SHED, DECIDE_START, HANDLE
from rare.state.compile import rule
from rare.state.memory import accessor
from schedulers.heuristics.chooser import POLICY, choose
from schedulers.heuristics.victims import victim

_handle, _policy = accessor(HANDLE), accessor(POLICY)


@rule
def replay(w, policy, steps):
    """Run an environment under a heuristic for at most so many decisions.

    Returns what `advance` returned last: ENDED, a need, or a decision if the steps are used up.
    """
    status = advance(w)
    while steps > 0:
        if status == DECIDE_START:
            apply(w, choose(w, policy))
        elif status == DECIDE_SHED:
            apply(w, victim(w, policy))
        else:
            return status
        status = advance(w)
        steps -= 1
    return status


@rule
def settle_instant(at_handle, at_policy, wake_s):
    """Work on the instant `wake_s` under a heuristic, decisions included; the clock is the caller's.

    at_handle, at_policy: addresses. Of a record numba would ask its type at each call, for over 1 us.
    Returns when the cluster next needs an instant (next_alarm_s), or -NEVER_S - status where the run has
    ENDED or needs something first; called again afterwards, it goes on.
    """
    w = _handle(at_handle, 0)
    policy = _policy(at_policy, 0)
    status = begin_instant(w, wake_s)
    while status in (DECIDE_START, DECIDE_SHED):
        if status == DECIDE_START:
            apply(w, choose(w, policy))
        else:
            apply(w, victim(w, policy))
        status = instant(w)
    return next_alarm_s(w) if status == CLOSED else -NEVER_S - status
