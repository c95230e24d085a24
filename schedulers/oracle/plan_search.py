"""Local search for a good plan: starts from heuristics and the bound's program, then random changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rare.model import NEVER_S, Case
from rare.world import build_jobs
from schedulers.oracle.bound import Relaxed
from schedulers.oracle.job_plan import Plan
from schedulers.oracle.job_rows import allowance_s
from schedulers.oracle.plan_trial import Trial
from traces.numbers.constants import DAY_S, HOUR_S

HOLD_S = (0, 1800, 7200, 21_600, 43_200)  # how long before the planned start a reservation may begin
THRESHOLD = 0.01  # of the value offered: the loss that a change may cause at the beginning of the search
PATIENCE_S = (0, HOUR_S, 4 * HOUR_S)  # how long after the planned start it may end


class PlanState(NamedTuple):
    """A copy of a plan: its rows, its modes, and whether it is followed at speed levels."""

    rows: np.ndarray
    modes: tuple[int, int]
    at_levels: bool


class PlanSearch:
    """Threshold accepting over plans of one case. The same case and seed give the same plan.

    best, best_u: the best plan so far and its score in micro-units. lost_u: (J,) value that each job lost,
    with the price of not being served, under the plan from which changes are made.
    """

    def __init__(self, case: Case, seed: int = 0) -> None:
        self._jobs = build_jobs(case)
        self._gain_u = np.maximum(self._jobs.value_u, 0) + self._jobs.unserved_u
        self._count = len(self._jobs)
        self.plan = Plan(self._count)
        self.trial = Trial(case)
        self._random = np.random.default_rng(seed)
        self._begin_s = case.first_instant_s
        self.best = self.state()
        self.best_u, self.lost_u = -np.inf, np.zeros(self._count)
        self._lp_start_s = np.full(self._count, -1, dtype=np.int64)

    def state(self) -> PlanState:
        """A copy of the present plan."""
        return PlanState(self.plan.rows.copy(), self.plan.modes, self.plan.at_levels)

    def restore(self, state: PlanState) -> None:
        """Make the plan that of a copy."""
        self.plan.rows[:], self.plan.modes, self.plan.at_levels = state

    # --- starting points --------------------------------------------------------------------------

    def seed_by(self, rank: np.ndarray, not_before_s: np.ndarray | None = None) -> None:
        """Try the plan with jobs by rank (J,), smallest first, and earliest starts (J,) [s]."""
        rows = self.plan.rows
        rows["rank"] = np.argsort(np.argsort(rank, kind="stable"), kind="stable")
        rows["not_before_s"] = self._begin_s if not_before_s is None else not_before_s
        for name in ("hold_from_s", "hold_until_s", "hold_end_s", "sticky"):
            rows[name] = 0
        self._seed_levels()
        self._score()

    def _seed_levels(self) -> None:
        """Set the speed levels of a plan to start from; here it has none."""

    def seed_from_values(self) -> None:
        """Try orders by value, by value per core-second and per energy of the true run, by deadline."""
        jobs = self._jobs
        value = self._gain_u.astype(float)
        work_s = np.maximum(jobs.work_s, 1)
        width = np.maximum(np.maximum(jobs.cores, jobs.gpus_milli / 1000), 1)
        self.seed_by(-value)
        self.seed_by(-value / (width * work_s))
        self.seed_by(-value / np.sqrt(width * work_s))
        self.seed_by(-value / (np.maximum(jobs.power_mw, 1) * work_s))
        self.seed_by(jobs.deadline_s.astype(float))

    def seed_from_starts(self, start_s: np.ndarray) -> None:
        """Try the order of another schedule's starts (J,) [s], negative: never; also with its times."""
        rank = np.where(start_s < 0, float(NEVER_S), start_s.astype(float))
        self.seed_by(rank)
        self.seed_by(rank, np.where(start_s < 0, self._begin_s, start_s))

    def seed_from_relaxation(self, relaxed: Relaxed) -> None:
        """Try roundings of the bound's solution: jobs that it completes come first, by mean time."""
        runs, steps = relaxed.terms.runs, relaxed.steps
        amount = relaxed.x[runs.column]
        total = np.bincount(runs.job, amount, self._count)
        middle_s = (steps.edge_s[:-1] + steps.edge_s[1:])[runs.step] / 2
        mean_s = np.bincount(runs.job, amount * middle_s, self._count) / np.maximum(total, 1e-9)
        some = amount > 0.02
        first_s = np.full(self._count, NEVER_S, dtype=np.int64)
        np.minimum.at(first_s, runs.job[some], steps.edge_s[:-1][runs.step[some]])
        first_s = np.maximum(np.where(first_s == NEVER_S, 0, first_s), self._jobs.submit_s)
        self._lp_start_s = first_s
        value = self._gain_u.astype(float)
        energy = np.maximum(self._jobs.power_mw, 1) * np.maximum(self._jobs.work_s, 1.0)
        small = total < 1e-6  # not modelled, or dropped
        for keep in (0.05, 0.5, 0.9):
            dropped = (total < keep) & ~small
            by_time = np.where(small, self._jobs.submit_s, mean_s)
            self.seed_by(by_time + np.where(dropped, 1e12, 0.0))
            self.seed_by(by_time + np.where(dropped, 1e12, 0.0), np.where(dropped, self._begin_s, first_s))
            self.seed_by(-value / energy * np.where(dropped, 1e-3, 1.0), first_s)

    # --- small changes ----------------------------------------------------------------------------

    def climb(self, trials: int) -> None:
        """Try this many changes of the plan, and accept those within a threshold of the present score.

        Threshold accepting (Dueck and Scheuer, Journal of Computational Physics 90(1), 1990,
        doi:10.1016/0021-9991(90)90201-B): the threshold falls to 0 over the trials. The best plan is kept.
        """
        first_u = THRESHOLD * float(self._gain_u.sum())
        at, at_u = self.best, self.best_u
        for trial in range(trials):
            if not self.lost_u.any():
                return
            self.restore(at)
            for _ in range(1 + int(self._random.integers(3) == 0)):
                self._change()
            score_u = self._score()
            if score_u >= at_u - first_u * (1 - (trial + 1) / trials):
                at, at_u = self.state(), score_u
                self._update_losses()

    def _change(self) -> None:
        """Make one random change of the present plan, mostly for a job that lost value."""
        rows, random = self.plan.rows, self._random
        kind = random.random()
        job = self._draw_lossy_job() if kind < 0.8 else int(random.integers(self._count))
        if kind < 0.25:
            rows["rank"][job] = rows["rank"].min() - 1
        elif kind < 0.5:
            self._reserve(job)
        elif kind < 0.65:
            rows["rank"][job] = rows["rank"][int(random.integers(self._count))] - 0.5
        elif kind < 0.72:
            rows["hold_end_s"][job] = rows["sticky"][job] = 0
            rows["not_before_s"][job] = self._begin_s
        elif kind < 0.86:  # a job of little value may delay one of high value
            rows["rank"][job] = rows["rank"].max() + 1
        elif kind < 0.95:
            allowance_s = self._allowance_s(job)
            rows["not_before_s"][job] = self._jobs.submit_s[job] + int(random.integers(allowance_s + 1))
        else:
            other = int(random.integers(self._count))
            rows["rank"][[job, other]] = rows["rank"][[other, job]]

    def _allowance_s(self, job: int) -> int:
        deadline_s = int(self._jobs.deadline_s[job])
        return DAY_S if deadline_s == NEVER_S else allowance_s(int(self._jobs.submit_s[job]), deadline_s)

    def _draw_lossy_job(self) -> int:
        """A random job, with a probability proportional to the value that it lost in the accepted plan."""
        total = np.cumsum(self.lost_u)
        return int(np.searchsorted(total, self._random.random() * total[-1], side="right"))

    def _reserve(self, job: int) -> None:
        """Give a job the best rank, a random start and a reservation for it."""
        rows, random, request = self.plan.rows, self._random, self._jobs[job]
        submit_s = int(request.submit_s)
        room_s = max(self._allowance_s(job) * (2 if random.random() < 0.25 else 1) - int(request.work_s), 1)
        start_s = submit_s + int(random.integers(room_s))
        if self._lp_start_s[job] >= 0 and random.random() < 0.3:
            start_s = int(self._lp_start_s[job])
        rows["rank"][job] = rows["rank"].min() - 1
        rows["not_before_s"][job] = start_s if random.random() < 0.5 else self._begin_s
        rows["hold_from_s"][job] = start_s - int(random.choice(HOLD_S))
        rows["hold_until_s"][job] = start_s
        rows["hold_end_s"][job] = start_s + int(random.choice(PATIENCE_S)) + 1
        rows["sticky"][job] = int(random.integers(2))

    def _score(self) -> float:
        """The score of the present plan in micro-units; it is kept if it is the best so far."""
        score_u = self.trial.score_u(self.plan)
        if score_u > self.best_u:
            self.best_u, self.best = score_u, self.state()
            self._update_losses()
        return score_u

    def _update_losses(self) -> None:
        """Update what each job (J,) lost in the last trial."""
        lost_u = self._gain_u - self.trial.gained_u
        self.lost_u = np.where(self._jobs.part >= 0, np.maximum(lost_u, 0), 0).astype(float)
