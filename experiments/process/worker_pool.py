"""Worker processes, each with one task at a time; they end with their parent, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from experiments.process.interrupts import cleaned
from traces.errors import InputError

Work = Callable[[Any], Any]
LOOK_EVERY_S = 0.5
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


class Failed(Exception):
    """What a task says that cannot be done: one line for the user."""


class Pool:
    """`count` processes, each with one task at a time. Leaving the block ends them at once."""

    def __init__(self, work: Work, count: int) -> None:
        self._free: list[Connection] = []
        self._busy: dict[Connection, Any] = {}
        self._processes: list[Any] = []
        self._cleaned = cleaned(self._end)
        self._cleaned.__enter__()
        try:
            self._start(work, count)
        except BaseException:
            self.__exit__()
            raise

    def _start(self, work: Work, count: int) -> None:
        context = get_context("spawn")  # a fork would share locks with threads of numba and torch
        resource_tracker.ensure_running()  # it unblocks SIGINT when it starts
        # A terminal sends SIGINT to the workers too, even before they can ignore it: they inherit the block.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
                process.start()
                theirs.close()
                self._processes.append(process)
                self._free.append(ours)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for connection in self._free:
            _send(connection, work, "a worker")

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._cleaned.__exit__(None, None, None)

    def _end(self) -> None:
        for process in self._processes:
            process.kill()
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
        """Hand a task to a process that is free. InputError if that process was killed."""
        connection = self._free.pop()
        _send(connection, task, name)
        self._busy[connection] = name

    def ended(self) -> Iterator[tuple[Any, Any]]:
        """Wait until something has ended: (name, result or Failed). RuntimeError for our own bugs."""
        for ready in wait(list(self._busy)):
            assert isinstance(ready, Connection)
            name = self._busy.pop(ready)
            try:
                what, value = ready.recv()
            except (EOFError, ConnectionResetError):
                raise _killed(name) from None
            self._free.append(ready)
            if what == "bug":
                raise RuntimeError(f"{name}: {value}")
            yield name, Failed(value) if what == "failed" else value


def map_tasks(
    work: Work, tasks: Sequence[Any], workers: int, report: Callable[[int, Any], None] | None = None
) -> list[Any]:
    """What each task gives, in the order of the tasks; several at once if there is more than one worker.

    report: called with the number of tasks done and the one that has just ended. InputError for the first
    task that cannot be done.
    """
    results: dict[int, Any] = {}

    def keep(place: int, result: Any) -> None:
        if isinstance(result, Failed):
            raise InputError(str(result))
        results[place] = result
        if report is not None:
            report(len(results), tasks[place])

    waiting = list(enumerate(tasks))
    if min(workers, len(tasks)) <= 1:
        for place, task in waiting:
            keep(place, work(task))
        return [results[place] for place in range(len(tasks))]
    with Pool(work, min(workers, len(tasks))) as pool:
        while waiting or pool.is_busy:
            while waiting and pool.is_free:
                pool.begin(*waiting.pop(0))
            for place, result in pool.ended():
                keep(place, result)
    return [results[place] for place in range(len(tasks))]


def _send(connection: Connection, what: Any, name: Any) -> None:
    try:
        connection.send(what)
    except (BrokenPipeError, ConnectionResetError):
        raise _killed(name) from None


def _killed(name: Any) -> InputError:
    return InputError(
        f"{name}: its process was killed, perhaps for memory; the same command goes on, with fewer --workers "
        "if need be"
    )


def _serve(connection: Connection, parent: int) -> None:
    """Take tasks until the parent is gone. The work comes first, for to unpickle it imports a lot."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with(parent)
    sys.stdout = sys.stderr  # stdout is the command's: with --json one object
    try:
        work = connection.recv()
        while True:
            task = connection.recv()
            connection.send(attempt(work, task))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def attempt(work: Work, task: Any) -> tuple[str, Any]:
    """("done", result), ("failed", one line) or ("bug", the traceback)."""
    try:
        return "done", work(task)
    except InputError as error:
        return "failed", str(error)
    except Exception:  # the outermost frame of a process: told to the parent, which raises it
        return "bug", traceback.format_exc()


def _end_with(parent: int) -> None:
    """A task may take an hour; one that nobody waits for would write into folders that a new run owns.

    Linux kills this process with its parent; elsewhere a thread looks for the parent now and then.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that
        os._exit(1)
    threading.Thread(target=_look_for, args=(parent,), daemon=True).start()


def _look_for(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    os._exit(1)
