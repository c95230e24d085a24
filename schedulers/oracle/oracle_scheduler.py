"""The oracle: a schedule made with true run times and true power, as a scheduler like any other.

Privileged: no scheduler at a real cluster knows what it knows. It is a teacher, and a measure of what is
left to gain. It plans the whole case before a run begins (`for_case`), or one window of a longer case
(`for_episode`): every cheap heuristic is run, the bound's program is rounded, the best is improved by small
changes on the compiled clock, and what comes out best is carried out at the normal decision points. So it
is never worse than the heuristics it begins with. Where jobs have speed levels the best plan without them is
where a second search begins, so it is never worse than that plan either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from rare.episodes import Episode, window_case
from rare.model import Case
from rare.rules.orders import FCFS
from rare.run import simulate
from rare.scheduler import DEFAULT_ORDER_PARAM, BaseScheduler, Decider
from rare.state.arrays import DECIDE_SHED, World
from rare.state.memory import Copyable
from schedulers.heuristics.heuristic import parse
from schedulers.heuristics.heuristic_decider import HeuristicDecider
from schedulers.oracle.bound import Bound, Relaxed, relax
from schedulers.oracle.job_plan import Plan, choose_planned, replay_plan, victim_planned
from schedulers.oracle.level_plan import choose_at_level, replay_at_level, victim_at_level
from schedulers.oracle.level_search import LevelSearch, has_levels
from schedulers.oracle.plan_search import PlanSearch
from traces.errors import InputError

BEGIN_WITH = (
    "easy", "greedy", "sjf+easy", "hvf+easy", "hvd+easy", "edf+easy", "slack+easy", "atc+easy", "hvf+greedy",
    "hvd+greedy", "edf+greedy", "atc=0.5+greedy", "conservative", "hvf+easy+green", "atc+easy+green",
    "hvf+easy+price",
)  # fmt: skip
BEGIN_WITH_LEVELS = tuple(f"{name}+slow" for name in BEGIN_WITH if "conservative" not in name)
Outcomes: TypeAlias = dict[str, tuple[float, np.ndarray]]
TRIALS = 4000
FEWEST_WITH_PROGRAM = 1000  # `oracle=N` with fewer: the program would take longer than they


@dataclass(frozen=True, slots=True)
class Planned:
    """How a plan was come by. objective: what it gives, as a share of the value offered.

    started_with: the best heuristic and its objective. plan_better: whether a plan beats it. trials: runs
    of the case on the compiled clock, heuristics left out. bound: None if the program was not solved.
    full_speed: what the best plan without speed levels gives.
    """

    objective: float
    started_with: tuple[str, float]
    plan_better: bool
    trials: int
    bound: Bound | None
    full_speed: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is played: a plan, or the heuristic that no plan beats. how: None where no job has a value."""

    player: Plan | HeuristicDecider
    how: Planned | None


class Oracle(Copyable, BaseScheduler):
    """The scheduler `oracle`. trials: small changes tried, with speed levels twice as many; program: also
    round the bound's program.

    A plan is kept as long as the scheduler: of the last case, and of all windows.
    """

    privileged = True
    compiled_entry = "replay"
    _shared = ("_case",)

    def __init__(
        self, trials: int = TRIALS, *, program: bool = True, seed: int = 0, name: str = "oracle"
    ) -> None:
        if trials < 0:
            raise InputError(f"oracle: trials must not be negative, got {trials}")
        self.name = name
        self._trials, self._program, self._seed = int(trials), program, seed
        self._case: Case | None = None
        self._schedule: Schedule | None = None  # of that case
        self._windows: dict[tuple[int, Episode], tuple[Case, Schedule]] = {}

    def __getstate__(self) -> dict[str, Any]:
        windows = [(case, episode, schedule) for (_, episode), (case, schedule) in self._windows.items()]
        return {**self.__dict__, "_windows": windows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._windows = {
            (id(case), episode): (case, schedule) for case, episode, schedule in state["_windows"]
        }

    def check(self, case: Case) -> None:
        """InputError without any value. Plans nothing."""
        if not _has_value(case):
            raise InputError(f"{case.workload.name}: no job has a value, so the oracle has nothing to aim at")

    def for_case(self, case: Case) -> OracleDecider:
        """Plan this case, unless it was the last one. InputError without any value."""
        if self._schedule is None or case is not self._case:
            self.check(case)
            self._schedule, self._case = self._make(case), case
        return OracleDecider(self.name, self._schedule)

    def for_episode(self, case: Case, episode: Episode) -> OracleDecider:
        """Plan a window of a longer case, unless it is planned already; job indices are the longer case's.

        Where no job of the window has a value, it is played first come, first served, with backfilling.
        """
        key = (id(case), episode)
        if key not in self._windows:
            window = window_case(case, episode)
            schedule = (
                self._make(window) if _has_value(window) else Schedule(parse("easy").for_case(window), None)
            )
            if isinstance(schedule.player, Plan):
                schedule.player.begin_at(episode.first_job)
            self._windows[key] = (case, schedule)  # the case too, so that its id stays its own
        return OracleDecider(self.name, self._windows[key][1])

    def _make(self, case: Case) -> Schedule:
        heuristics = heuristics_on(case)
        search = PlanSearch(case, self._seed)
        search.seed_from_values()
        for _, starts_s in heuristics.values():
            search.seed_from_starts(starts_s)
        relaxed = self._relaxed(case)
        if relaxed is not None:
            search.seed_from_relaxation(relaxed)
        search.climb(self._trials)
        full_speed = search.best_u / max(search.trial.offered_u, 1)
        if has_levels(case):
            slower = heuristics_on(case, BEGIN_WITH_LEVELS)
            search = self._at_levels(case, search, slower, relaxed)
            heuristics |= slower
        best_name = max(heuristics, key=lambda name: heuristics[name][0])
        return self._best(case, search, full_speed, (best_name, heuristics[best_name][0]), relaxed)

    def _at_levels(
        self, case: Case, search: PlanSearch, heuristics: Outcomes, relaxed: Relaxed | None
    ) -> LevelSearch:
        """The search that goes on from one without speed levels."""
        levels = LevelSearch(case, search, self._seed)
        levels.seed_from_values()
        for _, starts_s in heuristics.values():
            levels.seed_from_starts(starts_s)
        if relaxed is not None:
            levels.seed_from_relaxation(relaxed)
        levels.climb(self._trials)
        return levels

    def _relaxed(self, case: Case) -> Relaxed | None:
        if not self._program:
            return None
        try:
            relaxed = relax(case)
        except InputError:  # a case without a bound can be scheduled all the same
            return None
        return relaxed if relaxed.bound.bound is not None else None

    @staticmethod
    def _best(
        case: Case,
        search: PlanSearch,
        full_speed: float,
        best_heuristic: tuple[str, float],
        relaxed: Relaxed | None,
    ) -> Schedule:
        """The best plan, or the best heuristic (its name and objective) where no plan beats it."""
        name, objective = best_heuristic
        planned_objective = search.best_u / max(search.trial.offered_u, 1)
        better = planned_objective > objective
        search.restore(search.best)
        how = Planned(
            objective=max(planned_objective, objective),
            started_with=best_heuristic,
            plan_better=better,
            trials=search.trial.tried,
            bound=None if relaxed is None else relaxed.bound,
            full_speed=full_speed,
        )
        return Schedule(search.plan if better else parse(name).for_case(case), how)


class OracleDecider(Copyable, Decider):
    """Carries out a schedule. planned: how it was come by; None where no job has a value."""

    def __init__(self, name: str, schedule: Schedule) -> None:
        player = schedule.player
        if isinstance(player, Plan):
            super().__init__(name, order=FCFS, order_param=DEFAULT_ORDER_PARAM)
        else:
            super().__init__(name, order=player.order, order_param=player.order_param)
        self.planned = schedule.how
        self._player = player

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision (rare.state.decisions)."""
        if not isinstance(self._player, Plan):
            return self._player.decide(world, e, status)
        if self._player.at_levels:
            rule = victim_at_level if status == DECIDE_SHED else choose_at_level
        else:
            rule = victim_planned if status == DECIDE_SHED else choose_planned
        return int(rule(world.handles[e], self._player.handle))

    def replay(self, handle: np.void, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        if not isinstance(self._player, Plan):
            return self._player.replay(handle, steps)
        replay = replay_at_level if self._player.at_levels else replay_plan
        return int(replay(handle, self._player.handle, steps))


def _has_value(case: Case) -> bool:
    return bool((case.workload.value_u > 0).any())


def heuristics_on(case: Case, names: tuple[str, ...] = BEGIN_WITH) -> Outcomes:
    """Objective and (J,) first starts of each heuristic that can work on the case."""
    starts_by_name: dict[str, tuple[float, np.ndarray]] = {}
    for name in names:
        try:
            result = simulate(case, parse(name), record=False)
        except InputError:
            continue
        objective = result.metrics["objective"]
        if objective is not None:
            starts_by_name[name] = (float(objective), result.jobs["start_s"])
    if not starts_by_name:
        raise InputError(f"{case.workload.name}: no job that arrives and fits has a value")
    return starts_by_name
