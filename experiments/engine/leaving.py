"""How a Dask worker leaves before it is ended from outside: idle, and with its last report fetched.

Dask's own `--lifetime` gives a cell that is under way to another worker, although there is time to end it, and
drops a report that nobody has fetched yet if no other worker is there to keep it.
"""

from __future__ import annotations

import time
from typing import Any

from distributed import Status

LOOK_EVERY_S = 0.5
PATIENCE_S = 60.0
"""So long an idle worker waits for its reports to be fetched."""


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
