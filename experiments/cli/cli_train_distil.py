"""`rare train distil`: the command; what it does is in distil_run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from experiments.cli.cli_shared import clean_stdout, json_text


@click.command("distil", short_help="One network from several checkpoints.")
@click.option("--teacher", "teachers", multiple=True, required=True, metavar="SCENARIO=CHECKPOINT",
              help="Whom to follow on a scenario. Repeatable.")  # fmt: skip
@click.option("--out", required=True, metavar="DIR", help="Where the run goes.")
@click.option("--from", "start", metavar="CHECKPOINT", help="Start from these weights.")
@click.option("--width", type=click.IntRange(1), help="Of the network.  [default: the first teacher's]")
@click.option("--option", "more", multiple=True, metavar="KEY=VALUE",
              help="Change rounds, updates, batch, learning_rate, kept, random or sharpness.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True,
              help="Draws first weights, states and batches.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Begin again what was stopped; leave what is finished.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def distil(
    teachers: Sequence[str], out: str, more: Sequence[str], as_json: bool, quiet: bool, **options: Any
) -> None:
    """Learn to do on each scenario what its teacher does; DIR/best is the round that did best.

    After every round the network schedules the validation windows of all scenarios.
    """
    from experiments.runs.key_values import pairs
    from experiments.runs.progress import Talk
    from experiments.training.train_distil import distil_run

    with clean_stdout(as_json):
        found = distil_run(
            pairs(teachers, "--teacher"), out, changes=pairs(more, "--option"), talk=Talk(quiet), **options
        )
    if as_json:
        click.echo(json_text(found))
        return
    for each in found["rounds"]:
        click.echo(
            f"round {each['round']}: objective {each['objective']:.4f}, {each['kl']:.3f} from its teachers"
        )
    click.echo(f"written: {Path(out) / 'best'}")
