"""Writes the tables of docs/results/model-card.md: `python -m docs.scripts.model_card`; --list names the commands.

Each block that begins with "$ " is the output of that command. What needs the shared data
is left as it is where that is absent.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.scripts.docs_pages import ENVIRONMENT, ROOT, furnish, needs_shared
from docs.scripts.page_paths import page_path
from docs.scripts.results_page import output_of

PAGE = page_path("model-card.md")
BLOCK = re.compile(r"```text\n\$ ([^\n]*)\n(.*?)```\n", re.DOTALL)


def commands(text: str) -> list[str]:
    """The commands of the page."""
    return [command for command, _ in BLOCK.findall(text)]


def printed(command: str) -> str:
    """What a command prints, run in the current folder."""
    words = shlex.split(command)
    if words[0] == "rare":
        return output_of(command)
    done = subprocess.run(
        [sys.executable, *words[1:]], capture_output=True, text=True, check=True, env=os.environ | ENVIRONMENT
    )
    return done.stdout


def refreshed(text: str, shared: bool) -> str:
    """The page with today's outputs."""

    def of(found: re.Match[str]) -> str:
        if needs_shared(found[1]) and not shared:
            return found[0]
        return f"```text\n$ {found[1]}\n{printed(found[1])}```\n"

    return BLOCK.sub(of, text)


def main() -> None:
    """Write the page again."""
    text = PAGE.read_text(encoding="utf-8")
    if "--list" in sys.argv:
        print("\n".join(commands(text)))
        return
    beside = Path(os.environ.get("RARE_SHARED") or ROOT.parent / "shared")
    shared = beside if beside.is_dir() else None
    with tempfile.TemporaryDirectory() as folder:
        furnish(Path(folder), shared)
        os.chdir(folder)
        PAGE.write_text(refreshed(text, shared is not None), encoding="utf-8")


if __name__ == "__main__":
    main()
