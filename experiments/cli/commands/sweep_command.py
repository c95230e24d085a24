"""`rare sweep`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import json_option, quiet_option
from experiments.cli.where_options import where_of, where_options
from experiments.process.progress import ProgressDisplay
from traces.errors import InputError

if TYPE_CHECKING:
    from experiments.sweep.run_sweep import SweepOutcome

_TASK = re.compile(r"(\d{1,9})/(\d{1,9})")


class Share(click.ParamType[tuple[int, int]]):
    """Share I of N, written I/N."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The two numbers."""
        match = _TASK.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no share; write I/N, such as 3/40", param, ctx)
        return int(match[1]), int(match[2])


@click.command()
@click.argument("file", metavar="FILE.toml", required=False)
@click.option("--out", metavar="DIR", help="Folder of the results.  [default: the file's name with -out]")
@where_options
@click.option("--task", type=Share(), metavar="I/N", help="Run only share I of N, for job arrays.")
@click.option("--gather", is_flag=True, help="Run nothing; gather what the tasks have finished.")
@click.option("--retry-failed", is_flag=True, help="Run cells again that failed before.")
@click.option("--no-figures", is_flag=True, help="No figures and no report.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of sweep files instead, for editors.")
@click.option("--slurm-schema", is_flag=True, help="Print the JSON schema of --dask-slurm files instead.")
@json_option()
@quiet_option
def sweep(
    file: str | None,
    out: str | None,
    schema: bool,
    slurm_schema: bool,
    as_json: bool,
    quiet: bool,
    no_figures: bool,
    **options: Any,
) -> None:
    """Run a grid or list of cases, here or on a cluster.

    FILE.toml says which scenarios, workloads, supplies, settings, schedulers, seeds and windows. Finished
    cells are kept: the same command again runs what is missing. Exit code 2 if cells failed; the others are
    in the table all the same.
    """
    if schema or slurm_schema:
        wanted = functions.sweep_schema() if schema else functions.slurm_file_schema()
        click.echo(json_text(wanted))
        return
    if file is None:
        raise click.UsageError("give FILE.toml")
    folder = out or f"{re.sub('[.]toml$', '', file.rsplit('/', 1)[-1])}-out"
    with clean_stdout(as_json):
        request = functions.SweepRequest(
            out=folder, where=where_of(options), figures=not no_figures, **options
        )
        outcome = functions.sweep_run(file, request, display=ProgressDisplay(quiet))
    if as_json:
        click.echo(json_text(_facts(outcome)))
    elif outcome.table is not None:
        click.echo(functions.sweep_text(outcome.table, choice=outcome.choice))
        click.echo(f"written: {outcome.out / ('summary.csv' if no_figures else 'report.html')}")
    _raise_failures(outcome, folder)


def _facts(outcome: SweepOutcome) -> dict[str, Any]:
    table = outcome.table
    return {
        "cells": None if table is None else table.cells,
        "finished": None if table is None else len(table.rows),
        "failed": outcome.failures,
        "missing": outcome.missing,
        "out": str(outcome.out),
    }


def _raise_failures(outcome: SweepOutcome, folder: str) -> None:
    """InputError if the table lacks cells; everything is written by then."""
    if outcome.failures:
        label, line = next(iter(outcome.failures.items()))
        count = len(outcome.failures)
        raise InputError(
            f"{count:,} cell{'s' if count > 1 else ''} failed, the first one ({label}): {line} "
            f"({_where_listed(outcome, folder)}; --retry-failed runs them again)"
        )
    if outcome.missing:
        raise InputError(
            f"{outcome.missing:,} cells are neither finished nor failed; run their tasks, then gather again"
        )


def _where_listed(outcome: SweepOutcome, folder: str) -> str:
    if outcome.table is None:
        return "--gather lists them all"
    return f"{folder}/failures.csv lists them"
