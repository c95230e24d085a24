"""`rare compare`, and with --preset the command that has its place then."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from experiments.cli import functions
from experiments.cli.commands.preset_command import preset, preset_only
from experiments.cli.output import clean_stdout
from experiments.cli.shared_options import schedulers_option
from experiments.cli.simulation_options import print_result, simulation_options, simulation_request
from experiments.process.progress import ProgressDisplay

DEFAULT = ("fcfs", "easy", "sjf+easy")


class CompareCommand(click.Command):
    """`compare`; where its words name a preset they are those of the command `preset`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of this command or of `preset`. UsageError for an option of the other one."""
        is_preset = any(word == "--preset" or word.startswith("--preset=") for word in args)
        try:
            if is_preset:
                return preset.make_context(info_name, args, parent, **extra)
            return super().make_context(info_name, args, parent, **extra)
        except click.NoSuchOption as error:
            name = error.option_name
            if is_preset and name in _names(self.params):
                text = f"{name} does not go with --preset, which has its own case; drop it"
                raise click.UsageError(text, error.ctx) from None
            if not is_preset and name in _names(preset_only()):
                text = f"{name} goes with --preset; add that, or drop it"
                raise click.UsageError(text, error.ctx) from None
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, and below them those that go with --preset only."""
        super().format_options(ctx, formatter)
        records = [record for param in preset_only() if (record := param.get_help_record(ctx)) is not None]
        with formatter.section("A published case instead of a scenario (docs/results/preset-*.md)"):
            formatter.write_dl(records)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Completions of an option, those of a preset among them."""
        items = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            items += [CompletionItem(name) for name in _names(preset_only()) if name.startswith(incomplete)]
        return items


def _names(params: list[click.Parameter]) -> list[str]:
    return [name for param in params for name in param.opts]


@click.command(cls=CompareCommand)
@schedulers_option(f"Repeatable, or names joined by commas.  [default: {','.join(DEFAULT)}]")
@simulation_options
def compare(schedulers: list[str], **options: Any) -> None:
    """Simulate one scenario under many schedulers: table, figures, report.

    With --out an interrupted comparison goes on where it stopped when the same command is given
    again; a finished one is run again from the start and replaced. With --preset a published case takes
    the place of the scenario, and an agent is trained for it.
    """
    with clean_stdout(options["as_json"]):
        request = simulation_request(options)
        result = functions.compare_run(
            schedulers or DEFAULT, request, display=ProgressDisplay(options["quiet"])
        )
    print_result(result, options["as_json"], options["out"], not options["no_figures"])
