"""The cases that every plant must serve: one for each weather year of the question, or a single one."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.process.progress import ProgressDisplay
from experiments.runs.run_setup import Settings, SimulationRequest, prepare
from experiments.size.scenario_sizes import ScenarioSizes, sizes_of
from experiments.size.size_file import JobsTable, SizeFile, YearTable
from rare.scenario.case_builder import Built
from rare.scenario.load import Overrides, shipped_names
from rare.scenario.windows import chosen_window
from traces.errors import InputError
from traces.files.documents import user_path
from traces.jobs.workload import NO_DEADLINE_S

YEAR_S = 8760 * 3600
"""A year of 8,760 hours, to which a simulated span is scaled."""
DAY_S = 86400
WHOLE = "year"
"""Name of the case of a question without [[year]]."""


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """What is simulated, but for the plant: picklable, with paths that hold in any folder."""

    name: str
    scenario: str
    overrides: Overrides
    seed: int

    def simulation(self, settings: Sequence[str] = ()) -> SimulationRequest:
        """The request of `rare simulate` with further settings."""
        overrides = replace(self.overrides, settings=(*self.overrides.settings, *settings))
        return SimulationRequest(self.scenario, overrides, Settings(seed=self.seed))

    def command(self, scheduler: str, settings: Sequence[str]) -> list[str]:
        """The words of the `rare simulate` that runs the same, from the current folder."""
        words = ["rare", "simulate", "--scenario", _from_here(self.scenario), "--scheduler", scheduler]
        for option in ("workload", "power"):
            file = getattr(self.overrides, option)
            words += [] if file is None else [f"--{option}", _from_here(file)]
        for option in ("processors", "jobs", "from_date", "to_date", "window"):
            value = getattr(self.overrides, option)
            words += [] if value is None else [f"--{option.replace('_', '-')}", str(value)]
        words += ["--seed", str(self.seed)] if self.seed else []
        for setting in (*self.overrides.settings, *settings):
            words += ["--set", setting]
        return words


@dataclass(frozen=True, slots=True)
class SizeCase:
    """A case with what is known of it before any plant is tried.

    span_s   : between the first and the last submit, or the window's length; what `scale` stands on
    base_keys: of each scheduler; changes with everything that could change its result, but for the plant
    """

    request: CaseRequest
    sizes: ScenarioSizes
    span_s: int
    jobs: int
    has_value: bool
    has_deadlines: bool
    base_keys: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The year's name."""
        return self.request.name

    @property
    def scale(self) -> float:
        """How many times the simulated jobs come in a year."""
        return YEAR_S / self.span_s

    def cell_key(self, scheduler: str, settings: Sequence[str]) -> str:
        """The name of a result under a scheduler and further settings, by everything that could change it."""
        whole = [self.base_keys[scheduler], *settings]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:24]


def case_requests(
    question: SizeFile, folder: Path, workload: str | None, power: str | None
) -> list[CaseRequest]:
    """A request for each year. folder: of the question's file. workload, power: of the command line."""
    scenario = question.scenario
    if scenario not in shipped_names() and (scenario.endswith(".toml") or os.sep in scenario):
        scenario = _absolute(scenario, folder)
    requests = []
    for year in question.year or (None,):
        overrides = Overrides(
            workload=_file(question, year, "workload", folder, workload),
            power=_file(question, year, "power", folder, power),
            processors=_chosen(question, year, "processors"),
            jobs=_chosen(question, year, "jobs"),
            from_date=_chosen(question, year, "from_date"),
            to_date=_chosen(question, year, "to_date"),
            window=_chosen(question, year, "window"),
            settings=(*(question.settings or ()), *((year.settings if year else None) or ())),
        )
        requests.append(CaseRequest(year.name if year else WHOLE, scenario, overrides, question.seed))
    return requests


def prepared_cases(
    requests: Sequence[CaseRequest], question: SizeFile, display: ProgressDisplay
) -> tuple[SizeCase, ...]:
    """Build each case once with the scenario's own plant, and refuse what cannot be sized. InputError."""
    return tuple(_prepared(request, question, display) for request in requests)


def _prepared(request: CaseRequest, question: SizeFile, display: ProgressDisplay) -> SizeCase:
    work = prepare(request.simulation(), question.schedulers, display)
    built = work.built
    sizes = sizes_of(built, question)
    _check_money(built, question, sizes)
    span_s = _span_s(built)
    workload = built.case.workload
    return SizeCase(
        request=request,
        sizes=sizes,
        span_s=span_s,
        jobs=len(workload),
        has_value=bool((workload.value_u > 0).any()),
        has_deadlines=bool((workload.deadline_s < NO_DEADLINE_S).any()),
        base_keys={name: work.key(name) for name in question.schedulers},
        notes=built.warnings,
    )


def _span_s(built: Built) -> int:
    """Seconds in which the jobs are submitted: the window's, else from the first to the last submit."""
    window, table = chosen_window(built.loaded), built.loaded.scenario.windows
    if window is not None and (table is None or table.jobs is None):  # else only the window's first jobs
        return window.days * DAY_S
    submit_s = built.case.workload.submit_s
    span_s = int(submit_s[-1] - submit_s[0])
    if span_s < DAY_S:
        raise InputError(
            f"its jobs are submitted within {span_s} s, less than a day, which cannot stand for a year",
            where=built.case.workload.name,
            remedy="take more jobs",
        )
    return span_s


def _check_money(built: Built, question: SizeFile, sizes: ScenarioSizes) -> None:
    """Refuse a grid whose energy would be free because nobody gave a price, and two kinds of money."""
    inputs, scenario = built.case.inputs, built.loaded.scenario
    limits = None if question.grid is None else question.grid.kw or question.grid.ratio
    most = sizes.own.grid_kw if limits is None else limits[1]
    for name, known in (("price_per_kwh", inputs.priced), ("carbon_g_per_kwh", inputs.carbon_known)):
        if most > 0 and not known:
            raise InputError(
                f"imports from the grid, and grid.{name} is not given",
                where=f"scenario {built.name}",
                remedy=f'give it in the scenario or in settings, such as "grid.{name}=0.12"'
                if name == "price_per_kwh"
                else f'give it in the scenario or in settings, such as "grid.{name}=400"',
            )
    currency = scenario.grid.currency
    if currency is not None and currency != question.cost.currency:
        raise InputError(
            f"cost.currency is {question.cost.currency}, and the scenario's money is {currency}",
            remedy=f'set cost.currency = "{currency}" and give every number of money of [cost] in it',
        )


# --- what the file and the command line say -----------------------------------------------------------------


def _chosen(question: JobsTable, year: YearTable | None, key: str) -> Any:
    """What the year says, else the whole file."""
    value = None if year is None else getattr(year, key)
    return getattr(question, key) if value is None else value


def _file(
    question: JobsTable, year: YearTable | None, key: str, folder: Path, given: str | None
) -> str | None:
    """An absolute path: of the year, else of the command line, else of the whole file."""
    of_year = None if year is None else getattr(year, key)
    if of_year is not None:
        return _absolute(of_year, folder)
    if given is not None:
        return _absolute(given, Path.cwd())
    whole = getattr(question, key)
    return None if whole is None else _absolute(whole, folder)


def _absolute(file: str, folder: Path) -> str:
    return os.path.normpath(folder.resolve() / user_path(file))


def _from_here(path: str) -> str:
    """A path below the current folder relative to it; others as they are."""
    here = Path.cwd()
    return (
        str(Path(path).relative_to(here)) if os.path.isabs(path) and Path(path).is_relative_to(here) else path
    )


def shell_text(words: Sequence[str]) -> str:
    """Words as a line for a shell."""
    return shlex.join(words)
