"""The compiled state under the names of the reference's View, so that one chooser can answer both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rare.model import Case
from rare.rules.decide import OK, has_power_at, why_not_start, why_not_suspend
from rare.rules.progress.level_changes import why_not_raise, why_not_slow
from rare.rules.progress.pace import levels_of
from rare.scheduler import BaseScheduler, Decider
from rare.state.arrays import DECIDE_SHED, QUEUED, RUNNING, SUSPENDED, World
from tests.rare.twins import draw
from tests.reference.model import RAISE, SLOW, WAIT, decision, decoded

Look = Any
"""A WorldLook, or the reference's View."""


class WorldLook:
    """What may be done at a decision, as job indices or decisions, in the order of jobs."""

    def __init__(self, world: World, e: int = 0) -> None:
        self._world, self._handle = world, world.handles[e]
        self.now_s = int(world.env[e].now_s)
        live = sorted((int(job.job), slot, int(job.doing)) for slot, job in enumerate(world.live[e]))
        self.slots = {job: slot for job, slot, doing in live if doing in (QUEUED, SUSPENDED, RUNNING)}
        self.running = [job for job, _, doing in live if doing == RUNNING]
        self.waiting = [job for job, _, doing in live if doing in (QUEUED, SUSPENDED)]

    def _may(self, jobs: list[int], why_not: Callable[[Any, int], int]) -> list[int]:
        return [job for job in jobs if why_not(self._handle, self.slots[job]) == OK]

    def _starts(self, job: int, first: int) -> list[int]:
        slot, levels = self.slots[job], int(levels_of(self._handle, self.slots[job]))
        return [level for level in range(first, levels) if has_power_at(self._handle, slot, level)]

    @property
    def possible(self) -> list[int]:
        """Jobs that may be started or resumed at full speed."""
        return [job for job in self._may(self.waiting, why_not_start) if 0 in self._starts(job, 0)]

    @property
    def slower_starts(self) -> list[int]:
        """Decisions that start or resume a job at a lower level."""
        startable = self._may(self.waiting, why_not_start)
        return [decision(job, level) for job in startable for level in self._starts(job, 1)]

    @property
    def raisable(self) -> list[int]:
        return self._may(self.running, why_not_raise)

    @property
    def slowable(self) -> list[int]:
        """Running jobs that may be made slower; where no power is short only by choice."""
        return self._may(self.running, why_not_slow)

    @property
    def slowable_by_choice(self) -> list[int]:
        return self.slowable

    @property
    def suspendable(self) -> list[int]:
        return self._may(self.running, why_not_suspend)


class LookDecider(Decider):
    """Answers by functions of a look."""

    def __init__(self, choose: Callable[[Look], int], victim: Callable[[Look], int] | None) -> None:
        super().__init__("looks")
        self._choose, self._victim = choose, victim

    def decide(self, world: World, e: int, status: int) -> int:
        """The same decision with the slot in place of the job."""
        look = WorldLook(world, e)
        if status != DECIDE_SHED:
            answer = self._choose(look)
        else:
            answer = WAIT if self._victim is None else self._victim(look)
        if answer == WAIT:
            return WAIT
        job, what = decoded(answer)
        return decision(look.slots[job], what)


class LookScheduler(BaseScheduler):
    """A scheduler made of functions of a look, or of a fresh pair of them for each run."""

    name = "looks"

    def __init__(
        self, functions: Callable[[], tuple[Callable[[Look], int], Callable[[Look], int] | None]]
    ) -> None:
        self._functions = functions

    def for_case(self, case: Case) -> LookDecider:
        """Answers from the beginning."""
        return LookDecider(*self._functions())


class Restless:
    """Does anything that is allowed, levels included. Its answers depend on what is possible alone."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.picky = seed % 3 > 0  # may WAIT although something is possible

    def functions(self) -> tuple[Callable[[Look], int], Callable[[Look], int]]:
        return self.choose, self.victim

    def _draw(self, now_s: int, options: list[int]) -> int:
        choice = draw(self.seed, now_s, options)
        return options[0] if choice == WAIT and options and not self.picky else choice

    def choose(self, look: Look) -> int:
        options = [*look.possible, *look.slower_starts, *(decision(job, RAISE) for job in look.raisable)]
        if (look.now_s + self.seed) % 5 == 0:  # else it would suspend and resume every second
            options += look.suspendable
            options += [decision(job, SLOW) for job in look.slowable_by_choice]
        return self._draw(look.now_s, options)

    def victim(self, look: Look) -> int:
        return self._draw(look.now_s, [*look.running, *(decision(job, SLOW) for job in look.slowable)])
