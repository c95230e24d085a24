"""Jobs over time under the power curve: one bar per job, or cores by job size when there are many."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.figures.drawing import style
from experiments.figures.drawing.job_intervals import QUEUED, RUNNING, SUSPENDED, stretches
from experiments.figures.drawing.step_functions import MOST_STEPS, bin_edges, levels, mean_in
from experiments.figures.drawing.time_axis import TimeAxis, time_axis
from experiments.figures.power_timeline import mean_note, overview, stack_power
from experiments.results.ranking import not_arrived
from experiments.results.run_folder import Run

MOST_BARS = 300
MOST_LABELS = 45
MOST_CLASSES = 5
MARKED = (
    "expired",
    "failed",
    "rejected",
    "cancelled",
    "dropped",
)  # a cross at the end of a job that did not complete


def draw(run: Run) -> Figure:
    """Figure of the jobs' executions and suspensions below the power curve."""
    jobs, title = run.jobs, f"Jobs under {style.label(run.scheduler)}"
    steps = overview(run)
    if steps is None or not len(jobs):
        return style.say(style.new_figure(3.0), title, "No job ran for any time in this run.")
    axis = time_axis(run, steps.edges_s[0], steps.edges_s[-1])
    pieces = stretches(run.events, axis.end_s)
    few = len(jobs) <= MOST_BARS
    height_in = float(np.clip(2.2 + 0.21 * len(jobs), 5.0, 11.0)) if few else 7.4
    figure = style.new_figure(height_in)
    ratios = [1.7, height_in - 2.6] if few else [1.7, 3, 1.7]
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    stack_power(panels[0], steps, axis, extremes=False)
    suspended = pieces.loc[pieces["state"] == SUSPENDED, "job_id"].nunique()
    note = mean_note(steps).replace("means", "power as means")
    came = len(jobs) - not_arrived(run.metrics)
    style.title(figure, f"{title}: {came:,} jobs, {suspended:,} of them suspended at least once{note}")
    if few:
        _bars(panels[1], jobs, pieces, axis)
    else:
        _areas(panels[1], panels[2], jobs, pieces, axis)
    axis.dress(panels[-1])
    return figure


def _bars(axes: Axes, jobs: pd.DataFrame, pieces: pd.DataFrame, axis: TimeAxis) -> None:
    """Draw one row per job in order of submission, first on top."""
    order = jobs.sort_values("submit_s", kind="stable").reset_index(drop=True)
    row = {job_id: place for place, job_id in enumerate(order["job_id"])}
    colour = [style.STATUS.get(status, style.NEUTRAL) for status in order["status"]]
    pieces = pieces[pieces["job_id"].isin(row)]
    rows = pieces["job_id"].map(row).to_numpy(dtype=int)
    left = axis.x(pieces["from_s"].to_numpy())
    width = axis.x(pieces["to_s"].to_numpy()) - left
    state = pieces["state"].to_numpy()
    looks: tuple[tuple[int, float, dict], ...] = (
        (QUEUED, 0.16 if len(order) <= MOST_LABELS else 0.4, {"color": style.WAITING}),
        (SUSPENDED, 0.5, {"color": style.SUSPENDED}),
        (RUNNING, 0.78, {}),
    )
    for drawn_state, height, look in looks:
        selected = state == drawn_state
        look = look or {"color": [colour[place] for place in rows[selected]]}
        axes.barh(rows[selected], width[selected], left=left[selected], height=height, **look)
    instant = (state == RUNNING) & (width <= 0)
    _mark(axes, left[instant], rows[instant], "|", "#0072B2")
    gone_s = pieces.groupby("job_id")["to_s"].max()
    order["gone_s"] = order["job_id"].map(gone_s).fillna(order["submit_s"])
    for status in MARKED:
        selected = order["status"].eq(status).to_numpy()
        _mark(
            axes,
            axis.x(order["gone_s"].to_numpy()[selected]),
            np.flatnonzero(selected),
            "x",
            style.STATUS[status],
        )
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    if len(order) <= MOST_LABELS:
        axes.set_yticks(
            range(len(order)), [style.label(job_id, 16) for job_id in order["job_id"]], fontsize=8.5
        )
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("job id, by time of submission")
    else:
        axes.set_yticks([])
        axes.set_ylabel("one row per job, by time of submission")
    _bar_legend(axes, order["status"], order["status"].iloc[np.unique(rows[state == RUNNING])], state)


def _mark(axes: Axes, x: np.ndarray, y: np.ndarray, marker: str, colour: str) -> None:
    if len(x):
        axes.plot(x, y, linestyle="none", marker=marker, markersize=6, color=colour, markeredgewidth=1.4)


def _bar_legend(axes: Axes, status: pd.Series, ran: pd.Series, state: np.ndarray) -> None:
    handles: list = [
        Patch(color=style.STATUS[name], label=f"ran, {name}") for name in style.STATUS if ran.eq(name).any()
    ]
    if (state == SUSPENDED).any():
        handles.append(Patch(color=style.SUSPENDED, label="suspended"))
    handles.append(Line2D([], [], color=style.WAITING, linewidth=3, label="waiting to start"))
    handles += [
        Line2D(
            [], [], color=style.STATUS[name], marker="x", linestyle="none", markeredgewidth=1.4, label=name
        )
        for name in MARKED
        if status.eq(name).any()
    ]
    style.legend_above(axes, handles)


def _areas(used: Axes, waiting: Axes, jobs: pd.DataFrame, pieces: pd.DataFrame, axis: TimeAxis) -> None:
    """Draw the cores in use by job size, and the cores requested by waiting jobs."""
    cores = jobs.drop_duplicates("job_id").set_index("job_id")["cores"].fillna(0)
    has_cores = bool(cores.sum() > 0)
    weight = pieces["job_id"].map(cores).fillna(0).to_numpy(dtype=float)
    group, names = size_classes(weight)
    if not has_cores:
        weight = np.ones(len(pieces))
    unit = "cores" if has_cores else "jobs"
    state, from_s, to_s = (pieces[name].to_numpy() for name in ("state", "from_s", "to_s"))
    edges_s = _edges(axis, len(pieces))
    shades = [colormaps["Blues"](0.3 + 0.7 * (place + 1) / (len(names) + 1)) for place in range(len(names))]
    layers: list = [
        ((state == RUNNING) & (group == place), name, shades[place]) for place, name in enumerate(names)
    ]
    _stack(used, layers, (from_s, to_s, weight), axis, edges_s)
    style.thousands(used.yaxis)
    used.set_ylabel(f"{unit} at work,\nby cores per job")
    layers = [
        ((state == SUSPENDED), "suspended", style.SUSPENDED),
        ((state == QUEUED), "queued, not running", style.WAITING),
    ]
    _stack(waiting, layers, (from_s, to_s, weight), axis, edges_s)
    style.thousands(waiting.yaxis)
    waiting.set_ylabel(f"{unit} asked for\nby waiting jobs")


def _edges(axis: TimeAxis, pieces: int) -> np.ndarray:
    return bin_edges(axis.start_s, axis.end_s, MOST_STEPS // 2 if pieces > MOST_STEPS else MOST_STEPS)[0]


def _stack(
    axes: Axes,
    layers: list,
    pieces: tuple[np.ndarray, np.ndarray, np.ndarray],
    axis: TimeAxis,
    edges_s: np.ndarray,
) -> None:
    x, base = axis.x(edges_s), np.zeros(len(edges_s))
    from_s, to_s, weight = pieces
    for selected, name, colour in layers:
        if not selected.any():
            continue
        times, total = levels(from_s[selected], to_s[selected], weight[selected])
        # Zero before the first interval and after the last, so that bins outside are empty.
        times = np.concatenate(([edges_s[0] - 1], times, [max(edges_s[-1], times[-1]) + 1]))
        mean = mean_in(edges_s, times, np.concatenate(([0.0], total, [0.0])))
        top = base + np.append(mean, mean[-1])
        axes.fill_between(x, base, top, step="post", color=colour, linewidth=0, label=name)
        base = top
    axes.set_ylim(bottom=0)
    style.legend_above(axes)


def size_classes(cores: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Class of each job by cores (1, 2 to 4, 5 to 16, ... by powers of 4) and the classes' names.

    At most MOST_CLASSES: the smallest sizes are merged.
    """
    power = np.ceil(np.log2(np.maximum(cores, 1)) / 2).astype(int)
    present = np.unique(power)
    merged = len(present) > MOST_CLASSES
    if merged:
        present = present[-MOST_CLASSES:]
        power = np.maximum(power, present[0])
    names = []
    for place, exponent in enumerate(present.tolist()):
        first = 1 if exponent == 0 or (merged and place == 0) else 4 ** (exponent - 1) + 1
        names.append(f"{first:,} to {4**exponent:,}" if exponent else "1")
    return np.searchsorted(present, power), names
