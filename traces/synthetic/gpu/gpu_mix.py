"""Workloads of a GPU cluster, fitted to the Alibaba GPU trace of 2023.

The fit, its source and what it leaves out: `traces.synthetic.gpu.fit_gpu` and docs/reference/synthetic-models.md.
A job belongs to a class by its GPUs (none, a fraction, 1, 2, 4, 8); CPU and memory come together from the
requests that occur in that class, the run time from the class's quantiles, independently of them.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from traces.errors import InputError
from traces.jobs.workload import Workload
from traces.synthetic import generator_arguments
from traces.synthetic.daily_cycle import DailyCycle, jobs_within, span_for_load, stretched
from traces.synthetic.generated_columns import as_workload
from traces.synthetic.gpu import quantiles
from traces.synthetic.gpu.gpu_parameters import GpuParameters, NodeLayout, gpu_parameters, node_layout
from traces.synthetic.random_streams import stream

_MODEL = 3
_CLASS, _REQUEST, _WORK, _GAP = range(4)


def gpu_mix(
    jobs: int | None = None,
    days: float | None = None,
    *,
    gpus: int,
    load: float,
    seed: int = 0,
    origin_utc: datetime | None = None,
    zone: str | None = None,
) -> Workload:
    """A workload of so many jobs, or of so many days from local midnight, for a cluster of `gpus` GPUs.

    load : sum(GPUs x run time) / (gpus x last arrival), reached exactly but for whole seconds by
           stretching the gaps between arrivals; jobs without GPUs do not count in it
    origin_utc, zone : calendar of time 0, which must be local midnight; none by default

    Jobs larger than the cluster are not drawn; cores and memory never exceed `node_layout(gpus)` together.
    The first n jobs keep their requests and run times when more are asked for. Estimates are the run times.
    InputError: an argument out of range.
    """
    jobs, days = generator_arguments.checked_length(jobs, days)
    nodes, load = node_layout(gpus), generator_arguments.checked_load(load)
    seed = generator_arguments.checked_seed(seed)
    generator_arguments.check_calendar(origin_utc, zone)
    count = _jobs_for(gpus, load, days or 0.0, nodes, seed) if jobs is None else jobs
    columns = _draft(count, gpus, nodes, seed)
    gpu_s = columns["gpus_milli"] * columns["work_s"] / 1000
    if not gpu_s.any():
        raise InputError(
            f"none of the {count} jobs asks for a GPU, so that no load can be made", remedy="ask for more"
        )
    parameters = gpu_parameters()
    submit_s = stretched(
        [DailyCycle(parameters.hour_weights)],
        np.zeros(count, dtype=np.int64),
        np.cumsum(_gaps(parameters, count, seed)),
        span_for_load(gpu_s, gpus, load),
    )
    name, cores = f"gpu-mix-{gpus}-seed{seed}", nodes.count * nodes.cores
    return as_workload(name, submit_s, **columns, processors=cores, origin_utc=origin_utc, zone=zone)


def _jobs_for(gpus: int, load: float, days: float, nodes: NodeLayout, seed: int) -> int:
    """How many jobs make this load for these days."""
    count = 1000
    while count < generator_arguments.MOST_JOBS:
        count = min(2 * count, generator_arguments.MOST_JOBS)
        draft = _draft(count, gpus, nodes, seed)
        fit = jobs_within(draft["gpus_milli"] * draft["work_s"] / 1000, gpus, load, days)
        if 0 < fit < count:
            return fit
        if fit == 0:
            raise InputError(
                f"days is {days:g}: not even the first job fits this load", remedy="give more days, or jobs"
            )
    raise InputError(
        f"days is {days:g}: more than {generator_arguments.MOST_JOBS} jobs", remedy="give fewer days, or jobs"
    )


def _draft(count: int, gpus: int, nodes: NodeLayout, seed: int) -> dict[str, np.ndarray]:
    """Requests and run times of the first `count` jobs, as columns of a workload."""
    classes = [
        request_class for request_class in gpu_parameters().classes.values() if request_class.gpus <= gpus
    ]
    shares = np.cumsum([request_class.share for request_class in classes])
    kind = np.searchsorted(shares / shares[-1], stream(seed, _MODEL, _CLASS).random(count), side="right")
    request_draws = stream(seed, _MODEL, _REQUEST).random(count)
    place = stream(seed, _MODEL, _WORK).random(count)
    columns = np.empty((4, count), dtype=np.int64)
    for number, request_class in enumerate(classes):
        rows = kind == number
        weights = np.cumsum(request_class.requests[:, 3])
        request = request_class.requests[
            np.searchsorted(weights / weights[-1], request_draws[rows], side="right")
        ]
        columns[0, rows] = request_class.gpus * request[:, 0]
        columns[1, rows] = -(-request[:, 1] // 1000)  # whole cores, rounded up, as in the trace's mapping
        columns[2, rows] = request[:, 2]
        columns[3, rows] = np.rint(quantiles.draw(*request_class.run_time, place[rows]))
    cores = np.minimum(columns[1], nodes.count * nodes.cores)
    memory_mib = np.minimum(columns[2], nodes.count * nodes.memory_gib * 1024)
    return {"gpus_milli": columns[0], "cores": cores, "memory_mib": memory_mib, "work_s": columns[3]}


def _gaps(parameters: GpuParameters, count: int, seed: int) -> np.ndarray:
    """(jobs,) gaps on the busy clock, mean 1."""
    return quantiles.draw(*parameters.gap, stream(seed, _MODEL, _GAP).random(count))
