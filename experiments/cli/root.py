"""The command `rare`: its commands, each in a module of experiments.cli.commands, and how it runs.

Only click is imported here: `rare --help` must not wait for numba, pandas or matplotlib.
"""
# ruff: noqa: E402 - signals are handled before anything else is imported, which takes a tenth of a second

from __future__ import annotations

import os

try:
    import experiments.process.interrupts as interrupts

    _importing = interrupts.AtOnce(__name__)
except KeyboardInterrupt:  # of Python's own handler, until ours is there
    os._exit(130)

from collections.abc import Sequence

import click

from experiments.cli import functions
from experiments.cli.lazy_group import LazyCommand, LazyGroup
from experiments.process.command_process import replace_unprintable, run_inside, run_process

_COMMANDS = "experiments.cli.commands"
COMMANDS = {
    "bench": LazyCommand(f"{_COMMANDS}.bench_command:bench", "Measure speed, with ratios to plain SimPy."),
    "compare": LazyCommand(
        f"{_COMMANDS}.compare_command:compare",
        "Simulate one scenario under many schedulers: table, figures, report.",
    ),
    "completion": LazyCommand(
        f"{_COMMANDS}.completion_command:completion", "Print a completion script for bash, zsh or fish."
    ),
    "dataset": LazyCommand(
        f"{_COMMANDS}.dataset_command:dataset", "Log schedulers into a dataset for offline learning."
    ),
    "demo": LazyCommand(
        f"{_COMMANDS}.demo_command:demo", "Compare heuristics and train a scheduler: all data is included."
    ),
    "evaluate": LazyCommand(
        f"{_COMMANDS}.evaluate_command:evaluate",
        "Evaluate schedulers over many windows of a scenario, with intervals.",
    ),
    "export": LazyCommand(
        f"{_COMMANDS}.export_command:export",
        "Write a run's schedule as SWF, Gantt intervals, Batsim's jobs or energy per job.",
    ),
    "launchpad": LazyCommand(
        f"{_COMMANDS}.launchpad_command:launchpad",
        "Test the papers' claims on learned schedulers, with intervals.",
    ),
    "report": LazyCommand(
        f"{_COMMANDS}.report_command:report", "Redraw figures and report of run folders, without simulating."
    ),
    "scenarios": LazyCommand(
        f"{_COMMANDS}.lists_command:scenarios", "List the scenarios that ship with the package."
    ),
    "schedulers": LazyCommand(
        f"{_COMMANDS}.lists_command:schedulers", "List the names of schedulers and their meaning."
    ),
    "shadow": LazyCommand(
        f"{_COMMANDS}.shadow_command:shadow",
        "Log RARE's decisions beside a live scheduler, or act within limits.",
    ),
    "simulate": LazyCommand(
        f"{_COMMANDS}.simulate_command:simulate", "Simulate one scenario under one scheduler."
    ),
    "size": LazyCommand(
        f"{_COMMANDS}.size_command:size",
        "Find the wind, sun, battery and grid line that serve these jobs best.",
    ),
    "start-times": LazyCommand(
        f"{_COMMANDS}.start_times_command:start_times",
        "Predict when each waiting job will start, as a range from simulations.",
    ),
    "sweep": LazyCommand(
        f"{_COMMANDS}.sweep_command:sweep", "Run a grid or list of cases, here or on a cluster."
    ),
    "traces": LazyCommand(
        f"{_COMMANDS}.traces_command:traces",
        "Show, import and generate job traces and power series.",
    ),
    "train": LazyCommand(
        f"{_COMMANDS}.train_command:train", "Train schedulers: offline, online, or from other checkpoints."
    ),
}
"""Every command: where it is, and the first sentence of its help."""


def _version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"rare {functions.version()}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    lazy_commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
def rare() -> None:
    """Simulate a datacenter that runs on wind and sun, and compare job schedulers.

    Start with `rare demo --out demo-out`, then open demo-out/report.html.

    Exit codes: 0 done, 2 bad input, 1 a bug in rare, 130 interrupted (Ctrl-C), 143 terminated. Files and
    folders appear whole or not at all; what was stopped goes on with the same command.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0 done, 2 bad input or usage, 1 our own bug, 130 and 143 stopped.

    Without arguments the process is the command's: signals end it within seconds
    (experiments.process.interrupts).
    """
    if "_RARE_COMPLETE" in os.environ:
        replace_unprintable()
        rare.main(prog_name="rare")  # a shell asks for completions; leaves by SystemExit
    if arguments is not None:
        return run_inside(rare, "rare", arguments)
    return run_process(rare, "rare")


_importing.over()
