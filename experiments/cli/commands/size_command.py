"""`rare size`."""

from __future__ import annotations

from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import (
    force_option,
    json_option,
    mapping_option,
    quiet_option,
    settings_option,
)
from experiments.cli.where_options import where_of, where_options
from experiments.process.progress import ProgressDisplay


@click.command()
@click.argument("file", metavar="FILE.toml", required=False)
@click.option("--out", default="size-out", show_default=True, metavar="DIR", help="Folder of the results.")
@click.option("--workload", metavar="FILE", help="Job trace, instead of the one that FILE.toml names.")
@mapping_option
@click.option("--power", metavar="FILE", help="Power series (CSV) for sources that name no file.")
@settings_option
@where_options
@force_option("Replace results of another question in --out.")
@click.option("--no-runs", is_flag=True, help="Write no run folders of the three choices.")
@click.option("--costs", is_flag=True, help="Print the packaged cost table with its sources instead.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of FILE.toml instead, for editors.")
@json_option("size.json")
@quiet_option
def size(
    file: str | None,
    costs: bool,
    schema: bool,
    no_runs: bool,
    mapping: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Find the wind, sun, battery and grid line that serve these jobs best.

    It tries plants within the ranges of FILE.toml (docs/guides/size.md) and shows the front of yearly cost, carbon and
    value or delay, with three choices: cheapest, cleanest, knee. If stopped, the same command goes on.
    """
    if costs or schema:
        click.echo(functions.costs_text() if costs else json_text(functions.size_schema()))
        return
    if file is None:
        raise click.UsageError("Missing argument 'FILE.toml'; examples/size.toml is one.")
    if mapping is not None:
        options["settings"] = (f"workload.mapping={mapping}", *options["settings"])
    with clean_stdout(as_json):
        where = where_of(options)
        request = functions.SizeRequest(file, where=where, runs=not no_runs, **options)
        facts = functions.size_run(request, display=ProgressDisplay(quiet))
    click.echo(json_text(facts) if as_json else functions.size_text(facts, str(options["out"])))
