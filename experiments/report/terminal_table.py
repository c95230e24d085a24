"""Results as aligned text for a terminal, with the main metrics. The report has all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiments.results.number_formats import (
    DASH,
    count,
    duration,
    energy,
    percent,
    plain,
    printable,
    score,
)
from experiments.results.ranking import SHOWN_IF_ANY, SLOWDOWN_OF_ALL, order, slowdown_key, with_arrivals
from experiments.results.scheduler_labels import result_labels
from experiments.results.text_table import aligned_lines, fits, named_lines, narrow_lines, terminal_width
from rare.metric_catalogue import METRICS, Form, Metric

MARK = "†"  # as in the report
CLAIRVOYANT = f"{MARK} clairvoyant: the trace has no user estimates, so true run times stand in for them"
PRIVILEGED_MARK = "‡"
PRIVILEGED = f"{PRIVILEGED_MARK} privileged: knows true run times and true power; no real scheduler does"

FORMATS: dict[Form, Callable[[float], str]] = {
    Form.SCORE: score,
    Form.COUNT: count,
    Form.NUMBER: plain,
    Form.DURATION: duration,
    Form.KWH: energy,
    Form.SHARE: percent,
}
"""The text of a metric in the terminal, by its form in the catalogue."""

COMPARED = (
    "objective",
    "qos_violations",
    "mean_bounded_slowdown",
    SLOWDOWN_OF_ALL,
    "mean_wait_s",
    "utilization",
    "jobs_unfinished",
    "jobs_rejected",
    "jobs_not_arrived",
    "suspensions",
    "kills",
    "node_losses",
    "slowdowns",
    "renewable_share",
    "curtailed_kwh",
    "grid_kwh",
    "fallback_decisions",
    "grid_events_missed",
    "grid_event_comply_s",
    "grid_event_depth",
)
"""Metrics of a comparison, the most important first."""

QUIET_WHERE_NARROW = {"jobs_unfinished", "jobs_rejected", "suspensions", "curtailed_kwh"}
"""Left out if all are 0, like the `quiet_at_zero` metrics of the catalogue, to save columns."""

SINGLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "jobs",
        (
            "jobs_submitted",
            "jobs_completed",
            "jobs_rejected",
            "jobs_over_limit",
            "jobs_unfinished",
            "jobs_not_arrived",
            "jobs_cancelled",
            "jobs_dropped",
            "jobs_skipped",
            "suspensions",
            "kills",
            "node_losses",
            "slowdowns",
            "raises",
            "fallback_decisions",
        ),
    ),
    (
        "waiting",
        (
            "mean_wait_s",
            "median_wait_s",
            "p95_wait_s",
            "mean_bounded_slowdown",
            "makespan_s",
            "utilization",
        ),
    ),
    ("value", ("objective", "value_offered", "value_earned", "qos_violations")),
    (
        "energy",
        (
            "energy_kwh",
            "renewable_available_kwh",
            "renewable_share",
            "curtailed_kwh",
            "battery_discharged_kwh",
            "grid_kwh",
            "grid_cost",
            "carbon_kg",
            "wasted_kwh",
        ),
    ),
    (
        "grid events",
        (
            "grid_events",
            "grid_events_missed",
            "grid_event_comply_s",
            "grid_event_depth",
            "grid_event_shed_kwh",
            "grid_event_rebound_kwh",
            "grid_event_late_jobs",
        ),
    ),
)


def run_text(result: Mapping[str, Any]) -> str:
    """One run as groups of `name  value` lines."""
    metrics = with_arrivals(result["metrics"])
    metrics = {key: value for key, value in metrics.items() if value or key not in SHOWN_IF_ANY}
    marks, (label,) = _marks(result), result_labels([result])
    lines = [f"{result['scenario']}: {label}{marks}, seed {result['seed']}, ended: {result['ended']}"]
    for title, keys in SINGLE:
        present = [METRICS[key] for key in keys if metrics.get(key) is not None]
        if present:
            pairs = [(metric.line_name, _cell(metric, metrics[metric.key])) for metric in present]
            lines += [f"{title}:", *named_lines(pairs, right=12)]
    return printable("\n".join([*lines, *_explained([marks])]))


def compare_text(comparison: Mapping[str, Any], width: int | None = None) -> str:
    """A row per scheduler, the best first: by the objective, or the mean bounded slowdown without values.

    width: columns of the terminal, None for that of stdout. Columns that do not fit are left out and named.
    """
    width = terminal_width() if width is None else width
    best_first = order([result["metrics"] for result in comparison["results"]])
    results = [comparison["results"][place] for place in best_first]
    results = [{**result, "metrics": with_arrivals(result["metrics"])} for result in results]
    ends = {result["ended"] for result in results}
    ended = f", ended: {ends.pop()}" if len(ends) == 1 else ""
    best = "s, best first" if len(results) > 1 else ""
    title = f"{comparison['scenario']}: {len(results)} scheduler{best}{ended}"
    rows = _rows(results, with_ends=not ended)
    lines = aligned_lines(rows)
    if width is not None and not fits(lines, width):
        lines = narrow_lines(rows, width)
    return printable("\n".join([title, *lines, *_explained([_marks(result) for result in results])]))


def _rows(results: Sequence[Mapping[str, Any]], with_ends: bool) -> list[list[str]]:
    """Rows of cells, the heading first."""
    metrics = [METRICS[key] for key in COMPARED if _has_content(key, results)]
    rows = [["scheduler", *(metric.column_name for metric in metrics), *(["ended"] if with_ends else [])]]
    for label, result in zip(result_labels(results), results, strict=True):
        cells = [_cell(metric, result["metrics"].get(metric.key)) for metric in metrics]
        rows.append([label + _marks(result), *cells, *([result["ended"]] if with_ends else [])])
    return rows


def _marks(result: Mapping[str, Any]) -> str:
    """Marks after the name of a scheduler with knowledge that real ones lack."""
    clairvoyant = MARK if result["metrics"].get("estimates") == "run_time" else ""
    return clairvoyant + (PRIVILEGED_MARK if result.get("privileged") is True else "")


def _explained(marks: Sequence[str]) -> list[str]:
    """A line of explanation for each used mark."""
    used = "".join(marks)
    return [text for mark, text in ((MARK, CLAIRVOYANT), (PRIVILEGED_MARK, PRIVILEGED)) if mark in used]


def _has_content(key: str, results: Sequence[Mapping[str, Any]]) -> bool:
    """Whether some run has the metric, and the column is not left out as all 0."""
    if key == SLOWDOWN_OF_ALL:  # only if the rows are sorted by it
        runs = [result["metrics"] for result in results]
        return slowdown_key(runs) == key and all(metrics.get("objective") is None for metrics in runs)
    values = [result["metrics"].get(key) for result in results]
    numbers = [value for value in values if value is not None]
    quiet = METRICS[key].quiet_at_zero or key in QUIET_WHERE_NARROW
    return bool(numbers) and not (quiet and not any(numbers))


def _cell(metric: Metric, value: float | None) -> str:
    return DASH if value is None else FORMATS[metric.form](value)
