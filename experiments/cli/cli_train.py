"""`rare train`: learn schedulers from logged decisions, by playing, or from other networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from experiments.cli.cli_shared import clean_stdout, json_text
from experiments.cli.cli_train_distil import distil
from experiments.cli.cli_train_online import online
from experiments.cli.registered_option import RegisteredOption, offline_algorithms


@click.group(short_help="Learn schedulers: offline, online, from others.")
def train() -> None:
    """Learn schedulers. Needs the extra: rare-datacenter[learn]."""


@train.command("offline", short_help="From logged datasets, ours or Minari's.")
@click.option("--data", multiple=True, required=True, metavar="DIR", help="A dataset. Repeatable.")
@click.option("--algorithm", cls=RegisteredOption, names=offline_algorithms, default="bc", show_default=True)
@click.option("--scenario", metavar="NAME|FILE.toml",
              help="Whose validation windows judge.  [default: the dataset's]")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one key of the scenario.")
@click.option("--transitions", type=int, metavar="N", help="Use so many.  [default: all]")
@click.option("--steps", type=int, default=20_000, show_default=True, help="Updates.")
@click.option("--batch", type=int, default=256, show_default=True, help="Transitions an update.")
@click.option("--validate-every", type=int, default=1000, show_default=True, metavar="N",
              help="Updates between validations; the state to resume from is written then, too.")  # fmt: skip
@click.option("--patience", type=int, default=0, show_default=True,
              help="End after so many validations without a better one; 0: never.")  # fmt: skip
@click.option("--learning-rate", type=float, metavar="RATE", help="Highest rate.  [default: 0.001]")
@click.option("--beta", type=float, help="crr: how much an advantage counts less.  [default: 1]")
@click.option("--filter", "filter_", help="crr: exp or binary.  [default: exp]")
@click.option("--advantage", help="crr: td or return.  [default: td]")
@click.option("--alpha", type=float, help="cql: weight of the penalty.  [default: 1]")
@click.option("--threshold", type=float, help="bcq: least share of the likeliest action.  [default: 0.3]")
@click.option("--entropy", type=float, help="sac: share of the highest entropy.  [default: 0.3]")
@click.option("--baseline", "baselines", multiple=True, metavar="NAME",
              help="A scheduler in the figure. Repeatable.  [default: the data's heuristics]")  # fmt: skip
@click.option("--out", required=True, metavar="DIR", help="Where the run goes.")
@click.option("--network", default="pointwise", show_default=True, help="pointwise or attention.")
@click.option("--width", type=int, default=64, show_default=True, help="Of the network.")
@click.option("--gamma", type=float, default=0.95, show_default=True, help="Discount per hour.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Draws first weights and batches.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--resume", is_flag=True, help="Go on where a run with these options stopped.")
@click.option("--from", "start", metavar="CHECKPOINT", help="Start from these weights.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def offline(
    data: Sequence[str],
    out: str,
    baselines: Sequence[str],
    filter_: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Learn from datasets that `rare dataset` or Minari wrote; DIR/best is the checkpoint that did best.

    Every --validate-every updates the network schedules the scenario's validation windows.
    """
    from experiments.runs.progress import Talk
    from experiments.training.train_offline import train_offline

    names = ("learning_rate", "beta", "advantage", "alpha", "threshold", "entropy")
    own = {"filter": filter_, **{name: options.pop(name) for name in names}}
    with clean_stdout(as_json):
        found = train_offline(
            data, out, options=own, baselines=list(baselines) or None, talk=Talk(quiet), **options
        )
    if as_json:
        click.echo(json_text(found))
        return
    best, last = found["best"], found["last"]
    click.echo(
        f"{found['algorithm']} on {found['scenario']}, {found['transitions']:,} transitions: objective "
        f"{best['objective']:.4f} at update {best['step']:,}, {last['objective']:.4f} at the "
        f"last, {last['step']:,}"
    )
    for name, objective in found["baselines"].items():
        click.echo(f"{name}: {objective:.4f}")
    click.echo(f"written: {Path(out) / 'best'}, {Path(out) / 'curve.png'}")


train.add_command(online)
train.add_command(distil)
