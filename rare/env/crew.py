"""Threads that share the steps of a batch: helpers that sleep until there is something to do.

A step is cut into small chunks, and whoever is awake takes the next one. So nobody waits for a thread that
the system has put aside before it took a chunk. One that was put aside with a chunk in its hands has to be
waited for; after such a wait the caller works alone for a while, so that the waits stay a small share.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Any

import numpy as np

from rare.env.stepping import CREW, begin_chunks, chunks_held, step_chunks
from rare.state.arrays import CELL
from rare.state.memory import records, register, zeros

CHUNK = 8  # environments at most: a few microseconds of work
PATIENCE_S = 50e-6  # how long a wait may last that costs nothing to speak of
ALONE = 4  # after a longer wait: how many times its length the caller works alone
_COUNTERS = ("taken", "front", "behind", "done", "unusual")


class Crew:
    """`threads` - 1 helpers of a batch. One step at a time."""

    def __init__(self, threads: int, environments: int) -> None:
        self._crew: Any = records((1,), CREW)
        # a cache line each, for several threads write them
        self._counters = {name: zeros((8,), CELL) for name in _COUNTERS}
        row = self._crew[0]
        chunk = environments if threads == 1 else max(min(CHUNK, environments // (4 * threads)), 1)
        row["environments"], row["chunk"] = environments, chunk
        row["chunks"] = -(-environments // chunk)
        for name, counter in self._counters.items():
            row[f"at_{name}"] = register(counter)
        self._address = register(self._crew)
        self._counters["taken"]["value"][0] = row["chunks"]  # nothing to take yet
        self._actions = records((environments,), CELL)
        self._at_actions = register(self._actions)
        self._alone_s = 0.0
        self._process, self._threads = os.getpid(), threads
        self._wakes = [threading.Lock() for _ in range(threads - 1)]  # a helper sleeps at its lock
        self._open = [True]
        kept = self._crew, self._counters, self._actions  # as long as a helper may read them
        for wake in self._wakes:
            wake.acquire()
            arguments = (self._address, wake, self._open, kept)
            threading.Thread(target=_help, args=arguments, daemon=True, name="rare-helper").start()
        self._end = weakref.finalize(self, _dismiss, self._wakes, self._open)

    def is_for(self, threads: int) -> bool:
        """Whether it has so many threads, in this process: they are not forked along."""
        return self._threads == threads and self._process == os.getpid()

    def step(self, places: int, actions: np.ndarray) -> int:
        """One step of all environments, at actions (E,); how many need something.

        Or, with nothing done at all, -1 - e where the action of environment e is refused.
        """
        began_s = time.perf_counter()
        self._actions["value"] = actions
        wrong = begin_chunks(self._address, places, self._at_actions)
        if wrong < 0:
            return int(wrong)
        if self._alone_s <= 0.0:
            _wake(self._wakes)
        step_chunks(self._address, False)
        if self._threads > 1:
            self._balance(began_s)
        return int(self._counters["unusual"]["value"][0])

    def _balance(self, began_s: float) -> None:
        """Wait for what helpers hold, and see whether they are worth it."""
        worked_s = time.perf_counter() - began_s
        waited_s = self._wait() if chunks_held(self._address) else 0.0
        if waited_s > max(PATIENCE_S, worked_s):
            self._alone_s = ALONE * waited_s
        elif self._alone_s > 0.0:
            self._alone_s -= worked_s

    def _wait(self) -> float:
        """Wait until the helpers have done what they hold; how long that took, in seconds."""
        began_s = time.perf_counter()
        while chunks_held(self._address):
            # give the core away: it may be the very one that the helper waits for
            time.sleep(0.0 if time.perf_counter() - began_s < PATIENCE_S else PATIENCE_S)
        return time.perf_counter() - began_s

    def close(self) -> None:
        """Let the helpers end."""
        self._end()


def _help(crew_address: int, wake: threading.Lock, is_open: list[bool], _kept: object) -> None:
    """What a helper does: sleep, take chunks, sleep again."""
    while True:
        wake.acquire()
        if not is_open[0]:
            return
        step_chunks(crew_address, True)


def _wake(wakes: list[threading.Lock]) -> None:
    for wake in wakes:
        if wake.locked():  # else the helper has slept through the last call, and wakes by that
            wake.release()


def _dismiss(wakes: list[threading.Lock], is_open: list[bool]) -> None:
    is_open[0] = False
    _wake(wakes)
