"""Cells of the search: one simulation each, whose metrics are written to a file named by the cell's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.engine.cells import Cell
from experiments.process.progress import QUIET
from experiments.runs.run_setup import prepare
from experiments.runs.single_run import simulate_one, simulate_run
from experiments.size.size_cases import CaseRequest
from traces.errors import InputError
from traces.files.atomic import write_json
from traces.files.documents import read_json

_OF_THE_CLOCK = ("simulate_s", "jobs_per_s")
"""Metrics that differ between two equal runs."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Payload of a cell: case by place, scheduler, and the settings of the plant."""

    case: int
    scheduler: str
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialWork:
    """Simulates trials. folder: where results go. requests: of the cases, in order."""

    folder: str
    requests: tuple[CaseRequest, ...]

    def is_done(self, cell: Cell) -> bool:
        """Whether its result is on disk, whole."""
        return read_metrics(self.folder, cell.key) is not None

    def run(self, cell: Cell) -> None:
        """Simulate, and write the metrics. InputError where the plant or the scheduler cannot be had."""
        trial: Trial = cell.payload
        request = self.requests[trial.case].simulation(trial.settings)
        work = prepare(request, [trial.scheduler], QUIET)
        facts, _ = simulate_one(work, trial.scheduler, record=False)
        metrics = {key: value for key, value in facts["metrics"].items() if key not in _OF_THE_CLOCK}
        record = {"metrics": metrics, "ended": facts["ended"], "notes": facts["notes"]}
        write_json(cell_file(self.folder, cell.key), record)


@dataclass(frozen=True, slots=True)
class FullRun:
    """Payload of a cell: a trial that is to be a run folder. command: for its provenance."""

    trial: Trial
    out: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FullRunWork:
    """Writes the run folders of the chosen plants, as `rare simulate --out` does."""

    folder: str
    requests: tuple[CaseRequest, ...]

    def is_done(self, cell: Cell) -> bool:
        """Whether the folder is there, and is of this run: another choice may have taken its name since."""
        run: FullRun = cell.payload
        if read_metrics(self.folder, cell.key) is None:
            return False
        try:
            origin = read_json(Path(run.out) / "provenance.json")
        except InputError:
            return False
        return isinstance(origin, dict) and origin.get("command") == list(run.command)

    def run(self, cell: Cell) -> None:
        """Simulate with tables, figures and report. InputError as of `simulate_run`."""
        run: FullRun = cell.payload
        request = self.requests[run.trial.case].simulation(run.trial.settings)
        facts = simulate_run(run.trial.scheduler, request, out=run.out, force=True, command=run.command)
        metrics = {key: value for key, value in facts["metrics"].items() if key not in _OF_THE_CLOCK}
        write_json(cell_file(self.folder, cell.key), {"metrics": metrics})


def cell_file(folder: str, key: str) -> Path:
    """Where the result of a cell is."""
    return Path(folder) / f"{key}.json"


def read_metrics(folder: str, key: str) -> Mapping[str, Any] | None:
    """The record of a cell; None without a whole one."""
    path = cell_file(folder, key)
    if not path.is_file():
        return None
    try:
        record = read_json(path)
    except InputError:  # cut off by a power failure
        return None
    return record if isinstance(record, dict) and isinstance(record.get("metrics"), dict) else None
