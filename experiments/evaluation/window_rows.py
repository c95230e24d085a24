"""Rows of an evaluation: metrics of each scheduler on one window, stored on disk until all are complete."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.engine.compile_lock import compiled_once
from experiments.process.code_identity import code_hash, library_versions
from experiments.results.evaluated_names import BOUND, PERFECT, is_oracle, plain_name
from experiments.results.window_results import COLUMNS
from experiments.runs.provenance import scheduler_files
from experiments.runs.scenario_files import input_hashes
from rare.model import Case
from rare.scenario.config.scenario_config import ForecastTable
from rare.scenario.load import Loaded
from rare.scenario.windows import Window
from traces.errors import InputError
from traces.files.atomic import write_text
from traces.files.documents import read_json

_TEXTS = ("window", "split", "scheduler", "ended")

Row = dict[str, Any]


def check_name(name: str) -> str | None:
    """The declared name of a user's class, else None.

    InputError if the name is no scheduler and not the bound.
    """
    from schedulers import make_scheduler
    from schedulers.user.user_class import declared_name

    if name == BOUND:
        return None
    if name.endswith(PERFECT) and (is_oracle(name) or plain_name(name) == BOUND):
        raise InputError(f"--scheduler {name!r}: {plain_name(name)} knows the truth; leave {PERFECT} out")
    declared = declared_name(plain_name(name), make_scheduler(plain_name(name)))
    return declared + PERFECT if declared and name.endswith(PERFECT) else declared


class WindowCases:
    """The case of a window with the scenario's forecast and with a perfect one, each built on first use."""

    def __init__(self, loaded: Loaded, window: Window, seed: int) -> None:
        self._window, self._seed = window, seed
        self._loaded = {False: loaded, True: with_perfect_forecast(loaded)}
        self._made: dict[bool, Case] = {}

    def of(self, name: str) -> Case:
        """The case for a scheduler; with a perfect forecast if its name ends with PERFECT."""
        from rare.scenario.case_builder import build

        perfect = name.endswith(PERFECT)
        if perfect not in self._made:
            loaded = self._loaded[perfect]
            scenario = loaded.scenario.model_copy(update={"window": self._window.name})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # `rare simulate --window` reports the warnings
                built = build(dataclasses.replace(loaded, scenario=scenario), seed=self._seed)
            self._made[perfect] = built.case
        return self._made[perfect]


def with_perfect_forecast(loaded: Loaded) -> Loaded:
    """The scenario with a perfect forecast of the same horizon."""
    forecast = ForecastTable(kind="perfect", hours=loaded.scenario.forecast.hours)
    scenario = loaded.scenario.model_copy(update={"forecast": forecast})
    return dataclasses.replace(loaded, scenario=scenario)


def run_window(
    loaded: Loaded, window: Window, schedulers: Sequence[str], seed: int = 0, kept_in: Path | None = None
) -> list[Row]:
    """Rows of the schedulers on one window: its name and split, and the metrics.

    kept_in: folder in which rows are stored, and from which stored rows are reused.
    """
    cases = WindowCases(loaded, window, seed)
    if not (cases.of("").workload.value_u >= 0).any():
        raise InputError(
            f"{loaded.label}: no job of window {window.name!r} has a value, so there is nothing to "
            "compare; give [[service_class]]"
        )
    stored = None if kept_in is None else KeptRows(kept_in, loaded, window, seed)
    rows = {} if stored is None else stored.read(schedulers)
    for name in sorted(schedulers, key=lambda name: name == BOUND):  # the oracle may know the bound
        if name not in rows:
            rows |= _rows_of(name, cases.of(name), window, BOUND in schedulers and BOUND not in rows)
            if stored is not None:
                stored.write(rows)
    return [rows[name] for name in schedulers]


def _rows_of(name: str, case: Case, window: Window, with_bound: bool) -> dict[str, Row]:
    """The row of a scheduler, by name.

    with_bound: with the oracle's also the bound's, from the same program.
    """
    import rare
    from rare.scheduler import as_decider, as_scheduler
    from schedulers import make_scheduler
    from schedulers.user.user_class import is_user_class, users_error

    if name == BOUND:
        from schedulers.oracle.bound import upper_bound

        return {BOUND: _bound_row(upper_bound(case).bound, window)}
    try:
        with users_error(plain_name(name)):
            scheduler = as_scheduler(make_scheduler(plain_name(name)))
        with users_error(plain_name(name)), compiled_once(scheduler.compiled_entry):
            decider = as_decider(scheduler, case)
            result = rare.simulate(case, decider, record=False)
    except ValueError as error:  # worker processes return only an InputError as one line
        if isinstance(error, InputError) or not is_user_class(name):
            raise
        raise InputError(f"scheduler {name}: {' '.join(str(error).split())}") from error
    row = {"window": window.name, "split": window.split, "scheduler": name, "ended": result.ended}
    rows = {name: row | {metric: result.metrics.get(metric) for metric in COLUMNS}}
    if with_bound and is_oracle(name):
        from schedulers.oracle.oracle_scheduler import OracleDecider

        planned = decider.planned if isinstance(decider, OracleDecider) else None
        if planned is not None and planned.bound is not None:
            rows[BOUND] = _bound_row(planned.bound.bound, window)
    return rows


def _bound_row(bound: float | None, window: Window) -> Row:
    """The row of the bound: an objective that no scheduler exceeds, and None for the other metrics."""
    row: Row = {"window": window.name, "split": window.split, "scheduler": BOUND, "ended": "bound"}
    return row | dict.fromkeys(COLUMNS) | {"objective": bound}


def is_row(row: Any, window: str, scheduler: str) -> bool:
    """Whether a value read from a file is a complete row of this window and scheduler."""
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in _TEXTS):
        return False
    if (row["window"], row["scheduler"]) != (window, scheduler):
        return False
    numbers = [row.get(metric, "") for metric in COLUMNS]
    return all(value is None or isinstance(value, int | float) for value in numbers)


def rows_hash(rows: Any) -> str:
    """sha256 of rows as JSON. It is stored with them, so that rows damaged on disk are computed again."""
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


class KeptRows:
    """The stored rows of one window: a file with a key of everything that they depend on."""

    def __init__(self, folder: Path, loaded: Loaded, window: Window, seed: int) -> None:
        from rare.scenario.case_hash import config_hash

        self._path = folder / f"{window.name}.json".replace("/", "_")
        self._key: dict[str, Any] = {
            "window": dataclasses.asdict(window),
            "config": config_hash(loaded.scenario),
            "inputs": input_hashes(loaded),
            "seed": seed,
            "code": code_hash(),
            "libraries": dict(library_versions()),
        }
        self._files: dict[str, str] = {}  # sha256 of schedulers in a file of the user's

    def key_of(self, schedulers: Sequence[str]) -> str:
        """A hash of everything that the rows of these schedulers depend on."""
        parts = [self._key, list(schedulers), self._hashes(schedulers)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

    def read(self, schedulers: Sequence[str]) -> dict[str, Row]:
        """The stored rows of these schedulers, by scheduler; none if the key differs."""
        self._files = self._hashes(schedulers)
        try:
            content = read_json(self._path)
        except InputError:  # missing, or truncated by a power failure
            return {}
        if not isinstance(content, dict) or content.get("key") != self._key:
            return {}
        files, rows = content.get("files"), content.get("rows")
        if (
            not isinstance(files, dict)
            or not isinstance(rows, dict)
            or content.get("sha256") != rows_hash(rows)
        ):
            return {}
        same = {name for name in schedulers if files.get(name) == self._files.get(name)}
        window = self._key["window"]["name"]
        return {name: row for name, row in rows.items() if name in same and is_row(row, window, name)}

    @staticmethod
    def _hashes(schedulers: Sequence[str]) -> dict[str, str]:
        """sha256 of the files of each scheduler that has some."""
        hashes = scheduler_files(plain_name(name) for name in schedulers if name != BOUND)
        return {name: hashes[plain_name(name)] for name in schedulers if plain_name(name) in hashes}

    def write(self, rows: dict[str, Row]) -> None:
        """Store these rows and replace those stored before. InputError if the file cannot be written."""
        text = json.dumps({
            "key": self._key, "files": self._files, "rows": rows, "sha256": rows_hash(rows),
        })  # fmt: skip
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._path, text)
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"{self._path}: cannot be written ({reason}); choose another --out, or free space"
            ) from error
