"""Run and comparison folders: writing them, and reading them back with every fault named.

Reports and figures read only these folders. Times are the workload file's own seconds, power is
in watts, energy in watt-hours; battery power is positive when charging, grid power when imported.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.process.atomic_output import (
    ACCOUNT_FILES,
    FORECAST_FILE,
    GRID_EVENTS_FILE,
    RUN_FILES,
    atomic_folder,
)
from experiments.results.json_values import json_text
from experiments.results.run_tables import (
    ACCOUNT_COLUMNS,
    EVENTS_COLUMNS,
    FORECAST_COLUMNS,
    GRID_EVENT_COLUMNS,
    JOBS_COLUMNS,
    POWER_COLUMNS,
    in_order,
    read_table,
    write_table,
)
from experiments.results.scheduler_labels import result_labels, short_label
from traces.errors import InputError
from traces.files.documents import is_regular, read_json, reads_file

__all__ = [
    "Compare",
    "Run",
    "atomic_folder",
    "is_compare",
    "load_compare",
    "load_run",
    "run_subfolder",
    "write_compare",
    "write_run",
]


@dataclass(eq=False)
class Run:
    """One simulated run, as stored. The tables are read from disk when first asked for."""

    path: Path
    config: dict[str, Any]
    provenance: dict[str, Any]
    result: dict[str, Any]  # the object of `rare simulate --json`

    @property
    def scenario(self) -> str:
        """Name of the scenario, or an empty string."""
        return _text(self.result.get("scenario"))

    @property
    def scheduler(self) -> str:
        """Short name of the scheduler, or an empty string."""
        label = _text(self.result.get("label"))  # what a class of the user's calls itself
        return label or short_label(_text(self.result.get("scheduler")))

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics by name; a name may be missing or None."""
        return self.result["metrics"]

    @cached_property
    def jobs(self) -> pd.DataFrame:
        """One row per job; `start_s` and `end_s` are NaN where none. Raises InputError."""
        return read_table(self.path / "jobs.csv", JOBS_COLUMNS)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Columns time_s, event, job_id, in the order they happened. Raises InputError."""
        return in_order(read_table(self.path / "events.csv", EVENTS_COLUMNS), self.path / "events.csv")

    @cached_property
    def power(self) -> pd.DataFrame:
        """One row per change, each holding until the next; `supply_w` NaN without a supply.

        Raises InputError.
        """
        return in_order(read_table(self.path / "power.csv", POWER_COLUMNS), self.path / "power.csv")

    @property
    def has_forecast(self) -> bool:
        """Whether the folder holds what was forecast of the supply."""
        return (self.path / FORECAST_FILE).is_file()

    @cached_property
    def forecast(self) -> pd.DataFrame | None:
        """Columns issue_s, target_s, low_w, median_w, high_w: quantiles 10, 50 and 90 % of the supply's mean.

        None where the scenario forecasts no supply. Raises InputError.
        """
        return read_table(self.path / FORECAST_FILE, FORECAST_COLUMNS) if self.has_forecast else None

    @cached_property
    def accounts(self) -> dict[str, pd.DataFrame]:
        """The accounts per user, account and so on, as far as the folder has them.

        Rows of the table's own kind, the largest draw first, then `unused` and `stored`. Raises InputError.
        """
        return {
            row: read_table(self.path / name, ACCOUNT_COLUMNS)
            for row, name in ACCOUNT_FILES.items()
            if (self.path / name).is_file()
        }

    @property
    def has_grid_events(self) -> bool:
        """Whether the folder says how grid events were met."""
        return (self.path / GRID_EVENTS_FILE).is_file()

    @cached_property
    def grid_events(self) -> pd.DataFrame | None:
        """One row per grid event; None where the scenario has none. Raises InputError."""
        return read_table(self.path / GRID_EVENTS_FILE, GRID_EVENT_COLUMNS) if self.has_grid_events else None


@dataclass(eq=False)
class Compare:
    """One scenario under many schedulers. `runs[i]` is the folder that belongs to `results[i]`."""

    path: Path
    config: dict[str, Any]
    provenance: dict[str, Any]
    scenario: str
    results: list[dict[str, Any]]
    runs: list[Run] = field(default_factory=list)

    @cached_property
    def labels(self) -> list[str]:
        """A name for each result: the scheduler, with its seed or place where names repeat."""
        names = result_labels(self.results)
        with_seed = [
            f"{name} (seed {result.get('seed')})" if names.count(name) > 1 else name
            for name, result in zip(names, self.results, strict=True)
        ]
        return [
            f"{name} #{place + 1}" if with_seed.count(name) > 1 else name
            for place, name in enumerate(with_seed)
        ]


def is_compare(path: str | Path) -> bool:
    """Whether `path` looks like a comparison folder rather than a single run's."""
    return is_regular(Path(path) / "compare.json")


@reads_file
def load_run(path: str | Path) -> Run:
    """Return the run stored in the folder `path`; its tables are read when first used.

    Raises InputError, which names the file, if the folder is missing, incomplete or damaged.
    """
    folder = _folder(path, "a run folder")
    if not (folder / "metrics.json").is_file() and is_compare(folder):
        raise InputError(f"{folder}: is a comparison, not one run; name one of the folders in its 'runs'")
    for name in RUN_FILES:
        if not (folder / name).is_file():
            raise InputError(f"{folder}: has no {name}, so it is not a whole run folder; simulate again")
    result = _result(_json_object(folder / "metrics.json"), folder / "metrics.json")
    return Run(folder, _json_object(folder / "config.json"), _json_object(folder / "provenance.json"), result)


@reads_file
def load_compare(path: str | Path) -> Compare:
    """Return the comparison stored in the folder `path`, with one Run for each of its results.

    Raises InputError, which names the file, if anything is missing, damaged or does not match.
    """
    folder = _folder(path, "a comparison folder")
    if not is_compare(folder):
        raise InputError(
            f"{folder}: has no compare.json, so it is not a comparison folder; "
            "name the folder that rare compare wrote"
        )
    source = folder / "compare.json"
    whole = _json_object(source)
    results = whole.get("results")
    if not isinstance(results, list) or not results:
        raise InputError(f"{source}: key 'results' is not a list of results; compare again")
    results = [_result(result, source) for result in results]
    config, provenance = _json_object(folder / "config.json"), _json_object(folder / "provenance.json")
    runs = _match(results, _runs_in(folder), folder)
    return Compare(folder, config, provenance, _text(whole.get("scenario")), results, runs)


_TABLES = {
    "jobs.csv": JOBS_COLUMNS,
    "events.csv": EVENTS_COLUMNS,
    "power.csv": POWER_COLUMNS,
    FORECAST_FILE: FORECAST_COLUMNS,
}
_OPTIONAL_TABLES = {GRID_EVENTS_FILE: GRID_EVENT_COLUMNS} | dict.fromkeys(
    ACCOUNT_FILES.values(), ACCOUNT_COLUMNS
)


def write_run(
    folder: str | Path,
    config: Mapping,
    provenance: Mapping,
    metrics: Mapping,
    *tables: pd.DataFrame | None,
    optional: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write the files of a run into `folder`, made if absent; use inside `atomic_folder`.

    tables: jobs, events, power and, where the supply was forecast, the forecasts. optional: more tables by
    file name, of ACCOUNT_FILES and GRID_EVENTS_FILE. `metrics` is the whole `--json` object. Extra columns
    follow the fixed ones. NaN becomes null in JSON and an empty cell in CSV.
    Raises ValueError if a fixed column is missing.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "config.json", config)
    _write_json(folder / "provenance.json", provenance)
    _write_json(folder / "metrics.json", metrics)
    for (name, columns), table in zip(_TABLES.items(), tables, strict=False):
        if table is not None:
            write_table(folder / name, table, columns)
    for name, table in (optional or {}).items():
        write_table(folder / name, table, _OPTIONAL_TABLES[name])


def write_compare(
    folder: str | Path, config: Mapping, provenance: Mapping, scenario: str, results: Iterable[Mapping]
) -> None:
    """Write compare.json, config.json and provenance.json into `folder`; use inside `atomic_folder`.

    Write each run with `write_run(run_subfolder(folder, scheduler), ...)`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "config.json", config)
    _write_json(folder / "provenance.json", provenance)
    _write_json(folder / "compare.json", {"scenario": scenario, "results": list(results)})


def run_subfolder(folder: str | Path, scheduler: str) -> Path:
    """A new path `folder/runs/<scheduler>`; characters unfit for a file name become '_'.

    A name that is taken (the same scheduler under another seed) gets -2, -3 and so on.
    """
    safe = re.sub(r"[^A-Za-z0-9+._-]", "_", scheduler)[:100].lstrip(".") or "_"
    place, number = Path(folder) / "runs" / safe, 2
    while place.exists():
        place, number = Path(folder) / "runs" / f"{safe}-{number}", number + 1
    return place


def _folder(path: str | Path, what: str) -> Path:
    folder = Path(path)
    try:
        if folder.is_dir():
            return folder
        there = folder.exists()
    except (OSError, ValueError) as error:
        raise InputError(f"{path!s}: cannot be opened ({error}); name {what}") from error
    raise InputError(f"{folder}: {'is a file' if there else 'does not exist'}; name {what}")


def _json_object(path: Path) -> dict[str, Any]:
    whole = read_json(path, remedy="the file is damaged, simulate again")
    if not isinstance(whole, dict):
        raise InputError(f"{path}: is a {type(whole).__name__}, not an object; simulate again")
    return whole


def _result(result: Any, source: Path) -> dict[str, Any]:
    """`result` with its metrics made an object; missing or null metrics are an empty one."""
    if not isinstance(result, dict):
        raise InputError(f"{source}: a result is not an object but {str(result)[:40]!r}; simulate again")
    metrics = result.get("metrics")
    if metrics is not None and not isinstance(metrics, dict):
        raise InputError(
            f"{source}: key 'metrics' is not an object but {str(metrics)[:40]!r}; simulate again"
        )
    return {**result, "metrics": metrics or {}}


def _runs_in(folder: Path) -> list[Run]:
    try:
        places = sorted(place for place in (folder / "runs").iterdir() if place.is_dir())
    except OSError as error:
        raise InputError(f"{folder / 'runs'}: cannot be read ({error.strerror}); compare again") from error
    return [load_run(place) for place in places]


def _match(results: list[dict], stored: list[Run], folder: Path) -> list[Run]:
    left, runs = list(stored), []
    for result in results:
        wanted = (result.get("scheduler"), result.get("seed"))
        match = next(
            (run for run in left if (run.result.get("scheduler"), run.result.get("seed")) == wanted), None
        )
        if match is None:
            raise InputError(
                f"{folder / 'runs'}: has no run of scheduler {str(wanted[0])!r} seed {wanted[1]}, "
                "which compare.json lists; compare again"
            )
        left.remove(match)
        runs.append(match)
    return runs


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    try:
        data = json_text(value).encode("utf-8")
    except UnicodeEncodeError:  # names of files that are no UTF-8
        data = json_text(value, ascii_only=True).encode("ascii")
    path.write_bytes(data + b"\n")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
