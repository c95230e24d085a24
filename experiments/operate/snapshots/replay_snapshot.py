"""Snapshots out of a simulated schedule: the queue and the running jobs at any instant of a replay."""

from __future__ import annotations

import dataclasses
from datetime import UTC

import numpy as np

from experiments.operate.snapshots.cluster_snapshot import (
    RUNNING,
    WAITING,
    ClusterSnapshot,
    SnapshotJob,
    SnapshotPartition,
)
from rare.model import Cluster
from traces.jobs.workload import NO_DEADLINE_S, Workload
from traces.series.held import EPOCH


def partitions_of_cluster(cluster: Cluster) -> tuple[SnapshotPartition, ...]:
    """The nodes of a simulated cluster as a snapshot has them."""
    return tuple(
        SnapshotPartition(
            part.name, part.nodes, part.cores_per_node, part.gpus_per_node, part.memory_mib_per_node
        )
        for part in cluster.partitions
    )


def snapshot_of_schedule(
    work: Workload, start_s: np.ndarray, end_s: np.ndarray, cluster: Cluster, taken_s: int
) -> ClusterSnapshot:
    """The cluster at `taken_s` in a schedule, after all that happened at this second.

    work: on the clock of UTC seconds (`on_utc`). start_s, end_s: (J,) of the schedule on the same clock; a
    start of NEVER_S or beyond the snapshot: it waits. Jobs that were rejected must not be in it.
    """
    last = int(np.searchsorted(work.submit_s, taken_s, side="right"))
    chosen = np.flatnonzero(end_s[:last] > taken_s)
    texts = {
        key: None if getattr(work, key) is None else getattr(work, key)[chosen].tolist()
        for key in ("user", "account", "qos", "partition", "nice")
    }
    numbers = {
        key: getattr(work, key)[chosen].tolist()
        for key in ("submit_s", "cores", "gpus_milli", "memory_mib", "estimate_s")
    }
    jobs = []
    for row, index in enumerate(chosen.tolist()):
        began = int(start_s[index]) <= taken_s
        given = {key: values[row] for key, values in texts.items() if values is not None}
        jobs.append(
            SnapshotJob(
                job_id=str(work.job_id[index]),
                state=RUNNING if began else WAITING,
                submit_s=numbers["submit_s"][row],
                cores=numbers["cores"][row],
                limit_s=numbers["estimate_s"][row],
                start_s=int(start_s[index]) if began else None,
                gpus_milli=numbers["gpus_milli"][row],
                memory_mib=numbers["memory_mib"][row],
                **given,
            )
        )
    return ClusterSnapshot(taken_s, partitions_of_cluster(cluster), tuple(jobs))


def on_utc(work: Workload) -> Workload:
    """The same jobs on the clock of UTC seconds; the clock of a trace without a calendar begins in 1970."""
    if work.origin_utc is None:
        return work
    shift_s = int(work.origin_utc.astimezone(UTC).timestamp())
    if shift_s == 0:
        return work
    dated = work.deadline_s < NO_DEADLINE_S
    return dataclasses.replace(
        work,
        submit_s=work.submit_s + shift_s,
        deadline_s=np.where(dated, work.deadline_s + shift_s, NO_DEADLINE_S),
        cancel_s=None,
        origin_utc=EPOCH,
    )
