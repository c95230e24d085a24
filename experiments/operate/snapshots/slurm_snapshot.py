"""A snapshot from what Slurm's commands print as JSON."""

from __future__ import annotations

from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot
from experiments.operate.snapshots.queued_jobs import jobs_of
from experiments.operate.snapshots.slurm_nodes import partitions_of


def snapshot_of_slurm(squeue_json: bytes | str, sinfo_json: bytes | str, taken_s: int) -> ClusterSnapshot:
    """The cluster at `taken_s` (UTC, seconds since 1970), when both commands ran.

    squeue_json: what `squeue --json` printed. sinfo_json: the same of `sinfo --json`, or of
    `scontrol show nodes --json`. Tried with Slurm 22.05; the shapes of later versions are read as its
    documentation has them. InputError, one line, for anything that these commands do not print.
    """
    partitions = partitions_of(sinfo_json)
    return ClusterSnapshot(taken_s, partitions, jobs_of(squeue_json, partitions, taken_s))
