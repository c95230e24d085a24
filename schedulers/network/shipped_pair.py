"""The scheduler `rare`: two networks that ship with the package, one for short runs under a forecast.

What is best there is not best elsewhere: who cannot see the next day does well to keep to what a good
heuristic does, and what can be put off until after the last arrivals of a window cannot be where arrivals go
on. docs/model-card.md tells how both were trained.
"""

from __future__ import annotations

from typing import Any

from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.model import NEVER_S, Case
from rare.state.arrays import World
from rare.state.memory import Copyable
from schedulers.heuristics.heuristic import Heuristic
from schedulers.network.shipped_scheduler import ShippedScheduler, forecast_hours
from schedulers.registry import SHIPPED, SHIPPED_FOLDERS, WITH_FORECAST, WITHOUT_FORECAST

STRETCH = 1.5  # a run may be so many times as long as the longest in training


class ShippedPair(Copyable):
    """A ShippedScheduler for runs like its training windows, foreseen and no longer, and one for all others.

    Before `check` it is the one with a forecast; `chosen` says which.
    """

    compiled_entry = ShippedScheduler.compiled_entry

    def __init__(self, name: str = SHIPPED) -> None:
        self.name = name
        self.foreseeing = ShippedScheduler(SHIPPED_FOLDERS[WITH_FORECAST], name)
        self.other = ShippedScheduler(SHIPPED_FOLDERS[WITHOUT_FORECAST], name)
        self.chosen = self.foreseeing

    def check(self, case: Case) -> None:
        """Choose for a case, and begin to count anew; any case will do."""
        trained = self.foreseeing.range
        foreseen = forecast_hours(case) >= trained.forecast_h
        short = longest_s(case) <= STRETCH * trained.longest_s
        self.chosen = self.foreseeing if foreseen and short else self.other
        self.chosen.check(case)

    @property
    def layout(self) -> Layout:
        """What the chosen one sees."""
        return self.chosen.layout

    @property
    def order(self) -> int:
        """See ShippedScheduler."""
        return self.chosen.order

    @property
    def order_param(self) -> float:
        """See ShippedScheduler."""
        return self.chosen.order_param

    @property
    def heuristic(self) -> Heuristic:
        """Who decides out of range in the case that was checked."""
        return self.chosen.heuristic

    @property
    def sees_only_slots(self) -> bool:
        """See ShippedScheduler."""
        return self.chosen.sees_only_slots

    @property
    def fallback_decisions(self) -> int:
        """Decisions that the heuristic took since `check`."""
        return self.chosen.fallback_decisions

    @property
    def observer(self) -> Observer:
        """What it looks through."""
        return self.chosen.observer

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision, as a slot."""
        return self.chosen.decide(world, e, status)

    def replay(self, handle: Any, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        return self.chosen.replay(handle, steps)

    def remarks(self, decisions: int) -> list[str]:
        """What to say of a run that is over."""
        return self.chosen.remarks(decisions)


def longest_s(case: Case) -> float:
    """How long a run of this case may last, as far as it is known when it begins; infinite if it is not."""
    end_s = min(case.inputs.end_s, NEVER_S if case.end_s is None else case.end_s)
    return float("inf") if end_s == NEVER_S else float(end_s - case.first_instant_s)
