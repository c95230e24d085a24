"""`rare launchpad`: the command; what it does is in experiments/launchpad."""

from __future__ import annotations

from collections.abc import Sequence

import click

from experiments.cli.cli_shared import clean_stdout, json_text


@click.command("launchpad", short_help="Test the papers' claims on learned schedulers, with intervals.")
@click.option("--out", default="launchpad-out", show_default=True, metavar="DIR", help="Where it all goes.")
@click.option("--quick", is_flag=True, help="A few minutes: touches every claim, decides few.")
@click.option("--experiment", metavar="FILE.toml", help="An experiment of yours.  [default: the shipped one]")
@click.option("--workload", "workloads", multiple=True, metavar="FILE",
              help="A job trace to run as well, under islanded's wind and sun. Repeatable.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes.  [default: all cores]")
@click.option(
    "--schema", is_flag=True, help="Print the JSON schema of experiment files instead, for editors."
)
@click.option("--json", "as_json", is_flag=True, help="claims.json on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def launchpad_command(
    out: str,
    quick: bool,
    experiment: str | None,
    workloads: Sequence[str],
    workers: int | None,
    schema: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Log, learn offline and online, evaluate, and judge claims R1-R4, L1-L6 and O1 by what came of it.

    The same command again goes on where it was stopped. `rare report DIR` draws the report again.
    """
    from experiments.launchpad.experiment_file import experiment_schema
    from experiments.launchpad.launch import claims_text, launchpad
    from experiments.runs.progress import Talk

    if schema:
        click.echo(json_text(experiment_schema()))
        return
    with clean_stdout(as_json):
        found = launchpad(
            out, experiment=experiment, quick=quick, workloads=workloads, workers=workers, talk=Talk(quiet)
        )
    click.echo(json_text(found) if as_json else claims_text(found, out))
