"""`rare traces generate`: a synthetic workload by a published model, written to a file."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from experiments.data import ESTIMATES, MODELS
from experiments.runs.output_targets import check_target
from traces.errors import InputError, quoted
from traces.files.documents import user_path
from traces.jobs.job_files import write_workload
from traces.jobs.workload import Workload
from traces.synthetic import gpu_mix, lublin, with_chains, with_estimates


@dataclass(frozen=True, slots=True)
class WorkloadRequest:
    """Options of a synthetic workload.

    jobs, days     : number of jobs, or days of arrivals from local midnight; exactly one of them
    processors     : of the machine (lublin)
    gpus           : of the cluster (gpu)
    load           : work per capacity, such as 0.7; lublin without it has the published arrivals
    seed           : of all draws
    variant        : lublin: typeless (None), batch, interactive or both
    estimates      : 'exact' (the run times) or 'tsafrir' (round values as users give them)
    max_estimate_s : tsafrir: the machine's time limit in seconds
    chains         : share of the jobs that wait for the one before of their synthetic user; None: no users
    force          : replace a file that exists
    Details in `traces.synthetic`: `lublin`, `gpu_mix`, `with_estimates`, `with_chains`. InputError for
    impossible values.
    """

    jobs: int | None = None
    days: float | None = None
    processors: int | None = None
    gpus: int | None = None
    load: float | None = None
    seed: int = 0
    variant: str | None = None
    estimates: str = "exact"
    max_estimate_s: int | None = None
    chains: float | None = None
    force: bool = False

    def __post_init__(self) -> None:
        _one_of("estimates", self.estimates, ESTIMATES)


def generate_workload(
    model: str, out: str | os.PathLike[str], request: WorkloadRequest | None = None, **changes: Any
) -> Workload:
    """Generate a workload by 'lublin' or 'gpu', write it to `out` atomically, and return it.

    out: .csv, .csv.gz or .parquet. changes: fields of WorkloadRequest by name. InputError.
    """
    _one_of("model", model, MODELS)
    request = dataclasses.replace(request or WorkloadRequest(), **changes)
    check_target(out, (".csv", ".csv.gz", ".parquet"), request.force)
    limit_s = request.max_estimate_s
    if limit_s is not None and request.estimates != "tsafrir":
        raise InputError(f"max_estimate_s is {limit_s}: exact estimates have no maximum; use tsafrir")
    jobs = _lublin(request) if model == "lublin" else _gpu(request)
    if request.estimates == "tsafrir":
        jobs = with_estimates(jobs, seed=request.seed, max_estimate_s=limit_s)
    if request.chains is not None:
        jobs = with_chains(jobs, request.chains, request.seed)
    write_workload(jobs, str(user_path(os.fspath(out))))
    return jobs


def _lublin(request: WorkloadRequest) -> Workload:
    if request.processors is None or request.gpus is not None:
        raise InputError("the lublin model needs processors, and takes no gpus")
    return lublin(
        processors=request.processors,
        variant=request.variant or "typeless",
        load=request.load,
        seed=request.seed,
        jobs=request.jobs,
        days=request.days,
    )


def _gpu(request: WorkloadRequest) -> Workload:
    if request.gpus is None or request.load is None:
        raise InputError("the gpu model needs gpus and load: its trace is of one cluster of 6,212 GPUs")
    if request.processors is not None or request.variant is not None:
        raise InputError("the gpu model takes no processors and no variant: they follow from the gpus")
    return gpu_mix(
        gpus=request.gpus, load=request.load, seed=request.seed, jobs=request.jobs, days=request.days
    )


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"unknown {name} {quoted(value)}; known: {', '.join(choices)}")
