"""`rare evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import (
    force_option,
    json_option,
    quiet_option,
    scenario_option,
    schedulers_option,
    seed_option,
    settings_option,
)
from experiments.cli.where_options import where_of, where_options
from experiments.process.progress import ProgressDisplay


@click.command()
@scenario_option("A shipped scenario or a file of yours, with [windows].")
@click.option(
    "--windows",
    "windows",
    multiple=True,
    metavar="SPLIT|NAME[,...]",
    help="Splits (train, validation, test, unseen) or names of windows.  [default: validation]",
)
@schedulers_option("Repeatable, or names joined by commas. The first is what the others are compared with.")
@settings_option
@seed_option("Random seed of the service classes.")
@where_options
@click.option(
    "--out", metavar="DIR", help="Write tables and a figure. If stopped, the same command continues."
)
@force_option("Replace an evaluation in --out.")
@json_option()
@quiet_option
def evaluate(
    schedulers: list[str], windows: Sequence[str], as_json: bool, quiet: bool, **options: Any
) -> None:
    """Evaluate schedulers over many windows of a scenario, with intervals.

    All schedulers run on the same windows. Prints means, 95 % intervals and paired differences.
    """
    chosen = [part.strip() for text in windows for part in text.split(",")] or ["validation"]
    with clean_stdout(as_json):
        request = functions.EvaluationRequest(where=where_of(options), **options)
        evaluation = functions.evaluate_run(
            schedulers or None, chosen, request, display=ProgressDisplay(quiet)
        )
    click.echo(json_text(evaluation.as_dict()) if as_json else functions.evaluate_text(evaluation))
