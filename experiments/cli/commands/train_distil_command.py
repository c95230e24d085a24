"""`rare train distil`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import (
    LARGEST_TORCH_SEED,
    json_option,
    quiet_option,
    run_folder_option,
    seed_option,
    start_option,
)
from experiments.process.progress import ProgressDisplay


@click.command("distil", short_help="One network from several checkpoints.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    required=True,
    metavar="SCENARIO=CHECKPOINT",
    help="Teacher of a scenario. Repeatable.",
)
@run_folder_option
@start_option
@click.option("--width", type=click.IntRange(1), help="Width of the network.  [default: the first teacher's]")
@click.option(
    "--option",
    "option_texts",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change rounds, updates, batch, learning_rate, kept, random or sharpness.",
)
@seed_option("Random seed of first weights, states and batches.", largest=LARGEST_TORCH_SEED)
@click.option("--resume", is_flag=True, help="Start a stopped run again; keep a finished one.")
@json_option()
@quiet_option
def distil(
    teachers: Sequence[str],
    out: str,
    option_texts: Sequence[str],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train one network to imitate a teacher on each scenario; DIR/best is the best round.

    After every round the network schedules the validation windows of all scenarios.
    """
    with clean_stdout(as_json):
        checkpoints = functions.pairs(teachers, "--teacher")
        request = functions.DistilRequest(changes=functions.pairs(option_texts, "--option"), **options)
        summary = functions.distil_run(checkpoints, out, request, display=ProgressDisplay(quiet))
    if as_json:
        click.echo(json_text(summary))
        return
    for one in summary["rounds"]:
        click.echo(
            f"round {one['round']}: objective {one['objective']:.4f}, {one['kl']:.3f} from its teachers"
        )
    click.echo(f"written: {Path(out) / 'best'}")
