"""A policy of the user's as a scheduler: it sees observation and mask as in the environment, and acts."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.env.policies.deciders import Observers, ObservingDecider
from rare.model import Case
from rare.scheduler import BaseScheduler, Scheduler, check_by_user, name_of
from traces.errors import InputError

LAYOUT_FIELDS = tuple(field.name for field in dataclasses.fields(Layout))


@runtime_checkable
class Policy(Protocol):
    """What `simulate`, `compare` and `evaluate` take beside a Scheduler: anything with `act`."""

    def act(self, observation: np.ndarray, mask: np.ndarray) -> int:
        """The action of GreenClusterEnv to take: 0 is WAIT, mask[action] must be true.

        observation: (D,) float32. mask: (A,) bool; `mask.view(np.int8)` where a library wants int8. Both
        are copies. As in the environment it is asked only where two or more actions are valid. Optional
        beside it: `layout`, a rare.Layout or a mapping of its fields (queue_slots, running_slots,
        forecast_hours, reservations, levels, events), for what it was trained on, by default what the
        environment of the case shows; `name`, for tables; `check(case)`, to
        refuse a case with InputError.
        """
        ...


AnyScheduler = BaseScheduler | Scheduler | Policy
"""What is taken wherever a scheduler goes: one of the package, or an object of the user's."""


class PolicyScheduler(BaseScheduler):
    """A user's object with `act`. Looks up the optional members `layout`, `check` and `name`."""

    def __init__(self, policy: Policy) -> None:
        self.name = name_of(policy)
        self._policy = policy
        self._observers = Observers(layout_of(policy))

    def check(self, case: Case) -> None:
        """The policy's own check, if there is one."""
        check_by_user(self._policy, case)

    def for_case(self, case: Case) -> PolicyDecider:
        """Asks the user's object itself: what it remembers of one case it knows in the next."""
        self.check(case)
        return PolicyDecider(self._policy, self._observers.of(case))


class PolicyDecider(ObservingDecider):
    """Asks a policy what the environment would ask it."""

    def __init__(self, policy: Policy, observer: Observer) -> None:
        super().__init__(name_of(policy), observer)
        self._policy = policy

    def action(self, obs: np.ndarray, mask: np.ndarray, now_s: int) -> int:
        """The policy's answer as a valid action. InputError for anything else.

        An answer is a whole number, also as an array or tensor of one.
        """
        answer: Any = self._policy.act(obs.copy(), mask.astype(np.bool_))
        who, last = f"{type(self._policy).__name__}.act", len(mask) - 1
        if getattr(answer, "shape", None) == (1,):
            answer = answer.item()
        try:
            action = -1 if isinstance(answer, bool | np.bool_) else operator.index(answer)
        except (TypeError, ValueError):
            action = -1
        if not 0 <= action <= last:
            answer_text = " ".join(repr(answer).split())[:60]
            raise InputError(
                f"{who} returned {answer_text} at {now_s} s; give a whole number from 0 (WAIT) to {last}"
            )
        if not mask[action]:
            valid = ", ".join(map(str, np.flatnonzero(mask)[:8])) + (", ..." if mask.sum() > 8 else "")
            raise InputError(
                f"{who} returned action {action} at {now_s} s, which is not valid there (RULES §4.2); choose "
                f"one with mask[action] true: {valid}"
            )
        return action


def layout_of(policy: object) -> Layout | None:
    """The layout that a policy declares; None: the environment's default. InputError for anything else."""
    declared = getattr(policy, "layout", None)
    if declared is None:
        return None
    if isinstance(declared, Layout):
        return declared
    if isinstance(declared, Mapping) and set(declared) <= set(LAYOUT_FIELDS):
        return Layout(**declared)
    declared_text = " ".join(repr(declared).split())[:80]
    raise InputError(
        f"{type(policy).__name__}.layout is {declared_text}; give a rare.Layout, or a dict with some of "
        f"{', '.join(LAYOUT_FIELDS)}"
    )
