"""The jobs in the bound's linear program: when a job may run and how fast, and the value of its completion.

A fraction of a job completes on time, others late in one of a few spans of time, the rest never. The work
done by the end of a span covers the fraction completed by then. In a cell of time a fraction runs no longer
than that fraction of the cell, because a job runs at one place and at one speed level at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.model import NEVER_S, Case
from rare.rules.orders import SHORTEST_ALLOWANCE_S
from rare.world import build_jobs
from schedulers.oracle.linear_program import Program
from schedulers.oracle.machine.first_starts import FirstStarts, first_starts
from schedulers.oracle.machine.job_levels import job_levels, longest_run_s
from schedulers.oracle.packing_rows import Runs, nodes_alone, whole_nodes_mw
from schedulers.oracle.time_steps import Steps, most_it_mw


@dataclass(frozen=True, slots=True)
class JobTerms:
    """The variables of J jobs, and the constants that they add to the objective.

    on_time: (J,) column of the fraction completed by the deadline, -1: none. late: by job, columns of the
    late fractions, those too late for any value last. granted_u: value of the jobs that count as completed
    without running; granted_jobs: their number. lost_u: what all jobs that are due cost if they are late and
    not served. Completion on time earns all of it back, a late one the price for not being served.
    """

    runs: Runs
    on_time: np.ndarray
    late: list[np.ndarray]
    granted_u: float
    lost_u: float
    granted_jobs: int


def allowance_s(submit_s: int, deadline_s: int) -> int:
    """Time after the deadline in which the value falls to 0 [s] (RULES §6.2)."""
    return max(deadline_s - submit_s, SHORTEST_ALLOWANCE_S)


def worth(value_u: int, submit_s: int, deadline_s: int, end_s: float) -> float:
    """Value earned by ending at `end_s` (RULES §6.2), without its rounding down."""
    if deadline_s == NEVER_S or end_s <= deadline_s:
        return float(value_u)
    allowance = allowance_s(submit_s, deadline_s)
    return value_u * max(deadline_s + allowance - end_s, 0) / allowance


def completable(case: Case, starts: FirstStarts, end_s: int) -> np.ndarray:
    """(J,) bool: jobs that can start before the end, fit the machine, and are not cut at their estimate."""
    jobs = build_jobs(case)
    able = (jobs.part >= 0) & (starts.arrival_s < end_s) & ~starts.lost
    if case.options.kill_at_estimate:
        able &= jobs.work_s <= jobs.estimate_s
    return np.asarray(able)


class JobRows:
    """Adds the jobs of a case to a program. Values are divided by `unit_u`."""

    def __init__(
        self, program: Program, case: Case, steps: Steps, end_s: int, late_spans: int, unit_u: float
    ) -> None:
        self._program, self._case = program, case
        self._steps, self._edge_s, self._end_s = steps, steps.edge_s, end_s
        self._spans, self._unit_u = late_spans, unit_u
        self._jobs, self._levels, self._starts = build_jobs(case), job_levels(case), first_starts(case)
        self._longest_s = longest_run_s(case)
        self._most_mw, self._nodes = most_it_mw(case, steps), nodes_alone(case)
        self._alone_mw = self._levels.power_mw + whole_nodes_mw(case)[:, None]
        self._runs: list[tuple[np.ndarray, ...]] = []

    def add(self, grant_u: float) -> JobTerms:
        """Add every job. Those of least value, up to `grant_u` in all, count as completed without running."""
        jobs, starts = self._jobs, self._starts
        able = completable(self._case, starts, self._end_s)
        # whoever may never arrive, or leave before the deadline, may be spared the penalty
        due = (jobs.part >= 0) & (jobs.submit_s < self._end_s) & (jobs.deadline_s <= self._end_s)
        due &= ~starts.dependent & ~starts.cancelled
        self._unserved_u = jobs.unserved_u * due
        lost_u = self._case.options.violation_penalty_u * due + self._unserved_u
        gain_u = np.maximum(jobs.value_u, 0) + lost_u
        gainful = np.flatnonzero(able & (gain_u > 0))
        free = self._granted(gainful, gain_u, grant_u)
        on_time = np.full(len(jobs), -1, dtype=np.int64)
        late: list[np.ndarray] = [np.zeros(0, dtype=np.int64)] * len(jobs)
        for j in gainful:
            if not free[j]:
                on_time[j], late[j] = self._add_job(int(j), float(gain_u[j]))
        none = tuple(np.zeros(0, np.int64) for _ in range(6))
        runs = Runs(*(np.concatenate(parts) for parts in zip(none, *self._runs, strict=True)))
        granted_u = float(gain_u[free].sum())
        return JobTerms(runs, on_time, late, granted_u, float(lost_u.sum()), int(free.sum()))

    def _granted(self, gainful: np.ndarray, gain_u: np.ndarray, grant_u: float) -> np.ndarray:
        """(J,) bool: jobs that count as completed: of little value, without work, or with endless time."""
        free = np.zeros(len(gain_u), dtype=bool)
        by_gain = gainful[np.argsort(gain_u[gainful], kind="stable")]
        free[by_gain[np.cumsum(gain_u[by_gain].astype(float)) <= grant_u]] = True
        endless = min(self._case.inputs.end_s, self._case.end_s or NEVER_S) == NEVER_S
        if endless:
            free[gainful] |= (self._jobs.deadline_s[gainful] == NEVER_S) | (self._jobs.value_u[gainful] < 0)
        free[gainful] |= self._jobs.work_s[gainful] == 0
        return free

    def _add_job(self, j: int, gain_u: float) -> tuple[int, np.ndarray]:
        """Columns of the fractions completed on time and late."""
        job = self._jobs[j]
        first_s, work_s, deadline_s = int(self._starts.arrival_s[j]), int(job.work_s), int(job.deadline_s)
        last_s = min(deadline_s, self._end_s)
        on_time, columns = -1, []
        if first_s + work_s <= last_s:
            on_time = int(self._program.add_columns(np.ones(1), -gain_u / self._unit_u)[0])
            columns.append(on_time)
            self._on_time_rows(j, on_time, last_s)
        late = np.zeros(0, dtype=np.int64)
        if deadline_s < self._end_s and job.value_u > 0:
            late = self._late_rows(j)
        if self._unserved_u[j] > 0:
            late = np.append(late, self._worthless_rows(j))
        columns += late.tolist()
        if len(columns) > 1:
            row = self._program.add_rows(1.0)
            self._program.put(row, np.array(columns), 1.0)
        return on_time, late

    def _runs_in(self, j: int, cell_s: np.ndarray) -> np.ndarray:
        """(L, C) columns of the share of a job that runs at each useful level in each cell between edges.

        Cells lie within one step."""
        step = np.searchsorted(self._edge_s, cell_s[:-1], side="right") - 1
        no_room = self._nodes[j] > self._steps.nodes.most[self._jobs.part[j], step]
        levels = self._levels.of(j)
        columns = []
        for level, run_s in zip(levels, self._run_s(j, levels), strict=True):
            share = np.minimum(np.diff(cell_s) / run_s, 1.0)
            share[no_room | (self._alone_mw[j, level] > self._most_mw[step])] = 0.0  # not even alone
            columns.append(self._program.add_columns(share))
            same = np.ones(len(step), dtype=np.int64)
            power_mw = same * self._levels.power_mw[j, level]
            self._runs.append((columns[-1], same * j, step, same * level, same * run_s, power_mw))
        return np.array(columns)

    def _run_s(self, j: int, levels: np.ndarray) -> np.ndarray:
        """(L,) float: what the whole job takes at each of these levels."""
        return np.asarray(int(self._jobs.work_s[j]) / self._levels.rate[j, levels])

    def _cells(self, first_s: int, last_s: int, more_s: np.ndarray) -> np.ndarray:
        """(C,) edges of cells from first to last: those of the steps, and `more_s`."""
        low = np.searchsorted(self._edge_s, first_s, side="right")
        high = np.searchsorted(self._edge_s, last_s, side="left")
        return np.unique(np.concatenate([[first_s, last_s], self._edge_s[low:high], more_s])).astype(np.int64)

    def _one_at_a_time(self, j: int, runs: np.ndarray, cell_s: np.ndarray, fraction: np.ndarray) -> None:
        """Add that a fraction (C,) runs in a cell no longer than that fraction of the cell.

        Only where the whole job, at its slowest, takes longer than the cell: where this says anything."""
        run_s = self._run_s(j, self._levels.of(j))
        share = np.diff(cell_s) / run_s[0]  # of the work, at the fastest
        tight = np.diff(cell_s) < run_s.max()
        if tight.any():
            rows = self._program.add_rows(0.0, count=int(tight.sum()))
            for level_runs, longer in zip(runs, run_s / run_s[0], strict=True):
                self._program.put(rows, level_runs[tight], longer)
            self._program.put(rows, fraction[tight], -share[tight])

    def _on_time_rows(self, j: int, fraction: int, last_s: int) -> None:
        cell_s = self._cells(int(self._starts.arrival_s[j]), last_s, np.zeros(0))
        runs = self._runs_in(j, cell_s)
        row = self._program.add_rows(0.0, equal=True)
        self._program.put(row, runs, 1.0, equal=True)
        self._program.put(row, fraction, -1.0, equal=True)
        self._one_at_a_time(j, runs, cell_s, np.full(len(cell_s) - 1, fraction))

    def _late_rows(self, j: int) -> np.ndarray:
        """Columns of the fraction that completes in each late span; empty if none can."""
        job = self._jobs[j]
        arrival_s, work_s, deadline_s = int(self._starts.arrival_s[j]), int(job.work_s), int(job.deadline_s)
        allowance = allowance_s(int(job.submit_s), deadline_s)
        last_s = min(deadline_s + allowance - 1, self._end_s)
        first_s = max(deadline_s, arrival_s + work_s - 1)  # it completes after this second
        if first_s >= last_s:
            return np.zeros(0, dtype=np.int64)
        spans = max(1, min(self._spans, -(-self._spans * (last_s - first_s) // allowance)))
        span_s = np.unique(np.linspace(first_s, last_s, spans + 1).astype(np.int64))
        served = -float(self._unserved_u[j]) / self._unit_u
        fractions = self._program.add_columns(np.ones(len(span_s) - 1), served)
        cell_s = self._cells(arrival_s, last_s, span_s)
        runs = self._runs_in(j, cell_s)
        self._late_value(j, fractions, span_s[:-1] + 1, runs, cell_s[:-1])
        unfinished = self._unfinished(fractions)
        span = np.clip(np.searchsorted(span_s, cell_s[:-1], side="right") - 1, 0, len(fractions) - 1)
        self._one_at_a_time(j, runs, cell_s, unfinished[span])
        self._work_before(runs, span, fractions)
        return fractions

    def _worthless_rows(self, j: int) -> np.ndarray:
        """Column of the fraction that completes later than pays: served for nothing. Empty if none can.

        Whoever is not dropped at its expiry runs then, and is not stopped before its end (RULES §6.4).
        """
        job = self._jobs[j]
        first_s, last_s = int(self._starts.arrival_s[j]), self._end_s
        if job.value_u >= 0:
            expiry_s = int(job.deadline_s) + allowance_s(int(job.submit_s), int(job.deadline_s))
            last_s = min(last_s, expiry_s + int(self._longest_s[j]))
        if first_s >= last_s or job.deadline_s >= self._end_s:
            return np.zeros(0, dtype=np.int64)
        column = self._program.add_columns(np.ones(1), -float(self._unserved_u[j]) / self._unit_u)
        self._on_time_rows(j, int(column[0]), last_s)
        return column

    def _late_value(
        self, j: int, fractions: np.ndarray, end_s: np.ndarray, runs: np.ndarray, start_s: np.ndarray
    ) -> None:
        """Value earned late: at most what an end in each span is worth at its first second, `end_s`.

        And at most what follows from when it runs: a job ends no sooner than half its work after the mean
        time of its running, because it runs at most one second a second (Goemans, Queyranne, Schulz,
        Skutella and Wang, SIAM Journal on Discrete Mathematics 15(2), 2002,
        doi:10.1137/S089548019936223X). What runs in a cell runs at its beginning or later.
        """
        job, program = self._jobs[j], self._program
        submit_s, deadline_s, value_u = int(job.submit_s), int(job.deadline_s), int(job.value_u)
        allowance = allowance_s(submit_s, deadline_s)
        share = np.array([worth(value_u, submit_s, deadline_s, int(end)) / value_u for end in end_s])
        mean_share = (deadline_s + allowance - start_s - job.work_s / 2) / allowance
        earned = program.add_columns(np.ones(1), -value_u / self._unit_u)
        rows = program.add_rows(0.0, count=2)
        program.put(rows, earned, 1.0)
        program.put(rows[0], fractions, -share)
        program.put(rows[1], runs, -mean_share)

    def _unfinished(self, fractions: np.ndarray) -> np.ndarray:
        """Columns of the fraction that completes in or after each span."""
        program = self._program
        later = program.add_columns(np.ones(len(fractions)))
        rows = program.add_rows(0.0, equal=True, count=len(fractions))
        program.put(rows, later, 1.0, equal=True)
        program.put(rows, fractions, -1.0, equal=True)
        program.put(rows[:-1], later[1:], -1.0, equal=True)
        return later

    def _work_before(self, runs: np.ndarray, span: np.ndarray, fractions: np.ndarray) -> None:
        """Add: work done by the end of a span covers the fraction completed by then, exactly at the last."""
        program, count = self._program, len(fractions)
        ahead = program.add_columns(np.append(np.ones(count - 1), 0.0))
        rows = program.add_rows(0.0, equal=True, count=count)
        program.put(rows[span], runs, 1.0, equal=True)
        program.put(rows, fractions, -1.0, equal=True)
        program.put(rows, ahead, -1.0, equal=True)
        program.put(rows[1:], ahead[:-1], 1.0, equal=True)
