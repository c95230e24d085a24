"""Writes the table of default costs in docs/guides/size.md from the packaged file.

python -m docs.scripts.size_costs
"""

from __future__ import annotations

import re

from docs.scripts.page_paths import page_path
from experiments.size.cost_table import sourced_defaults

PAGE = page_path("size.md")
_BLOCK = re.compile(r"<!-- costs -->\n.*?<!-- end of costs -->\n", re.DOTALL)


def cost_table() -> str:
    """The defaults as a Markdown table with their sources."""
    lines = ["| table | key | default | unit | source |", "|---|---|---|---|---|"]
    for number in sourced_defaults().values():
        asset, _, key = number.key.rpartition(".")
        table = f"[cost.{asset}]" if asset else "[cost]"
        lines.append(f"| `{table}` | `{key}` | {number.value:g} | {number.unit} | {number.source} |")
    return "\n".join(lines) + "\n"


def refreshed(text: str) -> str:
    """The page's text with the table as the packaged file has it. ValueError without the markers."""
    block = f"<!-- costs -->\n{cost_table()}<!-- end of costs -->\n"
    new, count = _BLOCK.subn(lambda match: block, text)
    if count != 1:
        raise ValueError("docs/guides/size.md lacks the markers of its cost table; put them back")
    return new


def main() -> None:
    """Write the page."""
    PAGE.write_text(refreshed(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
