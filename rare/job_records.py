"""The jobs of a workload as the records that rules read."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.model import NEVER_S, Case, Cluster, Options
from rare.options.job_limits import NOWHERE, OVER_LIMIT
from rare.rules.limits.limit_tables import is_never_allowed
from rare.state.arrays import JOB
from rare.state.memory import records
from traces.jobs.workload import FULLY_SENSITIVE, NO_DEADLINE_S, Workload
from traces.numbers.constants import MICRO

JOBS_AT_ONCE = 65_536


def placements(work: Workload, cluster: Cluster, rows: slice = slice(None)) -> np.ndarray:
    """(J,) partition of each of these jobs (RULES §2.2); -1: it fits none and will be rejected."""
    known = [part.name for part in cluster.partitions]
    cores, gpus_milli, memory_mib = work.cores[rows], work.gpus_milli[rows], work.memory_mib[rows]
    named = None if work.partition is None else work.partition[rows]
    free = np.ones(len(cores), dtype=bool) if named is None else ~np.isin(named, known)
    placed = np.full(len(cores), NOWHERE, dtype=np.int64)
    for index, part in reversed(list(enumerate(cluster.partitions))):
        fits = (cores <= part.nodes * part.cores_per_node) & (
            gpus_milli <= part.nodes * part.gpus_per_node * 1000
        )
        if part.memory_mib_per_node is not None:
            fits &= memory_mib <= part.nodes * part.memory_mib_per_node
        if named is not None:
            fits &= free | (named == part.name)
        placed[fits] = index
    return placed


def unserved_prices_u(work: Workload, options: Options, rows: slice = slice(None)) -> np.ndarray:
    """(J,) what each of these jobs costs if it is not served (RULES §6.6) [micro-units of value]."""
    value_u = np.maximum(work.value_u[rows], 0)
    prices_u = np.zeros(len(value_u), dtype=np.int64)
    for name, penalty_u, value_ppm in options.unserved_prices:
        whole_u, rest = value_u // MICRO * value_ppm, value_u % MICRO * value_ppm
        of_all_u = penalty_u + whole_u + (rest + MICRO // 2) // MICRO
        if not name:
            prices_u = of_all_u
        elif work.service_class is not None:
            prices_u = np.where(work.service_class[rows] == name, of_all_u, prices_u)
    return prices_u


def build_jobs(case: Case) -> Any:
    """The workload as records, each job in its partition.

    NOWHERE: it fits none (RULES §2.2). OVER_LIMIT: a limit rejects it (§15.3).
    """
    jobs = records((len(case.workload),), JOB)
    for first in range(0, len(jobs), JOBS_AT_ONCE):  # with millions, each column in between counts
        rows = slice(first, first + JOBS_AT_ONCE)
        _fill_jobs(case, rows, jobs[rows])
    if case.limits:
        jobs.part[(jobs.part >= 0) & is_never_allowed(case, jobs.part)] = OVER_LIMIT
    return jobs


def _fill_jobs(case: Case, rows: slice, jobs: Any) -> None:
    """Write these jobs of the workload into their records."""
    work = case.workload
    for name in ("submit_s", "work_s", "estimate_s", "value_u", "memory_mib", "preemptible"):
        jobs[name] = getattr(work, name)[rows]
    for name in ("cores", "gpus_milli"):  # what does not fit the column fits no partition either
        jobs[name] = np.minimum(getattr(work, name)[rows], 2**31 - 1)
    deadline_s, power_mw = work.deadline_s[rows], work.power_mw[rows]
    jobs.deadline_s = np.where(deadline_s >= NO_DEADLINE_S, NEVER_S, deadline_s)
    jobs.sensitivity = FULLY_SENSITIVE if work.sensitivity_milli is None else work.sensitivity_milli[rows]
    if any(penalty_u or value_ppm for _, penalty_u, value_ppm in case.options.unserved_prices):
        jobs.unserved_u = unserved_prices_u(work, case.options, rows)
    jobs.part = placements(work, case.cluster, rows)
    for index, part in enumerate(case.cluster.partitions):
        here = jobs.part == index
        modelled_mw = work.cores[rows] * part.core_mw + -(-work.gpus_milli[rows] * part.gpu_mw // 1000)
        jobs.power_mw[here] = np.where(power_mw >= 0, power_mw, modelled_mw)[here]
