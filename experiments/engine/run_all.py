"""Runs cells until all are done, and starts workers only for what takes longer than to start them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from experiments.engine.cells import Cell, CellWork
from experiments.engine.run_cells import run_cells
from experiments.engine.where import Where
from experiments.process.progress import QUIET, ProgressDisplay

HERE = Where(workers=1)
ALONE_S = 5.0
"""To start workers and to load the simulator in them takes about as long."""


def run_all(
    work: CellWork,
    cells: Sequence[Cell],
    where: Where,
    book: Path,
    *,
    display: ProgressDisplay = QUIET,
    label: str = "cells",
    unit: str = "cells",
    on_end: Callable[[], None] = lambda: None,
    alone_s: float | None = None,
) -> None:
    """Run the cells that are not done; raises for the first that fails, as `run_cells` with stop_at_failure.

    If `where` leaves the number of workers open, cells run in this process, in their order, for `alone_s`
    before any are started: ALONE_S by default, 0 for cells that each take longer than that. on_end: called
    after each cell that is done.
    """
    if where == Where():
        ends_s = time.monotonic() + (ALONE_S if alone_s is None else alone_s)
        for cell in cells:
            if time.monotonic() >= ends_s:
                break
            if not work.is_done(cell):
                work.run(cell)
                on_end()
    run_cells(
        work,
        cells,
        where,
        book,
        display=display,
        label=label,
        unit=unit,
        on_end=lambda cell, failure: on_end(),
        stop_at_failure=True,
    )
