"""Cases with accounts, users and a site's priorities for tests, drawn at random."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from rare.model import Case
from rare.options.slurm_priority import Priority, PriorityShare

USERS = ("ada", "bob", "cyd", "")
ACCOUNTS = ("lab", "sub", "aux", "")


def with_priority(rng: random.Random, case: Case) -> Case:
    """The same case with users and accounts, and with weights, shares and marks that look for trouble."""
    count = len(case.workload)

    def texts(choices: tuple[str, ...]) -> np.ndarray:
        return np.array([rng.choice(choices) for _ in range(count)], object)

    workload = replace(
        case.workload,
        user=texts(USERS) if rng.random() < 0.9 else None,
        account=texts(ACCOUNTS) if rng.random() < 0.8 else None,
        qos=texts(("high", "low", "")) if rng.random() < 0.5 else None,
        nice=np.array([rng.choice((0, 0, 7, -40, 5000)) for _ in range(count)])
        if rng.random() < 0.4
        else None,
    )
    names = [part.name for part in case.cluster.partitions]
    return replace(case, workload=workload, priority=random_priority(rng, names))


def random_priority(rng: random.Random, partitions: list[str]) -> Priority:
    """Weights that tie and weights that do not, short half-lives, marks between and at the events."""
    return Priority(
        age_weight=rng.choice((0, 100, 1000)),
        max_age_s=rng.choice((1, 100, 1000)),
        size_weight=rng.choice((0, 0, 1000)),
        favor_small=rng.random() < 0.5,
        size_nodes=rng.choice(("needed", "one")),
        partition_weight=rng.choice((0, 100)),
        qos_weight=rng.choice((0, 100)),
        fair_share_weight=rng.choice((0, 10_000, 10_000)),
        half_life_s=rng.choice((0, 50, 100, 600)),
        calc_period_s=rng.choice((10, 30, 60, 100)),
        fair_share=rng.choice(("tree", "tree", "classic")),
        qos=rng.choice(((), (("high", 100), ("low", 10)), (("high", 0),))),
        partition=tuple((name, rng.choice((0, 1, 5))) for name in partitions if rng.random() < 0.5),
        shares=_random_shares(rng),
    )


def _random_shares(rng: random.Random) -> tuple[PriorityShare, ...]:
    kinds = (
        PriorityShare("lab", shares=rng.choice((0, 1, 3))),
        PriorityShare("sub", parent="lab", usage_core_s=rng.choice((0, 500))),
        PriorityShare("lab", "ada", shares=rng.choice((0, 2)), usage_core_s=rng.choice((0, 100, 100))),
        PriorityShare("sub", "bob", usage_core_s=100),
        PriorityShare("root", "cyd", shares=2),
        PriorityShare("far", parent="away"),
    )
    return tuple(share for share in kinds if rng.random() < 0.5)
