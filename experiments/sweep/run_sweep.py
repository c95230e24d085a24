"""`rare sweep` as a function: runs the cells that are missing, and writes table, summary and report."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.engine.cell_book import ARRAY_SESSION, CellBook
from experiments.engine.cells import Cell, Failure
from experiments.engine.run_cells import run_cells
from experiments.engine.where import Where
from experiments.process.interrupts import explained
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.sweep.manifest import REPLICATES, Manifest, manifest_of
from experiments.sweep.pages.report_choice import ReportChoice, check_choice
from experiments.sweep.sweep_file import read_sweep
from experiments.sweep.sweep_folder import (
    BOOK,
    REPORT,
    RESULTS,
    SUMMARY,
    opened,
    write_failures,
    write_manifest,
)
from experiments.sweep.sweep_table import SweepTable, table_of, write_parquet
from experiments.sweep.sweep_work import SweepWork
from traces.errors import InputError
from traces.files.atomic import replacing
from traces.files.documents import user_path


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Options of a sweep.

    out          : the folder of the sweep; finished cells in it are kept
    where        : where cells are run; by default on all cores of this machine
    task         : (I, N): run share I of N of the cells, and no more
    gather       : run nothing; put together what is there
    retry_failed : run cells again that failed before
    figures      : draw figures and write report.html
    """

    out: str | Path
    where: Where = field(default_factory=Where)
    task: tuple[int, int] | None = None
    gather: bool = False
    retry_failed: bool = False
    figures: bool = True


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """The table of a sweep; of one task, the cells that failed in it alone.

    failures: the line of each failed cell, by its label. missing: cells that are neither finished nor failed.
    choice: what report and text show.
    """

    table: SweepTable | None
    failures: dict[str, str]
    missing: int
    out: Path
    choice: ReportChoice = ReportChoice()


def sweep_run(
    file: str | Path, request: SweepRequest, *, display: ProgressDisplay = QUIET, **changes: Any
) -> SweepOutcome:
    """Run a sweep file. The same call again goes on where it was stopped.

    changes: fields of SweepRequest by name. InputError for a wrong file, before anything is run; cells that
    fail are in the outcome.
    """
    request = dataclasses.replace(request, **changes)
    _check(request)
    path = user_path(file)
    sweep = read_sweep(path)
    manifest = manifest_of(sweep, path.resolve().parent)
    choice = ReportChoice(**sweep.report.model_dump())
    check_choice(choice, manifest.axes, REPLICATES)
    out = user_path(request.out).resolve()
    with opened(out, shared=request.task is not None), explained(lambda: _kept(out)):
        if request.task is not None:
            return _run_task(manifest, out, request, display)
        write_manifest(out, manifest)
        work = SweepWork(out)
        if request.gather:
            failures = CellBook(out / BOOK).failures(cell.key for cell in manifest.cells)
        else:
            _announce(manifest, work, display)
            failures = _run(manifest.cells, work, out, request, display)
        return _written(choice, manifest, out, failures, request, display)


def _check(request: SweepRequest) -> None:
    if request.task is not None:
        number, of = request.task
        if not 1 <= number <= of:
            raise InputError(f"--task {number}/{of}: must be from 1/{of} to {of}/{of}")
        if request.gather:
            raise InputError("--task and --gather do not go together; gather when all tasks have ended")
        if request.where.is_remote:
            raise InputError("--task: runs in this process; leave --dask and --dask-slurm out")
    if request.gather and request.retry_failed:
        raise InputError("--gather: runs nothing, so --retry-failed has no meaning; leave one of them out")


def _announce(manifest: Manifest, work: SweepWork, display: ProgressDisplay) -> None:
    done = sum(work.is_done(cell) for cell in manifest.cells)
    kept = f", {done:,} of them finished already" if done else ""
    display.note(f"{manifest.name}: {len(manifest.cells):,} cells{kept}")


def _run(
    cells: tuple[Cell, ...] | list[Cell],
    work: SweepWork,
    out: Path,
    request: SweepRequest,
    display: ProgressDisplay,
    session: str | None = None,
) -> dict[str, Failure]:
    def report(cell: Cell, failure: Failure | None) -> None:
        if failure is not None:
            display.note(f"failed: {cell.label}: {failure.line}")

    return run_cells(
        work,
        cells,
        request.where,
        out / BOOK,
        display=display,
        label="sweep",
        on_end=report,
        keep_failures=not request.retry_failed,
        session=session,
    )


def _run_task(manifest: Manifest, out: Path, request: SweepRequest, display: ProgressDisplay) -> SweepOutcome:
    """Run one share of the cells in this process."""
    assert request.task is not None
    cells = manifest.share(*request.task)
    here = dataclasses.replace(request, where=Where(workers=request.where.workers or 1))
    failures = _run(cells, SweepWork(out), out, here, display, ARRAY_SESSION)
    by_label = {cell.label: failures[cell.key].line for cell in cells if cell.key in failures}
    return SweepOutcome(None, by_label, 0, out)


def _written(
    choice: ReportChoice,
    manifest: Manifest,
    out: Path,
    failures: dict[str, Failure],
    request: SweepRequest,
    display: ProgressDisplay,
) -> SweepOutcome:
    from experiments.sweep.pages.sweep_report import summary_frame, write_sweep_report  # brings matplotlib

    table = table_of(manifest, SweepWork(out), failures)
    write_parquet(table, out / RESULTS)
    write_failures(out, table)
    with replacing(out / SUMMARY) as partial:
        summary_frame(table, choice).to_csv(partial, index=False, lineterminator="\n")
    if request.figures:
        display.note("drawing the figures and the report ...")
        write_sweep_report(out, table, choice)
    else:
        (out / REPORT).unlink(missing_ok=True)
    by_label = {cell.label: failures[cell.key].line for cell in manifest.cells if cell.key in failures}
    missing = table.cells - len(table.rows) - len(table.failures)
    return SweepOutcome(table, by_label, missing, out, choice)


def _kept(out: Path) -> str:
    if not (out / "cells").is_dir():
        return ""
    return f"finished cells are kept in {os.path.relpath(out)}: the same command goes on from there"
