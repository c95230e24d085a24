"""The oracle: a schedule made with true run times and true power, as a scheduler like any other.

Privileged: no scheduler at a real cluster knows what it knows. It is a teacher, and a measure of what is
left to gain. It plans the whole case when a run begins (`check`), or one window of a longer case
(`prepare`): every cheap heuristic is run, the bound's program is rounded, the best is improved by small
changes on the compiled clock, and what comes out best is carried out at the normal decision points. So it
is never worse than the heuristics it begins with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rare.episodes import Episode, window_case
from rare.model import Case
from rare.run import simulate
from rare.state.arrays import DECIDE_SHED, World
from rare.state.memory import Copyable
from schedulers.heuristics.heuristic import Heuristic, parse
from schedulers.oracle.bound import Bound, Relaxed, relax
from schedulers.oracle.job_plan import Plan, choose_planned, replay_plan, victim_planned
from schedulers.oracle.plan_search import PlanSearch
from traces.errors import InputError

BEGIN_WITH = (
    "easy", "greedy", "sjf+easy", "hvf+easy", "hvd+easy", "edf+easy", "slack+easy", "atc+easy", "hvf+greedy",
    "hvd+greedy", "edf+greedy", "atc=0.5+greedy", "conservative", "hvf+easy+green", "atc+easy+green",
    "hvf+easy+price",
)  # fmt: skip
TRIALS = 4000
FEWEST_WITH_PROGRAM = 1000  # `oracle=N` with fewer: the program would take longer than they


@dataclass(frozen=True, slots=True)
class Planned:
    """How a plan was come by. objective: what it gives, as a share of the value offered.

    started_with: the best heuristic and its objective. plan_better: whether a plan beats it. trials: runs
    of the case on the compiled clock, heuristics left out. bound: None if the program was not solved.
    """

    objective: float
    started_with: tuple[str, float]
    plan_better: bool
    trials: int
    bound: Bound | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is played: a plan, or the heuristic that no plan beats. how: None where no job has a value."""

    plan: Plan | None
    heuristic: Heuristic | None
    how: Planned | None


class Oracle(Copyable):
    """The scheduler `oracle`. trials: small changes tried; program: also round the bound's program.

    Windows are planned once: what `prepare` found is kept as long as the scheduler.
    """

    privileged = True
    _shared = ("_case",)

    def __init__(self, trials: int = TRIALS, *, program: bool = True, seed: int = 0) -> None:
        if trials < 0:
            raise InputError(f"oracle: trials must not be negative, got {trials}")
        self.name = "oracle"
        self._trials, self._program, self._seed = int(trials), program, seed
        self._case: Case | None = None
        self._windows: dict[tuple[int, Episode], tuple[Case, Schedule]] = {}
        self._schedule = Schedule(None, None, None)

    def __getstate__(self) -> dict[str, Any]:
        windows = [(case, episode, made) for (_, episode), (case, made) in self._windows.items()]
        return {**self.__dict__, "_windows": windows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._windows = {(id(case), episode): (case, made) for case, episode, made in state["_windows"]}

    @property
    def order(self) -> int:
        """Code of the order in which the queue is kept: the heuristic's where none of the plans beat it."""
        heuristic = self._schedule.heuristic
        return 0 if heuristic is None else heuristic.order

    @property
    def order_param(self) -> float:
        """Parameter of that order."""
        heuristic = self._schedule.heuristic
        return 2.0 if heuristic is None else heuristic.order_param

    @property
    def planned(self) -> Planned | None:
        """How the schedule at hand was come by."""
        return self._schedule.how

    def check_quickly(self, case: Case) -> None:
        """Refuse what `check` refuses, without a plan. InputError without any value."""
        if not _has_value(case):
            raise InputError(f"{case.workload.name}: no job has a value, so the oracle has nothing to aim at")

    def check(self, case: Case) -> None:
        """Plan this case, unless it is planned already. InputError without any value."""
        if case is self._case:
            return
        self.check_quickly(case)
        self._schedule, self._case = self._make(case), case

    def prepare(self, case: Case, episode: Episode) -> None:
        """Plan a window of a longer case, unless it is planned already; job indices are the longer case's.

        Where no job of the window has a value, it is played first come, first served, with backfilling.
        """
        key = (id(case), episode)
        if key not in self._windows:
            own = window_case(case, episode)
            made = self._make(own) if _has_value(own) else Schedule(None, parse("easy"), None)
            if made.plan is not None:
                made.plan.begin_at(episode.first_job)
            self._windows[key] = (case, made)  # the case too, so that its id stays its own
        self._schedule, self._case = self._windows[key][1], None

    def _make(self, case: Case) -> Schedule:
        heuristics = heuristics_on(case)
        best_name = max(heuristics, key=lambda name: heuristics[name][0])
        search = PlanSearch(case, self._seed)
        search.seed_from_values()
        for _, starts_s in heuristics.values():
            search.seed_from_starts(starts_s)
        relaxed = self._relaxed(case)
        if relaxed is not None:
            search.seed_from_relaxation(relaxed)
        search.climb(self._trials)
        return self._best(search, best_name, heuristics[best_name][0], relaxed)

    def _relaxed(self, case: Case) -> Relaxed | None:
        if not self._program:
            return None
        try:
            relaxed = relax(case)
        except InputError:  # a case without a bound can be scheduled all the same
            return None
        return relaxed if relaxed.bound.bound is not None else None

    @staticmethod
    def _best(search: PlanSearch, name: str, objective: float, relaxed: Relaxed | None) -> Schedule:
        found = search.best_u / max(search.trial.offered_u, 1)
        better = found > objective
        search.plan.rows[:] = search.best_rows
        how = Planned(
            objective=max(found, objective),
            started_with=(name, objective),
            plan_better=better,
            trials=search.trial.tried,
            bound=None if relaxed is None else relaxed.bound,
        )
        return Schedule(search.plan, None, how) if better else Schedule(None, parse(name), how)

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision, as a slot (rare.scheduler.Decider)."""
        if self._schedule.heuristic is not None:
            return self._schedule.heuristic.decide(world, e, status)
        rule = victim_planned if status == DECIDE_SHED else choose_planned
        return int(rule(world.handles[e], self._handle()))

    def replay(self, handle: Any, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        if self._schedule.heuristic is not None:
            return self._schedule.heuristic.replay(handle, steps)
        return int(replay_plan(handle, self._handle(), steps))

    def _handle(self) -> Any:
        if self._schedule.plan is None:
            raise InputError("oracle: has no plan yet; call check(case) with the case that is run")
        return self._schedule.plan.handle


def _has_value(case: Case) -> bool:
    return bool((case.workload.value_u > 0).any())


def heuristics_on(case: Case, names: tuple[str, ...] = BEGIN_WITH) -> dict[str, tuple[float, Any]]:
    """Objective and (J,) first starts of each heuristic that can work on the case."""
    found: dict[str, tuple[float, Any]] = {}
    for name in names:
        heuristic: Any = parse(name)
        try:
            result = simulate(case, heuristic, record=False)
        except InputError:
            continue
        objective = result.metrics["objective"]
        if objective is not None:
            found[name] = (float(objective), result.jobs["start_s"])
    if not found:
        raise InputError(f"{case.workload.name}: no job that arrives and fits has a value")
    return found
