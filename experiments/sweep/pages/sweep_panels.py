"""Small multiples of a sweep: what each panel, line and row shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.figures import small_multiples
from experiments.figures.drawing import style
from experiments.figures.small_multiples import Frame, Panel, Series
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


def frame_of(view: SweepView, scale: MetricScale) -> Frame:
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
    lines = view.lines if view.roles.x else view.ranked_overall(metric)
    series = [_series(view, scale, names[line], line, groups) for line in lines]
    wins = [line for group in groups for line in view.winners(metric, group)]
    best = max(dict.fromkeys(wins), key=wins.count, default=None) if len(view.lines) > 1 else None
    note = ""
    if wins and len(view.lines) > 1 and view.roles.x:
        parts = sorted(dict.fromkeys(wins), key=lambda line: -wins.count(line))
        note = "best: " + ", ".join(names[line] for line in parts[:2]) + (" …" if len(parts) > 2 else "")
    return Panel(
        _panel_title(view, key), series, "" if best is None and not wins else names.get(best, ""), note
    )


def _panel_title(view: SweepView, key: Group) -> str:
    """The levels of a panel, each in its share of the room."""
    axes = view.roles.panels
    room = small_multiples.title_characters(_columns(view)) - len(BETWEEN) * (len(axes) - 1)
    texts = []
    for name, level in zip(axes, key, strict=True):
        axis = view.summary.levels[name]
        short = cut_labels(axis.labels, max(8, room // len(axes)))
        texts.append(short[axis.levels.index(level)])
    return BETWEEN.join(texts)


def _series(view: SweepView, scale: MetricScale, name: str, line: Level, groups: Sequence[Group]) -> Series:
    summary, key = view.summary, scale.metric.key
    combinations = [view.combination(line, group) for group in groups]
    means = [summary.mean(key, combination) for combination in combinations]
    parts = [
        np.array([np.nan if value is None else value / scale.factor for value in values])
        for values in zip(*((mean.mean, mean.low, mean.high) for mean in means), strict=True)
    ]
    failed = np.array([bool(summary.failed[each]) and not summary.finished[each] for each in combinations])
    values = np.zeros(0)
    if not view.roles.x:
        values = summary.values(key, combinations[0]).ravel() / scale.factor
        values = values[~np.isnan(values)]
        values = values if len(values) > 1 else np.zeros(0)
    return Series(name, *parts, failed=failed, values=values)


def caption_of(view: SweepView, scale: MetricScale, panels: Sequence[Panel]) -> str:
    direction = f", {scale.direction}" if scale.direction else ""
    parts = [
        f"{scale.name}{direction}" + (": means over the repetitions." if view.summary.repeats > 1 else ".")
    ]
    if view.roles.x and not _to_scale(view):
        parts.append(f"The levels of {view.roles.x} are evenly spaced, not to scale.")
    if view.roles.panels:
        parts.append(f"A panel for each {BETWEEN.join(view.roles.panels)}.")
        if not small_multiples.shares_scale(panels):
            parts.append("Each panel has a scale of its own.")
    looks = len(highlighted(view))
    if view.roles.x and looks < len(view.lines):
        parts.append(
            f"In colour: the best by {metric_words(view.metrics.drawn[0])}, and the first, {view.line_label(view.baseline)}; "
            f"the other {len(view.lines) - looks} are grey."
        )
    if any(series.failed.any() for panel in panels for series in panel.series):
        parts.append("A cross at the bottom: failed." if view.roles.x else "Hatched: failed.")
    return " ".join(parts)
