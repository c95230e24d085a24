"""Figure of the objective of each scheduler with its parts, or of waiting without an objective."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.figures.drawing import style
from experiments.results.ranking import SLOWDOWN_OF_ALL, number, order, slowdown_key
from experiments.results.run_folder import Compare

PARTS = ("value", "penalties", "unserved", "grid_cost", "carbon_cost")
COSTS = (
    ("penalties", "penalties", "#7B5EA7"),
    ("unserved", "not served", "#C2528B"),
    ("grid_cost", "grid cost", style.GRID),
    ("carbon_cost", "carbon cost", "#7F8790"),
    ("other", "penalties and carbon", "#7B5EA7"),
)
EARNED = style.RENEWABLE
_HEADINGS = {"other": "penalties,\ncarbon"}


def parts(metrics: dict[str, Any]) -> dict[str, float]:
    """Shares of the value offered: `value` and the costs, all as non-negative where they cost.

    From `objective_parts` if present, else computed from the other metrics; the unexplained remainder of the
    objective is `other`. Empty if the value offered or earned is unknown.
    """
    stored = metrics.get("objective_parts")
    if isinstance(stored, dict) and number(stored.get("value")) is not None:
        return {name: number(stored.get(name)) or 0.0 for name in PARTS}
    offered, earned = number(metrics.get("value_offered")), number(metrics.get("value_earned"))
    if not offered or earned is None:
        return {}
    shares = {"value": earned / offered, "grid_cost": (number(metrics.get("grid_cost")) or 0.0) / offered}
    objective = number(metrics.get("objective"))
    other = 0.0 if objective is None else shares["value"] - shares["grid_cost"] - objective
    return {**shares, "other": other if abs(other) > 1e-6 else 0.0}


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
        [_or(shares.get("value"), _or(score, 0.0)) for shares, score in zip(split, scores, strict=True)]
    )
    axes.barh(y, value, height=0.66, color=EARNED, label="value earned")
    base = np.zeros(len(rows))
    for name, text, colour in COSTS:
        cost = np.array([shares.get(name, 0.0) for shares in split])
        if cost.any():
            axes.barh(y, -cost, left=base, height=0.66, color=colour, label=text)
            base -= cost
    scored = [place for place, score in enumerate(scores) if score is not None]
    axes.plot(
        [_or(scores[place], 0.0) for place in scored],
        scored,
        linestyle="none",
        marker="D",
        markersize=6,
        color="#1A1A1A",
        markeredgecolor="white",
        label="objective",
    )
    _limits(axes, scores, value, base)
    _sums(axes, scores, split)
    axes.axvline(0, color="#5A6068", linewidth=0.9)
    axes.set_yticks(y, [name for name, _ in rows])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("share of the value offered; costs reach left of zero,\nthe diamond is what is left")
    best = rows[-1][0]
    style.title(figure, f"Objective by scheduler: {best} scores the most, {scores[-1]:.3f}")
    style.legend_above(axes)
    return figure


def _limits(axes: Axes, scores: list[float | None], value: np.ndarray, base: np.ndarray) -> None:
    finite = [score for score in scores if score is not None]
    left, right = min([0.0, float(base.min()), *finite]), max([0.0, float(value.max()), *finite])
    span = (right - left) or 1.0
    axes.set_xlim(left - (0.03 * span if left < 0 else 0), right + 0.03 * span)


def _sums(axes: Axes, scores: list[float | None], split: list[dict[str, float]]) -> None:
    """Write the parts of each objective right of the bars, because small costs have invisible bars."""
    costs = [(name, text) for name, text, _ in COSTS if any(shares.get(name) for shares in split)]
    columns: list[tuple[str, list[str]]] = [
        ("objective", ["–" if score is None else _signed(score) for score in scores])
    ]
    if costs:
        columns.append(("value", [_signed(shares["value"]) if shares else "–" for shares in split]))
    for name, text in costs:
        columns.append(
            (
                _HEADINGS.get(name, text.replace(" ", "\n", 1)),
                [_signed(-shares.get(name, 0.0), True) if shares else "–" for shares in split],
            )
        )
    for column, (heading, texts) in enumerate(columns):
        look: dict[str, Any] = {"fontweight": "bold"} if column == 0 else {"color": "#40464D"}
        for place, text in [*enumerate(texts), (len(texts) - 0.45, heading)]:
            axes.annotate(
                text,
                (1.0, place),
                xycoords=("axes fraction", "data"),
                xytext=(58 + 54 * column, 0),
                textcoords="offset points",
                ha="right",
                va="center" if isinstance(place, int) else "bottom",
                fontsize=9,
                annotation_clip=False,
                **look,
            )
    axes.set_ylim(-0.6, len(scores) - 0.4)


def _signed(share: float, plus: bool = False) -> str:
    """The share with sign and three decimals, four if it would round to zero."""
    sign = "−" if share < 0 else "+" if plus and share > 0 else ""
    size = f"{abs(share):.3f}"
    if size == "0.000" and share:
        size = f"{abs(share):.4f}"
    return f"{sign}{size}"


def _waiting(rows: list[tuple[str, dict[str, Any]]]) -> Figure:
    places = order([metrics for _, metrics in rows])
    rows = [rows[place] for place in reversed(places)]  # barh fills upwards
    runs = [metrics for _, metrics in rows]
    key = slowdown_key(runs)
    of_all = key == SLOWDOWN_OF_ALL
    whose = ",\nunfinished jobs counted up to the end of the run" if of_all else ""
    figure = style.new_figure(_height(len(rows)) + 0.2 * of_all)
    left, right = figure.subplots(1, 2, sharey=True)
    names = [name for name, _ in rows]
    slowdown = [number(metrics.get(key)) for metrics in runs]
    wait_s = [
        number(metrics.get("mean_wait_with_unfinished_s" if of_all else "mean_wait_s")) for metrics in runs
    ]
    largest_s = max([mean_s for mean_s in wait_s if mean_s is not None], default=0.0)
    unit_s, unit = next(
        ((size, name) for size, name in ((86400, "d"), (3600, "h"), (60, "min")) if largest_s >= 2 * size),
        (1, "s"),
    )
    _bars(left, names, slowdown, "#0072B2", f"mean bounded slowdown (1 is best){whose}")
    _bars(
        right,
        names,
        [None if mean_s is None else mean_s / unit_s for mean_s in wait_s],
        "#E69F00",
        f"mean wait ({unit}){whose}",
    )
    style.title(figure, f"Slowdown and wait by scheduler{_lowest(names, slowdown)}")
    return figure


def _lowest(names: list[str], slowdown: list[float | None]) -> str:
    """The title's text about the lowest slowdown, as rounded; the rows are sorted, the best last."""
    if slowdown[-1] is None or len(names) < 2:
        return ""
    first = [
        name
        for name, value in zip(names, slowdown, strict=True)
        if value is not None and _rounded(value) == _rounded(slowdown[-1])
    ][::-1]
    if len(first) == 1:
        return f": {first[0]} has the lowest slowdown"
    return f": {', '.join(first)} share the lowest slowdown" if len(first) < len(names) else ": all alike"


def _rounded(value: float) -> str:
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def _bars(axes: Axes, names: list[str], values: list[float | None], colour: str, text: str) -> None:
    """Bars from zero, or dots on a logarithmic axis for values of different magnitudes."""
    y = np.arange(len(names))
    numbers = [value for value in values if value is not None]
    positive = [value for value in numbers if value > 0]
    spread = bool(positive) and len(positive) == len(numbers) and max(positive) > 30 * min(positive)
    x = np.array([math.nan if value is None else value for value in values])
    if spread:
        axes.set_xscale("log")
        low, high = min(positive) / 1.6, max(positive)
        high *= max(4.0, (high / low) ** 0.25)  # room for the number beside the last dot
        axes.hlines(y, low, x, color=colour, linewidth=2, alpha=0.45)
        axes.plot(x, y, linestyle="none", marker="o", markersize=7, color=colour)
        axes.set_xlim(low, high)
        style.log_ticks(axes.xaxis, low, high)
        axes.set_xlabel(
            f"{text}, logarithmic" if "\n" not in text else text.replace(",\n", ", logarithmic,\n")
        )
    else:
        axes.barh(y, x, height=0.66, color=colour)
        axes.set_xlim(0, max(numbers, default=1.0) * 1.18 or 1.0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        axes.set_xlabel(text)
    for place, value in zip(y, values, strict=True):
        where = axes.get_xlim()[0] if value is None else value
        axes.annotate(
            "–" if value is None else _rounded(value),
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
