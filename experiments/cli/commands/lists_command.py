"""`rare schedulers` and `rare scenarios`: what there is to choose from."""

from __future__ import annotations

import click

from experiments.cli import functions
from experiments.cli.output import json_text
from experiments.cli.shared_options import json_option


@click.command()
@json_option()
def schedulers(as_json: bool) -> None:
    """List the names of schedulers and their meaning."""
    parts = functions.describe()
    if as_json:
        click.echo(json_text(parts))
        return
    click.echo(
        "NAME = ORDER[+BACKFILL][+GATE][+VICTIM][+SPEED], or path/to/file.py:ClassName for your own class; "
        "GATE may be such a class too"
    )
    for title, entries in parts.items():
        click.echo(f"\n{title}:")
        width = max(len(name) for name in entries)
        for name, text in entries.items():
            click.echo(f"  {name:<{width}}  {'= ' * (title == 'short')}{text}")


@click.command()
@click.option("--schema", is_flag=True, help="Print the JSON schema of scenario files instead, for editors.")
def scenarios(schema: bool) -> None:
    """List the scenarios that ship with the package."""
    if schema:
        click.echo(json_text(functions.scenario_schema()))
        return
    for name in functions.shipped_names():
        click.echo(f"{name:<12}  {functions.load_scenario(name).scenario.description}")
