"""Stages in order, as many at once as there are workers; each in its folder, and none done twice."""

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

Done = dict[str, dict[str, Any]]


@contextmanager
def opened(out: Path) -> Iterator[None]:
    """The folder of an experiment, made if need be, and locked. InputError if it is something else's."""
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
) -> tuple[Done, dict[str, str]]:
    """Do what is not done: results by label, and why others failed, by label.

    What a failed stage was to give to others is missing there: they fail with it, the rest goes on.
    """
    done: Done = {}
    for stage in stages:
        found = finished(out, stage)
        if found is not None:
            done[stage.label] = found
    failed: dict[str, str] = {}
    left = [stage for stage in stages if stage.label not in done]
    if done:
        display.note(f"{len(done)} of {len(stages)} stages are done already")
    if left:
        with display.task("launchpad", "stages") as task:
            task.update(len(done), len(stages))
            tell = _teller(display, task, len(stages))
            _run(left, out, min(workers, len(left)), done, failed, tell)
    return done, failed


Tell = Callable[[str, float, int], None]


def _run(left: list[Stage], out: Path, workers: int, done: Done, failed: dict[str, str], tell: Tell) -> None:
    with Pool(_work, workers) as pool:
        while left or pool.is_busy:
            for stage in _ready(left, done, failed):
                if not pool.is_free:
                    break
                left.remove(stage)
                pool.begin(stage.label, _task(stage, out, done))
            if not pool.is_busy:  # what is left needs what failed
                continue
            for label, found in pool.ended():
                if isinstance(found, Failed):
                    failed[label] = str(found)
                    tell(f"{label} failed: {found}", 0.0, len(done) + len(failed))
                else:
                    done[label] = found
                    tell(label, found["wall_s"], len(done) + len(failed))


def _ready(left: list[Stage], done: Done, failed: dict[str, str]) -> list[Stage]:
    """Stages that have all they need; those that never will are moved to `failed`."""
    for stage in list(left):
        lost = [label for label in stage.needs.values() if label in failed]
        if lost:
            left.remove(stage)
            failed[stage.label] = f"needs {lost[0]}, which failed"
    return [stage for stage in left if all(label in done for label in stage.needs.values())]


def _teller(display: ProgressDisplay, task: Task, total: int) -> Tell:
    """Called with a stage's label, its seconds and how many stages have ended."""

    def tell(label: str, wall_s: float, ended: int) -> None:
        display.note(f"[{ended}/{total}] {label}, {wall_s:.0f} s")
        task.update(ended, total)

    return tell


def _task(stage: Stage, out: Path, done: Done) -> dict[str, Any]:
    needs = {role: {**done[label]["result"], "folder": done[label]["folder"]}
             for role, label in stage.needs.items()}  # fmt: skip
    return {
        "kind": stage.kind, "given": dict(stage.given), "needs": needs, "key": stage.key,
        "folder": str(out / STAGES / stage.folder),
    }  # fmt: skip


def _work(task: Mapping[str, Any]) -> dict[str, Any]:
    """Do a stage in this process and keep what it gives; seconds are of all sessions that went on with it."""
    folder = Path(task["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    began_s, cpu_s = time.monotonic(), time.process_time()
    earlier = _read(folder / SPENT) or {"wall_s": 0.0, "cpu_s": 0.0}
    try:
        result = do_stage(task["kind"], task["given"], task["needs"], folder)
    finally:
        spent = {
            "wall_s": earlier["wall_s"] + time.monotonic() - began_s,
            "cpu_s": earlier["cpu_s"] + time.process_time() - cpu_s,
        }
        write_json(folder / SPENT, spent)
    found = {"key": task["key"], "result": result, **spent}
    write_json(folder / DONE, found)
    shutil.rmtree(folder / "rows", ignore_errors=True)
    return {**found, "folder": str(folder)}


def finished(out: Path, stage: Stage) -> dict[str, Any] | None:
    """What a finished stage gave; None if it is not finished."""
    folder = out / STAGES / stage.folder
    found = _read(folder / DONE)
    if found is None or found.get("key") != stage.key:
        return None
    return {**found, "folder": str(folder)}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = read_json(path)
    except InputError:  # not there, or cut off by a power failure
        return None
    return found if isinstance(found, dict) else None
