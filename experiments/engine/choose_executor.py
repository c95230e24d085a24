"""Which executor does what the user wants, and what has to be installed for it."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from experiments.engine.executor import Executor, InProcess
from experiments.engine.where import Where
from experiments.process.progress import ProgressDisplay
from traces.errors import InputError

EXTRA = "cluster"


def executor_of(where: Where, cells: int, display: ProgressDisplay, folder: Path) -> Executor:
    """The executor for so many cells. folder: for logs of workers that a batch system starts.

    InputError if Dask is missing where it was asked for.
    """
    if where.is_remote:
        need_dask("--dask" if where.dask is not None else "--dask-slurm")
        from experiments.engine.dask_workers.dask_executor import remote_executor

        return remote_executor(where, display, folder)
    wanted = min(where.workers or available_cores(), cells)
    if wanted <= 1:
        return InProcess()
    if where.workers is None and not has_dask():
        display.note(
            f"one process works; several do with Dask: pip install 'rare-datacenter[{EXTRA}]' "
            "(--workers 1 says nothing)"
        )
        return InProcess()
    need_dask(f"--workers {where.workers}")
    from experiments.engine.dask_workers.dask_executor import local_executor

    return local_executor(wanted)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_dask() -> bool:
    """Whether Dask is installed."""
    return importlib.util.find_spec("distributed") is not None


def need_dask(option: str) -> None:
    """InputError if Dask is not installed."""
    if not has_dask():
        raise InputError(f"{option}: needs Dask; pip install 'rare-datacenter[{EXTRA}]', or give --workers 1")
