"""Writes the tables of docs/results/scenario-results.md: `python -m docs.scripts.results_page`.

Each block that begins with `$ rare evaluate` is the output of that command. A slow test runs them again.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys

from docs.scripts.page_paths import page_path

PAGE = page_path("scenario-results.md")
BLOCK = re.compile(r"```text\n\$ (rare evaluate [^\n]*)\n(.*?)```\n", re.DOTALL)


def output_of(command: str) -> str:
    """What a command prints, without running a shell."""
    from experiments.cli.root import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main([*shlex.split(command)[1:], "--quiet"])
    if code != 0:
        raise RuntimeError(f"{command} ended with {code}")
    return out.getvalue()


def blocks(text: str) -> list[tuple[str, str]]:
    """(command, output) of each block."""
    return BLOCK.findall(text)


def refreshed(text: str) -> str:
    """The page with today's outputs."""
    return BLOCK.sub(lambda found: f"```text\n$ {found[1]}\n{output_of(found[1])}```\n", text)


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
