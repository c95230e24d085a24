"""How the site shows docstrings: plain text with rows such as `power_w : (K,) int64, not negative`.

Sphinx reads docstrings as reStructuredText, which ours are not. Here one becomes such a text: rows become a list of
definitions, `code` becomes code, numbers of rules become links, and nothing else has a meaning. Fields of a data class
that its docstring does not describe are listed with the comments beside them.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from docs.scripts import site_pages

ROW = re.compile(r"^(\*{0,2}\w+(?:, ?\*{0,2}\w+)*)( *): +(\S.*)$")
RULE = re.compile(r"(?:RULES )?§(\d+\.\d+[a-z]?)\b")
PAGE = re.compile(r"\bdocs/((?:[\w-]+/)*[\w-]+)\.md\b")
OBJECT = re.compile(r"(?<==)( ?[A-Z]\w+)\((?:[^()]|\([^()]*\))+\)")
ERROR = re.compile(r"^(?:Raises |\w+Error\b)")
ITEM = re.compile(r"^(- |\d+\. )")


def connect(app: Any) -> None:
    """Have autodoc ask for the layout of each docstring."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-skip-member", skip)


def skip(app: Any, what: str, name: str, obj: Any, skipped: bool, options: Any) -> bool | None:
    """True for the members that Python writes itself, so that autodoc leaves them out; None: as it likes."""
    return True if str(getattr(obj, "__doc__", "")).startswith("Alias for field number") else None


def shorten(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """A signature whose default objects are named without what is in them."""
    if signature is None:
        return None, returned
    return OBJECT.sub(r"\1(...)", signature.replace("<factory>", "...")), returned


def process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Replace the lines of a docstring by reStructuredText, in place."""
    names = set(fields_of(obj)) if what == "class" else set(parameters_of(obj))
    text, described = laid_out(lines, names)
    if what == "class" and (is_dataclass(obj) or hasattr(obj, "_fields")):
        rest = {field: about for field, about in fields_of(obj).items() if about and field not in described}
        text += definitions((f"``{field}``", about) for field, about in rest.items())
    lines[:] = [*text, ""]


def laid_out(lines: list[str], names: set[str]) -> tuple[list[str], set[str]]:
    """A docstring as reStructuredText, and the names that its rows describe.

    A row begins with a name of `names` and a colon, or with any name, a space and a colon; deeper lines belong to it.
    """
    out: list[str] = []
    described: set[str] = set()
    for block in blocks(lines):
        if block[0].lstrip().startswith(">>>"):
            out += [*textwrap.dedent("\n".join(block)).splitlines(), ""]
            continue
        rows = rows_of(block, names)
        if rows is None:
            out += [*paragraph(block), ""]
            continue
        before, pairs, after = rows
        out += [*paragraph(before), ""] if before else []
        described |= {each for head, _ in pairs for each in re.findall(r"\w+", head)}
        out += definitions(
            (", ".join(f"``{each}``" for each in head.split(", ")), marked_up(text)) for head, text in pairs
        )
        out += [*paragraph(after), ""] if after else []
    return out, described


def blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Lines between empty lines."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def rows_of(block: list[str], names: set[str]) -> tuple[list[str], list[tuple[str, str]], list[str]] | None:
    """A block as the lines before its first row, its rows as (names, text), and what it says of errors at its end.

    None where it has no rows.
    """
    before: list[str] = []
    pairs: list[tuple[str, str]] = []
    after: list[str] = []
    for line in sentences(block, names):
        match = ROW.match(line)
        heads = set(re.findall(r"\w+", match[1])) if match else set()
        if match and (match[2] or heads <= names):
            pairs.append((match[1], match[3].strip()))
        elif pairs and (after or ERROR.match(line)):
            after.append(line.strip())
        elif pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {line.strip()}")
        else:
            before.append(line)
    return (before, pairs, after) if pairs else None


def sentences(block: list[str], names: set[str]) -> list[str]:
    """The lines of a block, with a break before each sentence that describes one of `names` or says what is raised."""
    starts = [rf"(?:{'|'.join(map(re.escape, sorted(names)))}): "] if names else []
    begin = "|".join([*starts, r"Raises ", r"[A-Z]\w*Error (?:for|where|if|in) "])
    return [part for line in block for part in re.split(rf"(?<=[.;]) (?={begin})", line)]


def definitions(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """A list of definitions in reStructuredText. What is defined and its text are marked up already."""
    lines: list[str] = []
    for head, text in pairs:
        lines += [head, f"    {text or chr(0x2013)}"]
    return [*lines, ""]


def paragraph(block: list[str]) -> list[str]:
    """A paragraph; lines that begin with a dash or a number are items, lines that are indented a literal block."""
    if all(line.startswith("    ") for line in block):
        return ["::", "", *block]
    lines: list[str] = []
    for line in block:
        if ITEM.match(line) and lines and not ITEM.match(lines[-1]) and not lines[-1].startswith("  "):
            lines.append("")
        lines.append(line[: len(line) - len(line.lstrip())] + marked_up(line.strip()))
    return lines


def marked_up(text: str) -> str:
    """One line with its code and rules marked, and everything else escaped."""
    pieces = re.split(r"`([^`]+)`", text)
    for place, piece in enumerate(pieces):
        if place % 2:
            pieces[place] = rf"\ ``{piece.strip()}``\ "
        else:
            escaped = re.sub(r"([\\*`|_<>])", r"\\\1", piece)
            pieces[place] = PAGE.sub(r"\\ :doc:`/\1`\\ ", RULE.sub(_rule_link, escaped))
    return "".join(pieces)


def _rule_link(match: re.Match[str]) -> str:
    number = match[1] if match[1] in rule_numbers() else match[1].rstrip("abcdefgh")  # 4.2a is a part of 4.2
    return rf"\ :ref:`§{match[1]} <rule-{number}>`\ "


@cache
def rule_numbers() -> frozenset[str]:
    """Numbers of the paragraphs of rare/RULES.md."""
    return frozenset(
        site_pages.RULE.findall((site_pages.ROOT / "rare" / "RULES.md").read_text(encoding="utf-8"))
    )


def parameters_of(obj: Any) -> list[str]:
    """Names of the parameters of something that is called; none where they cannot be told."""
    try:
        return list(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return []


def fields_of(cls: Any) -> dict[str, str]:
    """Public fields of a class's own body: name -> the comment at the end of its line, marked up.

    A field without a comment has an empty text: the signature says the rest.
    """
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except (OSError, TypeError):
        return {}
    (node,) = ast.parse(source).body
    lines = source.splitlines()
    fields = {}
    for part in getattr(node, "body", ()):
        if not isinstance(part, ast.AnnAssign) or not isinstance(part.target, ast.Name):
            continue
        if part.target.id.startswith("_") or "ClassVar" in ast.unparse(part.annotation):
            continue
        comment = lines[(part.end_lineno or 1) - 1].partition("# ")[2].strip()
        fields[part.target.id] = marked_up(comment)
    return fields
