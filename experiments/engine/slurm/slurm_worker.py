"""Lets a worker of a Slurm job leave before its walltime ends. Dask calls `dask_setup` in the worker."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from experiments.engine.bundle import ENDS_AT
from experiments.engine.leaving import leave


def dask_setup(worker: Any) -> None:
    """Let the worker leave at the time of RARE_WORKER_ENDS_AT."""
    sys.stdout = sys.stderr  # one log
    ends_at = float(os.environ.get(ENDS_AT, "inf"))
    if ends_at < float("inf"):
        worker.loop.call_later(max(0.0, ends_at - time.time()), leave, worker)
