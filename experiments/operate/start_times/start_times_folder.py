"""The folder of `rare start-times --out`: the ranges as a figure, as JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.operate.start_times.start_times_text import start_times_text
from experiments.process.atomic_output import atomic_folder
from traces.files.atomic import write_json, write_text
from traces.numbers.constants import HOUR_S

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DRAWN = 40
_ROW_IN = 0.24
STEM = "start_times"


def write_folder(out: str | Path, facts: Mapping[str, Any]) -> None:
    """Write start_times.json, .txt, .png and .svg, all or none. InputError where that is not possible."""
    from experiments.figures.drawing import style  # brings matplotlib, of no use without a folder

    with atomic_folder(out) as folder, style.drawing():
        write_json(folder / f"{STEM}.json", facts)
        write_text(folder / f"{STEM}.txt", start_times_text(facts, 10_000) + "\n")
        style.save(ranges_figure(facts), folder, STEM)


def ranges_figure(facts: Mapping[str, Any]) -> Figure:
    """A bar from the 10 to the 90 % quantile for each job, a line at the median, a dot for the limits'.

    The first jobs of the queue, 40 at most. Bars that reach beyond the horizon end there.
    """
    from experiments.figures.drawing import style

    jobs = facts["jobs"][:MOST_DRAWN]
    heading = "When each waiting job will start"
    if not jobs:
        return style.say(style.new_figure(3.0), heading, "No job waits that may start.")
    figure = style.new_figure(1.4 + _ROW_IN * len(jobs))
    more = len(facts["jobs"]) - len(jobs)
    style.title(figure, f"{heading}{f' (the first {len(jobs)} of {more + len(jobs)})' if more else ''}")
    axes = figure.subplots()
    horizon_h = facts["horizon_s"] / HOUR_S

    def hours(start: Mapping[str, Any] | None) -> float:
        return horizon_h if start is None else float(start["in_s"] / HOUR_S)

    rows = range(len(jobs))
    low, middle, high = ([hours(job[key]) for job in jobs] for key in ("start_10", "start_50", "start_90"))
    widths = [to - since for since, to in zip(low, high, strict=True)]
    look: dict[str, Any] = {"height": 0.62, "color": "#0072B2", "alpha": 0.35}
    axes.barh(rows, widths, left=low, label="10 to 90 % of the futures", **look)
    axes.scatter(middle, rows, marker="|", s=90, color="#0072B2", label="median of the futures")
    known = [(hours(job["by_limits"]), row) for row, job in zip(rows, jobs, strict=True) if job["by_limits"]]
    if known:
        at_h, places = zip(*known, strict=True)
        axes.scatter(at_h, places, marker="o", s=18, color="#D55E00", label="by time limits")
    axes.set_yticks(list(rows), [style.label(f"{job['job_id']}  {job['user']}", 26) for job in jobs])
    axes.set_ylim(len(jobs) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("hours from the snapshot")
    style.legend_above(axes)
    return figure
