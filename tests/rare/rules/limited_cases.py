"""Random cases with limits of users and QOS, and with limits of backfilling."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from rare.model import UNLIMITED_MW, Case, Partition
from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import EACH, JobLimit
from tests.builders import make_case
from traces.jobs.workload import Workload

NAMES = {"user": ("u1", "u2", "u3", ""), "account": ("a1", "a2"), "qos": ("short", "long", "")}


def with_names(rng: random.Random, work: Workload) -> Workload:
    """The same jobs with owners; some have no user or QOS."""
    columns = {
        key: np.array([rng.choice(names) for _ in range(len(work))], dtype=object)
        for key, names in NAMES.items()
        if rng.random() < 0.9
    }
    return replace(work, **columns)


def random_limits(rng: random.Random, case: Case) -> tuple[JobLimit, ...]:
    """A few limits that are reached often."""
    limits = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        keys = rng.sample(("user", "account", "qos", "partition"), rng.choice((1, 1, 2)))
        known = {**NAMES, "partition": tuple(part.name for part in case.cluster.partitions)}
        holders = {key: rng.choice((EACH, EACH, next(iter(known[key])))) for key in keys}
        amounts = {
            "running_jobs": rng.choice((0, 1, 1, 2, 3)),
            "cores": rng.choice((1, 2, 3, 5)),
            "submitted_jobs": rng.choice((0, 1, 2, 4)),
            "wall_s": rng.choice((0, 10, 60, 500)),
        }
        kept = rng.sample(sorted(amounts), rng.choice((1, 1, 2)))
        limits.append(JobLimit(**holders, **{key: amounts[key] for key in kept}))
    return tuple(limits)


def random_backfill(rng: random.Random) -> BackfillOptions:
    """Limits of backfilling, most of them not set."""
    return BackfillOptions(
        window_s=rng.choice((0, 0, 1, 30, 200)),
        resolution_s=rng.choice((0, 0, 1, 7, 60)),
        max_jobs=rng.choice((0, 0, 1, 2, 3)),
        interval_s=rng.choice((0, 0, 0, 1, 13, 60)),
    )


def limited(seed: int, case: Case, *, limits: bool, backfill: bool) -> Case:
    """The case with what is asked for."""
    rng = random.Random(seed)
    if limits:
        case = replace(case, workload=with_names(rng, case.workload))
        case = replace(case, limits=random_limits(rng, case))
    if backfill:
        case = replace(case, options=replace(case.options, backfill=random_backfill(rng)))
    return case


def queue_case(seed: int) -> Case:
    """A full machine without limits of power, so that what is planned decides who starts."""
    rng = random.Random(seed)
    partitions = tuple(
        Partition(name=f"p{k}", nodes=rng.randint(2, 4), cores_per_node=rng.choice((1, 2)))
        for k in range(rng.choice((1, 1, 2)))
    )
    most = max(part.nodes * part.cores_per_node for part in partitions)
    jobs = []
    for _ in range(rng.randint(8, 22)):
        work_s = rng.choice((0, 1, 10, 25, 60, 90))
        jobs.append(
            {
                "submit_s": rng.randint(0, 120),
                "work_s": work_s,
                "estimate_s": rng.choice((work_s, 60, 60, 120, 200)),
                "cores": rng.randint(1, most),
            }
        )
    return make_case(jobs, partitions, [{"t": 0, "supply": 0, "grid": UNLIMITED_MW}])
