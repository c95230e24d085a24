"""`rare launchpad`."""

from __future__ import annotations

from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import json_option, quiet_option
from experiments.cli.where_options import where_of, where_options
from experiments.process.progress import ProgressDisplay


@click.command()
@click.option(
    "--out", default="launchpad-out", show_default=True, metavar="DIR", help="Folder of the results."
)
@click.option(
    "--quick",
    is_flag=True,
    help="A short run of a few minutes that tests every claim, most of them inconclusively.",
)
@click.option(
    "--experiment", metavar="FILE.toml", help="Your own experiment file.  [default: the shipped one]"
)
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    metavar="FILE",
    help="A further job trace, run under the wind and sun of `islanded`. Repeatable.",
)
@where_options
@click.option(
    "--schema", is_flag=True, help="Print the JSON schema of experiment files instead, for editors."
)
@json_option("claims.json")
@quiet_option
def launchpad(out: str, schema: bool, as_json: bool, quiet: bool, **options: Any) -> None:
    """Test the papers' claims on learned schedulers, with intervals.

    Log, learn offline and online, evaluate, and judge claims R1-R4, L1-L6 and O1 by what came of it. The same
    command again goes on where it was stopped. `rare report DIR` draws the report again.
    """
    if schema:
        click.echo(json_text(functions.experiment_schema()))
        return
    with clean_stdout(as_json):
        claims = functions.launchpad(out, where=where_of(options), display=ProgressDisplay(quiet), **options)
    click.echo(json_text(claims) if as_json else functions.claims_text(claims, out))
