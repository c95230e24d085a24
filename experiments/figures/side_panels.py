"""Panels below the power figure: the battery's content, and the grid's price and carbon intensity."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.drawing import style
from experiments.figures.drawing.step_functions import Steps
from experiments.figures.drawing.time_axis import TimeAxis
from experiments.results.ranking import number
from experiments.results.run_folder import Run

Panel = tuple[float, Callable[[Axes, Steps, TimeAxis], None]]  # height in inches, and the drawing function
CONTENT = "#2B7FB0"
PRICE, CARBON = "#7B5EA7", "#5A6068"


def rate_columns(power: pd.DataFrame) -> dict[str, np.ndarray]:
    """`price` and `carbon` of power.csv by row; those that are unknown or constant are left out."""
    columns = {}
    for name, column in (("price", "price_per_kwh"), ("carbon", "carbon_g_per_kwh")):
        if column in power.columns and power[column].notna().any():
            values = power[column].ffill().bfill().to_numpy(dtype=float)
            if np.ptp(values) > 0:
                columns[name] = values
    return columns


def side_panels(run: Run, steps: Steps, rates: bool = True) -> list[Panel]:
    """The panels with data in this run, top to bottom; without `rates` only the battery."""
    panels: list[Panel] = []
    if steps.high["content"].any():
        panels.append((1.0, partial(_battery, capacity_wh=_capacity_wh(run.config))))
    for name, colour, text in (
        ("price", PRICE, f"price\n({_currency(run.config)}/kWh)"),
        ("carbon", CARBON, "carbon\n(g/kWh)"),
    ):
        if rates and name in steps.mean:
            panels.append((0.9, partial(_rate, name=name, colour=colour, text=text)))
    return panels


def _battery(axes: Axes, steps: Steps, axis: TimeAxis, capacity_wh: float | None) -> None:
    """The battery's content, with its range in each bin when binned."""
    x = axis.x(steps.edges_s)
    if capacity_wh is None:
        factor, unit = style.watt_hour_unit(float(steps.high["content"].max()))
        axes.set_ylim(bottom=0)
    else:
        size, name = style.watt_hour_unit(capacity_wh)
        factor, unit = capacity_wh / 100, f"% of {capacity_wh / size:.3g} {name}"
        axes.set_ylim(0, 103)
        axes.set_yticks([0, 50, 100])
    look: Any = {"color": style.BATTERY, "alpha": 0.35, "linewidth": 0}
    line = steps.line("content") / factor
    if steps.width_s:
        low, high = (steps.line("content", which) / factor for which in ("low", "high"))
        axes.fill_between(x, low, high, step="post", **look)
        axes.step(x, line, where="post", color=CONTENT, linewidth=1.1)
    else:  # content is a straight line between changes, not a step
        axes.fill_between(x, 0, line, **look)
        axes.plot(x, line, color=CONTENT, linewidth=1.1)
    axes.set_ylabel(f"battery\n({unit})", fontsize=9)


def _rate(axes: Axes, steps: Steps, axis: TimeAxis, name: str, colour: str, text: str) -> None:
    """A price or a carbon intensity; the axis includes 0, because prices can be negative."""
    x, line = axis.x(steps.edges_s), steps.line(name)
    axes.fill_between(x, 0, line, step="post", color=colour, alpha=0.15, linewidth=0)
    axes.step(x, line, where="post", color=colour, linewidth=1.1)
    if line.min() >= 0:
        axes.set_ylim(bottom=0)
    else:
        axes.axhline(0, color="#5A6068", linewidth=0.8)
    axes.locator_params(axis="y", nbins=4)
    axes.set_ylabel(text, fontsize=9)


def _capacity_wh(config: dict[str, Any]) -> float | None:
    resolved = config.get("resolved")
    capacity_kwh = number(resolved.get("battery_kwh")) if isinstance(resolved, dict) else None
    if capacity_kwh is None or not 0 < capacity_kwh < 1e12:
        return None
    return capacity_kwh * 1000


def _currency(config: dict[str, Any]) -> str:
    """The currency of the run, or "money" if it has none."""
    grid = config.get("grid")
    currency = grid.get("currency") if isinstance(grid, dict) else None
    return style.label(currency, 8) if isinstance(currency, str) and currency else "money"
