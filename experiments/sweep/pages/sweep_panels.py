"""Small multiples of a sweep: what each panel, line and row shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from experiments.figures.drawing import style
from experiments.figures.drawing.panels import Frame, Panel, Scaling, Series, title_characters
from experiments.sweep.pages.axis_levels import Level, cut_labels
from experiments.sweep.pages.metric_scale import MetricScale, metric_words
from experiments.sweep.pages.sweep_view import BETWEEN, Group, SweepView
from experiments.sweep.pages.sweep_words import title

MOST_LOOKS = 8  # lines with a colour of their own
LEAST_APART = 0.07  # of the x axis, that levels drawn to scale are apart
HIGHLIGHTED = 5  # best lines in colour where there are more than MOST_LOOKS
NAME, TITLE = 30, 60  # characters


def highlighted(view: SweepView) -> list[Level]:
    """The lines with a colour of their own, in the order of the axis: all if few, else the best ones.

    By the metric that ranks: the best by mean rank, then the winners of most groups, and the baseline.
    """
    if len(view.lines) <= MOST_LOOKS or not view.metrics.drawn:
        return list(view.lines[:MOST_LOOKS])
    metric = view.metrics.drawn[0]
    wins = [line for group in view.groups for line in view.winners(metric, group)]
    by_wins = sorted(dict.fromkeys(wins), key=lambda line: -wins.count(line))
    best = view.ranked_overall(metric)[:HIGHLIGHTED]
    chosen = list(dict.fromkeys([*best, view.baseline, *by_wins]))[:MOST_LOOKS]
    return [line for line in view.lines if line in chosen]


def line_names(view: SweepView) -> dict[Level, str]:
    """The lines' names in figures, short and distinct."""
    return dict(
        zip(view.lines, cut_labels([view.line_label(line) for line in view.lines], NAME), strict=True)
    )


def frame_of(view: SweepView, scale: MetricScale, scaling: Scaling) -> Frame:
    """What all panels of a metric share."""
    names = line_names(view)
    x = view.roles.x
    places = _x_places(view)
    words = title(view, scale.metric)
    over = f" over {x}" if x else ""
    head = f"{style.label(view.summary.table.name, TITLE)}: {scale.words}{over}"
    direction = f", {scale.direction}" if scale.direction else ""
    return Frame(
        title=f"{head}; {words}" if words else head,
        value_label=f"{scale.name}{direction}",
        columns=_columns(view),
        scaling=scaling,
        looks=[names[line] for line in highlighted(view)],
        x=places,
        x_label=x or "",
        x_names=view.summary.levels[x].labels if x and not _to_scale(view) else (),
    )


def _columns(view: SweepView) -> int:
    """Panels in a row: the levels of the innermost axis, where there are several axes and few levels."""
    axes = view.roles.panels
    levels = len(view.levels(axes[-1])) if len(axes) > 1 else 0
    if 2 <= levels <= 4:
        return levels
    return {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3}.get(len(_panel_keys(view)), 4)


def _to_scale(view: SweepView) -> bool:
    """Whether the levels of the x axis can be set where their numbers are: none too near to another."""
    numbers = view.summary.levels[view.roles.x].numbers if view.roles.x else None
    if numbers is None or len(numbers) < 2:
        return numbers is not None
    return min(np.diff(numbers)) >= LEAST_APART * (numbers[-1] - numbers[0])


def _x_places(view: SweepView) -> tuple[float, ...]:
    """The levels of the x axis as numbers, or evenly spaced if they are not to scale."""
    if view.roles.x is None:
        return ()
    axis = view.summary.levels[view.roles.x]
    return (axis.numbers if _to_scale(view) else None) or tuple(map(float, range(len(axis.levels))))


def _panel_keys(view: SweepView) -> list[Group]:
    """The levels of the panel axes that some cell has."""
    return list(dict.fromkeys(group[: len(view.roles.panels)] for group in view.groups))


def panels_of(view: SweepView, scale: MetricScale) -> list[Panel]:
    """A panel for each combination of the panel axes."""
    return [_panel(view, scale, key) for key in _panel_keys(view)]


def _panel(view: SweepView, scale: MetricScale, key: Group) -> Panel:
    names, metric = line_names(view), scale.metric
    groups = [(*key, level) for level in view.levels(view.roles.x)] if view.roles.x else [key]
    lines = view.lines if view.roles.x else view.rows(metric)
    series = [_series(view, scale, line, groups) for line in lines]
    wins = Counter(names[line] for group in groups for line in view.winners(metric, group))
    winners = [name for name, _ in wins.most_common()] if len(view.lines) > 1 else []
    best, note = "", ""
    if winners and view.roles.x:
        note = f"best: {', '.join(winners[:2])}{' …' if len(winners) > 2 else ''}"
    elif winners:
        best = winners[0]
    return Panel(_panel_title(view, key), series, best, note)


def _panel_title(view: SweepView, key: Group) -> str:
    """The levels of a panel, each in its share of the room."""
    axes = view.roles.panels
    room = title_characters(_columns(view)) - len(BETWEEN) * (len(axes) - 1)
    texts = []
    for name, level in zip(axes, key, strict=True):
        axis = view.summary.levels[name]
        short = cut_labels(axis.labels, max(8, room // len(axes)))
        texts.append(short[axis.levels.index(level)])
    return BETWEEN.join(texts)


def _series(view: SweepView, scale: MetricScale, line: Level, groups: Sequence[Group]) -> Series:
    """A line over its groups, or in one group with its single numbers."""
    summary, key = view.summary, scale.metric.key
    combinations = [view.combination(line, group) for group in groups]
    means = [summary.mean(key, combination) for combination in combinations]
    values = summary.values(key, combinations[0])
    values = values[~np.isnan(values)] / scale.factor
    return Series(
        name=line_names(view)[line],
        mean=_numbers([mean.mean for mean in means], scale),
        low=_numbers([mean.low for mean in means], scale),
        high=_numbers([mean.high for mean in means], scale),
        failed=np.array([summary.failed[each] > 0 and not summary.finished[each] for each in combinations]),
        values=values if view.roles.x is None and len(values) > 1 else np.zeros(0),
    )


def _numbers(values: Sequence[float | None], scale: MetricScale) -> np.ndarray:
    """The values in the unit of the figure, NaN for None."""
    return np.array([np.nan if value is None else value / scale.factor for value in values])


def caption_of(view: SweepView, scale: MetricScale, panels: Sequence[Panel], scaling: Scaling) -> str:
    """What the panels of a metric show."""
    direction = f", {scale.direction}" if scale.direction else ""
    parts = [
        f"{scale.name}{direction}" + (": means over the repetitions." if view.summary.repeats > 1 else ".")
    ]
    if view.roles.x and not _to_scale(view):
        parts.append(f"The levels of {view.roles.x} are evenly spaced, not to scale.")
    if view.roles.panels:
        parts.append(f"A panel for each {BETWEEN.join(view.roles.panels)}.")
        if not scaling.shared:
            parts.append("Each panel has a scale of its own.")
    looks = len(highlighted(view))
    if view.roles.x and looks < len(view.lines):
        first = view.line_label(view.baseline)
        parts.append(f"In colour: the best by {metric_words(view.metrics.drawn[0])}, and the first, {first}.")
        parts.append(f"Grey: the other {len(view.lines) - looks}, named where there is room.")
    if any(series.failed.any() for panel in panels for series in panel.series):
        parts.append("A cross at the bottom: failed." if view.roles.x else "Hatched: failed.")
    return " ".join(parts)
