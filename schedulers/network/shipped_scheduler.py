"""A network under guard, kept to what it was trained on, as both of those that ship are.

Out of its range a heuristic decides. The rule is in docs/model-card.md; what is in range the checkpoint says
itself (experiments.training.recipes.release puts it there).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rare.env.observation.observer import Observer
from rare.model import Case
from rare.state.arrays import World
from rare.state.memory import Copyable
from schedulers.heuristics.heuristic import Heuristic, parse
from schedulers.network.checkpoint_files import FACTS, describe_checkpoint
from schedulers.network.guarded_loops import REASONS, STALLED, Guarded, answer_through, replay_guarded
from schedulers.network.learned_scheduler import forward_of
from schedulers.network.trained_range import NAMES, TrainedRange
from schedulers.registry import SHIPPED
from traces.constants import HOUR_S
from traces.errors import InputError

SHOWN_REASONS = 3


class ShippedScheduler(Copyable):
    """A checkpoint with a fallback (rare.scheduler.Decider). Needs no torch.

    fallback_decisions: how many decisions since `check` the heuristic took.
    """

    _shared = ("_case",)
    compiled_entry = "replay_guarded"

    def __init__(self, folder: Path, name: str = SHIPPED) -> None:
        found = describe_checkpoint(folder)
        where = str(found.folder / FACTS)
        self.name, self.layout, self.facts = name, found.layout, found.facts
        if found.network["kind"] != "pointwise":
            raise InputError(f"{where}: is no pointwise network; only such a one runs without torch")
        self.range = TrainedRange.from_facts(found.facts.get("range", {}), where)
        self._forward = forward_of(found)
        self._bounds = self.range.bounds
        self._fallback = parse(str(found.facts.get("fallback")))
        self._without_value = parse(str(found.facts.get("fallback_without_value")))
        self._counts = np.zeros(REASONS, np.int64)
        self._case: Case | None = None
        self._observer: Observer | None = None
        self._heuristic, self._alone = self._fallback, ""

    def check(self, case: Case) -> None:
        """Make ready for a case, and begin to count anew; any case will do."""
        if case is not self._case:
            self._case, self._observer = case, Observer(case, self.layout)
        self._counts[:] = 0
        self._alone = why_alone(case, self.range)
        self._heuristic = self._fallback
        try:
            self._fallback.check(case)
        except InputError:  # it ranks by what this workload lacks
            self._heuristic = self._without_value
            self._heuristic.check(case)

    @property
    def order(self) -> int:
        """How the queue is kept: as the heuristic needs it. The network sees the same in any order."""
        return self._heuristic.order

    @property
    def order_param(self) -> float:
        """The parameter of that order."""
        return self._heuristic.order_param

    @property
    def heuristic(self) -> Heuristic:
        """Who decides out of range in the case that was checked."""
        return self._heuristic

    @property
    def sees_only_slots(self) -> bool:
        """Whether jobs outside the slots are none of its business (rare.dataset)."""
        return not self._alone

    @property
    def fallback_decisions(self) -> int:
        """Decisions that the heuristic took since `check`."""
        return int(self._counts.sum())

    @property
    def observer(self) -> Observer:
        """What it looks through. RuntimeError before `check`."""
        if self._observer is None:
            raise RuntimeError(f"scheduler {self.name}: call check(case) before the first decision")
        return self._observer

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision, as a slot."""
        self.observer.turn_to(world)
        return int(answer_through(world.handles[e], self.observer.view, self._guarded()))

    def replay(self, handle: Any, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        observer = self.observer
        live_slots = int(handle["live_slots"])
        if live_slots != observer.live_slots:
            observer.make_room(live_slots)
        observer.look_anew()
        return int(replay_guarded(handle, observer.view, steps, self._guarded()))

    def _guarded(self) -> Guarded:
        low, high = self._bounds
        return Guarded(
            self._forward.network, self.observer.obs, low, high, self._heuristic.policy, bool(self._alone),
            self._counts,
        )  # fmt: skip

    def remarks(self, decisions: int) -> list[str]:
        """What to say of a run that is over, of so many decisions; nothing if the network took them all."""
        taken, heuristic = self.fallback_decisions, self._heuristic.name
        if self._alone:
            return [f"{heuristic} took all decisions: {self._alone}"]
        if taken == 0:
            return []
        named = [(int(self._counts[place]), NAMES[place]) for place in np.flatnonzero(self._counts[:STALLED])]
        reasons = [f"{name} {count:,}" for count, name in sorted(named, reverse=True)[:SHOWN_REASONS]]
        said = f"{heuristic} took {taken:,} of {decisions:,} decisions"
        if named:
            beyond = f"{', '.join(reasons)}{', ...' if len(named) > SHOWN_REASONS else ''}"
            said += f", for what was to be seen lay outside what the network was trained on ({beyond})"
        stalled = int(self._counts[STALLED])
        if stalled:
            said += f"{'; and' if named else ','} where to wait would have stalled the run ({stalled:,})"
        return [said]


def why_alone(case: Case, trained: TrainedRange) -> str:
    """Why the network is of no use in a whole case; empty if it is."""
    if not (case.workload.value_u > 0).any():
        return "no job has a value, so what the network was trained for does not exist"
    hours = forecast_hours(case)
    if hours < trained.forecast_h:
        reaches = f"a forecast of {hours:g} h" if hours else "no forecast"
        return (
            f"there is {reaches}, and the network needs {trained.forecast_h:g} h; give the scenario a "
            "[forecast] (docs/forecasts.md)"
        )
    return ""


def forecast_hours(case: Case) -> float:
    """How many hours ahead the forecasts of a case reach; 0 without any."""
    if case.forecast is None:
        return 0.0
    return case.forecast.supply_mw.shape[1] * case.forecast.step_s / HOUR_S
