"""The ratio of run time to estimate, learned from the jobs that have ended.

Users ask for several times what their jobs need (Mu'alem and Feitelson, IEEE TPDS 12(6), 2001,
doi:10.1109/71.932708): a simulated future with estimates as run times would show a machine that is full for
days. Ended jobs give the ratio; the run time of a job that has not ended is never read.
"""

from __future__ import annotations

import numpy as np

from energy.hash_noise import key_of, uniforms
from rare.state.arrays import DECIDE_SHED, FREE, RUNNING, WAIT, World
from rare.state.decisions import RAISE, SLOW, slot_of_decision, what_of_decision

FEWEST = 5  # ended jobs; with fewer, estimates count as run times
MOST = 2000  # ended jobs that count, the latest ones


class Accuracy:
    """Ratios of run time to estimate of ended jobs, observed by one scheduler in one run."""

    def __init__(self, seed: int) -> None:
        self._key = key_of("accuracy", seed)
        self._ratios: list[float] = []
        self._sorted = np.ones(1)
        self._running: set[int] = set()
        self._begin_s = self._last_s = 0
        self._lost = 0

    def is_of(self, world: World, e: int) -> bool:
        """Whether an environment is still in the observed run: same beginning, and no earlier time."""
        state = world.env[e]
        return self._begin_s == int(state["begin_s"]) and self._last_s <= int(state["now_s"])

    def look(self, world: World, e: int) -> None:
        """Update at a decision: jobs that ran after the last decision and are gone have ended.

        Unless an outage has hit jobs since then: those that it made fail have not, and are not told apart. Of
        a job that was cut at its estimate (RULES §5.5) no more is known than that.
        """
        state = world.env[e]
        self._begin_s, self._last_s = int(state["begin_s"]), int(state["now_s"])
        live = np.asarray(world.live[e])
        here = set(live["job"][live["doing"] != FREE].tolist())
        ended = sorted(self._running - here) if self._lost == int(state["lost"]) else []
        self._lost = int(state["lost"])
        if ended:
            work_s, estimate_s = world.jobs["work_s"], world.jobs["estimate_s"]
            most = 1.0 if state["kill_at_estimate"] else np.inf
            for job in ended:
                if estimate_s[job] > 0:
                    self._ratios.append(min(float(work_s[job] / estimate_s[job]), most))
            self._sorted = np.sort(self._ratios[-MOST:])
        self._running = set(live["job"][live["doing"] == RUNNING].tolist())

    def decided(self, world: World, e: int, status: int, code: int) -> None:
        """Update by a decision: a started job runs, a suspended one does not, one at another level still does.

        After a shortage left to the rules no job counts as running until the next decision, because the
        rules do not report their victims.
        """
        if code != WAIT:
            live = world.live[e, int(slot_of_decision(code))]
            job = int(live["job"])
            if int(what_of_decision(code)) in (SLOW, RAISE):
                pass
            elif live["doing"] == RUNNING:
                self._running.discard(job)
            else:
                self._running.add(job)
        elif status == DECIDE_SHED:
            self._running.clear()

    def work_s(self, jobs: np.ndarray, estimate_s: np.ndarray, done_s: np.ndarray, sample: int) -> np.ndarray:
        """(N,) drawn run times [s] of jobs that have run for `done_s`; 0 where no ratio seen is that long.

        Draws depend on job and sample alone, so that candidates are compared under the same run times.
        """
        if len(self._ratios) < FEWEST:
            return np.where(estimate_s > done_s, estimate_s, 0)
        ratios = self._sorted
        shorter = np.searchsorted(ratios, done_s / np.maximum(estimate_s, 1), side="right")
        shares = uniforms(self._key, np.asarray(jobs, np.int64), np.full(len(jobs), sample))
        place = np.minimum(shorter + (shares * (len(ratios) - shorter)).astype(np.int64), len(ratios) - 1)
        work_s = np.ceil(ratios[place] * estimate_s).astype(np.int64)
        return np.where((shorter < len(ratios)) & (work_s > done_s), work_s, 0)
