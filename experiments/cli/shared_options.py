"""The options that commands share, and the kinds of value they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


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


def scenario_options(command: F) -> F:
    """The options that simulate and compare share."""
    options = [
        click.option("--scenario", default="plain", show_default=True, metavar="NAME|FILE.toml",
                     help="A shipped scenario (`rare scenarios` lists them) or a file of yours."),
        click.option("--window", metavar="NAME",
                     help="A window of the scenario, such as test-00, or all; default: the scenario's."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
                     help="Change one key of the scenario, such as battery.hours=4. Repeatable."),
        click.option("--workload", metavar="FILE", help="Job trace: SWF, CSV or Parquet, plain or gzipped."),
        click.option("--processors", type=click.IntRange(min=1), metavar="N",
                     help="Processors of the machine; default: as the trace's header says."),
        click.option("--power", metavar="FILE|unlimited", help="Power series (CSV), or power without limit."),
        click.option("--clock", type=click.Choice(["compiled", "simpy"]), default="compiled",
                     show_default=True, help="Fast, or open to further processes; same results."),
        click.option("--jobs", metavar="FIRST:LAST", help="Only these jobs, from 0, LAST not included."),
        click.option("--from-date", metavar="DATE", help="Only jobs submitted from this day on."),
        click.option("--to-date", metavar="DATE", help="Only jobs submitted before this day."),
        click.option("--warmup", type=Seconds(), default="0", show_default=True, metavar="DURATION",
                     help="Leave jobs submitted this early out of waits and slowdowns: 3600, 2h, 7d."),
        click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True,
                     help="Draws service classes."),
        click.option("--strict", is_flag=True, help="Make every repair and skip in the trace an error."),
        click.option("--out", metavar="DIR", help="Write a run folder: tables, metrics, figures, report."),
        click.option("--force", is_flag=True,
                     help="Replace a finished run of another configuration in --out."),
        click.option("--no-figures", is_flag=True, help="No figures and no report in --out."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else."),
        click.option("--quiet", is_flag=True, help="Nothing on stderr but errors."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command
