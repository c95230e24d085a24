"""`rare bench`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from experiments.benchmarks import PARTS
from experiments.cli import functions
from experiments.cli.shared_options import json_option, quiet_option
from experiments.process.progress import ProgressDisplay


@click.command()
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part. Repeatable.")
@click.option("--quick", is_flag=True, help="A few seconds a part: checks that it works, measures nothing.")
@click.option(
    "--large", is_flag=True, help="Growth up to 10 million jobs, and a million on a saturated machine."
)
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    metavar="FILE",
    help="Replay this job trace instead of a synthetic one. Repeatable.",
)
@json_option()
@quiet_option
def bench(
    only: Sequence[str], quick: bool, large: bool, workloads: Sequence[str], as_json: bool, quiet: bool
) -> None:
    """Measure speed, with ratios to plain SimPy.

    It measures environment, replay, networks, growth and start-up, beside a plain SimPy replay in the same run.
    """
    display = ProgressDisplay(quiet)
    figures = functions.run_bench(only, quick=quick, large=large, workloads=workloads, display=display)
    click.echo(json.dumps(figures, indent=2) if as_json else functions.bench_text(figures))
