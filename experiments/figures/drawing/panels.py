"""Shared parts of small multiples: what a panel shows, how panels share their axes, titles and legend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from experiments.figures.drawing import style

INK = "#5A6068"
HATCH: dict[str, Any] = {"facecolor": "#F1F2F4", "edgecolor": "#A9B1B9", "hatch": "////", "linewidth": 0}
TITLE_IN, LEGEND_ROW_IN, LEGEND_GAP_IN = 0.34, 0.215, 0.1
WIDE_RANGE = 60.0  # largest over smallest number of a panel, from which on its axis is logarithmic
OWN_RANGE = 5.0  # range of all panels over those of the flatter ones, from which on an axis is not shared
LEGEND_CHARACTERS = 125  # of a row of the legend
TITLE_CHARACTERS = {1: 100, 2: 46, 3: 34, 4: 25}
TITLE_POINTS = {1: 10.5, 2: 10.0}


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
class Scaling:
    """The axis of means. shared: whether all panels have one. log: whether it is logarithmic."""

    shared: bool = True
    log: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What the panels share. columns: panels in a row. value_label: of the axis of means.

    x, x_label: the numbers of the x axis, of lines; x_names: their texts, if other than the numbers. looks:
    which names have a colour of their own, in order; others are grey.
    """

    title: str
    value_label: str
    columns: int
    scaling: Scaling = field(default_factory=Scaling)
    looks: Sequence[str] = ()
    x: Sequence[float] = ()
    x_label: str = ""
    x_names: Sequence[str] = ()


def rows_of(panels: Sequence[Panel], frame: Frame) -> int:
    """Rows of panels."""
    return math.ceil(len(panels) / columns_of(panels, frame))


def columns_of(panels: Sequence[Panel], frame: Frame) -> int:
    """Panels in a row."""
    return max(1, min(frame.columns, len(panels)))


def title_characters(columns: int) -> int:
    """Characters that a panel's title has room for, with this many panels in a row."""
    return TITLE_CHARACTERS.get(columns, 20)


def axes_of(figure: Figure, panels: Sequence[Panel], frame: Frame, shared: Literal["x", "y"]) -> list[Axes]:
    """The axes of the panels, with their titles. shared: the axis that is one for all of them."""
    columns = columns_of(panels, frame)
    grid = figure.subplots(
        rows_of(panels, frame), columns, squeeze=False, sharex=shared == "x", sharey=shared == "y"
    ).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid, panels, strict=False):
        _title(axes, panel, columns)
    return list(grid[: len(panels)])


def _title(axes: Axes, panel: Panel, columns: int) -> None:
    """The panel's name, and below it its note."""
    most = title_characters(columns)
    if panel.note:
        axes.set_title(style.label(panel.note, most + 6), fontsize=8.2, color=INK, fontweight="normal", pad=3)
    if panel.title:
        axes.annotate(
            style.label(panel.title, most),
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 15 if panel.note else 4),
            textcoords="offset points",
            va="bottom",
            fontsize=TITLE_POINTS.get(columns, 9),
            fontweight="bold",
            annotation_clip=False,
        )


def scaling_of(panels: Sequence[Panel]) -> Scaling:
    """One axis for all panels, linear or logarithmic, unless either would leave some of them flat.

    Within a panel wide ranges are logarithmic.
    """
    extents = list(_extents(panels))
    if not extents:
        return Scaling()
    positive = all(low > 0 for low, _ in extents)
    wide = positive and max(high / low for low, high in extents) > WIDE_RANGE
    if not wide and _fits(extents):
        return Scaling()
    if positive and _fits([(math.log(low), math.log(high)) for low, high in extents]):
        return Scaling(log=True)
    return Scaling(shared=False, log=wide)


def _fits(extents: Sequence[tuple[float, float]]) -> bool:
    """Whether one axis shows these ranges well: it is not much longer than the shorter ones of them."""
    whole = max(high for _, high in extents) - min(low for low, _ in extents)
    short = float(np.percentile([high - low for low, high in extents], 25, method="lower"))
    return whole <= OWN_RANGE * short or whole == 0


def _extents(panels: Sequence[Panel]) -> Iterator[tuple[float, float]]:
    """Smallest and largest number of each panel that has numbers."""
    for panel in panels:
        parts = [[each.mean, each.low, each.high, each.values] for each in panel.series]
        numbers = np.concatenate([part for series in parts for part in series] or [np.zeros(0)])
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers):
            yield float(numbers.min()), float(numbers.max())


def share(axes_list: Sequence[Axes], scaling: Scaling, which: Literal["x", "y"], columns: int) -> None:
    """Ticks of the axis of means, and one range with tick labels at the border only if it is shared."""
    if scaling.shared:
        with_data = [axes for axes in axes_list if axes.has_data()] or list(axes_list)
        limits = [axes.get_ylim() if which == "y" else axes.get_xlim() for axes in with_data]
        low, high = min(pair[0] for pair in limits), max(pair[1] for pair in limits)
        for axes in axes_list:
            (axes.set_ylim if which == "y" else axes.set_xlim)(low, high)
    for place, axes in enumerate(axes_list):
        axes.tick_params(labelsize=8.5)
        axis, (low, high) = (axes.yaxis, axes.get_ylim()) if which == "y" else (axes.xaxis, axes.get_xlim())
        if scaling.log:
            style.log_ticks(axis, low, high)
        else:
            axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
        if scaling.shared and which == "y" and place % columns:
            axes.tick_params(labelleft=False)
        if scaling.shared and which == "x" and place + columns < len(axes_list):
            axes.tick_params(labelbottom=False)


def head(figure: Figure, title: str, handles: Sequence[Any]) -> None:
    """Title and below it the legend; the layout itself leaves room for the title."""
    height_in = figure.get_figheight()
    style.title(figure, title)
    if not handles:
        return
    columns = _legend_columns([str(handle.get_label()) for handle in handles])
    figure.legend(
        handles=list(handles),
        loc="upper left",
        bbox_to_anchor=(0.004, 1 - TITLE_IN / height_in),
        ncols=columns,
        columnspacing=1.4,
        handlelength=2.0,
        borderaxespad=0,
        borderpad=0.2,
    )
    used_in = LEGEND_ROW_IN * -(-len(handles) // columns) + LEGEND_GAP_IN
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, 1 - used_in / height_in))


def _legend_columns(names: Sequence[str]) -> int:
    """As many columns as the figure is wide for, and about as many names in each row."""
    most = max(1, LEGEND_CHARACTERS // (max(map(len, names)) + 6))
    return -(-len(names) // -(-len(names) // most))


def say_failed(axes: Axes) -> None:
    """Hatching in place of a picture."""
    axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, zorder=1, **HATCH))
    say(axes, "failed")


def say(axes: Axes, text: str) -> None:
    """A few words in place of a picture."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=INK, fontsize=9, bbox=box
    )
