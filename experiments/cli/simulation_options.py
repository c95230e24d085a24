"""The options of `simulate` and `compare`, the request that they make, and how a result is printed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from experiments.cli import functions
from experiments.cli.output import json_text
from experiments.cli.shared_options import (
    Seconds,
    force_option,
    json_option,
    mapping_option,
    quiet_option,
    seed_option,
    together,
)

if TYPE_CHECKING:
    from experiments.runs.run_setup import SimulationRequest

simulation_options = together(
    click.option(
        "--scenario",
        default="plain",
        show_default=True,
        metavar="NAME|FILE.toml",
        help="A shipped scenario (`rare scenarios` lists them) or a file of yours.",
    ),
    click.option(
        "--window",
        metavar="NAME",
        help="A window of the scenario, such as test-00, or all. Default: the scenario's.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change one key of the scenario, such as battery.hours=4. Repeatable.",
    ),
    click.option("--workload", metavar="FILE", help="Job trace: SWF, CSV or Parquet, plain or gzipped."),
    mapping_option,
    click.option(
        "--processors",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processors of the machine. Default: from the trace's header.",
    ),
    click.option("--power", metavar="FILE|unlimited", help="Power series (CSV), or unlimited power."),
    click.option(
        "--clock",
        type=click.Choice(["compiled", "simpy"]),
        default="compiled",
        show_default=True,
        help="compiled: fast. simpy: can be coupled with other processes. Same results.",
    ),
    click.option("--jobs", metavar="FIRST:LAST", help="Only these jobs, counted from 0, without LAST."),
    click.option("--from-date", metavar="DATE", help="Only jobs submitted from this day on."),
    click.option("--to-date", metavar="DATE", help="Only jobs submitted before this day."),
    click.option(
        "--warmup",
        type=Seconds(),
        default="0",
        show_default=True,
        metavar="DURATION",
        help="Leave jobs submitted in this time out of waits and slowdowns: 3600, 2h, 7d.",
    ),
    seed_option("Random seed of the service classes."),
    click.option("--strict", is_flag=True, help="Make every repair and skip in the trace an error."),
    click.option("--out", metavar="DIR", help="Write a run folder: tables, metrics, figures, report."),
    force_option("Replace a finished run of another configuration in --out."),
    click.option("--no-figures", is_flag=True, help="No figures and no report in --out."),
    json_option(),
    quiet_option,
)
_WISHES = (
    "workload",
    "mapping",
    "power",
    "processors",
    "jobs",
    "from_date",
    "to_date",
    "strict",
    "window",
    "settings",
)


def simulation_request(options: dict[str, Any]) -> SimulationRequest:
    """The request that the options of `simulation_options` make."""
    return functions.SimulationRequest(
        scenario=options["scenario"],
        wishes=functions.Wishes(**{key: options[key] for key in _WISHES}),
        settings=functions.Settings(options["clock"], options["seed"], options["warmup"]),
        out=options["out"],
        force=options["force"],
        figures=not options["no_figures"],
        command=command_line(),
    )


def command_line() -> list[str]:
    """The words of this command, for provenance.json."""
    return ["rare", *sys.argv[1:]]


def print_result(result: dict[str, Any], as_json: bool, out: str | None, figures: bool) -> None:
    """The table of a run or comparison, and where it was written; or the whole object as JSON."""
    if as_json:
        click.echo(json_text(result))
        return
    click.echo(functions.compare_text(result) if "results" in result else functions.run_text(result))
    if out is not None:
        accounts = "" if "results" in result else functions.accounts_text(out)
        if accounts:
            click.echo(accounts)
        click.echo(f"written: {os.path.join(out, 'report.html' if figures else '')}")
