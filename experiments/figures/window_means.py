"""Figure of an evaluation: mean objectives, and paired differences to the baseline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.figures.drawing import style
from experiments.results.evaluated_names import is_unreal
from experiments.results.number_formats import cell
from experiments.results.statistics import Estimate
from experiments.results.window_results import Evaluation

MEAN, BETTER, WORSE, DOT = "#0072B2", "#009E73", "#D55E00", "#9AA5B1"
PRIVILEGED_COLOUR = "#CC79A7"  # of schedulers with knowledge of the future, and of the bound


def draw_windows(evaluation: Evaluation, stem: Path) -> list[Path]:
    """Write the figure as stem.png and stem.svg and return the two paths. InputError if that fails."""
    with style.drawing():
        return style.save(draw(evaluation), stem.parent, stem.name)


def draw(evaluation: Evaluation) -> Figure:
    """Left the mean objective of each scheduler with its interval, right the difference to the first one."""
    names = evaluation.ranked()[::-1]  # rows fill upwards
    base = evaluation.schedulers[0]
    figure = style.new_figure(float(np.clip(1.9 + 0.36 * len(names), 2.8, 16.0)))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.25, 1])
    _objectives(left, evaluation, names)
    _differences(right, evaluation, names, base)
    left.set_yticks(range(len(names)), [style.label(evaluation.labels[name], 32) for name in names])
    left.set_ylim(-0.6, len(names) - 0.4)
    for axes in (left, right):
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    style.title(figure, _title(evaluation, names[::-1], base))
    return figure


def _objectives(axes: Axes, evaluation: Evaluation, names: list[str]) -> None:
    spread = (np.arange(len(evaluation.windows)) * 0.618 % 1 - 0.5) * 0.44  # scattered, but reproducible
    for row, name in enumerate(names):
        values = evaluation.values(name, "objective")
        axes.plot(
            values, row + spread[: len(values)], ".", color=DOT, alpha=0.75, markersize=6.5, markeredgewidth=0
        )
    means = [evaluation.objective(name) for name in names]
    _intervals(axes, means, [PRIVILEGED_COLOUR if is_unreal(name) else MEAN for name in names])
    _numbers(axes, [cell(estimate.mean, ".3f") for estimate in means])
    count = len(evaluation.windows)
    dots = f"dots: the {count} windows" if count > 1 else "one window, hence no interval"
    unreal = "; pink: knows what nobody can" if any(map(is_unreal, names)) else ""
    axes.set_xlabel(f"objective (of the value offered): mean, 95 % interval;\n{dots}{unreal}")


def _differences(axes: Axes, evaluation: Evaluation, names: list[str], base: str) -> None:
    axes.axvline(0, color="#5A6068", linewidth=0.9)
    gains = [evaluation.difference(name, base) for name in names]
    colours = [_colour(gain) for gain in gains]
    _intervals(axes, gains, colours)
    texts = [
        "baseline" if name == base
        else "0.000" if gain.mean is not None and abs(gain.mean) < 5e-4
        else cell(gain.mean, "+.3f")
        for name, gain in zip(names, gains, strict=True)
    ]  # fmt: skip
    _numbers(axes, texts)
    name = style.label(evaluation.labels[base], 28)
    axes.set_xlabel(f"difference to {name} on the same windows,\nmean and 95 % interval")


def _colour(gain: Estimate) -> str:
    """BETTER or WORSE if the interval excludes 0, else neutral, also without an interval."""
    if gain.low is not None and gain.low > 0:
        return BETTER
    return WORSE if gain.high is not None and gain.high < 0 else style.NEUTRAL


def _intervals(axes: Axes, estimates: list[Estimate], colours: list[str]) -> None:
    for row, (estimate, colour) in enumerate(zip(estimates, colours, strict=True)):
        if estimate.mean is None:
            continue
        if estimate.low is not None and estimate.high is not None:
            axes.plot(
                [estimate.low, estimate.high], [row, row], color=colour, linewidth=2.4, solid_capstyle="butt"
            )
        axes.plot(estimate.mean, row, "o", color=colour, markersize=7, markeredgecolor="white")


def _numbers(axes: Axes, texts: list[str]) -> None:
    """Write the numbers of the dots to the right of the axes."""
    for row, text in enumerate(texts):
        axes.annotate(
            text.replace("-", "−"),
            (1.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            annotation_clip=False,
        )


def _title(evaluation: Evaluation, ranked: list[str], base: str) -> str:
    real = [name for name in ranked if not is_unreal(name)] or ranked
    best, among = real[0], "" if real[0] == ranked[0] else " of real schedulers"
    count = len(evaluation.windows)
    where = f"{style.label(evaluation.scenario, 30)}, {count} window{'s' if count > 1 else ''}"
    text = f"{where}: {style.label(evaluation.labels[best], 28)} has the highest mean{among or ' objective'}"
    gain = evaluation.difference(best, base)
    if best == base or gain.mean is None:
        return text
    sure = ", one window decides nothing" if gain.low is None else "" if gain.low > 0 else ", within chance"
    return f"{text}, {gain.mean:+.3f} over {style.label(evaluation.labels[base], 20)}{sure}"
