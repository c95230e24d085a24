"""Writes the tree of packages into docs/reference/architecture.md: `python -m docs.scripts.architecture_page`.

Each line is a folder and the first sentence of its `__init__.py`. A test compares the page with the tree.
"""

from __future__ import annotations

import ast
from pathlib import Path

from docs.scripts.page_paths import page_path

ROOT = Path(__file__).resolve().parents[2]
PAGE = page_path("architecture.md")
PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")
BEGIN, END = "<!-- tree -->\n```text\n", "```\n<!-- end of tree -->\n"
NAME_COLUMNS = 22


def folders() -> list[Path]:
    """Every folder with modules, relative to the checkout: packages in the order of the layers."""
    inits = [init for package in PACKAGES for init in sorted((ROOT / package).rglob("__init__.py"))]
    return [init.parent.relative_to(ROOT) for init in inits]


def purpose(folder: Path) -> str:
    """First line of the docstring of a folder's `__init__.py`; empty without one."""
    text = (ROOT / folder / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0].strip()


def tree() -> str:
    """A line for each folder: its name, indented below its parent, and its purpose."""
    lines = []
    for folder in folders():
        name = "  " * (len(folder.parts) - 1) + folder.name + "/"
        lines.append(f"{name:<{NAME_COLUMNS}} {purpose(folder)}\n")
    return "".join(lines)


def refreshed(page: str) -> str:
    """The page with today's tree. ValueError where a marker is missing."""
    before, _, rest = page.partition(BEGIN)
    _, end_marker, after = rest.partition(END)
    if not end_marker:
        raise ValueError(
            f"docs/reference/architecture.md: the markers {BEGIN!r} and {END!r} are missing; put them back"
        )
    return before + BEGIN + tree() + END + after


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
