"""A linear program put together piece by piece, and a bound from its duals that no rounding can break."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import highspy
import numpy as np
from scipy.sparse import csr_matrix, vstack

TOLERANCE = 1e-4  # of the solver; the bound holds for whatever multipliers it finds


@dataclass
class _Rows:
    """Constraints of one kind, as coordinates."""

    row: list[np.ndarray] = field(default_factory=list)
    column: list[np.ndarray] = field(default_factory=list)
    value: list[np.ndarray] = field(default_factory=list)
    right: list[np.ndarray] = field(default_factory=list)
    count: int = 0

    def matrix(self, columns: int) -> csr_matrix:
        """(R, C) coefficients; entries at the same place add up."""
        if not self.row:
            return csr_matrix((self.count, columns))
        parts = (np.concatenate(self.value), (np.concatenate(self.row), np.concatenate(self.column)))
        return csr_matrix(parts, shape=(self.count, columns))


@dataclass(frozen=True, slots=True)
class Solved:
    """x: (C,) the solver's solution; found: its cost; least: what no feasible point goes below.

    status: the solver's word, "optimal" or why it stopped. -inf is the least where it had no multipliers.
    """

    x: np.ndarray
    least: float
    found: float
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
        """New variables between 0 and `high`, which must be finite; their numbers."""
        high = np.atleast_1d(np.asarray(high, dtype=float))
        if not np.isfinite(high).all():
            raise ValueError("every variable of the program needs a finite upper bound")
        self._high.append(high)
        self._cost.append(np.broadcast_to(np.asarray(cost, dtype=float), high.shape).copy())
        self.columns += len(high)
        return np.arange(self.columns - len(high), self.columns)

    def add_rows(self, right: np.ndarray | float, equal: bool = False, count: int = 1) -> np.ndarray:
        """New rows without coefficients yet; their numbers among the rows of their kind."""
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
        """Add coefficients; the three broadcast against each other."""
        rows = self._equal if equal else self._at_most
        row, column, value = np.broadcast_arrays(row, column, value)
        rows.row.append(row.ravel())
        rows.column.append(column.ravel())
        rows.value.append(value.ravel().astype(float))

    @property
    def rows(self) -> int:
        """Constraints of both kinds."""
        return self._at_most.count + self._equal.count

    def solve(self, time_limit_s: float = 600.0) -> Solved:
        """Solve with HiGHS' interior point, on one thread. `least` holds whatever the solver's tolerances.

        Without crossover to a vertex: it took several times as long, and neither the bound nor the oracle
        needs one.
        """
        began_s = time.perf_counter()
        cost, high = np.concatenate(self._cost), np.concatenate(self._high)
        upper, equal = self._at_most.matrix(self.columns), self._equal.matrix(self.columns)
        upper_right, equal_right = _joined(self._at_most.right), _joined(self._equal.right)
        solver = _solver(time_limit_s)
        solver.passModel(_model(cost, high, upper, upper_right, equal, equal_right))
        solver.run()
        solve_s = time.perf_counter() - began_s
        solution = solver.getSolution()
        status = solver.modelStatusToString(solver.getModelStatus()).lower()
        if not solution.dual_valid:
            return Solved(np.zeros(self.columns), -np.inf, np.nan, solve_s, status)
        dual = np.array(solution.row_dual)
        weight = np.maximum(-dual[: upper.shape[0]], 0.0)
        least = _lagrangian(
            cost, high, upper, upper_right, weight, equal, equal_right, dual[upper.shape[0] :]
        )
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


def _model(
    cost: np.ndarray,
    high: np.ndarray,
    upper: csr_matrix,
    upper_right: np.ndarray,
    equal: csr_matrix,
    equal_right: np.ndarray,
) -> highspy.HighsLp:
    """The program in HiGHS' form: rows between two values."""
    matrix = vstack([upper, equal]).tocsc()
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = matrix.shape[1], matrix.shape[0]
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(len(high)), high
    model.row_lower_ = np.concatenate([np.full(len(upper_right), -highspy.kHighsInf), equal_right])
    model.row_upper_ = np.concatenate([upper_right, equal_right])
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    return model


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0)


def _lagrangian(
    cost: np.ndarray,
    high: np.ndarray,
    upper: csr_matrix,
    upper_right: np.ndarray,
    weight: np.ndarray,
    equal: csr_matrix,
    equal_right: np.ndarray,
    price: np.ndarray,
) -> float:
    """What no feasible point goes below, for any weight >= 0 and any price (weak duality).

    The rows are priced into the objective, and every variable takes its better end: right for any
    multipliers, so the solver's tolerances cannot make a bound of it that is none.
    """
    reduced = cost + upper.T @ weight - equal.T @ price
    return float(price @ equal_right - weight @ upper_right + np.minimum(reduced * high, 0.0).sum())
