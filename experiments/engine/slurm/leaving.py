"""How a Dask worker leaves before it is ended from outside: idle, and with its last report fetched.

`--preload experiments.engine.slurm.leaving` lets a worker leave at the time of RARE_WORKER_ENDS_AT, whatever
started it. Dask's own `--lifetime` gives a cell that is under way to another worker, although there is time
to end it, and drops a report that nobody has fetched yet if no other worker is there to keep it.
"""

from __future__ import annotations

import os
import time
from typing import Any

from distributed import Status

from experiments.engine.bundle import ENDS_AT

LOOK_EVERY_S = 0.5
PATIENCE_S = 60.0
"""So long an idle worker waits for its reports to be fetched."""


def dask_setup(worker: Any) -> None:
    """Let the worker leave at the time of RARE_WORKER_ENDS_AT. Dask calls this when a worker starts."""
    ends_at = float(os.environ.get(ENDS_AT, "inf"))
    if ends_at < float("inf"):
        worker.loop.call_later(max(0.0, ends_at - time.time()), leave, worker)


def leave(worker: Any) -> None:
    """Let a worker take no more work, and leave when it is idle. May be called from any thread of it."""
    worker.loop.add_callback(_leave, worker, time.monotonic() + PATIENCE_S)


def _leave(worker: Any, until_s: float) -> None:
    if worker.status == Status.running:
        worker.status = Status.paused
    if worker.state.executing_count or (worker.data and time.monotonic() < until_s):
        worker.loop.call_later(LOOK_EVERY_S, _leave, worker, until_s)
    else:
        worker.loop.add_callback(worker.close_gracefully, restart=False)
