"""A heuristic with a power gate from outside RARE: the gate answers in Python, the rest is compiled."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.model import NEVER_S, Case
from rare.rules.events.waiting_timers import latest_start_of
from rare.scheduler import BaseScheduler, Decider
from rare.state.arrays import DECIDE_SHED, World
from rare.state.memory import arguments, records, register
from rare.view import ClusterView, JobView
from schedulers.heuristics.chooser import POLICY, choose
from schedulers.heuristics.gates import HELD
from schedulers.heuristics.heuristic import Heuristic, Parts, heuristic_of, parse_parts
from schedulers.heuristics.power_gate import Gate
from schedulers.heuristics.victims import victim
from traces.errors import InputError, one_line, quoted
from traces.times.local_clock import LocalClock


@dataclass(frozen=True)
class GatedHeuristic(BaseScheduler):
    """A heuristic by name whose gate is a plug-in, or a class in a file of the user's.

    heuristic : what decides among the jobs that the gate does not hide
    gate_name, origin : of the gate, and where it comes from, as messages say it
    make_gate : a gate for one run, from the parameter
    """

    heuristic: Heuristic
    gate_name: str
    origin: str
    make_gate: Callable[[float | None], Any]
    value: float | None

    @property
    def name(self) -> str:  # type: ignore[override]  # a property where the base has an attribute
        """As it was written."""
        return self.heuristic.name

    def check(self, case: Case) -> None:
        """Refuse a case on which the heuristic or the gate cannot work."""
        self.for_case(case)

    def for_case(self, case: Case) -> GatedDecider:
        """What the clocks ask on this case. InputError if heuristic or gate cannot work on it."""
        self.heuristic.check(case)
        with_gate = f"scheduler {self.name!r}: gate {self.gate_name!r} of {self.origin}"
        try:
            gate = self.make_gate(self.value)
            gate.check(case)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{with_gate}: {type(error).__name__}: {one_line(error)}") from error
        return GatedDecider(self.heuristic, gate, case.workload.job_id, with_gate, case.local_clock)


class GatedDecider(Decider):
    """Asks the gate about each flexible job, then the compiled heuristic (rare.scheduler.Decider)."""

    def __init__(
        self,
        heuristic: Heuristic,
        gate: Gate,
        job_ids: Any,
        where: str,
        calendar: LocalClock | None = None,
    ) -> None:
        # Where a gate hides jobs, promises are made only where it is asked (RULES §10.7d).
        super().__init__(
            heuristic.name,
            order=heuristic.order,
            order_param=heuristic.order_param,
            keeps_promises=False,
        )
        self._heuristic = heuristic
        self._gate = gate
        self._ids = job_ids
        self._where = where
        self._calendar = calendar
        self._make_room(0)

    def __reduce__(self) -> tuple[Any, ...]:
        """Made anew from its parts: what compiled code takes of it belongs to this process."""
        return type(self), (self._heuristic, self._gate, self._ids, self._where, self._calendar)

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision (rare.state.decisions)."""
        if status == DECIDE_SHED:
            return int(victim(world.handles[e], self._policy))
        self._note_held(world, e)
        return int(choose(world.handles[e], self._policy))

    def _make_room(self, slots: int) -> None:
        """Answers for so many slots, where compiled code finds them."""
        self._held = records((slots + 1,), HELD)
        row = np.zeros(1, POLICY)
        row[:] = self._heuristic.row()
        row["at_held"] = register(self._held)
        self._policy = arguments(row.view(np.recarray))[0]

    def _note_held(self, world: World, e: int) -> None:
        """Ask the gate about each job that has a deadline and time before its latest start."""
        slots = world.live.shape[1]
        if len(self._held) <= slots:
            self._make_room(slots)
        self._held.held[:] = 0
        view = ClusterView(world, e, self._ids, self._calendar)
        try:
            for job in view.queue:
                latest_s = NEVER_S if job.deadline_s is None else latest_start_of(world.handles[e], job.slot)
                if view.now_s < latest_s < NEVER_S:
                    self._held[job.slot].held = self._answer(view, job)
        finally:
            view.end()

    def _answer(self, view: ClusterView, job: JobView) -> bool:
        try:
            answer = self._gate.holds(view, job)
        except InputError:
            raise
        except Exception as error:
            what = f"job {quoted(job.job_id)} at {view.now_s} s: {type(error).__name__}: {one_line(error)}"
            raise InputError(f"{self._where}: {what}{_line(error)}") from error
        if not isinstance(answer, bool | np.bool_):
            raise InputError(f"{self._where}: holds returned {quoted(answer)}; return True or False")
        return bool(answer)


def make_heuristic(name: str, **params: float) -> Heuristic | GatedHeuristic:
    """The heuristic of a name, with a gate from outside too. InputError for anything unknown."""
    parts = parse_parts(name, **params)
    gate = parts.gate
    if gate is None or gate.value.make is None:
        return heuristic_of(parts)
    value = parts.gate_param if gate.value.parameter is not None else None
    return gated(parts, value, f"the plug-in {gate.origin}")


def gated(parts: Parts, value: float | None, origin: str) -> GatedHeuristic:
    """The heuristic of these parts, whose gate answers in Python. value: the gate's parameter."""
    assert parts.gate is not None and parts.gate.value.make is not None
    return GatedHeuristic(heuristic_of(parts), parts.gate.name, origin, parts.gate.value.make, value)


def _line(error: BaseException) -> str:
    """The line of the gate's own method in which an exception rose or through which it passed."""
    lines = [line for _, line in traceback.walk_tb(error.__traceback__)]
    return f" (line {lines[1]})" if len(lines) > 1 else ""
