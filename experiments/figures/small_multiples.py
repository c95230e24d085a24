"""Small multiples: the same picture for each panel, as lines over numbers or as rows of dots with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from experiments.figures.drawing import style

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
FADED = style.WAITING
INK = "#5A6068"
HATCH: dict[str, Any] = {"facecolor": "#F1F2F4", "edgecolor": "#A9B1B9", "hatch": "////", "linewidth": 0}
WIDE_RANGE = 60.0  # largest over smallest number of a panel, from which on its axis is logarithmic
OWN_RANGE = 5.0  # range of all panels over that of the middle panel, from which on each has its own axis
MOST_TICKS = 7
DOT_ROW_IN = 0.185
TITLE_IN, LEGEND_ROW_IN = 0.34, 0.215


@dataclass(frozen=True, slots=True)
class Series:
    """What one line or row has: means with intervals, in the unit of the axis; NaN where there is none.

    mean, low, high: (X,) over the x axis, or (1,) in a row. failed: (X,) where nothing could be computed.
    values: the single numbers behind a row's dot.
    """

    name: str
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    failed: np.ndarray
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. series: the same names in the same order in every panel. best: the name to point out."""

    title: str
    series: Sequence[Series]
    best: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the panels share. columns: panels in a row. value_label: of the axis of means.

    x, x_label: the numbers of the x axis, of lines; x_names: their texts, if other than the numbers. looks:
    which names have a colour of their own, in order; others are grey.
    """

    title: str
    value_label: str
    columns: int
    looks: Sequence[str]
    x: Sequence[float] = ()
    x_label: str = ""
    x_names: Sequence[str] = ()


# --- lines over numbers ---------------------------------------------------------------------------------


def draw_lines(panels: Sequence[Panel], frame: Frame) -> Figure:
    """Means over the x axis, a line for each name, with intervals; the best is named in each panel."""
    rows, columns = _shape(panels, frame)
    height = 2.05 if rows > 1 else 3.4
    figure = style.new_figure(1.5 + height * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
    shared, log = _scaling(panels)
    for place, axes in enumerate(grid.ravel()):
        if place >= len(panels):
            axes.set_axis_off()
            continue
        panel = panels[place]
        _lines(axes, panel, frame, log)
        _x_axis(axes, frame, labelled=len(frame.looks) < len(panel.series))
        _title(axes, panel, columns)
        if place + columns >= len(panels):  # nothing below it
            axes.tick_params(labelbottom=True)
    _share(grid.ravel()[: len(panels)], shared, log, "y", columns)
    for axes, panel in zip(grid.ravel(), panels, strict=False):
        _name_faded(axes, panel, frame)
    figure.supxlabel(style.label(frame.x_label, 60), fontsize=10)
    figure.supylabel(frame.value_label, fontsize=10)
    _head(figure, frame.title, _line_handles(panels, frame))
    return figure


def _lines(axes: Axes, panel: Panel, frame: Frame, log: bool) -> None:
    if log:
        axes.set_yscale("log")
    x = np.asarray(frame.x, dtype=float)
    for series in panel.series:
        if series.name not in frame.looks:
            axes.plot(x, series.mean, color=FADED, linewidth=0.9, marker=".", markersize=3, zorder=2)
    coloured = [series for series in panel.series if series.name in frame.looks]
    for place, series in enumerate(coloured):
        look, at = look_of(series.name, frame.looks), _offsets(x, place, len(coloured))
        known = ~np.isnan(series.low)
        axes.vlines(
            at[known], series.low[known], series.high[known], color=look["color"], linewidth=1.0, alpha=0.55,
            zorder=3,
        )  # fmt: skip
        axes.plot(at, series.mean, linewidth=1.5, zorder=4, **look)
        if series.failed.any():
            axes.plot(
                at[series.failed], np.full(series.failed.sum(), 0.03), "x", color=look["color"], markersize=5.5,
                transform=axes.get_xaxis_transform(), markeredgewidth=1.4, clip_on=False, zorder=5,
            )  # fmt: skip
    if all(series.failed.all() for series in panel.series):
        _say_failed(axes)
    elif not any(np.isfinite(series.mean).any() for series in panel.series):
        _say(axes, "no number")


def _name_faded(axes: Axes, panel: Panel, frame: Frame) -> None:
    """Names of grey lines beside their last points, as far as they do not cover one another."""
    ends = {}
    for series in panel.series:
        known = np.flatnonzero(np.isfinite(series.mean))
        if series.name not in frame.looks and len(known) and known[-1] == len(frame.x) - 1:
            ends[series.name] = float(
                axes.transAxes.inverted().transform(axes.transData.transform((0, series.mean[-1])))[1]
            )
    ordered = sorted(ends, key=lambda name: ends[name])
    taken: list[float] = []
    for name in [*ordered[:1], *ordered[::-1]]:  # the lowest, then from the highest down
        height = ends[name]
        if all(abs(height - other) > 0.07 for other in taken):
            taken.append(height)
            axes.annotate(
                style.label(name, 18), (max(frame.x), height), xycoords=("data", "axes fraction"), xytext=(6, 0),
                textcoords="offset points", va="center", fontsize=6.3, color="#7F8790", annotation_clip=False,
            )  # fmt: skip


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


def _offsets(x: np.ndarray, place: int, count: int) -> np.ndarray:
    """x of one of `count` lines, set a little apart from the others so that intervals do not cover each other."""
    least = float(np.diff(np.unique(x)).min()) if len(np.unique(x)) > 1 else 1.0
    return x + (place - (count - 1) / 2) * min(0.045, 0.3 / max(count, 1)) * least


def _x_axis(axes: Axes, frame: Frame, labelled: bool) -> None:
    """Ticks at the numbers themselves, unless there are many. labelled: with room for names at the right."""
    low, high = min(frame.x), max(frame.x)
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.08 * span, high + (0.42 if labelled else 0.08) * span)
    if len(frame.x) <= MOST_TICKS:
        names = frame.x_names or [f"{value:,g}" for value in frame.x]
        axes.set_xticks(list(frame.x), list(names))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))


def _line_handles(panels: Sequence[Panel], frame: Frame) -> list[Any]:
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


def _head(figure: Figure, title: str, handles: Sequence[Any]) -> None:
    """Title and below it the legend; the layout itself leaves room for the title."""
    height = figure.get_figheight()
    columns = _legend_columns([str(handle.get_label()) for handle in handles]) if handles else 1
    rows = -(-len(handles) // columns)
    style.title(figure, title)
    if handles:
        figure.legend(
            handles=list(handles), loc="upper left", bbox_to_anchor=(0.004, 1 - TITLE_IN / height), ncols=columns,
            columnspacing=1.4, handlelength=2.0, borderaxespad=0, borderpad=0.2,
        )  # fmt: skip
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, 0, 1, 1 - LEGEND_ROW_IN * rows / height))  # type: ignore[call-arg]


def _legend_columns(names: Sequence[str]) -> int:
    """As many columns as the figure is wide for."""
    longest = max(map(len, names)) + 6
    most = max(1, 125 // longest)
    return -(-len(names) // -(-len(names) // most))  # as many in each row


# --- rows of dots ---------------------------------------------------------------------------------------


def draw_dots(panels: Sequence[Panel], frame: Frame) -> Figure:
    """A row for each name with the mean, its interval and the single numbers; rows are the same in all panels."""
    rows, columns = _shape(panels, frame)
    count = len(panels[0].series)
    height = max(1.3, 0.62 + DOT_ROW_IN * count) if rows > 1 else max(1.6, 0.8 + 0.3 * count)
    figure = style.new_figure(1.15 + height * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    shared, log = _scaling(panels)
    for place, axes in enumerate(grid.ravel()):
        if place >= len(panels):
            axes.set_axis_off()
            continue
        _dots(axes, panels[place], log, small=rows > 1)
        _title(axes, panels[place], columns)
    names = [style.label(series.name, 30) for series in panels[0].series]
    for axes in grid[:, 0]:
        axes.set_yticks(range(count), names, fontsize=8.5 if rows > 1 else 9.5)
        axes.set_ylim(count - 0.4, -0.6)
    _share(grid.ravel()[: len(panels)], shared, log, "x", columns)
    figure.supxlabel(frame.value_label, fontsize=10)
    _head(figure, frame.title, _dot_handles(panels))
    return figure


BEST, OTHER = style.LINES[2], style.LINES[0]


def _dots(axes: Axes, panel: Panel, log: bool, small: bool) -> None:
    if log:
        axes.set_xscale("log")
    size = 5.0 if small else 7.0
    for row, series in enumerate(panel.series):
        if series.failed[0]:
            axes.add_patch(
                Rectangle((0, row - 0.5), 1, 1, transform=axes.get_yaxis_transform(), zorder=1, **HATCH)
            )
            continue
        colour = BEST if series.name == panel.best else OTHER
        scatter = (np.arange(len(series.values)) * 0.618 % 1 - 0.5) * 0.5  # reproducible
        axes.plot(
            series.values,
            row + scatter,
            ".",
            color=style.NEUTRAL,
            alpha=0.6,
            markersize=size - 1,
            markeredgewidth=0,
        )
        if not np.isnan(series.low[0]):
            axes.plot(
                [series.low[0], series.high[0]], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=3
            )  # fmt: skip
        axes.plot(series.mean[0], row, "o", color=colour, markersize=size, markeredgecolor="white", zorder=4)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    if not log:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    if not any(np.isfinite(series.mean).any() or series.failed.any() for series in panel.series):
        _say(axes, "no number")


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


# --- shared parts ---------------------------------------------------------------------------------------


def _shape(panels: Sequence[Panel], frame: Frame) -> tuple[int, int]:
    columns = max(1, min(frame.columns, len(panels)))
    return math.ceil(len(panels) / columns), columns


def _extent(panel: Panel) -> tuple[float, float] | None:
    """Smallest and largest number of a panel; None without any."""
    parts = [
        part for series in panel.series for part in (series.mean, series.low, series.high, series.values)
    ]
    numbers = np.concatenate(parts) if parts else np.zeros(0)
    numbers = numbers[np.isfinite(numbers)]
    return (float(numbers.min()), float(numbers.max())) if len(numbers) else None


def _scaling(panels: Sequence[Panel]) -> tuple[bool, bool]:
    """Whether the panels share the axis of means, and whether it is logarithmic."""
    extents = [extent for panel in panels if (extent := _extent(panel)) is not None]
    if not extents:
        return True, False
    log = all(low > 0 for low, _ in extents) and max(high / low for low, high in extents) > WIDE_RANGE
    scaled = [(math.log(low), math.log(high)) if log else (low, high) for low, high in extents]
    whole = max(high for _, high in scaled) - min(low for low, _ in scaled)
    middle = float(np.median([high - low for low, high in scaled]))
    return whole <= OWN_RANGE * middle or whole == 0, log


def shares_scale(panels: Sequence[Panel]) -> bool:
    """Whether `draw_lines` and `draw_dots` give these panels one axis of means."""
    return _scaling(panels)[0]


def _share(axes_of: Sequence[Axes], shared: bool, log: bool, which: str, columns: int) -> None:
    """Give all panels the same limits, with tick labels at the border only; or leave each its own."""
    for place, axes in enumerate(axes_of):
        axis = axes.yaxis if which == "y" else axes.xaxis
        low, high = axes.get_ylim() if which == "y" else axes.get_xlim()
        if log:
            style.log_ticks(axis, low, high)
        elif which == "y":
            axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
        axes.tick_params(labelsize=8.5)
        if shared and which == "y" and place % columns:
            axes.tick_params(labelleft=False)
        if shared and which == "x" and place + columns < len(axes_of):
            axes.tick_params(labelbottom=False)
    if not shared:
        return
    get, put = ("get_ylim", "set_ylim") if which == "y" else ("get_xlim", "set_xlim")
    limits = [getattr(axes, get)() for axes in axes_of if axes.has_data()]
    if not limits:
        return
    low, high = min(pair[0] for pair in limits), max(pair[1] for pair in limits)
    for axes in axes_of:
        getattr(axes, put)(low, high)
        if log:
            style.log_ticks(axes.yaxis if which == "y" else axes.xaxis, low, high)


def title_characters(columns: int) -> int:
    """Characters that a panel's title has room for."""
    return {1: 100, 2: 46, 3: 34, 4: 25}.get(columns, 20)


def _title(axes: Axes, panel: Panel, columns: int) -> None:
    """The panel's name, and below it its note."""
    most = title_characters(columns)
    size = {1: 10.5, 2: 10}.get(columns, 9)
    if panel.note:
        axes.set_title(style.label(panel.note, most + 6), fontsize=8.2, color=INK, fontweight="normal", pad=3)
    if panel.title:
        axes.annotate(
            style.label(panel.title, most), (0, 1), xycoords="axes fraction", va="bottom", fontsize=size, fontweight="bold",
            xytext=(0, 15 if panel.note else 4), textcoords="offset points", annotation_clip=False,
        )  # fmt: skip


def _say_failed(axes: Axes) -> None:
    axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, zorder=1, **HATCH))
    _say(axes, "failed")


def _say(axes: Axes, text: str) -> None:
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=INK, fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
    )  # fmt: skip
