"""EASY in plain Python, fast enough for whole traces: validation/README.md section 1, and nothing of ours."""

from __future__ import annotations

import bisect
import heapq


class PlainEasy:
    """One machine without a limit of power, one pass over the queue at each instant."""

    def __init__(
        self, submit_s: list[int], cores: list[int], run_s: list[int], estimate_s: list[int], processors: int
    ) -> None:
        self.submit_s, self.cores, self.run_s, self.estimate_s = submit_s, cores, run_s, estimate_s
        self.free, self.now_s = processors, 0
        self.start_s = [-1] * len(submit_s)
        self.ends: list[tuple[int, int]] = []  # (end, job) of the running jobs, a heap
        self.expected: list[tuple[int, int]] = []  # (end by the estimate, job) of them, sorted
        self.queue: list[int] = []

    def run(self) -> list[int]:
        """Start of every job, in the order of the jobs."""
        came = 0
        while came < len(self.submit_s) or self.ends:
            submits = [self.submit_s[came]] if came < len(self.submit_s) else []
            self.now_s = min(submits + [end for end, _ in self.ends[:1]])
            while self.ends and self.ends[0][0] <= self.now_s:
                self._end(heapq.heappop(self.ends)[1])
            while came < len(self.submit_s) and self.submit_s[came] <= self.now_s:
                self.queue.append(came)
                came += 1
            self._pass()
        return self.start_s

    def _end(self, job: int) -> None:
        self.free += self.cores[job]
        self.expected.pop(bisect.bisect_left(self.expected, self._expected(job)))

    def _expected(self, job: int) -> tuple[int, int]:
        return self.start_s[job] + self.estimate_s[job], job

    def _start(self, job: int) -> None:
        self.start_s[job] = self.now_s
        if self.run_s[job] > 0:  # else it has ended already, and holds nothing
            self.free -= self.cores[job]
            heapq.heappush(self.ends, (self.now_s + self.run_s[job], job))
            bisect.insort(self.expected, self._expected(job))

    def _pass(self) -> None:
        first = 0
        while first < len(self.queue) and self.cores[self.queue[first]] <= self.free:
            self._start(self.queue[first])
            first += 1
        self.queue = self.queue[first:]
        if not self.queue or self.free == 0:
            return
        shadow_s, spare = self._reservation(self.queue[0])
        waiting = self.queue[:1]
        for job in self.queue[1:]:
            by_shadow = self.now_s + self.estimate_s[job] <= shadow_s
            if self.cores[job] > self.free or not (by_shadow or self.cores[job] <= spare):
                waiting.append(job)
                continue
            self._start(job)
            if self.run_s[job] > 0 and not by_shadow:
                spare -= self.cores[job]
        self.queue = waiting

    def _reservation(self, head: int) -> tuple[int, int]:
        """Shadow time, and processors free then beside the head. Past an estimate the end is now."""
        free, shadow_s = self.free, self.now_s
        for end_s, job in self.expected:
            end_s = max(end_s, self.now_s)
            if free >= self.cores[head] and end_s > shadow_s:
                break
            free += self.cores[job]
            shadow_s = end_s
        return shadow_s, free - self.cores[head]
