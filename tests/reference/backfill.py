"""Backfilling in plain Python, one pass at each instant, to test the compiled heuristics against.

Written from validation/README.md section 1 and RULES §10.4 and §10.7, for one machine whose power has no
limit. Nothing is remembered from one instant to the next but the jobs themselves and their promises. A job
that ends within its own start (§4.5, §5.5) holds nothing afterwards, neither processors nor spare ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class PlainJob:
    """A rigid job. run_s: how long it holds its processors, whatever its estimate says."""

    index: int
    submit_s: int
    cores: int
    run_s: int
    estimate_s: int
    start_s: int | None = None
    promised_s: int | None = None
    first_promise_s: int | None = None

    def holds_at(self, time_s: int) -> bool:
        """Whether it runs at this second."""
        return self.start_s is not None and self.start_s <= time_s < self.start_s + self.run_s


class PlainMachine:
    """A number of processors and the jobs on it, from instant to instant."""

    def __init__(self, jobs: list[PlainJob], processors: int, order: str) -> None:
        self.jobs, self.processors, self.order = jobs, processors, order
        self.now_s = 0
        self.renewed_at = -1  # starts and ends so far, when all promises had last been renewed

    def run(self, backfill: str) -> list[int]:
        """First starts of all jobs, by index."""
        walks = {"easy": self.easy, "conservative": self.conservative, "conservative=kept": self.kept}
        while True:
            walks[backfill]()
            ends = [j.start_s + j.run_s for j in self.jobs if j.start_s is not None]
            later = [t for t in [j.submit_s for j in self.jobs] + ends if t > self.now_s]
            if not later:
                return [-1 if j.start_s is None else j.start_s for j in self.jobs]
            self.now_s = min(later)

    def running(self) -> list[PlainJob]:
        return [j for j in self.jobs if j.holds_at(self.now_s)]

    def free(self) -> int:
        return self.processors - sum(j.cores for j in self.running())

    def queue(self) -> list[PlainJob]:
        came = [j for j in self.jobs if j.start_s is None and j.submit_s <= self.now_s]
        return sorted(came, key=lambda j: (j.estimate_s if self.order == "sjf" else 0, j.index))

    def expected_end_s(self, job: PlainJob) -> int:
        """By its estimate, not earlier than now."""
        assert job.start_s is not None
        return max(job.start_s + job.estimate_s, self.now_s)

    # --- EASY ---

    def easy(self) -> None:
        shadow_s = spare = None
        for job in self.queue():
            fits = job.cores <= self.free()
            if shadow_s is None:
                if fits:
                    job.start_s = self.now_s
                else:
                    shadow_s, spare = self.reservation(job)
                continue
            by_shadow = self.now_s + job.estimate_s <= shadow_s
            if fits and (by_shadow or job.cores <= spare):
                job.start_s = self.now_s
                if job.run_s > 0 and not by_shadow:
                    spare -= job.cores

    def reservation(self, head: PlainJob) -> tuple[int, int]:
        """Shadow time of the head, and the processors spare then."""
        free, shadow_s = self.free(), self.now_s
        for job in sorted(self.running(), key=self.expected_end_s):
            if free >= head.cores and self.expected_end_s(job) > shadow_s:
                break
            shadow_s = self.expected_end_s(job)
            free += job.cores
        return shadow_s, free - head.cores

    # --- conservative ---

    def conservative(self) -> None:
        self._plan(self.queue(), keep=False)

    def kept(self) -> None:
        """§10.7: by promise, those without one last."""
        never = 2**62
        self._plan(
            sorted(self.queue(), key=lambda j: never if j.promised_s is None else j.promised_s), keep=True
        )

    def _plan(self, line: list[PlainJob], keep: bool) -> None:
        least_s = self.now_s + (1 if keep else 0)
        held = [(self.now_s, max(self.expected_end_s(j), least_s), j.cores) for j in self.running()]
        for job in line:
            run_s = max(job.estimate_s, 1) if keep else job.estimate_s
            start_s = self._earliest_s(job, run_s, held)
            if keep:
                self._promise(job, start_s)
            if start_s == self.now_s and job.cores <= self.free():
                job.start_s = start_s
                if job.run_s == 0:
                    continue
            held.append((start_s, start_s + run_s, job.cores))
        self.renewed_at = self._changes()

    def _promise(self, job: PlainJob, start_s: int) -> None:
        if job.promised_s is None:
            job.promised_s = job.first_promise_s = start_s
        elif self.renewed_at != self._changes():
            job.promised_s = min(job.promised_s, start_s)

    def _changes(self) -> int:
        begun = [j.start_s + j.run_s for j in self.jobs if j.start_s is not None]
        return len(begun) + sum(end_s <= self.now_s for end_s in begun)

    def _earliest_s(self, job: PlainJob, run_s: int, held: list[tuple[int, int, int]]) -> int:
        """The first time from which on the job fits beside what is held for so long, or for an instant."""
        for begin_s in sorted({self.now_s, *(end_s for _, end_s, _ in held)}):
            times = [begin_s, *(t for t, _, _ in held if begin_s < t < begin_s + run_s)]
            if all(
                job.cores + sum(c for first_s, last_s, c in held if first_s <= t < last_s) <= self.processors
                for t in times
            ):
                return begin_s
        raise AssertionError("the machine is empty in the end")
