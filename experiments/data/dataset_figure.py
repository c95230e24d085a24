"""Figure of a dataset: returns, actions, and numbers of different actions by cluster of states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.data.show_dataset import name_of
from experiments.figures.drawing import style
from experiments.results.scheduler_labels import short_label

if TYPE_CHECKING:
    from experiments.data.show_dataset import DatasetSummary

TAKEN_COLOUR, VALID_COLOUR = "#0072B2", "#C4CAD0"
MOST_LISTED = 8
GROUP_STARTS = (1, 2, 3, 5, 9, 17, 33)  # first numbers of different actions of the groups


def draw_dataset(summary: DatasetSummary, folder: Path) -> list[Path]:
    """Write dataset.png and dataset.svg into the folder and return the paths. InputError if that fails."""
    with style.drawing():
        return style.save(draw(summary), folder, "dataset")


def draw(summary: DatasetSummary) -> Figure:
    """The figure: returns and coverage above, actions below."""
    figure = style.new_figure(6.6)
    axes = figure.subplot_mosaic([["returns", "coverage"], ["actions", "actions"]])
    _returns(axes["returns"], summary)
    _coverage(axes["coverage"], summary)
    _actions(axes["actions"], summary)
    sheet = summary.sheet
    style.title(
        figure,
        f"{style.label(name_of(summary), 30)}: {sheet['episodes']:,} episodes, "
        f"{sheet['transitions']:,} decisions; several kinds of action in "
        f"{summary.coverage.several_kinds:.0%} of the revisited states",
    )
    return figure


def _returns(axes: Axes, summary: DatasetSummary) -> None:
    by_scheduler = [(name, values) for name, values in summary.returns.items() if len(values)]
    all_returns = np.concatenate([values for _, values in by_scheduler])
    low, high = float(all_returns.min()), float(all_returns.max())
    edges = np.linspace(low, high if high > low else low + 1e-9, 25)
    axes.hist(
        [values for _, values in by_scheduler[:MOST_LISTED]],
        list(edges),
        stacked=True,
        color=list(style.LINES[: len(by_scheduler[:MOST_LISTED])]),
        label=[style.label(short_label(name), 26) for name, _ in by_scheduler[:MOST_LISTED]],
    )
    axes.legend(fontsize=8)
    axes.set_xlabel("return of an episode (objective)")
    axes.set_ylabel("episodes")
    style.thousands(axes.yaxis)


def _coverage(axes: Axes, summary: DatasetSummary) -> None:
    coverage = summary.coverage
    group = np.searchsorted(GROUP_STARTS, coverage.different, side="right") - 1
    clusters = np.bincount(group, minlength=len(GROUP_STARTS)) / coverage.clusters
    decisions = np.bincount(group, coverage.visits, minlength=len(GROUP_STARTS)) / coverage.visits.sum()
    places = np.arange(len(GROUP_STARTS))
    axes.bar(places - 0.2, clusters, 0.4, color=VALID_COLOUR, label="clusters of states")
    axes.bar(places + 0.2, decisions, 0.4, color=TAKEN_COLOUR, label="decisions made in them")
    axes.set_xticks(places, _spans(GROUP_STARTS))
    axes.grid(axis="x", visible=False)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_ylim(0, 1.3 * float(max(clusters.max(), decisions.max())))
    axes.legend(fontsize=8, ncols=2, loc="upper left")
    axes.set_xlabel("different actions taken in the same cluster of states")


def _spans(firsts: tuple[int, ...]) -> list[str]:
    """Labels of ranges of whole numbers by their first numbers: (1, 2, 4) -> 1, 2-3, 4+."""
    pairs = zip(firsts[:-1], firsts[1:], strict=True)
    inner = [f"{low}" if following == low + 1 else f"{low}-{following - 1}" for low, following in pairs]
    return [*inner, f"{firsts[-1]}+"]


def _actions(axes: Axes, summary: DatasetSummary) -> None:
    total = summary.taken.sum()
    places = np.arange(len(summary.taken))
    axes.bar(places, summary.valid / total, 1.0, color=VALID_COLOUR, label="valid")
    axes.bar(places, summary.taken / total, 1.0, color=TAKEN_COLOUR, label="taken")
    axes.set_yscale("symlog", linthresh=1e-3)
    axes.set_ylim(0, 1.3)
    axes.set_yticks([0, 0.001, 0.01, 0.1, 1], ["0", "0.1 %", "1 %", "10 %", "100 %"])
    axes.set_ylabel("share of decisions")
    slots = summary.layout.queue_slots
    axes.axvline(slots + 0.5, color="#5A6068", linewidth=0.8)
    axes.set_xlim(-0.5, len(summary.taken) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set_xlabel(
        f"action: 0 waits, 1 to {slots} start the job in that queue slot, from {slots + 1} on they give up a "
        f"running job{', make it slower or faster' if summary.layout.levels else ''}"
    )
    style.legend_above(axes)
