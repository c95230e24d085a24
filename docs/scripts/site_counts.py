"""Counts for a report on the documentation: `python -m docs.scripts.site_counts [HTML]`.

Pages and words by part, links, external links, doctests, and examples that tests or the site's build run. With the
folder of the built pages also the links that were checked in them.
"""

from __future__ import annotations

import doctest
import importlib
import re
import sys
from pathlib import Path

from docs.scripts.docs_pages import PAGES, snippets
from docs.scripts.page_paths import DOCS, ROOT, all_pages
from docs.scripts.site_check import FENCED, check, external_links, local_links

PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")
CELL = re.compile(r"^```\{code-cell\}", re.MULTILINE)
PARTS = ("tutorials", "guides", "reference", "results")


def words(text: str) -> int:
    """Words of a page outside blocks of code and tables."""
    lines = FENCED.sub("", text).splitlines()
    prose = " ".join(line for line in lines if not line.lstrip().startswith("|"))
    return len(re.findall(r"\w[\w'-]*", re.sub(r"\]\([^)]*\)", "]", prose)))


def doctest_modules() -> list[str]:
    """Modules of the packages whose texts hold a doctest."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    holders = [path for path in paths if ">>> " in path.read_text(encoding="utf-8")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in holders]


def doctest_results() -> dict[str, tuple[int, int]]:
    """Module -> (doctests that failed, doctests that ran). Modules that talk of `>>> ` without one are left out."""
    results = {}
    for name in doctest_modules():
        done = doctest.testmod(importlib.import_module(name))
        if done.attempted:
            results[name] = (done.failed, done.attempted)
    return results


def part_row(name: str, pages: list[Path]) -> str:
    """The row of the table for the pages of one part."""
    texts = [page.read_text(encoding="utf-8") for page in pages]
    total = sum(map(words, texts))
    links = sum(len(local_links(page)) for page in pages)
    cells = sum(len(CELL.findall(text)) for text in texts)
    return f"| {name} | {len(pages)} | {total:,} | {total // max(1, len(pages)):,} | {links} | {cells} |"


def report() -> list[str]:
    """The counts as lines of a table in Markdown."""
    lines = ["| part | pages | words | words a page | links | cells run |", "|---|---|---|---|---|---|"]
    for part in PARTS:
        lines.append(part_row(part, [page for page in all_pages() if DOCS / part in page.parents]))
    lines.append(part_row("others", [page for page in all_pages() if page.parent == DOCS]))
    results = doctest_results()
    ran = sum(attempted for _, attempted in results.values())
    blocks = [snippet for page in PAGES for snippet in snippets(page)]
    shown = sum(snippet.shown is not None for snippet in blocks)
    return [
        *lines, "",
        f"README: {words((ROOT / 'README.md').read_text(encoding='utf-8')):,} words",
        f"external links: {len(external_links(DOCS))}",
        f"doctests: {ran} in {len(results)} modules, {sum(failed for failed, _ in results.values())} failed",
        f"blocks of README and pages that tests run: {len(blocks)}, of them {shown} with their output compared",
        f"example programs that tests run: {len(list((ROOT / 'examples').glob('*.py')))}",
    ]  # fmt: skip


def main() -> None:
    """Print the counts."""
    print(*report(), sep="\n")
    if len(sys.argv) > 1:
        print("built pages:", check(Path(sys.argv[1])).summary())


if __name__ == "__main__":
    main()
