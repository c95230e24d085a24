"""The score of each group and module, from the tables of verdicts: `... mutation_scores [GROUP]`."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.mutation.groups import GROUPS, ROOT

FOLDER = ROOT / "tests" / "mutation" / "results"
NOTICED = ("killed", "timed out")
HEAD = (
    "| module | mutants | killed | timed out | survived | no effect | score, all | score, without no effect |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)
Row = dict[str, str]


def interval(noticed: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    z2 = 1.959964**2
    middle = (noticed + z2 / 2) / (total + z2)
    half = (z2 * (noticed * (total - noticed) / total + z2 / 4)) ** 0.5 / (total + z2)
    return middle - half, middle + half


def line(name: str, rows: list[Row], with_interval: bool = False) -> str:
    """A line of the table. No effect: the explanation says that no test could notice."""
    counts = Counter(row["verdict"] for row in rows)
    noticed = sum(counts[verdict] for verdict in NOTICED)
    equal = sum(has_no_effect(row) for row in rows)
    cells = [name, len(rows), counts["killed"], counts["timed out"], len(rows) - noticed - equal, equal]
    for total in (len(rows), len(rows) - equal):
        low, high = interval(noticed, total) if total else (0.0, 1.0)
        share = f"{100 * noticed / total:.0f} %" if total else ""
        cells.append(f"{share} ({100 * low:.0f} to {100 * high:.0f})" if with_interval else share)
    return "| " + " | ".join(map(str, cells)) + " |"


def has_no_effect(row: Row) -> bool:
    """Whether a reader of the survivor found that it behaves as the original does."""
    return row["verdict"] not in NOTICED and row["explanation"].startswith("no effect")


def table(groups: Iterable[str], folder: Path = FOLDER) -> str:
    """Some groups and their modules."""
    lines = [HEAD]
    for group in groups:
        with (folder / f"{group}.csv").open(newline="", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        modules: dict[str, list[Row]] = {}
        for row in rows:
            modules.setdefault(row["file"].rsplit("/", 1)[0], []).append(row)
        lines.append(line(f"**{group}**", rows, with_interval=True))
        lines += [line(f"`{name}`", found) for name, found in sorted(modules.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(sys.argv[1:] or GROUPS))
