"""The tables of a sweep's report: who is best where, all means, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.report.page_templates import Grid
from experiments.results.number_formats import DASH
from experiments.sweep.pages.axis_levels import Level
from experiments.sweep.pages.metric_scale import MetricScale
from experiments.sweep.pages.sweep_view import Group, SweepView
from experiments.sweep.pages.sweep_words import cell_words, decided
from rare.metric_catalogue import Metric

MOST_GROUPS = 200
MOST_MEANS = 500
MOST_FAILURES = 200
UNSURE = "no"
SURE = "yes"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading of the table of means."""

    title: str
    unit: str = ""
    word: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table of means. sort: what it is sorted by, empty where it has nothing."""

    text: str
    sort: str
    word: bool = False
    best: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """The table of means, and what is left out of it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str


def best_table(view: SweepView) -> Grid:
    """A row for each group: the best line with its interval, the second, and their paired difference."""
    if not view.metrics.drawn or not view.metrics.drawn[0].better or len(view.lines) < 2:
        return Grid(())
    metric = view.metrics.drawn[0]
    scale = view.scale(metric)
    rows = [
        _best_row(view, metric, group) for group in view.groups[:MOST_GROUPS] if view.ranked(metric, group)
    ]
    axes = view.roles.groups or ()
    words = ("best", "second", "is the order sure?")
    numbers = (scale.name, "95 % interval", "difference to the second", "95 % interval", "with a mean")
    return Grid((*axes, *words, *numbers), rows, words=len(axes) + len(words))


def best_note(view: SweepView) -> str:
    """What the columns of `best_table` mean, and what is left out."""
    text = (
        "Sure: the 95 % interval of the difference of best and second, paired by repetition, excludes 0. "
        "The best of many is partly best by luck, so its own mean flatters it a little."
    )
    left = len(view.groups) - MOST_GROUPS
    return text + (f" {left} more are in summary.csv." if left > 0 else "")


def _best_row(view: SweepView, metric: Metric, group: Group) -> tuple[str, ...]:
    ranked, scale = view.ranked(metric, group), view.scale(metric)
    winners = view.winners(metric, group)
    mean = view.mean(metric, ranked[0], group)
    names = ", ".join(_marked(view, line, group) for line in winners)
    second = DASH if len(ranked) < 2 else _marked(view, ranked[1], group)
    sure = decided(view, metric, group)
    gain = view.difference(metric, ranked[0], group, ranked[1]) if len(ranked) > 1 else None
    return (
        *map(view.label, view.roles.groups, group),
        names,
        second,
        DASH if sure is None else SURE if sure else UNSURE,
        scale.number(mean.mean),
        scale.interval(mean),
        DASH if gain is None else scale.number(gain.mean, "+"),
        DASH if gain is None else scale.interval(gain, "+"),
        f"{len(ranked)} of {len(view.lines)}",
    )


def _marked(view: SweepView, line: Level, group: Group) -> str:
    """The name of a line, with its count where some of its repetitions failed."""
    combination = view.combination(line, group)
    done, failed = view.summary.finished[combination], view.summary.failed[combination]
    return view.line_label(line) + (f" ({done} of {done + failed} runs)" if failed else "")


def means_table(view: SweepView) -> Means:
    """A row for each combination, the best of each group in bold."""
    scales = [view.scale(metric) for metric in view.metrics.drawn]
    if not scales:
        return Means((), (), "")
    lines = [view.roles.lines] if view.roles.lines else []
    columns = [Column(name, word=True) for name in (*view.roles.groups, *lines)] or [Column("sweep")]
    columns += [Column("runs"), *([Column("failed")] if view.summary.table.failures else [])]
    for scale in scales:
        columns += [
            Column(scale.words[:1].upper() + scale.words[1:], scale.unit),
            Column("95 % interval", scale.unit),
        ]
    rows = [
        _means_row(view, scales, line, group)
        for group in view.groups
        for line in view.lines
        if view.combination(line, group) in view.summary.finished
        or view.combination(line, group) in view.summary.failed
    ]
    left = len(rows) - MOST_MEANS
    note = "Bold: the best mean of its case. Click on a heading to sort."
    if left > 0:
        note += f" {left:,} more rows are in summary.csv."
    return Means(columns, rows[:MOST_MEANS], note)


def _means_row(view: SweepView, scales: Sequence[MetricScale], line: Level, group: Group) -> list[Cell]:
    combination = view.combination(line, group)
    names = [(name, level) for name, level in zip(view.roles.groups, group, strict=True)]
    names += [(view.roles.lines, line)] if view.roles.lines else []
    cells = [
        Cell(view.label(name, level), str(view.levels(name).index(level)), word=True) for name, level in names
    ] or [Cell(view.summary.table.name, "0", word=True)]
    done, failed = view.summary.finished[combination], view.summary.failed[combination]
    cells.append(Cell(f"{done}", f"{done}"))
    if view.summary.table.failures:
        cells.append(Cell(f"{failed}" if failed else "", f"{failed}"))
    for scale in scales:
        mean = view.mean(scale.metric, line, group)
        best = len(view.lines) > 1 and line in view.winners(scale.metric, group)
        cells.append(Cell(scale.number(mean.mean), "" if mean.mean is None else f"{mean.mean!r}", best=best))
        cells.append(Cell(scale.interval(mean), "" if mean.low is None else f"{mean.low!r}"))
    return cells


def failed_table(view: SweepView) -> Grid:
    """A row for each failed cell with its line."""
    rows = [
        (cell_words(view.summary, values), line)
        for values, line in view.summary.table.failures[:MOST_FAILURES]
    ]
    return Grid(("cell", "why"), rows, words=2)


def failed_note(view: SweepView) -> str:
    """How many failed cells the table leaves out; empty without any."""
    left = len(view.summary.table.failures) - MOST_FAILURES
    return f"{left:,} more failed: failures.csv has all of them." if left > 0 else ""
