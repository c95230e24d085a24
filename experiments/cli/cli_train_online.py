"""`rare train online`: the command; what it does is in train_online."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from experiments.cli.cli_shared import clean_stdout, json_text
from experiments.cli.registered_option import RegisteredOption, online_algorithms


@click.command("online", short_help="By playing, from scratch or from a checkpoint.")
@click.option("--scenario", default="islanded", show_default=True, metavar="NAME|FILE.toml",
              help="Whose training windows are played, and whose validation windows judge.")  # fmt: skip
@click.option("--algorithm", cls=RegisteredOption, names=online_algorithms, default="ppo", show_default=True)
@click.option("--out", required=True, metavar="DIR", help="Where the run goes.")
@click.option("--steps", type=int, default=200_000, show_default=True, help="Decisions to play.")
@click.option("--from", "start", metavar="CHECKPOINT", help="Start from these weights.")
@click.option("--data", multiple=True, metavar="DIR", help="dqn: a dataset to mix in. Repeatable.")
@click.option("--mix", type=float, default=0.5, show_default=True, help="Share of it in every batch.")
@click.option("--environments", type=int, metavar="N", help="Played at once.  [default: 64]")
@click.option("--rollout", type=int, metavar="N",
              help="Decisions of each between updates.  [default: ppo 64, dqn 32]")  # fmt: skip
@click.option("--network", help="pointwise or attention.  [default: pointwise, or the checkpoint's]")
@click.option("--width", type=int, help="Of the network.  [default: 64, or the checkpoint's]")
@click.option("--gamma", type=float, help="Discount per hour.  [default: docs/training-online.md]")
@click.option("--reward", default="objective", show_default=True,
              help="What is learned: objective, slowdown or renewable (docs/environment.md).")  # fmt: skip
@click.option("--limit", "limits", multiple=True, metavar="COST=X",
              help="ppo: keep violations (share of jobs) or slowdown (mean) below X.")  # fmt: skip
@click.option("--randomise", metavar="variants=8,cluster=0.5:2,load=0.7:1.3,supply=0.5:2",
              help="Play on clusters drawn from these ranges.")  # fmt: skip
@click.option("--reservations", is_flag=True,
              help="Withhold starts that would delay the most urgent job without room.")  # fmt: skip
@click.option("--option", "more", multiple=True, metavar="KEY=VALUE",
              help="Change another option of the algorithm, such as learning_rate=3e-4.")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one key of the scenario.")
@click.option("--validate-every", type=int, default=20_000, show_default=True, metavar="N",
              help="Decisions between validations; the state to resume from is written then.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True,
              help="Draws first weights, windows and actions.")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--resume", is_flag=True, help="Go on where a run with these options stopped.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def online(
    out: str,
    environments: int | None,
    rollout: int | None,
    gamma: float | None,
    randomise: str | None,
    more: Sequence[str],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Learn by playing the training windows of a scenario; DIR/best is the checkpoint that did best.

    Every --validate-every decisions the network schedules the scenario's validation windows.
    """
    from experiments.runs.key_values import pairs, parsed_randomise
    from experiments.runs.progress import Talk
    from experiments.training.train_online import train_online

    own = {"environments": environments, "rollout": rollout, "gamma": gamma, **pairs(more, "--option")}
    drawn = None if randomise is None else parsed_randomise(randomise)
    with clean_stdout(as_json):
        found = train_online(out=out, options=own, randomise=drawn, talk=Talk(quiet), **options)
    if as_json:
        click.echo(json_text(found))
        return
    first, best, last = found["first"], found["best"], found["last"]
    click.echo(
        f"{found['algorithm']} on {found['scenario']}: {options['reward']} {first['objective']:.4f} before, "
        f"{best['objective']:.4f} at step {best['step']:,}, {last['objective']:.4f} at the last, "
        f"{last['step']:,}; {found['frames_per_s']:,.0f} frames/s"
    )
    click.echo(f"written: {Path(out) / 'best'}, {Path(out) / 'curve.png'}")
