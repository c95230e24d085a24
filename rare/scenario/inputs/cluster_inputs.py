"""Cluster of a scenario: partitions of a fixed size, or as many nodes as hold the trace's processors."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from rare.job_records import placements
from rare.machine_events import Speed
from rare.model import Cluster, Partition
from rare.scenario.config.scenario_config import PLAIN_NODE, NodeTable, PartitionTable, Scenario
from rare.scenario.inputs.build_record import BuildRecord
from traces.errors import InputError
from traces.jobs.workload import Workload


def make_cluster(scenario: Scenario, jobs: Workload) -> Cluster:
    """The cluster: the scenario's partitions, or as many of its nodes as hold the processors."""
    table = scenario.cluster
    pue_per_mille = round(table.pue * 1000)
    if table.partition:
        if scenario.workload.processors is not None and scenario.workload.model is None:
            raise InputError(
                "the scenario fixes its nodes in [[cluster.partition]]",
                where="workload.processors (--processors)",
                remedy="change those with --set cluster.partition.NAME.nodes=N",
            )
        return Cluster(tuple(make_partition(p, p.name, p.nodes) for p in table.partition), pue_per_mille)
    processors = scenario.workload.processors or jobs.processors
    if processors is None:
        raise InputError(
            "does not say how many processors the machine has (its largest job asks for "
            f"{int(jobs.cores.max())})",
            where=jobs.name,
            remedy="give --processors N",
        )
    node = table.node or PLAIN_NODE
    one = make_partition(node, "main", 1)
    if one.cores_per_node == 0:
        raise InputError(
            "has no cores, so its number does not follow from the processors", where="cluster.node"
        )
    nodes = math.ceil(processors / one.cores_per_node)
    return Cluster((dataclasses.replace(one, nodes=nodes),), pue_per_mille)


def make_partition(table: NodeTable | PartitionTable, name: str, nodes: int) -> Partition:
    """Identical nodes: values of the table, else of its server profile."""
    from energy.datacenter.servers import profile
    from energy.datacenter.speed_levels import speed_levels

    where = f"cluster.partition.{name}" if isinstance(table, PartitionTable) else "cluster.node"
    try:
        server = None if table.profile is None else profile(table.profile)
    except InputError as error:
        raise error.at(f"{where}.profile") from None

    def value_of(key: str, of_profile: str, scale: int = 1000) -> int:
        value = getattr(table, key)
        if value is not None:
            return round(value * scale)
        return 0 if server is None else int(getattr(server, of_profile) or 0)

    try:
        levels = () if table.speeds is None else speed_levels(table.speeds).per_mille
    except InputError as error:
        raise error.at(f"{where}.speeds") from None
    levels = levels or tuple(speed.per_mille for speed in table.speed)
    memory_mib = value_of("memory_gib_per_node", "memory_mib", 1024)
    return Partition(
        name=name,
        nodes=nodes,
        cores_per_node=value_of("cores_per_node", "cores_per_node", 1),
        gpus_per_node=value_of("gpus_per_node", "gpus_per_node", 1),
        memory_mib_per_node=max(1, memory_mib) if memory_mib or table.memory_gib_per_node else None,
        idle_mw=value_of("idle_w", "idle_mw"),
        sleep_mw=value_of("sleep_w", "sleep_mw"),
        core_mw=value_of("core_w", "core_mw"),
        gpu_mw=value_of("gpu_w", "gpu_mw"),
        idle_nodes=table.idle_nodes,
        wake_s=table.wake_s,
        speeds=tuple(Speed(rate, power) for rate, power in levels),
    )


def note_misfits(jobs: Workload, cluster: Cluster, record: BuildRecord) -> None:
    """Note jobs larger than every partition: they are rejected on arrival."""
    misfits = np.flatnonzero(placements(jobs, cluster) < 0)
    if len(misfits):
        job = misfits[0]
        remedy = "a larger cluster or --processors N takes them"
        if jobs.gpus_milli[job] and not any(p.gpus_per_node for p in cluster.partitions):
            remedy = "the cluster has no GPUs: give gpus_per_node"
        record.note(
            f"{len(misfits)} of {len(jobs)} jobs fit no partition and will be rejected, first job "
            f"{jobs.job_id[job]} ({jobs.cores[job]} cores, {jobs.gpus_milli[job] / 1000:g} GPUs); "
            f"{remedy}"
        )
