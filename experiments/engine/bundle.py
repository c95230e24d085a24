"""A bundle: cells that one worker runs one after another, as it looks from inside the worker."""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from experiments.engine.cell_book import MOST_TRIES, CellBook, worker_failure
from experiments.engine.cells import BUG, INPUT, Cell, CellWork, Failure
from experiments.process.code_identity import code_identity
from experiments.process.command_process import SCARCE
from traces.errors import InputError

ENDS_AT = "RARE_WORKER_ENDS_AT"
"""Environment variable: Unix time in seconds at which this worker is ended from outside."""
SPARE = 1.2
"""A cell begins only if the worker has so many times its usual seconds left."""
FRESH = 0.1
"""A worker has just started until this fraction of its time is over."""

_started_at = time.time()
_longest_s: dict[str, float] = {}
"""Seconds of the longest cell of each group that this process ran."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Cells for one worker.

    book, session : where tries and failures are recorded, and for which command
    code          : the version of RARE that the results must come from; empty: any
    estimates_s   : what a cell of each group has taken elsewhere
    stop_at_failure : leave the cells after one that fails
    """

    work: CellWork
    cells: tuple[Cell, ...]
    book: Path
    session: str
    code: str = ""
    estimates_s: dict[str, float] = field(default_factory=dict)
    stop_at_failure: bool = False


@dataclass(slots=True)
class BundleReport:
    """What became of a bundle. Cells that are in neither list were not begun.

    seconds : of each cell that is done, by key; 0 if its result was on disk already
    failed  : keys of cells whose failure is in the book
    out_of_time : the worker ends soon, so the rest was not begun
    other_code : the version of RARE of this worker, if it is another one
    """

    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    out_of_time: bool = False
    other_code: str = ""


def run_bundle(bundle: Bundle, worker: str = "") -> BundleReport:
    """Run the cells in their order. worker: what Dask calls this worker."""
    report = BundleReport()
    if bundle.code not in ("", code_identity()):
        report.other_code = code_identity()
        return report
    book = CellBook(bundle.book, bundle.session, worker)
    for cell in bundle.cells:
        if bundle.work.is_done(cell):
            book.end(cell)
            report.seconds[cell.key] = 0.0
            continue
        if not book.is_current():
            break
        if _ends_before(cell, bundle):
            report.out_of_time = True
            break
        if _run(cell, bundle, book, report) is not None:
            report.failed.append(cell.key)
            if bundle.stop_at_failure:
                break
    return report


def _run(cell: Cell, bundle: Bundle, book: CellBook, report: BundleReport) -> Failure | None:
    """Run one cell; its failure, which is recorded, or None."""
    tries = book.tries(cell)
    if len(tries.workers) >= MOST_TRIES:
        failure = worker_failure(cell, tries)
    else:
        book.begin(cell)
        began_s = time.monotonic()
        try:
            bundle.work.run(cell)
        except BaseException as error:
            if not isinstance(error, Exception):  # the command is stopped: that is no fault of the cell
                book.end(cell)
                raise
            failure = failure_of(error)
        else:
            seconds = report.seconds[cell.key] = time.monotonic() - began_s
            _longest_s[cell.group] = max(seconds, _longest_s.get(cell.group, 0.0))
            book.end(cell)
            return None
    book.fail(cell, failure)
    book.end(cell)
    return failure


def failure_of(error: Exception) -> Failure:
    """An exception as the failure of a cell."""
    if isinstance(error, InputError):
        return Failure(INPUT, " ".join(str(error).split()))
    if isinstance(error, MemoryError):
        return Failure(INPUT, "there is not enough memory for this; use fewer workers, or fewer jobs a cell")
    if isinstance(error, OSError) and error.errno in SCARCE:
        return Failure(INPUT, f"{error.filename or 'a file'}: {error.strerror}; free what is short")
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return Failure(BUG, f"a bug in rare ({text}); please report it", traceback.format_exc())


def _ends_before(cell: Cell, bundle: Bundle) -> bool:
    """Whether this worker is ended before it could finish the cell.

    A worker that has just started begins its first cell however long that takes: none has more time.
    """
    try:
        ends_at = float(os.environ.get(ENDS_AT, "inf"))
    except ValueError:
        return False
    now = time.time()
    if not _longest_s and now - _started_at < FRESH * (ends_at - _started_at):
        return False
    usual_s = max(_longest_s.get(cell.group, 0.0), bundle.estimates_s.get(cell.group, 0.0))
    return now + SPARE * usual_s > ends_at
