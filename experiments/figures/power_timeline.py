"""Figure of power over time: sources of the draw, battery charge, curtailment, and prices."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from experiments.figures.drawing import style
from experiments.figures.drawing.step_functions import MOST_BINS, Steps, cut, mean_in, view
from experiments.figures.drawing.time_axis import TimeAxis, time_axis
from experiments.figures.side_panels import rate_columns, side_panels
from experiments.results.run_folder import Run

DAY_S = 86400
LONG_S = 21 * DAY_S  # longer runs have another panel with some days in detail
NIGHTS_S = 45 * DAY_S  # up to this length, bins resolve day and night
DETAIL_DAYS = 5
MOST_HIDDEN = 0.1
Part = tuple[str, str, str, str | None]
# Bottom to top: sources of the draw, up to the line of the draw.
SERVED: tuple[Part, ...] = (
    ("renewable", "wind and sun used", style.RENEWABLE, None),
    ("discharge", "from battery", style.BATTERY, None),
    ("grid", "from grid", style.GRID, None),
)
# Away from the draw: supply that no job used, up to the line of the supply.
SURPLUS: tuple[Part, ...] = (
    ("charge", "into battery", style.BATTERY, "////"),
    ("curtailed", "curtailed", style.CURTAILED, None),
)
IMPORTED: Part = ("grid_charge", "grid into battery", style.GRID, "////")


def power_columns(power: pd.DataFrame) -> dict[str, np.ndarray]:
    """Watts by part of the stack, from power.csv's columns; `supply` is absent without a supply.

    draw = renewable + discharge + grid; supply = renewable + charge + curtailed; the import is
    grid + grid_charge. Where the grid imports while the battery charges, renewables serve the draw first.
    """
    column = {
        name: power[name].fillna(0).to_numpy(dtype=float)
        for name in ("supply_w", "draw_w", "battery_w", "battery_wh", "grid_w", "curtailed_w")
    }
    discharge, charge = np.maximum(-column["battery_w"], 0), np.maximum(column["battery_w"], 0)
    imported = np.maximum(column["grid_w"], 0)
    without_battery = column["draw_w"] - discharge  # from wind, sun and grid together
    charging_on_grid = (imported > 0) & (charge > 0)
    offered = np.maximum(column["supply_w"] - column["curtailed_w"], 0)
    renewable = np.maximum(
        np.where(charging_on_grid, np.minimum(without_battery, offered), without_battery - imported), 0
    )
    grid = np.maximum(without_battery - renewable, 0)
    grid_charge = np.where(charging_on_grid, np.clip(imported - grid, 0, charge), 0.0)
    parts = {
        "draw": column["draw_w"],
        "renewable": renewable,
        "discharge": discharge,
        "grid": grid,
        "charge": charge - grid_charge,
        "curtailed": column["curtailed_w"],
        "grid_charge": grid_charge,
        "content": column["battery_wh"],
    }
    if power["supply_w"].notna().any():
        parts["supply"] = column["supply_w"]
    return parts


def hides_surplus(steps: Steps) -> bool:
    """Whether the area between draw and supply would show less than nine tenths of the surplus.

    This happens if a bin averages nights with days, or if the grid serves first.
    """
    if "supply" not in steps.mean:
        return False
    widths = np.diff(steps.edges_s)
    surplus = steps.mean["charge"] + steps.mean["curtailed"]
    room = np.maximum(steps.mean["supply"] - steps.mean["draw"], 0)
    return float(np.maximum(surplus - room, 0) @ widths) > MOST_HIDDEN * float(surplus @ widths)


def stack_power(axes: Axes, steps: Steps, axis: TimeAxis, legend: bool = True, extremes: bool = True) -> None:
    """Draw the power of `steps` (made from `power_columns`) on `axes`.

    Sources up to the draw; from there to the supply, battery charge and curtailment. These are below zero
    instead if the area above would hide much of them (`hides_surplus`).
    """
    x = axis.x(steps.edges_s)
    limited = "supply" in steps.mean or steps.high["content"].any()
    below = hides_surplus(steps)
    draw = steps.mean["draw"]
    room = np.maximum(steps.mean["supply"] - draw, 0) if "supply" in steps.mean else np.zeros(len(draw))
    surplus = np.sum([steps.mean[name] for name, *_ in SURPLUS], axis=0)
    tops = np.maximum(draw, steps.mean.get("supply", draw)) + steps.mean["grid_charge"]
    factor, unit = style.watt_unit(float(max(tops.max(), surplus.max(), steps.high["draw"].max())))
    if not limited:
        served: tuple[Part, ...] = (("draw", "draw (unlimited supply)", style.NEUTRAL, None),)
        _stack(axes, x, served, steps.mean, np.zeros(len(draw)), factor)
    else:
        _stack(axes, x, SERVED, steps.mean, np.zeros(len(draw)), factor)
        if below:
            drawn_below = {name: -steps.mean[name] for name, *_ in (*SURPLUS, IMPORTED)}
            _stack(axes, x, (*SURPLUS, IMPORTED), drawn_below, np.zeros(len(draw)), factor)
        else:
            share = np.divide(np.minimum(room, surplus), surplus, out=np.zeros(len(draw)), where=surplus > 0)
            drawn_above = {name: steps.mean[name] * share for name, *_ in SURPLUS}
            top = _stack(axes, x, SURPLUS, drawn_above, draw, factor)
            _stack(axes, x, (IMPORTED,), steps.mean, top, factor)
    if steps.width_s and extremes:
        for which, note in (
            ("low", None),
            ("high", "draw, min and max"),
        ):  # lines, because a band would cover the parts
            axes.step(
                x,
                steps.line("draw", which) / factor,
                where="post",
                color=style.DRAW,
                linewidth=0.6,
                alpha=0.45,
                label=note,
            )
    if "supply" in steps.mean:
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
    if below:
        axes.axhline(0, color="#5A6068", linewidth=0.8)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):g}"))
    else:
        axes.set_ylim(bottom=0)
    axes.set_ylabel(f"power ({unit}),\nunused below 0" if below else f"power ({unit})")
    if legend:
        style.legend_above(axes)


def _stack(
    axes: Axes,
    x: np.ndarray,
    parts: tuple[Part, ...],
    mean: dict[str, np.ndarray],
    base: np.ndarray,
    factor: float,
) -> np.ndarray:
    """Fill the parts on top of each other from `base` [W] on; returns the top of the last one [W]."""
    for name, text, colour, hatch in parts:
        if not mean[name].any():
            continue
        top = base + mean[name]
        axes.fill_between(
            x,
            np.append(base, base[-1]) / factor,
            np.append(top, top[-1]) / factor,
            step="post",
            facecolor=colour,
            edgecolor="white",
            linewidth=0,
            hatch=hatch,
            label=text,
        )
        base = top
    return base


def mean_note(steps: Steps) -> str:
    """The text for the title about bins, such as ', means over 6 h'; empty without bins."""
    return f", means over {style.duration(steps.width_s)}" if steps.width_s else ""


def overview(run: Run) -> Steps | None:
    """The power of the whole run: every step, or means over bins; None if no time passed.

    Up to about six weeks the bins are hours, which resolves days; in longer runs they are days, each with one
    night, so that seasons and load are visible.
    """
    time_s = run.power["time_s"].to_numpy(dtype=float)
    long = len(time_s) > 0 and NIGHTS_S < time_s[-1] - time_s[0] < MOST_BINS * DAY_S
    return view(time_s, power_columns(run.power) | rate_columns(run.power), DAY_S if long else None)


def draw(run: Run) -> Figure:
    """Figure of supply, draw and curtailment; below it the battery, the price and the carbon intensity.

    A run longer than three weeks has no prices but another panel with its five busiest days in detail.
    """
    title, steps = f"Power under {style.label(run.scheduler)}", overview(run)
    if steps is None:
        return style.say(style.new_figure(3.0), title, "No time passed in this run.")
    axis = time_axis(run, steps.edges_s[0], steps.edges_s[-1])
    long = bool(axis.end_s - axis.start_s > LONG_S)
    below = side_panels(run, steps, rates=not long)
    heights = [3.4, *(height for height, _ in below)] + [3.4] * long
    figure = style.new_figure(1.4 + sum(heights) + 0.15 * len(heights))
    panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    stack_power(panels[0], steps, axis)
    style.title(figure, f"{title}: {_finding(steps)}{mean_note(steps)}")
    for place, (_, draw_panel) in enumerate(below, 1):
        panels[place].sharex(panels[0])
        panels[place - 1].tick_params(axis="x", labelbottom=False)
        draw_panel(panels[place], steps, axis)
    axis.dress(panels[len(below)])
    figure.align_ylabels(panels[: len(below) + 1])
    if long:
        _detail(panels[-1], run, steps)
    return figure


def _detail(axes: Axes, run: Run, overall: Steps) -> None:
    """Draw the five consecutive days with the highest mean draw, at a finer resolution."""
    time_s, start_s, end_s = (
        run.power["time_s"].to_numpy(dtype=float),
        overall.edges_s[0],
        overall.edges_s[-1],
    )
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
