"""docs/results/public-cases.md, written from the cases by `python -m tests.public_cases.page`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from docs.scripts.page_paths import page_path
from docs.scripts.wrap_pages import wrapped
from tests.public_cases.all_cases import CASES
from tests.public_cases.registry import AREAS, CRASHED, RIGHT, WRONG

PAGE = page_path("public-cases.md")
TEMPLATE = Path(__file__).with_name("page_template.md")
BEFORE = Path(__file__).with_name("before.json")
#: Verdicts on the code of this commit, by name: its --json without what was seen.
BEFORE_COMMIT = "ef1ebaf"


def page() -> str:
    """The page as it should be."""
    before = json.loads(BEFORE.read_text("utf-8"))
    lines = [
        "| area | cases | right before | wrong before | crashed before | right after |",
        "|---|---|---|---|---|---|",
    ]
    for area in (*AREAS, "all"):
        names = [one.name for one in CASES if area in ("all", one.area)]
        count = Counter(before[name] for name in names)
        cells = (len(names), count[RIGHT], count[WRONG], count[CRASHED], len(names))
        lines.append(f"| {area} | " + " | ".join(str(cell) for cell in cells) + " |")
    for area in AREAS:
        lines += [
            "",
            f"## {area[0].upper()}{area[1:]}",
            "",
            "| case | right value | reason | source | before | after |",
        ]
        lines.append("|---|---|---|---|---|---|")
        for one in CASES:
            if one.area == area:
                cells = (one.name, f"`{one.right!r}`", one.why, one.source, before[one.name], RIGHT)
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    text = TEMPLATE.read_text("utf-8")
    filled = text.replace("{commit}", BEFORE_COMMIT).replace("{count}", str(len(CASES)))
    return wrapped(filled.replace("{tables}", "\n".join(lines)))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
