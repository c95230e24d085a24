"""Wraps the prose of all pages evenly: `python -m docs.scripts.wrap_pages`, or `--check` to only name pages.

Paragraphs and list items are filled to 118 columns. Fenced blocks, tables, headings, directives, front matter and
indented code stay as they are. A code span is never broken.
"""

from __future__ import annotations

import argparse
import re
import sys
from itertools import takewhile
from pathlib import Path

from docs.scripts.page_paths import ROOT, all_pages

WIDTH = 118
WORD = re.compile(r"(?:`+[^`]+`+|\S)+")
FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})")
ITEM = re.compile(r"^(\s*)([-*+]|\d+[.)]) +(?=\S)")
#: Lines that are no prose, each by itself: headings, tables, comments, HTML, targets, quotes, options of directives.
KEPT = re.compile(r"^\s*(#|\||<|\(\S+\)=$|>|%|:\w|---+$|===+$|\[\S+\]: |\+\+\+)")
#: A word that would mean something at the beginning of a line.
MARK = re.compile(r"^([-*+>#|=%]+|\d+[.)]|:\S*|<\S*|~{3,}.*)$")


def wrapped_pages() -> list[Path]:
    """The pages that are wrapped."""
    at_root = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [path for path in (*at_root, ROOT / "rare" / "RULES.md", *all_pages()) if path.exists()]


def wrapped(text: str) -> str:
    """The text of a page with its prose filled."""
    lines = text.split("\n")
    done: list[str] = []
    place = 0
    if lines[0] == "---":  # front matter
        place = lines.index("---", 1) + 1
        done = lines[:place]
    while place < len(lines):
        line = lines[place]
        if fence := FENCE.match(line):
            size = 1 + len(list(takewhile(lambda one: not _closes(one, fence[1]), lines[place + 1 :]))) + 1
            done += lines[place : place + size]
        elif _is_prose(line, done):
            size = _paragraph_size(lines, place)
            done += _filled(lines[place : place + size])
        else:
            size = 1
            done.append(line)
        place += size
    return "\n".join(done)


def _closes(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip().strip(fence[0])


def _is_prose(line: str, before: list[str]) -> bool:
    if not line.strip() or KEPT.match(line):
        return False
    in_list = any(ITEM.match(one) for one in _last_block(before))
    return not line.startswith("    ") or in_list or ITEM.match(line) is not None


def _last_block(before: list[str]) -> list[str]:
    """Lines since the last one that begins in the first column and is no item."""
    block = []
    for line in reversed(before):
        block.append(line)
        if line and not line.startswith(" "):
            break
    return block


def _paragraph_size(lines: list[str], place: int) -> int:
    """Lines from here that belong to one paragraph or list item."""
    size = 1
    for line in lines[place + 1 :]:
        if not line.strip() or KEPT.match(line) or ITEM.match(line) or FENCE.match(line):
            break
        size += 1
    return size


def _filled(lines: list[str]) -> list[str]:
    item = ITEM.match(lines[0])
    first = item[0] if item else re.match(r"\s*", lines[0])[0]  # type: ignore[index]
    indent = " " * len(first)
    words = WORD.findall("\n".join(lines)[len(first) :].replace("\n", " "))
    done = [first + words[0]]
    for word in words[1:]:
        if len(done[-1]) + 1 + len(word) > WIDTH and not MARK.match(word):
            done.append(indent + word)
        else:
            done[-1] += " " + word
    return done


def main() -> int:
    """Wrap the pages, or with --check name those that are not wrapped. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Wrap the prose of all pages.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 if a page is not wrapped"
    )
    check = parser.parse_args().check
    changed = [path for path in wrapped_pages() if wrapped(text := path.read_text("utf-8")) != text]
    for path in changed:
        if not check:
            path.write_text(wrapped(path.read_text("utf-8")), encoding="utf-8")
        print(path.relative_to(ROOT))
    return 1 if changed and check else 0


if __name__ == "__main__":
    sys.exit(main())
