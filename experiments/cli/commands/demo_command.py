"""`rare demo`."""

from __future__ import annotations

from typing import Any

import click

from experiments.cli import functions
from experiments.cli.output import clean_stdout
from experiments.cli.shared_options import force_option, json_option, quiet_option
from experiments.cli.simulation_options import command_line, print_result
from experiments.process.progress import ProgressDisplay


@click.command()
@click.option("--out", default="demo-out", show_default=True, metavar="DIR", help="Folder of the report.")
@force_option("Replace a finished run of another configuration in --out.")
@click.option("--no-learning", is_flag=True, help="Only the comparison, which takes about a minute.")
@click.option("--no-figures", is_flag=True, help="No figures and no report.")
@json_option()
@quiet_option
def demo(out: str, force: bool, no_learning: bool, no_figures: bool, as_json: bool, quiet: bool) -> None:
    """Compare heuristics and train a scheduler: all data is included.

    First, within a minute, ten schedulers on a summer's week of a cluster that has wind, sun and a battery,
    and no grid: a table, figures and report.html. Then decisions of a lookahead scheduler are logged, learned
    from offline (bc, crr), the network is fine-tuned by playing (ppo), and all are judged on thirteen test
    windows. Last the week's table again, with what was learned and with the network of the package.

    The weather is a typical year that comes with pvlib, the jobs are synthetic; nothing is downloaded.
    Learning that was stopped goes on where it was; learning of another version begins anew.
    """

    def show(result: dict[str, Any]) -> None:
        """Print a table as soon as its report is there; with --json only the last object is printed."""
        if as_json:
            return
        if "learning" in result:
            click.echo("\n" + functions.learning_text(result["learning"]) + "\n")
        print_result(result, False, out, not no_figures)

    with clean_stdout(as_json):
        result = functions.demo_run(
            out,
            force=force,
            figures=not no_figures,
            learn=not no_learning,
            display=ProgressDisplay(quiet),
            command=command_line(),
            show=show,
        )
    if as_json:
        print_result(result, True, out, not no_figures)
