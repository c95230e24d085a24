"""`rare export`: the schedule of a run folder as a file for other programs."""

from __future__ import annotations

import click


@click.command("export", short_help="Write a run's schedule as SWF, Gantt intervals or energy per job.")
@click.argument("run")
@click.option(
    "--format", "format_", required=True, type=click.Choice(["swf", "gantt", "energy"]), help="What to write."
)
@click.option("--out", required=True, metavar="FILE", help=".swf for swf, .csv for the others; or with .gz.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def export(run: str, format_: str, out: str, force: bool, quiet: bool) -> None:
    """Write the schedule of the run folder RUN for other programs.

    swf: the Standard Workload Format, a suspended job in several lines. gantt: which cores each job held
    and when, as Batsim writes it and evalys draws it. energy: what each job drew, and the idle rest.
    """
    from experiments.data.export_schedule import export_run

    path = export_run(run, format_, out, force=force)
    if not quiet:
        click.echo(f"wrote {path}", err=True)
