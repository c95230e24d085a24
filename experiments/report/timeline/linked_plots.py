"""The linked plots of the timeline as a Bokeh document without data; the page's script fills its sources.

Bokeh draws, zooms and pans; which steps, bins or bars are shown is decided by templates/timeline_plots.js.
All plots share one range of seconds of the workload's clock. The document is the same for every run.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from experiments.figures.drawing import style

HEIGHTS = {"power": 210, "battery": 90, "queue": 120, "jobs": 360}
AXIS_PX, LEFT_PX, RIGHT_PX = 44, 74, 62
SUPPLY, WAITING, CHOSEN = "#B07A1E", "#E08A3C", "#4FD1A5"  # legible on light and on dark ground
DRAW_ON_DARK = "#E6E9EC"
MOST_LAYERS = 8  # of the stack of cores at work
# Parts of the power in the order of power_details.PARTS: colour, and hatching of what goes into the battery.
STACKED = (
    (style.RENEWABLE, None),
    (style.BATTERY, None),
    (style.GRID, None),
    (style.BATTERY, "/"),
    (style.CURTAILED, None),
    (style.GRID, "/"),
)


def library_script() -> str:
    """Bokeh's script, as its package has it. ImportError if bokeh is not installed.

    Raises ValueError if it could end the element it stands in.
    """
    script = files("bokeh").joinpath("server/static/js/bokeh.min.js").read_text(encoding="utf-8")
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("bokeh.min.js holds text that ends a script element")
    return script


@cache
def plots_json() -> dict[str, Any]:
    """The document of the plots, for Bokeh.embed.embed_item in the browser."""
    from bokeh import __version__
    from bokeh.document import Document
    from bokeh.layouts import column
    from bokeh.models import CrosshairTool, Range1d
    from bokeh.models.annotations import Span

    seconds = Range1d(start=0, end=1, name="seconds")
    pointer = Span(dimension="height", line_width=1, line_color="#5A6068", line_dash="4 3", level="overlay")
    plots = {name: _plot(name, height, seconds) for name, height in HEIGHTS.items()}
    for plot in plots.values():
        plot.add_tools(CrosshairTool(overlay=pointer, dimensions="height"))
    _power(plots["power"])
    _battery(plots["battery"])
    _queue(plots["queue"])
    _jobs(plots["jobs"])
    for plot in plots.values():
        _marks(plot)
    root = column(*plots.values(), sizing_mode="stretch_width", spacing=2)
    document = Document(title="")
    document.add_root(root)
    return {"doc": dict(document.to_json(deferred=False)), "root_id": root.id, "version": __version__}


def _plot(name: str, height: int, seconds: Any) -> Any:
    """An empty plot over the shared seconds. Only the lowest one shows its time axis."""
    from bokeh.models import BoxZoomTool, FixedTicker, NumeralTickFormatter, PanTool, Range1d, WheelZoomTool
    from bokeh.plotting import figure

    lowest = name == "jobs"
    plot = figure(
        name=name,
        height=height + AXIS_PX * lowest,
        sizing_mode="stretch_width",
        x_range=seconds,
        y_range=Range1d(start=0, end=1, name=f"{name}_range"),
        toolbar_location=None,
        min_border_left=LEFT_PX,
        min_border_right=RIGHT_PX,
        min_border_top=6,
        min_border_bottom=AXIS_PX if lowest else 6,
        lod_threshold=None,
        tools=[],
    )
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0.[00]")
    box, pan = BoxZoomTool(dimensions="width", name="box"), PanTool(dimensions="width", name="pan")
    wheel = WheelZoomTool(dimensions="width", modifiers="ctrl", maintain_focus=False)
    plot.add_tools(box, pan, wheel)
    plot.toolbar.active_drag = box
    plot.toolbar.active_scroll = wheel
    ticks = FixedTicker(ticks=[], name=f"{name}_ticks")
    plot.xaxis.ticker = ticks
    plot.xaxis.visible = lowest
    plot.xgrid.ticker = ticks
    plot.yaxis.axis_label_text_font_style = "normal"
    plot.xaxis.axis_label_text_font_style = "normal"
    return plot


def _source(name: str, *columns: str) -> Any:
    """A source of empty columns."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource(data={column: [] for column in columns}, name=name)


def _steps_source(name: str, *columns: str) -> Any:
    """A source for areas of steps: of one point at zero, because Bokeh draws an empty area for ever."""
    source = _source(name, *columns)
    source.data = {column: [0.0] for column in columns}
    return source


def _power(plot: Any) -> None:
    """Six layers from y<k> to z<k>, and the lines of draw and supply."""
    edges = [f"{side}{layer}" for layer in range(len(STACKED)) for side in "yz"]
    source = _steps_source("power_data", "x", *edges, "draw", "supply")
    for layer, (colour, hatch) in enumerate(STACKED):
        area = plot.varea_step(x="x", y1=f"y{layer}", y2=f"z{layer}", step_mode="after", source=source)
        area.name = f"part{layer}"
        area.glyph.update(fill_color=colour, hatch_pattern=hatch, hatch_color="white", hatch_scale=8)
    plot.step(x="x", y="supply", mode="after", source=source, line_color=SUPPLY, line_dash="dashed")
    # A line for each ground, of which one is visible: Bokeh takes a new colour too late for a printed page.
    for name, colour in (("draw_light", style.DRAW), ("draw_dark", DRAW_ON_DARK)):
        plot.step(x="x", y="draw", mode="after", source=source, name=name, line_color=colour, line_width=1.2)


def _battery(plot: Any) -> None:
    source = _steps_source("battery_data", "x", "zero", "content")
    plot.varea(x="x", y1="zero", y2="content", source=source, fill_color=style.BATTERY)
    plot.yaxis.ticker.desired_num_ticks = 3


def _queue(plot: Any) -> None:
    """Waiting jobs on the left axis; on the right one the cores that they ask for."""
    plot.yaxis.ticker.desired_num_ticks = 4
    from bokeh.models import LinearAxis, Range1d

    source = _steps_source("queue_data", "x", "zero", "queued", "asked")
    plot.extra_y_ranges = {"cores": Range1d(start=0, end=1, name="asked_range")}
    axis = LinearAxis(y_range_name="cores", axis_label="cores asked", axis_label_text_font_style="normal")
    plot.add_layout(axis, "right")
    plot.varea_step(
        x="x",
        y1="zero",
        y2="asked",
        step_mode="after",
        source=source,
        y_range_name="cores",
        fill_color=style.WAITING,
        fill_alpha=0.8,
    )
    plot.step(x="x", y="queued", mode="after", source=source, line_color=WAITING, line_width=1.5)


def _jobs(plot: Any) -> None:
    """Bars of single jobs, and layers of cores at work for the many. Each has an axis of its own."""
    from bokeh.models import FixedTicker, LinearAxis

    plot.yaxis[0].name = "cores_axis"
    rows = LinearAxis(name="rows_axis", visible=False)
    rows.update(ticker=FixedTicker(ticks=[], name="rows_ticks"))
    rows.axis_label_text_font_style = "normal"
    plot.add_layout(rows, "left")
    edges = [f"{side}{layer}" for layer in range(MOST_LAYERS) for side in "yz"]
    layers = _steps_source("layers_data", "x", *edges)
    for layer in range(MOST_LAYERS):
        plot.varea_step(
            x="x", y1=f"y{layer}", y2=f"z{layer}", step_mode="after", source=layers, name=f"layer{layer}"
        )
    chosen = _source("chosen_data", "left", "right", "top", "bottom")
    plot.quad(
        left="left",
        right="right",
        top="top",
        bottom="bottom",
        source=chosen,
        fill_color=CHOSEN,
        fill_alpha=0.4,
        line_color=None,
    )
    bars = _source("bars_data", "left", "right", "top", "bottom", "colour", "alpha")
    plot.quad(
        left="left",
        right="right",
        top="top",
        bottom="bottom",
        fill_color="colour",
        fill_alpha="alpha",
        line_color="colour",  # a short job too is at least as wide as a line
        line_alpha="alpha",
        source=bars,
    )
    points = _source("points_data", "x", "y", "marker", "colour")
    plot.scatter(
        x="x",
        y="y",
        marker="marker",
        line_color="colour",
        fill_color=None,
        size=9,
        line_width=2,
        source=points,
    )


def _marks(plot: Any) -> None:
    """Grid events and outages as strips behind everything."""
    source = _source(f"{plot.name}_marks", "from", "to", "colour")
    plot.vstrip(
        x0="from",
        x1="to",
        fill_color="colour",
        fill_alpha=0.18,
        line_color="colour",
        line_alpha=0.7,
        source=source,
        level="underlay",
    )
