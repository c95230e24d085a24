"""Worker processes on this machine, started by Dask; they end with their parent, however that ends."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from multiprocessing import resource_tracker

import dask
from distributed import LocalCluster

from experiments.process.interrupts import cleaned

HOST = "127.0.0.1"
"""Never another interface: whoever reaches a Dask worker can run code in it."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
CONFIG = {
    "distributed.worker.daemon": True,
    "distributed.worker.multiprocessing-method": "spawn",  # a fork would share locks of numba and torch
    "distributed.nanny.pre-spawn-environ": {**dict.fromkeys(THREADS, "1"), "MALLOC_TRIM_THRESHOLD_": "65536"},
    "distributed.nanny.environ": dict.fromkeys(THREADS, "1"),
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.profile.enabled": False,  # it would keep a megabyte of call stacks for every minute
    "distributed.diagnostics.nvml": False,
    "distributed.scheduler.worker-ttl": "365 days",  # compiled code may give no sign of life for long
}
REASON_WITHIN_S = 1.0
_KILLED = re.compile(r"Worker process (\d+) (was killed by signal (\d+)|exited with status (\d+))")


class LocalWorkers:
    """`count` worker processes with one thread each. `close` ends them."""

    security = None

    def __init__(self, count: int) -> None:
        self._deaths = _Deaths()
        self._folder = tempfile.mkdtemp(prefix="rare-workers-")
        self._cluster: LocalCluster | None = None
        self._cleaned = cleaned(self._end)
        self._cleaned.__enter__()
        try:
            self._cluster = self._started(count)
        except BaseException:
            self.close()
            raise
        self.scheduler_address: str = str(self._cluster.scheduler_address)

    def _started(self, count: int) -> LocalCluster:
        resource_tracker.ensure_running()  # it unblocks SIGINT when it starts
        # A terminal sends SIGINT to the workers too, which this process ends: they inherit the block.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with dask.config.set(CONFIG):
                return LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    processes=True,
                    host=HOST,
                    dashboard_address=f"{HOST}:0",
                    worker_dashboard_address=None,
                    memory_limit=0,  # a limit would end or pause workers that the machine has room for
                    local_directory=self._folder,
                    preload=["experiments.engine.dask_workers.worker_process"],
                    silence_logs=logging.CRITICAL,
                )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def keep_up(self, cells_left: int) -> None:
        """Nothing: each worker has a nanny, which starts it again."""

    def reason(self, pid: int, worker: str) -> str:
        """How the process of a worker ended."""
        return self._deaths.of(pid)

    def close(self) -> None:
        """End the workers; quickly, for none of them holds a result."""
        if self._cluster is not None:
            self._kill()
            with suppress(Exception):  # what is left of Dask's own state is of no use
                self._cluster.close(timeout=3)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._deaths.remove()
        self._cleaned.__exit__(None, None, None)

    def _end(self) -> None:
        """For a process that ends at once."""
        self._kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kill(self) -> None:
        workers = getattr(self._cluster, "workers", {})
        for nanny in list(workers.values()):
            process = getattr(nanny, "process", None)
            pid = getattr(process, "pid", None)
            if pid:
                nanny.auto_restart = False
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


class _Deaths(logging.Handler):
    """Reads Dask's log for how worker processes end, and keeps the rest of it off the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._reasons: dict[int, str] = {}
        self._loggers = [
            logging.getLogger(name) for name in ("distributed", "tornado.application", "asyncio")
        ]
        self._before = [(logger.handlers[:], logger.propagate, logger.level) for logger in self._loggers]
        for logger in self._loggers:
            logger.handlers, logger.propagate = [self], False
        self._loggers[0].setLevel(logging.INFO)
        for name in ("distributed.nanny", "distributed.scheduler", "distributed.worker", "distributed.core"):
            logging.getLogger(name).setLevel(logging.NOTSET)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is said about a process that ended."""
        if record.name == "distributed.nanny" and (match := _KILLED.search(record.getMessage())):
            self._reasons[int(match[1])] = _reason(match)

    def of(self, pid: int) -> str:
        """How this process ended; empty if that is not said within a second."""
        until_s = time.monotonic() + REASON_WITHIN_S
        while pid not in self._reasons and time.monotonic() < until_s:
            time.sleep(0.02)
        return self._reasons.pop(pid, "")

    def remove(self) -> None:
        """Put the loggers back as they were."""
        for logger, (handlers, propagate, level) in zip(self._loggers, self._before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


def _reason(match: re.Match[str]) -> str:
    if match[3] is None:
        return f"exited with status {match[4]}"
    number = int(match[3])
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"killed by {name}{', perhaps because memory ran out' if number == signal.SIGKILL else ''}"
