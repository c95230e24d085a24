"""The command `rare`. Each command parses, calls one function that a notebook could call, and prints.

Only click is imported here: `rare --help` must not wait for numba, pandas or matplotlib.
"""
# ruff: noqa: E402 - signals are handled before anything else is imported, which takes a tenth of a second

from __future__ import annotations

import errno
import logging
import os
import sys

try:
    import experiments.runs.interrupts as interrupts

    _importing = interrupts.AtOnce(__name__)
except KeyboardInterrupt:  # of Python's own handler, until ours is there
    os._exit(130)

import io
from collections.abc import Sequence
from typing import Any

import click

from experiments.benchmarks.bench import bench
from experiments.cli.cli_dataset import dataset
from experiments.cli.cli_export import export
from experiments.cli.cli_launchpad import launchpad_command
from experiments.cli.cli_preset import preset_command, preset_options, refuse_alone
from experiments.cli.cli_shared import clean_stdout, json_text, scheduler_names
from experiments.cli.cli_train import train
from experiments.cli.registered_option import RegisteredOption, trace_formats
from experiments.cli.shared_options import scenario_options
from experiments.data.generate_jobs import generate


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda ctx, param, value: _version(ctx, value), help="Show the version.")  # fmt: skip
def rare() -> None:
    """Simulate a datacenter that runs on wind and sun, and compare job schedulers.

    Start with `rare demo --out demo-out`, then open demo-out/report.html.

    Exit codes: 0 done, 2 bad input, 1 a bug in rare, 130 interrupted (Ctrl-C), 143 terminated. Files and
    folders appear whole or not at all; what was stopped goes on with the same command.
    """


def _version(ctx: click.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from experiments.runs.provenance import version

        click.echo(f"rare {version()}")
        ctx.exit()


@rare.command(short_help="Simulate one scenario under one scheduler.")
@click.option("--scheduler", default="easy", show_default=True, metavar="NAME",
              help="ORDER[+BACKFILL][+GATE][+VICTIM], file.py:ClassName, a checkpoint's folder.")  # fmt: skip
@scenario_options
def simulate(scheduler: str, **options: Any) -> None:
    """Simulate one scenario under one scheduler."""
    from experiments.runs.simulations import simulate_run

    with clean_stdout(options["as_json"]):
        found = simulate_run(scheduler, **_common(options))
    _print_result(found, options)


@rare.command(short_help="Simulate one scenario under many schedulers: table, figures, report.")
@click.option("--scheduler", "schedulers", multiple=True, metavar="NAME[,NAME...]",
              help="Repeatable, or names joined by commas.  [default: fcfs,easy,sjf+easy]")  # fmt: skip
@preset_options
@scenario_options
def compare(schedulers: Sequence[str], **options: Any) -> None:
    """Simulate one scenario under many schedulers: table, figures, report.html.

    With --out an interrupted comparison goes on where it stopped when the same command is given
    again; a finished one is run again from the start and replaced. With --preset a published case takes
    the place of the scenario, and an agent is trained for it.
    """
    if options["preset"] is not None:
        preset_command(scheduler_names(schedulers), options)
        return
    refuse_alone(options)
    from experiments.runs.simulations import compare_runs

    names = scheduler_names(schedulers) if schedulers else ["fcfs", "easy", "sjf+easy"]
    with clean_stdout(options["as_json"]):
        found = compare_runs(names, **_common(options))
    _print_result(found, options)


@rare.command(short_help="Compare heuristics and train a scheduler: all data is included.")
@click.option("--out", default="demo-out", show_default=True, metavar="DIR", help="Where the report goes.")
@click.option("--force", is_flag=True, help="Replace a finished run of another configuration in --out.")
@click.option("--no-learning", is_flag=True, help="Only the comparison, which takes a minute.")
@click.option("--no-figures", is_flag=True, help="No figures and no report.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def demo(out: str, force: bool, no_learning: bool, no_figures: bool, as_json: bool, quiet: bool) -> None:
    """Compare schedulers on a week of a cluster that has wind, sun and a battery, and no grid; and learn one.

    Decisions of a lookahead scheduler are logged, learned from offline (bc, crr), the network is fine-tuned
    by playing (ppo), and all are judged on thirteen test windows. The weather is a typical year that comes
    with pvlib, the jobs are made; nothing is downloaded. A demo that was stopped goes on where it was.
    """
    from experiments.demo import demo_run
    from experiments.report.learned_facts import learning_text
    from experiments.runs.progress import Talk

    with clean_stdout(as_json):
        found = demo_run(
            out,
            force=force,
            figures=not no_figures,
            learn=not no_learning,
            talk=Talk(quiet),
            command=_command_line(),
        )
    if not as_json and "learning" in found:
        click.echo(learning_text(found["learning"]) + "\n")
    _print_result(found, {"out": out, "no_figures": no_figures, "as_json": as_json})


@rare.command(short_help="Schedulers over many windows of a scenario, with intervals.")
@click.option(
    "--scenario",
    default="islanded",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="A shipped scenario or a file of yours, with [windows].",
)
@click.option(
    "--windows",
    "windows",
    multiple=True,
    metavar="SPLIT|NAME[,...]",
    help="Splits (train, validation, test, unseen) or single windows.  [default: validation]",
)
@click.option(
    "--scheduler",
    "schedulers",
    multiple=True,
    metavar="NAME[,NAME...]",
    help="Repeatable, or names joined by commas. The first is what the others are compared with.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one key of the scenario.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Draws service classes."
)
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes.  [default: all cores]")
@click.option("--out", metavar="DIR", help="Write tables and a figure; if stopped, the same again goes on.")
@click.option("--force", is_flag=True, help="Replace an evaluation in --out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")  # fmt: skip
def evaluate(
    schedulers: Sequence[str], windows: Sequence[str], as_json: bool, quiet: bool, **options: Any
) -> None:
    """Run schedulers on the same windows of a scenario: means, 95 % intervals, paired differences."""
    from experiments.evaluation.evaluate_run import evaluate_run, evaluate_text
    from experiments.runs.progress import Talk

    names = scheduler_names(schedulers) if schedulers else None
    chosen = [part.strip() for text in windows for part in text.split(",")] or ["validation"]
    with clean_stdout(as_json):
        found = evaluate_run(names, chosen, talk=Talk(quiet), **options)
    click.echo(json_text(found.as_dict()) if as_json else evaluate_text(found))


@rare.group()
def traces() -> None:
    """Look at job traces and power series, and make synthetic ones."""


@traces.command("show")
@click.argument("file")
@click.option(
    "--kind",
    type=click.Choice(["workload", "power", "rate", "weather"]),
    help="What FILE holds (rate: prices or carbon intensity); default: by its first lines.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--strict", is_flag=True, help="Workload, series: make every repair and skip an error.")
@click.option("--format", "format_", cls=RegisteredOption, names=trace_formats, metavar="NAME",
              help="Of FILE: {names}.")  # fmt: skip
@click.option(
    "--mapping", metavar="NAME|FILE.toml", help="Workload: what the columns of a foreign table mean."
)
@click.option(
    "--columns", multiple=True, metavar="NAME", help="Series: columns to add up, as A,B or A+B. Repeatable."
)
@click.option("--unit", help="Series: W, kW, MW, GW, or Wh, kWh, MWh, GWh per step; EUR/MWh, g/kWh, ...")
@click.option(
    "--stamp", type=click.Choice(["start", "end"]), help="Series: end of the step that stamps name."
)
@click.option(
    "--zone", metavar="ZONE", help="Series: zone of stamps without an offset, such as Europe/Berlin."
)
@click.option(
    "--gaps", type=click.Choice(["error", "hold", "interpolate", "zero"]), help="Series: missing steps."
)
@click.option("--negatives", type=click.Choice(["error", "zero", "allow"]), help="Series: below zero.")
@click.option("--time-column", metavar="NAME", help="Series: the column of the stamps, or date=A,period=B.")
@click.option("--no-header", is_flag=True, help="Series: no column names; columns are 1, 2, ... by position.")
@click.option("--decimal", type=click.Choice([".", ","]), help="Series: the decimal mark of numbers.")
@click.option(
    "--date-order", type=click.Choice(["day-first", "month-first"]), help="Series: of dates like 01/02/2022."
)
@click.option(
    "--time-unit", metavar="UNIT", help="Series: of a time column that counts: s, min, h, d, 15min."
)
@click.option("--time-start", metavar="INSTANT", help="Series: instant of count 0, as in 2022-01-01T00:00Z.")
@click.option("--latitude-deg", type=float, help="Weather: of the site, where the file does not say.")
@click.option("--longitude-deg", type=float, help="Weather: of the site, east positive.")
@click.option("--altitude-m", type=float, help="Weather: of the site.")
@click.option("--utc-offset-h", type=float, help="Weather: the site's clock, in hours from UTC.")
@click.option("--year", type=int, help="Weather: place the file's months in this year.")
@click.option("--clear-sky", is_flag=True, help="Weather: model irradiance that the file lacks.")
def traces_show(
    file: str,
    kind: str | None,
    as_json: bool,
    format_: str | None,
    no_header: bool,
    **options: Any,
) -> None:
    """Summary of FILE, with everything that was repaired or skipped to read it."""
    from experiments.data.show_file import show_file, show_text
    from experiments.data.show_options import sorted_options

    options |= {"format": format_, "header": False if no_header else None}
    options["columns"] = list(options["columns"]) or None
    given = {
        key: value
        for key, value in options.items()
        if value is not None and (value or key not in ("strict", "clear_sky"))
    }
    found = show_file(file, *sorted_options(file, kind, given))
    click.echo(json_text(found) if as_json else show_text(found))


traces.add_command(generate)
rare.add_command(bench)
rare.add_command(dataset)
rare.add_command(export)
rare.add_command(launchpad_command)
rare.add_command(train)


@rare.command(short_help="Redraw figures and report of run folders, without simulating.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--quiet", is_flag=True, help="Do not say which report was written.")
def report(runs: Sequence[str], quiet: bool) -> None:
    """Redraw figures and report.html of run folders, without simulating."""
    from experiments.report.html_report import write_report

    for run in runs:
        path = write_report(run)
        if not quiet:
            click.echo(f"wrote {path}")


@rare.command("schedulers", short_help="List the scheduler names and what they mean.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def list_schedulers(as_json: bool) -> None:
    """List the scheduler names and what they mean."""
    from schedulers import describe

    parts = describe()
    if as_json:
        click.echo(json_text(parts))
        return
    click.echo(
        "NAME = ORDER[+BACKFILL][+GATE][+VICTIM], or path/to/file.py:ClassName for a class of your own"
    )
    for title, entries in parts.items():
        click.echo(f"\n{title}:")
        width = max(len(name) for name in entries)
        for name, text in entries.items():
            click.echo(f"  {name:<{width}}  {'= ' * (title == 'short')}{text}")


@rare.command("scenarios", short_help="List the scenarios that ship with the package.")
def list_scenarios() -> None:
    """List the scenarios that ship with the package."""
    from rare.scenario.load import load_scenario, shipped_names

    for name in shipped_names():
        click.echo(f"{name:<12}  {load_scenario(name).scenario.description}")


@rare.command(short_help="Print a completion script for bash, zsh or fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a completion script: add `eval "$(rare completion bash)"` to ~/.bashrc."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(made(rare, {}, "rare", "_RARE_COMPLETE").source())


# --- what the commands share ----------------------------------------------------------------------------


def _common(options: dict[str, Any]) -> dict[str, Any]:
    """Options as keyword arguments of simulate_run and compare_runs."""
    from experiments.runs.progress import Talk
    from experiments.runs.simulations import Settings
    from rare.scenario.load import Wishes

    wished = (
        "workload",
        "power",
        "processors",
        "jobs",
        "from_date",
        "to_date",
        "strict",
        "window",
        "settings",
    )
    return {
        "scenario": options["scenario"],
        "wishes": Wishes(**{key: options[key] for key in wished}),
        "settings": Settings(options["clock"], options["seed"], options["warmup"]),
        "out": options["out"],
        "force": options["force"],
        "figures": not options["no_figures"],
        "talk": Talk(options["quiet"]),
        "command": _command_line(),
    }


def _command_line() -> list[str]:
    return ["rare", *sys.argv[1:]]


def _print_result(found: dict[str, Any], options: dict[str, Any]) -> None:
    from experiments.report.terminal_table import compare_text, run_text

    if options["as_json"]:
        click.echo(json_text(found))
        return
    click.echo(compare_text(found) if "results" in found else run_text(found))
    if options["out"] is not None:
        name = "" if options["no_figures"] else "report.html"
        click.echo(f"written: {os.path.join(options['out'], name)}")


# --- errors and exit codes --------------------------------------------------------------------------------


# What a system may lack, whatever is asked of it: no bug of ours.
_SCARCE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS, errno.EIO)
LONGEST_LINE = 900  # of an error; what the user gave may be longer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0 done, 2 bad input or usage, 1 our own bug, 130 and 143 stopped.

    Without arguments the process is the command's: signals end it within seconds
    (experiments.runs.interrupts).
    """
    if arguments is not None:
        with interrupts.sigterm_raises():
            return _main(arguments)
    return run_process(rare, "rare")


def run_process(command: click.Command, name: str) -> int:
    """Run a command that is a process of its own, by sys.argv; signals and exit codes as of `main`."""
    with interrupts.command():
        return _main(sys.argv[1:], command, name)


def _main(words: Sequence[str], command: click.Command | None = None, name: str = "rare") -> int:
    command = rare if command is None else command
    _write_any_text()
    if "_RARE_COMPLETE" in os.environ:
        rare.main(prog_name="rare")  # a shell asks for completions; leaves by SystemExit
    if "--quiet" in words:
        logging.getLogger("rare").setLevel(logging.ERROR)
    try:
        # Not rare.main(): it turns a closed pipe into an exit code like that of a bug.
        with command.make_context(name, list(words)) as ctx:
            command.invoke(ctx)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else command.get_help(click.Context(command)))
        return 0
    except click.ClickException as error:
        return _fail(f"{error.format_message()}{_see_help(error)}", 2)
    except (click.Abort, KeyboardInterrupt) as error:
        code = 143 if isinstance(error, interrupts.Terminated) else 130
        return _fail("; ".join(["interrupted", *map(str, error.args)]), code)
    except BrokenPipeError as error:
        return _reader_gone() if _in_users_class(error, words) is None else _failed(error, words)
    except Exception as error:  # the outermost frame: everything ends here as one line
        stopped = interrupts.received_code()
        if stopped is not None:  # some library made another exception of the interrupt
            return _fail("interrupted", stopped)
        return _failed(error, words)
    except BaseException as error:  # sys.exit() in a class of the user's is no end of ours
        if _in_users_class(error, words) is None:
            raise
        return _failed(error, words)


def _failed(error: BaseException, words: Sequence[str]) -> int:
    """One line for an exception that ended a command, and its code: 2 what the user can mend, 1 our bug."""
    debug = os.environ.get("RARE_DEBUG") == "1"
    if _is_input_error(error):
        if debug and type(error).__name__ == "UnforeseenError":  # it may be our bug after all
            raise error
        return _fail(str(error), 2)
    place = _in_users_class(error, words)
    if place is not None:
        return _fail(f"{place}: {type(error).__name__}: {_text_of(error)} (in the scheduler of your own)", 2)
    if debug:
        raise error
    if isinstance(error, MemoryError):
        return _fail("there is not enough memory for this; take fewer jobs, windows or workers", 2)
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _SCARCE):
        return _fail(f"{_file_of(error)}{error.strerror}; check the path, its permissions and free space", 2)
    said = f"{type(error).__name__}: {_text_of(error)}"
    return _fail(f"a bug in rare ({said}); please report it, with the output under RARE_DEBUG=1", 1)


def _write_any_text() -> None:
    """Names from files and the mark † must not fail on a terminal that cannot show them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _reader_gone() -> int:
    """`rare ... | head`: the reader has seen enough, which is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python complains once more when it flushes
    return 0


def _is_input_error(error: BaseException) -> bool:
    from traces.errors import InputError

    return isinstance(error, InputError)


def _in_users_class(error: BaseException, words: Sequence[str]) -> str | None:
    """file:line if the error passed through a class given as `path/to/file.py:ClassName`."""
    import re
    import traceback

    names = [name for word in words for name in re.findall(r"[^=,]+\.py(?=:)", word)]
    files = {os.path.realpath(os.path.expanduser(name.strip())) for name in names}
    places = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if os.path.realpath(frame.f_code.co_filename) in files
    ]
    return places[-1] if places else None


def _file_of(error: OSError) -> str:
    from traces.text import place

    names = [
        place(os.fsdecode(name))
        for name in (error.filename, error.filename2)
        if isinstance(name, str | bytes)
    ]
    return f"{' -> '.join(names)}: " if names else ""


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except ValueError:  # a number of more digits than Python prints
        return "(no text)"


def _see_help(error: click.ClickException) -> str:
    ctx = getattr(error, "ctx", None)
    return f" (see {ctx.command_path} --help)" if ctx is not None else ""


def _fail(text: str, code: int) -> int:
    """One line on stderr, whatever the message holds."""
    line = " ".join(text.split())
    line = "".join(char if char.isprintable() else "?" for char in line)
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE * 2 // 3]} ... {line[-LONGEST_LINE // 3 :]}"
    sys.stderr.write(f"rare: {line.encode('utf-8', 'replace').decode('utf-8')}\n")
    return code


_importing.over()
