"""A sweep as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from experiments.results.number_formats import DASH, printable
from experiments.results.text_table import aligned_lines, fits, narrow_lines, terminal_width
from experiments.sweep.pages.axis_levels import Level, cut_labels
from experiments.sweep.pages.metric_scale import MetricScale
from experiments.sweep.pages.report_choice import ReportChoice
from experiments.sweep.pages.sweep_view import Group, SweepView
from experiments.sweep.pages.sweep_words import cell_words, sentences
from experiments.sweep.sweep_table import SweepTable

MOST_ROWS = 40  # combinations that are all listed
LEAST_BEST, LEAST_WORST = 2, 1  # lines of each group that are listed where there are more rows
MOST_WITHOUT = 2  # lines of a group without a number that are listed
MOST_GROUPS = 10
MOST_FAILURES = 5
NAME = 28  # characters
TEXT_WIDTH = 110  # of sentences, where the output is no terminal
REST = "summary.csv has everything"


def sweep_text(table: SweepTable, width: int | None = None, choice: ReportChoice | None = None) -> str:
    """Means with 95 % intervals of each combination, best first in each group, and what they say in words.

    Of many combinations the best and the worst few of each group. width: columns of the terminal, None for
    that of stdout; columns that do not fit are left out and named. InputError as `check_choice`.
    """
    width = terminal_width() if width is None else width
    view = SweepView(table, choice or ReportChoice())
    lines = [f"{table.name}:", *_wrapped(sentences(view), width)]
    if view.metrics.drawn:
        lines += ["", *_table(view, width)]
    if table.failures:
        lines += ["", *_failures(view, width)]
    return printable("\n".join(lines))


def _wrapped(texts: Sequence[str], width: int | None) -> list[str]:
    return [line for text in texts for line in _fold(text, width, "", "  ")]


def _fold(text: str, width: int | None, first: str, others: str) -> list[str]:
    """The text in lines with these indents; names with hyphens stay whole."""
    return textwrap.wrap(
        text, width or TEXT_WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False
    )


def _table(view: SweepView, width: int | None) -> list[str]:
    metrics = [view.scale(metric) for metric in view.metrics.drawn]
    shown = view.groups
    skipped = 0
    few = len(view.summary.combinations) <= MOST_ROWS
    if not few and len(view.groups) > MOST_GROUPS:
        shown, skipped = view.groups[:MOST_GROUPS], len(view.groups) - MOST_GROUPS
    grouped = len(view.groups) > 1
    rows = [_heading(view, metrics, grouped)]
    labels = _line_labels(view)
    for group in shown:
        first = len(rows)
        rows += _group_rows(view, metrics, group, labels, few)
        if grouped:
            for row, cells in enumerate(rows[first:]):
                cells.insert(0, view.group_label(group) if row == 0 else "")
    words = 2 if grouped else 1
    text = aligned_lines(rows, words)
    if width is not None and not fits(text, width):
        text = narrow_lines(rows, width, words, keep=words + 2, rest=REST)
    if skipped:
        text.append(f"… and {skipped:,} more of {', '.join(view.roles.groups)}: {REST}")
    return text


def _heading(view: SweepView, metrics: Sequence[MetricScale], grouped: bool) -> list[str]:
    heading = [" · ".join(view.roles.groups)] if grouped else []
    heading.append(view.roles.lines or "sweep")
    first, *others = metrics
    heading += [_column(first), "95 % interval"]
    heading += [f"difference to {_base_label(view)}", "95 % interval"] if _has_differences(view) else []
    heading.append("runs")
    return heading + [_column(scale) for scale in others]


def _has_differences(view: SweepView) -> bool:
    """Whether lines can be compared repetition by repetition, where intervals of means may overlap."""
    return len(view.lines) > 1 and view.summary.repeats > 1


def _base_label(view: SweepView) -> str:
    return cut_labels([view.line_label(view.baseline)], NAME)[0]


def _differences(view: SweepView, first: MetricScale, line: Level, group: Group) -> list[str]:
    """Of a line to the baseline, paired by repetition, with its interval; of the baseline itself dashes."""
    if not _has_differences(view):
        return []
    if line == view.baseline:
        return [DASH, DASH]
    gain = view.difference(first.metric, line, group, view.baseline)
    return [first.number(gain.mean, "+"), first.interval(gain, "+")]


def _column(scale: MetricScale) -> str:
    """The heading of a metric, with its unit where numbers need one."""
    name = scale.metric.column_name
    unit = "%" if scale.unit.startswith("%") else scale.unit if scale.metric.unit != "1" else ""
    return f"{name} {unit}" if unit and unit not in name else name


def _line_labels(view: SweepView) -> dict[Level, str]:
    return dict(
        zip(view.lines, cut_labels([view.line_label(line) for line in view.lines], NAME), strict=True)
    )


def _group_rows(
    view: SweepView, metrics: Sequence[MetricScale], group: Group, labels: dict[Level, str], few: bool
) -> list[list[str]]:
    """The rows of a group, best first; those without a number last. few: all of them."""
    ranked = view.ranked(metrics[0].metric, group)
    rows = [_row(view, metrics, line, group, labels) for line in ranked]
    share = MOST_ROWS // min(len(view.groups), MOST_GROUPS)
    best, worst = max(LEAST_BEST, share * 2 // 3), max(LEAST_WORST, share // 5)
    if not few and len(rows) > best + worst + 1:
        between = [f"… {len(rows) - best - worst} between", *[""] * (len(rows[0]) - 1)]
        rows = [*rows[:best], between, *rows[-worst:]]
    left = [line for line in view.lines if line not in ranked and _cells(view, line, group)]
    if few or len(left) <= MOST_WITHOUT:
        return rows + [_row(view, metrics, line, group, labels) for line in left]
    return [*rows, [f"… {len(left)} without a number", *[""] * (len(_heading(view, metrics, False)) - 1)]]


def _row(
    view: SweepView, metrics: Sequence[MetricScale], line: Level, group: Group, labels: dict[Level, str]
) -> list[str]:
    first, *others = metrics
    combination = view.combination(line, group)
    mean = view.summary.mean(first.metric.key, combination)
    done, failed = view.summary.finished[combination], view.summary.failed[combination]
    runs = f"{done} of {done + failed}" if failed else f"{done}"
    cells = [labels[line], first.number(mean.mean), first.interval(mean)]
    cells += [*_differences(view, first, line, group), runs]
    return cells + [scale.number(view.summary.mean(scale.metric.key, combination).mean) for scale in others]


def _cells(view: SweepView, line: Level, group: Group) -> int:
    combination = view.combination(line, group)
    return view.summary.finished[combination] + view.summary.failed[combination]


def _failures(view: SweepView, width: int | None) -> list[str]:
    """The first failed cells, each with its line."""
    failures = view.summary.table.failures
    lines = [f"failed: {len(failures):,}"]
    for values, line in failures[:MOST_FAILURES]:
        lines += _fold(f"{cell_words(view.summary, values)}: {' '.join(line.split())}", width, "  ", "    ")
    if len(failures) > MOST_FAILURES:
        lines.append(f"  … and {len(failures) - MOST_FAILURES:,} more: failures.csv has all of them")
    return lines
