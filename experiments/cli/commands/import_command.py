"""`rare traces import`: a cluster's accounts and settings, to jobs and a scenario."""

from __future__ import annotations

from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import json_text
from experiments.cli.shared_options import force_option, json_option, quiet_option


@click.group("import")
def import_group() -> None:
    """Import jobs and settings of your own cluster."""


@import_group.command("sacct")
@click.argument("file", required=False, metavar="FILE|-")
@click.option("--out", required=True, metavar="FILE", help="File of the jobs: .csv, .csv.gz or .parquet.")
@click.option("--scenario-out", metavar="FILE.toml", help="The scenario.  [default: beside the jobs]")
@click.option("--run", is_flag=True, help="Run sacct, instead of reading FILE.")
@click.option("--since", default="now-28days", show_default=True, help="With --run: sacct's --starttime.")
@click.option("--until", default="now", show_default=True, help="With --run: sacct's --endtime.")
@click.option("--zone", metavar="ZONE", help="Time zone of the cluster's clock, such as Europe/Berlin.")
@click.option(
    "--threads-per-core",
    type=int,
    metavar="N",
    help="Number of cpus that Slurm counts for a core.  [default: 1]",
)
@click.option(
    "--arrival",
    type=click.Choice(["eligible", "submit"]),
    help="Arrival of a job: when it could start, or when it was submitted.  [default: eligible]",
)
@click.option("--cluster", metavar="NAME", help="Only jobs of this cluster.")
@click.option(
    "--delimiter", metavar="TEXT", help="Delimiter between fields.  [default: as the header has it]"
)
@click.option("--processors", type=int, metavar="P", help="Cores of the machine, used to check the jobs.")
@click.option(
    "--slurm-conf", metavar="FILE", help="slurm.conf with cores, threads and time limits of the machine."
)
@click.option("--anonymize", is_flag=True, help="Replace names of users, groups and accounts.")
@click.option("--seed", type=int, metavar="N", help="--anonymize: random seed of the order of the new names.")
@click.option("--strict", is_flag=True, help="Make every repair and skip an error.")
@force_option("Replace files that exist.")
@json_option("The report, as one JSON object")
@quiet_option
def sacct(file: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Import accounting records of Slurm: `sacct -P`, or slurm2sql's database.

    Writes the jobs, and a scenario of a machine that is estimated from them.
    """
    report = functions.import_sacct(file, functions.SacctImport(**options))
    if as_json:
        click.echo(json_text(report))
    elif not quiet:
        click.echo(functions.sacct_text(report))


@import_group.command("slurmconf")
@click.argument("file")
@click.option("--associations", metavar="FILE", help="Output of `sacctmgr -P show assoc tree`.")
@click.option("--qos", metavar="FILE", help="Output of `sacctmgr -P show qos`.")
@click.option("--out", required=True, metavar="FILE.toml", help="The scenario.")
@force_option("Replace the file if it exists.")
@json_option("The report, as one JSON object")
@quiet_option
def slurmconf(file: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Import settings of Slurm: slurm.conf, associations and QOS.

    Writes a scenario with partitions, priorities, backfilling and limits.
    """
    report = functions.import_slurmconf(file, functions.ConfImport(**options))
    if as_json:
        click.echo(json_text(report))
    elif not quiet:
        click.echo(functions.slurmconf_text(report))


@import_group.command("batsim-platform")
@click.argument("file")
@click.option("--out", required=True, metavar="FILE.toml", help="The scenario.")
@force_option("Replace the file if it exists.")
@json_option("The report, as one JSON object")
@quiet_option
def batsim_platform(file: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Import a platform of Batsim (SimGrid's XML): hosts, speeds and watts.

    Writes a scenario with a partition for each kind of host, under unlimited power.
    """
    report = functions.import_platform(file, functions.PlatformImport(**options))
    if as_json:
        click.echo(json_text(report))
    elif not quiet:
        click.echo(functions.platform_text(report))
