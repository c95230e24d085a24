"""dask-jobqueue's Slurm cluster with unique names, failures that are told, and no open web server."""

from __future__ import annotations

import copy
import itertools
import logging
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dask_jobqueue import SLURMCluster
from dask_jobqueue.slurm import SLURMJob
from distributed import Status
from distributed.diagnostics.plugin import SchedulerPlugin

from experiments.engine.bundle import ENDS_AT
from experiments.engine.slurm.slurm_file import SlurmFile
from experiments.engine.slurm.slurm_queue import job_key, sbatch_error

DEATH_TIMEOUT_S = 60
"""A worker that finds no scheduler ends after this time: so does a job that starts after its command."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
#: The web server of scheduler and workers, which Dask always starts and which asks nobody for a password.
WEB = "127.0.0.1:0"
_TLS_FILES = {"ca_file": "tls_ca_file", "cert": "tls_worker_cert", "key": "tls_worker_key"}


@dataclass(slots=True)
class JobRecord:
    """What happened to the jobs of a cluster.

    ids     : Slurm's number by the job's key
    refused : keys of jobs that sbatch did not take, and why
    reached : names of the workers that have reached the scheduler
    """

    ids: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)


class WorkerJob(SLURMJob):
    """A Slurm job of some worker processes with one thread each.

    Workers are named by the job's key and a number, even if there is one: then Dask does not start jobs anew
    itself when a worker is lost, and only what Slurm says about the job counts.
    """

    def __init__(
        self, scheduler: Any = None, name: str = "", record: JobRecord | None = None, **options: Any
    ) -> None:
        self.key, self.record = name, record or JobRecord()
        several = options["processes"] > 1  # Dask numbers them itself then
        options["security"] = _with_quoted_files(options.get("security"))
        super().__init__(scheduler=scheduler, name=name if several else f"{name}-0", **options)

    @property
    def worker_process_memory(self) -> str:
        """No limit of Dask's, which would stop a worker for good that comes near it: Slurm has one."""
        return "0"

    async def start(self) -> None:
        """Submit the job. A refusal of sbatch is recorded: raised in this thread, nobody would hear of it."""
        try:
            await super().start()
        except (RuntimeError, ValueError, OSError) as error:
            self.record.refused[self.key] = sbatch_error(str(error))
            self.status = Status.running
        else:
            self.record.ids[self.key] = str(self.job_id)

    async def close(self) -> None:
        """Cancel the job."""
        await super().close()
        self.status = Status.closed


def with_key_files(security: Any, folder: Path) -> Any:
    """The same TLS, with what workers need of it in files of `folder`, which only its owner may read."""
    filed = copy.copy(security)
    for role_name, name in _TLS_FILES.items():
        file = folder / f"{role_name}.pem"
        file.touch(mode=0o600)
        file.write_text(security.get_tls_config_for_role("worker")[role_name], encoding="ascii")
        setattr(filed, name, str(file))
    return filed


def _with_quoted_files(security: Any) -> Any:
    """TLS files as words of the shell: dask-jobqueue puts them into the job script as they are."""
    if security is None:
        return None
    quoted = copy.copy(security)
    for name in _TLS_FILES.values():
        setattr(quoted, name, shlex.quote(getattr(quoted, name)))
    return quoted


class WorkerCluster(SLURMCluster):
    """A scheduler in this process, and jobs whose names are never used twice."""

    job_cls: type[SLURMJob] = WorkerJob
    scheduler: Any

    def __init__(self, **options: Any) -> None:
        self._numbers = itertools.count()
        super().__init__(**options)

    def _new_worker_name(self, worker_number: int) -> str:
        return f"{self._name}-{next(self._numbers)}"

    def forget(self, keys: list[str]) -> None:
        """Strike jobs that have ended off the list, so that `scale` submits others in their place."""
        self.sync(self._forget, keys)

    def release(self, count: int, waiting: set[str]) -> None:
        """End up to `count` jobs that wait in Slurm's queue, or whose workers have nothing to do.

        waiting: keys of jobs that wait.
        """
        self.sync(self._release, count, waiting)

    async def _release(self, count: int, waiting: set[str]) -> None:
        workers: dict[str, list[Any]] = {}
        for state in self.scheduler.workers.values():
            workers.setdefault(job_key(str(state.name)), []).append(state)
        idle = [key for key, states in workers.items() if not any(state.processing for state in states)]
        for key in [key for key in (*waiting, *idle) if key in self.worker_spec][:count]:
            names = [state.name for state in workers.get(key, [])]
            await self.scheduler.retire_workers(names=names, close_workers=True)
            self.worker_spec.pop(key, None)  # `scale` cancels jobs that are not on this list

    async def _forget(self, keys: list[str]) -> None:
        for key in keys:
            self.worker_spec.pop(key, None)
            job = self.workers.pop(key, None)
            if job is not None:
                job.status = Status.closed


class Arrivals(SchedulerPlugin):
    """Notes the workers that reach the scheduler."""

    def __init__(self, record: JobRecord) -> None:
        self._record = record

    def add_worker(self, scheduler: Any, worker: str) -> None:
        """A worker is there; worker: its address."""
        self._record.reached.add(str(scheduler.workers[worker].name))


def start_cluster(
    content: SlurmFile, name: str, logs: Path, security: Any, record: JobRecord
) -> WorkerCluster:
    """The scheduler, and no jobs yet. logs: folder that all nodes see; security: with key files, or None."""
    cluster = WorkerCluster(
        name=name,
        job_name=name,
        record=record,
        queue=content.partition,
        account=content.account,
        cores=content.cores,
        processes=content.cores,
        memory=content.memory_text,
        walltime=content.walltime,
        interface=content.interface,
        python=content.python_command,
        death_timeout=DEATH_TIMEOUT_S,
        security=security,
        job_script_prologue=prologue(content),
        job_directives_skip=["#SBATCH -o", "#SBATCH -e"],
        job_extra_directives=[
            f'-o "{str(logs).replace("%", "%%")}/%j.log"',
            "--open-mode=append",
            "--no-requeue",  # one that ends with its node is replaced by one with a name of its own
            *content.job_extra_directives,
        ],
        worker_extra_args=[
            *("--no-dashboard", "--dashboard-address", WEB),
            *("--preload", "experiments.engine.slurm.leaving"),
        ],
        scheduler_options={
            "dashboard": False,
            "dashboard_address": WEB,
            "worker_ttl": "365 days",  # compiled code gives no sign of life; Slurm knows if the node is gone
        },
        silence_logs=logging.CRITICAL,
    )
    cluster.scheduler.add_plugin(Arrivals(record))
    return cluster


def prologue(content: SlurmFile) -> list[str]:
    """The lines of the job script before the worker: when it ends, the user's lines, one thread."""
    end = f"${{SLURM_JOB_END_TIME:-$(( $(date +%s) + {content.walltime_s} ))}}"  # Slurm sets it since 23.02
    return [
        f"export {ENDS_AT}=$(( {end} - {round(content.spare_s)} ))",
        *content.prologue,
        *(f"export {name}=1" for name in THREADS),
        "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False",  # a megabyte of call stacks a minute
    ]
