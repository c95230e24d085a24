"""A policy of the user's as a scheduler: it sees observation and mask as in the environment, and acts."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.model import Case
from rare.rules.orders import FCFS
from rare.state.arrays import WAIT, World
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
        forecast_hours, reservations), for what it was trained on; `name`, for tables; `check(case)`, to
        refuse a case with InputError.
        """
        ...


class PolicyDecider:
    """Asks a policy what the environment would ask it (rare.scheduler.Decider)."""

    order = FCFS
    order_param = 2.0
    sees_only_slots = True

    def __init__(self, policy: Policy) -> None:
        self.name = str(getattr(policy, "name", type(policy).__name__))
        self.layout = layout_of(policy)
        self._policy = policy
        self._observer: Observer | None = None

    def check(self, case: Case) -> None:
        """Make ready for a case; the policy may refuse it."""
        check: Any = getattr(self._policy, "check", None)
        if check is not None:
            check(case)
        if self._observer is None or case is not self._observer.case:
            self._observer = Observer(case, self.layout)

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision, as a slot. InputError for an answer that is no valid action."""
        observer = self._observer
        if observer is None:
            raise RuntimeError(f"policy {self.name}: call check(case) before the first decision")
        if observer.look(world, e) <= 1:
            return WAIT
        answer = self._policy.act(observer.obs.copy(), observer.mask.astype(np.bool_))
        return observer.slot_of(self._action(answer, observer.mask, int(world.env[e].now_s)))

    def _action(self, answer: Any, mask: np.ndarray, now_s: int) -> int:
        """The answer as a valid action: a whole number, also as an array or tensor of one."""
        who, last = f"{type(self._policy).__name__}.act", len(mask) - 1
        if getattr(answer, "shape", None) == (1,):
            answer = answer.item()
        try:
            action = -1 if isinstance(answer, bool | np.bool_) else operator.index(answer)
        except (TypeError, ValueError):
            action = -1
        if not 0 <= action <= last:
            said = " ".join(repr(answer).split())[:60]
            raise InputError(
                f"{who} returned {said} at {now_s} s; give a whole number from 0 (WAIT) to {last}"
            )
        if not mask[action]:
            valid = ", ".join(map(str, np.flatnonzero(mask)[:8])) + (", ..." if mask.sum() > 8 else "")
            raise InputError(
                f"{who} returned action {action} at {now_s} s, which is not valid there (RULES §4.2); choose "
                f"one with mask[action] true: {valid}"
            )
        return action


def layout_of(policy: Any) -> Layout:
    """The layout that a policy declares, or the environment's default. InputError for anything else."""
    declared = getattr(policy, "layout", None)
    if declared is None:
        return Layout()
    if isinstance(declared, Layout):
        return declared
    if isinstance(declared, Mapping) and set(declared) <= set(LAYOUT_FIELDS):
        return Layout(**declared)
    said = " ".join(repr(declared).split())[:80]
    raise InputError(
        f"{type(policy).__name__}.layout is {said}; give a rare.Layout, or a dict with some of "
        f"{', '.join(LAYOUT_FIELDS)}"
    )
