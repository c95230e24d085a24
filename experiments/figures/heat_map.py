"""Heat maps: rows by columns, with numbers in the cells where there is room."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from matplotlib.ticker import MaxNLocator

from experiments.figures.drawing import style
from experiments.figures.drawing.panels import HATCH, INK

SEQUENTIAL = "viridis"  # perceptually uniform
DIVERGING = "BrBG"  # brown to blue-green, told apart with colour-blind sight
LOG_FROM = 60.0  # largest over smallest number, from which on colours follow the logarithm
ROW_IN, TALLEST_ROW_IN = 0.235, 0.34
CHARACTER_IN = 0.073  # width of a digit of 8 points, with some room
SMALLEST_FONT, LARGEST_FONT = 5.5, 9.0


class State(IntEnum):
    """What a cell is. NULL: finished without a number. ABSENT: no such case, or not run."""

    NUMBER, FAILED, NULL, ABSENT = range(4)


@dataclass(frozen=True, slots=True)
class HeatMap:
    """What is drawn: R rows by C columns.

    rows: names. columns: for each column its names from the outermost level to the innermost. column_axes:
    what these levels are called. values, texts, states, bold, corners: (R, C); a corner marks a cell. title,
    bar_label: texts. better: 1 if high is good, -1 if low is, 0 if neither. limit: None for values by
    magnitude; else they diverge from 0, and the colours end at this size. span: the ends of the colours of
    values by magnitude, None for their own.
    """

    rows: Sequence[str]
    columns: Sequence[Sequence[str]]
    column_axes: Sequence[str]
    values: np.ndarray
    texts: np.ndarray
    states: np.ndarray
    bold: np.ndarray
    corners: np.ndarray
    title: str
    bar_label: str
    better: int = 0
    limit: float | None = None
    span: tuple[float, float] | None = None

    def own_span(self) -> tuple[float, float]:
        """Smallest and largest number; 0 and 1 without any."""
        known = self.values[(self.states == State.NUMBER) & np.isfinite(self.values)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)

    def part(self, columns: range) -> HeatMap:
        """These columns of the map, in the colours of the whole."""
        tables = {
            name: getattr(self, name)[:, columns.start : columns.stop]
            for name in ("values", "texts", "states", "bold", "corners")
        }
        shown = self.columns[columns.start : columns.stop]
        return replace(self, columns=shown, span=self.span or self.own_span(), **tables)


def draw(heat: HeatMap) -> Figure:
    """The map with a colour bar; failed cells are hatched, those without a number have a dash."""
    count = len(heat.rows)
    levels = len(heat.column_axes)
    row_in = ROW_IN if count > 12 else TALLEST_ROW_IN
    widest = max(len(names[-1]) for names in heat.columns)
    column_in = _column_in(heat)
    slanted = widest * CHARACTER_IN > column_in
    above_in = 0.2 * levels + (min(widest, 26) * 0.055 if slanted else 0)
    figure = style.new_figure(max(2.0, 1.0 + above_in + row_in * count))
    axes = figure.subplots()
    colours, norm = _colours(heat)
    shown = np.ma.masked_invalid(np.where(heat.states == State.NUMBER, heat.values, np.nan))
    edges = [np.arange(size + 1) - 0.5 for size in (shown.shape[1], count)]
    gap = 0.8 if shown.shape[1] <= 40 else 0.3
    mesh = axes.pcolormesh(*edges, shown, cmap=colours, norm=norm, edgecolors="white", linewidth=gap)
    _cells(axes, heat, colours, norm, column_in)
    _names(axes, heat, slanted)
    if shown.count():
        _bar(figure, axes, mesh, heat)
    style.title(figure, heat.title)
    return figure


def _column_in(heat: HeatMap) -> float:
    """Width of a column in inches: the figure less row names and colour bar."""
    longest = min(30, max(map(len, (*heat.rows, *heat.column_axes))))
    return (style.WIDTH_IN - 1.15 - 0.085 * longest) / len(heat.columns)


def _colours(heat: HeatMap) -> tuple[Colormap, Normalize]:
    """Colour map and norm. Of two ends the blue-green one and the bright one are better."""
    reverse = "_r" if heat.better < 0 else ""
    if heat.limit is not None:
        return matplotlib.colormaps[DIVERGING + reverse], Normalize(-heat.limit, heat.limit)
    low, high = heat.span or heat.own_span()
    colours = matplotlib.colormaps[SEQUENTIAL + reverse]
    if low > 0 and high / low > LOG_FROM:
        return colours, LogNorm(low, high)
    return colours, Normalize(low, high) if high > low else Normalize(low - 0.5, high + 0.5)


def _cells(axes: Axes, heat: HeatMap, colours: Colormap, norm: Normalize, column_in: float) -> None:
    longest = max((len(text) for text in heat.texts.ravel()), default=1)
    font = min(LARGEST_FONT, 8.0 * column_in / (CHARACTER_IN * max(longest, 1)))
    # The layout would measure every text and patch inside, which takes half of the time.
    middle: dict[str, Any] = {"ha": "center", "va": "center", "in_layout": False}
    for (row, column), state in np.ndenumerate(heat.states):
        if state == State.FAILED:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, in_layout=False, **HATCH))
        elif state == State.NULL:
            axes.text(column, row, "–", fontsize=8, color=INK, **middle)
        elif state == State.NUMBER:
            back = colours(norm(heat.values[row, column]))
            ink = "white" if _luminance(back) < 0.45 else "#15191D"
            if font >= SMALLEST_FONT:
                weight = "bold" if heat.bold[row, column] else "normal"
                text = str(heat.texts[row, column])
                axes.text(column, row, text, color=ink, fontsize=font, fontweight=weight, **middle)
            if heat.corners[row, column]:
                width, (right, top) = min(0.3, 0.1 / column_in), (column + 0.47, row - 0.46)
                corner = [(right, top), (right - width, top), (right, top + 0.3)]
                axes.add_patch(Polygon(corner, facecolor=ink, edgecolor="none", in_layout=False))


def _luminance(colour: Sequence[float]) -> float:
    """Perceived lightness of a colour, 0 to 1."""
    red, green, blue = colour[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _names(axes: Axes, heat: HeatMap, slanted: bool) -> None:
    """Names of the rows at the left, and of the columns above, a level a line."""
    rows, columns = heat.values.shape
    axes.set_yticks(range(rows), [style.label(name, 30) for name in heat.rows], fontsize=9)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.xaxis.tick_top()
    axes.grid(visible=False)
    axes.tick_params(length=0, pad=3)
    for spine in axes.spines.values():
        spine.set_visible(False)
    inner = [style.label(names[-1], 26) for names in heat.columns]
    font = 8.5 if columns <= 24 else 6.5
    if slanted:
        axes.set_xticks(range(columns), inner, rotation=50, ha="left", rotation_mode="anchor", fontsize=font)
    else:
        axes.set_xticks(range(columns), inner, fontsize=font)
    lift = 16.0 + (min(26, max(map(len, inner))) * 0.055 * 72 * font / 8.5 if slanted else 0)
    _axis_name(axes, heat.column_axes[-1], 4.0)
    for depth in range(len(heat.column_axes) - 2, -1, -1):
        _outer_names(axes, heat, depth, lift)
        _axis_name(axes, heat.column_axes[depth], lift)
        lift += 14


def _axis_name(axes: Axes, name: str, lift: float) -> None:
    """The name of a level of columns, at the left of its line. lift: points."""
    axes.annotate(
        style.label(name, 24),
        (0, 1),
        xycoords="axes fraction",
        xytext=(-6, lift),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8.5,
        color=INK,
        annotation_clip=False,
    )


def _outer_names(axes: Axes, heat: HeatMap, depth: int, lift: float) -> None:
    """The names of an outer level, each over its columns, with a gap between them. lift: points."""
    keys = [tuple(names[: depth + 1]) for names in heat.columns]
    starts = [place for place, key in enumerate(keys) if place == 0 or keys[place - 1] != key]
    column_in = _column_in(heat)
    for start, end in zip(starts, [*starts[1:], len(keys)], strict=True):
        most = max(3, int((end - start) * column_in / 0.08))
        axes.annotate(
            style.label(keys[start][-1], most),
            ((start + end - 1) / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, lift),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
            fontweight="bold" if depth == 0 else "normal",
            annotation_clip=False,
        )
        if start:
            axes.axvline(start - 0.5, color="white", linewidth=3.5 if depth == 0 else 2.2, zorder=3)


def _bar(figure: Figure, axes: Axes, mesh: QuadMesh, heat: HeatMap) -> None:
    known = heat.values[heat.states == State.NUMBER]
    beyond = heat.limit is not None and bool((np.abs(known) > heat.limit).any())
    bar = figure.colorbar(
        mesh, ax=axes, pad=0.012, aspect=28, fraction=0.03, extend="both" if beyond else "neither"
    )
    bar.ax.tick_params(labelsize=8, length=2)
    bar.ax.grid(visible=False)
    height_in = 0.8 * figure.get_figheight() - 0.5
    bar.set_label("\n".join(textwrap.wrap(heat.bar_label, max(12, int(height_in / 0.075)))), fontsize=9)
    if isinstance(mesh.norm, LogNorm):
        style.log_ticks(bar.ax.yaxis, float(mesh.norm.vmin or 1), float(mesh.norm.vmax or 1))
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=max(2, int(height_in / 0.35)), steps=[1, 2, 5, 10]))
