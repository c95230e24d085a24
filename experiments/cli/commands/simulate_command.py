"""`rare simulate`."""

from __future__ import annotations

from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout
from experiments.cli.simulation_options import print_result, simulation_options, simulation_request
from experiments.process.progress import ProgressDisplay


@click.command()
@click.option(
    "--scheduler",
    default="easy",
    show_default=True,
    metavar="NAME",
    help="ORDER[+BACKFILL][+GATE][+VICTIM][+SPEED] (`rare schedulers` lists the names), "
    "file.py:ClassName, easy+file.py:GateName, or a checkpoint's folder.",
)
@simulation_options
def simulate(scheduler: str, **options: Any) -> None:
    """Simulate one scenario under one scheduler."""
    with clean_stdout(options["as_json"]):
        request = simulation_request(options)
        result = functions.simulate_run(scheduler, request, display=ProgressDisplay(options["quiet"]))
    print_result(result, options["as_json"], options["out"], not options["no_figures"])
