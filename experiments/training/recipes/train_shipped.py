"""Trains a packaged network.

python -m experiments.training.recipes.train_shipped DIR --as with-forecast|without-forecast

It logs datasets, trains a network for each seed, and prints the best one on validation windows, for
`python -m experiments.training.recipes.release`. Results are in docs/model-card.md. The same command resumes
an interrupted run.
"""

# ruff: noqa: E402 - signals are handled before anything else is imported

from __future__ import annotations

import sys

import experiments.process.interrupts as interrupts

_importing = interrupts.AtOnce(__name__)

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from experiments.engine.cells import Cell
from experiments.engine.run_all import run_all
from experiments.engine.where import Where
from experiments.process.command_process import run_process
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.cell_results import CellResults, cell_key
from experiments.results.json_values import json_text
from experiments.training.recipes import train_with_forecast, train_without_forecast
from experiments.training.train_folder import versions
from rare.dataset.dataset_folder import existing
from schedulers.registry import WITH_FORECAST, WITHOUT_FORECAST

RECIPES: dict[str, Any] = {WITH_FORECAST: train_with_forecast, WITHOUT_FORECAST: train_without_forecast}


@dataclass(frozen=True, slots=True)
class ShippedTraining:
    """The cells of a recipe: logs of scenarios, and networks. A payload is a name to log, or a seed.

    folder: of all of it. The results are in its folder `cells`: paths below `folder`, and objectives.
    """

    kind: str
    folder: Path
    display: ProgressDisplay = field(default=QUIET, compare=False)

    @property
    def results(self) -> CellResults:
        """The results of the cells."""
        return CellResults(self.folder.absolute() / "cells")

    def logs(self) -> list[Cell]:
        """The cells that log datasets. InputError if a scenario is missing."""
        return [Cell(self._key(name), f"the log of {name}", name, name) for name in RECIPES[self.kind].logs()]

    def networks(self, seeds: int) -> list[Cell]:
        """The cells that train networks from the logs, with the seeds from 0 on."""
        needs = tuple(cell.key for cell in self.logs())
        return [Cell(self._key(seed), f"seed {seed}", seed, "training", needs) for seed in range(seeds)]

    def is_done(self, cell: Cell) -> bool:
        """Whether there is a result, and the folder that it names."""
        if not self.results.has(cell.key):
            return False
        return (self.folder / self.results.read(cell.key)["folder"]).exists()

    def run(self, cell: Cell) -> None:
        """Log a dataset, or train a network; either goes on where it was stopped."""
        recipe = RECIPES[self.kind]
        if isinstance(cell.payload, str):
            made = recipe.log(self._data, cell.payload, self.display)
            result: dict[str, Any] = {"folder": str(existing(made).relative_to(self.folder))}
        else:
            data, out = [self._data / name for name in recipe.logs()], self.folder / f"seed-{cell.payload}"
            objective, best = recipe.train_seed(data, out, cell.payload, self.display)
            result = {"folder": str(best.relative_to(self.folder)), "objective": objective}
        self.results.write(cell.key, result)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _key(self, payload: str | int) -> str:
        return cell_key("shipped", self.kind, payload, versions())


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--as", "kind", type=click.Choice(list(RECIPES)), required=True, help="Which of the two.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Networks to train.")
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processes on this machine.  [default: 1]"
)
@click.option("--dask", metavar="ADDRESS", help="Run on this Dask scheduler, on this machine.")
@click.option("--dask-slurm", metavar="FILE.toml", help="Start Dask workers through Slurm as this file says.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def command(
    folder: Path,
    kind: str,
    seeds: int,
    workers: int | None,
    dask: str | None,
    dask_slurm: str | None,
    quiet: bool,
) -> None:
    """Log, train a network for each seed, and say which did best on the validation windows."""
    if workers is None and dask is None and dask_slurm is None:
        workers = 1
    where, display = Where(workers=workers, dask=dask, dask_slurm=dask_slurm), ProgressDisplay(quiet)
    training = ShippedTraining(kind, folder.absolute(), display)
    networks = training.networks(seeds)
    run_all(
        training,
        [*training.logs(), *networks],
        where,
        training.results.book,
        display=display,
        label="logs and networks",
    )
    trained = {cell.payload: training.results.read(cell.key) for cell in networks}
    scores = {seed: result["objective"] for seed, result in trained.items()}
    best = trained[max(scores, key=lambda seed: scores[seed])]["folder"]
    click.echo(json_text({"validation_objective": scores, "best": str(folder / best)}))


_importing.over()

if __name__ == "__main__":
    sys.exit(run_process(command, "train_shipped"))
