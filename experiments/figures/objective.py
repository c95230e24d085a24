"""The score of each scheduler with the parts it is made of, or waiting where there is no score."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import style
from experiments.runfolder import Compare

PARTS = ("value", "penalties", "grid_cost", "carbon_cost")
COSTS = (
    ("penalties", "penalties", "#7B5EA7"),
    ("grid_cost", "grid cost", style.GRID),
    ("carbon_cost", "carbon cost", "#7F8790"),
    ("other", "penalties and carbon", "#7B5EA7"),
)
EARNED = style.RENEWABLE


def number(value: Any) -> float | None:
    """`value` if it is a finite number, else None: metrics may be missing, null or text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def parts(metrics: dict[str, Any]) -> dict[str, float]:
    """Shares of the value offered: `value` and the costs, all as non-negative where they cost.

    Taken from `objective_parts` if that is there, else worked out from the other metrics; what
    the objective lacks and no metric explains is `other`. Empty if it cannot be known.
    """
    given = metrics.get("objective_parts")
    if isinstance(given, dict) and number(given.get("value")) is not None:
        return {name: number(given.get(name)) or 0.0 for name in PARTS}
    offered, earned = number(metrics.get("value_offered")), number(metrics.get("value_earned"))
    if not offered or earned is None:
        return {}
    found = {"value": earned / offered, "grid_cost": (number(metrics.get("grid_cost")) or 0.0) / offered}
    objective = number(metrics.get("objective"))
    other = 0.0 if objective is None else found["value"] - found["grid_cost"] - objective
    return {**found, "other": other if abs(other) > 1e-6 else 0.0}


def draw(compare: Compare) -> Figure:
    """Bars of the objective, best on top; without values bars of slowdown and wait instead."""
    rows = [
        (style.label(name, 32), result["metrics"])
        for name, result in zip(compare.labels, compare.results, strict=True)
    ]
    if any(number(metrics.get("objective")) is not None for _, metrics in rows):
        return _objective(rows)
    return _waiting(rows)


def _objective(rows: list[tuple[str, dict[str, Any]]]) -> Figure:
    rows = sorted(rows, key=lambda row: _or(number(row[1].get("objective")), -math.inf))  # barh fills upwards
    scores = [number(metrics.get("objective")) for _, metrics in rows]
    split = [parts(metrics) for _, metrics in rows]
    figure = style.new_figure(_height(len(rows)))
    axes = figure.subplots()
    y = np.arange(len(rows))
    value = np.array(
        [_or(each.get("value"), _or(score, 0.0)) for each, score in zip(split, scores, strict=True)]
    )
    axes.barh(y, value, height=0.66, color=EARNED, label="value earned")
    base = np.zeros(len(rows))
    for name, text, colour in COSTS:
        cost = np.array([each.get(name, 0.0) for each in split])
        if cost.any():
            axes.barh(y, -cost, left=base, height=0.66, color=colour, label=text)
            base -= cost
    shown = [place for place, score in enumerate(scores) if score is not None]
    axes.plot(
        [_or(scores[place], 0.0) for place in shown],
        shown,
        linestyle="none",
        marker="D",
        markersize=6,
        color="#1A1A1A",
        markeredgecolor="white",
        label="objective",
    )
    _label_scores(axes, y, scores, value, base)
    axes.axvline(0, color="#5A6068", linewidth=0.9)
    axes.set_yticks(y, [name for name, _ in rows])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("share of the value offered; costs reach left of zero, the diamond is what is left")
    best = rows[-1][0]
    style.title(figure, f"Objective by scheduler: {best} scores the most, {scores[-1]:.3f}")
    style.legend_above(axes)
    return figure


def _label_scores(
    axes: Axes, y: np.ndarray, scores: list[float | None], value: np.ndarray, base: np.ndarray
) -> None:
    left, right = min(0.0, float(base.min())), max(0.0, float(value.max()))
    known = [score for score in scores if score is not None]
    left, right = min([left, *known]), max([right, *known])
    span = (right - left) or 1.0
    axes.set_xlim(left - (0.03 * span if left < 0 else 0), right + 0.12 * span)
    for place, score, top in zip(y, scores, value, strict=True):
        text = "–" if score is None else f"{score:.3f}"
        axes.text(
            max(top, score or 0.0, 0.0) + 0.015 * span,
            place,
            text.replace("-", "−"),
            va="center",
            fontsize=9.5,
        )


def _waiting(rows: list[tuple[str, dict[str, Any]]]) -> Figure:
    rows = sorted(
        rows, key=lambda row: _or(number(row[1].get("mean_bounded_slowdown")), math.inf), reverse=True
    )
    figure = style.new_figure(_height(len(rows)))
    left, right = figure.subplots(1, 2, sharey=True)
    names = [name for name, _ in rows]
    slowdown = [number(metrics.get("mean_bounded_slowdown")) for _, metrics in rows]
    wait_s = [number(metrics.get("mean_wait_s")) for _, metrics in rows]
    largest_s = max([each for each in wait_s if each is not None], default=0.0)
    unit_s, unit = next(
        ((size, name) for size, name in ((86400, "d"), (3600, "h"), (60, "min")) if largest_s >= 2 * size),
        (1, "s"),
    )
    _bars(left, names, slowdown, "#0072B2", "mean bounded slowdown (1 is best)")
    _bars(
        right,
        names,
        [None if each is None else each / unit_s for each in wait_s],
        "#E69F00",
        f"mean wait ({unit})",
    )
    style.title(figure, f"Slowdown and wait by scheduler: {names[-1]} has the lowest slowdown")
    return figure


def _bars(axes: Axes, names: list[str], values: list[float | None], colour: str, text: str) -> None:
    """Bars from zero; dots on a logarithmic axis where bars from zero would hide the smaller ones."""
    y = np.arange(len(names))
    known = [value for value in values if value is not None]
    positive = [value for value in known if value > 0]
    spread = bool(positive) and len(positive) == len(known) and max(positive) > 30 * min(positive)
    x = np.array([math.nan if value is None else value for value in values])
    if spread:
        axes.set_xscale("log")
        low, high = min(positive) / 1.6, max(positive) * 4
        axes.hlines(y, low, x, color=colour, linewidth=2, alpha=0.45)
        axes.plot(x, y, linestyle="none", marker="o", markersize=7, color=colour)
        axes.set_xlim(low, high)
        axes.set_xlabel(f"{text}, logarithmic")
    else:
        axes.barh(y, x, height=0.66, color=colour)
        axes.set_xlim(0, max(known, default=1.0) * 1.18 or 1.0)
        axes.set_xlabel(text)
    for place, value in zip(y, values, strict=True):
        where = axes.get_xlim()[0] if value is None else value
        axes.annotate(
            "–" if value is None else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
            (where, place),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
        )
    axes.set_yticks(y, names)
    axes.grid(axis="y", visible=False)


def _height(rows: int) -> float:
    return float(np.clip(1.7 + 0.36 * rows, 2.8, 20.0))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
