"""Start times as a table for a terminal: one line a waiting job, times of day and how long from now."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from experiments.results.number_formats import DASH, duration, printable
from experiments.results.text_table import aligned_lines, fits, narrow_lines, terminal_width
from traces.numbers.constants import DAY_S

HEADING = (
    "job",
    "earliest (10 %)",
    "likely (50 %)",
    "latest (90 %)",
    "by limits",
    "waited",
    "limit",
    "cores",
    "user",
)
SHOWN_KEYS = ("start_10", "start_50", "start_90", "by_limits")
_WEEK_S = 6 * DAY_S


def start_times_text(facts: Mapping[str, Any], width: int | None = None) -> str:
    """The object of `rare start-times --json` as text. width: of the terminal; None: that of stdout."""
    width = terminal_width() if width is None else width
    taken = datetime.fromisoformat(facts["taken"])
    shown = len(facts["jobs"])
    fewer = f" ({shown} shown)" if shown < facts["waiting"] else ""
    lines = [
        f"{taken:%Y-%m-%d %H:%M} ({taken.tzname()}), {facts['running']} jobs run, "
        f"{facts['waiting']} wait{fewer}, scheduler {facts['scheduler']}, {facts['futures']} futures, "
        f"{facts['history_jobs']:,} past jobs"
    ]
    if facts["jobs"]:
        rows = [list(HEADING), *(_row(job, taken, facts["horizon_s"]) for job in facts["jobs"])]
        table = aligned_lines(rows)
        if width is not None and not fits(table, width):
            table = narrow_lines(rows, width, keep=4)
        lines += table
    for job in facts["left_out"]:
        lines.append(f"job {job['job_id']} does not start: {job['reason']}")
    if width is not None:
        lines = [
            part for line in lines for part in (textwrap.wrap(line, width) if len(line) > width else [line])
        ]
    return printable("\n".join(lines))


def _row(job: Mapping[str, Any], taken: datetime, horizon_s: int) -> list[str]:
    limit = DASH if job["limit_s"] is None else duration(job["limit_s"])
    starts = [_start(job[key], taken, horizon_s) for key in SHOWN_KEYS]
    return [job["job_id"], *starts, duration(job["waited_s"]), limit, f"{job['cores']}", job["user"] or DASH]


def _start(start: Mapping[str, Any] | None, taken: datetime, horizon_s: int) -> str:
    """A start as `14:05, 35.0 min`, with the day of the week or the date where it is another day."""
    if start is None:
        return f"> {duration(horizon_s)}"
    if start["in_s"] <= 0:
        return "now"
    at = datetime.fromisoformat(start["at"])
    day = "" if at.date() == taken.date() else f"{at:%a} " if start["in_s"] < _WEEK_S else f"{at:%b %d} "
    return f"{day}{at:%H:%M}, {duration(start['in_s'])}"
