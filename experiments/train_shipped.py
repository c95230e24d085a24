"""Trains a network that ships: python -m experiments.train_shipped DIR --as with-forecast|without-forecast.

It logs, trains a network for each seed, and says which did best on validation windows; that one is put into
the package by `python -m experiments.ship`. docs/model-card.md has what came of it. The same command goes on
where it was stopped.
"""

from __future__ import annotations

from pathlib import Path

import click

from experiments import train_with_forecast, train_without_forecast
from experiments.cli_shared import json_text
from experiments.talk import Talk
from schedulers.registry import WITH_FORECAST, WITHOUT_FORECAST
from traces.errors import InputError

RECIPES = {WITH_FORECAST: train_with_forecast, WITHOUT_FORECAST: train_without_forecast}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--as", "kind", type=click.Choice(list(RECIPES)), required=True, help="Which of the two.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Networks to train.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def command(folder: Path, kind: str, seeds: int, quiet: bool) -> None:
    """Log, train a network for each seed, and say which did best on the validation windows."""
    talk, recipe = Talk(quiet), RECIPES[kind]
    try:
        data = recipe.log_all(folder / "data", talk)
        scores = {
            seed: recipe.train_seed(data, folder / f"seed-{seed}", seed, talk)["best"]["objective"]
            for seed in range(seeds)
        }
    except InputError as error:
        raise click.ClickException(str(error)) from None
    finally:
        talk.done()
    best = max(scores, key=lambda seed: scores[seed])
    click.echo(json_text({"validation_objective": scores, "best": str(folder / f"seed-{best}" / "shipped")}))


if __name__ == "__main__":
    command()
