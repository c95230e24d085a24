"""Clock, observation and network in compiled loops: whole traces and windows at full speed."""

from __future__ import annotations

from rare.env.observation.buffers import decision_of
from rare.env.observation.features import look
from rare.env.policies.behaviour import FULL, OVER, ROOM
from rare.env.stepping import handle_at, place_at, score_at, step_one, view_at
from rare.rules.advance import advance
from rare.rules.decide import apply
from rare.state.arrays import DECIDE_SHED, DECIDE_START, ENDED, WAIT
from rare.state.compile import rule
from schedulers.heuristics.fused_record import take
from schedulers.network.forward import best_action

OTHER_LAYOUT = -1  # why nothing was logged: the log has other slots or hours than the network


@rule
def replay_learned(w, view, network, obs, steps):
    """Run an environment under a network for at most so many decisions, seen through the view at an address.

    network: forward.Network. obs: (D,) what the view writes.

    Returns what `advance` returned last: ENDED, a need, or a decision if the steps are used up. Where only
    WAIT is valid the network is not asked, as in the environment.
    """
    v = view_at(view, 0)
    status = advance(w)
    while steps > 0:
        if status not in (DECIDE_START, DECIDE_SHED):
            return status
        code = WAIT
        if look(w, v) > 1:
            code = decision_of(w, v, best_action(network, obs))
        apply(w, code)
        status = advance(w)
        steps -= 1
    return status


@rule
def play_on(places, network, obs):
    """Play environment 0 of a batch to its end, or until it lacks room (stepping.SCORE.status).

    obs: (D,) the observation of that environment, which each step rewrites.
    """
    at = place_at(places, 0)
    w = handle_at(at.handles, 0)
    v = view_at(at.views, 0)
    sc = score_at(at.scores, 0)
    while sc.status in (DECIDE_START, DECIDE_SHED):
        step_one(w, v, sc, best_action(network, obs))


@rule
def record_learned(places, network, epsilon, arrays, step, steps):
    """As fused_record.record, under a network: never OUTSIDE, for it sees what is logged."""
    at = place_at(places, 0)
    v = view_at(at.views, 0)
    net = network.net
    if (v.queue_slots, v.running_slots, v.forecast_hours, v.reservations, v.levels, v.events, v.prices) != (
        net.queue_slots,
        net.running_slots,
        net.forecast_hours,
        net.reservations,
        net.levels,
        net.events,
        net.prices,
    ):
        return step, OTHER_LAYOUT
    while step < steps:
        preferred = best_action(network, arrays.seen_obs)
        if not take(places, preferred, epsilon, arrays, step):
            return step, ROOM
        step += 1
        if score_at(at.scores, 0).status == ENDED:
            return step, OVER
    return step, FULL
