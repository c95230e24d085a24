"""`rare size` as a function: search, front, the three choices with their runs, and the report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.engine.cells import Cell, CellWork
from experiments.engine.kept_workers import KeptWorkers
from experiments.engine.run_cells import run_cells
from experiments.engine.where import Where
from experiments.process.atomic_output import atomic_folder, is_own_folder
from experiments.process.interrupts import explained
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.json_values import plain_json
from experiments.runs.comparison import link_or_copy
from experiments.runs.provenance import code_hash, commit, version
from experiments.size import judged_plants, size_folder
from experiments.size.judged_plants import PlantPair, Service
from experiments.size.pages.size_page import write_page
from experiments.size.pareto_front import CHOICES
from experiments.size.plant_costs import Plant
from experiments.size.scenario_sizes import ScenarioSizes
from experiments.size.search_plants import Scores, check_optuna, search
from experiments.size.search_space import Candidate, SearchSpace, search_space
from experiments.size.size_cases import CaseRequest, SizeCase, case_requests, prepared_cases, shell_text
from experiments.size.size_cells import FullRun, FullRunWork, Trial, TrialWork, read_metrics
from experiments.size.size_file import SizeFile, read_size_file
from traces.errors import InputError
from traces.files.atomic import write_json
from traces.files.documents import user_path

FORMAT = 1


@dataclass(frozen=True, slots=True)
class SizeRequest:
    """What is asked, and where the answer goes.

    file            : the TOML file of the question
    out             : the folder to write; what is there of the same question is used again
    workload, power : files in place of those that the question names for all years
    settings        : changes of the scenario in all years, as of `--set`, after those of the file
    where           : where the simulations run
    force           : take a folder that holds another question
    runs            : write the run folders of the three choices
    """

    file: str | Path
    out: str | Path
    workload: str | None = None
    power: str | None = None
    settings: Sequence[str] = ()
    where: Where = Where()
    force: bool = False
    runs: bool = True


def size_run(request: SizeRequest, *, display: ProgressDisplay = QUIET) -> dict[str, Any]:
    """Search the plants of a question; the object of size.json, which lies in the folder with the rest.

    InputError for bad input; a search that was stopped goes on from the results that are there.
    """
    path = user_path(request.file)
    question = read_size_file(path)
    if request.settings:
        settings = (*(question.settings or ()), *request.settings)
        question = question.model_copy(update={"settings": settings})
    if question.search.trials > question.search.sample_size:
        check_optuna()
    requests = case_requests(question, path.parent, request.workload, request.power)
    cases = prepared_cases(requests, question, display)
    out = user_path(request.out)
    with (
        size_folder.opened(out, _recorded(question, requests), request.force),
        explained(lambda: f"finished simulations are kept in {out}: the same command goes on from there"),
        KeptWorkers(request.where, out.resolve() / size_folder.BOOK, display) as workers,
    ):
        return _Sizing(question, cases, request, workers, out.resolve(), display).run()


class _Sizing:
    """One search, from its first trial to the report."""

    def __init__(
        self,
        question: SizeFile,
        cases: tuple[SizeCase, ...],
        request: SizeRequest,
        workers: KeptWorkers,
        out: Path,
        display: ProgressDisplay,
    ) -> None:
        self.question, self.cases, self.request = question, cases, request
        self.workers, self.out, self.display = workers, out, display
        self.service: Service = judged_plants.service_of(question, cases)
        self.space: SearchSpace = search_space(question, cases[0].sizes)
        self.cells = str(out / size_folder.CELLS)
        self.work = TrialWork(self.cells, tuple(case.request for case in cases))
        self.rows: dict[Candidate, dict[str, Any]] = {}
        self.plenty: list[float] = []

    def run(self) -> dict[str, Any]:
        """Search, write the table, the choices' runs, size.json and the report."""
        trials = search(self.space, self.question.search, self.evaluate)
        origins: dict[Candidate, str] = {}
        for candidate, origin in trials:
            origins.setdefault(candidate, origin)
        table = [
            {"point": place, "origin": origin, "scheduler": candidate.scheduler, **self.rows[candidate]}
            for place, (candidate, origin) in enumerate(origins.items())
        ]
        points = judged_plants.points_table(table, self.service)
        choices = self.choices(points)
        facts = plain_json(self.facts(points, choices, len(trials)))
        size_folder.write_points(points, self.out)
        write_page(facts, points, self.out)
        write_json(self.out / size_folder.MARK, facts)
        return facts

    def evaluate(self, candidates: Sequence[Candidate], batch: str) -> list[Scores]:
        """Simulate what is not simulated yet, and judge all."""
        cells = {
            cell.key: cell
            for candidate in candidates
            for place in range(len(self.cases))
            for cell in [self.cell(candidate, place)]
        }
        if not self.plenty:
            cells |= {cell.key: cell for place in range(len(self.cases)) for cell in self.plenty_cells(place)}
        self.simulate(self.work, list(cells.values()), batch, "simulations")
        self.plenty = self.plenty or [self.best_served(place) for place in range(len(self.cases))]
        for candidate in candidates:
            if candidate not in self.rows:
                self.rows[candidate] = self.judge(candidate)
        return [judged_plants.scores(self.rows[each], self.service) for each in candidates]

    def simulate(self, work: CellWork, cells: Sequence[Cell], label: str, unit: str) -> None:
        """Run what is not on disk yet. InputError for the first that cannot be done."""
        run_cells(
            work,
            cells,
            self.workers,
            self.out / size_folder.BOOK,
            display=self.display,
            label=label,
            unit=unit,
            stop_at_failure=True,
        )

    def plenty_cells(self, place: int) -> list[Cell]:
        """Each scheduler in a case under power in plenty; none where the scenario cannot have a grid line."""
        case = self.cases[place]
        settings = case.sizes.plenty
        if settings is None:
            return []
        return [
            Cell(
                case.cell_key(name, settings),
                f"{name}, power in plenty, {case.name}",
                Trial(place, name, settings),
                group=f"{place}-{name}",
            )
            for name in self.question.schedulers
        ]

    def best_served(self, place: int) -> float:
        """The share of jobs that the best scheduler serves in a case when power never lacks, or else 1.

        Jobs may expire however much power there is.
        """
        cells = self.plenty_cells(place)
        return max((judged_plants.served_share(self.metrics(cell.key)) for cell in cells), default=1.0)

    def cell(self, candidate: Candidate, place: int) -> Cell:
        """The simulation of a candidate in one case."""
        case, plant = self.cases[place], self.space.plant(candidate)
        trial = Trial(place, candidate.scheduler, case.sizes.settings(plant))
        key = case.cell_key(candidate.scheduler, trial.settings)
        label = f"{candidate.scheduler}, {plant_text(plant)}, {case.name}"
        return Cell(key, label, trial, group=f"{place}-{candidate.scheduler}")

    def judge(self, candidate: Candidate) -> dict[str, Any]:
        """The row of a candidate whose simulations are done."""
        plant = self.space.plant(candidate)
        metrics = [self.metrics(self.cell(candidate, place).key) for place in range(len(self.cases))]
        bought = bought_plant(plant, self.question, self.cases[0].sizes)
        least = [self.question.minimum_served * share for share in self.plenty]
        plants = PlantPair(plant, bought)
        return judged_plants.judged(plants, metrics, self.cases, least, self.question.cost)

    def metrics(self, key: str) -> Mapping[str, Any]:
        """Metrics of a cell that is done."""
        record = read_metrics(self.cells, key)
        if record is None:
            raise InputError(f"{self.cells}: the result {key} is gone; give the same command again")
        metrics: Mapping[str, Any] = record["metrics"]
        return metrics

    def choices(self, points: pd.DataFrame) -> dict[str, dict[str, Any]]:
        """Each named choice: its point, and how its runs are repeated."""
        chosen: dict[str, dict[str, Any]] = {}
        runs: list[Cell] = []
        for name in CHOICES:
            rows = [place for place, text in enumerate(points["choice"]) if name in text.split("+")]
            if not rows:
                continue
            row = points.iloc[rows[0]]
            plant = Plant(**{key: float(row[key]) for key in Plant.__slots__})
            cells = [self.full_run(name, place, plant, row["scheduler"]) for place in range(len(self.cases))]
            runs += cells
            chosen[name] = {
                "point": int(row["point"]),
                "scheduler": row["scheduler"],
                **asdict(plant),
                "yearly": row.to_dict(),
                "runs": [self.run_facts(cell) for cell in cells],
            }
        if self.request.runs:
            self.write_runs(runs)
        return chosen

    def write_runs(self, cells: Sequence[Cell]) -> None:
        """The run folders of the choices, those of one plant run once and copied; old ones are removed."""
        first: dict[Trial, Cell] = {}
        for cell in cells:
            first.setdefault(cell.payload.trial, cell)
        folder, wanted = self.out / size_folder.RUNS, {Path(cell.payload.out) for cell in cells}
        for old in sorted(folder.iterdir()) if folder.is_dir() else ():
            if old.is_dir() and old not in wanted and is_own_folder(old):
                shutil.rmtree(old)
        work = FullRunWork(self.cells, self.work.requests)
        self.simulate(work, list(first.values()), "run folders of the choices", "runs")
        for cell in cells:
            source = first[cell.payload.trial]
            if source is not cell:
                with atomic_folder(cell.payload.out) as copy:
                    shutil.copytree(source.payload.out, copy, copy_function=link_or_copy, dirs_exist_ok=True)

    def full_run(self, name: str, place: int, plant: Plant, scheduler: str) -> Cell:
        """The run folder of a choice in one case."""
        case = self.cases[place]
        trial = Trial(place, scheduler, case.sizes.settings(plant))
        folder = name if len(self.cases) == 1 else f"{name}-{case.name}"
        out = self.out / size_folder.RUNS / folder
        command = tuple(case.request.command(scheduler, trial.settings))
        key = f"{case.cell_key(scheduler, trial.settings)}-{name}"
        return Cell(key, f"run of {folder}", FullRun(trial, str(out), command), group="full")

    def run_facts(self, cell: Cell) -> dict[str, Any]:
        """What size.json has of a choice's run: how to repeat it, and what it must give."""
        run: FullRun = cell.payload
        case = self.cases[run.trial.case]
        key = case.cell_key(run.trial.scheduler, run.trial.settings)
        return {
            "year": case.name,
            "folder": f"{size_folder.RUNS}/{Path(run.out).name}" if self.request.runs else None,
            "settings": [*case.request.overrides.settings, *run.trial.settings],
            "command": shell_text(run.command),
            "metrics": dict(self.metrics(key)),
        }

    def facts(self, points: pd.DataFrame, choices: Mapping[str, Any], trials: int) -> dict[str, Any]:
        """The object of size.json."""
        cases = self.cases
        return {
            "format": FORMAT,
            "name": self.question.name,
            "question": self.question.model_dump(exclude_none=True),
            "service": {
                "name": self.service.name,
                "column": self.service.column,
                "label": self.service.label,
            },
            "currency": self.question.cost.currency,
            "minimum_served": self.question.minimum_served,
            "peak_draw_kw": cases[0].sizes.peak_kw,
            "years": [
                {
                    "name": case.name,
                    "scenario": case.request.scenario,
                    "jobs": case.jobs,
                    "span_days": case.span_s / 86400,
                    "scale_to_year": case.scale,
                    "served_with_plenty_of_power": share,
                    "notes": case.notes,
                }
                for case, share in zip(cases, self.plenty, strict=True)
            ],
            "trials": trials,
            "plants": len(points),
            "serving_enough": int(points["serves_enough"].sum()),
            "on_front": int(points["on_front"].sum()),
            "most_served_share": float(points["worst_served_share"].max()),
            "choices": choices,
            "provenance": {"rare": version(), "commit": commit(), "code_sha256": code_hash()},
        }


def bought_plant(plant: Plant, question: SizeFile, sizes: ScenarioSizes) -> Plant:
    """What is paid for: nameplate of the sized sources, and the sources that are not sized."""
    bought = {}
    for kind in ("solar", "wind"):
        table = getattr(question, kind)
        kw = getattr(plant, f"{kind}_kw") * (1.0 if table is None else table.nameplate_ratio)
        bought[f"{kind}_kw"] = kw + sizes.others_kw.get(kind, 0.0)
    return replace(plant, **bought)


def plant_text(plant: Plant) -> str:
    """A plant in a few words."""
    return (
        f"sun {plant.solar_kw:g} kW, wind {plant.wind_kw:g} kW, battery {plant.battery_kwh:g} kWh, "
        f"grid {plant.grid_kw:g} kW"
    )


_ONLY_JUDGED = {"name", "search", "cost", "service", "minimum_served"}
"""Keys that change no simulation: another value of them is the same question, asked again."""


def _recorded(question: SizeFile, requests: Sequence[CaseRequest]) -> dict[str, Any]:
    """What makes a folder's results those of this question; the results themselves go by their keys."""
    cases = [[request.scenario, request.overrides.workload, request.overrides.power] for request in requests]
    recorded = question.model_dump(exclude=_ONLY_JUDGED, exclude_none=True)
    return dict(plain_json({**recorded, "files": cases}))
