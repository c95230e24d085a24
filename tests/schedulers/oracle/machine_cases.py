"""Tiny cases with what real machines have: speed levels, grid events, outages, chains, cancellations."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np

from rare.machine_events import NO_LIMIT_MW, PLANNED, GridEvents, Outages, Speed
from rare.model import Case, Cluster, Partition
from tests.tiny_cases import hostile_case, tiny_case
from traces.jobs.workload import NO_CANCEL_S, Workload

LEVELS = (
    (Speed(850, 680),),
    (Speed(700, 500),),
    (Speed(500, 250),),
    (Speed(850, 680), Speed(600, 400)),
    (Speed(900, 950),),  # hardly saves anything
    (Speed(300, 0),),
)


def with_levels(case: Case, seed: int, most_jobs: int) -> Case:
    """The case's first jobs with sensitivities, on partitions with speed levels."""
    rng = random.Random(f"levels {seed}")
    work = case.workload.select(0, min(most_jobs, len(case.workload)))
    suffers = [rng.choice((1000, 1000, 800, 300, 0, rng.randint(0, 1000))) for _ in range(len(work))]
    parts = tuple(
        dataclasses.replace(part, speeds=rng.choice(LEVELS)) if k == 0 or rng.random() < 0.5 else part
        for k, part in enumerate(case.cluster.partitions)
    )
    return _changed(case, work, parts, sensitivity_milli=np.array(suffers))


def _changed(case: Case, work: Workload, parts: tuple[Partition, ...], **columns: Any) -> Case:
    jobs = dataclasses.replace(work, **columns)
    cluster = Cluster(parts, case.cluster.pue_per_mille)
    begin_s = min(case.first_instant_s, int(jobs.submit_s[0]))
    return dataclasses.replace(case, workload=jobs, cluster=cluster, begin_s=begin_s)


def level_case(seed: int, most_jobs: int = 2) -> Case | None:
    """A tiny case with levels: every other one looks for trouble; None where there is nothing to gain."""
    case = tiny_case(seed) if seed % 2 else hostile_case(seed)
    if case is None:
        return None
    case = with_levels(case, seed, most_jobs)
    return case if (case.workload.value_u > 0).any() else None


def event_case(seed: int) -> Case | None:
    """A tiny case with grid events, outages, predecessors and cancellations, each now and then."""
    rng = random.Random(f"events {seed}")
    case = tiny_case(seed) if seed % 2 else hostile_case(seed)
    if case is None:
        return None
    work = case.workload.select(0, min(5, len(case.workload)))
    case = with_levels(case, seed, 3) if rng.random() < 0.4 else _changed(case, work, case.cluster.partitions)
    if not (case.workload.value_u > 0).any():
        return None
    begin_s, last_s = case.first_instant_s, _last_s(case)
    if rng.random() < 0.4:
        case = dataclasses.replace(case, events=_events(rng, case, begin_s, last_s))
    if rng.random() < 0.4:
        case = dataclasses.replace(case, outages=_outages(rng, case, begin_s, last_s))
    if rng.random() < 0.5:
        case = dataclasses.replace(case, workload=_chained(rng, case))
    if rng.random() < 0.3:
        cancel_s = [
            int(submit_s) + rng.randint(0, last_s - begin_s) if rng.random() < 0.5 else NO_CANCEL_S
            for submit_s in case.workload.submit_s
        ]
        case = dataclasses.replace(
            case, workload=dataclasses.replace(case.workload, cancel_s=np.array(cancel_s, dtype=np.int64))
        )
    if rng.random() < 0.2:
        options = dataclasses.replace(case.options, checkpoint_s=rng.choice((7, 900)), checkpoint_cost_s=3)
        case = dataclasses.replace(case, options=options)
    return case


def _last_s(case: Case) -> int:
    ends = [int(case.inputs.change_s[-1]), int((case.workload.submit_s + case.workload.work_s).max())]
    return max(*ends, case.first_instant_s + 10)


def _events(rng: random.Random, case: Case, begin_s: int, last_s: int) -> GridEvents:
    rows = []
    for _ in range(rng.choice((1, 1, 2))):
        times = sorted(rng.randint(begin_s, last_s) for _ in range(3))
        deep = rng.random() < 0.5
        limit_mw = NO_LIMIT_MW if deep else int(case.cluster.peak_draw_mw * rng.choice((0, 0.3, 0.7)))
        row = (*times, times[-1] + rng.randint(1, last_s), limit_mw, rng.choice((250, 600)) if deep else 0)
        rows.append(row)
    rows.sort(key=lambda row: row[1])
    return GridEvents(*(np.array(column) for column in zip(*rows, strict=True)))


def _outages(rng: random.Random, case: Case, begin_s: int, last_s: int) -> Outages:
    rows = []
    for _ in range(rng.choice((1, 2))):
        p = rng.randrange(len(case.cluster.partitions))
        from_s, planned = rng.randint(begin_s, last_s), rng.random() < 0.5
        nodes = rng.randint(1, case.cluster.partitions[p].nodes) if planned else 1
        draw = PLANNED if planned else rng.randrange(2**30)
        rows.append((p, nodes, from_s, from_s + rng.randint(1, last_s), draw))
    rows.sort(key=lambda row: row[2])
    return Outages(*(np.array(column) for column in zip(*rows, strict=True)))


def _chained(rng: random.Random, case: Case) -> Workload:
    work = case.workload
    ids = work.job_id.tolist()
    after = np.empty(len(work), dtype=object)
    for row in range(len(work)):
        before = [key for key in ids[:row] if rng.random() < 0.5]
        after[row] = tuple(before)
    return dataclasses.replace(
        work,
        after=after,
        after_any=np.array([len(before) > 0 and rng.random() < 0.5 for before in after]),
        think_s=np.array([rng.choice((0, 0, 60)) if before else 0 for before in after], dtype=np.int64),
    )
