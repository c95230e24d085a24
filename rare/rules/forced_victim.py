"""Whom the rules themselves give up: RULES.md §4.1 and §12.3, compiled."""

from __future__ import annotations

from rare.state.arrays import FINISH, WAIT, ends_of, entry_of, live_of
from rare.state.compile import rule

ANYWHERE = -1


@rule
def forced_victim(w, p):
    """The running job of a partition, or of ANYWHERE, that goes first: preemptible jobs before others, then
    the latest start or resume, then the higher job. WAIT: nobody runs there."""
    chosen = WAIT
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        one = live_of(w, slot)
        if p != ANYWHERE and one.part != p:
            continue
        if chosen == WAIT:
            chosen = slot
            continue
        other = live_of(w, chosen)
        if one.preemptible != other.preemptible:
            better = one.preemptible > other.preemptible
        elif one.resumed_s != other.resumed_s:
            better = one.resumed_s > other.resumed_s
        else:
            better = one.job > other.job
        if better:
            chosen = slot
    return chosen
