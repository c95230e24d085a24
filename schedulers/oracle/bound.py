"""An upper bound on the objective of any schedule of a case, by a linear program (HiGHS).

The program is a relaxation. Left out: jobs run as fractions, move and change their level for free (restarts,
lost progress, checkpoints and waking nodes cost nothing), nodes in use are not rounded up, unused nodes draw
nothing except where they would take a surplus, and within a step energy may be used when it is wanted. Kept
exactly: run times, speed levels, arrivals, deadlines and the decline after them, cores, GPUs, memory, watts,
PUE, battery, import limit, price, carbon and the end. Kept as the most that any schedule can have: limits of
grid events, nodes that outages leave, arrivals after predecessors. docs/results/oracle.md says how tight it is.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np

from rare.model import Case
from rare.world import build_jobs
from schedulers.oracle.job_rows import JobRows, JobTerms
from schedulers.oracle.linear_program import Program, Solved
from schedulers.oracle.power_rows import PowerRows
from schedulers.oracle.time_steps import Steps, end_of_gain_s, make_steps, step_edges
from traces.errors import InputError
from traces.numbers.constants import HOUR_S, MICRO

STEP_S = HOUR_S
LATE_SPANS = 4
GRANT_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class Bound:
    """The bound and the size of its program.

    bound: objective that no schedule exceeds, as a share of the value offered; None if the solver had no
    result in its time (see status). value_u: the same in micro-units of value. step_s: as requested;
    steps: their number, with the changes of inputs. granted: share of the value offered of the jobs that are
    too small to model and count as completed. rows, columns: size of the program.
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
    end_s = end_of_gain_s(case)
    offered_u = value_offered_u(case, end_s)
    if offered_u == 0:
        raise InputError(f"{case.workload.name}: no job has a value, so there is no objective to bound")
    steps = make_steps(case, step_edges(case, step_s))
    program = Program()
    terms = JobRows(program, case, steps, end_s, late_spans, offered_u).add(grant_share * offered_u)
    PowerRows(program, case, steps, terms.runs, offered_u).add()
    build_s = time.perf_counter() - began_s
    solved = program.solve(time_limit_s)
    value_u = _value_u(case, terms, solved, offered_u)
    bound = Bound(
        bound=None if value_u is None else value_u / offered_u,
        value_u=value_u,
        solve_s=solved.solve_s,
        build_s=build_s,
        steps=len(steps.pue),
        step_s=step_s,
        late_spans=late_spans,
        granted=terms.granted_u / offered_u,
        rows=program.rows,
        columns=program.columns,
        status=solved.status,
    )
    return Relaxed(bound, steps, terms, solved.x)


def value_offered_u(case: Case, end_s: int) -> float:
    """Value of the jobs that are submitted before the end and fit (RULES §6.5), in micro-units."""
    jobs = build_jobs(case)
    arrives = (jobs.part >= 0) & (jobs.submit_s < end_s)
    return float(np.maximum(jobs.value_u, 0)[arrives].astype(float).sum())


def _value_u(case: Case, terms: JobTerms, solved: Solved, offered_u: float) -> float | None:
    """Micro-units that no schedule exceeds; costs are rounded down once in the accounts (RULES §7.5)."""
    if not np.isfinite(solved.least):
        return None
    rounding_u = 1.0 + case.options.carbon_price_u_per_kg / MICRO
    return -solved.least * offered_u + terms.granted_u - terms.lost_u + rounding_u + 1e-9 * offered_u
