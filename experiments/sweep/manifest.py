"""The manifest of a sweep: every cell, its place on the axes, and a key of what its result depends on."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.engine.cells import Cell
from experiments.process.code_identity import code_hash, library_versions
from experiments.runs.provenance import scheduler_files
from experiments.runs.run_setup import Settings
from experiments.runs.scenario_files import content_hash
from experiments.sweep.sweep_file import MOST_CELLS, SweepCase, SweepFile, SweepSupply, SweepWorkload
from experiments.sweep.sweep_work import SweepTask
from rare.scenario.load import UNLIMITED, Loaded, Overrides, load_scenario, shipped_names
from rare.scenario.windows import windows_of
from schedulers import make_scheduler
from schedulers.user.user_class import split_gate_file
from traces.errors import InputError
from traces.files.documents import is_regular, user_path
from traces.files.text import place

SCENARIO, WINDOW, SEED, SCHEDULER = "scenario", "window", "seed", "scheduler"
REPLICATES = (SEED, WINDOW)
"""Axes that are repetitions: means are taken over them."""

Point = dict[str, Any]
"""A value on each axis."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The cells of a sweep in their order, and the axis values of each."""

    name: str
    axes: tuple[str, ...]
    cells: tuple[Cell, ...]
    points: tuple[Point, ...]

    def share(self, number: int, of: int) -> list[Cell]:
        """The cells of task `number` (1 to `of`): drawn evenly, so that no task has all slow schedulers."""
        order = list(range(len(self.cells)))
        random.Random(0).shuffle(order)
        return [self.cells[place] for place in sorted(order[number - 1 :: of])]


def manifest_of(sweep: SweepFile, base: Path) -> Manifest:
    """Every combination of the axes. base: folder that paths in the sweep are relative to.

    InputError for a scenario, setting, scheduler or window that is wrong, before anything is run.
    """
    names = [_Scheduler.of(name, base) for name in sweep.schedulers]
    points: list[Point] = []
    cells: list[Cell] = []
    for variant, loaded in _variants(sweep, base):
        for window in _windows(sweep, loaded):
            at_window = loaded if window is None else _at(loaded, window)
            case_key = _case_key(at_window)
            for seed, scheduler in itertools.product(sweep.seeds, names):
                point = variant | ({} if window is None else {WINDOW: window})
                points.append(point | {SEED: seed, SCHEDULER: scheduler.label})
                settings = Settings(sweep.clock, seed, int(sweep.warmup_s))
                task = SweepTask(at_window, scheduler.name, settings, f"{case_key}-{seed}")
                label = ", ".join(f"{axis} {value}" for axis, value in points[-1].items())
                key = _hash([case_key, settings.clock, seed, settings.warmup_s, scheduler.identity])
                cells.append(Cell(key, label, task, f"{variant.get('workload', '')} {scheduler.label}"))
        if len(cells) > MOST_CELLS:
            raise InputError(f"{sweep.name}: has more than {MOST_CELLS:,} cells; divide it into files")
    _check_distinct(cells)
    return Manifest(sweep.name, tuple(points[0]), tuple(cells), tuple(points))


def manifest_text(manifest: Manifest) -> str:
    """The manifest as JSON, a line a cell: its key and its place on the axes."""
    lines = [
        json.dumps({"cell": cell.key, **point}, default=str)
        for cell, point in zip(manifest.cells, manifest.points, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _check_distinct(cells: Sequence[Cell]) -> None:
    first: dict[str, Cell] = {}
    for cell in cells:
        other = first.setdefault(cell.key, cell)
        if other is not cell:
            raise InputError(
                f"two cells are the same run: ({other.label}) and ({cell.label}); one of the axes changes "
                "nothing"
            )


# --- axes -----------------------------------------------------------------------------------------------


def _variants(sweep: SweepFile, base: Path) -> Iterator[tuple[Point, Loaded]]:
    """Each combination of scenario, workload, supply, case and grid, with the scenario as it is then."""
    workloads: Sequence[SweepWorkload | None] = sweep.workload or (None,)
    supplies: Sequence[SweepSupply | None] = sweep.supply or (None,)
    cases: Sequence[SweepCase | None] = sweep.case or (None,)
    grids = [dict(zip(sweep.grid, values, strict=True)) for values in itertools.product(*sweep.grid.values())]
    for table in sweep.workload:
        _check_file(table.name, table.file, base)
    for source in sweep.supply:
        _check_file(source.name, source.file, base)
    for scenario, workload, supply, case, grid in itertools.product(
        sweep.scenarios, workloads, supplies, cases, grids
    ):
        tables = {"workload": workload, "supply": supply, "case": case}
        named = {axis: table.name for axis, table in tables.items() if table is not None}
        point = {SCENARIO: scenario, **named, **{key: _axis_value(value) for key, value in grid.items()}}
        settings = [*sweep.settings]
        for chosen in tables.values():
            settings += chosen.settings if chosen is not None else ()
        settings += [f"{key}={_toml(value)}" for key, value in grid.items()]
        overrides = Overrides(settings=tuple(settings), base=base)
        if workload is not None:
            overrides = dataclasses.replace(
                overrides,
                workload=workload.file,
                mapping=workload.mapping,
                processors=workload.processors,
                jobs=workload.jobs,
                from_date=workload.from_date,
                to_date=workload.to_date,
            )
        if supply is not None:
            overrides = dataclasses.replace(overrides, power=supply.file)
        try:
            loaded = load_scenario(_scenario_name(scenario, base), overrides)
        except InputError as error:
            cell = ", ".join(f"{axis} {value}" for axis, value in point.items())
            raise InputError(f"{cell}: {error}") from None
        if loaded.scenario.workload.file is None and loaded.scenario.workload.model is None:
            raise InputError(f"scenario {scenario}: has no workload; give [[workload]] with a file")
        yield point, dataclasses.replace(loaded, base=loaded.base.resolve())


def _check_file(name: str, file: str | None, base: Path) -> None:
    if file is not None and file != UNLIMITED and not is_regular(base / user_path(file)):
        raise InputError(f"{name}: {place(file)}: is no file; paths are relative to the sweep file")


def _scenario_name(name: str, base: Path) -> str:
    """A scenario's file relative to the sweep file; names of shipped ones stay."""
    if name in shipped_names() or not (name.endswith(".toml") or "/" in name):
        return name
    beside = base / user_path(name)
    return str(beside) if is_regular(beside) else name  # `training/NAME` is no file


def _windows(sweep: SweepFile, loaded: Loaded) -> list[str | None]:
    """Names of the chosen windows; [None] for the scenario's default."""
    if not sweep.windows:
        return [None]
    windows = windows_of(loaded)
    known = {window.name for window in windows} | {window.split for window in windows}
    for name in sweep.windows:
        if name not in known:
            raise InputError(
                f"windows: {name!r} is neither a split nor a window of {loaded.label}, such as "
                f"{windows[0].name}"
            )
    return [window.name for window in windows if {window.name, window.split} & set(sweep.windows)]


def _at(loaded: Loaded, window: str) -> Loaded:
    scenario = loaded.scenario.model_copy(update={"window": window})
    return dataclasses.replace(loaded, scenario=scenario)


@dataclass(frozen=True, slots=True)
class _Scheduler:
    """A scheduler as the sweep names it, as workers find it, and what its results depend on."""

    label: str
    name: str
    identity: tuple[str, str]

    @classmethod
    def of(cls, label: str, base: Path) -> _Scheduler:
        name = _absolute(label, base)
        make_scheduler(name)  # refuses a wrong name
        digest = scheduler_files([name]).get(name, "")
        return cls(label, name, (label if not digest else Path(label).name, digest))


def _absolute(name: str, base: Path) -> str:
    """A checkpoint or a class in a file, relative to the sweep file, by its whole path."""
    gate = split_gate_file(name)
    if gate is not None:
        word = gate[1].strip()
        return name.replace(word, _absolute(word, base), 1)
    path = user_path(name.partition(".py:")[0] + ".py" if ".py:" in name else name)
    beside = base / path
    if path.is_absolute() or not os.path.exists(beside) or name in ("", "."):
        return name
    return str(beside.resolve()) + (f":{name.partition('.py:')[2]}" if ".py:" in name else "")


# --- keys -----------------------------------------------------------------------------------------------


def _case_key(loaded: Loaded) -> str:
    return _hash([content_hash(loaded), _code()])


@lru_cache(maxsize=1)
def _code() -> str:
    return _hash([code_hash(), library_versions()])


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:24]


def _axis_value(value: Any) -> Any:
    """A value of the grid as it stands in the table: a number or a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return json.dumps(value, default=str)
    return value


def _toml(value: Any) -> str:
    """A value as TOML writes it, for `--set`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    return json.dumps(value, default=str)  # texts, numbers and truth values are written alike
