"""Picture of a simulation: running jobs, waiting jobs, and the power with its forecast.

One matplotlib figure on the Agg canvas is kept and its fixed parts are drawn once; a frame draws only
what changes. Nothing here touches pyplot, or the simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from rare.env.batch import Batch
from rare.model import UNLIMITED_MW, Case
from rare.view import ClusterView, JobView
from traces.numbers.constants import DAY_S, HOUR_S, MJ_PER_KWH, MW_PER_KW

WIDTH, HEIGHT, DPI = 960, 640, 100
PAST_H, AHEAD_H = 12.0, 24.0
THINNEST_H = 0.2  # jobs shorter than this are drawn so long, else they could not be seen

# Okabe and Ito's palette, as in the report's figures: distinct with colour-blind sight.
GREEN, BLUE, BLACK, GREY, PINK, ORANGE = "#009E73", "#56B4E9", "#1A1A1A", "#5A6068", "#CC79A7", "#D55E00"
#: slack in hours from which on -> colour and name
SLACKS = (
    (-np.inf, "#D55E00", "late"),
    (0.0, "#E69F00", "< 1 h"),
    (1.0, "#F0E442", "1 to 6 h"),
    (6.0, "#56B4E9", "6 to 24 h"),
    (24.0, "#0072B2", "more"),
)
NO_DEADLINE = ("#9AA5B1", "no deadline")
SUSPENDED = (PINK, "edge: suspended before")
SLOWED_H = 0.25  # width of the black edge of a job that does not run at full speed


def slack_colour(slack_s: float | None) -> tuple[float, ...]:
    """Colour of a job with this time left to its latest start; None: it has no deadline."""
    if slack_s is None:
        return to_rgb(NO_DEADLINE[0])
    return to_rgb(next(colour for from_h, colour, _ in reversed(SLACKS) if slack_s >= from_h * HOUR_S))


def pale(colour: Sequence[float]) -> tuple[float, ...]:
    """The colour, mixed with white."""
    return tuple(0.5 + 0.5 * part for part in colour)


def slack_s_of(view: ClusterView, job: JobView) -> int | None:
    """Seconds that a job can still lose without missing its deadline, by its estimate; None without one."""
    if job.deadline_s is None:
        return None
    latest_s = view.latest_start_s(job)
    if latest_s is not None:
        return latest_s - view.now_s
    return job.deadline_s - max(job.expected_end_s or 0, view.now_s)


def left_s_of(view: ClusterView, job: JobView) -> int:
    """Seconds that a running job goes on by its estimate, at its level."""
    if job.level == 0:
        return job.estimate_left_s
    return max((job.expected_end_s or 0) - view.now_s, 0)


@dataclass(frozen=True)
class Scale:
    """Ranges of the axes of a case's picture."""

    cores: int
    gpus: int
    top_kw: float
    estimate_h: float

    def share(self, job: JobView) -> float:
        """Share of the cluster that a job takes: of its cores or its GPUs, whichever is more."""
        return max(job.cores / max(self.cores, 1), job.gpus / max(self.gpus, 1))


def scale_of(case: Case) -> Scale:
    """Axes that hold for every episode of a case."""
    peak_kw = case.cluster.peak_draw_mw / MW_PER_KW
    supply_mw = case.inputs.supply_mw
    known_mw = supply_mw[supply_mw < UNLIMITED_MW]
    top_kw = max(peak_kw, float(known_mw.max(initial=0)) / 1e6) or 1.0
    gpus = sum(part.nodes * part.gpus_per_node for part in case.cluster.partitions)
    estimate_h = float(np.quantile(case.workload.estimate_s, 0.99)) / HOUR_S
    return Scale(case.cluster.cores, gpus, 1.05 * top_kw, max(1.1 * estimate_h, 0.5))


class Picture:
    """The picture of one environment of a batch."""

    def __init__(self, batch: Batch, e: int) -> None:
        self._batch, self._e = batch, e
        self._case: Case | None = None

    def frame(self) -> np.ndarray:
        """(640, 960, 3) uint8: the present state."""
        case = self._batch.case_of(self._e)
        if case is not self._case:
            self._case, self._scale = case, scale_of(case)
            self._prepare()
        view = ClusterView(self._batch.world_of(self._e), self._e, case.workload.job_id)
        self._canvas.restore_region(self._background)
        running = view.running
        time_h, draw_kw = self._draw_ahead(view, running)
        self._show_header(view)
        self._show_running(view, running)
        self._show_queue(view)
        self._show_power(view)
        self._drawn.set_data(time_h, self._inside(draw_kw))
        self._show_now(view, float(draw_kw[0]))
        for artist in self._moving:
            self._figure.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[:, :, :3].copy()

    # --- fixed parts ------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """The figure with axes, and the artists that move."""
        self._figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
        self._canvas = FigureCanvasAgg(self._figure)
        self._moving: list[Any] = []
        self._header = self._text(None, 0.012, 0.962, size=13, weight="bold")
        self._score = self._text(None, 0.988, 0.962, size=11, ha="right")
        self._legend()
        self._running_axes()
        self._queue_axes()
        self._power_axes()
        self._now_axes()
        for artist in self._moving:
            artist.set_animated(True)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self._figure.bbox)

    def _text(self, axes: Axes | None, x: float, y: float, size: float = 9, **look: Any) -> Text:
        """A text that moves; in parts of the axes or of the figure. A name with a dollar is no formula."""
        text: Text
        if axes is None:
            text = self._figure.text(x, y, "", fontsize=size, parse_math=False, **look)
        else:
            text = axes.text(x, y, "", fontsize=size, transform=axes.transAxes, parse_math=False, **look)
        self._moving.append(text)
        return text

    def _axes(self, left: float, bottom: float, width: float, height: float) -> tuple[Axes, Text]:
        axes = self._figure.add_axes((left, bottom, width, height))
        axes.tick_params(labelsize=8.5, colors=GREY, length=3)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(GREY)
        return axes, self._text(axes, 0.0, 1.025, size=10, weight="bold", color=BLACK)

    def _blocks(self, axes: Axes) -> PolyCollection:
        blocks = PolyCollection([], linewidths=0.4, edgecolors="white", zorder=2)
        axes.add_collection(blocks, autolim=False)
        self._moving.append(blocks)
        return blocks

    def _legend(self) -> None:
        """Draw the legend of the colours of jobs."""
        x = 0.012
        self._figure.text(x, 0.918, "slack before a job is late:", fontsize=9, color=GREY)
        x += 0.182
        for colour, name in [*((colour, name) for _, colour, name in SLACKS), NO_DEADLINE, SUSPENDED]:
            square = Rectangle((x, 0.917), 0.012, 0.018, transform=self._figure.transFigure, color=colour)
            self._figure.add_artist(square)
            self._figure.text(x + 0.016, 0.918, name, fontsize=9, color=GREY)
            x += 0.038 + 0.0078 * len(name)

    def _running_axes(self) -> None:
        axes, self._running_title = self._axes(0.065, 0.465, 0.545, 0.395)
        axes.set_xlim(-PAST_H, AHEAD_H)
        axes.set_xticks(np.arange(-PAST_H, AHEAD_H + 1, 6), [])
        axes.set_ylim(0, 100 if self._scale.gpus else self._scale.cores)
        axes.set_ylabel("% of cores or GPUs" if self._scale.gpus else "cores", fontsize=9, color=GREY)
        axes.grid(axis="x", color="#E3E6E9", linewidth=0.7)
        axes.set_axisbelow(True)
        self._ran, self._left, self._slowed = (self._blocks(axes) for _ in range(3))
        self._moving.append(axes.axvline(0, color=BLACK, linewidth=1.0))
        axes.text(0, -0.045, "now", transform=axes.get_xaxis_transform(), ha="center", fontsize=8.5)

    def _queue_axes(self) -> None:
        axes, self._queue_title = self._axes(0.672, 0.49, 0.312, 0.37)
        axes.set_xlim(0, self._scale.estimate_h)
        axes.set_ylim(1, 0)  # the first slot on top
        axes.set_yticks([])
        axes.set_xlabel("hours left by estimate; pale: may not start", fontsize=9, color=GREY)
        self._waiting, self._came_back = self._blocks(axes), self._blocks(axes)
        (self._whole,) = axes.plot([], [], color=BLACK, linewidth=1.0, linestyle=(0, (4, 3)))
        self._whole_text = axes.text(
            self._scale.estimate_h, 0, "", fontsize=8.5, ha="right", va="bottom", color=BLACK
        )
        self._moving += [self._whole, self._whole_text]

    def _power_axes(self) -> None:
        axes, self._power_title = self._axes(0.065, 0.09, 0.545, 0.285)
        axes.set_xlim(-PAST_H, AHEAD_H)
        axes.set_xticks(np.arange(-PAST_H, AHEAD_H + 1, 6))
        axes.set_ylim(0, self._scale.top_kw)
        axes.set_xlabel("hours from now", fontsize=9, color=GREY)
        axes.set_ylabel("kW", fontsize=9, color=GREY)
        axes.grid(axis="x", color="#E3E6E9", linewidth=0.7)
        axes.set_axisbelow(True)
        self._band = PolyCollection([], facecolors=(*to_rgb(GREEN), 0.22), linewidths=0, zorder=2)
        axes.add_collection(self._band, autolim=False)
        (self._past,) = axes.plot([], [], color=GREEN, linewidth=1.8, drawstyle="steps-post")
        (self._median,) = axes.plot([], [], color=GREEN, linewidth=1.6, linestyle=(0, (3, 1.5)))
        (self._drawn,) = axes.plot([], [], color=BLACK, linewidth=1.6, drawstyle="steps-post")
        (self._limit,) = axes.plot([], [], color=ORANGE, linewidth=1.8)
        self._moving += [self._band, self._past, self._median, self._drawn, self._limit]
        self._moving.append(axes.axvline(0, color=BLACK, linewidth=1.0))

    def _now_axes(self) -> None:
        axes, title = self._axes(0.735, 0.08, 0.249, 0.285)
        self._moving.remove(title)
        title.set_text("power now")
        axes.set_xlim(0, 1)
        axes.set_ylim(4, 0)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        names = ("supply", "draw", "grid limit", "battery")
        axes.set_yticks(np.arange(4) + 0.5, names)
        axes.tick_params(axis="y", length=0, labelsize=9)
        self._now_bars = []
        self._now_texts = []
        for row, colour in enumerate((GREEN, BLACK, ORANGE, BLUE)):
            axes.add_patch(Rectangle((0, row + 0.16), 1.0, 0.42, color="#EEF0F2", linewidth=0))
            bar = Rectangle((0, row + 0.16), 0.0, 0.42, color=colour, linewidth=0)
            axes.add_patch(bar)
            self._now_bars.append(bar)
            self._now_texts.append(self._text(axes, 0.015, 1 - (row + 0.62) / 4, size=8.5, va="top"))
        self._moving += self._now_bars

    # --- moving parts -----------------------------------------------------------------------------------

    def _show_header(self, view: ClusterView) -> None:
        state, episode = self._batch.world.env[self._e], self._batch.playing[self._e]
        day = int(view.now_s - state.begin_s) // DAY_S + 1
        minutes = (view.now_s + self._batch.case_of(self._e).local_offset_s) % DAY_S // 60
        parts = [self._batch.episodes.scenario, episode.name if episode else ""]
        parts.append(f"day {day}, {minutes // 60:02d}:{minutes % 60:02d}")
        if self._batch.is_over(self._e):
            parts.append("the end")
        elif view.shortage:
            parts.append("SHORTAGE: a job must give up its power")
        self._header.set_text("   ".join(part[:40] for part in parts if part))
        self._header.set_color(ORANGE if view.shortage else BLACK)
        score = self._batch.objective(self._e)
        self._score.set_text("" if score is None else f"objective so far {score:.4f}")

    def _show_running(self, view: ClusterView, jobs: list[JobView]) -> None:
        scale = self._scale
        heights = np.array([scale.share(job) for job in jobs])
        used = float(heights.sum())
        edges = np.concatenate(([0.0], np.cumsum(heights))) / max(used, 1.0)
        edges *= 100 if scale.gpus else scale.cores
        ran_h = [max(-PAST_H, ((job.started_s or 0) - view.now_s) / HOUR_S) for job in jobs]
        left_h = [min(AHEAD_H, left_s_of(view, job) / HOUR_S) for job in jobs]
        colours = [slack_colour(slack_s_of(view, job)) for job in jobs]
        nothing = np.zeros(len(jobs))
        lasting_h = [max(ahead_h, THINNEST_H) for ahead_h in left_h]
        _put(self._ran, nothing + ran_h, nothing, edges, colours)
        _put(self._left, nothing, nothing + lasting_h, edges, [pale(colour) for colour in colours])
        slow = np.array([job.level > 0 for job in jobs], dtype=bool)
        strip_h = np.full(slow.sum(), SLOWED_H)
        pairs = np.stack([edges[:-1], edges[1:]], 1)[slow]
        _put(self._slowed, 0 * strip_h, strip_h, pairs, [to_rgb(BLACK)] * len(strip_h))
        share = sum(job.cores for job in jobs)
        label = f"running: {len(jobs)} {_jobs(len(jobs))}, {share} of {scale.cores} cores"
        if scale.gpus:
            label += f", {sum(job.gpus for job in jobs):.1f} of {scale.gpus} GPUs"
        if slow.any():
            label += "; black edge: slowed"
        self._running_title.set_text(label)

    def _show_queue(self, view: ClusterView) -> None:
        waiting = {job.slot: job for job in view.queue}
        jobs = [waiting[slot] for slot in self._batch.visible(self._e) if slot in waiting]
        heights = np.array([self._scale.share(job) for job in jobs])
        total = float(heights.sum())
        edges = np.concatenate(([0.0], np.cumsum(heights))) / max(total, 1.0)
        length_h = np.array([max(job.estimate_left_s / HOUR_S, THINNEST_H) for job in jobs])
        length_h = np.minimum(length_h, self._scale.estimate_h)
        may = self._batch.mask[self._e, 1 : 1 + len(jobs)]
        colours = [slack_colour(slack_s_of(view, job)) for job in jobs]
        visible = [colour if valid else pale(colour) for colour, valid in zip(colours, may, strict=True)]
        _put(self._waiting, np.zeros(len(jobs)), length_h, edges, visible)
        back = np.array([job.suspended for job in jobs], dtype=bool)
        strip_h = np.full(back.sum(), 0.015 * self._scale.estimate_h)
        pairs = np.stack([edges[:-1], edges[1:]], 1)[back]
        _put(self._came_back, 0 * strip_h, strip_h, pairs, [to_rgb(PINK)] * len(strip_h))
        over = total > 1.0
        self._whole.set_data([0, self._scale.estimate_h] if over else [], [1 / total] * 2 if over else [])
        self._whole_text.set_text("one cluster full" if over else "")
        self._whole_text.set_y(1 / total if over else 0)
        hidden = len(waiting) - len(jobs)
        count = f"{len(jobs)} of {len(waiting)} jobs" if hidden > 0 else f"{len(jobs)} {_jobs(len(jobs))}"
        self._queue_title.set_text(f"waiting: {count}, {'share' if self._scale.gpus else 'cores'} x time")

    def _show_power(self, view: ClusterView) -> None:
        state = self._batch.world.env[self._e]
        inputs = self._batch.case_of(self._e).inputs
        from_s = max(int(state.begin_s), view.now_s - int(PAST_H * HOUR_S))
        first, last = np.searchsorted(inputs.change_s, [from_s, view.now_s], side="right")
        first = max(int(first) - 1, 0)
        past_s = np.append(np.maximum(inputs.change_s[first:last], from_s), view.now_s)
        past_kw = inputs.supply_mw[first:last] / 1e6
        self._past.set_data((past_s - view.now_s) / HOUR_S, self._inside(np.append(past_kw, past_kw[-1:])))
        ahead = [step for step in view.outlook if step.end_s is not None]
        ends = [(step.start_s, step.end_s) for step in ahead]
        time_h = (np.array(ends, dtype=float).reshape(-1) - view.now_s) / HOUR_S
        median, low, high = (
            self._inside(np.repeat([getattr(step, name) / 1000 for step in ahead], 2))
            for name in ("supply_w", "low_w", "high_w")
        )
        self._median.set_data(time_h, median)
        outline = np.concatenate([np.stack([time_h, low], 1), np.stack([time_h, high], 1)[::-1]])
        self._band.set_verts([outline] if len(ahead) else [])
        caption = "supply, forecast with 10 to 90 %" if ahead else "supply; there is no forecast"
        limited = self._show_limits(view)
        self._power_title.set_text(f"{caption}; black: expected draw{'; orange: limit' if limited else ''}")

    def _show_limits(self, view: ClusterView) -> bool:
        """A line at the limit of each announced grid event, from its start or now to its end; False: none."""
        time_h: list[float] = []
        kw: list[float] = []
        for event in view.grid_events:
            if event.limit_w is not None and event.limit_w != float("inf"):
                begin_s = max(event.start_s, view.now_s)
                time_h += [(begin_s - view.now_s) / HOUR_S, (event.end_s - view.now_s) / HOUR_S, float("nan")]
                kw += [event.limit_w / 1000] * 2 + [float("nan")]
        self._limit.set_data(time_h, self._inside(np.array(kw)))
        return bool(kw)

    def _draw_ahead(self, view: ClusterView, jobs: list[JobView]) -> tuple[np.ndarray, np.ndarray]:
        """Hours from now and kW drawn from then on if the running jobs end at their estimates.

        The idle power of nodes is taken to fall as the cores in use do, which whole nodes only come near to.
        """
        state = self._batch.world.env[self._e]
        order = sorted(jobs, key=lambda job: left_s_of(view, job))
        active_w = np.array([job.power_w for job in order])
        cores = np.array([job.cores for job in order], dtype=float)
        after_w = active_w.sum() - np.concatenate(([0.0], np.cumsum(active_w)))
        share = 1.0 - np.concatenate(([0.0], np.cumsum(cores))) / max(float(cores.sum()), 1.0)
        it_kw = (after_w + int(state.node_mw) / 1000 * share + int(state.lit_mw) / 1000) / 1000
        time_h = np.array([0.0, *(left_s_of(view, job) / HOUR_S for job in order), AHEAD_H])
        return time_h, np.append(it_kw, it_kw[-1]) * int(state.pue) / 1000

    def _inside(self, kw: np.ndarray) -> np.ndarray:
        """Power cut to a little above the axis: unlimited power would be too much for the renderer."""
        return np.minimum(kw, 1.5 * self._scale.top_kw)

    def _show_now(self, view: ClusterView, draw_kw: float) -> None:
        state, top_kw = self._batch.world.env[self._e], self._scale.top_kw
        supply_kw, import_kw = view.supply_w / 1000, int(state.import_mw) / 1e6
        rates = []
        if self._batch.case_of(self._e).inputs.priced:
            rates.append(f"{view.price_per_kwh:.3f} per kWh")
        if self._batch.case_of(self._e).inputs.carbon_known:
            rates.append(f"{view.carbon_g_per_kwh:.0f} g/kWh")
        share = view.battery_share
        kwh = int(state.capacity) / 1000 / MJ_PER_KWH
        rows = (
            (supply_kw / top_kw, _kw(supply_kw)),
            (draw_kw / top_kw, _kw(draw_kw)),
            (import_kw / top_kw, "  ".join([_kw(import_kw), *rates]) if import_kw else "no grid"),
            (share or 0.0, "none" if share is None else f"{share:.0%} of {kwh:.3g} kWh"),
        )
        for bar, text, (width, caption) in zip(self._now_bars, self._now_texts, rows, strict=True):
            bar.set_width(min(max(width, 0.0), 1.0))
            text.set_text(caption)


def _put(blocks: PolyCollection, left: Any, right: Any, edges: np.ndarray, colours: list[Any]) -> None:
    """Rectangles from `left` to `right` between their edges, (N, 2), or one upon the other, (N + 1,)."""
    bottom, top = edges.T if edges.ndim == 2 else (edges[:-1], edges[1:])
    corners = [left, bottom, right, bottom, right, top, left, top]
    blocks.set_verts(cast(Any, np.stack(corners, axis=1).reshape(-1, 4, 2)))
    blocks.set_facecolor(colours if colours else "none")


def _kw(kw: float) -> str:
    return "without limit" if kw * 1e6 >= UNLIMITED_MW // 2 else f"{kw:.2f} kW"


def _jobs(count: int) -> str:
    return "job" if count == 1 else "jobs"
