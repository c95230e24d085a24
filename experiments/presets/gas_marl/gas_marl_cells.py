"""GAS-MARL's case as cells: the training of a seed, and a scheduler on one of the test windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from experiments.engine.cells import Cell
from experiments.presets.gas_marl.gas_marl_agent import train_agent
from experiments.presets.gas_marl.gas_marl_case import Data, judged_cases, read_data
from experiments.presets.gas_marl.gas_marl_forecast import forecast_for
from experiments.presets.gas_marl.gas_marl_judge import row_of
from experiments.presets.gas_marl.gas_marl_schedulers import AGENT, Entrant, entrants
from experiments.presets.gas_marl.gas_marl_training import training_episodes
from experiments.presets.preset_files import Record, hashes_of
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.cell_results import CellResults, cell_key
from experiments.runs.provenance import scheduler_files
from experiments.training.train_folder import versions
from rare.model import Case, Forecast
from schedulers.network.checkpoint_files import checkpoint_hash
from traces.errors import InputError
from traces.files.atomic import write_json
from traces.files.documents import user_path
from traces.files.json_file import read_object

TRAINED = "trained.json"
REMEDY = "remove it, and give the same command again"


class Files(NamedTuple):
    """The user's files: the folders that hold them, as absolute paths, and name and sha256 of each."""

    folders: tuple[str, ...]
    hashes: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, folders: Sequence[str | Path], data: Data) -> Files:
        """Of the folders of --data, and what was read there."""
        return cls(tuple(str(user_path(folder).absolute()) for folder in folders), hashes_of(data.files))


@lru_cache(maxsize=1)
def _data(files: Files) -> Data:
    """The contents of the files. InputError if they are others than those that the command read."""
    data = read_data(files.folders)
    if hashes_of(data.files) != files.hashes:
        raise InputError(
            f"{files.folders[0]}: a worker reads other files than this command did; leave them as they are, "
            "and let all machines see the same ones"
        )
    return data


@lru_cache(maxsize=1)
def _cases(files: Files) -> list[Case]:
    return judged_cases(_data(files))


@lru_cache(maxsize=2)
def _forecast(files: Files, kind: str, seed: int) -> Forecast:
    return forecast_for(_data(files), kind, seed)


@dataclass(frozen=True, slots=True)
class SeedTraining:
    """Trains agents, in OUT/train/seed-K. The payload of a cell is the seed.

    The file trained.json there names the checkpoint, and the cell that it is of. out: absolute. steps:
    decisions of PPO. display: shown in the command's own process.
    """

    files: Files
    out: Path
    steps: int
    display: ProgressDisplay = field(default=QUIET, compare=False)

    def cell(self, seed: int) -> Cell:
        """The cell of a seed."""
        key = cell_key("gas-marl agent", self.files.hashes, seed, self.steps, versions())
        return Cell(key, f"the training of seed {seed}", seed, "training")

    def is_done(self, cell: Cell) -> bool:
        """Whether the agent is trained."""
        path = self._folder(cell) / TRAINED
        return path.is_file() and read_object(path, REMEDY).get("cell") == cell.key

    def run(self, cell: Cell) -> None:
        """Train an agent, or go on where its training was stopped."""
        seed, folder = cell.payload, self._folder(cell)
        self.display.note(f"seed {seed}: training in {folder}")
        episodes = training_episodes(_data(self.files))
        best = train_agent(episodes, folder, seed=seed, steps=self.steps, display=self.display)
        write_json(folder / TRAINED, {"cell": cell.key, "checkpoint": best.relative_to(folder).as_posix()})

    def checkpoint(self, cell: Cell) -> Path:
        """The checkpoint of a trained agent."""
        folder = self._folder(cell)
        return folder / str(read_object(folder / TRAINED, REMEDY)["checkpoint"])

    def _folder(self, cell: Cell) -> Path:
        return self.out / "train" / f"seed-{cell.payload}"


class Run(NamedTuple):
    """A scheduler on a window: its name, the kind of its forecast, the seed of an agent, the window."""

    name: str
    forecast: str | None
    seed: int | None
    window: int


@dataclass(frozen=True, slots=True)
class WindowJudging:
    """Scores schedulers on windows. The payload of a cell is a Run; its result is a row of the table.

    seed: of the realistic forecast. agents: checkpoint of each seed.
    """

    files: Files
    results: CellResults
    seed: int
    agents: tuple[tuple[int, Path], ...] = ()

    def cells(self, names: Sequence[str], windows: int) -> list[Cell]:
        """The cells of these schedulers, in the order of the table."""
        weights = {seed: checkpoint_hash(folder) for seed, folder in self.agents}
        cells = []
        for entrant in entrants(names, dict(self.agents)):
            sources = scheduler_files([entrant.name]) if entrant.seed is None else weights[entrant.seed]
            for window in range(windows):
                run = Run(entrant.name, entrant.forecast, entrant.seed, window)
                key = cell_key("gas-marl window", self.files.hashes, self.seed, run, sources)
                cells.append(Cell(key, f"{entrant.name} on window {window}", run, f"{run[:3]}"))
        return cells

    def is_done(self, cell: Cell) -> bool:
        """Whether there is a row."""
        return self.results.has(cell.key)

    def run(self, cell: Cell) -> None:
        """Simulate a window and write its row. InputError if jobs are left undone."""
        run: Run = cell.payload
        kind = run.forecast
        forecast = None if kind is None else _forecast(self.files, kind, self.seed)
        case = _cases(self.files)[run.window]
        self.results.write(cell.key, row_of(self._entrant(run), run.window, case, forecast))

    def rows(self, cells: Sequence[Cell]) -> list[Record]:
        """The rows of cells that are done."""
        return [self.results.read(cell.key) for cell in cells]

    def _entrant(self, run: Run) -> Entrant:
        """The entrant of a run. An agent's weights are read once; a user's class may have state."""
        if run.name == AGENT:
            return _agents(self.agents)[run.forecast, run.seed]
        return next(each for each in entrants([run.name], {}) if each.forecast == run.forecast)


@lru_cache(maxsize=1)
def _agents(agents: tuple[tuple[int, Path], ...]) -> dict[tuple[str | None, int | None], Entrant]:
    return {(each.forecast, each.seed): each for each in entrants([AGENT], dict(agents))}
