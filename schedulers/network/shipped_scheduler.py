"""A network kept to what it was trained on, as the one that ships is.

Out of its range a heuristic decides. The rule is in docs/results/model-card.md; what is in range the checkpoint says
itself (experiments.training.recipes.release puts it there).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rare.env.observation.observer import Observer
from rare.env.observation.shown_prices import AS_IN_THE_CASE, Dial
from rare.env.policies.deciders import Observers
from rare.model import Case
from rare.scheduler import BaseScheduler, Decider
from rare.state.arrays import World
from rare.state.memory import Copyable
from schedulers.heuristics.heuristic import Heuristic, parse
from schedulers.heuristics.heuristic_decider import HeuristicDecider
from schedulers.network.checkpoint_files import FACTS, describe_checkpoint
from schedulers.network.forward import Forward
from schedulers.network.guarded_loops import REASONS, STALLED, Guarded, answer_through, replay_guarded
from schedulers.network.learned_scheduler import POINTWISE, forward_of
from schedulers.network.shipped_folder import SHIPPED
from schedulers.network.trained_range import NAMES, TrainedRange
from traces.errors import InputError
from traces.numbers.constants import HOUR_S

SHOWN_REASONS = 3


class ShippedScheduler(Copyable, BaseScheduler):
    """A checkpoint with a fallback. Any case will do. Needs no torch.

    dial: prices that the network is shown in place of the case's.

    InputError for a folder that is no checkpoint, or one that does not say its range and its fallbacks.
    """

    compiled_entry = "replay_guarded"

    def __init__(self, folder: Path, name: str = SHIPPED, dial: Dial = AS_IN_THE_CASE) -> None:
        description = describe_checkpoint(folder)
        where, facts = str(description.folder / FACTS), description.facts
        self.name, self.layout, self.facts = name, description.layout, facts
        if description.network["kind"] != POINTWISE:
            raise InputError(f"{where}: is no pointwise network; only such a one runs without torch")
        self.range = TrainedRange.from_facts(facts.get("range", {}), where)
        self._forward = forward_of(description)
        self._bounds = self.range.bounds
        self._fallback = parse(str(facts.get("fallback")))
        self._without_value = parse(str(facts.get("fallback_without_value")))
        if dial != AS_IN_THE_CASE and not self.layout.prices:
            raise InputError(f"scheduler {name!r}: {where} was trained without prices, so it has no dial")
        self._observers = Observers(self.layout, dial)

    def for_case(self, case: Case) -> GuardedDecider:
        """A decider that has counted nothing yet."""
        return self.beside(None, case)

    def beside(self, rule: Heuristic | None, case: Case) -> GuardedDecider:
        """The same with another heuristic than the checkpoint's; None for that."""
        heuristic = self._own_rule(case) if rule is None else rule.for_case(case)
        guard = Guard(self._bounds, heuristic, why_alone(case, self.range))
        return GuardedDecider(self.name, self._observers.of(case), self._forward, guard)

    def _own_rule(self, case: Case) -> HeuristicDecider:
        try:
            return self._fallback.for_case(case)
        except InputError:  # it ranks by what this workload lacks
            return self._without_value.for_case(case)


@dataclass(frozen=True)
class Guard:
    """What keeps a network to its range in one case.

    bounds: low and high of each feature (TrainedRange.bounds). heuristic: takes the decisions out of range.
    alone: why it takes all of them; empty if it does not.
    """

    bounds: tuple[np.ndarray, np.ndarray]
    heuristic: HeuristicDecider
    alone: str


class GuardedDecider(Copyable, Decider):
    """A network where it is at home, a heuristic elsewhere.

    The queue is kept as the heuristic needs it: the network sees the same in any order. fallback: the name of
    the heuristic. why_alone: as Guard.alone.
    """

    def __init__(self, name: str, observer: Observer, forward: Forward, guard: Guard) -> None:
        heuristic = guard.heuristic
        super().__init__(
            name,
            order=heuristic.order,
            order_param=heuristic.order_param,
            sees_only_slots=not guard.alone,  # else the heuristic, which sees all jobs, decides alone
        )
        self.fallback, self.why_alone = heuristic.name, guard.alone
        self._observer, self._forward, self._guard = observer, forward, guard
        self._counts = np.zeros(REASONS, np.int64)

    @property
    def heuristic(self) -> HeuristicDecider:
        """What decides where the network does not."""
        return self._guard.heuristic

    @property
    def observer(self) -> Observer:
        """What the network sees by."""
        return self._observer

    @property
    def reasons(self) -> np.ndarray:
        """(REASONS,) int64: how often the heuristic decided, by why."""
        return self._counts

    @property
    def fallback_decisions(self) -> int:
        """Decisions that the heuristic took so far."""
        return int(self._counts.sum())

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision (rare.state.decisions)."""
        self._observer.turn_to(world)
        return int(answer_through(world.handles[e], self._observer.view, self._guarded()))

    def replay(self, handle: np.void, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        return int(replay_guarded(handle, self._observer.view_for(handle), steps, self._guarded()))

    def _guarded(self) -> Guarded:
        return self.seen_in(self._observer.obs, self._counts)

    def seen_in(self, obs: np.ndarray, counts: np.ndarray) -> Guarded:
        """Itself as compiled code takes it, with another observation (D,) and counts (REASONS,)."""
        guard = self._guard
        low, high = guard.bounds
        return Guarded(
            self._forward.network, obs, low, high, guard.heuristic.policy, bool(guard.alone), counts
        )

    def remarks(self, decisions: int) -> list[str]:
        """What to say of a run that is over, of so many decisions; nothing if the network took them all."""
        fallback_count, heuristic = self.fallback_decisions, self.fallback
        if self.why_alone:
            return [f"{heuristic} took all decisions: {self.why_alone}"]
        if fallback_count == 0:
            return []
        counts = [
            (int(self._counts[place]), NAMES[place]) for place in np.flatnonzero(self._counts[:STALLED])
        ]
        reasons = [f"{name} {count:,}" for count, name in sorted(counts, reverse=True)[:SHOWN_REASONS]]
        remark = f"{heuristic} took {fallback_count:,} of {decisions:,} decisions"
        if counts:
            beyond = f"{', '.join(reasons)}{', ...' if len(counts) > SHOWN_REASONS else ''}"
            remark += f", for what was to be seen lay outside what the network was trained on ({beyond})"
        stalled = int(self._counts[STALLED])
        if stalled:
            remark += f"{'; and' if counts else ','} where to wait would have stalled the run ({stalled:,})"
        return [remark]


def why_alone(case: Case, trained: TrainedRange) -> str:
    """Why the network is of no use in a whole case; empty if it is."""
    if not (case.workload.value_u > 0).any():
        return "no job has a value, so what the network was trained for does not exist"
    hours = forecast_hours(case)
    if hours < trained.forecast_h:
        reaches = f"a forecast of {hours:g} h" if hours else "no forecast"
        return (
            f"there is {reaches}, and the network needs {trained.forecast_h:g} h; give the scenario a "
            "[forecast] (docs/reference/forecasts.md)"
        )
    return ""


def forecast_hours(case: Case) -> float:
    """How many hours ahead the forecasts of a case reach; 0 without any."""
    if case.forecast is None:
        return 0.0
    return case.forecast.supply_mw.shape[1] * case.forecast.step_s / HOUR_S
