"""Small multiples: the same picture for each panel, as lines over numbers or as rows of dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from experiments.figures.drawing import style
from experiments.figures.drawing.panels import (
    HATCH,
    INK,
    Frame,
    Panel,
    Series,
    axes_of,
    columns_of,
    head,
    rows_of,
    say,
    say_failed,
    share,
)

MARKERS = ("o", "s", "^", "D", "v", "P", "p", "<", ">")  # none like the cross of failed ones
FADED, FADED_NAME = style.WAITING, "#7F8790"
BEST, OTHER = style.LINES[2], style.LINES[0]  # of dots
MOST_TICKS = {1: 16, 2: 9, 3: 7}  # of the x axis, by panels in a row
DOT_ROW_IN = 0.185
NAMES_APART = 0.07  # of a panel's height


# --- lines over numbers ---------------------------------------------------------------------------------


def draw_lines(panels: Sequence[Panel], frame: Frame) -> Figure:
    """Means over the x axis, a line for each name, with intervals where a name has a colour of its own."""
    rows, columns = rows_of(panels, frame), columns_of(panels, frame)
    figure = style.new_figure(1.5 + (2.05 if rows > 1 else 3.4) * rows)
    axes_list = axes_of(figure, panels, frame, "x")
    for place, (axes, panel) in enumerate(zip(axes_list, panels, strict=True)):
        _lines(axes, panel, frame)
        _x_axis(axes, frame, MOST_TICKS.get(columns, 5), labelled=len(frame.looks) < len(panel.series))
        if place + columns >= len(panels):  # nothing below it
            axes.tick_params(labelbottom=True)
    share(axes_list, frame.scaling, "y", columns)
    for axes, panel in zip(axes_list, panels, strict=True):
        _name_faded(axes, panel, frame)
    figure.supxlabel(style.label(frame.x_label, 60), fontsize=10)
    figure.supylabel(frame.value_label, fontsize=10)
    head(figure, frame.title, _line_handles(panels, frame))
    return figure


def look_of(name: str, looks: Sequence[str]) -> dict[str, Any]:
    """Colour, marker and dashes of a name: those of its place among the names with a look of their own."""
    place = looks.index(name)
    count = len(style.LINES)
    return {
        "color": style.LINES[place % count],
        "linestyle": style.DASHES[place % count],
        "marker": MARKERS[place % len(MARKERS)],
        "markersize": 4.5,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
    }


def _lines(axes: Axes, panel: Panel, frame: Frame) -> None:
    if frame.scaling.log:
        axes.set_yscale("log")
    x = np.asarray(frame.x, dtype=float)
    for series in panel.series:
        if series.name not in frame.looks:
            axes.plot(x, series.mean, color=FADED, linewidth=0.9, marker=".", markersize=3, zorder=2)
    coloured = [series for series in panel.series if series.name in frame.looks]
    for place, series in enumerate(coloured):
        _line(axes, series, _offset(x, place, len(coloured)), look_of(series.name, frame.looks))
    if all(series.failed.all() for series in panel.series):
        say_failed(axes)
    elif not any(np.isfinite(series.mean).any() for series in panel.series):
        say(axes, "no number")


def _line(axes: Axes, series: Series, x: np.ndarray, look: dict[str, Any]) -> None:
    """A line with its intervals, and a cross at the bottom where it failed."""
    known, colour = ~np.isnan(series.low), look["color"]
    axes.vlines(
        x[known], series.low[known], series.high[known], color=colour, linewidth=1.0, alpha=0.55, zorder=3
    )
    axes.plot(x, series.mean, linewidth=1.5, zorder=4, **look)
    if series.failed.any():
        cross: dict[str, Any] = {
            "marker": "x",
            "linestyle": "none",
            "markersize": 5.5,
            "markeredgewidth": 1.4,
        }
        bottom = np.full(int(series.failed.sum()), 0.03)
        at_bottom = axes.get_xaxis_transform()
        axes.plot(
            x[series.failed], bottom, color=colour, transform=at_bottom, clip_on=False, zorder=5, **cross
        )


def _offset(x: np.ndarray, place: int, count: int) -> np.ndarray:
    """x of one of `count` lines, set a little apart from the others, so that intervals stay visible."""
    least = float(np.diff(np.unique(x)).min()) if len(np.unique(x)) > 1 else 1.0
    return x + (place - (count - 1) / 2) * min(0.045, 0.3 / max(count, 1)) * least


def _x_axis(axes: Axes, frame: Frame, most: int, labelled: bool) -> None:
    """At most `most` ticks, at the numbers themselves. labelled: with room for names at the right."""
    low, high = min(frame.x), max(frame.x)
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.08 * span, high + (0.42 if labelled else 0.08) * span)
    if frame.x_names or len(frame.x) <= most:
        names = frame.x_names or [f"{value:,g}" for value in frame.x]
        every = -(-len(names) // most)
        texts = [style.label(name, 12) for name in names[::every]]
        axes.set_xticks(list(frame.x)[::every], texts)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))


def _name_faded(axes: Axes, panel: Panel, frame: Frame) -> None:
    """Names of grey lines beside their last points, as far as they do not cover one another."""
    last = len(frame.x) - 1
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = {
        series.name: float(to_axes.transform((frame.x[last], series.mean[last]))[1])
        for series in panel.series
        if series.name not in frame.looks and np.isfinite(series.mean[last])
    }
    upwards = sorted(heights, key=lambda name: heights[name])
    taken: list[float] = []
    for name in [*upwards[:1], *upwards[::-1]]:  # the lowest, then from the highest down
        if all(abs(heights[name] - other) > NAMES_APART for other in taken):
            taken.append(heights[name])
            axes.annotate(
                style.label(name, 18),
                (frame.x[last], heights[name]),
                xycoords=("data", "axes fraction"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.3,
                color=FADED_NAME,
                annotation_clip=False,
            )


def _line_handles(panels: Sequence[Panel], frame: Frame) -> list[Any]:
    """What colours and marks mean, as far as they occur; none for a single line."""
    names = [name for name in frame.looks if any(series.name == name for series in panels[0].series)]
    others = len(panels[0].series) - len(names)
    handles: list[Any] = [
        Line2D([], [], label=style.label(name, 34), **look_of(name, frame.looks)) for name in names
    ]
    if others:
        handles.append(Line2D([], [], color=FADED, marker=".", markersize=3, label=f"{others} more"))
    if any(series.failed.any() for panel in panels for series in panel.series):
        handles.append(Line2D([], [], color=INK, marker="x", linestyle="none", label="failed"))
    return handles if len(handles) > 1 else []


# --- rows of dots ---------------------------------------------------------------------------------------


def draw_dots(panels: Sequence[Panel], frame: Frame) -> Figure:
    """A row for each name with its mean, interval and single numbers; the rows of all panels are the same."""
    rows, columns, count = rows_of(panels, frame), columns_of(panels, frame), len(panels[0].series)
    height_in = max(1.3, 0.62 + DOT_ROW_IN * count) if rows > 1 else max(1.6, 0.8 + 0.3 * count)
    figure = style.new_figure(1.15 + height_in * rows)
    axes_list = axes_of(figure, panels, frame, "y")
    for axes, panel in zip(axes_list, panels, strict=True):
        _dots(axes, panel, frame.scaling.log, small=rows > 1)
    names = [style.label(series.name, 30) for series in panels[0].series]
    share(axes_list, frame.scaling, "x", columns)
    for axes in axes_list[::columns]:
        axes.set_yticks(range(count), names, fontsize=8.5 if rows > 1 else 9.5)
        axes.set_ylim(count - 0.4, -0.6)
    figure.supxlabel(frame.value_label, fontsize=10)
    head(figure, frame.title, _dot_handles(panels))
    return figure


def _dots(axes: Axes, panel: Panel, log: bool, small: bool) -> None:
    if log:
        axes.set_xscale("log")
    for row, series in enumerate(panel.series):
        if series.failed[0]:
            across = axes.get_yaxis_transform()
            axes.add_patch(Rectangle((0, row - 0.5), 1, 1, transform=across, zorder=1, **HATCH))
        else:
            _dot(axes, series, row, BEST if series.name == panel.best else OTHER, 5.0 if small else 7.0)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    if not any(np.isfinite(series.mean).any() or series.failed.any() for series in panel.series):
        say(axes, "no number")


def _dot(axes: Axes, series: Series, row: int, colour: str, size: float) -> None:
    """The mean of a row, its interval, and behind them its single numbers, scattered but reproducible."""
    scatter = (np.arange(len(series.values)) * 0.618 % 1 - 0.5) * 0.5
    single: dict[str, Any] = {
        "marker": ".",
        "linestyle": "none",
        "markersize": size - 1,
        "markeredgewidth": 0,
    }
    axes.plot(series.values, row + scatter, color=style.NEUTRAL, alpha=0.6, **single)
    if not np.isnan(series.low[0]):
        ends = [series.low[0], series.high[0]]
        axes.plot(ends, [row, row], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=3)
    axes.plot(series.mean[0], row, "o", color=colour, markersize=size, markeredgecolor="white", zorder=4)


def _dot_handles(panels: Sequence[Panel]) -> list[Any]:
    """What dots, lines and hatching mean, as far as they occur."""
    series = [each for panel in panels for each in panel.series]
    has_interval = any(not np.isnan(each.low[0]) for each in series)
    repeated = any(len(each.values) for each in series)
    line: dict[str, Any] = {
        "marker": "o",
        "linewidth": 2.2 if has_interval else 0,
        "markeredgecolor": "white",
        "markersize": 7,
    }
    text = "mean and 95 % interval" if has_interval else "mean" if repeated else "one run"
    handles: list[Any] = [Line2D([], [], color=OTHER, label=text, **line)]
    if any(panel.best for panel in panels):
        handles.append(Line2D([], [], color=BEST, label="best" + (" mean" if repeated else ""), **line))
    if repeated:
        handles.append(Line2D([], [], color=style.NEUTRAL, marker=".", linestyle="none", label="repetitions"))
    if any(each.failed[0] for each in series):
        handles.append(Patch(label="failed", **HATCH))
    return handles
