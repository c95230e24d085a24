"""A network under guard, compiled: where it is not at home a heuristic decides, and that is counted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rare.env.observation.buffers import decision_of
from rare.env.observation.features import look
from rare.env.stepping import view_at
from rare.model import NEVER_S
from rare.rules.advance import advance
from rare.rules.decide import apply
from rare.state import live_lists
from rare.state.arrays import DECIDE_SHED, DECIDE_START, FINISH, SHEDDING, TIMER, WAIT, env_of, input_of
from rare.state.compile import rule
from schedulers.heuristics.chooser import choose
from schedulers.heuristics.victims import victim
from schedulers.network.forward import Network, best_action
from schedulers.network.trained_range import INSIDE, NAMES, outside

STALLED = len(NAMES)  # why the heuristic decided, beside the features: to wait would have ended the run
ALONE = len(NAMES) + 1  # it decides the whole run
REASONS = len(NAMES) + 2


@rule
def waits_for_nothing(w):
    """Whether to WAIT now would stall the run (§8.4): nobody runs, and nothing is to come but, at most,
    the battery filling up."""
    s = env_of(w)
    if s.phase == SHEDDING or live_lists.size(w, FINISH) > 0 or live_lists.size(w, TIMER) > 0:
        return False
    if s.next_job < s.jobs_end or input_of(w, w.input_rows - 1).change_s > s.now_s:
        return False
    return min(s.inputs_end_s, s.window_end_s) == NEVER_S


class Guarded(NamedTuple):
    """A network with its range and the heuristic that decides outside of it, as compiled code takes them."""

    network: Network
    obs: np.ndarray  # (D,) float32, what the network sees
    low: np.ndarray  # by trained_range.NAMES
    high: np.ndarray
    policy: Any  # of the heuristic
    alone: bool  # whether the heuristic decides the whole run
    counts: np.ndarray  # (REASONS,) int64: decisions of the heuristic by why it decided


@rule
def answer(w, v, guarded):
    """One decision: the network's, or where it is out of its range or stuck the heuristic's.

    guarded: a Guarded. Where only WAIT is valid among what the network sees it is not asked, as in the
    environment.
    """
    network, obs, low, high, policy, alone, counts = guarded
    why = ALONE
    if not alone:
        code = WAIT
        why = INSIDE
        if look(w, v) > 1:
            why = outside(network.net, obs, low, high)
            if why == INSIDE:
                code = decision_of(w, v, best_action(network, obs))
        if why == INSIDE and code == WAIT and waits_for_nothing(w):
            why = STALLED
        if why == INSIDE:
            return code
    counts[why] += 1
    return victim(w, policy) if env_of(w).phase == SHEDDING else choose(w, policy)


@rule
def answer_through(w, view, guarded):
    """`answer`, seen through the view at an address."""
    return answer(w, view_at(view, 0), guarded)


@rule
def replay_guarded(w, view, steps, guarded):
    """Run an environment for at most so many decisions; what `advance` returned last, as replay_learned."""
    v = view_at(view, 0)
    status = advance(w)
    while steps > 0:
        if status not in (DECIDE_START, DECIDE_SHED):
            return status
        apply(w, answer(w, v, guarded))
        status = advance(w)
        steps -= 1
    return status
