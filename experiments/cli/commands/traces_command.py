"""`rare traces`: look at traces, and generate synthetic ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from experiments.cli import functions
from experiments.cli.commands.import_command import import_group
from experiments.cli.output import json_text
from experiments.cli.registered_option import RegisteredOption, job_formats
from experiments.cli.shared_options import force_option, json_option, quiet_option, together
from experiments.data import ESTIMATES, MODELS
from traces.jobs.read_options import CANCELLATIONS, DEPENDENCIES

if TYPE_CHECKING:
    from traces.jobs.workload import Workload

KINDS = ("workload", "power", "rate", "weather")
_FLAGS = ("strict", "clear_sky")

series_options = together(
    click.option(
        "--columns",
        multiple=True,
        metavar="NAME",
        help="Series: columns to add up, as A,B or A+B. Repeatable.",
    ),
    click.option("--unit", help="Series: W, kW, MW, GW, or Wh, kWh, MWh, GWh per step; EUR/MWh, g/kWh, ..."),
    click.option(
        "--stamp",
        type=click.Choice(["start", "end"]),
        help="Series: which end of its step a time stamp names.",
    ),
    click.option(
        "--zone", metavar="ZONE", help="Series: zone of stamps without an offset, such as Europe/Berlin."
    ),
    click.option(
        "--gaps",
        type=click.Choice(["error", "hold", "interpolate", "zero"]),
        help="Series: handling of missing steps.",
    ),
    click.option(
        "--negatives",
        type=click.Choice(["error", "zero", "allow"]),
        help="Series: handling of values below zero.",
    ),
    click.option(
        "--time-column", metavar="NAME", help="Series: the column of the stamps, or date=A,period=B."
    ),
    click.option(
        "--no-header", is_flag=True, help="Series: no column names; columns are 1, 2, ... by position."
    ),
    click.option("--decimal", type=click.Choice([".", ","]), help="Series: the decimal mark of numbers."),
    click.option(
        "--date-order",
        type=click.Choice(["day-first", "month-first"]),
        help="Series: order of day and month in dates like 01/02/2022.",
    ),
    click.option(
        "--time-unit", metavar="UNIT", help="Series: unit of a time column that counts: s, min, h, d, 15min."
    ),
    click.option(
        "--time-start", metavar="INSTANT", help="Series: instant of count 0, as in 2022-01-01T00:00Z."
    ),
)
weather_options = together(
    click.option(
        "--latitude-deg", type=float, help="Weather: latitude of the site, if the file does not state it."
    ),
    click.option("--longitude-deg", type=float, help="Weather: longitude of the site, east positive."),
    click.option("--altitude-m", type=float, help="Weather: altitude of the site."),
    click.option("--utc-offset-h", type=float, help="Weather: UTC offset of the site's clock, in hours."),
    click.option("--year", type=int, help="Weather: calendar year of the file's months."),
    click.option("--clear-sky", is_flag=True, help="Weather: model irradiance that the file lacks."),
)


@click.group()
def traces() -> None:
    """Show, import and generate job traces and power series."""


traces.add_command(import_group)


@traces.command("show")
@click.argument("file")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    help="What FILE holds (rate: prices or carbon intensity); default: by its first lines.",
)
@json_option()
@click.option("--strict", is_flag=True, help="Workload, series: make every repair and skip an error.")
@click.option(
    "--format",
    "format_",
    cls=RegisteredOption,
    names=job_formats,
    metavar="NAME",
    help="Workload: {names}. Weather: epw, tmy3, nsrdb, ... (docs/reference/names.md).",
)
@click.option(
    "--mapping", metavar="NAME|FILE.toml", help="Workload: the meaning of the columns of another table."
)
@click.option(
    "--cancellations",
    type=click.Choice(CANCELLATIONS),
    help="Workload: jobs that their users cancelled while they waited.  [default: skip]",
)
@click.option(
    "--dependencies",
    type=click.Choice(DEPENDENCIES),
    help="Workload: jobs that depend on others.  [default: ignore]",
)
@series_options
@weather_options
def show(
    file: str,
    kind: str | None,
    as_json: bool,
    format_: str | None,
    no_header: bool,
    **options: Any,
) -> None:
    """Summarise FILE, with everything that was repaired or skipped to read it."""
    options |= {"format": format_, "header": False if no_header else None}
    options["columns"] = list(options["columns"]) or None
    named = {
        key: value for key, value in options.items() if value is not None and (value or key not in _FLAGS)
    }
    summary = functions.show_file(file, *functions.sorted_options(file, kind, named))
    click.echo(json_text(summary) if as_json else functions.show_text(summary))


@traces.command("generate")
@click.argument("model", metavar="|".join(MODELS))
@click.option("--jobs", type=int, metavar="N", help="Number of jobs; either --jobs or --days.")
@click.option("--days", type=float, metavar="D", help="Number of days, from local midnight.")
@click.option("--processors", type=int, metavar="P", help="lublin: processors of the machine.")
@click.option("--gpus", type=int, metavar="G", help="gpu: GPUs of the cluster, in nodes of 8.")
@click.option(
    "--load",
    type=float,
    metavar="L",
    help="Work over capacity, such as 0.7.",
)
@click.option(
    "--variant",
    metavar="NAME",
    help="lublin: typeless (default), batch, interactive, or both merged.",
)
@click.option(
    "--estimates",
    default="exact",
    show_default=True,
    metavar="|".join(ESTIMATES),
    help="exact: the run times. tsafrir: round values as users request them.",
)
@click.option(
    "--max-estimate",
    "max_estimate_s",
    type=int,
    metavar="SECONDS",
    help="tsafrir: time limit of the machine; longer jobs are cut to it.",
)
@click.option(
    "--chains",
    type=float,
    metavar="SHARE",
    help="Add synthetic users; SHARE of the jobs wait for the user's previous job.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", required=True, metavar="FILE", help=".csv, .csv.gz or .parquet.")
@force_option("Replace FILE if it exists.")
@quiet_option
def generate(model: str, out: str, quiet: bool, **options: Any) -> None:
    """Write a synthetic workload by a published model.

    lublin: jobs of a parallel computer (Lublin and Feitelson 2003). gpu: a mix fitted to the Alibaba GPU
    trace of 2023.
    """
    jobs = functions.generate_workload(model, out, functions.WorkloadRequest(**options))
    if not quiet:
        click.echo(workload_text(jobs, out), err=True)


def workload_text(jobs: Workload, out: str | os.PathLike[str]) -> str:
    """One line on what was generated and where it is."""
    span_s = int(jobs.submit_s[-1])
    core_h = float((jobs.cores * jobs.work_s).sum(dtype=float)) / 3600
    facts = [f"{len(jobs):,} jobs over {functions.duration(span_s)}", f"{core_h:,.0f} core-hours"]
    if jobs.processors and span_s:
        facts.append(f"{core_h * 3600 / jobs.processors / span_s:.3f} of {jobs.processors:,} processors")
    if jobs.gpus_milli.any():
        facts.append(f"{float((jobs.gpus_milli * jobs.work_s).sum(dtype=float)) / 3.6e6:,.0f} GPU-hours")
    facts.append(f"estimates: {jobs.estimates}")
    if jobs.after is not None:
        facts.append(f"{sum(map(bool, jobs.after)):,} jobs wait for another")
    cut = jobs.report.repairs.get("cut_to_max_estimate")
    if cut is not None:
        facts.append(f"{cut.count} {cut.text}")
    return functions.printable(f"{os.fspath(out)}: {', '.join(facts)}")
