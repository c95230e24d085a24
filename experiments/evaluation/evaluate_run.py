"""`rare evaluate` as a function: evaluates schedulers on windows and writes the results."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.engine.where import Where
from experiments.evaluation.evaluate import choose_windows, declared_names, evaluate
from experiments.evaluation.evaluation_table import evaluate_text
from experiments.evaluation.window_rows import is_row, rows_hash
from experiments.process.atomic_output import atomic_folder, check_place
from experiments.process.code_identity import code_hash, library_versions
from experiments.process.interrupts import explained
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.evaluated_names import BOUND, plain_name
from experiments.results.window_results import Evaluation
from experiments.runs.provenance import provenance, scheduler_files
from experiments.runs.scenario_files import input_hashes
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scenario.windows import Window
from traces.errors import InputError
from traces.files.documents import read_json, reading, user_path

__all__ = ["evaluate_run", "evaluate_text", "identity_of", "kept_folder", "stored_rows"]

DEFAULT = (
    "easy",
    "fcfs",
    "conservative",
    "sjf+easy",
    "hvf+easy",
    "hvd+easy",
    "edf+easy",
    "slack+easy",
    "atc+easy",
    "atc+greedy",
    "easy+green",
    "atc+easy+green",
)
EVALUATION_BYTES = 256 * 2**20  # a row takes less than a kilobyte


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """Options of an evaluation.

    scenario : a shipped scenario's name, or a TOML file, with windows
    settings : changes of the scenario, `table.key=value`
    seed     : draws service classes
    where    : where windows are run; by default on all cores of this machine
    out      : the folder to write; None: none is written
    force    : replace an evaluation in `out`
    """

    scenario: str = "islanded"
    settings: Sequence[str] = ()
    seed: int = 0
    where: Where = field(default_factory=Where)
    out: str | Path | None = None
    force: bool = False


def evaluate_run(
    schedulers: Sequence[str] | None,
    windows: Sequence[str],
    request: EvaluationRequest | None = None,
    *,
    display: ProgressDisplay = QUIET,
    **changes: Any,
) -> Evaluation:
    """The evaluation; with `out`, evaluate.json, evaluate.csv, provenance.json and the figure are written.

    changes: fields of EvaluationRequest by name. schedulers: None: those of DEFAULT. windows: names or
    splits. Until the end, rows are stored in a hidden folder next to `out`, so that the same evaluation
    resumes after an interruption. If `out` has the same evaluation already, it is read, unless `force` is
    given. InputError for bad input; then `out` is unchanged.
    """
    request = dataclasses.replace(request or EvaluationRequest(), **changes)
    out = None if request.out is None else user_path(request.out)
    loaded = load_scenario(request.scenario, Wishes(settings=request.settings))
    names = list(schedulers or DEFAULT)
    repeated = [name for place, name in enumerate(names) if name in names[:place]]
    if repeated:
        raise InputError(f"scheduler {repeated[0]!r} is given twice; name each once")
    declared = declared_names(names)  # refuses wrong names
    selected = choose_windows(loaded, windows)
    identity = identity_of(loaded, names, selected, request.seed)
    stored = None if out is None or request.force else stored_rows(out, identity, names, selected)
    if out is not None and stored is not None:
        shutil.rmtree(kept_folder(out), ignore_errors=True)  # left by a kill after `out` was complete
        display.note(f"{out} holds this evaluation already; --force makes it again")
        return Evaluation(loaded.scenario.name, tuple(names), tuple(selected), stored, declared)
    _check_out(out, request.force)
    rows_folder = None if out is None else kept_folder(out)
    with explained(lambda: _kept_rows(rows_folder)), _kept_only_with_rows(rows_folder):
        evaluation = evaluate(
            loaded,
            names,
            selected,
            seed=request.seed,
            where=request.where,
            display=display,
            kept_in=rows_folder,
        )
    if out is not None and rows_folder is not None:
        files = {"windows": loaded.path(loaded.scenario.windows.file)} if loaded.scenario.windows else {}
        with atomic_folder(out) as folder:
            marks = {"evaluation_sha256": identity, "rows_sha256": rows_hash(evaluation.rows)}
            _write(folder, evaluation, {**_origin(evaluation, request.seed, files), **marks})
        shutil.rmtree(rows_folder, ignore_errors=True)
    return evaluation


@contextmanager
def _kept_only_with_rows(folder: Path | None) -> Iterator[None]:
    """Remove the folder after an error if no row is in it yet."""
    try:
        yield
    except InputError:
        if folder is not None and not any(path.is_file() for path in folder.glob("*.json")):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _kept_rows(folder: Path | None) -> str:
    """The message about stored rows for an interrupted evaluation; empty without any."""
    if folder is None or not os.path.isdir(folder):
        return ""
    return f"what is done is kept in {folder}: the same command goes on from there"


def kept_folder(out: str | Path) -> Path:
    """The folder for the rows of an unfinished evaluation."""
    target = user_path(out).resolve()
    return target.parent / f".{target.name[:80]}.unfinished-windows"


def identity_of(loaded: Loaded, names: Sequence[str], windows: Sequence[Window], seed: int) -> str:
    """sha256 of everything that the rows depend on; equal for equal evaluations."""
    from rare.scenario.case_hash import config_hash

    dependencies = {
        "config": config_hash(loaded.scenario),
        "schedulers": list(names),
        "scheduler_files": _scheduler_files(names),
        "windows": [dataclasses.asdict(window) for window in windows],
        "seed": seed,
        "inputs": input_hashes(loaded),
        "code": code_hash(),
        "libraries": dict(library_versions()),
    }
    return hashlib.sha256(json.dumps(dependencies, sort_keys=True, default=str).encode()).hexdigest()


def stored_rows(
    folder: Path, identity: str, names: Sequence[str], windows: Sequence[Window]
) -> list[dict[str, Any]] | None:
    """The rows of a finished evaluation with this identity; None if there is none or it is damaged."""
    try:
        origin = read_json(folder / "provenance.json")
        if not isinstance(origin, dict) or origin.get("evaluation_sha256") != identity:
            return None
        content = read_json(folder / "evaluate.json", EVALUATION_BYTES)
    except InputError:
        return None
    rows = content.get("rows") if isinstance(content, dict) else None
    expected = [(window.name, name) for window in windows for name in names]
    if not isinstance(rows, list) or len(rows) != len(expected):
        return None
    if not all(is_row(row, *key) for row, key in zip(rows, expected, strict=True)):
        return None
    return rows if rows_hash(rows) == origin.get("rows_sha256") else None


def _scheduler_files(names: Sequence[str]) -> dict[str, str]:
    return scheduler_files({plain_name(name) for name in names if name != BOUND})


def _origin(evaluation: Evaluation, seed: int, files: dict[str, Path]) -> dict[str, Any]:
    files_of = _scheduler_files(evaluation.schedulers)
    extra = {"scheduler_files": files_of} if files_of else None
    return provenance(seed=seed, files=files, command=(), extra=extra)


def _check_out(out: Path | None, force: bool) -> None:
    """InputError if `out` has other files, or an evaluation and `force` is not given."""
    if out is None:
        return
    with reading(out):
        if os.path.isdir(out) and any(out.iterdir()) and not force:
            if not (out / "evaluate.json").exists():
                raise InputError(
                    f"--out {out}: exists and holds no evaluation; give an empty or a new folder"
                )
            raise InputError(
                f"--out {out}: holds an evaluation already, another one or a damaged one; give --force to "
                "replace it"
            )
    check_place(out)


def _write(folder: Path, evaluation: Evaluation, origin: dict) -> None:
    from experiments.figures.window_means import draw_windows

    (folder / "evaluate.json").write_text(evaluation.json_text(), encoding="utf-8")
    (folder / "evaluate.csv").write_text(evaluation.csv_text(), encoding="utf-8", errors="backslashreplace")
    (folder / "provenance.json").write_text(
        json.dumps(origin, indent=1, default=str) + "\n", encoding="utf-8"
    )
    draw_windows(evaluation, folder / "objective")
