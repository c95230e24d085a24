"""`rare train`: learn schedulers from logged decisions, by playing, or from other networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from experiments.cli import functions
from experiments.cli.commands.train_distil_command import distil
from experiments.cli.commands.train_online_command import online
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.registered_option import RegisteredOption, offline_algorithms
from experiments.cli.shared_options import (
    device_option,
    json_option,
    quiet_option,
    resume_option,
    run_folder_option,
    scenario_option,
    seed_option,
    settings_option,
    start_option,
    together,
)
from experiments.process.progress import ProgressDisplay

_OF_ALGORITHMS = ("learning_rate", "beta", "advantage", "alpha", "threshold", "entropy")

algorithm_options = together(
    click.option(
        "--learning-rate", type=float, metavar="RATE", help="Highest learning rate.  [default: 0.001]"
    ),
    click.option(
        "--beta", type=float, help="crr: temperature; a larger one weighs advantages less.  [default: 1]"
    ),
    click.option("--filter", "filter_", help="crr: exp or binary.  [default: exp]"),
    click.option("--advantage", help="crr: td or return.  [default: td]"),
    click.option("--alpha", type=float, help="cql: weight of the penalty.  [default: 1]"),
    click.option(
        "--threshold",
        type=float,
        help="bcq: least probability of an action, relative to the likeliest.  [default: 0.3]",
    ),
    click.option(
        "--entropy", type=float, help="sac: target entropy, as a share of the highest.  [default: 0.3]"
    ),
)


@click.group()
def train() -> None:
    """Train schedulers: offline, online, or from other checkpoints.

    Needs the extra: rare-datacenter[learn].
    """


@train.command("offline", short_help="From logged datasets of RARE or Minari.")
@click.option("--data", multiple=True, required=True, metavar="DIR", help="Folder of a dataset. Repeatable.")
@click.option("--algorithm", cls=RegisteredOption, names=offline_algorithms, default="bc", show_default=True)
@scenario_option("Scenario whose validation windows are used.  [default: the dataset's]", default=None)
@settings_option
@click.option("--transitions", type=int, metavar="N", help="Number of transitions to use.  [default: all]")
@click.option("--steps", type=int, default=20_000, show_default=True, help="Updates.")
@click.option("--batch", type=int, default=256, show_default=True, help="Transitions in an update.")
@click.option(
    "--validate-every",
    type=int,
    default=1000,
    show_default=True,
    metavar="N",
    help="Updates between validations; a state to resume from is written then too.",
)
@click.option(
    "--patience",
    type=int,
    default=0,
    show_default=True,
    help="End after this many validations without a better one; 0: never.",
)
@algorithm_options
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    metavar="NAME",
    help="A scheduler shown in the figure. Repeatable.  [default: the data's heuristics]",
)
@run_folder_option
@click.option("--network", default="pointwise", show_default=True, help="pointwise or attention.")
@click.option("--width", type=int, default=64, show_default=True, help="Width of the network.")
@click.option("--gamma", type=float, default=0.95, show_default=True, help="Discount per hour.")
@seed_option("Random seed of first weights and batches.")
@device_option
@resume_option
@start_option
@json_option()
@quiet_option
def offline(
    data: Sequence[str],
    out: str,
    baselines: Sequence[str],
    filter_: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Learn from datasets that `rare dataset` or Minari wrote; DIR/best is the best checkpoint.

    Every --validate-every updates the network schedules the scenario's validation windows.
    """
    of_algorithm = {"filter": filter_, **{name: options.pop(name) for name in _OF_ALGORITHMS}}
    with clean_stdout(as_json):
        request = functions.OfflineRequest(options=of_algorithm, baselines=list(baselines) or None, **options)
        summary = functions.train_offline(data, out, request, display=ProgressDisplay(quiet))
    if as_json:
        click.echo(json_text(summary))
        return
    best, last = summary["best"], summary["last"]
    click.echo(
        f"{summary['algorithm']} on {summary['scenario']}, {summary['transitions']:,} transitions: objective "
        f"{best['objective']:.4f} at update {best['step']:,}, {last['objective']:.4f} at the "
        f"last, {last['step']:,}"
    )
    for name, objective in summary["baselines"].items():
        click.echo(f"{name}: {objective:.4f}")
    click.echo(functions.judge_text(summary["scenario"], options["settings"], out))
    click.echo(f"written: {Path(out) / 'best'}, {Path(out) / 'curve.png'}")


train.add_command(online)
train.add_command(distil)
