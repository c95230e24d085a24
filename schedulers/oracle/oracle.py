"""The oracle: a schedule made with true run times and true power, as a scheduler like any other.

Privileged: no scheduler at a real cluster knows what it knows. It is a teacher, and a measure of what is
left to gain. It plans the whole case when a run begins (`check`): every cheap heuristic is run, the bound's
program is rounded, the best is improved by small changes on the compiled clock, and what comes out best
is carried out at the normal decision points. So it is never worse than the heuristics it begins with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rare.model import Case
from rare.run import simulate
from rare.state import DECIDE_SHED, World
from schedulers.heuristics import Heuristic, parse
from schedulers.oracle.bound import Bound, Relaxed, relax
from schedulers.oracle.plan import Plan, choose_planned, replay_plan, victim_planned
from schedulers.oracle.search import PlanSearch
from traces.errors import InputError

BEGIN_WITH = (
    "easy", "greedy", "sjf+easy", "hvf+easy", "hvd+easy", "edf+easy", "slack+easy", "atc+easy", "hvf+greedy",
    "hvd+greedy", "edf+greedy", "atc=0.5+greedy", "conservative", "hvf+easy+green", "atc+easy+green",
    "hvf+easy+price",
)  # fmt: skip
TRIALS = 4000


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


class Oracle:
    """The scheduler `oracle`. trials: small changes tried; program: also round the bound's program."""

    privileged = True
    order_param = 2.0

    def __init__(self, trials: int = TRIALS, *, program: bool = True, seed: int = 0) -> None:
        if trials < 0:
            raise InputError(f"oracle: trials must not be negative, got {trials}")
        self.name = "oracle"
        self._trials, self._program, self._seed = int(trials), program, seed
        self._case: Case | None = None
        self._plan: Plan | None = None
        self._heuristic: Heuristic | None = None
        self.planned: Planned | None = None

    @property
    def order(self) -> int:
        """Code of the order in which the queue is kept: the heuristic's where none of the plans beat it."""
        return 0 if self._heuristic is None else self._heuristic.order

    def check(self, case: Case) -> None:
        """Plan this case, unless it is planned already. InputError without any value."""
        if case is self._case:
            return
        if not (case.workload.value_u > 0).any():
            raise InputError(f"{case.workload.name}: no job has a value, so the oracle has nothing to aim at")
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
        self._keep(case, search, best_name, heuristics[best_name][0], relaxed)

    def _relaxed(self, case: Case) -> Relaxed | None:
        if not self._program:
            return None
        try:
            relaxed = relax(case)
        except InputError:  # a case without a bound can be scheduled all the same
            return None
        return relaxed if relaxed.bound.bound is not None else None

    def _keep(
        self, case: Case, search: PlanSearch, name: str, objective: float, relaxed: Relaxed | None
    ) -> None:
        found = search.best_u / max(search.trial.offered_u, 1)
        better = found > objective
        self._case, self._plan, self._heuristic = case, search.plan, None if better else parse(name)
        search.plan.rows[:] = search.best_rows
        self.planned = Planned(
            objective=max(found, objective),
            started_with=(name, objective),
            plan_better=better,
            trials=search.trial.tried,
            bound=None if relaxed is None else relaxed.bound,
        )

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision, as a slot (rare.scheduler.Decider). Job indices are those of the planned case."""
        if self._heuristic is not None:
            return self._heuristic.decide(world, e, status)
        rule = victim_planned if status == DECIDE_SHED else choose_planned
        return int(rule(world.handles[e], self._handle()))

    def replay(self, handle: Any, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.compiled_clock)."""
        if self._heuristic is not None:
            return self._heuristic.replay(handle, steps)
        return int(replay_plan(handle, self._handle(), steps))

    def _handle(self) -> Any:
        if self._plan is None:
            raise InputError("oracle: has no plan yet; call check(case) with the case that is run")
        return self._plan.handle


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
