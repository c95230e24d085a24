"""Pages and modules cite paragraphs that rare/RULES.md does not have."""

from __future__ import annotations

import re
from pathlib import Path

from docs.scripts.page_paths import ROOT, all_pages

PARAGRAPH = re.compile(r"^(\d+\.\d+[a-z]?) ", re.MULTILINE)
CITED = re.compile(r"(?:§ ?|RULES )(\d+\.\d+[a-z]?)\b")
PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")


def places() -> list[Path]:
    """Every page and every module of the packages."""
    modules = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [ROOT / "rare" / "RULES.md", *all_pages(), *modules]


def paragraphs_and_items(text: str) -> set[str]:
    """Numbers such as 4.2 and, for its item (a), 4.2a."""
    pieces = PARAGRAPH.split(text)[1:]
    numbers = set(pieces[::2])
    for number, body in zip(pieces[::2], pieces[1::2], strict=True):
        numbers |= {number + letter for letter in re.findall(r"^- \(([a-z])\) ", body, re.MULTILINE)}
    return numbers


def test_cited_paragraphs_exist():
    known = paragraphs_and_items((ROOT / "rare" / "RULES.md").read_text(encoding="utf-8"))
    cited = {
        str(path.relative_to(ROOT)): CITED.findall(path.read_text(encoding="utf-8")) for path in places()
    }
    unknown = {path: sorted(set(numbers) - known) for path, numbers in cited.items()}
    assert {path: numbers for path, numbers in unknown.items() if numbers} == {}
    assert len(known) > 100


def test_paragraphs_are_numbered_in_order():
    text = (ROOT / "rare" / "RULES.md").read_text(encoding="utf-8")
    paragraphs = [block.split()[0] for block in text.split("\n\n") if PARAGRAPH.match(block)]
    parts = [re.fullmatch(r"(\d+)\.(\d+)([a-z]?)", number) for number in paragraphs]
    keys = [(int(part[1]), int(part[2]), part[3]) for part in parts if part]
    assert keys == sorted(set(keys))
