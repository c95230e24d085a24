"""Settles a local worker process before its first cell. Dask calls `dask_setup` in its main thread."""

from __future__ import annotations

import signal
import sys
from typing import Any


def dask_setup(worker: Any) -> None:
    """The parent ends this process, not a terminal's Ctrl-C; and stdout is the command's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout = sys.stderr
