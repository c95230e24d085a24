"""Workload x supply x load as settings of a scenario; job traces get windows that hold some of their jobs."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.launchpad.experiment_file import Experiment, WorkloadTable
from experiments.runs.provenance import file_hash
from rare.scenario.config.scenario_config import SourceTable
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from rare.scenario.windows import COLUMNS, Window, windows_of
from traces.errors import InputError
from traces.files.documents import user_path

YEAR_DAYS = 364  # whole weeks, so that a window of another year begins on the same weekday
YEARS = 4  # of a longer trace, only the first years are used
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Case:
    """A combination of workload, supply and load.

    first: the main one of its workload. files: hashes of input files.
    """

    name: str
    workload: str
    scenario: str
    settings: tuple[str, ...]
    supply: str
    load: float
    first: bool
    tiers: bool
    ceiling: bool
    files: tuple[str, ...] = ()


def cases_of(experiment: Experiment, out: Path) -> list[Case]:
    """Every workload with each supply at its first load, and each load at its first supply.

    out: folder for the windows of traces. InputError for a case that cannot be built.
    """
    cases = [case for table in experiment.workload for case in _cases(table, out)]
    names = [case.name for case in cases]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InputError(f"workload: two cases are called {name!r}; give a workload another name")
    return cases


def _cases(table: WorkloadTable, out: Path) -> list[Case]:
    settings, files = tuple(table.settings), list[str]()
    if table.trace is not None:
        settings, files = _trace_settings(table, out)
    loaded = load_scenario(table.scenario, Wishes(settings=settings))
    if loaded.scenario.windows is None:
        raise InputError(
            f"workload {table.name}: scenario {table.scenario} has no [windows] to train and judge on"
        )
    first = (table.supplies[0], table.loads[0])
    combinations = [(supply, first[1]) for supply in table.supplies]
    combinations += [(first[0], load) for load in table.loads[1:]]
    return [
        Case(
            name=_name(table.name, supply, load, first),
            workload=table.name,
            scenario=table.scenario,
            settings=settings + changed(loaded, supply, load, table.trace is not None),
            supply=supply,
            load=load,
            first=(supply, load) == first,
            tiers=table.tiers and (supply, load) == first,
            ceiling=table.ceiling and (supply, load) == first,
            files=tuple(files),
        )
        for supply, load in combinations
    ]


def _name(workload: str, supply: str, load: float, first: tuple[str, float]) -> str:
    other_supply = f"-{supply}" if supply != first[0] else ""
    return workload + other_supply + (f"-load-{load:g}" if load != first[1] else "")


def changed(loaded: Loaded, supply: str, load: float, is_trace: bool) -> tuple[str, ...]:
    """Settings that keep only wind or sun, at the capacity of all sources, and multiply the load.

    The jobs of a trace are fixed: there the supply is divided by the load instead.
    """
    scenario, settings = loaded.scenario, []
    sources, factor = list(scenario.supply.source), 1.0
    if supply != "both":
        kind = {"wind": "wind", "sun": "solar"}[supply]
        kind_sources = [source for source in sources if kind in (source.kind, source.quantity)]
        if not kind_sources:
            raise InputError(f"{loaded.label}: has no {kind} source, so supply {supply!r} cannot be had")
        factor, sources = _size(sources, loaded) / _size(kind_sources, loaded), kind_sources
    if load != 1.0 and is_trace:
        factor /= load
    elif load != 1.0:
        if scenario.workload.load is None:
            raise InputError(f"{loaded.label}: has no workload.load to multiply; give loads = [1.0]")
        settings.append(f"workload.load={scenario.workload.load * load:.6g}")
    if factor != 1.0 or sources != list(scenario.supply.source):
        tables = ", ".join(_inline(source, factor, loaded) for source in sources)
        settings.append(f"supply.source=[{tables}]")
    return tuple(settings)


def _size_key(source: SourceTable, loaded: Loaded) -> str:
    for key in ("capacity", "capacity_kw", "peak", "peak_kw"):
        if getattr(source, key) is not None:
            return key
    raise InputError(f"{loaded.label}: a source has neither capacity nor peak, so it cannot be scaled")


def _size(sources: list[SourceTable], loaded: Loaded) -> float:
    keys = {_size_key(source, loaded) for source in sources}
    if len({key.endswith("_kw") for key in keys}) > 1:
        raise InputError(f"{loaded.label}: some sources are sized in kW, others relative; size them alike")
    return float(sum(getattr(source, _size_key(source, loaded)) for source in sources))


def _inline(source: SourceTable, factor: float, loaded: Loaded) -> str:
    """A source as an inline table of TOML, with another size."""
    keys: dict[str, Any] = {}
    for name, value in source.model_dump(exclude_defaults=True).items():
        keys[name] = list(value) if isinstance(value, tuple) else value
    key = _size_key(source, loaded)
    keys[key] = float(f"{getattr(source, key) * factor:.9g}")
    if "file" in keys:
        keys["file"] = str(loaded.path(keys["file"]).resolve())
    # strings, numbers and lists are written alike in JSON and TOML
    return "{" + ", ".join(f"{name} = {json.dumps(value)}" for name, value in keys.items()) + "}"


# --- traces ---------------------------------------------------------------------------------------------


def _trace_settings(table: WorkloadTable, out: Path) -> tuple[tuple[str, ...], list[str]]:
    """Settings for a trace as the jobs, with windows that each have a job, and hashes of the files."""
    assert table.trace is not None
    trace = user_path(table.trace).resolve()
    digest = file_hash(trace)
    settings = (f"workload={{file = {json.dumps(str(trace))}}}", *table.settings)
    loaded = load_scenario(table.scenario, Wishes(settings=settings))
    scenario_windows = [
        window for window in windows_of(loaded) if window.split in SPLITS and window.site is None
    ]
    later = [_in_year(window, year) for year in range(YEARS) for window in scenario_windows]
    file = out / "windows" / f"{table.name}.csv"
    settings = (*settings, f"windows.file={json.dumps(str(file))}")
    _write(file, later)
    names_with_jobs = {episode.name for episode in episodes_of(table.scenario, settings).episodes}
    selected = _as_many(scenario_windows, [window for window in later if window.name in names_with_jobs])
    for split in SPLITS:
        if not any(window.split == split for window in selected):
            raise InputError(
                f"workload {table.name}: no {split} window of {table.scenario} holds a job of {trace.name}; "
                "give windows of your own with settings, windows.file=FILE"
            )
    _write(file, selected)
    episodes_of.cache_clear()  # the windows under the same settings have changed
    return settings, [digest, file_hash(file)]


def _as_many(model: list[Window], candidates: list[Window]) -> list[Window]:
    """The first candidates of each split, as many as the scenario has windows, by first day."""
    selected: list[Window] = []
    for split in SPLITS:
        count = sum(window.split == split for window in model)
        selected += [window for window in candidates if window.split == split][:count]
    return sorted(selected, key=lambda window: window.first_day)


def _in_year(window: Window, year: int) -> Window:
    """The window moved to a later year. The weather repeats, so it stays in its split."""
    if year == 0:
        return window
    later = window.first_day + year * YEAR_DAYS
    return dataclasses.replace(window, name=f"{window.name}-y{year + 1}", first_day=later)


def _write(file: Path, windows: list[Window]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((window.name, window.split, window.first_day, window.days) for window in windows)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_text("utf-8") != text.getvalue():
        file.write_text(text.getvalue(), "utf-8")
