"""Why waiting jobs start in no future: a limit rejects them, or power never suffices for them."""

from __future__ import annotations

import numpy as np

from experiments.operate.snapshots.snapshot_case import SnapshotCase
from experiments.operate.snapshots.snapshot_limits import one_too_many
from experiments.results.number_formats import power
from rare.job_records import build_jobs
from rare.rules.priority.ranking_tables import nodes_needed
from traces.numbers.constants import MW_PER_KW

POWER = "power never suffices for it"


def reasons_of(
    part: SnapshotCase, never: np.ndarray, rejected: np.ndarray, power_mw: int, least_pue: int
) -> dict[str, str]:
    """Why jobs never start, by id, where that is known.

    never, rejected : (W,) whether each waiting job starts in no future, and is rejected in all
    power_mw  : the most that plants, grid and battery give at once, on any path
    least_pue : the lowest PUE to come, per mille
    """
    found = {
        part.jobs[index].job_id: one_too_many(part.case, index, len(part.jobs))
        for index in part.waiting[rejected].tolist()
    }
    if not (never & ~rejected).any():
        return found
    least_mw = _least_draw_mw(part, least_pue)
    for index in part.waiting[never & ~rejected].tolist():
        if least_mw[index] > power_mw:
            needs, comes = (power(mw / MW_PER_KW) for mw in (int(least_mw[index]), power_mw))
            found[part.jobs[index].job_id] = f"{POWER}: it needs {needs}, and at most {comes} come"
    return found


def _least_draw_mw(part: SnapshotCase, pue: int) -> np.ndarray:
    """(N,) what the machine draws where each job runs alone, and the other nodes are dark (RULES §2.3, §2.4).

    0 in partitions with several speeds: a slower job may draw less.
    """
    jobs, partitions = build_jobs(part.case), part.case.cluster.partitions
    place = np.maximum(jobs["part"], 0)
    idle_mw = np.array([one.idle_mw for one in partitions])[place]
    draw_mw = jobs["power_mw"] + nodes_needed(part.case.cluster, jobs) * idle_mw
    paced = np.array([bool(one.speeds) for one in partitions])[place]
    return np.where(paced, 0, -(-draw_mw * pue // 1000))[: len(part.jobs)]
