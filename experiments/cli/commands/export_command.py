"""`rare export`."""

from __future__ import annotations

import click

from experiments.cli import functions
from experiments.cli.shared_options import force_option, quiet_option


@click.command()
@click.argument("run")
@click.option(
    "--format",
    "format_",
    required=True,
    type=click.Choice(["swf", "gantt", "batsim", "energy"]),
    help="Format of the file.",
)
@click.option("--out", required=True, metavar="FILE", help=".swf for swf, .csv for the others; or with .gz.")
@force_option("Replace FILE if it exists.")
@quiet_option
def export(run: str, format_: str, out: str, force: bool, quiet: bool) -> None:
    """Write a run's schedule as SWF, Gantt intervals, Batsim's jobs or energy per job.

    RUN is a run folder. swf: the Standard Workload Format, a suspended job in several lines. gantt: which
    cores each job held and when, as evalys draws it. batsim: Batsim's _jobs.csv, one line for each job, those
    without a start included. energy: what each job drew, and the idle rest.
    """
    path = functions.export_run(run, format_, out, force=force)
    if not quiet:
        click.echo(f"wrote {path}", err=True)
