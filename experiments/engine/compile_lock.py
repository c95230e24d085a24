"""Lets one process of a machine compile the rules, while the others wait for its result."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rare.state.compile import cache_folder, is_compiled

LOOK_EVERY_S = 0.25

_compiled: set[str] = set()


@contextmanager
def compiled_once(entry: str) -> Iterator[None]:
    """Run a block that calls the compiled function `entry`.

    If it is not compiled on this machine yet, the block of one process runs alone and compiles it; the others
    wait until the machine code is on disk, and load it. Without this each worker would compile all rules for
    itself, about a minute of a core.
    """
    if entry in _compiled or is_compiled(entry):
        _compiled.add(entry)
        yield
        return
    lock = _locked(entry)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _locked(entry: str) -> int | None:
    """The lock on the cache folder, held; None once the entry is compiled, or where there is no lock."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    with suppress(OSError):  # a file system without locks: every worker compiles for itself
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not is_compiled(entry):
                    time.sleep(LOOK_EVERY_S)
                    continue
            else:
                if not is_compiled(entry):
                    return lock
            break
    os.close(lock)
    return None
