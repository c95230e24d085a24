"""`rare train online`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.registered_option import RegisteredOption, online_algorithms
from experiments.cli.shared_options import (
    LARGEST_TORCH_SEED,
    device_option,
    json_option,
    quiet_option,
    reservations_option,
    resume_option,
    run_folder_option,
    scenario_option,
    seed_option,
    settings_option,
    start_option,
    together,
)
from experiments.process.progress import ProgressDisplay

network_options = together(
    click.option("--network", help="pointwise or attention.  [default: pointwise, or the checkpoint's]"),
    click.option("--width", type=int, help="Width of the network.  [default: 64, or the checkpoint's]"),
    click.option("--gamma", type=float, help="Discount per hour.  [default: docs/guides/training-online.md]"),
)
playing_options = together(
    click.option("--environments", type=int, metavar="N", help="Environments played at once.  [default: 64]"),
    click.option(
        "--rollout",
        type=int,
        metavar="N",
        help="Decisions of each environment between updates.  [default: ppo 64, dqn 32]",
    ),
)


@click.command("online", short_help="By playing, from scratch or from a checkpoint.")
@scenario_option("Scenario whose training windows are played and whose validation windows are used.")
@click.option("--algorithm", cls=RegisteredOption, names=online_algorithms, default="ppo", show_default=True)
@run_folder_option
@click.option("--steps", type=int, default=200_000, show_default=True, help="Decisions to play.")
@start_option
@click.option("--data", multiple=True, metavar="DIR", help="dqn: a dataset to mix in. Repeatable.")
@click.option(
    "--mix", type=float, default=0.5, show_default=True, help="Share of the dataset in every batch."
)
@playing_options
@network_options
@click.option(
    "--reward",
    default="objective",
    show_default=True,
    help="Reward: objective, slowdown or renewable (docs/reference/environment.md).",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="COST=X",
    help="ppo: keep violations (share of jobs) or slowdown (mean) below X.",
)
@click.option(
    "--randomise",
    metavar="variants=8,cluster=0.5:2,load=0.7:1.3,supply=0.5:2",
    help="Play on clusters drawn at random from these ranges.",
)
@reservations_option
@click.option(
    "--option",
    "option_texts",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change another option of the algorithm, such as learning_rate=3e-4.",
)
@settings_option
@click.option(
    "--validate-every",
    type=int,
    default=20_000,
    show_default=True,
    metavar="N",
    help="Decisions between validations; a state to resume from is written then too.",
)
@seed_option("Random seed of first weights, windows and actions.", largest=LARGEST_TORCH_SEED)
@device_option
@resume_option
@json_option()
@quiet_option
def online(
    scenario: str,
    out: str,
    randomise: str | None,
    option_texts: Sequence[str],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Learn by playing the training windows of a scenario; DIR/best is the best checkpoint.

    Every --validate-every decisions the network schedules the scenario's validation windows.
    """
    of_algorithm = {name: options.pop(name) for name in ("environments", "rollout", "gamma")}
    with clean_stdout(as_json):
        request = functions.OnlineRequest(
            options=of_algorithm | functions.pairs(option_texts, "--option"),
            randomise=None if randomise is None else functions.parsed_randomise(randomise),
            **options,
        )
        summary = functions.train_online(scenario, out, request, display=ProgressDisplay(quiet))
    if as_json:
        click.echo(json_text(summary))
        return
    first, best, last = summary["first"], summary["best"], summary["last"]
    click.echo(
        f"{summary['algorithm']} on {summary['scenario']}: "
        f"{options['reward']} {first['objective']:.4f} before, "
        f"{best['objective']:.4f} at step {best['step']:,}, {last['objective']:.4f} at the last, "
        f"{last['step']:,}; {summary['frames_per_s']:,.0f} frames/s"
    )
    click.echo(functions.judge_text(summary["scenario"], options["settings"], out))
    click.echo(f"written: {Path(out) / 'best'}, {Path(out) / 'curve.png'}")
