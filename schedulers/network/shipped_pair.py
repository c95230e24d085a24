"""The scheduler `rare`: two networks that ship with the package, one for short runs under a forecast.

What is best there is not best elsewhere: who cannot see the next day does well to keep to what a good
heuristic does, and what can be put off until after the last arrivals of a window cannot be where arrivals go
on. docs/model-card.md tells how both were trained.
"""

from __future__ import annotations

from rare.model import NEVER_S, Case
from rare.scheduler import BaseScheduler
from rare.state.memory import Copyable
from schedulers.heuristics.heuristic import Heuristic
from schedulers.network.shipped_folders import SHIPPED, SHIPPED_FOLDERS, WITH_FORECAST, WITHOUT_FORECAST
from schedulers.network.shipped_scheduler import GuardedDecider, ShippedScheduler, forecast_hours

STRETCH = 1.5  # a run may be so many times as long as the longest in training


class ShippedPair(Copyable, BaseScheduler):
    """A ShippedScheduler for runs like its training windows, foreseen and no longer, and one for all others.

    Any case will do.
    """

    compiled_entry = ShippedScheduler.compiled_entry

    def __init__(self, name: str = SHIPPED) -> None:
        self.name = name
        self.foreseeing = ShippedScheduler(SHIPPED_FOLDERS[WITH_FORECAST], name)
        self.other = ShippedScheduler(SHIPPED_FOLDERS[WITHOUT_FORECAST], name)

    def chosen_for(self, case: Case) -> ShippedScheduler:
        """The one of the two that decides in a case."""
        trained = self.foreseeing.range
        foreseen = forecast_hours(case) >= trained.forecast_h
        short = longest_s(case) <= STRETCH * trained.longest_s
        return self.foreseeing if foreseen and short else self.other

    def for_case(self, case: Case) -> GuardedDecider:
        """The decider of the network for this case."""
        return self.chosen_for(case).for_case(case)

    def beside(self, rule: Heuristic | None, case: Case) -> GuardedDecider:
        """The same with another heuristic than the checkpoint's; None for that."""
        return self.chosen_for(case).beside(rule, case)


def longest_s(case: Case) -> float:
    """How long a run of this case may last, as far as it is known when it begins; infinite if it is not."""
    end_s = min(case.inputs.end_s, NEVER_S if case.end_s is None else case.end_s)
    return float("inf") if end_s == NEVER_S else float(end_s - case.first_instant_s)
