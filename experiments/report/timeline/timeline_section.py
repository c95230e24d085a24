"""The section of a report with the interactive timeline: its data as JSON, and notes on what was left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from markupsafe import Markup

from experiments.figures.drawing import style
from experiments.figures.drawing.time_axis import TimeAxis, time_axis
from experiments.report.page_templates import TEMPLATES, sha256
from experiments.report.timeline.config_values import number, table, tables
from experiments.report.timeline.job_details import BETWEEN
from experiments.report.timeline.linked_plots import library_script, plots_json
from experiments.report.timeline.page_budget import RunDetails, choose_details
from experiments.results.ranking import order
from experiments.results.run_folder import Compare, Run

DAY_S = 86400
SCRIPTS = ("data", "words", "plots", "page")  # templates/timeline_*.js, in this order
MOST_MARKS = 2000
MARKUP = 20_000  # bytes of style, controls and notes


@dataclass(frozen=True)
class Script:
    """A script of the page and its hash for the content security policy."""

    text: Markup
    sha256: str


@dataclass(frozen=True)
class TimelineSection:
    """Values of timeline.html.j2. data: JSON that cannot end its element. notes: what was left out and why."""

    data: Markup
    notes: Sequence[str]

    @property
    def scripts(self) -> Sequence[Script]:
        """The library's script and ours."""
        return _scripts()


@cache
def _scripts() -> tuple[Script, ...]:
    own = "\n".join((TEMPLATES / f"timeline_{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    texts = library_script(), f"(function () {{\n{own}}})();"
    return tuple(Script(Markup(text), sha256(text)) for text in texts)


def timeline_section(results: Run | Compare, room: int) -> TimelineSection | None:
    """The section, at most about `room` bytes long; None where no run has any time to show."""
    plots = plots_json()
    runs = results.runs if isinstance(results, Compare) else [results]
    names = results.labels if isinstance(results, Compare) else [results.scheduler or "run"]
    ranked = order([run.metrics for run in runs])
    marks = [_marks(run) for run in runs]
    fixed = sum(len(script.text.encode()) for script in _scripts()) + len(_json([plots, marks])) + MARKUP
    details, columns = choose_details(runs, ranked, room - fixed)
    shown = [place for place in ranked if details[place] is not None]
    if not shown:
        return None
    times = [runs[place].power["time_s"] for place in shown]
    axis = time_axis(
        runs[shown[0]], min(float(t.iloc[0]) for t in times), max(float(t.iloc[-1]) for t in times)
    )
    data = {
        "plots": plots,
        "axis": _axis(axis),
        "between": list(BETWEEN),
        "colours": style.STATUS | {"waiting": style.WAITING, "suspended": style.SUSPENDED},
        "columns": columns.packed,
        "runs": [_run(details[place], names[place], marks[place]) for place in shown],
    }
    return TimelineSection(Markup(_json(data)), _notes([details[place] for place in range(len(runs))], names))


def _run(details: RunDetails | None, name: str, marks: list[dict[str, Any]]) -> dict[str, Any]:
    assert details is not None
    run, resolved = details.run, table(details.run.config, "resolved")
    cores = sum(number(entry.get("cores"), 0) for entry in tables(resolved, "partitions"))
    return {
        "name": style.label(name, 60),
        "power": details.power,
        "jobs": details.jobs,
        "bin_s": details.bin_s,
        "end_s": float(run.power["time_s"].iloc[-1]),
        "cores": cores or None,
        "battery_wh": number(resolved.get("battery_kwh"), 0) * 1000 or None,
        "supply": bool(run.power["supply_w"].notna().any()),
        "max_kills": number(table(run.config, "rules").get("max_kills"), 0) or None,
        "marks": marks,
    }


def _axis(axis: TimeAxis) -> dict[str, Any]:
    """Begin and end in seconds; with a calendar the instant of second 0 and the zone's offsets from UTC.

    offsets: pairs of the second from which an offset holds, and the offset in seconds.
    """
    values: dict[str, Any] = {"begin": float(axis.start_s), "end": float(axis.end_s), "zone": str(axis.zone)}
    if axis.origin is None:
        return values | {"origin_ms": None, "offsets": []}
    origin = axis.origin.astimezone(UTC)

    offsets = [[axis.start_s, _offset_s(axis, origin, axis.start_s)]]
    second = axis.start_s
    while second < axis.end_s:
        following = min(second + DAY_S, axis.end_s)
        if _offset_s(axis, origin, following) != offsets[-1][1]:
            low, high = second, following
            while high - low > 1:
                middle = (low + high) // 2
                same = _offset_s(axis, origin, middle) == offsets[-1][1]
                low, high = (middle, high) if same else (low, middle)
            offsets.append([high, _offset_s(axis, origin, high)])
        second = following
    return values | {"origin_ms": origin.timestamp() * 1000, "offsets": offsets}


def _offset_s(axis: TimeAxis, origin: datetime, second: float) -> float:
    """The zone's offset from UTC at a second of the axis."""
    offset = (origin + timedelta(seconds=second)).astimezone(axis.zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _marks(run: Run) -> list[dict[str, Any]]:
    """Spans to mark: grid events with their notice, outages of the scenario, and losses of nodes by jobs."""
    marks: list[dict[str, Any]] = []
    if run.grid_events is not None:
        for event in run.grid_events.itertuples():
            limit = f", limit {event.limit_w:,.0f} W" if event.limit_w == event.limit_w else ""
            if event.notice_s < event.start_s:
                marks.append(_mark(event.notice_s, event.start_s, "notice", "notice of a grid event"))
            marks.append(_mark(event.start_s, event.end_s, "grid_event", f"grid event{limit}"))
    for outage in tables(run.config, "outage"):
        span = _outage_span(outage, run)
        if span is not None:
            kind = "planned outage" if outage.get("planned") else "outage"
            marks.append(_mark(*span, "outage", f"{kind} of {outage.get('nodes', 1)} node(s)"))
    lost = run.events.loc[run.events["event"].eq("lose"), "time_s"].unique()
    marks += [_mark(second, second, "outage", "an outage: jobs lost their nodes") for second in lost]
    return marks[:MOST_MARKS]


def _mark(from_s: float, to_s: float, kind: str, text: str) -> dict[str, Any]:
    return {"from": float(from_s), "to": float(to_s), "kind": kind, "text": text}


def _outage_span(outage: Mapping[str, Any], run: Run) -> tuple[float, float] | None:
    """Begin and end in seconds of the workload's clock; None for dates, whose calendar the folder does not tell."""
    begin, end = outage.get("from"), outage.get("to")
    if not isinstance(begin, int):
        return None
    return float(begin), float(end) if isinstance(end, int) else float(run.power["time_s"].iloc[-1])


def _notes(details: Sequence[RunDetails | None], names: Sequence[str]) -> list[str]:
    """Sentences on what the page leaves out of the runs, so that it stays small."""
    notes = []
    without = [name for one, name in zip(details, names, strict=True) if one is not None and one.jobs is None]
    if without:
        notes.append(
            f"To keep this page below 10 MB, it leaves out the single jobs of {', '.join(without)}. "
            "The command rare report on the folder of such a run shows them."
        )
    coarse = [
        f"{name} ({style.duration(round(one.bin_s))})"
        for one, name in zip(details, names, strict=True)
        if one is not None and one.bin_s is not None
    ]
    if coarse:
        notes.append(
            "To keep this page below 10 MB, power, battery and queue are means over equal spans of time, "
            f"which keep the energy: {', '.join(coarse)}."
        )
    absent = [name for one, name in zip(details, names, strict=True) if one is None]
    if absent:
        notes.append(f"Not in the timeline, as no time passed or no room was left: {', '.join(absent)}.")
    return notes


def _json(value: Any) -> str:
    """JSON in ASCII without the characters that HTML reads: it can stand in a script element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
