"""Writes the tables of docs/reference/metrics.md from the catalogue: `python -m docs.scripts.metrics_page`.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; the text around it is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from docs.scripts.page_paths import page_path
from rare.metric_catalogue import CATALOGUE, Adds, Group, Metric
from rare.metric_definitions import NULL_CONDITIONS

PAGE = page_path("metrics.md")
TABLE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
DIRECTIONS = {1: "more", -1: "less", 0: ""}


def refreshed(text: str) -> str:
    """The page with the tables of today's catalogue. KeyError for a table that is not known."""
    tables = {group.value: metrics_table(group) for group in Group}
    tables |= {"conditions": conditions_table(), "windows": windows_table()}
    return TABLE.sub(lambda match: f"{match[1]}\n{tables[match[2]]}\n{match[3]}", text)


def metrics_table(group: Group) -> str:
    """A row for each metric of a group."""
    return markdown_table(
        ("metric", "unit", "definition", "null when"),
        (
            (f"`{metric.key}`", metric.unit, metric.definition, metric.null_when)
            for metric in CATALOGUE
            if metric.group is group
        ),
    )


def conditions_table() -> str:
    """What the words of the column `null when` mean."""
    return markdown_table(("condition", "means"), NULL_CONDITIONS.items())


def windows_table() -> str:
    """Which way each metric is better, and what several windows make of it."""
    return markdown_table(
        ("metric", "better", "over several windows"),
        ((f"`{metric.key}`", DIRECTIONS[metric.better], over_windows(metric)) for metric in CATALOGUE),
    )


def over_windows(metric: Metric) -> str:
    """How the values of windows become one, in words."""
    if metric.adds is Adds.SUM:
        return "sum"
    if metric.adds is Adds.NEITHER:
        return "does not add up"
    return f"mean, weighed by `{metric.weighed_by}`" if metric.weighed_by else "mean, every window alike"


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown, with a line break at its end."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in lines).replace(
        f"| {' | '.join(lines[1])} |", "|" + "---|" * len(head)
    )


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
