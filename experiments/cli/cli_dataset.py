"""`rare dataset`: make datasets for offline learning, and look at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from experiments.cli.cli_shared import clean_stdout, json_text, scheduler_names


@click.group(invoke_without_command=True, short_help="Log schedulers into a dataset for offline learning.")
@click.option("--scheduler", "schedulers", multiple=True, metavar="NAME[,NAME...]",
              help="Repeatable, or joined by commas: each episode draws one. Also: random.")  # fmt: skip
@click.option("--scenario", default="islanded", show_default=True, metavar="NAME|FILE.toml",
              help="A shipped scenario or a file of yours; its training windows are played.")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one key of the scenario.")
@click.option("--episodes", type=int, default=100, show_default=True, metavar="N", help="How many to play.")
@click.option("--epsilon", type=float, default=0.0, show_default=True,
              help="How often a random valid action takes the place of the scheduler's.")  # fmt: skip
@click.option("--out", metavar="FOLDER",
              help="Where the dataset goes; -v0 is added to its name. The same again goes on.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True,
              help="Draws windows, schedulers and random actions.")  # fmt: skip
@click.option("--scenario-seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True,
              help="Draws service classes.")  # fmt: skip
@click.option("--max-decisions", type=click.IntRange(min=1), metavar="N",
              help="Cut episodes off after so many decisions (truncated).")  # fmt: skip
@click.option("--queue-slots", type=int, default=64, show_default=True, help="Of the observation.")
@click.option("--running-slots", type=int, default=16, show_default=True, help="Of the observation.")
@click.option("--forecast-hours", type=int, default=24, show_default=True, help="Of the observation.")
@click.option("--reservations", is_flag=True,
              help="Withhold starts that would delay the most urgent job without room.")  # fmt: skip
@click.option("--author", multiple=True, metavar="NAME", help="For Minari's metadata. Repeatable.")
@click.option("--author-email", multiple=True, metavar="ADDRESS", help="For Minari's metadata. Repeatable.")
@click.option("--code-permalink", metavar="URL", help="For Minari's metadata: the code that made the data.")
@click.option("--json", "as_json", is_flag=True, help="The data sheet on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
@click.pass_context
def dataset(
    ctx: click.Context, schedulers: Sequence[str], out: str | None, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Log schedulers on the training windows of a scenario into a Minari dataset.

    The folder opens with rare.dataset.load('FOLDER') and minari.MinariDataset('FOLDER/data'); under
    MINARI_DATASETS_PATH `minari list local` names it.
    """
    if ctx.invoked_subcommand is not None:
        return
    if out is None or not schedulers:
        raise click.UsageError(f"give {'--out FOLDER' if out is None else '--scheduler NAME'}")
    from experiments.data.log_dataset import dataset_run
    from experiments.runs.progress import Talk
    from rare.dataset.dataset_folder import versioned

    with clean_stdout(as_json):
        sheet = dataset_run(scheduler_names(schedulers), out, talk=Talk(quiet), **options)
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
    click.echo(f"written: {versioned(out) / 'datasheet.md'}")


@dataset.command("show")
@click.argument("folder")
@click.option("--out", metavar="DIR", help="Where the figure goes.  [default: FOLDER/figures]")
@click.option("--no-figures", is_flag=True, help="No figure.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def dataset_show(folder: str, out: str | None, no_figures: bool, as_json: bool) -> None:
    """Returns, actions and coverage of the dataset in FOLDER, ours or one that Minari wrote."""
    from experiments.data.show_dataset import dataset_text, show_dataset

    found = show_dataset(folder)
    click.echo(json_text(found.as_dict()) if as_json else dataset_text(found))
    if not no_figures:
        from experiments.data.dataset_figure import draw_dataset
        from traces.documents import user_path

        path, _ = draw_dataset(found, user_path(out) if out else found.folder / "figures")
        if not as_json:
            click.echo(f"written: {path}")
