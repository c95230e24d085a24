"""Figure of the distribution of bounded slowdown."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.figures.drawing import style
from experiments.results.ranking import not_arrived
from experiments.results.run_folder import Compare, Run

SHORTEST_WORK_S = 10.0
MOST_POINTS = 1500
NOT_REACHED = "not reached"
NOT_ADMITTED = ("rejected", "cancelled", "dropped", "held")


def bounded_slowdown(run: Run) -> tuple[np.ndarray, int]:
    """Sorted bounded slowdown of the completed jobs, and the number of jobs that arrived, were admitted
    and not cancelled.

    Bounded slowdown is max(1, (end - arrival) / max(work, 10 s)). Empty without a work_s column.
    """
    jobs = run.jobs
    held = int(jobs["status"].eq("held").sum())
    late = min(not_arrived(run.metrics) - held, int(jobs["status"].eq("unfinished").sum()))
    admitted = int((~jobs["status"].isin(NOT_ADMITTED)).sum()) - late
    if "work_s" not in jobs.columns:
        return np.zeros(0), admitted
    completed = jobs[jobs["status"].eq("completed") & jobs["end_s"].notna() & jobs["work_s"].notna()]
    came_s = completed["arrival_s" if "arrival_s" in jobs.columns else "submit_s"]
    took_s = (completed["end_s"] - came_s).to_numpy(dtype=float)
    slowdown = np.maximum(
        1.0, took_s / np.maximum(completed["work_s"].to_numpy(dtype=float), SHORTEST_WORK_S)
    )
    return np.sort(slowdown), admitted


def draw(run: Run) -> Figure:
    """Figure of the share of jobs whose bounded slowdown is at most x."""
    return _draw([(style.label(run.scheduler), *bounded_slowdown(run))])


def draw_compare(compare: Compare) -> Figure:
    """`draw` with one line per scheduler, best median first in the legend."""
    curves = [
        (style.label(name), *bounded_slowdown(run))
        for name, run in zip(compare.labels, compare.runs, strict=True)
    ]
    return _draw(curves)


def _draw(curves: list[tuple[str, np.ndarray, int]]) -> Figure:
    several = len(curves) > 1
    title = "Slowdown of jobs" + ("" if several else f" under {curves[0][0]}")
    curves = sorted((curve for curve in curves if len(curve[1])), key=_rank)
    if not curves:
        return style.say(
            style.new_figure(3.0), title, "No job was completed, so there is no slowdown to show."
        )
    figure = style.new_figure(4.6)
    axes = figure.subplots()
    most = len(style.LINES)
    for place, (name, slowdown, admitted) in reversed(list(enumerate(curves))):
        line = (
            {
                "color": style.LINES[place],
                "linestyle": style.DASHES[place],
                "linewidth": 1.7,
                "label": f"{name}   {_median(slowdown, admitted)}",
            }
            if place < most
            else {"color": style.WAITING, "linewidth": 1.0, "linestyle": "-", "label": None}
        )
        x, y = _curve(slowdown, admitted)
        axes.step(x, y, where="post", zorder=3 if place < most else 2, **line)
    _dress(axes, curves)
    if several:
        handles, names = axes.get_legend_handles_labels()
        handles, names = handles[::-1], names[::-1]
        if len(curves) > most:
            handles.append(axes.lines[0])
            names.append(f"{len(curves) - most} more, slower")
        axes.legend(
            handles,
            names,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            title="scheduler   median",
            alignment="left",
            borderaxespad=0,
        )
        style.title(figure, f"{title}{_lowest(curves)}")
    else:
        style.title(figure, f"{title}: median {_median(*curves[0][1:])}")
    return figure


def _lowest(curves: list[tuple[str, np.ndarray, int]]) -> str:
    """The title's text about the lowest median, as rounded."""
    medians = [_median(slowdown, admitted) for _, slowdown, admitted in curves]
    if medians[0] == NOT_REACHED:
        return ": no scheduler completed half of the jobs that came"
    first = [curve[0] for curve, median in zip(curves, medians, strict=True) if median == medians[0]]
    if len(first) == 1:
        return f": {first[0]} has the lowest median"
    return (
        f": {', '.join(first)} share the lowest median" if len(first) < len(curves) else ": medians are alike"
    )


def _rank(curve: tuple[str, np.ndarray, int]) -> tuple[float, float]:
    """Sort key: median over all admitted jobs, then the mean logarithm of slowdown."""
    _, slowdown, admitted = curve
    area = float(np.log10(slowdown).sum()) + (admitted - len(slowdown)) * 12
    return _middle(slowdown, admitted), area / max(admitted, 1)


def _middle(slowdown: np.ndarray, admitted: int) -> float:
    place = (max(admitted, len(slowdown)) - 1) // 2
    return float(slowdown[place]) if place < len(slowdown) else float("inf")


def _median(slowdown: np.ndarray, admitted: int) -> str:
    middle = _middle(slowdown, admitted)
    if not np.isfinite(middle):
        return NOT_REACHED
    return f"{middle:.2f}" if middle < 100 else f"{middle:,.0f}"


def _curve(slowdown: np.ndarray, admitted: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of the cumulative curve, thinned evenly in x so that no visible step is lost."""
    values, counts = np.unique(slowdown, return_counts=True)
    share = np.cumsum(counts) / max(admitted, len(slowdown))
    if len(values) > MOST_POINTS:
        grid = np.geomspace(values[0], values[-1], MOST_POINTS)
        thinned = np.unique(np.append(np.searchsorted(values, grid, side="right") - 1, len(values) - 1))
        values, share = values[thinned], share[thinned]
    return np.concatenate(([1.0], values)), np.concatenate(([0.0], share))


def _dress(axes: Axes, curves: list[tuple[str, np.ndarray, int]]) -> None:
    largest = max(float(slowdown[-1]) for _, slowdown, _ in curves)
    axes.set_xscale("log")
    axes.set_xlim(0.97, max(largest * 1.1, 3.0))
    style.log_ticks(axes.xaxis, *axes.get_xlim())
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("share of jobs with at most this slowdown")
    axes.set_xlabel("bounded slowdown: time from submission to end / work (at least 10 s), logarithmic")
    lost = [1 - len(slowdown) / admitted for _, slowdown, admitted in curves if admitted]
    if lost and max(lost) >= 0.005:
        axes.text(
            0.99,
            0.03,
            "A curve that ends below 100 % left jobs unfinished or dropped them.",
            transform=axes.transAxes,
            ha="right",
            fontsize=9,
            color="#5A6068",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2},
        )
