"""Cuts for jobs that do not fit side by side at one instant, which fractions of wide jobs would violate.

A dual feasible function f (Fekete and Schepers, Mathematical Programming 91, 2001,
doi:10.1007/s101070100243) satisfies: shares of a capacity that add up to at most 1 have f that add up to at
most 1. At every instant the jobs that run fit together, so the time that jobs run in a step, weighted with
f of their share, is at most the length of the step. With f of k = 1 that says: of the jobs that need more
than half of the machine, or of the power, one runs at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.model import UNLIMITED_MW, Case, Partition
from rare.world import build_jobs
from schedulers.oracle.linear_program import Program
from schedulers.oracle.time_steps import Steps, most_it_mw
from traces.numbers.constants import HOUR_S

FUNCTIONS = (1, 2, 3, 4, 5, 7, 9)
ABOVE = 1e-9  # by which a power limit is raised, so that rounding cannot tighten a cut


@dataclass(frozen=True, slots=True)
class Runs:
    """The X variables of work: a share of a job's work in a step, at a speed level. All arrays are (X,).

    column: number of the variable. job, step, level: of which job, in which step, at which level. run_s: what
    the whole job takes at that level. power_mw: what it draws at it (RULES §11.2), without its nodes.
    """

    column: np.ndarray
    job: np.ndarray
    step: np.ndarray
    level: np.ndarray
    run_s: np.ndarray
    power_mw: np.ndarray


def amounts_per_node(case: Case, part: Partition) -> list[tuple[np.ndarray, int]]:
    """For each resource that a partition declares (§2.1): (J,) needs of the jobs, and what a node has."""
    jobs = build_jobs(case)
    table = (
        (jobs.cores, part.cores_per_node),
        (jobs.gpus_milli, part.gpus_per_node * 1000),
        (jobs.memory_mib, part.memory_mib_per_node or 0),
    )
    return [(amounts.astype(float), per_node) for amounts, per_node in table if per_node > 0]


def share_of_nodes_mw(case: Case) -> np.ndarray:
    """(J,) float: idle power of a job's share of nodes.

    For jobs that run at once the sum of it and of their own power is at most their draw, because nodes in use
    are at least the sum of the shares of any one resource.
    """
    idle_mw = np.zeros(len(case.workload))
    jobs = build_jobs(case)
    for index, part in enumerate(case.cluster.partitions):
        here = jobs.part == index
        if here.any():  # one resource for all: the one that the jobs need most of
            shares = [amounts / per_node for amounts, per_node in amounts_per_node(case, part)]
            nodes = max(shares, key=lambda share: float(share[here].sum()))
            idle_mw[here] = part.idle_mw * nodes[here]
    return idle_mw


def nodes_alone(case: Case) -> np.ndarray:
    """(J,) float: nodes that a job needs by itself; 0 for one that fits no partition."""
    jobs, nodes = build_jobs(case), np.zeros(len(case.workload))
    for index, part in enumerate(case.cluster.partitions):
        here = jobs.part == index
        shares = [amounts / per_node for amounts, per_node in amounts_per_node(case, part)]
        nodes[here] = np.maximum.reduce([np.ceil(share) for share in shares])[here]
    return nodes


def whole_nodes_mw(case: Case) -> np.ndarray:
    """(J,) float: idle power of the nodes that a job needs by itself."""
    idle_mw = np.array([part.idle_mw for part in case.cluster.partitions])
    return nodes_alone(case) * idle_mw[np.maximum(build_jobs(case).part, 0)]


def feasible(amount: np.ndarray, capacity: np.ndarray | float, k: int) -> np.ndarray:
    """u(k) of Fekete and Schepers: the share where (k + 1) of it are whole, else rounded down to k-ths.

    >>> feasible(np.array([3.0, 5.0, 6.0]), 10, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    times = (k + 1) * amount
    whole = times % capacity == 0
    return np.where(whole, amount / capacity, times // capacity / k)


def add_packing(program: Program, case: Case, *, steps: Steps, runs: Runs) -> None:
    """Add the cuts for cores, GPUs and memory of each partition, and for power."""
    jobs = build_jobs(case)
    hours = runs.run_s / HOUR_S
    for index, part in enumerate(case.cluster.partitions):
        here = jobs.part[runs.job] == index
        nodes = np.maximum(steps.nodes.most[index], 1.0)[runs.step]  # where none is nothing runs
        for amounts, per_node in amounts_per_node(case, part):
            _add(program, steps, runs, here, amounts[runs.job], nodes * per_node, hours)
    most_mw = most_it_mw(case, steps)
    limited = most_mw < UNLIMITED_MW / 100
    capacity_mw = (np.maximum(most_mw, 1.0) * (1 + ABOVE))[runs.step]
    power_mw = np.minimum(runs.power_mw + share_of_nodes_mw(case)[runs.job], capacity_mw)
    _add(program, steps, runs, limited[runs.step], power_mw, capacity_mw, hours)


def _add(
    program: Program,
    steps: Steps,
    runs: Runs,
    limited: np.ndarray,
    amount: np.ndarray,
    capacity: np.ndarray | float,
    hours: np.ndarray,
) -> None:
    """Add the cuts of all functions: in a step, weighted hours of the jobs <= hours of the step.

    limited (X,): whether a variable is subject to this capacity. amount, capacity, hours (X,): what its job
    needs, what there is, and the hours of its whole work."""
    for k in FUNCTIONS:
        weight = feasible(amount, capacity, k)
        tight = limited & (weight * capacity > amount * (1 + 1e-6))
        if not tight.any():
            continue
        relevant = limited & (weight > 0)
        used, place = np.unique(runs.step[relevant], return_inverse=True)
        rows = program.add_rows(steps.length_s[used] / HOUR_S)
        program.put(rows[place], runs.column[relevant], weight[relevant] * hours[relevant])
