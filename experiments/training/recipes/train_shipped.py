"""Trains the packaged network.

python -m experiments.training.recipes.train_shipped DIR [--from CHECKPOINT]

It logs datasets, trains a network for each seed on the shipped scenarios (train_start), goes on from it on
grounds of all kinds (train_on_grounds), and prints the best one on validation windows, for
`python -m experiments.training.recipes.release`. Results are in docs/results/model-card.md. The same command resumes
an interrupted run. With --from all seeds go on from one network, and nothing is logged.
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
from experiments.training.recipes import train_on_grounds, train_start
from experiments.training.train_folder import versions
from rare.dataset.dataset_folder import existing
from schedulers.network.checkpoint_files import checkpoint_hash, find_folder


@dataclass(frozen=True, slots=True)
class ShippedTraining:
    """The cells of the recipe: logs of scenarios, and networks. A payload is a name to log, or a seed.

    folder: of all of it. The results are in its folder `cells`: paths below `folder`, and objectives. start:
    a checkpoint that all seeds go on from; None: each trains its own.
    """

    folder: Path
    start: Path | None = None
    display: ProgressDisplay = field(default=QUIET, compare=False)

    @property
    def results(self) -> CellResults:
        """The results of the cells."""
        return CellResults(self.folder.absolute() / "cells")

    def logs(self) -> list[Cell]:
        """The cells that log datasets; none if there is a network to start from."""
        if self.start is not None:
            return []
        return [Cell(self._key(name), f"the log of {name}", name, name) for name in train_start.logs()]

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
        if isinstance(cell.payload, str):
            made = train_start.log(self._data, cell.payload, self.display)
            result: dict[str, Any] = {"folder": str(existing(made).relative_to(self.folder))}
        else:
            objective, best = self._train(int(cell.payload))
            result = {"folder": str(best.relative_to(self.folder)), "objective": objective}
        self.results.write(cell.key, result)

    def _train(self, seed: int) -> tuple[float, Path]:
        out, start = self.folder / f"seed-{seed}", self.start
        if start is None:
            data = [self._data / name for name in train_start.logs()]
            _, start = train_start.train_seed(data, out / "start", seed, self.display)
        return train_on_grounds.train_on_grounds(start, out, seed, self.display)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _key(self, payload: str | int) -> str:
        begun = None if self.start is None else checkpoint_hash(self.start)
        return cell_key("shipped", payload, begun, versions())


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--from", "start", metavar="CHECKPOINT", help="All seeds go on from this network.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Networks to train.")
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processes on this machine.  [default: 1]"
)
@click.option("--dask", metavar="ADDRESS", help="Run on this Dask scheduler, on this machine.")
@click.option("--dask-slurm", metavar="FILE.toml", help="Start Dask workers through Slurm as this file says.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def command(
    folder: Path,
    start: str | None,
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
    begun = None if start is None else find_folder(start).absolute()
    training = ShippedTraining(folder.absolute(), begun, display)
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
