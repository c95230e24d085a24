"""Clock and heuristic fused into one compiled loop: whole traces at full speed."""

from __future__ import annotations

from rare.rules.advance import advance
from rare.rules.decide import apply
from rare.state.arrays import DECIDE_SHED, DECIDE_START
from rare.state.compile import rule
from schedulers.heuristics.chooser import choose
from schedulers.heuristics.victims import victim


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
