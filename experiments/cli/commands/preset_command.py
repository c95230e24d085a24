"""`rare compare --preset NAME`: a published case of others, run on files that the user fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import json_option, quiet_option, schedulers_option, seed_option
from experiments.cli.where_options import WHERE_NAMES, where_of, where_options
from experiments.process.progress import ProgressDisplay

ONLY = ("preset", "data", "seeds", "steps", *WHERE_NAMES)
"""Parameters that `compare` without a preset does not have."""


@click.command("compare")
@click.option("--preset", metavar="NAME", help="Published case: gas-marl, rlscheduler.")
@click.option(
    "--data", multiple=True, metavar="FOLDER", help="Folder with the files of the case. Repeatable."
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of agents to train; --seed is the first seed.  [default: the preset's]",
)
@click.option(
    "--steps",
    type=click.IntRange(min=0),
    metavar="N",
    help="Decisions that each agent plays in training.  [default: the preset's]",
)
@schedulers_option("Further schedulers, or a choice of the case's. Repeatable, or joined by commas.")
@seed_option("The first agent's.")
@click.option("--out", metavar="DIR", help="Where agents, table and results go.")
@where_options
@json_option()
@quiet_option
def preset(
    preset: str,
    data: Sequence[str],
    out: str | None,
    as_json: bool,
    quiet: bool,
    schedulers: list[str],
    **options: Any,
) -> None:
    """Train for a published case, and judge the agents beside heuristics."""
    if not data:
        raise click.UsageError("--preset needs --data FOLDER, where the files of the case are")
    if out is None:
        raise click.UsageError("--preset needs --out DIR, where agents and results go")
    where, module = where_of(options), functions.preset_of(preset)
    folders = [Path(folder) for folder in data]
    with clean_stdout(as_json):
        results = module.run(
            folders,
            Path(out),
            schedulers=schedulers,
            where=where,
            display=ProgressDisplay(quiet),
            **options,
        )
    if as_json:
        click.echo(json_text(results))
        return
    click.echo(module.text(results))
    click.echo(f"written: {Path(out) / 'results.json'}")


def preset_only() -> list[click.Parameter]:
    """The options that `compare` without a preset does not have."""
    return [param for param in preset.params if param.name in ONLY]
