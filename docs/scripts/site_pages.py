"""Pages of the site that are files elsewhere in the repository, and the links between them.

Some pages are plainer in the repository than on the site:

- A stub such as docs/reference/rules.md links to its file, so that the repository reads well as it is. When Sphinx
  reads the stub, it gets the file's text instead. Links to such files become links to the stub's page; links to other
  files of the repository become downloads, which MyST makes by itself.
- The index page of a part lists its pages by hand; the site's navigation is made from the list.
- The glossary is a list; the site makes a glossary of it, with anchors.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

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
INDEXES = ("index", "tutorials/index", "guides/index", "reference/index", "results/index")
LISTED = re.compile(r"^(?:## (?P<caption>.+)|- \[[^\]]*\]\((?P<page>[^)#\s]+)\.md\))", re.MULTILINE)
TERM = re.compile(r"^- \*\*(.+?)\*\*(.*?): (.*(?:\n  .*)*)$", re.MULTILINE)
RULE = re.compile(r"\n\n(\d+\.\d+[a-z]?)(?= )")
FILE_NAME = re.compile(r"(?<!`)\[`?(?:[\w.-]+/)*[\w-]+\.md`?\]\((?=[^)\s:]+\.md)")
CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?<![\w/`\[])(?<!\]\()docs/(?:[\w-]+/)*[\w-]+\.md\b(?!\])")
LINK = re.compile(r"(\]\()([^)\s#]+\.md)(#[^)\s]*)?(\))")


def connect(app: Any) -> None:
    """Have Sphinx ask `replace_text` for each page that it reads, and take tables of numbers for plain text."""
    app.connect("env-before-read-docs", spread_tutorials)
    app.connect("source-read", replace_text)
    app.add_lexer("csv", TextLexer)  # Pygments has none


def spread_tutorials(app: Any, env: Any, docnames: list[str]) -> None:
    """Reorder `docnames` so that processes which read neighbouring pages share the tutorials, the slowest pages."""
    slow = [name for name in docnames if name.startswith("tutorials/")]
    rest = [name for name in docnames if name not in slow]
    for place, name in enumerate(slow):
        rest.insert(place * (len(docnames) // max(1, len(slow))), name)
    docnames[:] = rest


def replace_text(app: Any, docname: str, source: list[str]) -> None:
    """Put the text that the site shows for `docname` into source[0]."""
    file = TEXTS.get(docname)
    if file is None or not (ROOT / file).exists():  # a stub without its file fails as a broken link
        text = source[0]
        if docname.startswith("reference/api/"):
            text = with_names_linked(text)
        elif docname in INDEXES:
            text += navigation(text, DOCS / f"{docname}.md")
        elif docname == "reference/glossary":
            text = with_glossary(text)
        source[0] = relinked(text, DOCS / docname)
        return
    app.env.note_dependency(str(ROOT / file))
    text = (ROOT / file).read_text(encoding="utf-8")
    if docname == "reference/rules":
        text = with_rule_anchors(text)
    source[0] = relinked(moved(text, (ROOT / file).parent, (DOCS / docname).parent), DOCS / docname)


def with_rule_anchors(text: str) -> str:
    """RULES.md with an anchor before each numbered paragraph: `reference/rules.html#rule-3-1`."""
    return RULE.sub(r"\n\n(rule-\1)=\n\1", text)


def with_names_linked(text: str) -> str:
    """A page of docs/reference/api whose table links each name to its docstring."""
    return re.sub(r"^\| (`[\w.]+`) \|", r"| {py:obj}\1 |", text, flags=re.MULTILINE)


def listed(text: str) -> list[tuple[str, list[str]]]:
    """Sections of an index page as (heading, pages of its list without .md); the heading is empty before the first."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for match in LISTED.finditer(text):
        if match["caption"]:
            sections.append((match["caption"], []))
        else:
            sections[-1][1].append(match["page"])
    return sections


def unlisted(page: Path, text: str) -> list[str]:
    """Pages beside an index page, without .md and sorted, that its lists leave out."""
    if page.parent == DOCS:
        return []
    known = {name for _, names in listed(text) for name in names}
    return sorted(path.stem for path in page.parent.glob("*.md") if path.stem not in {*known, page.stem})


def navigation(text: str, page: Path) -> str:
    """Tables of contents, hidden, for the pages that an index page lists; pages that it forgets come last."""
    parts = list(INDEXES[1:]) if page.parent == DOCS else []
    sections = [("", parts), *listed(text), ("", unlisted(page, text))]
    trees = []
    for caption, names in sections:
        if names:
            options = f":caption: {caption}\n" if caption and page.parent != DOCS else ""
            trees.append(f"\n```{{toctree}}\n:hidden:\n{options}\n" + "\n".join(names) + "\n```\n")
    return "".join(trees)


def with_glossary(text: str) -> str:
    """The glossary with its list as MyST's directive `glossary`."""
    first = TERM.search(text)
    if first is None:
        return text
    terms = [f"{match[1]}{match[2]}\n  {match[3]}\n" for match in TERM.finditer(text)]
    return text[: first.start()] + "```{glossary}\n" + "\n".join(terms) + "```\n"


def relinked(text: str, page: Path) -> str:
    """The text with links to files of `PAGES` replaced by links to their pages. `page` is a path without .md.

    A link whose text is only the name of a page gets that page's title as its text, and so does a page that a sentence
    names by its path.
    """

    def link(match: re.Match[str]) -> str:
        target = match[2]
        if "://" in target:
            return match[0]
        path = Path(os.path.normpath(page.parent / target))
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        if name not in PAGES:
            return match[0]
        return f"{match[1]}{os.path.relpath(DOCS / PAGES[name], page.parent)}.md{match[3] or ''}{match[4]}"

    def named(match: re.Match[str]) -> str:
        return (
            f"[]({os.path.relpath(ROOT / match[0], page.parent)})"
            if (ROOT / match[0]).is_file()
            else match[0]
        )

    pieces = CODE.split(FILE_NAME.sub("[](", LINK.sub(link, text)))
    pieces[::2] = [NAMED.sub(named, piece) for piece in pieces[::2]]
    return "".join(pieces)


def moved(text: str, old: Path, new: Path) -> str:
    """A text of the folder `old` with its relative links as they are in the folder `new`."""

    def link(match: re.Match[str]) -> str:
        target = match[2]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        return f"{match[1]}{os.path.relpath(old / target, new)}"

    return re.sub(r"(\]\()([^)\s#]+)", link, text)
