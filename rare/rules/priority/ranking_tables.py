"""From a case to the shared arrays of its priorities: weights, the tree of accounts, standings of jobs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from rare.model import Case, Cluster
from rare.options.slurm_priority import ROOT_ACCOUNT, Priority
from rare.state.memory import records
from rare.state.priority_arrays import NO_PARENT, SHARE, STANDING, WEIGHT
from traces.jobs.workload import Workload

_Name = tuple[str, str]
"""An account and a user of it; ("A", "") is the account A itself, ("", "") the root."""
_ROOT: _Name = ("", "")


class PriorityArrays(NamedTuple):
    """The tables of a case; without rows where it has no [priority]."""

    weights: Any  # (1 or 0,) WEIGHT
    standings: Any  # (J or 0,) STANDING
    shares: Any  # (N,) SHARE


def priority_arrays(case: Case, jobs: Any) -> PriorityArrays:
    """The tables of a case. jobs: (J,) rare.state.arrays.JOB, each in its partition."""
    priority = case.priority
    if priority is None:
        return PriorityArrays(records((0,), WEIGHT), records((0,), STANDING), records((0,), SHARE))
    names = association_names(case.workload, priority)
    places, shares = _share_table(names, priority)
    standings = records((len(jobs),), STANDING)
    standings.association = [places[name] for name in names]
    standings.fixed = fixed_points(case, jobs)
    return PriorityArrays(_weight_table(priority), standings, shares)


def _weight_table(priority: Priority) -> Any:
    table = records((1,), WEIGHT)
    for name in ("age_weight", "max_age_s", "fair_share_weight", "calc_period_s"):
        table[name] = getattr(priority, name)
    table.kept_a_second = table.kept_a_period = 1.0
    if priority.half_life_s > 0:
        table.kept_a_second = 2.0 ** (-1 / priority.half_life_s)
        table.kept_a_period = math.pow(float(table.kept_a_second[0]), priority.calc_period_s)
    table.tree = priority.fair_share == "tree"
    return table


# --- accounts and users -----------------------------------------------------------------------


def _texts(column: np.ndarray | None, count: int) -> list[str]:
    return [""] * count if column is None else [str(text) for text in column]


def association_names(jobs: Workload, priority: Priority) -> list[_Name]:
    """Whose usage each job adds to (RULES §14.3): an account and a user of it.

    A job without an account counts for the first account in which its user has shares, else for its user
    directly below the root.
    """
    first: dict[str, str] = {}
    for share in priority.shares:
        if share.user:
            first.setdefault(share.user, share.account)
    users, accounts = _texts(jobs.user, len(jobs)), _texts(jobs.account, len(jobs))
    unknown = "(unknown)"
    return [
        (account or first.get(user, ROOT_ACCOUNT), user or unknown)
        for account, user in zip(accounts, users, strict=True)
    ]


def _share_table(names: list[_Name], priority: Priority) -> tuple[dict[_Name, int], Any]:
    """(row of each node, (N,) SHARE): parents first, one depth after the other."""
    parents: dict[_Name, _Name] = {}
    numbers: dict[_Name, tuple[int, int]] = {}
    for share in priority.shares:
        node = _node(share.account, share.user)
        numbers[node] = (share.shares, share.usage_core_s)
        parents[node] = _node(share.account if share.user else share.parent, "")
    for account, user in sorted(set(names)):
        parents.setdefault((account, user), _node(account, ""))
    for above in sorted({parent for parent in parents.values() if parent != _ROOT}):
        parents.setdefault(above, _ROOT)
    children = _children(parents)
    order = [_ROOT]
    for node in order:  # it grows on the way: one depth after the other
        order += children.get(node, ())
    places = {node: place for place, node in enumerate(order)}
    table = records((len(order),), SHARE)
    table.parent[0] = NO_PARENT
    own = np.array([numbers.get(node, (1, 0))[0] for node in order], float)
    for node, place in places.items():
        below = children.get(node, [])
        table.children[place] = len(below)
        table.first_child[place] = places[below[0]] if below else 0
        table.usage[place] = numbers.get(node, (1, 0))[1]
        table.user[place] = table.users[place] = node[1] != ""
        if node != _ROOT:
            table.parent[place] = places[parents[node]]
    _divide(table, own)
    return places, table


def _node(account: str, user: str) -> _Name:
    """The root account is the root itself; a user may be directly below it."""
    return _ROOT if account in ("", ROOT_ACCOUNT) and not user else (account, user)


def _children(parents: dict[_Name, _Name]) -> dict[_Name, list[_Name]]:
    """The children of each node: users before accounts, by name."""
    children: dict[_Name, list[_Name]] = {}
    for node in sorted(parents, key=lambda node: (node[1] == "", node[1] or node[0])):
        children.setdefault(parents[node], []).append(node)
    return children


def _divide(table: Any, own: np.ndarray) -> None:
    """Write the shares beside the siblings and of the cluster, and how many users there are below."""
    among: np.ndarray = np.zeros(len(table))
    np.add.at(among, table.parent[1:], own[1:])
    table.promised[0] = 1.0
    for place in range(1, len(table)):
        parent = table.parent[place]
        table.share[place] = own[place] / among[parent] if among[parent] > 0 else 0.0
        table.promised[place] = table.promised[parent] * table.share[place]
    for place in range(len(table) - 1, 0, -1):
        table.users[table.parent[place]] += table.users[place]


# --- what time does not change ----------------------------------------------------------------


def fixed_points(case: Case, jobs: Any) -> np.ndarray:
    """(J,) points of each job for its size, partition and QOS, less its nice value (RULES §14.1)."""
    priority = case.priority
    assert priority is not None
    points = priority.size_weight * size_factors(case.cluster, jobs, priority)
    points += priority.partition_weight * _partition_factors(case.cluster, jobs, priority)
    points += priority.qos_weight * _qos_factors(case.workload, priority)
    return points if case.workload.nice is None else points - case.workload.nice


def nodes_needed(cluster: Cluster, jobs: Any) -> np.ndarray:
    """(J,) as few nodes as hold a job's cores, GPUs and memory in its partition; at least 1."""
    nodes = np.ones(len(jobs), np.int64)
    for index, part in enumerate(cluster.partitions):
        here = jobs.part == index
        for amount, a_node in (
            (jobs.cores, part.cores_per_node),
            (jobs.gpus_milli, 1000 * part.gpus_per_node),
            (jobs.memory_mib, part.memory_mib_per_node or 0),
        ):
            if a_node > 0:
                nodes[here] = np.maximum(nodes[here], -(-amount[here] // a_node))
    return nodes


def size_factors(cluster: Cluster, jobs: Any, priority: Priority) -> np.ndarray:
    """(J,) the mean of a job's part of all nodes and of all cores; of the rest, with favor_small."""
    all_nodes = sum(part.nodes for part in cluster.partitions)
    nodes = nodes_needed(cluster, jobs) if priority.size_nodes == "needed" else np.ones(len(jobs), np.int64)
    cores = jobs.cores.astype(np.int64)
    if priority.favor_small:
        nodes, cores = all_nodes - nodes, cluster.cores - cores
    factors = nodes / all_nodes
    if cluster.cores > 0:
        factors = (factors + cores / cluster.cores) / 2
    return np.asarray(np.clip(factors, 0.0, 1.0))  # a job that fits nowhere may be larger


def _partition_factors(cluster: Cluster, jobs: Any, priority: Priority) -> np.ndarray:
    """(J,) factor of a job's partition over the largest; 1 for each that has none, as PriorityJobFactor."""
    given = dict(priority.partition)
    factors = np.array([given.get(part.name, 1) for part in cluster.partitions], float)
    shares = factors[np.maximum(jobs.part, 0)] / max(factors.max(), 1.0)
    return np.asarray(np.where(jobs.part < 0, 0.0, shares))


def _qos_factors(work: Workload, priority: Priority) -> np.ndarray:
    """(J,) priority of a job's QOS over the largest; 0 for one that has none."""
    given = dict(priority.qos)
    most = max(given.values(), default=0)
    if work.qos is None or most == 0:
        return np.zeros(len(work))
    return np.array([given.get(name, 0) for name in _texts(work.qos, len(work))]) / most
