"""What a chooser of the reference simulator sees, and simple orders written on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.reference.model import WAIT, Job, decision

if TYPE_CHECKING:
    from tests.reference.simulator import Reference


class View:
    """What a chooser sees; reading it changes nothing."""

    def __init__(self, sim: Reference) -> None:
        self._sim = sim

    @property
    def sim(self) -> Reference:
        """The run itself, for heuristics that plan on it."""
        return self._sim

    @property
    def now_s(self) -> int:
        return self._sim.now_s

    @property
    def possible(self) -> list[int]:
        """Jobs that may be started or resumed at full speed now."""
        return [j.index for j in self._sim.jobs if self._sim.may_start(j)]

    @property
    def slower_starts(self) -> list[int]:
        """Decisions that start or resume a job at a lower level."""
        sim = self._sim
        waiting = [(job, level) for job in sim.waiting() for level in sim.levels(job)[1:]]
        return [decision(job.index, level) for job, level in waiting if sim.may_start(job, level)]

    @property
    def raisable(self) -> list[int]:
        return [j.index for j in self._sim.jobs if self._sim.may_raise(j)]

    @property
    def slowable(self) -> list[int]:
        """Running jobs that may be made slower in a shortage."""
        return [j.index for j in self._sim.jobs if self._sim.may_slow(j)]

    @property
    def slowable_by_choice(self) -> list[int]:
        return [j.index for j in self._sim.jobs if self._sim.may_slow_by_choice(j)]

    @property
    def suspendable(self) -> list[int]:
        return [j.index for j in self._sim.jobs if self._sim.may_suspend(j)]

    @property
    def running(self) -> list[int]:
        return [j.index for j in self._sim.running()]

    @property
    def waiting(self) -> list[int]:
        """Queued and suspended jobs."""
        return [j.index for j in self._sim.waiting()]

    def job(self, index: int) -> JobView:
        return JobView(self._sim, self._sim.jobs[index])


class JobView:
    """What a chooser sees of one job: never its true work."""

    def __init__(self, sim: Reference, job: Job) -> None:
        for name in (
            "submit_s", "cores", "gpus_milli", "memory_mib", "estimate_s", "value_u", "deadline_s",
            "preemptible", "power_mw", "sensitivity", "level", "active_mw",
        ):  # fmt: skip
            setattr(self, name, getattr(job, name))
        self.left_estimate_s = job.left_estimate_s(sim.now_s)
        self.started_s = job.began_s
        self.suspended = job.state == "suspended"


Choose = Callable[[View], int]


def wait(view: View) -> int:
    """Never starts anything; as a victim rule: leaves it to the rules."""
    return WAIT


def strict_head(order: Callable[[View, int], object]) -> Choose:
    """Start the first waiting job of an order, or wait until it can start."""

    def choose(view: View) -> int:
        waiting = sorted(view.waiting, key=lambda i: (order(view, i), i))
        return waiting[0] if waiting and waiting[0] in view.possible else WAIT

    return choose


fcfs = strict_head(lambda view, i: view.job(i).submit_s)
sjf = strict_head(lambda view, i: view.job(i).estimate_s)


def greedy(view: View) -> int:
    """The lowest job that can start."""
    return min(view.possible, default=WAIT)
