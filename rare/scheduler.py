"""Schedulers and deciders: what a clock, an environment and a dataset ask for decisions.

A scheduler is a configuration: `BaseScheduler.for_case(case)` makes a `Decider`, which takes the decisions of
runs of that case. Users' classes need neither base class. One with a method `choose(view)`, `decide(world, e,
status)` or `act(observation, mask)` is wrapped by `as_scheduler`, the one place where optional members are
looked up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from rare.episodes import Episode
from rare.model import Case
from rare.rules.decide import OK, apply
from rare.rules.orders import FCFS, check_order
from rare.rules.refusals import refusal
from rare.state.arrays import DECIDE_SHED, WAIT, World
from rare.state.decisions import FULL, RAISE, WHAT_SHIFT
from rare.view import ClusterView
from rare.whole_numbers import whole_number
from traces.errors import InputError
from traces.times.local_clock import LocalClock

DEFAULT_ORDER_PARAM = 2.0


@runtime_checkable
class Scheduler(Protocol):
    """The one-method protocol of a user's scheduler."""

    def choose(self, view: ClusterView) -> int:
        """Index of the job to start or resume now (or of a running one to suspend), or WAIT.

        With speed levels also `view.at_level(job, level)` to start at a level, `view.slow(job)` and
        `view.faster(job)` for a running job. Called again until it returns WAIT. Optional beside it:
        `victim(view)`, the index of the running job to give up while power is short, `view.slow(job)` to make
        one slower instead, or WAIT to leave this shortage to the rules; `check(case)`, to
        refuse a case with InputError; `name`, for tables.
        """
        ...


class Decider(ABC):
    """Takes the decisions of runs of one case. Made by `BaseScheduler.for_case`.

    Its public attributes are its configuration: the constructor sets them, and nothing changes them later.
    name           : for tables and messages
    order          : code of the order in which the rules keep the queue (rare.rules.orders)
    order_param    : parameter of that order
    keeps_promises : the rules promise starts also where nobody is asked (RULES §10.7)
    sees_only_slots: it chooses among the slots of the environment's observation alone, so that jobs outside
                     them do not bar an episode from a dataset
    """

    def __init__(
        self,
        name: str,
        *,
        order: int = FCFS,
        order_param: float = DEFAULT_ORDER_PARAM,
        keeps_promises: bool = False,
        sees_only_slots: bool = False,
    ) -> None:
        self.name = name
        self.order, self.order_param = order, order_param
        self.keeps_promises, self.sees_only_slots = keeps_promises, sees_only_slots

    def __setattr__(self, attribute: str, value: object) -> None:
        """AttributeError for a public attribute that is set already."""
        if attribute in self.__dict__ and not attribute.startswith("_"):
            raise AttributeError(
                f"decider {self.name!r}: {attribute} is fixed; make another by for_case of its scheduler"
            )
        super().__setattr__(attribute, value)

    @abstractmethod
    def decide(self, world: World, e: int, status: int) -> int:
        """The decision of environment e for a DECIDE_* status (rare.state.decisions), or WAIT.

        That is the slot of a job, and what is to be done with it if it is no plain start or stop.
        """

    @property
    def replays(self) -> bool:
        """Whether `replay` is there."""
        return type(self).replay is not Decider.replay

    def replay(self, handle: np.void, steps: int) -> int:
        """Run an environment for at most so many decisions in compiled code; the last status of `advance`.

        Optional; NotImplementedError where `replays` is false.
        """
        raise NotImplementedError(f"decider {self.name!r} has no compiled loop")

    @property
    def settles(self) -> bool:
        """Whether `settle` is there."""
        return type(self).settle is not Decider.settle

    def settle(self, at_handle: int, wake_s: int) -> int:
        """Work on one instant, decisions included, in compiled code, for a clock that is not compiled.

        at_handle: address of the handle of an environment (rare.state.arrays.handle_records). Returns what
        schedulers.heuristics.fused_replay.settle_instant does.

        Optional; NotImplementedError where `settles` is false.
        """
        raise NotImplementedError(f"decider {self.name!r} has no compiled instant")

    @property
    def records(self) -> bool:
        """Whether `record` is there."""
        return type(self).record is not Decider.record

    def record(
        self, places: int, epsilon: float, arrays: tuple[np.ndarray, ...], step: int, steps: int
    ) -> tuple[int, int]:
        """Log an episode in compiled code (rare.dataset.play_episode); decisions logged, why it stopped.

        arrays: a rare.env.policies.behaviour.EpisodeArrays; decisions step to steps - 1 are to be logged.

        Optional; NotImplementedError where `records` is false.
        """
        raise NotImplementedError(f"decider {self.name!r} has no compiled loop that logs")

    @property
    def keeps_time(self) -> bool:
        """Whether `own_clock` is there."""
        return type(self).own_clock is not Decider.own_clock

    def own_clock(self, world: World, job_ids: np.ndarray | Sequence[int]) -> Any:
        """The clock that runs this decider in a world, with members as those of rare.clocks have.

        Optional; NotImplementedError where `keeps_time` is false.
        """
        raise NotImplementedError(f"decider {self.name!r} has no clock of its own")

    @property
    def fallback_decisions(self) -> int | None:
        """Decisions that it left to another scheduler so far, in all its runs; None if it never does."""
        return None

    def remarks(self, decisions: int) -> list[str]:
        """What to say of a run of so many decisions that is over; usually nothing."""
        return []


class BaseScheduler(ABC):
    """What a name such as `easy` stands for: makes a Decider for each case, and never changes.

    name          : for tables and messages
    privileged    : knows what no scheduler at a real cluster knows
    compiled_entry: the compiled function that runs a case under it; by that a command tells whether it has
                    to be compiled first
    settling_entry: the same on the SimPy clock
    records       : its deciders log episodes in compiled code
    """

    name: str
    privileged: ClassVar[bool] = False
    compiled_entry: ClassVar[str] = "advance"
    settling_entry: ClassVar[str] = "instant"
    records: ClassVar[bool] = False

    def check(self, case: Case) -> None:  # noqa: B027 - most take any case
        """Refuse a case that it cannot work on, with InputError, as far as that shows quickly."""

    @abstractmethod
    def for_case(self, case: Case) -> Decider:
        """The decider for runs of a case. InputError for one that it cannot work on."""

    def for_episode(self, case: Case, episode: Episode) -> Decider:
        """The decider for one episode of a case, whose job indices are the case's; usually as `for_case`."""
        return self.for_case(case)


# --- users' objects ---------------------------------------------------------------------------


class PythonScheduler(BaseScheduler):
    """A user's object with `choose`. Looks up the optional members `victim`, `check` and `name`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.name = name_of(scheduler)
        self._scheduler = scheduler

    def check(self, case: Case) -> None:
        """The user's own check, if there is one."""
        check_by_user(self._scheduler, case)

    def for_case(self, case: Case) -> PythonDecider:
        """Asks the user's object itself: what it remembers of one case it knows in the next."""
        self.check(case)
        return PythonDecider(self._scheduler, case.workload.job_id, case.local_clock)


class PythonDecider(Decider):
    """Asks a user's object through the read-only view."""

    def __init__(
        self,
        scheduler: Scheduler,
        job_ids: np.ndarray | Sequence[int],
        calendar: LocalClock | None = None,
    ) -> None:
        super().__init__(name_of(scheduler))
        self._scheduler, self._ids, self._calendar = scheduler, job_ids, calendar
        self._victim: Callable[[ClusterView], Any] | None = getattr(scheduler, "victim", None)

    def decide(self, world: World, e: int, status: int) -> int:
        """Ask the user's object and find the slot of the job it names."""
        view = ClusterView(world, e, self._ids, self._calendar)
        try:
            return self._decision(view, status)
        finally:
            view.end()

    def _decision(self, view: ClusterView, status: int) -> int:
        if status == DECIDE_SHED:
            answer = WAIT if self._victim is None else self._index("victim", self._victim(view))
        else:
            answer = self._index("choose", self._scheduler.choose(view))
        what, index = divmod(answer, 1 << WHAT_SHIFT) if answer >= 0 else (FULL, answer)
        slot = view.slot_of(index) if what <= RAISE else None
        if slot is None:
            raise ValueError(
                f"{self.name} chose job index {answer} at {view.now_s} s, which is neither waiting nor "
                "running (RULES §4.2); return the index of a job in view.queue, or WAIT (-1)"
            )
        return slot + (what << WHAT_SHIFT)

    def _index(self, method: str, answer: Any) -> int:
        """The answer as an int. InputError for None, a truth value, a float or anything else."""
        index = whole_number(answer)
        if index is not None:
            return index
        said = " ".join(repr(answer).split())[:60]
        raise InputError(
            f"{type(self._scheduler).__name__}.{method} returned {said}; return a job's index or WAIT (-1)"
        )


class ForeignScheduler(BaseScheduler):
    """An object with `decide` that is no Decider, as schedulers of earlier versions are.

    Looks up the optional members that they had: `check(case)`, or `prepare(case, episode)` for an episode,
    then `name`, `order`, `order_param`, `keeps_promises` and `sees_only_slots`. A `replay` or `record` of
    theirs is not called: one decision after the other gives the same schedule.
    """

    def __init__(self, decider: Any) -> None:
        self.name = name_of(decider)
        self._decider = decider

    def check(self, case: Case) -> None:
        """Its `check_quickly` or `check`, if there is one."""
        check = getattr(self._decider, "check_quickly", None)
        if check is None:
            check_by_user(self._decider, case)
        else:
            check(case)

    def for_case(self, case: Case) -> ForeignDecider:
        """Asks the object itself, which has been told the case by `check`."""
        check_by_user(self._decider, case)
        return ForeignDecider(self._decider)

    def for_episode(self, case: Case, episode: Episode) -> ForeignDecider:
        """The same after `prepare`, where there is one."""
        prepare = getattr(self._decider, "prepare", None)
        if prepare is None:
            return self.for_case(case)
        prepare(case, episode)
        return ForeignDecider(self._decider)


class ForeignDecider(Decider):
    """Hands each decision to an object with `decide`."""

    def __init__(self, decider: Any) -> None:
        super().__init__(
            name_of(decider),
            order=getattr(decider, "order", FCFS),
            order_param=getattr(decider, "order_param", DEFAULT_ORDER_PARAM),
            keeps_promises=bool(getattr(decider, "keeps_promises", False)),
            sees_only_slots=bool(getattr(decider, "sees_only_slots", False)),
        )
        self._decider = decider

    def decide(self, world: World, e: int, status: int) -> int:
        """Its own decision."""
        return int(self._decider.decide(world, e, status))


def name_of(scheduler: object) -> str:
    """The `name` that a user's object declares, or that of its class."""
    return str(getattr(scheduler, "name", type(scheduler).__name__))


def check_by_user(scheduler: object, case: Case) -> None:
    """Call the `check(case)` of a user's object, if it has one."""
    check: Callable[[Case], object] | None = getattr(scheduler, "check", None)
    if check is not None:
        check(case)


_ADAPTERS: dict[str, Callable[[Any], BaseScheduler]] = {
    "decide": ForeignScheduler,
    "choose": PythonScheduler,
}
"""What wraps a user's object, by the method that it has; the first that fits is taken."""


def register_adapter(method: str, adapter: Callable[[Any], BaseScheduler]) -> None:
    """Let `as_scheduler` take objects with this method too. Layers above add theirs (rare/__init__.py)."""
    _ADAPTERS[method] = adapter


def as_scheduler(scheduler: object) -> BaseScheduler:
    """The scheduler itself, or a user's object wrapped. InputError for an object of no known protocol."""
    if isinstance(scheduler, BaseScheduler):
        return scheduler
    if isinstance(scheduler, Decider):
        raise InputError(
            f"scheduler {scheduler.name!r}: is a decider, made for one case; give the scheduler that made it"
        )
    for method, adapter in _ADAPTERS.items():
        if hasattr(scheduler, method):
            return adapter(scheduler)
    raise InputError(
        f"scheduler {scheduler!r} has neither a method choose(view) nor act(observation, mask); see the "
        "protocols rare.Scheduler and rare.Policy"
    )


def as_decider(scheduler: object, case: Case, episode: Episode | None = None) -> Decider:
    """The decider of a scheduler, or of a user's object, for a case or one episode of it.

    A Decider is taken as it is: it must have been made for this case. InputError for a case that the
    scheduler cannot work on, and for an object of no known protocol.
    """
    if isinstance(scheduler, Decider):
        return scheduler
    base = as_scheduler(scheduler)
    return base.for_case(case) if episode is None else base.for_episode(case, episode)


# --- what runs a decider ----------------------------------------------------------------------


def keep_queue(world: World, e: int, decider: Decider) -> None:
    """Let the rules keep the queue of an environment as its decider wants it, before the first instant.

    That is its order, and whether waiting jobs are promised a start (RULES §10.7). A decider whose
    `keeps_promises` is true need not be asked before the first promise. ValueError for an unknown order.
    """
    check_order(decider.order)
    state = world.env[e]
    state["order"], state["order_param"] = decider.order, decider.order_param
    state["keeps_promises"] = decider.keeps_promises


def carry_out(world: World, e: int, code: int, job_ids: np.ndarray | Sequence[int]) -> None:
    """Apply a decision (rare.state.decisions), or raise ValueError with the rule against it."""
    reason = apply(world.handles[e], code)
    if reason != OK:
        index = int(world.live[e, code % (1 << WHAT_SHIFT)].job)
        raise ValueError(refusal(world, e, code, reason, job_ids[index]))
