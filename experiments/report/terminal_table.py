"""Results as aligned text for a terminal: the metrics people ask for first. The report has them all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from experiments.report.ranking import SLOWDOWN_OF_ALL, order, slowdown_key, with_arrivals
from experiments.runs.scheduler_labels import result_labels

if TYPE_CHECKING:
    from experiments.evaluation.statistics import Estimate

DASH = "-"
MARK = "†"  # as in the report
CLAIRVOYANT = f"{MARK} clairvoyant: the trace has no user estimates, so true run times stand in for them"
PRIVILEGED_MARK = "‡"
PRIVILEGED = f"{PRIVILEGED_MARK} privileged: knows true run times and true power; no real scheduler does"

Shape = Callable[[float], str]


def duration(seconds: float) -> str:
    """Seconds in the largest unit that keeps the number readable: 42 s, 17.3 min, 5.2 h, 3.1 d."""
    for size_s, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size_s:
            return f"{seconds / size_s:.1f} {unit}"
    return f"{seconds:.0f} s"


def energy(kwh: float) -> str:
    """Energy in kWh, or from 10,000 of a unit on in the next larger one."""
    for size, unit in ((1e9, "TWh"), (1e6, "GWh"), (1e3, "MWh")):
        if abs(kwh) >= 10 * size:
            return f"{kwh / size:,.1f} {unit}"
    return f"{kwh:,.0f} kWh" if abs(kwh) >= 100 else f"{kwh:.2f} kWh"


def power(kw: float) -> str:
    """Power with four digits in the unit that suits: W, kW, MW, GW."""
    for size, unit in ((1e6, "GW"), (1e3, "MW"), (1.0, "kW")):
        if abs(kw) >= size:
            return f"{kw / size:,.4g} {unit}"
    return f"{kw * 1000:,.4g} W"


def percent(share: float) -> str:
    """A share of 1 in per cent."""
    return f"{100 * share:.1f} %"


def count(number: float) -> str:
    """A whole number with thousands separated."""
    return f"{number:,.0f}"


def plain(number: float) -> str:
    """A number with about four digits."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:,.2f}"


def score(number: float) -> str:
    """The objective: three decimals."""
    return f"{number:.3f}"


COMPARED: tuple[tuple[str, str, Shape], ...] = (
    ("objective", "objective", score),
    ("qos_violations", "late", count),
    ("mean_bounded_slowdown", "slowdown", plain),
    (SLOWDOWN_OF_ALL, "with unfinished", plain),
    ("mean_wait_s", "mean wait", duration),
    ("utilization", "used", percent),
    ("jobs_unfinished", "unfinished", count),
    ("jobs_not_arrived", "not arrived", count),
    ("suspensions", "suspended", count),
    ("kills", "killed", count),
    ("renewable_share", "renewable", percent),
    ("curtailed_kwh", "curtailed", energy),
    ("grid_kwh", "grid", energy),
    ("fallback_decisions", "fallback", count),
)
# Columns that say nothing when all their cells are 0.
DULL_AT_ZERO = {
    "jobs_unfinished",
    "jobs_not_arrived",
    "suspensions",
    "kills",
    "curtailed_kwh",
    "fallback_decisions",
}

SINGLE: tuple[tuple[str, Sequence[tuple[str, str, Shape]]], ...] = (
    (
        "jobs",
        (
            ("jobs_submitted", "submitted", count),
            ("jobs_completed", "completed", count),
            ("jobs_rejected", "rejected", count),
            ("jobs_unfinished", "unfinished", count),
            ("jobs_not_arrived", "not arrived by the end", count),
            ("jobs_skipped", "skipped in the file", count),
            ("suspensions", "suspensions", count),
            ("kills", "kills", count),
            ("fallback_decisions", "decisions of the fallback", count),
        ),
    ),
    (
        "waiting",
        (
            ("mean_wait_s", "mean wait", duration),
            ("median_wait_s", "median wait", duration),
            ("p95_wait_s", "95 % wait at most", duration),
            ("mean_bounded_slowdown", "mean bounded slowdown", plain),
            ("makespan_s", "makespan", duration),
            ("utilization", "utilization", percent),
        ),
    ),
    (
        "value",
        (
            ("objective", "objective", score),
            ("value_offered", "offered", plain),
            ("value_earned", "earned", plain),
            ("qos_violations", "late jobs", count),
        ),
    ),
    (
        "energy",
        (
            ("energy_kwh", "used", energy),
            ("renewable_available_kwh", "renewable available", energy),
            ("renewable_share", "renewable share", percent),
            ("curtailed_kwh", "curtailed", energy),
            ("battery_discharged_kwh", "from the battery", energy),
            ("grid_kwh", "from the grid", energy),
            ("grid_cost", "grid cost", plain),
            ("carbon_kg", "carbon kg", plain),
            ("wasted_kwh", "wasted", energy),
        ),
    ),
)


def run_text(found: Mapping[str, Any]) -> str:
    """One run as groups of `name  value` lines."""
    metrics = with_arrivals(found["metrics"])
    if not metrics.get("jobs_not_arrived"):
        metrics.pop("jobs_not_arrived", None)
    mark, (label,) = _marks(found), result_labels([found])
    lines = [f"{found['scenario']}: {label}{mark}, seed {found['seed']}, ended: {found['ended']}"]
    for title, rows in SINGLE:
        known = [(label, shape(metrics[key])) for key, label, shape in rows if metrics.get(key) is not None]
        if known:
            lines.append(f"{title}:")
            width = max(len(label) for label, _ in known)
            lines += [f"  {label:<{width}}  {value:>12}" for label, value in known]
    return printable("\n".join([*lines, *_explained([mark])]))


def compare_text(whole: Mapping[str, Any]) -> str:
    """A row per scheduler, the best first: by the objective, or the mean bounded slowdown without values."""
    best_first = order([found["metrics"] for found in whole["results"]])
    results = [whole["results"][place] for place in best_first]
    results = [{**found, "metrics": with_arrivals(found["metrics"])} for found in results]
    columns = [each for each in COMPARED if _tells(each[0], results)]
    ends = {found["ended"] for found in results}
    head = ["scheduler", *(title for _, title, _ in columns), *(["ended"] if len(ends) > 1 else [])]
    rows = [head]
    labels = result_labels(results)
    for label, found in zip(labels, results, strict=True):
        cells = [_cell(found["metrics"].get(key), shape) for key, _, shape in columns]
        rows.append([label + _marks(found), *cells, *([found["ended"]] if len(ends) > 1 else [])])
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    ended = f", ended: {ends.pop()}" if len(ends) == 1 else ""
    lines = [
        f"{whole['scenario']}: {len(results)} scheduler{'s, best first' if len(results) > 1 else ''}{ended}"
    ]
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return printable("\n".join([*lines, *_explained([_marks(found) for found in results])]))


def _marks(found: Mapping[str, Any]) -> str:
    """What a result's scheduler saw that a real one could not, as marks behind its name."""
    clairvoyant = MARK if found["metrics"].get("estimates") == "run_time" else ""
    return clairvoyant + (PRIVILEGED_MARK if found.get("privileged") is True else "")


def _explained(marks: Sequence[str]) -> list[str]:
    used = "".join(marks)
    return [text for mark, text in ((MARK, CLAIRVOYANT), (PRIVILEGED_MARK, PRIVILEGED)) if mark in used]


def _tells(key: str, results: Sequence[Mapping[str, Any]]) -> bool:
    if key == SLOWDOWN_OF_ALL:  # only where the rows are in its order
        runs = [found["metrics"] for found in results]
        return slowdown_key(runs) == key and all(each.get("objective") is None for each in runs)
    values = [found["metrics"].get(key) for found in results]
    known = [value for value in values if value is not None]
    return bool(known) and not (key in DULL_AT_ZERO and not any(known))


def _cell(value: float | None, shape: Shape) -> str:
    return DASH if value is None else shape(value)


def cell(value: float | None, form: str) -> str:
    """A number in a format such as `+.3f`; a dash where there is none."""
    return DASH if value is None else format(value, form)


def interval(estimate: Estimate, form: str) -> str:
    """Its interval as `low to high`; a dash where there is none."""
    if estimate.low is None or estimate.high is None:
        return DASH
    return f"{estimate.low:{form}} to {estimate.high:{form}}"


def printable(text: str) -> str:
    """Names come from files: no control character may reach the terminal."""
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", "?", text)
