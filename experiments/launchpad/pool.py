"""Worker processes that do stages; they end with their parent, however that ends."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from traces.errors import InputError

Work = Callable[[Any], Any]
LOOK_EVERY_S = 0.5


class Failed(Exception):
    """What a task says that cannot be done: one line for the user."""


class Pool:
    """`count` processes, each with one task at a time. Leaving the block ends them at once."""

    def __init__(self, work: Work, count: int) -> None:
        context = get_context("spawn")  # a fork would share locks with threads of numba and torch
        self._free: list[Connection] = []
        self._busy: dict[Connection, Any] = {}
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(work, theirs, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._free.append(ours)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()

    @property
    def is_free(self) -> bool:
        """Whether a process waits for a task."""
        return bool(self._free)

    @property
    def is_busy(self) -> bool:
        """Whether a task is being done."""
        return bool(self._busy)

    def begin(self, name: Any, task: Any) -> None:
        """Hand a task to a process that is free."""
        connection = self._free.pop()
        connection.send(task)
        self._busy[connection] = name

    def ended(self) -> Iterator[tuple[Any, Any]]:
        """Wait until something has ended: (name, result or Failed). RuntimeError for our own bugs."""
        for ready in wait(list(self._busy)):
            assert isinstance(ready, Connection)
            name = self._busy.pop(ready)
            try:
                what, value = ready.recv()
            except EOFError:
                raise InputError(
                    f"{name}: its process was killed, perhaps for memory; the same command goes on, with "
                    "fewer --workers if need be"
                ) from None
            self._free.append(ready)
            if what == "bug":
                raise RuntimeError(f"{name}: {value}")
            yield name, Failed(value) if what == "failed" else value


def _serve(work: Work, connection: Connection, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(attempt(work, task))


def attempt(work: Work, task: Any) -> tuple[str, Any]:
    """("done", result), ("failed", one line) or ("bug", the traceback)."""
    try:
        return "done", work(task)
    except InputError as error:
        return "failed", str(error)
    except Exception:  # the outermost frame of a process: told to the parent, which raises it
        return "bug", traceback.format_exc()


def _end_with(parent: int) -> None:
    """A stage may take an hour; one that nobody waits for would write into folders that a new run owns."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    os._exit(1)
