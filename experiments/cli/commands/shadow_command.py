"""`rare shadow`: a second opinion beside a live scheduler."""

from __future__ import annotations

import signal
from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import json_text
from experiments.cli.shared_options import Seconds, json_option, quiet_option, settings_option, together
from experiments.process.progress import ProgressDisplay

_FEED = ("power_unit", "power_path", "power_time_path", "power_scale")

squeue_option = click.option(
    "--squeue-command", "squeue", default="squeue", metavar="WORDS", help="Command to run instead of squeue."
)
scontrol_option = click.option(
    "--scontrol-command",
    "scontrol",
    default="scontrol",
    metavar="WORDS",
    help="Command to run instead of scontrol.",
)
shadow_options = together(
    click.option(
        "--scheduler",
        default="rare",
        show_default=True,
        metavar="NAME",
        help="Scheduler whose decisions are logged.",
    ),
    click.option(
        "--scenario",
        default="plain",
        show_default=True,
        metavar="NAME|FILE.toml",
        help="Scenario with power of nodes and prices; without a feed also plants and grid.",
    ),
    settings_option,
    click.option(
        "--every", "every_s", type=Seconds(), default=30, show_default=True, help="Time between polls."
    ),
    click.option(
        "--for", "run_s", type=Seconds(), metavar="DURATION", help="End after this time.  [default: never]"
    ),
    squeue_option,
    click.option(
        "--sinfo-command", "sinfo", default="sinfo", metavar="WORDS", help="Command to run instead of sinfo."
    ),
    click.option(
        "--power-feed",
        "feed",
        metavar="FEED",
        help="Source of the available power: FILE.csv, FILE.json, FILE.txt, 'command: WORDS', or a URL.",
    ),
    click.option(
        "--power-unit", default="", metavar="UNIT", help="Unit of the feed's number: W, kW, MW, GW, %."
    ),
    click.option("--power-path", default="", metavar="A.B+A.C", help="Path of the number in JSON."),
    click.option("--power-time-path", default="", metavar="A.B", help="Path of its time in JSON."),
    click.option("--power-scale", type=float, default=1.0, metavar="F", help="Factor on the number."),
    click.option(
        "--power-header",
        "power_headers",
        multiple=True,
        metavar="NAME=VARIABLE",
        help="An HTTP header whose value is in an environment variable.",
    ),
    click.option(
        "--feed-limit",
        "feed_limit_s",
        type=Seconds(),
        default=600,
        show_default=True,
        help="Age from which a reading counts as missing.",
    ),
)
rest_options = together(
    click.option(
        "--slurmrestd", metavar="ADDRESS", help="http://127.0.0.1:PORT or unix:SOCKET; token: SLURM_JWT."
    ),
    click.option("--slurmrestd-version", default="v0.0.38", show_default=True, metavar="V"),
)


@click.group()
def shadow() -> None:
    """Log RARE's decisions beside a live scheduler, or act within limits.

    observe and advise change nothing on the cluster. act holds and suspends jobs of an allow-list, within
    limits, and releases all of them. Read docs/guides/shadow.md before you use it on a cluster.
    """


@shadow.command("observe")
@click.option("--out", required=True, metavar="DIR", help="Folder of the log; an existing log is continued.")
@shadow_options
@rest_options
@quiet_option
def observe(out: str, quiet: bool, **options: Any) -> None:
    """Log the queue, what RARE would do, and what the scheduler does. Changes nothing."""
    display = ProgressDisplay(quiet)
    counts = functions.observe(_request(options), out, display.note)
    display.note(
        f"{counts.polls:,} polls, {counts.skipped:,} skipped, {counts.changes:,} changes of jobs; "
        f"without power {counts.without_power:,}, without an opinion {counts.without_opinion:,}"
    )


@shadow.command("advise")
@click.option("--out", metavar="DIR", help="Also log the queue in this folder.")
@shadow_options
@rest_options
@quiet_option
def advise(out: str | None, quiet: bool, **options: Any) -> None:
    """Write one JSON line a decision to stdout. Changes nothing."""
    display = ProgressDisplay(quiet)

    def write(line: str) -> None:
        click.echo(line)

    counts = functions.advise(_request(options), out, write, display.note)
    told = f"{counts.decisions:,} decisions" if counts.decisions else "nothing to advise"
    display.note(f"{counts.polls:,} polls, {told}")


@shadow.command("act")
@click.option("--out", required=True, metavar="DIR", help="Folder of log and journal; one shadow a folder.")
@click.option(
    "--allow", required=True, metavar="FILE.toml", help="Allow-list of jobs that may be held or suspended."
)
@click.option("--act", "really", is_flag=True, help="Act on the cluster. Without it only --dry-run runs.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option(
    "--actions-per-minute",
    type=click.IntRange(1, 600),
    default=6,
    show_default=True,
    help="Largest number of new holds a minute.",
)
@click.option(
    "--most-held",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    help="Largest number of jobs held at one time.",
)
@click.option(
    "--longest-hold",
    type=Seconds(),
    default=1800,
    show_default=True,
    help="Longest total hold of a job; after it the job is released for good.",
)
@click.option(
    "--lease",
    type=Seconds(),
    default=300,
    show_default=True,
    help="Time after which Slurm itself releases a job.",
)
@click.option(
    "--calm-polls",
    type=click.IntRange(0, 1000),
    default=3,
    show_default=True,
    help="Polls without an error before any job is held.",
)
@click.option(
    "--lost-after",
    type=Seconds(),
    default=3600,
    show_default=True,
    help="Time to wait for a controller that does not answer.",
)
@scontrol_option
@shadow_options
@quiet_option
def act(
    out: str, allow: str, really: bool, dry_run: bool, scontrol: str, quiet: bool, **options: Any
) -> None:
    """Hold and suspend jobs of an allow-list as RARE would, and release all of them.

    For a test partition first: docs/guides/shadow-act.md.
    """
    if not really and not dry_run:
        raise click.UsageError("nothing is done without --act; --dry-run says what would be done")
    limits = functions.ActLimits(
        actions_per_minute=options.pop("actions_per_minute"),
        most_held=options.pop("most_held"),
        longest_hold_s=options.pop("longest_hold"),
        lease_s=options.pop("lease"),
    )
    request = functions.ActRequest(
        allow=allow,
        limits=limits,
        scontrol=scontrol,
        dry_run=dry_run,
        calm_polls=options.pop("calm_polls"),
        lost_s=options.pop("lost_after"),
    )
    display = ProgressDisplay(quiet)
    try:
        functions.act(_request(options), request, out, display.note)
    except functions.Stopped as stop:
        name = signal.Signals(stop.number).name
        left = f"; {stop.left} jobs are left to the watchdog" if stop.left else ", nothing is held"
        click.echo(f"rare: stopped by {name}{left}", err=True)
        raise click.exceptions.Exit(128 + stop.number) from None


@shadow.command("release")
@click.argument("folder")
@click.option(
    "--marked", is_flag=True, help="Also release every job with the mark of RARE, for a lost journal."
)
@squeue_option
@scontrol_option
@quiet_option
def release(folder: str, marked: bool, squeue: str, scontrol: str, quiet: bool) -> None:
    """Release every job that the journal in FOLDER records as held or suspended."""
    display = ProgressDisplay(quiet)
    count = functions.release(folder, squeue, scontrol, marked=marked, note=display.note)
    display.note(f"{count} jobs were ours; nothing is held")


@shadow.command("report")
@click.argument("folder")
@click.option("--out", metavar="DIR", help="Folder of the report.  [default: FOLDER/report]")
@click.option("--scheduler", metavar="NAME", help="Scheduler to compare with.  [default: that of the log]")
@click.option(
    "--scenario",
    metavar="NAME|FILE.toml",
    help="Scenario with the power of nodes.  [default: that of the log]",
)
@settings_option
@json_option()
@quiet_option
def report(folder: str, out: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Compare RARE's decisions with those of the scheduler, from the log in FOLDER."""
    facts, page = functions.shadow_report(folder, out, **options)
    click.echo(json_text(facts.as_dict()) if as_json else functions.shadow_report_text(facts))
    if not as_json and not quiet:
        click.echo(f"written: {page}", err=True)


@shadow.command("dataset")
@click.argument("folder")
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    help="Folder of the dataset; -v0 is added to its name. The same command continues it.",
)
@click.option(
    "--scenario",
    metavar="NAME|FILE.toml",
    help="Scenario with power of nodes, service classes and prices.  [default: that of the log, or islanded]",
)
@settings_option
@click.option("--hours", type=float, default=24.0, show_default=True, help="Hours of the log in one episode.")
@click.option("--queue-slots", type=int, default=64, show_default=True, help="Size of the observation.")
@click.option("--running-slots", type=int, default=16, show_default=True, help="Size of the observation.")
@json_option("The data sheet")
@quiet_option
def dataset(folder: str, out: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Turn the log in FOLDER into a dataset for offline learning: the actions are the scheduler's."""
    sheet = functions.shadow_dataset(folder, out, **options)
    click.echo(json_text(sheet) if as_json else functions.shadow_dataset_text(sheet))


def _request(options: dict[str, Any]) -> Any:
    """The request of the options that all steps have."""
    headers = []
    for text in options.pop("power_headers"):
        name, given, variable = text.partition("=")
        if not given:
            raise click.UsageError(
                "--power-header: write NAME=VARIABLE, the value in an environment variable"
            )
        headers.append((name, variable))
    feed = {name.removeprefix("power_"): options.pop(name) for name in _FEED}
    options["settings"] = tuple(options["settings"])
    return functions.ShadowRequest(
        feed_options=functions.FeedOptions(**feed, headers=tuple(headers)), **options
    )
