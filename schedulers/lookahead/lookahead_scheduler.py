"""Lookahead: tries each promising action on copies of the state before it takes one.

At a decision the state is forked for each candidate, and a base heuristic plays on from there to a horizon,
in several futures: paths of the supply as the newest forecast has them (schedulers.lookahead.supply_paths),
run times drawn from the users' estimates and the accuracy of the jobs that have ended
(schedulers.lookahead.estimate_accuracy), and no further
arrivals, or arrivals drawn from those seen so far (schedulers.lookahead.belief). All candidates meet the same
futures. The best mean objective wins; ties, and differences within the noise, go to what the base heuristic
itself would do. Speed levels are tried where the base uses them (schedulers.lookahead.candidates). This is a
rollout, one step of policy improvement: Bertsekas, Tsitsiklis and Wu, Journal of Heuristics 3, 1997,
doi:10.1023/A:1009635226865; halving the candidates as the samples add up: Karnin, Koren and Somekh, ICML
2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.model import Case
from rare.scheduler import BaseScheduler, Decider
from rare.state.arrays import WAIT, World
from rare.state.memory import Copyable, arguments, fresh, records
from schedulers.heuristics.heuristic import Heuristic, parse
from schedulers.heuristics.heuristic_decider import HeuristicDecider
from schedulers.lookahead.belief import Believed
from schedulers.lookahead.candidates import CANDIDATE, promising_codes
from schedulers.lookahead.effort_names import effort_of, split_parts
from schedulers.lookahead.estimate_accuracy import Accuracy
from schedulers.lookahead.rollout import play, terms_of
from traces.errors import InputError
from traces.numbers.constants import HOUR_S

DEFAULT_BASE = "hvf+greedy"
DEFAULT_BASE_AT_LEVELS = "hvf+greedy+slow"
MOST_NOTED = 512  # actions of one decision that are looked at for pruning
FEWEST_SAMPLES = 3  # for fewer the noise cannot be told from a gain: rather fewer candidates
HALVED_AFTER = (3, 6, 12, 24, 48)  # samples after which the worse half of the candidates is dropped


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look.

    budget: simulated jobs a decision, over all candidates and samples; when the next round would exceed it,
    the best so far is taken; 0: the base heuristic alone. candidates: at most so many, WAIT and the base's
    choice among them. samples: futures. horizon: hours. arrivals: 1: past arrivals come again, 0: none.
    unserved: what a job still here at the horizon counts for the part not done, as a share of its value.
    margin: standard errors by which another action must beat the base's. seed: of the futures.
    """

    budget: int = 3000
    candidates: int = 6
    samples: int = 16
    horizon: float = 24.0
    arrivals: int = 0
    unserved: float = 0.2
    margin: float = 1.0
    seed: int = 0


_RANGES = {
    "budget": (0, 10**9),
    "candidates": (2, 64),
    "samples": (1, 64),
    "horizon": (0.25, 720),
    "arrivals": (0, 1),
    "unserved": (0, 1),
    "margin": (0, 100),
    "seed": (0, 2**31),
}


class Lookahead(BaseScheduler):
    """A base heuristic, improved by trying its alternatives. Runs on both clocks."""

    def __init__(
        self, name: str, base: Heuristic, effort: Effort, base_at_levels: Heuristic | None = None
    ) -> None:
        """base_at_levels: instead of `base`, on a case with speed levels."""
        self.name, self.base, self.effort = name, base, effort
        self.base_at_levels = base if base_at_levels is None else base_at_levels

    def base_for(self, case: Case) -> Heuristic:
        """The heuristic that is improved on this case."""
        return self.base_at_levels if any(part.speeds for part in case.cluster.partitions) else self.base

    def check(self, case: Case) -> None:
        """Refuse a case without values, or one on which the base cannot work."""
        if not (case.workload.value_u > 0).any():
            raise InputError(
                f"scheduler {self.name!r} seeks the highest objective, and no job has a value; use a "
                "scenario with service classes, or a workload that has values"
            )
        self.base_for(case).check(case)

    def for_case(self, case: Case) -> LookaheadDecider:
        """A decider that has seen no run yet. InputError where `check` refuses the case."""
        self.check(case)
        terms = terms_of(case, self.effort.unserved)
        return LookaheadDecider(self.name, self.base_for(case).for_case(case), self.effort, terms)


class LookaheadDecider(Copyable, Decider):
    """Looks into each decision. What it learns of the estimates in a run, it knows for that run alone.

    terms: (1,) schedulers.lookahead.rollout.TERMS, what the case counts in the objective.
    """

    def __init__(self, name: str, base: HeuristicDecider, effort: Effort, terms: np.recarray) -> None:
        super().__init__(
            name, order=base.order, order_param=base.order_param, keeps_promises=base.keeps_promises
        )
        self.base, self.effort = base, effort
        self._at_levels = base.uses_speeds
        self._looks = self._simulated_jobs = self._overruled = 0
        self._noted = records((MOST_NOTED,), CANDIDATE)
        self._believed: Believed | None = None
        self._watched: dict[int, Accuracy] = {}  # by environment
        self._terms_array, self._terms = terms, arguments(terms)[0]
        self._jobs: np.ndarray | None = None  # the table of jobs whose runs are watched

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_believed": None, "_terms": None}  # laid anew at each decision

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._noted, self._terms_array = fresh(state["_noted"]), fresh(state["_terms_array"])
        self._terms = arguments(self._terms_array)[0]

    @property
    def looks(self) -> int:
        """Decisions that were looked into so far."""
        return self._looks

    @property
    def simulated_jobs(self) -> int:
        """Jobs simulated for them."""
        return self._simulated_jobs

    @property
    def overruled(self) -> int:
        """Decisions that are not the base's."""
        return self._overruled

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision (rare.state.decisions)."""
        usual = self.base.decide(world, e, status)
        if self.effort.budget == 0:
            return usual
        believed = self._copy_of(world)
        accuracy = self._accuracy_of(world, e)
        accuracy.look(world, e)
        choices = promising_codes(
            world.handles[e], self._noted, status, usual, self.effort.candidates, self._at_levels
        )
        best = self._best(believed, world, e, choices) if len(choices) > 1 else usual
        accuracy.decided(world, e, status, best)
        self._overruled += best != usual
        return best

    # --- rollouts ---

    def _best(self, believed: Believed, world: World, e: int, choices: list[int]) -> int:
        """The choice with the best mean objective, the first where none is better beyond the noise."""
        effort = self.effort
        now_s = int(world.env["now_s"][e])
        until_s = now_s + round(effort.horizon * HOUR_S)
        believed.lay(world, e, until_s, self._watched[e])
        budget = effort.budget
        scores = np.full((len(choices), effort.samples), np.nan)
        racing = list(range(len(choices)))
        sampled = 0
        for sample in range(effort.samples):
            cost = max(believed.draw(sample), 1)
            if sampled == 0:
                racing = racing[: budget // (cost * min(effort.samples, FEWEST_SAMPLES))]
            if len(racing) < 2 or cost * len(racing) > budget:
                break
            for place in racing:
                scores[place, sample] = self._play(believed, world, e, choices[place], sample, until_s)
            budget -= cost * len(racing)
            sampled += 1
            if sampled in HALVED_AFTER and len(racing) > 2:
                challengers = sorted(racing[1:], key=lambda place: (-scores[place, :sampled].mean(), place))
                racing = [0, *sorted(challengers[: (len(challengers) + 1) // 2])]
        self._looks += 1
        self._simulated_jobs += effort.budget - budget
        return choices[self._winner(scores[:, :sampled], racing)] if sampled else choices[0]

    def _winner(self, scores: np.ndarray, racing: list[int]) -> int:
        """The place of the best of those still racing; 0 unless it beats the base beyond the margin."""
        best = max(racing, key=lambda place: (scores[place].mean(), -place))
        gain = scores[best] - scores[0]
        error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else 0.0
        return best if gain.mean() > self.effort.margin * error else 0

    def _play(
        self, believed: Believed, world: World, e: int, choice: int, sample: int, until_s: int
    ) -> float:
        while True:
            code = choice if choice == WAIT else believed.code(choice)
            score, complete = play(
                believed.words,
                believed.slots,
                believed.handles[sample],
                self.base.policy,
                self._terms,
                code,
                until_s,
            )
            if complete:
                return float(score)
            believed.grow()
            believed.lay(world, e, until_s, self._watched[e])
            believed.draw(sample)

    def _accuracy_of(self, world: World, e: int) -> Accuracy:
        """What this run of an environment has shown so far; a new run begins with nothing."""
        if e not in self._watched or not self._watched[e].is_of(world, e):
            self._watched[e] = Accuracy(self.effort.seed)
        return self._watched[e]

    def _copy_of(self, world: World) -> Believed:
        if self._believed is None or not self._believed.is_of(world):
            effort = self.effort
            if self._jobs is None or not np.array_equal(self._jobs, world.jobs):
                self._watched = {}  # other jobs
            self._jobs = world.jobs
            self._believed = Believed(
                world,
                effort.samples,
                round(effort.horizon * HOUR_S),
                bool(effort.arrivals),
                effort.seed,
            )
        return self._believed


def parse_lookahead(name: str, **params: float) -> Lookahead:
    """The scheduler called lookahead[=BASE][+KEY=NUMBER...], such as 'lookahead=atc+easy+budget=2000'.

    BASE: any heuristic; by default hvf+greedy, or hvf+greedy+slow on a case with speed levels. Keys: those of
    `Effort`, in the name or as parameters. InputError for anything unknown or out of range.
    """
    words = name.strip().lower()
    head, _, base_text = words.partition("=")
    if "+" in head:  # the '=' belongs to a key
        base_text = words.partition("+")[2]
    base, numbers = split_parts(base_text, _RANGES)
    effort = effort_of(Effort, name, {**params, **numbers}, _RANGES)
    at_levels = None if base else parse(DEFAULT_BASE_AT_LEVELS)
    return Lookahead(words, parse(base or DEFAULT_BASE), effort, at_levels)
