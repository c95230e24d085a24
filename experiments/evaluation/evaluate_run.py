"""`rare evaluate`: evaluate schedulers on windows, write what came out, and say it as a table."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.evaluation.evaluate import choose_windows, declared_names, evaluate
from experiments.evaluation.evaluation_table import evaluate_text
from experiments.evaluation.window_rows import is_row, rows_hash
from experiments.results.evaluated_names import BOUND, plain_name
from experiments.results.window_results import Evaluation
from experiments.runs.atomic_output import atomic_folder, check_place
from experiments.runs.interrupts import cleaned
from experiments.runs.progress import QUIET, Talk
from experiments.runs.provenance import code_hash, file_hash, library_versions, provenance, scheduler_files
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scenario.windows import Window
from traces.documents import read_json, reading, user_path
from traces.errors import InputError

__all__ = ["evaluate_run", "evaluate_text", "identity_of", "input_files", "kept_folder", "stored_rows"]

DEFAULT = (
    "easy", "fcfs", "conservative", "sjf+easy", "hvf+easy", "hvd+easy", "edf+easy", "slack+easy", "atc+easy",
    "atc+greedy", "easy+green", "atc+easy+green",
)  # fmt: skip
EVALUATION_BYTES = 256 * 2**20  # a row takes less than a kilobyte


def evaluate_run(
    schedulers: Sequence[str] | None,
    windows: Sequence[str],
    *,
    scenario: str = "islanded",
    settings: Sequence[str] = (),
    seed: int = 0,
    workers: int | None = None,
    out: str | Path | None = None,
    force: bool = False,
    talk: Talk = QUIET,
) -> Evaluation:
    """Evaluate; with `out` write evaluate.json, evaluate.csv, provenance.json and the figure, or nothing.

    Until then rows are kept in a hidden folder beside it: the same again goes on where it was stopped. Where
    `out` holds this very evaluation already it is read, not made again, unless `force` is given.
    """
    out = None if out is None else user_path(out)
    loaded = load_scenario(scenario, Wishes(settings=settings))
    names = list(schedulers or DEFAULT)
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise InputError(f"scheduler {twice[0]!r} is given twice; name each once")
    declared = declared_names(names)  # and refuse wrong names
    chosen = choose_windows(loaded, windows)
    identity = identity_of(loaded, names, chosen, seed)
    stored = None if out is None or force else stored_rows(out, identity, names, chosen)
    if out is not None and stored is not None:
        shutil.rmtree(kept_folder(out), ignore_errors=True)  # left by a kill after the folder was whole
        talk.note(f"{out} holds this evaluation already; --force makes it again")
        return Evaluation(loaded.scenario.name, tuple(names), tuple(chosen), stored, declared)
    _check_out(out, force)
    tell = talk.progress(f"{len(names)} schedulers", "windows done")
    kept = None if out is None else kept_folder(out)
    try:
        with _said_when_stopped(kept):
            found = evaluate(
                loaded,
                names,
                chosen,
                seed=seed,
                workers=workers or os.cpu_count() or 1,
                progress=tell,
                kept_in=kept,
            )
    finally:
        talk.done()
    if out is not None and kept is not None:
        files = {"windows": loaded.path(loaded.scenario.windows.file)} if loaded.scenario.windows else {}
        with atomic_folder(out) as folder:
            marks = {"evaluation_sha256": identity, "rows_sha256": rows_hash(found.rows)}
            _write(folder, found, {**_origin(found, seed, files), **marks})
        shutil.rmtree(kept, ignore_errors=True)
    return found


@contextmanager
def _said_when_stopped(kept: Path | None) -> Iterator[None]:
    """Give an interrupt the words for what is left of the work."""

    def words() -> str:
        there = kept is not None and kept.is_dir()
        return f"what is done is kept in {kept}: the same command goes on from there" if there else ""

    try:
        with cleaned(words):
            yield
    except KeyboardInterrupt as stop:
        stop.args = (words(),) if words() else ()
        raise


def kept_folder(out: str | Path) -> Path:
    """Where the rows of an unfinished evaluation are."""
    target = user_path(out).resolve()
    return target.parent / f".{target.name[:80]}.unfinished-windows"


def identity_of(loaded: Loaded, names: Sequence[str], windows: Sequence[Window], seed: int) -> str:
    """sha256 of everything that the rows depend on: the same again is the same evaluation."""
    from rare.scenario.case_hash import config_hash

    everything = {
        "config": config_hash(loaded.scenario),
        "schedulers": list(names),
        "scheduler_files": _scheduler_files(names),
        "windows": [dataclasses.asdict(window) for window in windows],
        "seed": seed,
        "inputs": {str(path): file_hash(path) for path in input_files(loaded)},
        "code": code_hash(),
        "libraries": dict(library_versions()),
    }
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=str).encode()).hexdigest()


def input_files(loaded: Loaded) -> list[Path]:
    """The files that keys of the scenario name: workload, mapping, supply, prices, windows."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list | tuple):
            for each in value:
                yield from texts(each)
        elif isinstance(value, str) and 0 < len(value) < 1000:
            yield value

    from traces.documents import is_regular

    paths = {loaded.path(text) for text in texts(loaded.scenario.model_dump())}
    return sorted(path for path in paths if is_regular(path))  # also of texts too long for a file's name


def stored_rows(
    folder: Path, identity: str, names: Sequence[str], windows: Sequence[Window]
) -> list[dict[str, Any]] | None:
    """The rows of a finished evaluation of this identity; None if the folder holds none, or is damaged."""
    try:
        origin = read_json(folder / "provenance.json")
        if not isinstance(origin, dict) or origin.get("evaluation_sha256") != identity:
            return None
        whole = read_json(folder / "evaluate.json", EVALUATION_BYTES)
    except InputError:
        return None
    rows = whole.get("rows") if isinstance(whole, dict) else None
    wanted = [(window.name, name) for window in windows for name in names]
    if not isinstance(rows, list) or len(rows) != len(wanted):
        return None
    if not all(is_row(row, *each) for row, each in zip(rows, wanted, strict=True)):
        return None
    return rows if rows_hash(rows) == origin.get("rows_sha256") else None


def _scheduler_files(names: Sequence[str]) -> dict[str, str]:
    return scheduler_files({plain_name(name) for name in names if name != BOUND})


def _origin(found: Evaluation, seed: int, files: dict[str, Path]) -> dict[str, Any]:
    own = _scheduler_files(found.schedulers)
    extra = {"scheduler_files": own} if own else None
    return provenance(seed=seed, files=files, command=(), extra=extra)


def _check_out(out: Path | None, force: bool) -> None:
    """An evaluation is replaced only when that is asked for; anything else never. Before the work."""
    if out is None:
        return
    with reading(out):
        if out.is_dir() and any(out.iterdir()) and not force:
            if not (out / "evaluate.json").exists():
                raise InputError(
                    f"--out {out}: exists and holds no evaluation; give an empty or a new folder"
                )
            raise InputError(
                f"--out {out}: holds an evaluation already, another one or a damaged one; give --force to "
                "replace it"
            )
    check_place(out)


def _write(folder: Path, found: Evaluation, origin: dict) -> None:
    from experiments.figures.window_means import draw_windows

    (folder / "evaluate.json").write_text(found.json_text(), encoding="utf-8")
    (folder / "evaluate.csv").write_text(found.csv_text(), encoding="utf-8", errors="backslashreplace")
    (folder / "provenance.json").write_text(
        json.dumps(origin, indent=1, default=str) + "\n", encoding="utf-8"
    )
    draw_windows(found, folder / "objective")
