"""Options that several commands have, each declared once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from experiments.cli.output import split_names

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]
LARGEST_SEED = 2**63 - 1
LARGEST_TORCH_SEED = 2**31 - 1
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}

quiet_option = click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
settings_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one key of the scenario."
)
mapping_option = click.option(
    "--mapping", metavar="NAME|FILE.toml", help="What the columns of a CSV or Parquet workload mean."
)
reservations_option = click.option(
    "--reservations",
    is_flag=True,
    help="The action mask withholds starts that would delay the most urgent job without room.",
)
start_option = click.option("--from", "start", metavar="CHECKPOINT", help="Start from these weights.")
device_option = click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
resume_option = click.option(
    "--resume", is_flag=True, help="Continue a run with the same options where it stopped."
)
run_folder_option = click.option("--out", required=True, metavar="DIR", help="Folder of the run.")
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Worker processes on this machine; 1: only this process.  [default: all cores]",
)


class Seconds(click.ParamType[int]):
    """A number of seconds, or of minutes, hours, days with a unit: 3600, 90m, 2h, 7d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Whole seconds."""
        text = str(value).strip().lower()
        digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
        unit = text[len(digits) :] or "s"
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10) or unit not in SECONDS:
            self.fail(f"{value!r} is no duration; write 3600, 90m, 2h or 7d", param, ctx)
        return int(digits) * SECONDS[unit]


def json_option(contents: str = "One JSON object") -> Decorator:
    """--json: `contents` on stdout."""
    return click.option("--json", "as_json", is_flag=True, help=f"{contents} on stdout, nothing else.")


def force_option(help: str) -> Decorator:
    """--force."""
    return click.option("--force", is_flag=True, help=help)


def scenario_option(help: str, default: str | None = "islanded") -> Decorator:
    """--scenario, the name of a shipped one or a file."""
    return click.option(
        "--scenario",
        default=default,
        show_default=default is not None,
        metavar="NAME|FILE.toml",
        help=help,
    )


def schedulers_option(help: str) -> Decorator:
    """--scheduler, repeatable and joined by commas; the command gets a list of names."""
    return click.option(
        "--scheduler",
        "schedulers",
        multiple=True,
        metavar="NAME[,NAME...]",
        callback=_names,
        help=help,
    )


def seed_option(help: str | None, name: str = "--seed", largest: int = LARGEST_SEED) -> Decorator:
    """A seed from 0 on."""
    return click.option(name, type=click.IntRange(0, largest), default=0, show_default=True, help=help)


def together(*decorators: Decorator) -> Decorator:
    """One decorator of several, whose options stand in the help in this order."""

    def decorate(command: F) -> F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _names(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> list[str]:
    """The names in --scheduler. UsageError for an empty one."""
    names: list[str] = []
    for text in values:
        names += [part.strip() for part in split_names(text)]
    if not all(names):
        raise click.UsageError(f"--scheduler {','.join(values)!r} has an empty name", ctx)
    return names
