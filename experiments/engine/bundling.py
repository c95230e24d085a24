"""Which cells are next, and how many of them go to a worker at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from experiments.engine.cells import NEEDS, Cell, Failure

BUNDLE_S = 60.0
"""Seconds of work in a bundle of short cells. A scheduler with many workers has little to do then."""
SHORTEST_S = 1.0
SHARES = 4
"""Near the end bundles become smaller: a worker gets at most this fraction of its share of what is left."""


class CellQueue:
    """The cells that wait, in their order; those that need others wait until these are done."""

    def __init__(self, cells: Sequence[Cell], done: set[str], failed: Mapping[str, str]) -> None:
        """done: keys of cells that need not be run. failed: labels of cells that failed, by key."""
        self._done, self._failed = set(done), dict(failed)
        self._ready: deque[Cell] = deque()
        self._blocked: dict[str, list[Cell]] = {}
        self._seconds: dict[str, tuple[float, int]] = {}
        self.failed_by_need: list[tuple[Cell, Failure]] = []
        """Cells that cannot be run because another one failed; whoever reads them empties the list."""
        for cell in cells:
            self._place(cell)

    def __len__(self) -> int:
        """Cells that could begin now."""
        return len(self._ready)

    def put_back(self, cells: Sequence[Cell]) -> None:
        """Cells that a worker did not come to: they are next."""
        self._ready.extendleft(reversed(cells))

    def ended(self, cell: Cell, failure: Failure | None, seconds: float = 0.0) -> None:
        """A cell is done, or failed; seconds: how long it took, 0 if that is not known."""
        if failure is None:
            self._done.add(cell.key)
            if seconds > 0:
                total, count = self._seconds.get(cell.group, (0.0, 0))
                self._seconds[cell.group] = total + seconds, count + 1
        else:
            self._failed[cell.key] = cell.label
        for waiting in self._blocked.pop(cell.key, []):
            self._place(waiting)

    def estimates_s(self) -> dict[str, float]:
        """Mean seconds of a cell of each group that has ended."""
        return {group: total / count for group, (total, count) in self._seconds.items()}

    def next(self, workers: int, most: int | None = None) -> tuple[Cell, ...]:
        """The cells of the next bundle; empty if none is ready. workers: how many share what is left.

        most: cells in a bundle at most. A cell whose group has not been timed yet is a bundle of its own.
        """
        if not self._ready:
            return ()
        estimates = self.estimates_s()
        target_s = self._target_s(estimates, workers)
        cells, seconds = [self._ready.popleft()], 0.0
        expected = estimates.get(cells[0].group)
        while self._ready and expected is not None and len(cells) != most:
            seconds += expected
            expected = estimates.get(self._ready[0].group)
            if expected is None or seconds + expected > target_s:
                break
            cells.append(self._ready.popleft())
        return tuple(cells)

    def _target_s(self, estimates: Mapping[str, float], workers: int) -> float:
        """Seconds of work that the next bundle should hold."""
        left_s = 0.0
        enough_s = BUNDLE_S * SHARES * max(workers, 1)
        for cell in self._ready:
            left_s += estimates.get(cell.group, BUNDLE_S)
            if left_s >= enough_s:
                return BUNDLE_S
        return min(BUNDLE_S, max(SHORTEST_S, left_s / (SHARES * max(workers, 1))))

    def _place(self, cell: Cell) -> None:
        for key in cell.needs:
            if key in self._failed:
                failure = Failure(NEEDS, f"needs {self._failed[key]}, which failed")
                self.failed_by_need.append((cell, failure))
                return
            if key not in self._done:
                self._blocked.setdefault(key, []).append(cell)
                return
        self._ready.append(cell)
