"""`rare report`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from experiments.cli import functions


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--quiet", is_flag=True, help="Do not print the paths of the reports.")
def report(runs: Sequence[str], quiet: bool) -> None:
    """Redraw figures and report of run folders, without simulating."""
    for run in runs:
        path = functions.redraw_page(run)
        if not quiet:
            click.echo(f"wrote {path}")
