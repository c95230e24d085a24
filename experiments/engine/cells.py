"""Cells: units of work that do not depend on each other's memory, each with its result on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

INPUT, WORKER, BUG, NEEDS = "input", "worker", "bug", "needs"


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit of work.

    key     : hash of what its result depends on; names the result on disk
    label   : what messages call it
    payload : what to run; small, picklable, and never a result
    group   : cells of one group take about equally long
    needs   : keys of the cells whose results it reads from disk
    """

    key: str
    label: str
    payload: Any
    group: str = ""
    needs: tuple[str, ...] = ()


class CellWork(Protocol):
    """How a kind of cell is run. Instances are pickled to workers."""

    def is_done(self, cell: Cell) -> bool:
        """Whether the cell's result is on disk."""
        ...

    def run(self, cell: Cell) -> None:
        """Run the cell and write its result atomically. InputError: it cannot be done as it is asked."""
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a cell has no result.

    kind   : `input` (the cell cannot be done), `worker` (its workers died), `bug`, `needs` (another failed)
    line   : one line for the user
    detail : the traceback of a bug
    """

    kind: str
    line: str
    detail: str = ""
