"""Pages of the site that are files elsewhere in the repository, and the links between them.

A stub such as docs/reference/rules.md links to its file, so that the repository reads well as it is. When Sphinx
reads the stub, it gets the file's text instead. Links to such files become links to the stub's page; links to other
files of the repository become downloads, which MyST makes by itself.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: page of the site (without .md) -> the file of the repository whose text it shows
TEXTS = {
    "reference/rules": "rare/RULES.md",
    "contributing": "CONTRIBUTING.md",
    "security": "SECURITY.md",
    "changes": "CHANGELOG.md",
}
#: file of the repository -> page that says the same on the site
PAGES = {file: page for page, file in TEXTS.items()} | {"README.md": "index"}
LINK = re.compile(r"(\]\()([^)\s#]+\.md)(#[^)\s]*)?(\))")


def connect(app: Any) -> None:
    """Have Sphinx ask `replace_text` for each page that it reads."""
    app.connect("source-read", replace_text)


def replace_text(app: Any, docname: str, source: list[str]) -> None:
    """Put the text that the site shows for `docname` into source[0]."""
    file = TEXTS.get(docname)
    if file is None:
        text = with_names_linked(source[0]) if docname.startswith("reference/api/") else source[0]
        source[0] = relinked(text, DOCS / docname)
        return
    app.env.note_dependency(str(ROOT / file))
    text = (ROOT / file).read_text(encoding="utf-8")
    if docname == "reference/rules":
        text = with_rule_anchors(text)
    source[0] = relinked(moved(text, (ROOT / file).parent, (DOCS / docname).parent), DOCS / docname)


def with_rule_anchors(text: str) -> str:
    """RULES.md with an anchor before each numbered paragraph: `reference/rules.html#rule-3-1`."""
    return re.sub(r"^(\d+\.\d+[a-z]?)(?= )", r"(rule-\1)=\n\1", text, flags=re.MULTILINE)


def with_names_linked(text: str) -> str:
    """A page of docs/reference/api whose table links each name to its docstring."""
    return re.sub(r"^\| (`[\w.]+`) \|", r"| {py:obj}\1 |", text, flags=re.MULTILINE)


def relinked(text: str, page: Path) -> str:
    """The text with links to files of `PAGES` replaced by links to their pages. `page` is a path without .md."""

    def link(match: re.Match[str]) -> str:
        target = match[2]
        if "://" in target:
            return match[0]
        path = Path(os.path.normpath(page.parent / target))
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        if name not in PAGES:
            return match[0]
        return f"{match[1]}{os.path.relpath(DOCS / PAGES[name], page.parent)}.md{match[3] or ''}{match[4]}"

    return LINK.sub(link, text)


def moved(text: str, old: Path, new: Path) -> str:
    """A text of the folder `old` with its relative links as they are in the folder `new`."""

    def link(match: re.Match[str]) -> str:
        target = match[2]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        return f"{match[1]}{os.path.relpath(old / target, new)}"

    return re.sub(r"(\]\()([^)\s#]+)", link, text)
