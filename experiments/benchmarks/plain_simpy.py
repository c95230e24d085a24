"""A replay of rigid jobs in plain SimPy, the baseline of the benchmarks.

One process per job, started at its submit time; it queues, waits to be started, holds its processors for
its run time and leaves. A scheduling pass follows all other events of its instant. A job without work
needs free processors but never holds any (RULES §4.5). No power, no energy, no suspension.

It shares no code with rare; the starts of every job are compared, here and in tests/validation.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Generator
from itertools import islice
from typing import Any, cast

import simpy

LAST = cast(Any, 2)  # after SimPy's own priorities 0 (urgent) and 1 (normal)


class Job:
    """One rigid job. Times in seconds; `start_s` is the result."""

    __slots__ = ("cores", "estimate_s", "expected_s", "go", "index", "start_s", "submit_s", "work_s")

    def __init__(self, index: int, submit_s: int, cores: int, work_s: int, estimate_s: int) -> None:
        self.index, self.submit_s, self.cores = index, submit_s, cores
        self.work_s, self.estimate_s = work_s, estimate_s
        self.start_s = self.expected_s = -1
        self.go: simpy.Event | None = None


class Machine:
    """Processors and the queue before them, first come, first served, without or with EASY backfilling."""

    def __init__(self, jobs: list[Job], processors: int, easy: bool) -> None:
        self.env = simpy.Environment(initial_time=jobs[0].submit_s)
        self.free = processors
        self.easy = easy
        self.queue: deque[Job] = deque()
        self.running: list[tuple[int, int, int]] = []  # (expected end, index, cores), sorted; for EASY
        self._pass_due = False
        self.env.process(self._arrivals(jobs))

    def _arrivals(self, jobs: list[Job]) -> Generator[simpy.Event, None, None]:
        env = self.env
        for job in jobs:
            if job.submit_s > env.now:
                yield env.timeout(job.submit_s - env.now)
            env.process(self._life(job))

    def _life(self, job: Job) -> Generator[simpy.Event, None, None]:
        env = self.env
        job.go = env.event()
        self.queue.append(job)
        self._call_pass()
        yield job.go
        if not job.work_s:
            return
        yield env.timeout(job.work_s)
        self.free += job.cores
        if self.easy:
            del self.running[bisect_left(self.running, (job.expected_s, job.index))]
        self._call_pass()

    def _call_pass(self) -> None:
        """Schedule a single pass at the end of the instant, for any number of events."""
        if self._pass_due or not self.queue:
            return
        self._pass_due = True
        event = simpy.Event(self.env)
        event.callbacks = [self._schedule]
        event._ok, event._value = True, None
        self.env.schedule(event, priority=LAST)

    def _start(self, job: Job) -> None:
        assert job.go is not None
        job.go.succeed()
        job.start_s = int(self.env.now)
        if not job.work_s:
            return
        self.free -= job.cores
        if self.easy:
            job.expected_s = job.start_s + job.estimate_s
            insort(self.running, (job.expected_s, job.index, job.cores))

    def _schedule(self, _: simpy.Event) -> None:
        self._pass_due = False
        queue = self.queue
        while queue and queue[0].cores <= self.free:
            self._start(queue.popleft())
        if self.easy and self.free and len(queue) > 1:
            self._backfill()

    def _backfill(self) -> None:
        """Start jobs behind the head that end before its reservation or leave enough processors for it."""
        queue, free = self.queue, self.free
        shadow_s, spare = self._reservation(queue[0])
        longest_s = shadow_s - int(self.env.now)
        started = []
        for job in islice(queue, 1, None):
            cores = job.cores
            if cores > free:
                continue
            if job.estimate_s > longest_s:
                if cores > spare:
                    continue
                spare -= cores
            started.append(job)
            free -= cores if job.work_s else 0
            if not free:
                break
        for job in started:
            queue.remove(job)
            self._start(job)

    def _reservation(self, head: Job) -> tuple[int, int]:
        """Start of the head [s] by the estimates, and the processors that are then spare.

        Overdue jobs end now.
        """
        now_s, free, shadow_s = int(self.env.now), self.free, -1
        for expected_s, _, cores in self.running:
            if free >= head.cores and max(expected_s, now_s) > shadow_s:
                break
            free += cores
            shadow_s = max(expected_s, now_s)
        return shadow_s, free - head.cores


def replay(jobs: list[Job], processors: int, easy: bool) -> None:
    """Run all jobs, sorted by submit time, and set their `start_s`."""
    Machine(jobs, processors, easy).env.run()
