"""Figures of a launchpad: learning curves of each case, and the claims' differences with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.drawing import style
from experiments.launchpad.claims.result_facts import Facts

COLUMNS = 3
COLOURS = {"scratch": style.LINES[1], "handover": style.LINES[0]}
NAMES = {"scratch": "online from scratch", "handover": "offline, then online"}


def draw_figures(facts: Facts, out: Path) -> list[str]:
    """Write the figures into out/figures; returns their file stems. Figures without data are left out."""
    stems = []
    with style.drawing():
        for stem, figure in (("curves", _curves(facts)), ("gaps", _gaps(facts))):
            if figure is not None:
                style.save(figure, out / "figures", stem)
                stems.append(stem)
    return stems


def _curves(facts: Facts) -> Figure | None:
    cases = [case for case in facts.cases if facts.runs(case, "scratch") or facts.runs(case, "handover")]
    if not cases:
        return None
    columns = min(COLUMNS, len(cases))
    rows = math.ceil(len(cases) / columns)
    figure = style.new_figure(1.2 + 2.9 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(grid.ravel()):
        if place < len(cases):
            _curve_axes(axes, facts, cases[place], first=place % columns == 0)
        else:
            axes.set_axis_off()
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    style.title(figure, "Objective on the validation windows against online steps")
    return figure


def _curve_axes(axes: Axes, facts: Facts, case: Mapping[str, Any], first: bool) -> None:
    in_view: list[np.ndarray] = []
    for role, colour in COLOURS.items():
        curves = [np.array(run["curve"], float) for run in facts.runs(case, role)]
        if not curves:
            continue
        for curve in curves:
            axes.plot(curve[:, 0], curve[:, 1], color=colour, linewidth=0.8, alpha=0.45)
        steps = curves[0][:, 0]
        mean = np.mean([np.interp(steps, curve[:, 0], curve[:, 1]) for curve in curves], axis=0)
        axes.plot(steps, mean, color=colour, linewidth=2.2, label=f"{NAMES[role]} (thin: each seed)")
        in_view += [curve[curve[:, 0] >= 0.05 * curve[-1, 0], 1] for curve in curves]
        in_view.append(curves[0][:1, 1] if role == "handover" else np.array([]))
    best = case["validation"][case["best"]]
    axes.axhline(best, color=style.NEUTRAL, linewidth=1.2, linestyle=(0, (4, 3)), label="best heuristic")
    together = np.concatenate([*in_view, [best]])
    low, high = float(together.min()), float(together.max())
    room = 0.1 * max(high - low, 0.02)
    axes.set_ylim(low - room, high + room)  # the first steps of an untrained network may leave the picture
    axes.set_title(style.label(case["name"], 28), fontsize=10.5)
    style.thousands(axes.xaxis)
    axes.set_xlabel("online steps")
    if first:
        axes.set_ylabel("mean objective")


def _gaps(facts: Facts) -> Figure | None:
    """Mean objectives on the test windows of each case: heuristic, learned policies, oracle and bound."""
    rows = [(case["name"], levels(facts, case)) for case in facts.cases]
    rows = [(name, means) for name, means in rows if len(means) > 1]
    if not rows:
        return None
    figure = style.new_figure(1.5 + 0.42 * len(rows))
    axes = figure.subplots()
    kinds = list(dict.fromkeys(kind for _, means in rows for kind in means))
    order = [kind for kind in LEVELS if kind in kinds]
    for kind in order:
        colour, marker = LEVELS[kind]
        points = [(means[kind], place) for place, (_, means) in enumerate(rows) if kind in means]
        axes.plot(
            *zip(*points, strict=True), marker, color=colour, label=kind, markersize=7, linestyle="none"
        )
    axes.set_yticks(range(len(rows)), [style.label(name, 28) for name, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("mean objective, test windows")
    style.legend_above(axes)
    style.title(figure, "How far from oracle and bound")
    return figure


LEVELS = {
    "best heuristic": (style.NEUTRAL, "D"),
    "offline": (style.LINES[2], "^"),
    "online from scratch": (style.LINES[1], "s"),
    "offline, then online": (style.LINES[0], "o"),
    "oracle": (style.LINES[6], "*"),
    "bound": (style.LINES[6], "|"),
}


def levels(facts: Facts, case: Mapping[str, Any]) -> dict[str, float]:
    """Mean objective on the test windows of each kind (LEVELS) with results."""
    values_of: dict[str, Sequence[np.ndarray]] = {
        "best heuristic": list(facts.best(case, (0,)).values()),
        "offline": list(facts.hand_offline(case).values()),
        "online from scratch": list(facts.seeded(case, "scratch").values()),
        "offline, then online": list(facts.seeded(case, "handover").values()),
    }
    for name, scheduler in (("oracle", facts.experiment["judge"]["oracle"]), ("bound", "bound")):
        values = facts.reference(case, scheduler)
        values_of[name] = [] if values is None else [values]
    return {name: float(np.nanmean(np.stack(values))) for name, values in values_of.items() if len(values)}
