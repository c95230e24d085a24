"""Search for a plan that uses speed levels, from the best one without."""

from __future__ import annotations

from itertools import product

import numpy as np

from rare.model import Case
from schedulers.oracle.bound import Relaxed
from schedulers.oracle.job_plan import (
    RAISE_AFTER_STARTS,
    RAISE_BY_RANK,
    SLOW_FIRST,
    SLOW_IF_ENOUGH,
)
from schedulers.oracle.plan_search import PlanSearch

WAYS = tuple(product((SLOW_FIRST, SLOW_IF_ENOUGH), (RAISE_AFTER_STARTS, RAISE_BY_RANK)))
LEVEL_CHANGES = 0.4  # share of the changes that are of levels
SOME = 0.05  # of a job's work in the program: less of it at a level is left out


def has_levels(case: Case) -> bool:
    """Whether any partition has speed levels."""
    return any(part.speeds for part in case.cluster.partitions)


class LevelSearch(PlanSearch):
    """Threshold accepting over plans with speed levels. Never worse than the search that it goes on from."""

    def __init__(self, case: Case, before: PlanSearch, seed: int = 0) -> None:
        super().__init__(case, seed)
        speeds = np.array([len(part.speeds) for part in case.cluster.partitions])
        self._slowest = speeds[np.maximum(self._jobs.part, 0)]
        self._fastest = np.zeros(self._count, dtype=np.int64)
        self._modes = WAYS[0]
        self._go_on_from(before)

    def _go_on_from(self, before: PlanSearch) -> None:
        """Take over the best plan, and try it at all levels with each way to slow and to raise."""
        self.best, self.best_u, self.lost_u = before.best, before.best_u, before.lost_u
        self.trial.tried, best_u = before.trial.tried, -np.inf
        for modes in WAYS:
            self.restore(before.best)
            self._modes, modes_before = modes, self._modes
            self._seed_levels()
            score_u = self._score()
            if score_u > best_u:
                best_u = score_u
            else:
                self._modes = modes_before

    def _seed_levels(self) -> None:
        rows = self.plan.rows
        rows["fastest"], rows["slowest"] = self._fastest, self._slowest
        rows["raise_from_s"] = self._begin_s
        self.plan.at_levels, self.plan.modes = True, self._modes

    def seed_from_relaxation(self, relaxed: Relaxed) -> None:
        """Try the levels that the bound's solution has for each job, in the best plan and in roundings."""
        best, modes = self.best, self._modes
        super().seed_from_relaxation(relaxed)
        fastest, usual = self._levels_of(relaxed)
        for levels, ways in product((fastest, usual), WAYS):
            self._fastest, self._modes = levels, ways
            self.restore(best)
            self._seed_levels()
            self._score()
        self._fastest, self._modes = fastest, modes
        super().seed_from_relaxation(relaxed)
        self._fastest = np.zeros(self._count, dtype=np.int64)

    def _levels_of(self, relaxed: Relaxed) -> tuple[np.ndarray, np.ndarray]:
        """(J,) the fastest level at which the solution does some of each job's work, and that of the most."""
        runs = relaxed.terms.runs
        amount = relaxed.x[runs.column]
        work = np.zeros((self._count, int(self._slowest.max()) + 1))
        np.add.at(work, (runs.job, runs.level), amount)
        total = work.sum(axis=1, keepdims=True)
        fastest = np.argmax(work > SOME * np.maximum(total, 1e-9), axis=1)  # 0 where there is no work
        return fastest, np.argmax(work, axis=1)

    # --- small changes ----------------------------------------------------------------------------

    def _change(self) -> None:
        if self._random.random() < LEVEL_CHANGES:
            self._change_levels()
        else:
            super()._change()

    def _change_levels(self) -> None:
        """Make one random change of levels, mostly for a job that lost value."""
        rows, random = self.plan.rows, self._random
        if not self.plan.at_levels:  # the plan to begin with
            self._seed_levels()
            rows["slowest"] = 0
        kind = random.random()
        job = self._draw_lossy_job() if random.random() < 0.4 else int(random.integers(self._count))
        some = slice(job, job + 1) if kind < 0.8 else rows["rank"] >= rows["rank"][job]
        last = int(self._slowest.max())
        if kind < 0.3 or kind >= 0.9:
            rows["slowest"][some] = np.minimum(int(random.integers(last + 1)), self._slowest[some])
            rows["fastest"][some] = np.minimum(rows["fastest"][some], rows["slowest"][some])
        elif kind < 0.55:
            rows["fastest"][some] = np.minimum(int(random.integers(last + 1)), self._slowest[some])
            rows["slowest"][some] = np.maximum(rows["fastest"][some], rows["slowest"][some])
        elif kind < 0.7:
            later_s = int(random.integers(2 * self._allowance_s(job)))
            rows["raise_from_s"][some] = self._jobs.submit_s[job] + later_s
        elif kind < 0.8:
            rows["raise_from_s"][some], rows["fastest"][some] = self._begin_s, 0
            rows["slowest"][some] = self._slowest[some]
        else:
            self.plan.modes = (int(random.integers(3)), int(random.integers(3)))
