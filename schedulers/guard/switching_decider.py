"""A network and a heuristic in turns: whoever does better in simulated futures decides until the next check.

At a check both are played on from the present state, each in the same believed futures
(schedulers.lookahead.belief), to a horizon. This is policy switching by simulation: Chang, Givan and Chong,
Discrete Event Dynamic Systems 14, 2004, doi:10.1023/B:DISC.0000028199.78776.c4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.model import NEVER_S
from rare.scheduler import Decider
from rare.state.arrays import WAIT, World
from rare.state.memory import Copyable, arguments, fresh
from schedulers.guard.believed_view import BelievedView
from schedulers.guard.network_rollout import play_network
from schedulers.lookahead.belief import Believed
from schedulers.lookahead.estimate_accuracy import Accuracy
from schedulers.lookahead.rollout import play
from schedulers.network.guarded_loops import REASONS
from schedulers.network.shipped_scheduler import GuardedDecider
from traces.numbers.constants import HOUR_S

FEWEST_SAMPLES = 3  # with fewer the noise cannot be told from a gain: the heuristic decides


@dataclass(frozen=True, slots=True)
class CheckEffort:
    """How often and how hard to check.

    every: simulated hours between two checks at least. samples: futures. horizon: their length in hours.
    margin: standard errors of the paired difference by which the other policy must be better to take over.
    budget: simulated jobs a check, over both policies and all samples; where it does not suffice for
    FEWEST_SAMPLES futures, the heuristic decides. arrivals: 1: past arrivals come again, 0: none. unserved:
    what a job still here at the horizon counts for the part not done, as a share of its value. seed: of the
    futures.
    """

    every: float = 1.0
    samples: int = 8
    horizon: float = 24.0
    margin: float = 1.0
    budget: int = 20000
    arrivals: int = 0
    unserved: float = 0.2
    seed: int = 0
    first: int = 1
    memory: float = 0.0


@dataclass
class Watch:
    """What one run of an environment has shown so far, and whose turn it is.

    checked_s: when both were last compared.
    """

    accuracy: Accuracy
    network_leads: bool
    checked_s: int = -NEVER_S
    s: float = 0.0
    v: float = 0.0


class SwitchingDecider(Copyable, Decider):
    """Asks the network or the heuristic, whichever leads. What it learns in a run, it knows for that run
    alone.

    terms: (1,) schedulers.lookahead.rollout.TERMS, what the case counts in the objective.
    """

    def __init__(self, name: str, network: GuardedDecider, effort: CheckEffort, terms: np.recarray) -> None:
        rule = network.heuristic
        super().__init__(
            name, order=rule.order, order_param=rule.order_param, keeps_promises=rule.keeps_promises
        )
        self.network, self.rule, self.effort = network, rule, effort
        self._checks = self._unaffordable = self._led = self._overruled = self._simulated_jobs = 0
        self._watched: dict[int, Watch] = {}  # by environment
        self._jobs: np.ndarray | None = None  # the table of jobs whose runs are watched
        self._terms_array, self._terms = terms, arguments(terms)[0]
        self._in_belief = np.zeros(REASONS, np.int64)
        self._believed: Believed | None = None
        self._view: BelievedView | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_believed": None, "_view": None, "_terms": None}  # made anew at a check

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._terms_array, self._in_belief = fresh(state["_terms_array"]), fresh(state["_in_belief"])
        self._terms = arguments(self._terms_array)[0]

    @property
    def checks(self) -> int:
        """Comparisons of the two policies so far."""
        return self._checks

    @property
    def unaffordable(self) -> int:
        """Checks that the budget did not suffice for, so that the heuristic decided."""
        return self._unaffordable

    @property
    def overruled(self) -> int:
        """Decisions of the heuristic that are not what the network would have done."""
        return self._overruled

    @property
    def simulated_jobs(self) -> int:
        """Jobs simulated for the checks."""
        return self._simulated_jobs

    @property
    def fallback_decisions(self) -> int:
        """Decisions that the heuristic took so far, because it led or in place of the network."""
        return self._led + self.network.fallback_decisions

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision (rare.state.decisions)."""
        if self.network.why_alone:
            return self.network.decide(world, e, status)
        watch = self._watch_of(world, e)
        watch.accuracy.look(world, e)
        code = self._chosen(watch, world, e, status)
        watch.accuracy.decided(world, e, status, code)
        return code

    def _chosen(self, watch: Watch, world: World, e: int, status: int) -> int:
        due = int(world.env["now_s"][e]) >= watch.checked_s + round(self.effort.every * HOUR_S)
        before = self.network.reasons.copy()
        by_network = self.network.decide(world, e, status)
        if watch.network_leads and not due:
            return by_network
        by_rule = self.rule.decide(world, e, status)
        if due and by_rule != by_network:
            watch.checked_s = int(world.env["now_s"][e])
            watch.network_leads = self._network_is_better(watch, world, e, (by_network, by_rule))
        if watch.network_leads:
            return by_network
        self.network.reasons[:] = before  # it was only asked what it would have done
        self._led += 1
        self._overruled += by_rule != by_network
        return by_rule

    # --- checks ---

    def _network_is_better(self, watch: Watch, world: World, e: int, codes: tuple[int, int]) -> bool:
        """Whether the network is to lead from now on. codes: what network and heuristic would do now."""
        gains = self._gains(watch, world, e, codes)
        if gains is None:
            self._unaffordable += 1
            return False
        self._checks += 1
        r = self.effort.memory
        watch.s = r * watch.s + gains.mean()
        watch.v = r * r * watch.v + gains.var(ddof=1) / len(gains)
        bar = self.effort.margin * watch.v**0.5
        return bool(watch.s >= -bar if watch.network_leads else watch.s > bar)

    def _gains(self, watch: Watch, world: World, e: int, codes: tuple[int, int]) -> np.ndarray | None:
        """By how much the network does better in each future; None where the budget suffices for too few."""
        effort = self.effort
        believed = self._belief_of(world)
        until_s = int(world.env["now_s"][e]) + round(effort.horizon * HOUR_S)
        self._lay(believed, watch, world, e, until_s)
        budget, gains = effort.budget, []
        for sample in range(effort.samples):
            cost = 2 * max(believed.draw(sample), 1)
            if cost * min(effort.samples, FEWEST_SAMPLES) > budget and sample == 0:
                return None
            if cost > budget:
                break
            budget -= cost
            by_network, by_rule = (
                self._played(believed, watch, world, e, codes[place], sample, until_s, place == 0)
                for place in range(2)
            )
            gains.append(by_network - by_rule)
        self._simulated_jobs += effort.budget - budget
        return np.array(gains) if len(gains) >= min(effort.samples, FEWEST_SAMPLES) else None

    def _played(self, believed, watch, world, e, decision, sample, until_s, by_network) -> float:
        while True:
            code = decision if decision == WAIT else believed.code(decision)
            w = believed.handles[sample]
            if by_network:
                view = self._view_of(believed)
                guarded = self.network.seen_in(view.obs, self._in_belief)
                score, complete = play_network(
                    believed.words, believed.slots, w, view.address, guarded, self._terms, code, until_s
                )
            else:
                score, complete = play(
                    believed.words, believed.slots, w, self.rule.policy, self._terms, code, until_s
                )
            if complete:
                return float(score)
            believed.grow()
            self._lay(believed, watch, world, e, until_s)
            believed.draw(sample)

    def _lay(self, believed: Believed, watch: Watch, world: World, e: int, until_s: int) -> None:
        believed.lay(world, e, until_s, watch.accuracy)
        believed.world.env["inputs_end_s"][0] = world.env["inputs_end_s"][e]  # the network sees it

    def _view_of(self, believed: Believed) -> BelievedView:
        if self._view is None:
            self._view = BelievedView(self.network.observer)
        self._view.turn_to(believed)
        return self._view

    def _watch_of(self, world: World, e: int) -> Watch:
        """What this run of an environment has shown so far; a new run begins with nothing."""
        if e not in self._watched or not self._watched[e].accuracy.is_of(world, e):
            self._watched[e] = Watch(Accuracy(self.effort.seed), network_leads=bool(self.effort.first))
        return self._watched[e]

    def _belief_of(self, world: World) -> Believed:
        if self._believed is None or not self._believed.is_of(world):
            effort = self.effort
            self._believed = Believed(
                world, effort.samples, round(effort.horizon * HOUR_S), bool(effort.arrivals), effort.seed
            )
            self._view = None
        return self._believed
