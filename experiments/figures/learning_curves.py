"""Learning curves: objective on the validation windows against updates or environment steps."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.drawing import style
from schedulers.training.journal import read_rows
from traces.errors import InputError
from traces.files.documents import read_json, reading

XLABELS = {"offline": "updates", "online": "environment steps"}


@dataclass(frozen=True)
class Curve:
    """The learning curve of a run: step (N,), objective (N,), and its labels."""

    name: str
    kind: str
    scenario: str
    seed: int
    step: np.ndarray
    objective: np.ndarray


def draw_learning(
    run_folders: Sequence[str | Path], out: str | Path, baselines: Mapping[str, float] | None = None
) -> list[Path]:
    """Write the curves of these runs as out.png and out.svg and return the paths.

    baselines: objectives of schedulers, drawn as horizontal lines. InputError if a folder is no training run
    or holds no validation yet, or if the figure cannot be written.
    """
    curves = [read_curve(Path(folder)) for folder in run_folders]
    out = Path(out)
    with style.drawing():
        return style.save(draw(curves, baselines or {}), out.parent, out.name)


def read_curve(folder: Path) -> Curve:
    """The learning curve of a run folder. InputError if it has none."""
    with reading(folder):
        return _curve(folder)


def _curve(folder: Path) -> Curve:
    try:
        config = read_json(folder / "config.json", remedy="name a folder of `rare train`")
        rows = [row for row in read_rows(folder) if row.get("objective")]
        step = np.array([float(row["step"]) for row in rows])
        objective = np.array([float(row["objective"]) for row in rows])
        kind, scenario, seed = config["kind"], config["scenario"], int(config["seed"])
        name = f"{config['algorithm']}"
    except InputError:
        raise
    except (ValueError, OverflowError, KeyError, TypeError, csv.Error) as error:
        raise InputError(f"{folder}: is no training run ({error}); name a folder of `rare train`") from None
    if not len(step):
        raise InputError(f"{folder}: holds no validation yet; wait for the first one")
    return Curve(name, kind, scenario, seed, step, objective)


def draw(curves: Sequence[Curve], baselines: Mapping[str, float]) -> Figure:
    """A line per run, a colour per algorithm; a ring marks the best validation."""
    figure = style.new_figure(4.6)
    axes = figure.subplots()
    names = list(dict.fromkeys(curve.name for curve in curves))
    colours = {name: style.LINES[place % len(style.LINES)] for place, name in enumerate(names)}
    for curve in curves:
        best = int(np.nanargmax(curve.objective))
        axes.plot(curve.step, curve.objective, color=colours[curve.name], linewidth=1.6)
        axes.plot(
            curve.step[best], curve.objective[best], "o", markersize=7, markerfacecolor="white",
            markeredgecolor=colours[curve.name], markeredgewidth=1.6, zorder=4,
        )  # fmt: skip
    _limits(axes, curves, baselines)
    _baselines(axes, baselines)
    handles = [axes.plot([], [], color=colours[name], label=style.label(name, 30))[0] for name in names]
    handles += axes.plot(
        [], [], "o", markerfacecolor="white", markeredgecolor="#5A6068", label="best: the checkpoint kept"
    )
    style.legend_above(axes, handles)
    axes.set_xlabel(" and ".join(dict.fromkeys(XLABELS.get(curve.kind, "steps") for curve in curves)))
    axes.set_ylabel("mean objective, validation windows")
    style.thousands(axes.xaxis)
    style.title(figure, _title(curves))
    return figure


def _limits(axes: Axes, curves: Sequence[Curve], baselines: Mapping[str, float]) -> None:
    """Set the limits of the axes by the later steps; those of an untrained network may be outside."""
    last = max(float(curve.step[-1]) for curve in curves)
    axes.set_xlim(0, last * 1.02 or 1.0)
    later = [curve.objective[curve.step >= 0.05 * last] for curve in curves]
    in_view = np.concatenate([*later, list(baselines.values())])
    in_view = in_view[np.isfinite(in_view)]
    low, high = float(in_view.min()), float(in_view.max())
    room = 0.12 * max(high - low, 0.02)
    axes.set_ylim(low - room, high + room)


def _baselines(axes: Axes, baselines: Mapping[str, float]) -> None:
    """Draw horizontal lines with labels at the right end, moved apart if they would overlap."""
    low, high = axes.get_ylim()
    least, above = 0.045 * (high - low), -np.inf
    for name, objective in sorted(baselines.items(), key=lambda pair: pair[1]):
        axes.axhline(objective, color=style.NEUTRAL, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        above = max(objective, above + least)
        axes.annotate(
            f"{style.label(name, 26)} {objective:.3f}", (1.005, above), xycoords=("axes fraction", "data"),
            va="center", fontsize=9, color="#5A6068", annotation_clip=False,
        )  # fmt: skip


def _title(curves: Sequence[Curve]) -> str:
    best = max(curves, key=lambda curve: float(np.nanmax(curve.objective)))
    reached = float(np.nanmax(best.objective))
    at = best.step[int(np.nanargmax(best.objective))]
    scenarios = ", ".join(dict.fromkeys(curve.scenario for curve in curves))
    runs = f"{len(curves)} runs, best {best.name}" if len(curves) > 1 else best.name
    unit = XLABELS.get(best.kind, "steps")
    return f"{style.label(scenarios, 40)}: {runs}, objective {reached:.3f} at {at:,.0f} {unit}"
