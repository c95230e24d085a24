"""An upper bound on the objective of any schedule of a case, by a linear program (HiGHS).

The program is a relaxation. Left out: jobs run as fractions, move and change their level for free (restarts,
lost progress, checkpoints and waking nodes cost nothing), nodes in use are not rounded up, unused nodes draw
nothing except where they would take a surplus, and within a step energy may be used when it is wanted. Kept
exactly: run times, speed levels, arrivals, deadlines and the decline after them, cores, GPUs, memory, watts,
PUE, battery, import limit, price, carbon and the end. Kept as the most that any schedule can have: limits of
grid events, nodes that outages leave, arrivals after predecessors. docs/oracle.md says how tight it is.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np

from rare.model import Case
from rare.world import build_jobs
from schedulers.oracle.job_rows import JobRows, JobTerms, Scale
from schedulers.oracle.linear_program import Program, Solved
from schedulers.oracle.machine.first_starts import first_starts
from schedulers.oracle.power_rows import PowerRows
from schedulers.oracle.time_steps import Steps, end_of_gain_s, make_steps, step_edges
from traces.errors import InputError
from traces.numbers.constants import HOUR_S, MICRO

STEP_S = HOUR_S
LATE_SPANS = 4
GRANT_SHARE = 0.005
MOST_PRICES = 5  # programs solved where the value offered depends on the schedule
NEAR = 1e-4  # of the objective: how near two bounds of these are enough


@dataclass(frozen=True, slots=True)
class Bound:
    """The bound and the size of its program.

    bound: objective that no schedule exceeds, as a share of the value offered; None if the solver had no
    result in its time (see status). value_u: micro-units of value that no schedule exceeds. step_s: as
    requested; steps: their number, with the changes of inputs. granted: share of the value offered of the
    jobs that are too small to model and count as completed. rows, columns: size of the program.
    """

    bound: float | None
    value_u: float | None
    solve_s: float
    build_s: float
    steps: int
    step_s: int
    late_spans: int
    granted: float
    rows: int
    columns: int
    status: str

    def as_dict(self) -> dict[str, float | int | str | None]:
        """The fields by name, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The solution of the program, by which the oracle builds plans: x (C,) is the value of each variable."""

    bound: Bound
    steps: Steps
    terms: JobTerms
    x: np.ndarray


def upper_bound(
    case: Case,
    *,
    step_s: int = STEP_S,
    late_spans: int = LATE_SPANS,
    grant_share: float = GRANT_SHARE,
    time_limit_s: float = 600.0,
) -> Bound:
    """An upper bound on the objective of every schedule of a case.

    step_s: length of the steps; changes of inputs are edges too. late_spans: number of parts of the time
    after a deadline; a job that ends in a part earns its value at the beginning of it. grant_share: jobs of
    least value, up to this share of the value offered, count as completed without running. InputError if no
    job has a value, or if no bound exists (endless negative prices).
    """
    return relax(
        case, step_s=step_s, late_spans=late_spans, grant_share=grant_share, time_limit_s=time_limit_s
    ).bound


def relax(
    case: Case,
    *,
    step_s: int = STEP_S,
    late_spans: int = LATE_SPANS,
    grant_share: float = GRANT_SHARE,
    time_limit_s: float = 600.0,
) -> Relaxed:
    """The bound and the solution of its program; parameters and errors as for `upper_bound`."""
    if step_s < 1 or late_spans < 1 or not 0 <= grant_share < 1:
        raise InputError("bound: step_s and late_spans must be at least 1, grant_share from 0 to below 1")
    began_s = time.perf_counter()
    bounding = _Bounding(case, make_steps(case, step_edges(case, step_s)), late_spans, grant_share)
    first = bounding.solve(0.0, time_limit_s)
    build_s = time.perf_counter() - began_s - first.solved.solve_s
    value_u, share = first.value_u, None
    if value_u is not None:
        share = bounding.least_share(first, time_limit_s)
    bound = Bound(
        bound=share,
        value_u=value_u,
        solve_s=first.solved.solve_s,
        build_s=build_s,
        steps=len(bounding.steps.pue),
        step_s=step_s,
        late_spans=late_spans,
        granted=first.terms.granted_u / bounding.offered_u,
        rows=first.rows,
        columns=first.columns,
        status=first.solved.status,
    )
    return Relaxed(bound, bounding.steps, first.terms, first.solved.x)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A program solved. value_u: what no schedule exceeds, less the price of offers; None: no result."""

    terms: JobTerms
    solved: Solved
    value_u: float | None
    rows: int
    columns: int


class _Bounding:
    """The programs of a case. offered_u: value offered if every job arrives, in micro-units."""

    def __init__(self, case: Case, steps: Steps, late_spans: int, grant_share: float) -> None:
        self._case, self.steps, self._end_s = case, steps, end_of_gain_s(case)
        self._late_spans, self._grant_share = late_spans, grant_share
        self.offered_u = value_offered_u(case, self._end_s)
        if self.offered_u == 0:
            raise InputError(f"{case.workload.name}: no job has a value, so there is no objective to bound")
        self._dependent = first_starts(case).dependent

    def solve(self, offer_price: float, time_limit_s: float) -> _Outcome:
        """Build and solve the program in which a unit of value offered by choice costs so much of it."""
        program, scale = Program(), Scale(self.offered_u, self._late_spans, offer_price)
        rows = JobRows(program, self._case, self.steps, self._end_s, scale)
        terms = rows.add(self._grant_share * self.offered_u)
        PowerRows(program, self._case, self.steps, terms.runs, self.offered_u).add()
        solved = program.solve(time_limit_s)
        value_u = _value_u(self._case, terms, solved, self.offered_u)
        return _Outcome(terms, solved, value_u, program.rows, program.columns)

    def least_share(self, first: _Outcome, time_limit_s: float) -> float | None:
        """The bound as a share of the value offered.

        With predecessors (RULES §12.4) a schedule chooses what is offered: the fixed value A of the jobs that
        wait for none, and D of those that it lets arrive. With V(b) the bound on N - b D (offer_price = b),
        no objective N / (A + D) exceeds the larger of b and V(b) / A. The next b tried is the share that the
        last solution reaches, as in Dinkelbach's method (Management Science 13(7), 1967,
        doi:10.1287/mnsc.13.7.492).
        """
        assert first.value_u is not None
        if not self._dependent.any():
            return first.value_u / self.offered_u
        jobs = build_jobs(self._case)
        value_u = np.maximum(jobs.value_u, 0).astype(float)
        always_u = value_offered_u(self._case, self._end_s, ~self._dependent)
        if always_u == 0:
            return self._share_of_nothing()
        price, outcome, best = 0.0, first, first.value_u / always_u
        for _ in range(MOST_PRICES - 1):
            arrived_u = float((value_u * self._dependent * outcome.terms.completed(outcome.solved.x)).sum())
            assert outcome.value_u is not None
            price = (outcome.value_u + price * arrived_u) / (always_u + arrived_u)
            outcome = self.solve(price, time_limit_s)
            if outcome.value_u is None:
                break
            best = min(best, max(price, outcome.value_u / always_u))
            if best <= price + NEAR:
                break
        return best

    def _share_of_nothing(self) -> float:
        """The bound where no value is offered whatever a schedule does: nobody earns more than is offered."""
        if self.steps.pays_to_draw:
            raise InputError(
                f"{self._case.workload.name}: every job with a value waits for another and drawing power can "
                "earn money, so no bound on their share exists"
            )
        return 1.0


def value_offered_u(case: Case, end_s: int, chosen: np.ndarray | bool = True) -> float:
    """Value of the jobs that are submitted before the end and fit (RULES §6.5), in micro-units.

    chosen: (J,) bool, the jobs that count."""
    jobs = build_jobs(case)
    arrives = (jobs.part >= 0) & (jobs.submit_s < end_s) & chosen
    return float(np.maximum(jobs.value_u, 0)[arrives].astype(float).sum())


def _value_u(case: Case, terms: JobTerms, solved: Solved, offered_u: float) -> float | None:
    """Micro-units that no schedule exceeds; costs are rounded down once in the accounts (RULES §7.5)."""
    if not np.isfinite(solved.least):
        return None
    rounding_u = 1.0 + case.options.carbon_price_u_per_kg / MICRO
    return -solved.least * offered_u + terms.granted_u - terms.lost_u + rounding_u + 1e-9 * offered_u
