"""A sweep as it is compared: lines such as schedulers, ranked within groups of the other axes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from experiments.sweep.pages.axis_levels import Level
from experiments.sweep.pages.metric_scale import MetricScale, scale_of
from experiments.sweep.pages.report_choice import ReportChoice, roles_of, shown_metrics
from experiments.sweep.pages.sweep_summary import Combination, Mean, SweepSummary
from experiments.sweep.sweep_table import SweepTable
from rare.metric_catalogue import Metric

Group = tuple[Level, ...]
"""A level of each axis but the lines, in the order of `Roles.groups`."""

BETWEEN = " · "  # levels in the name of a group


class SweepView:
    """A summary with the roles of its axes. Without an axis to compare there is one line, None."""

    def __init__(self, table: SweepTable, choice: ReportChoice) -> None:
        self.summary = SweepSummary(table)
        self.roles = roles_of(self.summary, choice)
        self.metrics = shown_metrics(self.summary, self.roles, choice)
        self._scales: dict[str, MetricScale] = {}

    @cached_property
    def lines(self) -> tuple[Level, ...]:
        """The levels of the compared axis."""
        return self.levels(self.roles.lines) if self.roles.lines else (None,)

    @property
    def baseline(self) -> Level:
        """The line to which differences are taken."""
        return self.lines[0]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups that some cell is in, in the order of the levels."""
        axes = self.roles.groups
        groups = {
            tuple(self.summary.level(combination, name) for name in axes)
            for combination in self.summary.combinations
        }
        orders = [{level: place for place, level in enumerate(self.levels(name))} for name in axes]
        return tuple(
            sorted(
                groups, key=lambda group: [order[level] for order, level in zip(orders, group, strict=True)]
            )
        )

    def levels(self, axis: str) -> tuple[Level, ...]:
        """The levels of an axis."""
        return self.summary.levels[axis].levels

    def label(self, axis: str | None, level: Level) -> str:
        """The text of a level; of the only line without an axis, the name of the sweep."""
        return self.summary.table.name if axis is None else self.summary.levels[axis].label(level)

    def line_label(self, line: Level) -> str:
        """The text of a line; of a number with the name of its axis."""
        text, axis = self.label(self.roles.lines, line), self.roles.lines
        return f"{axis} {text}" if self.lines_are_numbers and len(self.lines) > 1 else text

    @property
    def lines_are_numbers(self) -> bool:
        """Whether the lines are the levels of an axis of numbers."""
        return self.roles.lines is not None and self.summary.levels[self.roles.lines].numbers is not None

    def rows(self, metric: Metric) -> list[Level]:
        """The lines as rows of a figure, best mean rank first; numbers in their own order."""
        return list(self.lines) if self.lines_are_numbers else self.ranked_overall(metric)

    def group_label(self, group: Group) -> str:
        """The levels of a group: `KTH · CISO · 2`; empty if there is only one group."""
        return BETWEEN.join(map(self.label, self.roles.groups, group))

    def combination(self, line: Level, group: Group) -> Combination:
        """The combination of a line in a group."""
        levels = dict(zip(self.roles.groups, group, strict=True))
        if self.roles.lines:
            levels[self.roles.lines] = line
        return tuple(levels[name] if name in levels else self.levels(name)[0] for name in self.summary.axes)

    def scale(self, metric: Metric) -> MetricScale:
        """The unit of a metric in all tables and figures."""
        if metric.key not in self._scales:
            means = (self.summary.mean(metric.key, each).mean for each in self.summary.combinations)
            self._scales[metric.key] = scale_of(metric, means)
        return self._scales[metric.key]

    def mean(self, metric: Metric, line: Level, group: Group) -> Mean:
        """The mean of a line in a group."""
        return self.summary.mean(metric.key, self.combination(line, group))

    def difference(self, metric: Metric, line: Level, group: Group, base: Level) -> Mean:
        """The difference of two lines in a group, paired by repetition."""
        return self.summary.difference(
            metric.key, self.combination(line, group), self.combination(base, group)
        )

    def ranked(self, metric: Metric, group: Group) -> list[Level]:
        """The lines of a group that have a mean, best first; in their own order if neither way is better."""
        means = {line: self.mean(metric, line, group).mean for line in self.lines}
        known = {line: mean for line, mean in means.items() if mean is not None}
        return sorted(known, key=lambda line: -metric.better * known[line])

    def winners(self, metric: Metric, group: Group) -> list[Level]:
        """The lines with the best mean: several where means are equal, none without a mean or a direction."""
        ranked = self.ranked(metric, group) if metric.better else []
        best = self.mean(metric, ranked[0], group).mean if ranked else None
        return [line for line in ranked if self.mean(metric, line, group).mean == best]

    def ranked_overall(self, metric: Metric) -> list[Level]:
        """All lines by their mean rank over the groups, best first; those without any mean last."""
        if not metric.better:
            return list(self.lines)
        ranks: dict[Level, list[float]] = {line: [] for line in self.lines}
        for group in self.groups:
            ranked = self.ranked(metric, group)
            for place, line in enumerate(ranked):
                ranks[line].append((place + 0.5) / len(ranked))  # groups may have lost lines
        return sorted(self.lines, key=lambda line: np.mean(ranks[line]) if ranks[line] else np.inf)


def rank_agreement(view: SweepView, metric: Metric) -> np.ndarray:
    """(G, G) Kendall's tau-b of the order of the lines between groups; NaN where it is not defined.

    Lines that one of two groups lacks are left out of that pair. Kendall 1945, doi:10.1093/biomet/33.3.239.
    """
    scores = np.array(
        [
            [
                np.nan if (mean := view.mean(metric, line, group).mean) is None else metric.better * mean
                for line in view.lines
            ]
            for group in view.groups
        ]
    )
    return kendall_matrix(scores)


def kendall_matrix(scores: np.ndarray) -> np.ndarray:
    """(G, G) tau-b between all rows of (G, L) scores, as scipy.stats.kendalltau has it for two of them.

    At once for all pairs of rows: a sweep may have hundreds of groups.
    """
    first, second = np.triu_indices(scores.shape[1], 1)
    signs = np.sign(scores[:, first] - scores[:, second])
    known = ~np.isnan(signs)
    signs = np.where(known, signs, 0.0)
    untied = (signs**2) @ known.T.astype(float)  # pairs of lines without a tie in the row, known in both
    with np.errstate(divide="ignore", invalid="ignore"):
        return (signs @ signs.T) / np.sqrt(untied * untied.T)


def pairs_of(matrix: np.ndarray) -> Sequence[tuple[int, int, float]]:
    """Row, column and number of the finite entries above the diagonal."""
    rows, columns = np.triu_indices(len(matrix), 1)
    return [
        (int(row), int(column), float(matrix[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if np.isfinite(matrix[row, column])
    ]
