"""A network played on in a believed future, compiled; schedulers.lookahead.rollout plays heuristics."""

from __future__ import annotations

from rare.env.observation.buffers import card_at, set_flag
from rare.env.observation.features import forget
from rare.env.stepping import view_at
from rare.rules.decide import apply
from rare.state.arrays import DECIDE_SHED, DECIDE_START
from rare.state.compile import rule
from schedulers.lookahead.rollout import fork, next_decision, outcome_u
from schedulers.network.guarded_loops import answer


@rule
def forget_all(v, slots):
    """Nothing has been seen, nor is known of any job: the next look is at another future.

    The same job may have another run time there, and the same number may be another job's.
    """
    forget(v)
    set_flag(v, 0, True)  # to wait is always valid
    for slot in range(slots):
        card_at(v.at_cards, slot).job = -1


@rule
def play_network(words, slots, w, view, guarded, terms, code, until_s):
    """What comes of this decision now and the network from then on, as `outcome_u` has it.

    view: the address of a view of environment 1. guarded: schedulers.network.guarded_loops.Guarded with the
    observation of that view. The rest: as `schedulers.lookahead.rollout.play` takes it.
    """
    v = view_at(view, 0)
    fork(words, slots)
    forget_all(v, slots)
    apply(w, code)
    status = next_decision(w, until_s)
    while status in (DECIDE_START, DECIDE_SHED):
        apply(w, answer(w, v, guarded))
        status = next_decision(w, until_s)
    return outcome_u(w, terms, status)
