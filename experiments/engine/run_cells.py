"""Runs cells wherever the user wants, and tells which of them failed. Results are on disk afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from experiments.engine.bundle import Bundle, BundleReport
from experiments.engine.bundling import CellQueue
from experiments.engine.cell_book import CellBook
from experiments.engine.cells import BUG, Cell, CellWork, Failure
from experiments.engine.choose_executor import executor_of
from experiments.engine.executor import Executor, WorkerLost
from experiments.engine.kept_workers import KeptWorkers
from experiments.engine.where import Where
from experiments.process.code_identity import code_identity
from experiments.process.progress import QUIET, ProgressDisplay, Task
from traces.errors import InputError

WAIT_S = 1.0
LOOK_EVERY_S = 5.0
"""How often results of bundles that are under way are counted on disk."""
PATIENCE_S = 5.0
MOST_LOSSES = 3
"""A bundle whose workers die so often before its first cell begins is given up, with the whole command."""
OnEnd = Callable[[Cell, Failure | None], None]


def run_cells(
    work: CellWork,
    cells: Sequence[Cell],
    where: Where | KeptWorkers,
    book: Path,
    *,
    display: ProgressDisplay = QUIET,
    label: str = "cells",
    unit: str = "cells",
    on_end: OnEnd | None = None,
    keep_failures: bool = False,
    stop_at_failure: bool = False,
    session: str | None = None,
) -> dict[str, Failure]:
    """Run the cells that are not done; returns the failures by key.

    where           : where to run them; KeptWorkers stay for the next call
    book            : folder in which tries and failures of the cells are recorded
    on_end          : called with every cell that ends here, and its failure
    keep_failures   : cells that failed before are not run again
    session         : of the book; a new one by default
    stop_at_failure : raise at the first failure: InputError, or RuntimeError for a bug
    InputError also if the workers cannot be had, or are gone.
    """
    done = {cell.key for cell in cells if work.is_done(cell)}
    pending = [cell for cell in cells if cell.key not in done]
    cell_book = CellBook.opened(book, session)
    failures: dict[str, Failure] = {}
    if keep_failures:
        failures = cell_book.failures(cell.key for cell in pending)
    else:
        cell_book.forget(cell.key for cell in pending)
    if not pending:
        return failures
    with display.task(label, unit) as task:
        run = _Run(work, cells, cell_book, display, task)
        run.on_end, run.stop_at_failure = on_end, stop_at_failure
        run.start(done, failures)
        if run.queue:
            try:
                with _executor(where, len(run.queue), display, cell_book.folder) as executor:
                    run.all(executor)
            except BaseException:
                cell_book.close()
                raise
    return run.failures


def _executor(
    where: Where | KeptWorkers, cells: int, display: ProgressDisplay, folder: Path
) -> AbstractContextManager[Executor]:
    if isinstance(where, KeptWorkers):
        return where.executor(cells)
    return executor_of(where, cells, display, folder)


class _Run:
    """What is under way in one call of `run_cells`."""

    def __init__(
        self, work: CellWork, cells: Sequence[Cell], book: CellBook, display: ProgressDisplay, task: Task
    ) -> None:
        self.work, self.cells, self.book = work, cells, book
        self.on_end: OnEnd | None = None
        self.stop_at_failure = False
        self.failures: dict[str, Failure] = {}
        self._display, self._task = display, task
        self._running: dict[int, Bundle] = {}
        self._by_key = {cell.key: cell for cell in cells}
        self._losses: dict[str, int] = {}
        self._ended = 0
        self._looked_s = time.monotonic()
        self._alone_since_s: float | None = None
        self._noted = False

    def start(self, done: set[str], failures: dict[str, Failure]) -> None:
        """Queue what is neither done nor failed."""
        self.failures = dict(failures)
        waiting = [cell for cell in self.cells if cell.key not in done and cell.key not in failures]
        self._ended = len(self.cells) - len(waiting)
        self._task.update(self._ended, len(self.cells))
        labels = {key: self._by_key[key].label for key in failures}
        self.queue = CellQueue(waiting, done, labels)
        self._fail_by_need()

    def all(self, executor: Executor) -> None:
        """Submit and collect until nothing is left."""
        while self.queue or self._running:
            workers = executor.workers(len(self.cells) - self._ended)
            self._note_waiting(workers)
            while len(self._running) < max(workers, 1) + (workers > 1):  # one waits, so that none is idle
                cells = self.queue.next(workers, executor.most_cells)
                if not cells:
                    break
                self._submit(executor, cells)
            for bundle, outcome in executor.ended(WAIT_S):
                del self._running[id(bundle)]
                if isinstance(outcome, WorkerLost):
                    self._lost(bundle, executor)
                else:
                    self._collect(bundle, outcome)
            self._look()

    def _note_waiting(self, workers: int) -> None:
        """Say once that no worker is there, for a scheduler takes cells without any."""
        if workers:
            self._alone_since_s = None
        elif self._alone_since_s is None:
            self._alone_since_s = time.monotonic()
        elif not self._noted and time.monotonic() - self._alone_since_s > PATIENCE_S:
            self._noted = True
            self._display.note("no worker is there yet: the cells wait until one comes")

    def _submit(self, executor: Executor, cells: tuple[Cell, ...]) -> None:
        bundle = Bundle(
            self.work,
            cells,
            self.book.folder,
            self.book.session,
            code_identity(),
            self.queue.estimates_s(),
            self.stop_at_failure,
        )
        self._running[id(bundle)] = bundle
        executor.submit(bundle)

    def _collect(self, bundle: Bundle, report: BundleReport) -> None:
        if report.other_code:
            raise InputError(
                "a worker has another version of RARE or of its libraries than this command; install "
                "the same on both, and start the workers anew"
            )
        left = []
        for cell in bundle.cells:
            if cell.key in report.seconds:
                self._end(cell, None, report.seconds[cell.key])
            elif cell.key in report.failed:
                failure = self.book.failure(cell.key)
                self._end(cell, failure or Failure(BUG, "failed, but nothing was recorded"))
            else:
                left.append(cell)
        if left and not report.out_of_time and not self.book.is_current():
            raise InputError(
                f"{self.book.folder.parent}: another command has begun the same work; wait for it"
            )
        self.queue.put_back(left)

    def _lost(self, bundle: Bundle, executor: Executor) -> None:
        """A worker died: its cell has one try less, the others none."""
        left, begun = [], False
        for cell in bundle.cells:
            if self.work.is_done(cell):
                self.book.end(cell)
                self._end(cell, None)
            elif (failure := self.book.failure(cell.key)) is not None:
                self._end(cell, failure)
            else:
                left.append(cell)
                tries = self.book.tries(cell)
                if tries.workers:
                    begun = True
                    self.book.explain(cell, executor.reason(tries.pid, tries.worker))
        if left and not begun:
            key = left[0].key
            self._losses[key] = self._losses.get(key, 0) + 1
            if self._losses[key] >= MOST_LOSSES:
                raise InputError(
                    f"{self._losses[key]} workers died before they began {left[0].label}; look into the "
                    "workers' logs"
                )
        self.queue.put_back(left)

    def _end(self, cell: Cell, failure: Failure | None, seconds: float = 0.0) -> None:
        self._ended += 1
        if failure is not None:
            self.failures[cell.key] = failure
            if self.stop_at_failure:
                raise_failure(failure)
        if self.on_end is not None:
            self.on_end(cell, failure)
        self.queue.ended(cell, failure, seconds)
        self._fail_by_need()
        self._task.update(self._ended, len(self.cells), self._detail())

    def _fail_by_need(self) -> None:
        while self.queue.failed_by_need:
            cell, failure = self.queue.failed_by_need.pop()
            self._end(cell, failure)

    def _detail(self) -> str:
        return f"{len(self.failures)} failed" if self.failures else ""

    def _look(self) -> None:
        """Count the results of bundles that are under way, now and then."""
        now_s = time.monotonic()
        if self._display.quiet or now_s - self._looked_s < LOOK_EVERY_S:
            return
        running = [cell for bundle in self._running.values() for cell in bundle.cells]
        several = len(running) > len(self._running)
        on_disk = sum(self.work.is_done(cell) for cell in running) if several else 0
        self._task.update(self._ended + on_disk, len(self.cells), self._detail())
        self._looked_s = time.monotonic()


def raise_failure(failure: Failure) -> None:
    """Raise a failure as what it was: RuntimeError for a bug, InputError for the rest."""
    if failure.kind == BUG:
        raise RuntimeError(failure.detail or failure.line)
    raise InputError(failure.line)
