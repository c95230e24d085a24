"""Simulation of plans on the compiled clock, in one world that is reset between trials."""

from __future__ import annotations

import numpy as np

from rare.model import Case
from rare.rules.objective import prices_of, terms_of
from rare.state.arrays import ENDED, S_COMPLETED
from rare.world import build_world
from schedulers.oracle.job_plan import Plan, replay_plan
from schedulers.oracle.level_plan import replay_at_level
from traces.numbers.constants import MICRO

STEPS = 2**40


class Trial:
    """Scores plans of a case. tried: number of plans scored."""

    def __init__(self, case: Case) -> None:
        self._prices = prices_of(case)
        self._world = build_world(case, live=len(case.workload), log_level=0)
        self._fresh = [np.array(part).copy() for part in self._changing()]
        self.tried = 0

    def _changing(self) -> list[np.ndarray]:
        world = self._world
        return [world.env, world.part, world.live, world.ends, world.outcome, world.group_use]

    def score_u(self, plan: Plan) -> float:
        """The objective's numerator in micro-units; -inf if the run does not reach its end."""
        for part, fresh in zip(self._changing(), self._fresh, strict=True):
            part[...] = fresh
        self.tried += 1
        replay = replay_at_level if plan.at_levels else replay_plan
        if replay(self._world.handles[0], plan.handle, STEPS) != ENDED:
            return -np.inf
        value_u, penalties_u, unserved_u, grid_u, carbon = terms_of(self._world.env[0], self._prices)
        return float(value_u - penalties_u - unserved_u - grid_u - carbon / float(MICRO))

    @property
    def gained_u(self) -> np.ndarray:
        """(J,) value that each job earned in the last trial, and the price that it saved by being served, in
        micro-units."""
        outcome, jobs = self._world.outcome[0], self._world.jobs
        served = outcome["status"] == S_COMPLETED
        return np.array(outcome["earned_u"] + np.where(served, jobs["unserved_u"], 0))

    @property
    def start_s(self) -> np.ndarray:
        """(J,) first starts in the last trial [s]; negative: never."""
        return np.array(self._world.outcome[0]["start_s"])

    @property
    def offered_u(self) -> int:
        """Value of the jobs that were submitted in the last trial, in micro-units."""
        return int(self._world.env[0].offered_u)
