"""Runs stages in parallel, each after those that it depends on; finished stages are not run again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.engine.cells import BUG, Cell, Failure
from experiments.engine.run_cells import raise_failure, run_cells
from experiments.engine.where import Where
from experiments.launchpad.launchpad_folder import BOOK, DONE, MARK, SPENT, STAGES
from experiments.launchpad.stage_plan import Stage
from experiments.launchpad.stages import do_stage
from experiments.process.progress import ProgressDisplay
from traces.errors import InputError
from traces.files.atomic import folder_lock, write_json
from traces.files.documents import read_json

StageRecords = dict[str, dict[str, Any]]
"""Label of a stage -> its key, result, folder, wall_s and cpu_s."""


@contextmanager
def opened(out: Path) -> Iterator[None]:
    """Create and lock the folder of an experiment. InputError if it holds other files or is in use."""
    if os.path.exists(out) and not out.is_dir():  # False for a name that no file can have
        raise InputError(f"--out {out}: is a file, not a folder; choose another name")
    if os.path.isdir(out) and any(out.iterdir()) and not (out / MARK).is_file():
        raise InputError(f"--out {out}: holds something that no launchpad wrote; choose another folder")
    new = not os.path.exists(out)
    lock = ExitStack()
    try:
        (out / STAGES).mkdir(parents=True, exist_ok=True)
        if not (out / MARK).is_file():
            write_json(out / MARK, {"format": 1})
        lock.enter_context(folder_lock(out, f"--out {out}", "another launchpad is writing"))
    except OSError as error:
        raise InputError(f"--out {out}: cannot be made ({error.strerror}); choose another place") from None
    try:
        yield
    except InputError:
        if new and not any((out / STAGES).iterdir()):  # refused before anything was begun
            shutil.rmtree(out, ignore_errors=True)
        raise
    finally:
        lock.close()


@dataclass(frozen=True, slots=True)
class StageTask:
    """What a worker must know of a stage. folder: its place; needs: role -> folder of another stage."""

    kind: str
    inputs: Mapping[str, Any]
    folder: Path
    needs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class StageWork:
    """Runs stages, each in its folder; finished ones are known by their key."""

    def is_done(self, cell: Cell) -> bool:
        """Whether the stage's record is whole and has its key."""
        return finished(cell.payload.folder, cell.key) is not None

    def run(self, cell: Cell) -> None:
        """Run a stage in this process and write its record.

        Seconds: the total of all sessions that worked on it.
        """
        task: StageTask = cell.payload
        folder = task.folder
        folder.mkdir(parents=True, exist_ok=True)
        began_s, cpu_s = time.monotonic(), time.process_time()
        previous = _read_object(folder / SPENT) or {"wall_s": 0.0, "cpu_s": 0.0}
        try:
            result = do_stage(task.kind, task.inputs, _results(task.needs), folder)
        finally:
            total_seconds = {
                "wall_s": previous["wall_s"] + time.monotonic() - began_s,
                "cpu_s": previous["cpu_s"] + time.process_time() - cpu_s,
            }
            write_json(folder / SPENT, total_seconds)
        write_json(folder / DONE, {"key": cell.key, "result": result, **total_seconds})
        shutil.rmtree(folder / "rows", ignore_errors=True)


def run_stages(
    stages: Sequence[Stage], out: Path, where: Where, display: ProgressDisplay
) -> tuple[StageRecords, dict[str, str]]:
    """Run the stages that are not finished. Returns records by label, and reasons of failures by label.

    Stages that depend on a failed one fail too; the others go on. RuntimeError for a bug.
    """
    work = StageWork()
    out = out.resolve()  # workers may have another current folder
    cells = _cells(stages, out)
    done = sum(work.is_done(cell) for cell in cells)
    if done:
        display.note(f"{done} of {len(stages)} stages are done already")
    ended = done

    def report(cell: Cell, failure: Failure | None) -> None:
        nonlocal ended
        ended += 1
        if failure is not None and failure.kind == BUG:
            raise_failure(failure)
        outcome = "done" if failure is None else f"failed: {failure.line}"
        display.note(f"[{ended}/{len(stages)}] {cell.label}, {outcome}")

    failures = run_cells(
        work, cells, where, out / BOOK, display=display, label="launchpad", unit="stages", on_end=report
    )
    completed: StageRecords = {}
    for cell in cells:
        record = finished(cell.payload.folder, cell.key)
        if record is not None:
            completed[cell.label] = record
    return completed, {cell.label: failures[cell.key].line for cell in cells if cell.key in failures}


def _cells(stages: Sequence[Stage], out: Path) -> list[Cell]:
    by_label = {stage.label: stage for stage in stages}
    cells = []
    for stage in stages:
        needs = {role: by_label[label] for role, label in stage.needs.items()}
        folders = {role: out / STAGES / needed.folder for role, needed in needs.items()}
        task = StageTask(stage.kind, dict(stage.given), out / STAGES / stage.folder, folders)
        keys = tuple(needed.key for needed in needs.values())
        cells.append(Cell(stage.key, stage.label, task, stage.label, keys))
    return cells


def _results(needs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """The results of stages on disk, each with its folder."""
    results = {}
    for role, folder in needs.items():
        record = _read_object(folder / DONE)
        if record is None:
            raise InputError(f"{folder}: its record is missing or damaged; give the command again")
        results[role] = {**record["result"], "folder": str(folder)}
    return results


def finished(folder: Path, key: str) -> dict[str, Any] | None:
    """The record of a finished stage, with its folder; None if it is not finished with the same key."""
    record = _read_object(folder / DONE)
    if record is None or record.get("key") != key:
        return None
    return {**record, "folder": str(folder)}


def _read_object(path: Path) -> dict[str, Any] | None:
    try:
        content = read_json(path)
    except InputError:  # missing, or truncated by a power failure
        return None
    return content if isinstance(content, dict) else None
