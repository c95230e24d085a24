"""A synthetic cluster's schedule for the tests: 500 jobs of five users on 40 cores, replayed under EASY."""

from functools import cache

import numpy as np

from experiments.operate.snapshots.replay_snapshot import Schedule, schedule_of_case
from rare.model import Case, Cluster, Partition
from rare.options.slurm_priority import Priority
from schedulers import make_scheduler
from traces.jobs.workload import Workload

DAY_S = 86400
FIRST_S = 1_700_000_000 // (7 * DAY_S) * 7 * DAY_S


@cache
def schedule(jobs: int = 500, scheduler: str = "easy", priority: Priority | None = None) -> Schedule:
    draws = np.random.default_rng(5)
    user = draws.integers(0, 5, jobs)
    limit_s = draws.choice([1800, 7200, 14400], jobs)
    work = Workload.from_columns(
        "synthetic",
        submit_s=FIRST_S + np.sort(draws.integers(0, 21 * DAY_S, jobs)),
        work_s=np.maximum((limit_s * np.minimum(draws.beta(0.5 + user, 2.0), 1)).astype(int), 1),
        estimate_s=limit_s,
        cores=draws.choice([1, 8, 24, 40], jobs),
        user=[f"u{number}" for number in user],
    )
    cluster = Cluster((Partition(nodes=10, cores_per_node=4),))
    return schedule_of_case(Case(work, cluster, priority=priority), make_scheduler(scheduler), record=False)
