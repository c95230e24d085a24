"""What RARE tells a scheduler, as objects of Batsim's protocol. Times are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rare.model import Cluster

Event = dict[str, Any]
WORKLOAD = "w0"


def event(now_s: int, name: str, data: Mapping[str, Any]) -> Event:
    """One event of a message."""
    return {"timestamp": float(now_s), "type": name, "data": dict(data)}


def simulation_begins(now_s: int, cluster: Cluster, workload: str) -> Event:
    """The machine, and what the scheduler may expect. Resources are cores."""
    resources = [
        {"id": core, "name": f"{part.name}-{place}", "state": "idle", "properties": {"partition": part.name}}
        for core, (part, place) in enumerate(
            (part, place) for part in cluster.partitions for place in range(part.nodes * part.cores_per_node)
        )
    ]
    config = {
        "redis-enabled": False,
        "profiles-forwarded-on-submission": True,
        "dynamic-jobs-enabled": False,
        "dynamic-jobs-acknowledged": False,
        "forward-unknown-events": False,
    }
    return event(
        now_s,
        "SIMULATION_BEGINS",
        {
            "nb_resources": len(resources),
            "nb_compute_resources": len(resources),
            "nb_storage_resources": 0,
            "allow_compute_sharing": False,
            "allow_storage_sharing": False,
            "config": config,
            "compute_resources": resources,
            "storage_resources": [],
            "workloads": {WORKLOAD: workload},
            "profiles": {WORKLOAD: {}},
        },
    )


def job_submitted(now_s: int, job_id: str, cores: int, walltime_s: int, more: Mapping[str, Any]) -> Event:
    """A job that waits. Its profile lasts as long as its user's estimate: nobody knows more at a machine.

    more : what else is known of it, such as its user; fields that Batsim leaves to its users
    """
    profile = f"delay_{walltime_s}"
    job = {**more, "id": job_id, "subtime": float(now_s), "res": cores, "walltime": float(walltime_s)}
    return event(
        now_s,
        "JOB_SUBMITTED",
        {
            "job_id": job_id,
            "job": {**job, "profile": profile},
            "profile": {"type": "delay", "delay": float(walltime_s)},
        },
    )


def job_completed(now_s: int, job_id: str, state: str, alloc: str, reason: str = "") -> Event:
    """A job that holds its cores no longer. state: COMPLETED_SUCCESSFULLY, _WALLTIME_REACHED or _KILLED."""
    code = 0 if state == "COMPLETED_SUCCESSFULLY" else 1
    data = {"job_id": job_id, "job_state": state, "return_code": code, "kill_reason": reason, "alloc": alloc}
    return event(now_s, "JOB_COMPLETED", data)


def job_killed(now_s: int, job_ids: Sequence[str], progress: Mapping[str, float]) -> Event:
    """The answer to KILL_JOB. progress: of those that were really killed, share of the estimate."""
    shares = {job_id: {"profile": "delay", "progress": share} for job_id, share in progress.items()}
    return event(now_s, "JOB_KILLED", {"job_ids": list(job_ids), "job_progress": shares})


def notify(now_s: int, kind: str, **data: Any) -> Event:
    """Something that needs no answer."""
    return event(now_s, "NOTIFY", {"type": kind, **data})
