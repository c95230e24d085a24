"""`rare start-times`."""

from __future__ import annotations

from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout, json_text
from experiments.cli.shared_options import (
    Seconds,
    force_option,
    json_option,
    mapping_option,
    quiet_option,
    scenario_option,
    seed_option,
    settings_option,
)
from experiments.process.progress import ProgressDisplay

_WISHES = ("workload", "mapping", "power", "processors", "settings")


@click.command("start-times")
@click.argument("snapshot", metavar="SNAPSHOT.json", required=False)
@click.option("--squeue", metavar="FILE", help="Output of `squeue --json`; needs --sinfo.")
@click.option("--sinfo", metavar="FILE", help="Output of `sinfo --json`.")
@click.option("--slurm", is_flag=True, help="Run squeue and sinfo now, instead of reading files.")
@click.option("--at", metavar="SECONDS|DATE", help="Replay --workload and take the snapshot at this time.")
@click.option(
    "--scheduler",
    default="easy",
    show_default=True,
    metavar="NAME",
    help="Scheduler that decides from the snapshot on.",
)
@click.option("--history", metavar="TRACE", help="Past jobs of the cluster: SWF, CSV or Parquet.")
@click.option(
    "--futures",
    type=click.IntRange(1, 10_000),
    default=200,
    show_default=True,
    help="Number of simulated futures.",
)
@click.option(
    "--horizon",
    type=Seconds(),
    default="7d",
    show_default=True,
    metavar="DURATION",
    help="Time ahead: 12h, 7d.",
)
@click.option("--job", "jobs", multiple=True, metavar="ID", help="Only this waiting job. Repeatable.")
@scenario_option("Scenario of the power side; with --at also of jobs and machine.", default="plain")
@settings_option
@click.option("--workload", metavar="FILE", help="With --at: the job trace.")
@mapping_option
@click.option(
    "--processors", type=click.IntRange(min=1), metavar="N", help="With --at: processors of the machine."
)
@click.option("--power", metavar="FILE|unlimited", help="Power series (CSV), or unlimited power.")
@click.option(
    "--zone", metavar="ZONE", help="Time zone of times of day. Default: the trace's, or this machine's."
)
@click.option("--save", metavar="FILE", help="Also write the snapshot in the format of RARE.")
@click.option("--out", metavar="DIR", help="Write a folder: the ranges as a figure, JSON and text.")
@force_option("Replace FILE of --save.")
@seed_option("Random seed of all draws.")
@json_option()
@quiet_option
def start_times(as_json: bool, quiet: bool, **options: Any) -> None:
    """Predict when each waiting job will start, as a range from simulations.

    The snapshot of queue and running jobs is a file of RARE (docs/guides/start-times.md), the JSON of squeue
    and sinfo, or an instant of a replayed trace. Run times are drawn from what users' past jobs took of their
    limits, arrivals from the past, power from the newest forecast.
    """
    wishes = functions.Wishes(**{key: options.pop(key) for key in _WISHES})
    horizon_s = options.pop("horizon")
    with clean_stdout(as_json):
        request = functions.StartTimesRequest(wishes=wishes, horizon_s=horizon_s, **options)
        facts = functions.predict_starts(request, ProgressDisplay(quiet))
    click.echo(json_text(facts) if as_json else functions.start_times_text(facts))
    if not as_json and request.out is not None:
        click.echo(f"written: {request.out}")
