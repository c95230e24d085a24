"""`rare compare --preset`: a published case of others, run on files that the user fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from experiments.cli.cli_shared import clean_stdout, json_text

F = TypeVar("F", bound=Callable[..., Any])
ITS_OWN = ("preset", "data", "seeds", "steps")
SHARED = ("schedulers", "out", "seed", "as_json", "quiet")


def preset_options(command: F) -> F:
    """The options that only a preset takes."""
    for option in (
        click.option("--steps", type=click.IntRange(min=0), metavar="N",
                     help="Preset: decisions that each agent plays in training.  [default: the preset's]"),
        click.option("--seeds", type=click.IntRange(min=1), metavar="N",
                     help="Preset: agents to train, --seed the first.  [default: the preset's]"),
        click.option("--data", multiple=True, metavar="FOLDER",
                     help="Preset: where the files of the case are. Repeatable."),
        click.option("--preset", metavar="NAME",
                     help="A published case instead of a scenario: gas-marl, rlscheduler."),
    ):  # fmt: skip
        command = option(command)
    return command


def preset_command(schedulers: Sequence[str], options: dict[str, Any]) -> None:
    """Run the preset that the options name, and print what came of it."""
    from experiments.presets import preset_of
    from experiments.runs.progress import Talk

    _check(options)
    module = preset_of(options["preset"])
    wanted = {key: options[key] for key in ("seeds", "steps", "seed")}
    with clean_stdout(options["as_json"]):
        found = module.run(
            [Path(folder) for folder in options["data"]], Path(options["out"]), schedulers=schedulers,
            talk=Talk(options["quiet"]), **wanted,
        )  # fmt: skip
    click.echo(json_text(found) if options["as_json"] else module.text(found))
    if not options["as_json"]:
        click.echo(f"written: {Path(options['out']) / 'results.json'}")


def refuse_alone(options: dict[str, Any]) -> None:
    """UsageError for options of a preset where none is named."""
    for name in ITS_OWN:
        if name != "preset" and options[name] not in (None, ()):
            raise click.UsageError(f"--{name} goes with --preset; add that, or drop it")


def _check(options: dict[str, Any]) -> None:
    """UsageError for options that a preset does not take, and for those that it needs."""
    ctx = click.get_current_context()
    for name in options:
        given = ctx.get_parameter_source(name) not in (None, ParameterSource.DEFAULT)
        if given and name not in (*ITS_OWN, *SHARED):
            word = next(each.opts[0] for each in ctx.command.params if each.name == name)
            raise click.UsageError(f"{word} does not go with --preset, which has its own case; drop it")
    if not options["data"]:
        raise click.UsageError("--preset needs --data FOLDER, where the files of the case are")
    if options["out"] is None:
        raise click.UsageError("--preset needs --out DIR, where agents and results go")
