"""Deciders that choose an action of the environment, from what the environment shows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from rare.env.case_tables import Tables, tables_of
from rare.env.observation.case_layout import fitted
from rare.env.observation.layout import Layout
from rare.env.observation.observer import ORDER, ORDER_PARAM, Observer
from rare.env.observation.shown_prices import AS_IN_THE_CASE, Dial
from rare.model import Case
from rare.scheduler import Decider
from rare.state.arrays import WAIT, World
from rare.state.memory import Copyable


class Observers:
    """Makes observers of one layout, one for each decider. The tables of the last case are kept for the next.

    Tables are read-only and cost a walk through all jobs; a dataset plays thousands of episodes of a case.
    layout: None for that of the environment of each case. dial: prices to show in place of the case's.
    """

    def __init__(self, layout: Layout | None, dial: Dial = AS_IN_THE_CASE) -> None:
        self.layout, self.dial = layout, dial
        self._tables: Tables | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"layout": self.layout, "dial": self.dial}  # a copy makes tables of its own

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.layout, self.dial, self._tables = state["layout"], state["dial"], None

    def of(self, case: Case) -> Observer:
        """A new observer for worlds of this case."""
        layout = fitted(Layout(), [case]) if self.layout is None else self.layout
        if self._tables is None or self._tables.case is not case:
            self._tables = tables_of(case, layout, ORDER, ORDER_PARAM, self.dial)
        return Observer(case, layout, self._tables)


class ObservingDecider(Copyable, Decider):
    """Asks `action` what the environment would ask: only where two or more actions are valid.

    It sees the visible jobs alone. `WAIT` in a shortage leaves it to the rules.
    """

    def __init__(self, name: str, observer: Observer) -> None:
        super().__init__(name, order=ORDER, order_param=ORDER_PARAM, sees_only_slots=True)
        self._observer = observer

    def decide(self, world: World, e: int, status: int) -> int:
        """The decision that the chosen action means."""
        observer = self._observer
        if observer.look(world, e) <= 1:
            return WAIT
        action = self.action(observer.obs, observer.mask, int(world.env[e].now_s))
        return observer.decision_of(world, action, e)

    @abstractmethod
    def action(self, obs: np.ndarray, mask: np.ndarray, now_s: int) -> int:
        """A valid action. obs: (D,) float32, mask: (A,) bool; both are rewritten at the next decision."""
