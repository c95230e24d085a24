"""Figure of grid events: the draw around each of them, its limit, and the draw at the notice."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.figures.drawing import panels, style
from experiments.figures.drawing.step_functions import cut
from experiments.results.run_folder import Run

MOST_PANELS, MOST_COLUMNS = 9, 3
LIMIT, NOTICE, EVENT = style.GRID, "#F3E2B3", "#F6D5C3"
HEIGHT_IN, MARGIN = 2.15, 0.25


def draw(run: Run) -> Figure:
    """A panel for each event, with time from its start on; of more than nine, those that shed the most."""
    title = f"Grid events under {style.label(run.scheduler)}"
    table = run.grid_events
    shown = chosen(table) if table is not None else pd.DataFrame()
    if table is None or shown.empty or len(run.power) < 2:
        return style.say(style.new_figure(3.0), title, "No grid event began in this run.")
    columns = 2 if len(shown) == 4 else min(MOST_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = style.new_figure(0.9 + (HEIGHT_IN if columns > 1 else 1.6 * HEIGHT_IN) * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    factor, unit = style.watt_unit(float(run.power["draw_w"].max()))
    for place, (axes, (_, event)) in enumerate(zip(grid, shown.iterrows(), strict=False)):
        _panel(axes, run, event, factor)
        if place % columns == 0:
            axes.set_ylabel(f"draw ({unit})")
        axes.set_title(_heading(event), fontsize=panels.TITLE_POINTS.get(columns, 9))
    panels.head(figure, title + _finding(table, len(shown)), _handles())
    return figure


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """The events to draw, by start: all that began, or those that shed the most."""
    began = table[table["jobs"].notna()]
    if len(began) <= MOST_PANELS:
        return began
    return began.loc[began["shed_kwh"].fillna(0).nlargest(MOST_PANELS).index].sort_index()


def _panel(axes: Axes, run: Run, event: pd.Series, factor: float) -> None:
    power_s, draw_w = run.power["time_s"].to_numpy(dtype=float), run.power["draw_w"].to_numpy(dtype=float)
    start_s, end_s, notice_s = (float(event[name]) for name in ("start_s", "end_s", "notice_s"))
    length_s = end_s - start_s
    from_s = max(min(notice_s, start_s) - MARGIN * length_s, power_s[0])
    to_s = min(end_s + length_s, power_s[-1])
    unit_s, unit = (3600, "h") if to_s - from_s > 7200 else (60, "min")
    times_s, columns = cut(power_s, {"draw": draw_w}, from_s, to_s)
    axes.axvspan((notice_s - start_s) / unit_s, 0, color=NOTICE, linewidth=0)
    axes.axvspan(0, (min(end_s, power_s[-1]) - start_s) / unit_s, color=EVENT, linewidth=0)
    axes.step(
        (times_s - start_s) / unit_s, columns["draw"] / factor, where="post", color=style.DRAW, linewidth=1.1
    )
    within = [0, length_s / unit_s]
    if pd.notna(event["limit_w"]):
        axes.plot(within, [event["limit_w"] / factor] * 2, color=LIMIT, linewidth=1.8)
    if pd.notna(event["baseline_w"]):
        span = [(from_s - start_s) / unit_s, (to_s - start_s) / unit_s]
        axes.plot(
            span, [event["baseline_w"] / factor] * 2, color=style.SUPPLY, linewidth=1.0, linestyle=(0, (4, 2))
        )
    if pd.notna(event["complied_after_s"]):
        axes.axvline(event["complied_after_s"] / unit_s, color=LIMIT, linewidth=0.9, linestyle=":")
    axes.set_xlim((from_s - start_s) / unit_s, max(to_s - start_s, 1.0) / unit_s)
    top = np.nanmax([columns["draw"].max(), event["baseline_w"], event["limit_w"]]) / factor
    axes.set_ylim(0, 1.08 * top if top > 0 else 1.0)
    axes.tick_params(labelsize=8.5)
    axes.set_xlabel(f"time from its start ({unit})", fontsize=8.5)


def _heading(event: pd.Series) -> str:
    """Number of the event, its depth, and how long it took to comply."""
    share, complied = event["depth"], event["complied_after_s"]
    depth = "" if pd.isna(share) else f"{abs(share):.0%} {'less' if share >= 0 else 'more'}"
    when = "never met" if pd.isna(complied) else f"met after {style.duration(complied)}"
    when = "met at once" if complied == 0 else when
    return f"{event['number']:.0f}: " + ", ".join(part for part in (depth, when) if part)


def _finding(table: pd.DataFrame, shown: int) -> str:
    began = int(table["jobs"].notna().sum())
    met = int(table["complied_after_s"].notna().sum())
    drawn = f", {shown} of them drawn" if shown < began else ""
    return f": the limit was met in {met} of {began}{drawn}"


def _handles() -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=style.DRAW, label="draw"),
        Line2D([], [], color=LIMIT, linewidth=1.8, label="limit"),
        Line2D([], [], color=style.SUPPLY, linestyle=(0, (4, 2)), label="draw at the notice"),
        Line2D([], [], color=LIMIT, linestyle=":", label="complied"),
        Patch(color=NOTICE, label="notice"),
        Patch(color=EVENT, label="event"),
    ]
