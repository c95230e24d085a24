"""Clock, heuristic and log fused into one compiled loop: datasets at full speed."""

from __future__ import annotations

import numpy as np

from rare.env.policies.behaviour import FULL, NOBODY, OUTSIDE, OVER, ROOM, chance, draw_action
from rare.env.stepping import find_action, handle_at, place_at, score_at, step_one, view_at
from rare.model import Case
from rare.scheduler import BaseScheduler, Decider
from rare.state.arrays import DECIDE_SHED, DECIDE_START, ENDED, SHEDDING, WAIT, World, env_of
from rare.state.compile import rule
from rare.state.memory import arguments
from schedulers.heuristics.chooser import POLICY, choose
from schedulers.heuristics.victims import victim
from traces.errors import InputError


@rule
def preferred_action(places, w, policy):
    """The action that means what the heuristic wants now; below 0: none does (buffers.action_for)."""
    code = victim(w, policy) if env_of(w).phase == SHEDDING else choose(w, policy)
    return 0 if code == WAIT else find_action(places, 0, code)


@rule
def take(places, preferred, epsilon, arrays, step):
    """Carry out decision `step` of environment 0 and log it into `arrays` (an EpisodeArrays).

    False if the step needs room for live jobs first: then what came of it is not logged yet.
    """
    at = place_at(places, 0)
    w = handle_at(at.handles, 0)
    sc = score_at(at.scores, 0)
    s = env_of(w)
    action = draw_action(arrays.seen_mask, preferred, epsilon, arrays.draws[step, 0], arrays.draws[step, 1])
    arrays.action[step] = action
    arrays.probability[step] = chance(arrays.seen_mask, preferred, epsilon, action)
    step_one(w, view_at(at.views, 0), sc, action)
    if sc.status not in (DECIDE_START, DECIDE_SHED, ENDED):
        return False
    arrays.reward[step] = sc.reward
    arrays.time_s[step + 1] = s.now_s - s.begin_s
    for i in range(arrays.seen_obs.size):
        arrays.obs[step + 1, i] = arrays.seen_obs[i]
    for i in range(arrays.seen_mask.size):
        arrays.mask[step + 1, i] = arrays.seen_mask[i]
    return True


@rule
def record(places, policy, epsilon, arrays, step, steps):
    """Log environment 0 into `arrays` from decision `step` on, for at most `steps` decisions of its episode.

    Returns the decisions logged, and why it stopped: OVER, FULL (as many as asked), OUTSIDE (the
    heuristic wanted a job that no slot shows), ROOM (the last step needs room for live jobs; its reward
    and what follows are not noted yet). With epsilon 1 the heuristic is not asked.
    """
    at = place_at(places, 0)
    w = handle_at(at.handles, 0)
    v = view_at(at.views, 0)
    sc = score_at(at.scores, 0)
    while step < steps:
        preferred = NOBODY
        if epsilon < 1.0:
            preferred = preferred_action(places, w, policy)
            if preferred < 0 or sc.hidden > 0:
                return step, OUTSIDE
            if v.reservations and not arrays.seen_mask[preferred]:
                preferred = 0  # it waits where its choice is withheld
        if not take(places, preferred, epsilon, arrays, step):
            return step, ROOM
        step += 1
        if sc.status == ENDED:
            return step, OVER
    return step, FULL


class RandomActions(BaseScheduler):
    """The behaviour policy `random`: any valid action, each as likely. Only for datasets."""

    name = "random"
    records = True

    def for_case(self, case: Case) -> RandomDecider:
        """Any case will do."""
        return RandomDecider(self.name)


class RandomDecider(Decider):
    """Draws every action; it can only be logged."""

    def __init__(self, name: str) -> None:
        super().__init__(name, sees_only_slots=True)
        self._policy = arguments(np.zeros(1, POLICY).view(np.recarray))[0]

    def __reduce__(self) -> tuple[type[RandomDecider], tuple[str]]:
        """Made anew: what compiled code takes of it belongs to this process."""
        return type(self), (self.name,)

    def decide(self, world: World, e: int, status: int) -> int:
        """InputError: without a log nobody draws."""
        raise InputError(f"scheduler {self.name!r}: only datasets take it; give another one, such as fcfs")

    def record(
        self, places: int, epsilon: float, arrays: tuple[np.ndarray, ...], step: int, steps: int
    ) -> tuple[int, int]:
        """As `record` with epsilon 1, whatever it is."""
        step, why = record(places, self._policy, 1.0, arrays, step, steps)
        return int(step), int(why)
