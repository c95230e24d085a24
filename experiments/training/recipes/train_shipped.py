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

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from experiments.process.command_process import run_process
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.process.worker_pool import map_tasks
from experiments.results.json_values import json_text
from experiments.training.recipes import train_with_forecast, train_without_forecast
from schedulers.registry import WITH_FORECAST, WITHOUT_FORECAST

RECIPES: dict[str, Any] = {WITH_FORECAST: train_with_forecast, WITHOUT_FORECAST: train_without_forecast}


class Log(NamedTuple):
    """The task of logging one dataset."""

    kind: str
    folder: Path
    name: str

    def __str__(self) -> str:
        return f"logged {self.name}"


class Seed(NamedTuple):
    """The task of training one network."""

    kind: str
    data: list[Path]
    folder: Path
    seed: int

    def __str__(self) -> str:
        return f"trained seed {self.seed}"


def work(task: Log | Seed, display: ProgressDisplay = QUIET) -> Any:
    """Do a task; returns the folder of a dataset, or the objective and the checkpoint of a network."""
    recipe = RECIPES[task.kind]
    if isinstance(task, Log):
        return recipe.log(task.folder, task.name, display)
    return recipe.train_seed(task.data, task.folder, task.seed, display)


def all_of(tasks: Sequence[Log | Seed], workers: int, display: ProgressDisplay) -> list[Any]:
    """The results of the tasks in order, computed by `workers` processes.

    InputError for the first task that fails.
    """
    return map_tasks(work, tasks, workers, lambda done, task: display.note(f"{done} of {len(tasks)}: {task}"))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--as", "kind", type=click.Choice(list(RECIPES)), required=True, help="Which of the two.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Networks to train.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def command(folder: Path, kind: str, seeds: int, workers: int, quiet: bool) -> None:
    """Log, train a network for each seed, and say which did best on the validation windows."""
    display, recipe = ProgressDisplay(quiet), RECIPES[kind]
    data = all_of([Log(kind, folder / "data", name) for name in recipe.logs()], workers, display)
    tasks = [Seed(kind, data, folder / f"seed-{seed}", seed) for seed in range(seeds)]
    trained = dict(enumerate(all_of(tasks, workers, display)))
    scores = {seed: objective for seed, (objective, _) in trained.items()}
    best = trained[max(scores, key=lambda seed: scores[seed])][1]
    click.echo(json_text({"validation_objective": scores, "best": str(best)}))


_importing.over()

if __name__ == "__main__":
    sys.exit(run_process(command, "train_shipped"))
