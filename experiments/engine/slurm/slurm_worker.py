"""Retires a worker of a Slurm job before its walltime ends. Dask calls `dask_setup` in the worker.

Dask's own `--lifetime` would give a cell that is under way to another worker, although there is time to end it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from experiments.engine.bundle import ENDS_AT

LOOK_EVERY_S = 1.0


def dask_setup(worker: Any) -> None:
    """Let the worker leave at the time of RARE_WORKER_ENDS_AT, as soon as it runs nothing."""
    sys.stdout = sys.stderr
    ends_at = float(os.environ.get(ENDS_AT, "inf"))
    if ends_at < float("inf"):
        worker.loop.call_later(max(0.0, ends_at - time.time()), _retire, worker)


def _retire(worker: Any) -> None:
    if worker.state.executing_count:
        worker.loop.call_later(LOOK_EVERY_S, _retire, worker)
    else:
        worker.loop.add_callback(worker.close_gracefully, restart=False, reason="its walltime ends")
