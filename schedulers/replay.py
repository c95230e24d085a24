"""Clock and heuristic fused into one compiled loop: whole traces at full speed."""

from __future__ import annotations

from rare.compile import rule
from rare.rules import advance, apply
from rare.state import DECIDE_SHED, DECIDE_START
from schedulers.choose import choose, victim


@rule
def replay(w, e, policy, steps):
    """Run environment `e` under a heuristic for at most so many decisions.

    Returns what `advance` returned last: ENDED, a need, or a decision if the steps are used up.
    """
    status = advance(w, e)
    while steps > 0:
        if status == DECIDE_START:
            apply(w, e, choose(w, e, policy))
        elif status == DECIDE_SHED:
            apply(w, e, victim(w, e, policy))
        else:
            return status
        status = advance(w, e)
        steps -= 1
    return status
