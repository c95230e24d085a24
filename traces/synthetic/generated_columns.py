"""Columns of generated jobs as a Workload."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from traces.jobs.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload
from traces.read_report import ReadReport


def as_workload(
    name: str,
    submit_s: np.ndarray,
    cores: np.ndarray,
    work_s: np.ndarray,
    *,
    gpus_milli: np.ndarray | None = None,
    memory_mib: np.ndarray | None = None,
    processors: int,
    origin_utc: datetime | None = None,
    zone: str | None = None,
) -> Workload:
    """Jobs in submit order, ids from 1, without power, value and deadline; estimates are run times."""
    count = len(submit_s)
    order = np.argsort(submit_s, kind="stable")
    none = np.zeros(count, dtype=np.int64)
    work_s = work_s[order]
    return Workload(
        name=name,
        job_id=np.arange(1, count + 1),
        submit_s=submit_s[order],
        cores=cores[order],
        gpus_milli=none if gpus_milli is None else gpus_milli[order],
        memory_mib=none if memory_mib is None else memory_mib[order],
        work_s=work_s,
        estimate_s=work_s,
        power_mw=np.full(count, NO_POWER),
        value_u=np.full(count, NO_VALUE),
        deadline_s=np.full(count, NO_DEADLINE_S),
        preemptible=np.ones(count, dtype=np.bool_),
        origin_utc=origin_utc,
        zone=zone,
        processors=processors,
        estimates="run_time",
        report=ReadReport(records=count),
    )
