"""Partitions of a snapshot from the nodes in Slurm's JSON.

Nodes that are in several partitions are counted once: partitions that share nodes become one, whose name
joins theirs with `+`. Nodes of different sizes in one partition are pooled: about as many nodes of one size
hold the same cores and GPUs, and their memory is not limited.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.operate.snapshots.cluster_snapshot import SnapshotPartition
from experiments.operate.snapshots.slurm_shapes import (
    gpus_of_gres,
    number,
    rows_of,
    slurm_object,
    text,
    words,
)
from traces.errors import InputError, quoted

SINFO = "sinfo --json"
JOINED_BY = "+"
MOST_NODES = 10**6
_GONE = {"DOWN", "DRAINED", "ERROR", "FAIL", "FUTURE", "UNKNOWN", "NOT_RESPONDING", "MAINT", "DYNAMIC_FUTURE"}


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes of one size in the same partitions. `here`: how many take jobs, `gone`: how many do not.

    names: of the nodes, where they are listed; only by these is it known that partitions share nodes.
    """

    partitions: tuple[str, ...]
    cores: int
    gpus: int
    memory_mib: int
    here: int
    gone: int
    names: tuple[str, ...] = ()
    limit_s: int | None = None


def partitions_of(sinfo_json: bytes | str) -> tuple[SnapshotPartition, ...]:
    """The partitions in the output of `sinfo --json` or `scontrol show nodes --json`. InputError.

    A draining node counts as long as something runs on it.
    """
    key, rows = rows_of(slurm_object(sinfo_json, SINFO), ("nodes", "sinfo"), SINFO)
    groups = [_node(row) for row in rows] if key == "nodes" else _merged([_group(row) for row in rows])
    groups = [group for group in groups if group.partitions and group.cores + group.gpus > 0]
    if sum(group.here + group.gone for group in groups) > MOST_NODES:
        raise InputError(f"has more than {MOST_NODES:,} nodes", where=SINFO)
    partitions = tuple(
        _pooled(names, members) for names, members in _components(groups) if any(one.here for one in members)
    )
    if not partitions:
        raise InputError("no node of any partition takes jobs", where=SINFO)
    return partitions


def _node(row: Mapping[str, Any]) -> NodeGroup:
    """One node as 22.05's sinfo and scontrol of later versions write it."""
    name = text(row, "name", SINFO)
    where = f"{SINFO}: node {quoted(name)}"
    states = {*words(row, "state", where), *words(row, "state_flags", where)}
    is_here = _takes_jobs(states, bool(number(row, "alloc_cpus", where)))
    listed = row.get("partitions") or []
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise InputError(f"partitions is {quoted(listed)}, not a list of names", where=where)
    return NodeGroup(
        tuple(listed),
        number(row, "cpus", where) or 0,
        gpus_of_gres(text(row, "gres", where)),
        number(row, "real_memory", where) or 0,
        int(is_here),
        int(not is_here),
        (name,),
    )


def _group(row: Mapping[str, Any]) -> NodeGroup:
    """A group of like nodes as sinfo of later versions writes it."""
    partition = _inner(row, "partition")
    name = text(partition, "name", SINFO)
    where = f"{SINFO}: partition {quoted(name)}"
    nodes, cpus, memory = _inner(row, "nodes"), _inner(row, "cpus"), _inner(row, "memory")
    states = set(words(_inner(row, "node"), "state", where))
    count = number(nodes, "total", where) or 0
    is_here = _takes_jobs(states, bool(number(cpus, "allocated", where)))
    names = nodes.get("nodes") or []
    limit_min = number(_inner(partition, "maximums"), "time", where)
    return NodeGroup(
        (name,),
        number(cpus, "maximum", where) or 0,
        gpus_of_gres(text(_inner(row, "gres"), "total", where)),
        number(memory, "maximum", where) or 0,
        count if is_here else 0,
        0 if is_here else count,
        tuple(one for one in names if isinstance(one, str)) if isinstance(names, list) else (),
        None if limit_min is None else 60 * limit_min,
    )


def _inner(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _takes_jobs(states: set[str], busy: bool) -> bool:
    if states & _GONE:
        return False
    return busy or not states & {"DRAIN", "DRAINING"}


def _merged(groups: Sequence[NodeGroup]) -> list[NodeGroup]:
    """Groups in which each listed node stands once, with all its partitions."""
    partitions: dict[tuple[str, ...], list[str]] = {}
    first: dict[tuple[str, ...], NodeGroup] = {}
    merged = []
    for group in groups:
        if not group.names:
            merged.append(group)
            continue
        partitions.setdefault(group.names, []).extend(group.partitions)
        first.setdefault(group.names, group)
    for names, group in first.items():
        whole = tuple(dict.fromkeys(partitions[names]))
        merged.append(
            NodeGroup(
                whole, group.cores, group.gpus, group.memory_mib, group.here, group.gone, names, group.limit_s
            )
        )
    return merged


def _components(groups: Sequence[NodeGroup]) -> list[tuple[list[str], list[NodeGroup]]]:
    """Partitions that share nodes, directly or through others, with their nodes; in order of appearance."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = name = parent[parent[name]]
        return name

    for group in groups:
        for other in group.partitions[1:]:
            parent[root(other)] = root(group.partitions[0])
        root(group.partitions[0])
    members: dict[str, tuple[list[str], list[NodeGroup]]] = {}
    for name in parent:
        members.setdefault(root(name), ([], []))[0].append(name)
    for group in groups:
        members[root(group.partitions[0])][1].append(group)
    return list(members.values())


def _pooled(names: Sequence[str], members: Sequence[NodeGroup]) -> SnapshotPartition:
    """One partition of all these nodes."""
    limits = [one.limit_s for one in members]
    limit_s = None if any(limit is None for limit in limits) else max(limit or 0 for limit in limits)
    sizes = Counter((one.cores, one.gpus, one.memory_mib) for one in members)
    here, gone = sum(one.here for one in members), sum(one.gone for one in members)
    name = JOINED_BY.join(names)
    if len(sizes) == 1:
        cores, gpus, memory_mib = next(iter(sizes))
        return SnapshotPartition(name, here, cores, gpus, memory_mib or None, gone, limit_s)
    all_cores, all_gpus = (sum(getattr(one, key) * one.here for one in members) for key in ("cores", "gpus"))
    common = math.gcd(all_cores, all_gpus)
    nodes = next(count for count in range(min(here, common), 0, -1) if common % count == 0)
    return SnapshotPartition(name, nodes, all_cores // nodes, all_gpus // nodes, None, gone, limit_s)
