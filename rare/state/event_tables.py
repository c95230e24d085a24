"""From a case to the shared arrays of speed levels, grid events, outages and dependencies."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.machine_events import PLANNED, GridEvents, Outages
from rare.model import NEVER_S, Case, Cluster
from rare.state.event_arrays import CHAIN, FOLLOWER, GRID_EVENT, MOMENT, OUTAGE, SPEED, UNKNOWN_LIMIT
from rare.state.memory import records
from traces.errors import InputError, quoted
from traces.jobs.workload import Workload


def has_speeds(case: Case) -> bool:
    """Whether jobs may run at a lower speed."""
    return any(part.speeds for part in case.cluster.partitions)


def has_pace(case: Case) -> bool:
    """Whether a run has to keep account of levels or checkpoints (rare.rules.progress)."""
    return case.options.checkpoint_s > 0 or has_speeds(case)


def speed_table(cluster: Cluster) -> Any:
    """(P, S) SPEED: each partition's levels, the full one first; S is 1 where nobody has others."""
    levels = 1 + max(len(part.speeds) for part in cluster.partitions)
    table = records((len(cluster.partitions), levels), SPEED)
    table.rate = table.power = 1000
    for p, part in enumerate(cluster.partitions):
        for k, speed in enumerate(part.speeds, 1):
            table[p, k].rate, table[p, k].power = speed.rate_per_mille, speed.power_per_mille
    return table


def event_table(events: GridEvents | None) -> Any:
    """(V,) GRID_EVENT; limit UNKNOWN_LIMIT where it is a share of the draw."""
    if events is None:
        return records((0,), GRID_EVENT)
    table = records((len(events),), GRID_EVENT)
    for name in GRID_EVENT.names or ():
        table[name] = getattr(events, name)
    table.limit_mw[events.depth_per_mille > 0] = UNKNOWN_LIMIT
    return table


def outage_table(outages: Outages | None) -> Any:
    """(C,) OUTAGE: begins and ends of the outages by time, ends first, then in file order."""
    if outages is None:
        return records((0,), OUTAGE)
    count = len(outages)
    table = records((2 * count,), OUTAGE)
    for half, time_s, other_s, sign in (
        (table[:count], outages.to_s, outages.from_s, 1),
        (table[count:], outages.from_s, outages.to_s, -1),
    ):
        half["time_s"], half["other_s"] = time_s, other_s
        half["part"], half["nodes"] = outages.partition, sign * outages.nodes
        half["draw"], half["planned"] = np.maximum(outages.draw, 0), outages.draw == PLANNED
    return table[np.argsort(table["time_s"], kind="stable")]


def moment_table(events: Any, outages: Any) -> Any:
    """(M,) MOMENT: the times at which an event or an outage changes anything, rising."""
    times = [events[name] for name in ("notice_s", "start_s", "comply_s", "end_s")]
    moments = np.unique(np.concatenate([*times, outages["time_s"]]))
    moments = moments[moments < NEVER_S]
    table = records((len(moments),), MOMENT)
    table["time_s"] = moments
    return table


def cancel_table(work: Workload) -> Any:
    """(J,) MOMENT: when users give up their jobs; empty if nobody does."""
    if work.cancel_s is None or not bool((work.cancel_s < NEVER_S).any()):
        return records((0,), MOMENT)
    table = records((len(work),), MOMENT)
    table["time_s"] = work.cancel_s
    return table


def chain_tables(work: Workload) -> tuple[Any, Any]:
    """(J + 1,) CHAIN and (F,) FOLLOWER of a workload; both empty if no job waits for another.

    InputError for a predecessor that the workload does not have.
    """
    if work.after is None or not any(work.after):
        return records((0,), CHAIN), records((0,), FOLLOWER)
    import pandas as pd  # a quarter of a second, and most workloads have no chains

    waits = np.array([len(ids) for ids in work.after])
    followers = np.repeat(np.arange(len(work)), waits)
    named = np.array([each for ids in work.after for each in ids], dtype=object)
    before = pd.Index(work.job_id.astype(object)).get_indexer(named)
    for place in np.flatnonzero(before < 0):
        raise InputError(
            f"job {quoted(work.job_id[followers[place]])} waits for job {quoted(named[place])}, which is not "
            "there",
            where=work.name,
            remedy="correct its id, or leave it out with traces.without_missing_predecessors",
        )
    order = np.argsort(before, kind="stable")
    chains, table = records((len(work) + 1,), CHAIN), records((len(followers),), FOLLOWER)
    chains["first_follower"] = np.searchsorted(before[order], np.arange(len(work) + 1))
    chains["predecessors"][:-1] = waits
    if work.think_s is not None:
        chains["think_s"][:-1] = work.think_s
    if work.after_any is not None:
        chains["ok"][:-1] = ~work.after_any
    table["job"] = followers[order]
    return chains, table
