"""A linear program, built column by column, and a lower bound from its duals that holds for inexact ones."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import highspy
import numpy as np
from scipy.sparse import csr_matrix, vstack

TOLERANCE = 1e-4  # of the solver; the bound holds for any multipliers that it returns


@dataclass
class _Rows:
    """Constraints of one kind under construction: coefficients by coordinates, right-hand sides."""

    row: list[np.ndarray] = field(default_factory=list)
    column: list[np.ndarray] = field(default_factory=list)
    value: list[np.ndarray] = field(default_factory=list)
    right: list[np.ndarray] = field(default_factory=list)
    count: int = 0

    def constraints(self, columns: int) -> _Constraints:
        """The rows as a matrix; coefficients at the same coordinates add up."""
        right = np.concatenate(self.right) if self.right else np.zeros(0)
        if not self.row:
            return _Constraints(csr_matrix((self.count, columns)), right)
        parts = (np.concatenate(self.value), (np.concatenate(self.row), np.concatenate(self.column)))
        return _Constraints(csr_matrix(parts, shape=(self.count, columns)), right)


@dataclass(frozen=True, slots=True)
class _Constraints:
    """matrix (R, C) times x, compared with right (R,)."""

    matrix: csr_matrix
    right: np.ndarray


@dataclass(frozen=True, slots=True)
class Solved:
    """The outcome of a solver run.

    x: (C,) solution. cost: its objective. least: lower bound on the cost of every feasible point; -inf if the
    solver returned no multipliers. status: the solver's own, "optimal" or why it stopped.
    """

    x: np.ndarray
    least: float
    cost: float
    solve_s: float
    status: str


class Program:
    """Minimise cost x subject to rows <= right, rows == right and finite bounds on every variable."""

    def __init__(self) -> None:
        self._cost: list[np.ndarray] = []
        self._high: list[np.ndarray] = []
        self._at_most, self._equal = _Rows(), _Rows()
        self.columns = 0

    def add_columns(self, high: np.ndarray, cost: np.ndarray | float = 0.0) -> np.ndarray:
        """Add variables between 0 and `high`; their column numbers. ValueError for an infinite `high`."""
        high = np.atleast_1d(np.asarray(high, dtype=float))
        if not np.isfinite(high).all():
            raise ValueError("every variable of the program needs a finite upper bound")
        self._high.append(high)
        self._cost.append(np.broadcast_to(np.asarray(cost, dtype=float), high.shape).copy())
        self.columns += len(high)
        return np.arange(self.columns - len(high), self.columns)

    def add_rows(self, right: np.ndarray | float, equal: bool = False, count: int = 1) -> np.ndarray:
        """Add rows without coefficients; returns their numbers among the rows of their kind.

        right: the right-hand sides, or one number for `count` rows. equal: rows == right, else <="""
        rows = self._equal if equal else self._at_most
        values = np.asarray(right, dtype=float)
        if values.ndim == 0:
            values = np.full(count, float(values))
        rows.right.append(values)
        rows.count += len(values)
        return np.arange(rows.count - len(values), rows.count)

    def put(
        self,
        row: np.ndarray | int,
        column: np.ndarray | int,
        value: np.ndarray | float,
        equal: bool = False,
    ) -> None:
        """Add coefficients at (row, column); the three arrays are broadcast. equal: as for the rows."""
        rows = self._equal if equal else self._at_most
        row, column, value = np.broadcast_arrays(row, column, value)
        rows.row.append(row.ravel())
        rows.column.append(column.ravel())
        rows.value.append(value.ravel().astype(float))

    @property
    def rows(self) -> int:
        """Number of constraints of both kinds."""
        return self._at_most.count + self._equal.count

    def solve(self, time_limit_s: float = 600.0) -> Solved:
        """Solve by HiGHS' interior point method on one thread. `least` is valid whatever its tolerances.

        Without crossover to a vertex: it took several times as long, and neither the bound nor the oracle
        needs one.
        """
        began_s = time.perf_counter()
        cost, high = np.concatenate(self._cost), np.concatenate(self._high)
        at_most, equal = self._at_most.constraints(self.columns), self._equal.constraints(self.columns)
        solver = _solver(time_limit_s)
        solver.passModel(_model(cost, high, at_most, equal))
        solver.run()
        solve_s = time.perf_counter() - began_s
        solution = solver.getSolution()
        status = solver.modelStatusToString(solver.getModelStatus()).lower()
        if not solution.dual_valid:
            return Solved(np.zeros(self.columns), -np.inf, np.nan, solve_s, status)
        dual = np.array(solution.row_dual)
        weight = np.maximum(-dual[: len(at_most.right)], 0.0)
        least = _lagrangian(cost, high, at_most, weight, equal, dual[len(at_most.right) :])
        x = np.clip(np.array(solution.col_value), 0.0, high)
        return Solved(x, least, float(cost @ x), solve_s, status)


def _solver(time_limit_s: float) -> highspy.Highs:
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("solver", "ipx"),
        ("run_crossover", "off"),
        ("threads", 1),
        ("time_limit", float(time_limit_s)),
        ("kkt_tolerance", TOLERANCE),
    ):
        solver.setOptionValue(option, value)
    return solver


def _model(cost: np.ndarray, high: np.ndarray, at_most: _Constraints, equal: _Constraints) -> highspy.HighsLp:
    """The program in HiGHS' form: every row between a lower and an upper limit."""
    matrix = vstack([at_most.matrix, equal.matrix]).tocsc()
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = matrix.shape[1], matrix.shape[0]
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(len(high)), high
    model.row_lower_ = np.concatenate([np.full(len(at_most.right), -highspy.kHighsInf), equal.right])
    model.row_upper_ = np.concatenate([at_most.right, equal.right])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    return model


def _lagrangian(
    cost: np.ndarray,
    high: np.ndarray,
    at_most: _Constraints,
    weight: np.ndarray,
    equal: _Constraints,
    price: np.ndarray,
) -> float:
    """A lower bound on the cost of any feasible point (weak duality).

    weight >= 0 and price are the multipliers of the rows. The rows enter the objective with them, and every
    variable takes its cheaper end. That is a bound for any multipliers, so the solver's tolerances cannot
    make it wrong.
    """
    reduced = cost + at_most.matrix.T @ weight - equal.matrix.T @ price
    return float(price @ equal.right - weight @ at_most.right + np.minimum(reduced * high, 0.0).sum())
