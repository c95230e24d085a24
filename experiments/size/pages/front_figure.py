"""Figures of a search: the front from three sides, and the sizes along it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.figures.drawing import style
from experiments.size.pareto_front import non_dominated

FRONT, SIZES = "front", "sizes"
DOMINATED, SHORT, ON_FRONT = "#C4CAD0", "#D55E00", "#0072B2"
CHOICE_MARKS = {"cheapest": ("s", "#009E73"), "cleanest": ("^", "#CC79A7"), "knee": ("D", "#1A1A1A")}
LABEL_WIDTH = 0.32  # of a panel, with the room beside it
_ASSETS = {
    "solar_kw": ("sun", "kW"),
    "wind_kw": ("wind", "kW"),
    "battery_kwh": ("battery", "kWh"),
    "grid_kw": ("grid line", "kW"),
}


def draw_front(facts: Mapping[str, Any], points: pd.DataFrame, folder: Path) -> list[str]:
    """Write both figures as PNG and SVG into a folder; returns their stems. InputError if it cannot."""
    with style.drawing():
        for stem, figure in ((FRONT, _front(facts, points)), (SIZES, _sizes(facts, points))):
            style.save(figure, folder, stem)
    return [FRONT, SIZES]


def _axes_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """The three objectives: column and label."""
    service = facts["service"]
    money = f" ({facts['currency']})" if service["name"] == "value" else ""
    return {
        "cost_per_year": f"cost per year ({facts['currency']})",
        "carbon_kg_per_year": "carbon per year (kg CO2e)",
        service["column"]: service["label"] + money,
    }


def _front(facts: Mapping[str, Any], points: pd.DataFrame) -> Figure:
    labels = _axes_of(facts)
    cost, carbon, service = labels
    figure = style.new_figure(4.3, 13.0)
    panels = figure.subplots(1, 3)
    more_is_better = facts["service"]["name"] == "value"
    for axes, (x, y) in zip(panels, ((cost, carbon), (cost, service), (carbon, service)), strict=True):
        _cloud(axes, points, x, y, -1 if more_is_better and y == service else 1)
        _marks(axes, facts, points, x, y)
        axes.set_xlabel(labels[x])
        axes.set_ylabel(labels[y])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(FuncFormatter(_tick))
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    least = f"{100 * facts['minimum_served']:g} %"
    style.title(
        figure,
        f"{style.label(facts['name'], 40)}: {facts['on_front']} of {facts['plants']} plants are on the front "
        f"of those that serve {least} of what power in plenty would",
    )
    return figure


def _tick(value: float, _: int) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == 0 else f"{value:g}"


def _cloud(axes: Axes, points: pd.DataFrame, x: str, y: str, sign: int) -> None:
    """All points, and the line of the front of these two objectives alone."""
    front, enough = points["on_front"].to_numpy(), points["serves_enough"].to_numpy()
    groups: tuple[tuple[np.ndarray, str, dict[str, Any]], ...] = (
        (~enough, "serves too few jobs", {"marker": "x", "color": SHORT, "alpha": 0.45, "markersize": 4.5}),
        (enough & ~front, "dominated", {"marker": "o", "color": DOMINATED, "alpha": 0.75, "markersize": 5}),
        (front, "on the front", {"marker": "o", "color": ON_FRONT, "alpha": 0.9, "markersize": 5.5}),
    )
    limits = [_limits(points[column], enough) for column in (x, y)]
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1])
    for rows, label, look in groups:
        places = [points[column][rows].clip(*limit) for column, limit in zip((x, y), limits, strict=True)]
        (drawn,) = axes.plot(*places, linestyle="none", label=label, clip_on=False, **look)
        drawn.set_in_layout(False)  # nothing to make room for, and of no points there is no extent
    if front.any():
        pair = points.loc[front, [x, y]].to_numpy(dtype=float)
        best = pair[non_dominated(pair * [1, sign])]
        best = best[np.argsort(best[:, 0], kind="stable")]
        axes.plot(best[:, 0], best[:, 1], color=ON_FRONT, linewidth=1, alpha=0.5)


def _limits(values: pd.Series, enough: np.ndarray) -> tuple[float, float]:
    """Limits by the plants that serve enough; the others may widen them by a part of that, no more."""
    serving = values[enough] if enough.any() else values
    low, high = float(serving.min()), float(serving.max())
    span = max(high - low, 0.1 * abs(high), 1e-6)  # of one point, or of equal ones
    low, high = max(float(values.min()), low - 0.35 * span), min(float(values.max()), high + 0.35 * span)
    return low - 0.06 * span, high + 0.06 * span


def _marks(axes: Axes, facts: Mapping[str, Any], points: pd.DataFrame, x: str, y: str) -> None:
    """The named choices with their names; several names of one point stand together."""
    at_point: dict[int, list[str]] = {}
    for name, choice in facts["choices"].items():
        at_point.setdefault(choice["point"], []).append(name)
    texts = []
    for point, names in at_point.items():
        row = points.loc[points["point"] == point].iloc[0]
        marker, colour = CHOICE_MARKS[names[0]]
        axes.plot(row[x], row[y], marker, color=colour, markersize=9, markeredgecolor="white", zorder=5)
        texts.append(
            (
                float(row[x]),
                float(row[y]),
                "all three" if len(names) == len(CHOICE_MARKS) else ", ".join(names),
                colour,
            )
        )
    _write_names(axes, texts)


def _write_names(axes: Axes, texts: list[tuple[float, float, str, str]]) -> None:
    """Names beside their points (x, y, text, colour); where they would meet, one stands off with a line."""
    low, high = axes.get_xlim()
    bottom, top = axes.get_ylim()
    places = [
        ((x - low) / (high - low), (y - bottom) / (top - bottom), text, colour)
        for x, y, text, colour in texts
    ]
    upwards = 1 if sum(up for _, up, _, _ in places) < len(places) / 2 else -1  # away from the nearer edge
    taken: list[tuple[float, float]] = []
    for across, up, text, colour in sorted(places, key=lambda place: upwards * place[1]):
        place = up
        while any(abs(place - other) < 0.07 and abs(across - at) < LABEL_WIDTH for at, other in taken):
            place += 0.01 * upwards
        taken.append((across, place))
        is_right = across > 0.6
        label = axes.annotate(
            text,
            (across, up),
            xycoords="axes fraction",
            xytext=(across + (-0.04 if is_right else 0.04), place),
            textcoords="axes fraction",
            ha="right" if is_right else "left",
            va="center",
            fontsize=9.5,
            fontweight="bold",
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8} if place != up else None,
            zorder=6,
        )
        label.set_in_layout(False)  # else a long name would shrink the panels
        label.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


def _sizes(facts: Mapping[str, Any], points: pd.DataFrame) -> Figure:
    """The capacities of the plants on the front against their cost."""
    front = points[points["on_front"]].sort_values("cost_per_year")
    if front.empty:
        figure = style.new_figure(2.4)
        return style.say(figure, "Sizes along the front", "No plant served enough jobs.")
    figure = style.new_figure(3.4, 13.0)
    for place, (axes, (column, (name, unit))) in enumerate(
        zip(figure.subplots(1, 4), _ASSETS.items(), strict=True)
    ):
        axes.plot(front["cost_per_year"], front[column], "o", color=ON_FRONT, markersize=5, alpha=0.8)
        axes.margins(0.08)
        axes.set_title(f"{name} ({unit})", fontsize=10.5)
        axes.set_xlabel(f"cost per year ({facts['currency']})")
        most = max(float(points[column].max()), 1e-9)
        axes.set_ylim(-0.06 * most, 1.08 * most)
        _marks(axes, facts, points, "cost_per_year", column)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(_tick))
        if place == 0:
            axes.set_ylabel("capacity")
    style.title(figure, "Which sizes belong to which budget: the plants on the front")
    return figure
