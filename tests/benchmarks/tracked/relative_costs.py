"""What asv compares between two commits: our cost as a share of a baseline measured in the same process.

A share does not depend on the machine as a time does. Lower is better, and more than a tenth above the
other commit is a regression (`make compare-speed BASE=main`).
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.benchmarks.environment_speed import random_actions
from experiments.benchmarks.replay_speed import case_of, ours, plain, synthetic
from rare import GreenClusterVectorEnv

ROUNDS = 7  # each program this often, in turns
ENVIRONMENTS = 256


def valued(count: int) -> Any:
    """Synthetic jobs with values and deadlines. Made here: at the older commit only `synthetic` may exist."""
    jobs = synthetic(count, load=0.95)
    values_u = 1000 * np.random.default_rng(0).integers(1, 100, count)
    return replace(jobs, value_u=values_u, deadline_s=jobs.submit_s + 4 * jobs.estimate_s + 36_000)


def share_of_plain(scheduler: str, jobs: Any, **how: Any) -> float:
    """CPU time of a replay over that of plain SimPy under the same schedule, by the best of some rounds."""
    case = case_of(jobs)
    base = "easy" if "easy" in scheduler else "fcfs"
    ours(case, scheduler, **how)
    took = [(ours(case, scheduler, **how)[0], plain(jobs, base)[0]) for _ in range(ROUNDS)]
    return min(each for each, _ in took) / min(each for _, each in took)


class Replay:
    """Whole traces on the compiled clock, energy accounted in full."""

    params = ("fcfs", "easy", "atc+easy", "wfp3+easy")
    param_names = ("scheduler",)
    timeout = 600

    def setup(self, scheduler: str) -> None:
        """Make the jobs."""
        self.jobs = valued(5_000)

    def track_share_of_plain_simpy(self, scheduler: str) -> float:
        """The compiled clock."""
        return share_of_plain(scheduler, self.jobs, record=False)

    track_share_of_plain_simpy.unit = "of plain SimPy's time"  # type: ignore[attr-defined]


class SimpyClock:
    """The same rules on SimPy's clock."""

    params = ("fcfs", "easy")
    param_names = ("scheduler",)
    timeout = 600

    def setup(self, scheduler: str) -> None:
        """Make the jobs."""
        self.jobs = valued(2_000)

    def track_share_of_plain_simpy(self, scheduler: str) -> float:
        """SimPy's clock."""
        return share_of_plain(scheduler, self.jobs, record=False, clock="simpy")

    track_share_of_plain_simpy.unit = "of plain SimPy's time"  # type: ignore[attr-defined]


class Batched:
    """Batched decisions of 256 environments: the time of one, over the time plain SimPy takes for a job."""

    params = ("islanded", "grid-tied")
    param_names = ("scenario",)
    timeout = 600

    def track_share_of_plain_simpy(self, scenario: str) -> float:
        """Random valid actions once queues have their usual length."""
        generator = np.random.default_rng(0)
        jobs = synthetic(5_000)
        env = GreenClusterVectorEnv(ENVIRONMENTS, scenario)
        _, info = env.reset(seed=0)
        shares = []
        for step in range(600):
            actions = random_actions(info["action_mask"].astype(bool), generator)
            began_s = time.process_time()
            info = env.step(actions)[-1]
            if step >= 200:
                shares.append(time.process_time() - began_s)
        env.close()
        per_job_s = min(plain(jobs, "fcfs")[0] for _ in range(ROUNDS)) / len(jobs)
        return statistics.median(shares) / ENVIRONMENTS / per_job_s

    track_share_of_plain_simpy.unit = "of plain SimPy's time a job"  # type: ignore[attr-defined]
