"""A network and a heuristic in turns: whoever does better in simulated futures decides until the next check.

At a check both are played on from the present state, each in the same believed futures
(schedulers.lookahead.belief), to a horizon. This is policy switching by simulation: Chang, Givan and Chong,
Discrete Event Dynamic Systems 14, 2004, doi:10.1023/B:DISC.0000028199.78776.c4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    margin: float = 3.0
    budget: int = 20000
    arrivals: int = 0
    unserved: float = 0.2
    seed: int = 0


@dataclass
class Watch:
    """What one run of an environment has shown so far, and whose turn it is.

    checked_s: when both were last compared.
    """

    accuracy: Accuracy
    network_leads: bool
    checked_s: int = -NEVER_S


class Instant(NamedTuple):
    """An instant at which both policies are compared, up to `until_s`."""

    world: World
    e: int
    watch: Watch
    until_s: int


Player = Callable[[Believed, Any, int, int], tuple[float, bool]]
"""(belief, handle of a future, decision, end) -> (objective and prospects, whether there was room)."""


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
        now_s = int(world.env["now_s"][e])
        due = now_s >= watch.checked_s + round(self.effort.every * HOUR_S)
        before = self.network.reasons.copy()
        by_network = self.network.decide(world, e, status)
        if watch.network_leads and not due:
            return by_network
        by_rule = self.rule.decide(world, e, status)
        if due and by_rule != by_network:
            watch.checked_s = now_s
            at = Instant(world, e, watch, now_s + round(self.effort.horizon * HOUR_S))
            watch.network_leads = self._network_is_better(at, (by_network, by_rule))
        if watch.network_leads:
            return by_network
        self.network.reasons[:] = before  # it was only asked what it would have done
        self._led += 1
        self._overruled += by_rule != by_network
        return by_rule

    def remarks(self, decisions: int) -> list[str]:
        """What to say of a run that is over, of so many decisions."""
        said = self.network.remarks(decisions)
        if self.network.why_alone:
            return said
        compared = f"{self._checks:,} comparisons in simulated futures"
        if self._unaffordable:
            compared += f" and {self._unaffordable:,} for which the budget did not suffice"
        return [
            f"{self.rule.name} led for {self._led:,} of {decisions:,} decisions, by {compared}, and decided "
            f"{self._overruled:,} of them otherwise than the network would have",
            *said,
        ]

    # --- checks ---

    def _network_is_better(self, at: Instant, codes: tuple[int, int]) -> bool:
        """Whether the network is to lead from now on. codes: what network and heuristic would do now."""
        gains = self._gains(at, codes)
        if gains is None:
            self._unaffordable += 1
            return False
        self._checks += 1
        error = gains.std(ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else 0.0
        bar = self.effort.margin * error
        return bool(gains.mean() >= -bar if at.watch.network_leads else gains.mean() > bar)

    def _gains(self, at: Instant, codes: tuple[int, int]) -> np.ndarray | None:
        """By how much the network does better in each future; None where the budget suffices for too few."""
        effort = self.effort
        fewest = min(effort.samples, FEWEST_SAMPLES)
        believed = self._belief_of(at.world)
        self._lay(believed, at)
        budget = effort.budget
        gains: list[float] = []
        for sample in range(effort.samples):
            cost = 2 * max(believed.draw(sample), 1)
            if cost * (1 if gains else fewest) > budget:
                break
            budget -= cost
            by_network, by_rule = (
                self._played(believed, at, sample, code, player)
                for code, player in zip(codes, (self._play_network, self._play_rule), strict=True)
            )
            gains.append(by_network - by_rule)
        self._simulated_jobs += effort.budget - budget
        return np.array(gains) if len(gains) >= fewest else None

    def _played(self, believed: Believed, at: Instant, sample: int, decision: int, player: Player) -> float:
        """What comes of a decision now and a policy from then on in the future drawn last, in micro-units."""
        while True:
            code = decision if decision == WAIT else believed.code(decision)
            score, complete = player(believed, believed.handles[sample], code, at.until_s)
            if complete:
                return score
            believed.grow()
            self._lay(believed, at)
            believed.draw(sample)

    def _play_network(self, believed: Believed, w: Any, code: int, until_s: int) -> tuple[float, bool]:
        if self._view is None:
            self._view = BelievedView(self.network.observer)
        self._view.turn_to(believed)
        guarded = self.network.seen_in(self._view.obs, self._in_belief)
        score, complete = play_network(
            believed.words, believed.slots, w, self._view.address, guarded, self._terms, code, until_s
        )
        return float(score), bool(complete)

    def _play_rule(self, believed: Believed, w: Any, code: int, until_s: int) -> tuple[float, bool]:
        score, complete = play(
            believed.words, believed.slots, w, self.rule.policy, self._terms, code, until_s
        )
        return float(score), bool(complete)

    def _lay(self, believed: Believed, at: Instant) -> None:
        """Lay the belief, with two things of the real run that the network, unlike a heuristic, lives by."""
        believed.lay(at.world, at.e, at.until_s, at.watch.accuracy)
        real, env = at.world.env[at.e], believed.world.env
        env["inputs_end_s"][0] = real["inputs_end_s"]  # it sees for how long there is any supply
        if believed.issue >= 0 and not real["tick_s"]:  # and is asked at least when a forecast comes out
            env["tick_s"][0] = real["issue_step_s"]

    def _watch_of(self, world: World, e: int) -> Watch:
        """What this run of an environment has shown so far; a new run begins with nothing."""
        if e not in self._watched or not self._watched[e].accuracy.is_of(world, e):
            self._watched[e] = Watch(Accuracy(self.effort.seed), network_leads=True)
        return self._watched[e]

    def _belief_of(self, world: World) -> Believed:
        if self._believed is None or not self._believed.is_of(world):
            effort = self.effort
            self._believed = Believed(
                world, effort.samples, round(effort.horizon * HOUR_S), bool(effort.arrivals), effort.seed
            )
            self._view = None
        return self._believed
