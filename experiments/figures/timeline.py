"""Power over time: who served the draw, what charged the battery, what was curtailed."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import style
from experiments.figures.steps import MOST_BINS, Steps, cut, mean_in, view
from experiments.figures.timeaxis import TimeAxis, time_axis
from experiments.runfolder import Run

DAY_S = 86400
LONG_S = 21 * DAY_S
DETAIL_DAYS = 5
# Bottom to top. The first three add up to the draw; the last two are supply that no job used.
PARTS = (
    ("renewable", "wind and sun used", style.RENEWABLE, None),
    ("discharge", "from battery", style.BATTERY, None),
    ("grid", "from grid", style.GRID, None),
    ("charge", "into battery", style.BATTERY, "////"),
    ("curtailed", "curtailed", style.CURTAILED, None),
)


def power_columns(power: pd.DataFrame) -> dict[str, np.ndarray]:
    """Watts by part of the stack, from power.csv's columns; `supply` is absent without a supply."""
    column = {
        name: power[name].fillna(0).to_numpy(dtype=float)
        for name in ("draw_w", "battery_w", "battery_wh", "grid_w", "curtailed_w")
    }
    discharge, grid = np.maximum(-column["battery_w"], 0), np.maximum(column["grid_w"], 0)
    parts = {
        "draw": column["draw_w"],
        "discharge": discharge,
        "grid": grid,
        "charge": np.maximum(column["battery_w"], 0),
        "curtailed": column["curtailed_w"],
        "content": column["battery_wh"],
        "renewable": np.maximum(column["draw_w"] - discharge - grid, 0),
    }
    if power["supply_w"].notna().any():
        parts["supply"] = power["supply_w"].fillna(0).to_numpy(dtype=float)
    return parts


def stack_power(axes: Axes, steps: Steps, axis: TimeAxis, legend: bool = True, extremes: bool = True) -> None:
    """Draw the stacked power of `steps` (made from `power_columns`) on `axes`."""
    x = axis.x(steps.edges_s)
    limited = "supply" in steps.mean
    parts = PARTS if limited else (("draw", "draw (unlimited supply)", style.NEUTRAL, None),)
    tops = np.sum([steps.mean[name] for name, *_ in parts], axis=0)
    factor, unit = style.watt_unit(float(max(tops.max(), steps.high["draw"].max())))
    base = np.zeros(len(x))
    for name, text, colour, hatch in parts:
        if not steps.mean[name].any():
            continue
        top = base + steps.line(name) / factor
        axes.fill_between(
            x,
            base,
            top,
            step="post",
            facecolor=colour,
            edgecolor="white",
            linewidth=0,
            hatch=hatch,
            label=text,
        )
        base = top
    if steps.width_s and extremes:
        for which, note in (("low", None), ("high", "draw, min and max")):  # a band would tint the parts
            axes.step(
                x,
                steps.line("draw", which) / factor,
                where="post",
                color=style.DRAW,
                linewidth=0.6,
                alpha=0.45,
                label=note,
            )
    if limited:
        axes.step(
            x,
            steps.line("supply") / factor,
            where="post",
            color=style.SUPPLY,
            linewidth=1.0,
            linestyle=(0, (4, 1.5)),
            label="supply",
        )
    axes.step(
        x,
        steps.line("draw") / factor,
        where="post",
        color=style.DRAW,
        linewidth=1.1,
        label="draw" if limited else None,
    )
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"power ({unit})")
    if legend:
        style.legend_above(axes)


def battery_panel(axes: Axes, steps: Steps, axis: TimeAxis) -> None:
    """Draw the battery's content, with its range in each bin when binned."""
    x = axis.x(steps.edges_s)
    factor, unit = style.watt_hour_unit(float(steps.high["content"].max()))
    if steps.width_s:
        axes.fill_between(
            x,
            steps.line("content", "low") / factor,
            steps.line("content", "high") / factor,
            step="post",
            color=style.BATTERY,
            alpha=0.35,
            linewidth=0,
        )
        axes.step(x, steps.line("content") / factor, where="post", color="#2B7FB0", linewidth=1.1)
    else:  # content is a straight line between changes, not a step
        axes.fill_between(x, 0, steps.line("content") / factor, color=style.BATTERY, alpha=0.35, linewidth=0)
        axes.plot(x, steps.line("content") / factor, color="#2B7FB0", linewidth=1.1)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"battery\n({unit})")


def mean_note(steps: Steps) -> str:
    """How the figure was thinned, for its title: ', means over 6 h', or nothing."""
    return f", means over {style.duration(steps.width_s)}" if steps.width_s else ""


def overview(run: Run) -> Steps | None:
    """The run's power for a whole-run panel: as it is, or in bins, a day wide when it is long.

    Bins of a day hold one night each, so that a long run shows seasons and load instead of stripes.
    """
    time_s = run.power["time_s"].to_numpy(dtype=float)
    long = len(time_s) > 0 and LONG_S < time_s[-1] - time_s[0] < MOST_BINS * DAY_S
    return view(time_s, power_columns(run.power), DAY_S if long else None)


def draw(run: Run) -> Figure:
    """Figure of supply, draw and curtailment over time, with the battery below if there is one.

    A run longer than three weeks gets another panel with its five busiest days in detail.
    """
    title, steps = f"Power under {style.label(run.scheduler)}", overview(run)
    if steps is None:
        return style.say(style.new_figure(3.0), title, "No time passed in this run.")
    axis = time_axis(run, steps.edges_s[0], steps.edges_s[-1])
    battery, long = bool(steps.high["content"].any()), bool(axis.end_s - axis.start_s > LONG_S)
    heights = [3.4] + [1.0] * battery + [3.4] * long
    figure = style.new_figure(1.4 + sum(heights) + 0.3 * len(heights))
    panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    stack_power(panels[0], steps, axis)
    style.title(figure, f"{title}: {_finding(steps)}{mean_note(steps)}")
    if battery:
        panels[1].sharex(panels[0])
        panels[0].tick_params(axis="x", labelbottom=False)
        battery_panel(panels[1], steps, axis)
    axis.dress(panels[int(battery)])
    if long:
        _detail(panels[-1], run, steps)
    return figure


def _detail(axes: Axes, run: Run, whole: Steps) -> None:
    """The five days in a row with the highest mean draw, at a finer grain."""
    time_s, start_s, end_s = run.power["time_s"].to_numpy(dtype=float), whole.edges_s[0], whole.edges_s[-1]
    columns = power_columns(run.power)
    starts_s = start_s + DAY_S * np.arange(int((end_s - start_s) // DAY_S) + 1)
    daily = mean_in(starts_s, time_s, columns["draw"])
    sums = np.convolve(daily, np.ones(DETAIL_DAYS), "valid")
    from_s = starts_s[int(np.argmax(sums))]
    steps = view(*cut(time_s, columns, from_s, from_s + DETAIL_DAYS * DAY_S))
    if steps is None:
        return
    axis = replace(time_axis(run, start_s, end_s), start_s=from_s, end_s=steps.edges_s[-1])
    stack_power(axes, steps, axis, legend=False)
    axis.dress(axes)
    axes.set_title(
        f"The {DETAIL_DAYS} days with the highest draw, from day {(from_s - start_s) / DAY_S:.0f}"
        + mean_note(steps),
        fontsize=10.5,
    )


def _finding(steps: Steps) -> str:
    if "supply" not in steps.mean:
        return "draw with unlimited supply"
    widths = np.diff(steps.edges_s)
    available = float(steps.mean["supply"] @ widths)
    if available <= 0:
        return "no wind or sun"
    return f"{float(steps.mean['curtailed'] @ widths) / available:.0%} of wind and sun curtailed"
