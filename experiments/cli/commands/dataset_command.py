"""`rare dataset`: make datasets for offline learning, and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import (
    json_option,
    quiet_option,
    reservations_option,
    scenario_option,
    schedulers_option,
    seed_option,
    settings_option,
)
from experiments.cli.where_options import where_of, where_options
from experiments.process.progress import ProgressDisplay
from traces.files.documents import user_path


@click.group(invoke_without_command=True)
@schedulers_option("Repeatable, or joined by commas: each episode draws one. Also: random.")
@scenario_option("A shipped scenario or a file of yours; its training windows are played.")
@settings_option
@click.option("--episodes", type=int, default=100, show_default=True, metavar="N", help="Number of episodes.")
@click.option(
    "--epsilon",
    type=float,
    default=0.0,
    show_default=True,
    help="Share of decisions at which a random valid action replaces the scheduler's.",
)
@click.option(
    "--out",
    metavar="FOLDER",
    help="Folder of the dataset; -v0 is added to its name. The same command continues it.",
)
@seed_option("Random seed of windows, schedulers and random actions.")
@seed_option("Random seed of the service classes.", "--scenario-seed")
@click.option(
    "--max-decisions",
    type=click.IntRange(min=1),
    metavar="N",
    help="Cut episodes off after this many decisions (truncated).",
)
@click.option("--queue-slots", type=int, default=64, show_default=True, help="Size of the observation.")
@click.option("--running-slots", type=int, default=16, show_default=True, help="Size of the observation.")
@click.option("--forecast-hours", type=int, default=24, show_default=True, help="Size of the observation.")
@reservations_option
@click.option("--author", multiple=True, metavar="NAME", help="Author, for Minari's metadata. Repeatable.")
@click.option(
    "--author-email",
    multiple=True,
    metavar="ADDRESS",
    help="Address of an author, for Minari's metadata. Repeatable.",
)
@click.option("--code-permalink", metavar="URL", help="For Minari's metadata: the code that made the data.")
@where_options
@json_option("The data sheet")
@quiet_option
@click.pass_context
def dataset(
    ctx: click.Context, schedulers: list[str], out: str | None, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Log schedulers into a dataset for offline learning.

    They play the training windows of a scenario. The folder opens with rare.dataset.load('FOLDER') and
    minari.MinariDataset('FOLDER/data'); under MINARI_DATASETS_PATH `minari list local` names it.
    """
    if ctx.invoked_subcommand is not None:
        return
    if out is None or not schedulers:
        raise click.UsageError(f"give {'--out FOLDER' if out is None else '--scheduler NAME'}")
    with clean_stdout(as_json):
        where, display = where_of(options), ProgressDisplay(quiet)
        request = functions.DatasetRequest(**options)
        sheet = functions.dataset_run(schedulers, out, request, where=where, display=display)
    if as_json:
        click.echo(json_text(sheet))
        return
    for why, count in sheet["episodes_left_out"].items():
        if count:
            click.echo(f"left out: {count:,} of {sheet['episodes_played']:,} episodes, {why}")
    click.echo(
        f"{sheet['episodes']:,} episodes ({sheet['episodes_distinct']:,} distinct), {sheet['transitions']:,} "
        f"decisions, mean return {sheet['returns']['mean']:.4f}, {sheet['bytes'] / 1e6:,.1f} MB"
    )
    click.echo(f"content sha256 {sheet['content_sha256']}")
    click.echo(f"written: {functions.versioned(Path(out)) / 'datasheet.md'}")


@dataset.command("show")
@click.argument("folder")
@click.option("--out", metavar="DIR", help="Folder of the figure.  [default: FOLDER/figures]")
@click.option("--no-figures", is_flag=True, help="No figure.")
@json_option()
def show(folder: str, out: str | None, no_figures: bool, as_json: bool) -> None:
    """Show returns, actions and coverage of the dataset in FOLDER, of RARE or of Minari."""
    summary = functions.show_dataset(folder)
    click.echo(json_text(summary.as_dict()) if as_json else functions.dataset_text(summary))
    if not no_figures:
        path, _ = functions.draw_dataset(summary, user_path(out) if out else summary.folder / "figures")
        if not as_json:
            click.echo(f"written: {path}")
