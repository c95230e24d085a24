"""Dask workers in Slurm jobs: started as a file says, replaced while work is left, and accounted for."""

from __future__ import annotations

import math
import secrets
import shutil
import time
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from experiments.engine.slurm import slurm_queue
from experiments.engine.slurm.slurm_file import SlurmFile, read_slurm_file
from experiments.process.interrupts import cleaned
from traces.errors import InputError
from traces.files.text import place

LOOK_EVERY_S = 10.0
"""How often squeue is asked: administrators ask not to be asked more often."""
LONGEST_WAIT_S = 600.0
MOST_USELESS = 3
"""So many jobs in a row that end before their workers reach the scheduler, and none alive: it will not do."""
REASON_WITHIN_S = 15.0
LOGS = "slurm-logs"


def slurm_cluster(path: Path, folder: Path, *, insecure: bool = False) -> SlurmWorkers:
    """Workers in Slurm jobs, as the file at `path` says.

    folder   : where job logs go, in `slurm-logs`; all nodes must see it
    insecure : no TLS, as if the file said so
    InputError for a wrong file, missing programs, and jobs that sbatch would not take.
    """
    content = read_slurm_file(path)
    slurm_queue.need_commands()
    logs = folder.resolve() / LOGS
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{place(logs)}: cannot be made ({error.strerror}); choose another folder"
        ) from error
    return SlurmWorkers(path, content, logs, _security(path, content, insecure))


class SlurmWorkers:
    """Slurm jobs whose worker processes belong to a Dask scheduler in this process."""

    def __init__(self, path: Path, content: SlurmFile, logs: Path, security: Any) -> None:
        from experiments.engine.slurm.slurm_jobs import JobRecord, start_cluster, with_key_files

        self._path, self._content, self._logs = path, content, logs
        self.name = f"rare-{secrets.token_hex(4)}"
        self._private = logs / f".{self.name}"
        self._record = JobRecord()
        self._ends: dict[str, slurm_queue.JobEnd] = {}
        self._useless, self._last_useless = 0, ""
        self._next_look_s = 0.0
        self._cluster: Any = None
        self._cleaned = cleaned(self._cancel)
        self._cleaned.__enter__()
        try:
            self._private.mkdir(mode=0o700)
            self.security = security and with_key_files(security, self._private)
            self._cluster = start_cluster(content, self.name, logs, self.security, self._record)
            reason = slurm_queue.rejection(self._cluster.job_script())
            if reason:
                raise InputError(f"sbatch would not take a job of it: {reason}", where=place(path))
            self._cluster.scale(jobs=content.workers)
        except BaseException:
            self.close()
            raise
        self.scheduler_address: str = self._cluster.scheduler_address

    def keep_up(self, cells_left: int) -> None:
        """Submit jobs in place of those that have ended, and end those for which no work is left.

        cells_left: cells that have not ended. InputError if no job can do any work.
        """
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_EVERY_S
        live = slurm_queue.live_jobs(self.name)
        if live is None:
            return
        ended = [key for key, job in self._present().items() if job not in live]
        refused = [key for key in self._cluster.workers if key in self._record.refused]
        for key in ended:
            self._look_at(key)
        for key in refused:
            self._useless += 1
            self._last_useless = f"sbatch refused it: {self._record.refused[key]}"
        if self._useless >= MOST_USELESS and not live:
            raise InputError(
                f"{self._useless} Slurm jobs in a row ended before a worker of theirs reached this command; "
                f"the last one: {self._last_useless}",
                where=place(self._path),
            )
        if self._useless:
            self._next_look_s = now_s + min(LONGEST_WAIT_S, LOOK_EVERY_S * 2**self._useless)
        self._cluster.forget([*ended, *refused])
        wanted = min(self._content.workers, math.ceil(cells_left / self._content.cores))
        surplus = len(self._cluster.worker_spec) - wanted
        if surplus > 0:
            waiting = {key for key, job in self._present().items() if live.get(job) == "PENDING"}
            self._cluster.release(surplus, waiting)
        self._cluster.scale(jobs=max(wanted, len(self._cluster.worker_spec)))

    def reason(self, pid: int, worker: str) -> str:
        """Why a worker died, by its process and Dask's name for it; empty if nobody knows.

        Slurm ends a job some seconds after its processes: it is waited for that long.
        """
        job_id = self._record.ids.get(slurm_queue.job_key(worker))
        if job_id is None:
            return ""
        log = self._log(job_id)
        until_s = time.monotonic() + REASON_WITHIN_S
        while True:
            if job_id in self._ends:
                return str(self._ends[job_id])
            end = slurm_queue.end_in_log(log, job_id) or slurm_queue.job_end(job_id)
            if end is not None:
                self._ends[job_id] = end
                continue
            death = slurm_queue.death_in_log(log, pid)
            if death or time.monotonic() > until_s:
                return f"Slurm job {job_id}: {death or 'goes on'}"
            time.sleep(0.5)

    def close(self) -> None:
        """End all jobs and the scheduler."""
        if self._cluster is not None:
            with suppress(Exception):  # what is left of Dask's own state is of no use
                self._cluster.close(timeout=10)
        self._cancel()
        shutil.rmtree(self._private, ignore_errors=True)
        self._cleaned.__exit__(None, None, None)

    def _present(self) -> dict[str, str]:
        """Slurm's number by key of the jobs that are on Dask's list."""
        return {key: self._record.ids[key] for key in list(self._cluster.workers) if key in self._record.ids}

    def _look_at(self, key: str) -> None:
        """Note how a job ended, and whether it was of any use."""
        job_id = self._record.ids[key]
        end = slurm_queue.job_end(job_id)
        if end is not None:
            self._ends[job_id] = end
        if any(slurm_queue.job_key(name) == key for name in self._record.reached):
            self._useless = 0
            return
        self._useless += 1
        log = self._log(job_id)
        line = slurm_queue.last_line(log)
        self._last_useless = f"{end or f'Slurm job {job_id}'}; {place(log)}: {line or 'is empty'}"

    def _log(self, job_id: str) -> Path:
        return self._logs / f"{job_id}.log"

    def _cancel(self) -> None:
        slurm_queue.cancel_jobs(self.name)


def _security(path: Path, content: SlurmFile, insecure: bool) -> Any:
    """TLS for scheduler and workers with keys made now; None where it is not wanted or of no use."""
    try:
        import dask_jobqueue  # noqa: F401
        from distributed.security import Security
        from distributed.utils import get_ip_interface
    except ImportError as error:
        raise InputError(
            f"--dask-slurm: needs dask-jobqueue ({error.name} is missing); pip install "
            "'rare-datacenter[cluster]'"
        ) from None
    if content.interface is not None:
        try:
            address = get_ip_interface(content.interface)
        except ValueError as error:
            raise InputError(f"interface {' '.join(str(error).split())}", where=place(path)) from None
        if ip_address(address).is_loopback:
            return None
    if insecure or content.insecure:
        return None
    try:
        return Security.temporary()
    except ImportError:
        raise InputError(
            "--dask-slurm: TLS needs cryptography; pip install 'rare-datacenter[cluster]'",
        ) from None
