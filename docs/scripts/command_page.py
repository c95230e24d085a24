"""Writes docs/reference/commands.md from the commands themselves: `python -m docs.scripts.command_page`.

Each command gets a section: usage, what it does, and a table of its options as `--help` has them.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator

import click

from docs.scripts.metrics_page import markdown_table
from docs.scripts.page_paths import DOCS
from docs.scripts.wrap_pages import wrapped
from experiments.cli.root import rare

PAGE = DOCS / "reference" / "commands.md"
HEAD = """# Commands

Every command of `rare` with its options, defaults and bounds, for looking up. This page is written by
`python -m docs.scripts.command_page` from the commands; `rare COMMAND --help` prints the same. For what to use a
command for, see the [guides](../guides/index.md).

## Exit codes

| code | means |
|---|---|
| 0 | done |
| 1 | a bug in RARE; the message says how to report it |
| 2 | bad input or usage; one line says what is wrong, where, and what to do |
| 130 | interrupted (Ctrl-C); the same command goes on where it can |
| 143 | terminated by another process |

Files and folders appear whole or not at all. Results go to standard output, progress and messages to standard
error.
"""
WIDTH = 115
RULED = re.compile(r"\s*\[(default: .*|required|x[<>]=?.*|.*<=x.*)\]$")


def commands_page() -> str:
    """The text of docs/reference/commands.md."""
    found = list(walk(rare, click.Context(rare, info_name="rare")))
    rows = [
        (f"[`{path}`](#{path.replace(' ', '-')})", _first_sentence(command)) for command, path, _ in found
    ]
    overview = "\n## All commands\n\n" + markdown_table(("command", "what it does"), rows)
    return wrapped(HEAD + overview + "".join(section(*each) for each in found))


def walk(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, str, click.Context]]:
    """Commands below a group, each with its full name; a group of commands comes before its members."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        inner = click.Context(command, info_name=name, parent=context)
        yield command, inner.command_path, inner
        if isinstance(command, click.Group):
            yield from walk(command, inner)


def section(command: click.Command, path: str, context: click.Context) -> str:
    """The part of the page on one command."""
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    text = f"\n## {path}\n\n```text\n{usage}\n```\n\n{prose(command.help or '')}"
    records = [record for option in command.params if (record := option.get_help_record(context))]
    options = [row(*record) for record in records if not record[0].startswith("-h,")]
    if options:
        text += "\n" + markdown_table(("option", "meaning", "default or bounds"), options)
    return text


def row(flags: str, text: str) -> tuple[str, str, str]:
    """A row of the table of options, from what `--help` prints of one."""
    ruled = RULED.search(text)
    bounds = "" if ruled is None else ruled[1].removeprefix("default: ")
    meaning = text if ruled is None else text[: ruled.start()]
    return f"`{flags}`".replace("|", "\\|"), escaped(meaning), escaped(bounds)


def prose(text: str) -> str:
    """A help text as Markdown; what click must not wrap becomes a block of its own."""
    parts = []
    for block in inspect.cleandoc(text).split("\n\n"):
        if block.startswith("\b"):
            parts.append(f"```text\n{block[1:].strip(chr(10))}\n```\n")
        else:
            flat = escaped(" ".join(block.split()))
            parts.append(textwrap.fill(flat, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n")
    return "\n".join(parts)


def escaped(text: str) -> str:
    """Text whose stars and brackets Markdown leaves alone; code in backticks stays as it is."""
    pieces = re.split(r"(`[^`]*`)", text)
    plain = [re.sub(r"([*_<>])", r"\\\1", piece) for piece in pieces[::2]]
    pieces[::2] = plain
    return "".join(pieces).replace("|", "\\|")


def _first_sentence(command: click.Command) -> str:
    return escaped(command.get_short_help_str(limit=200))


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8")
