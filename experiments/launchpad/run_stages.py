"""Runs stages in parallel, each after those that it depends on; finished stages are not run again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from experiments.launchpad.launchpad_folder import DONE, MARK, SPENT, STAGES
from experiments.launchpad.stage_plan import Stage
from experiments.launchpad.stages import do_stage
from experiments.process.progress import ProgressDisplay, Task
from experiments.process.worker_pool import Failed, Pool
from traces.errors import InputError
from traces.files.atomic import folder_lock, write_json
from traces.files.documents import read_json

StageRecords = dict[str, dict[str, Any]]
"""Label of a stage -> its key, result, folder, wall_s and cpu_s."""


@contextmanager
def opened(out: Path) -> Iterator[None]:
    """Create and lock the folder of an experiment. InputError if it holds other files or is in use."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file, not a folder; choose another name")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise InputError(f"--out {out}: holds something that no launchpad wrote; choose another folder")
    new = not out.exists()
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


def run_stages(
    stages: Sequence[Stage], out: Path, workers: int, display: ProgressDisplay
) -> tuple[StageRecords, dict[str, str]]:
    """Run the stages that are not finished. Returns records by label, and reasons of failures by label.

    Stages that depend on a failed one fail too; the others go on.
    """
    completed: StageRecords = {}
    for stage in stages:
        record = finished(out, stage)
        if record is not None:
            completed[stage.label] = record
    failed: dict[str, str] = {}
    pending = [stage for stage in stages if stage.label not in completed]
    if completed:
        display.note(f"{len(completed)} of {len(stages)} stages are done already")
    if pending:
        with display.task("launchpad", "stages") as task:
            task.update(len(completed), len(stages))
            report = _reporter(display, task, len(stages))
            _run(pending, out, min(workers, len(pending)), completed, failed, report)
    return completed, failed


Report = Callable[[str, float, int], None]


def _run(
    pending: list[Stage],
    out: Path,
    workers: int,
    completed: StageRecords,
    failed: dict[str, str],
    report: Report,
) -> None:
    with Pool(_work, workers) as pool:
        while pending or pool.is_busy:
            for stage in _ready(pending, completed, failed):
                if not pool.is_free:
                    break
                pending.remove(stage)
                pool.begin(stage.label, _task(stage, out, completed))
            if not pool.is_busy:  # the pending stages depend on failed ones
                continue
            for label, outcome in pool.ended():
                if isinstance(outcome, Failed):
                    failed[label] = str(outcome)
                    report(f"{label} failed: {outcome}", 0.0, len(completed) + len(failed))
                else:
                    completed[label] = outcome
                    report(label, outcome["wall_s"], len(completed) + len(failed))


def _ready(pending: list[Stage], completed: StageRecords, failed: dict[str, str]) -> list[Stage]:
    """Stages whose dependencies are completed; those with a failed dependency are moved to `failed`."""
    for stage in list(pending):
        failed_needs = [label for label in stage.needs.values() if label in failed]
        if failed_needs:
            pending.remove(stage)
            failed[stage.label] = f"needs {failed_needs[0]}, which failed"
    return [stage for stage in pending if all(label in completed for label in stage.needs.values())]


def _reporter(display: ProgressDisplay, task: Task, total: int) -> Report:
    """A function of the label of an ended stage, its seconds, and the number of ended stages."""

    def report(label: str, wall_s: float, ended: int) -> None:
        display.note(f"[{ended}/{total}] {label}, {wall_s:.0f} s")
        task.update(ended, total)

    return report


def _task(stage: Stage, out: Path, completed: StageRecords) -> dict[str, Any]:
    needs = {role: {**completed[label]["result"], "folder": completed[label]["folder"]}
             for role, label in stage.needs.items()}  # fmt: skip
    return {
        "kind": stage.kind, "given": dict(stage.given), "needs": needs, "key": stage.key,
        "folder": str(out / STAGES / stage.folder),
    }  # fmt: skip


def _work(task: Mapping[str, Any]) -> dict[str, Any]:
    """Run a stage in this process and write its record.

    Seconds: the total of all sessions that worked on it.
    """
    folder = Path(task["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    began_s, cpu_s = time.monotonic(), time.process_time()
    previous = _read_object(folder / SPENT) or {"wall_s": 0.0, "cpu_s": 0.0}
    try:
        result = do_stage(task["kind"], task["given"], task["needs"], folder)
    finally:
        total_seconds = {
            "wall_s": previous["wall_s"] + time.monotonic() - began_s,
            "cpu_s": previous["cpu_s"] + time.process_time() - cpu_s,
        }
        write_json(folder / SPENT, total_seconds)
    record = {"key": task["key"], "result": result, **total_seconds}
    write_json(folder / DONE, record)
    shutil.rmtree(folder / "rows", ignore_errors=True)
    return {**record, "folder": str(folder)}


def finished(out: Path, stage: Stage) -> dict[str, Any] | None:
    """The record of a finished stage, with its folder; None if it is not finished with the same key."""
    folder = out / STAGES / stage.folder
    record = _read_object(folder / DONE)
    if record is None or record.get("key") != stage.key:
        return None
    return {**record, "folder": str(folder)}


def _read_object(path: Path) -> dict[str, Any] | None:
    try:
        content = read_json(path)
    except InputError:  # missing, or truncated by a power failure
        return None
    return content if isinstance(content, dict) else None
