"""What a scheduler is, for both clocks: anything with `choose`.

A user's class needs one method; `victim` is optional. A compiled heuristic offers `decide` on the
state itself, and `replay` to run a whole trace without coming back.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from rare.env.policy import Policy, PolicyDecider
from rare.episodes import Episode
from rare.model import Case
from rare.rules.decide import OK, apply
from rare.rules.orders import check_order
from rare.rules.refusals import refusal
from rare.state.arrays import DECIDE_SHED, WAIT, World
from rare.view import ClusterView
from rare.whole_numbers import whole_number
from traces.errors import InputError

__all__ = ["WAIT", "Decider", "PythonDecider", "Scheduler", "as_decider", "carry_out", "make_ready"]


@runtime_checkable
class Scheduler(Protocol):
    """The one-method protocol of a user's scheduler."""

    def choose(self, view: ClusterView) -> int:
        """Index of the job to start or resume now (or of a running one to suspend), or WAIT.

        Called again until it returns WAIT. Optional beside it: `victim(view)`, the index of the running
        job to give up while power is short, or WAIT to leave this shortage to the rules.
        """
        ...


class Decider(Protocol):
    """What the clocks ask: the slot of a job, or WAIT, for a DECIDE_* status."""

    name: str
    order: int
    order_param: float

    def check(self, case: Case) -> None:
        """Refuse a case that this scheduler cannot work on, with InputError."""
        ...

    def decide(self, world: World, e: int, status: int) -> int:
        """The decision, as a slot."""
        ...


class PythonDecider:
    """A user's scheduler, asked through the read-only view."""

    order = 0
    order_param = 0.0

    def __init__(self, scheduler: Scheduler, job_ids: Any) -> None:
        self.name = str(getattr(scheduler, "name", type(scheduler).__name__))
        self._scheduler = scheduler
        self._ids = job_ids

    def check(self, case: Case) -> None:
        """Let the scheduler refuse a case itself, if it has a `check`."""
        check: Any = getattr(self._scheduler, "check", None)
        if check is not None:
            check(case)

    def decide(self, world: World, e: int, status: int) -> int:
        """Ask the scheduler and find the slot of the job it names."""
        view = ClusterView(world, e, self._ids)
        try:
            return self._slot(view, status)
        finally:
            view.end()

    def _slot(self, view: ClusterView, status: int) -> int:
        if status == DECIDE_SHED:
            victim: Any = getattr(self._scheduler, "victim", None)
            index = WAIT if victim is None else self._index("victim", victim(view))
        else:
            index = self._index("choose", self._scheduler.choose(view))
        slot = view.slot_of(index)
        if slot is None:
            raise ValueError(
                f"{self.name} chose job index {index} at {view.now_s} s, which is neither waiting nor "
                "running (RULES §4.2); return the index of a job in view.queue, or WAIT (-1)"
            )
        return slot

    def _index(self, method: str, answer: Any) -> int:
        """The answer as an int. InputError for None, a truth value, a float or anything else."""
        index = whole_number(answer)
        if index is not None:
            return index
        said = " ".join(repr(answer).split())[:60]
        raise InputError(
            f"{type(self._scheduler).__name__}.{method} returned {said}; return a job's index or WAIT (-1)"
        )


def as_decider(scheduler: Scheduler | Policy | Decider, case: Case) -> Any:
    """The scheduler as the clocks ask it; a user's class is wrapped."""
    for_case: Any = getattr(scheduler, "for_case", None)
    if for_case is not None:
        return for_case(case)
    if hasattr(scheduler, "decide"):
        return scheduler
    if not isinstance(scheduler, Scheduler):
        if isinstance(scheduler, Policy):
            return PolicyDecider(scheduler)
        raise InputError(
            f"scheduler {scheduler!r} has neither a method choose(view) nor act(observation, mask); see the "
            "protocols rare.Scheduler and rare.Policy"
        )
    return PythonDecider(scheduler, case.workload.job_id)


def make_ready(decider: Any, case: Case, episode: Episode) -> None:
    """Before an episode: its own `prepare(case, episode)` if it has one, else `check(case)`.

    Its order may depend on it, so take that afterwards. InputError if it cannot work there.
    """
    prepare: Any = getattr(decider, "prepare", None)
    if prepare is None:
        decider.check(case)
    else:
        prepare(case, episode)


def keep_queue(world: World, e: int, decider: Any) -> None:
    """Let the rules keep the queue of an environment as its scheduler wants it, before the first instant.

    That is its order, and whether waiting jobs are promised a start (RULES §10.7). A scheduler whose
    `keeps_promises` is true need not be asked before the first promise. ValueError for an unknown order.
    """
    check_order(decider.order)
    state = world.env[e]
    state["order"], state["order_param"] = decider.order, decider.order_param
    state["keeps_promises"] = getattr(decider, "keeps_promises", False)


def carry_out(world: World, e: int, slot: int, job_ids: Any) -> None:
    """Apply a decision, or raise ValueError with the rule against it."""
    reason = apply(world.handles[e], slot)
    if reason != OK:
        index = int(world.live[e, slot].job)
        raise ValueError(refusal(world, e, slot, reason, job_ids[index]))
