"""`rare evaluate`: evaluate schedulers on windows, write what came out, and say it as a table."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.evaluation.evaluate import choose_windows, declared_names, evaluate
from experiments.evaluation.evaluation_table import evaluate_text
from experiments.evaluation.window_rows import is_row, rows_hash
from experiments.process.atomic_output import atomic_folder, check_place
from experiments.process.interrupts import explained
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.evaluated_names import BOUND, plain_name
from experiments.results.window_results import Evaluation
from experiments.runs.provenance import code_hash, file_hash, library_versions, provenance, scheduler_files
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scenario.windows import Window
from traces.errors import InputError
from traces.files.documents import read_json, reading, user_path

__all__ = ["evaluate_run", "evaluate_text", "identity_of", "input_files", "kept_folder", "stored_rows"]

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
    """What to evaluate on, and where the result goes.

    scenario : a shipped scenario's name, or a TOML file, with windows
    settings : `table.key=value`, what changes of the scenario
    seed     : draws service classes
    workers  : processes; None: all cores
    out      : the folder to write; None: none is written
    force    : replace an evaluation in `out`
    """

    scenario: str = "islanded"
    settings: Sequence[str] = ()
    seed: int = 0
    workers: int | None = None
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
    """Evaluate; with `out` write evaluate.json, evaluate.csv, provenance.json and the figure, or nothing.

    changes: fields of EvaluationRequest by name. schedulers: None: those of DEFAULT. windows: names or
    splits. Until the end rows are kept in a hidden folder beside `out`: the same again goes on where it was
    stopped. Where `out` holds this very evaluation already it is read, not repeated, unless `force` is given.
    InputError for bad input.
    """
    request = dataclasses.replace(request or EvaluationRequest(), **changes)
    out = None if request.out is None else user_path(request.out)
    loaded = load_scenario(request.scenario, Wishes(settings=request.settings))
    names = list(schedulers or DEFAULT)
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise InputError(f"scheduler {twice[0]!r} is given twice; name each once")
    declared = declared_names(names)  # and refuse wrong names
    chosen = choose_windows(loaded, windows)
    identity = identity_of(loaded, names, chosen, request.seed)
    stored = None if out is None or request.force else stored_rows(out, identity, names, chosen)
    if out is not None and stored is not None:
        shutil.rmtree(kept_folder(out), ignore_errors=True)  # left by a kill after the folder was whole
        display.note(f"{out} holds this evaluation already; --force makes it again")
        return Evaluation(loaded.scenario.name, tuple(names), tuple(chosen), stored, declared)
    _check_out(out, request.force)
    kept = None if out is None else kept_folder(out)
    with explained(lambda: _kept_rows(kept)), display.task(f"{len(names)} schedulers", "windows") as task:
        evaluation = evaluate(
            loaded,
            names,
            chosen,
            seed=request.seed,
            workers=request.workers or os.cpu_count() or 1,
            progress=task.update,
            kept_in=kept,
        )
    if out is not None and kept is not None:
        files = {"windows": loaded.path(loaded.scenario.windows.file)} if loaded.scenario.windows else {}
        with atomic_folder(out) as folder:
            marks = {"evaluation_sha256": identity, "rows_sha256": rows_hash(evaluation.rows)}
            _write(folder, evaluation, {**_origin(evaluation, request.seed, files), **marks})
        shutil.rmtree(kept, ignore_errors=True)
    return evaluation


def _kept_rows(kept: Path | None) -> str:
    """What an interrupted evaluation leaves, in words; empty where it leaves nothing."""
    if kept is None or not kept.is_dir():
        return ""
    return f"what is done is kept in {kept}: the same command goes on from there"


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

    from traces.files.documents import is_regular

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


def _origin(evaluation: Evaluation, seed: int, files: dict[str, Path]) -> dict[str, Any]:
    files_of = _scheduler_files(evaluation.schedulers)
    extra = {"scheduler_files": files_of} if files_of else None
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


def _write(folder: Path, evaluation: Evaluation, origin: dict) -> None:
    from experiments.figures.window_means import draw_windows

    (folder / "evaluate.json").write_text(evaluation.json_text(), encoding="utf-8")
    (folder / "evaluate.csv").write_text(evaluation.csv_text(), encoding="utf-8", errors="backslashreplace")
    (folder / "provenance.json").write_text(
        json.dumps(origin, indent=1, default=str) + "\n", encoding="utf-8"
    )
    draw_windows(evaluation, folder / "objective")
