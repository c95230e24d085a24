"""The metric tables of the report, from the catalogue's names, units and directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from experiments.report.page_templates import render_part
from experiments.results.ranking import (
    OF_COMPLETED,
    SHOWN_IF_ANY,
    SLOWDOWN_OF_ALL,
    number,
    order,
    same_jobs_done,
    with_arrivals,
)
from experiments.results.run_folder import Compare
from rare.metric_catalogue import EVENTS, FAIRNESS, METRICS, Form, Metric

DASH = "–"
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Value and jobs",
        (
            "objective",
            "value_earned",
            "value_offered",
            "qos_violations",
            "jobs_submitted",
            "jobs_completed",
            "jobs_unfinished",
            "jobs_expired",
            "jobs_failed",
            "jobs_cancelled",
            "jobs_dropped",
            "jobs_unserved",
            "unserved_price",
            "jobs_not_arrived",
            "jobs_rejected",
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
        "Waiting and use of the machine",
        (
            "mean_bounded_slowdown",
            "mean_bounded_slowdown_with_unfinished",
            "mean_wait_s",
            "median_wait_s",
            "p95_wait_s",
            "max_wait_s",
            "mean_first_wait_s",
            "mean_wait_with_unfinished_s",
            "mean_turnaround_s",
            "makespan_s",
            "utilization",
            "busy_share",
        ),
    ),
    (
        "Fairness",
        (
            "least_class_served_share",
            "lowest_class_wait_s",
            "mean_user_served_share",
            "lowest_user_served_share",
            "user_served_index",
            "user_slowdown_index",
        ),
    ),
    (
        "Power and energy",
        (
            "renewable_utilization",
            "renewable_share",
            "energy_kwh",
            "renewable_available_kwh",
            "renewable_used_kwh",
            "curtailed_kwh",
            "battery_charged_kwh",
            "battery_discharged_kwh",
            "battery_grid_charged_kwh",
            "battery_leaked_kwh",
            "grid_kwh",
            "grid_cost",
            "carbon_kg",
            "wasted_kwh",
            "unserved_kwh",
        ),
    ),
    (
        "Grid events",
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
    (
        "The run itself",
        (
            "instants",
            "decisions",
            "simulate_s",
            "jobs_per_s",
        ),
    ),
)
"""Titles of the tables and the metrics in them."""

# The same for every scheduler of a comparison, or of little use there.
NOT_COMPARED = {
    "value_offered",
    "jobs_submitted",
    "jobs_rejected",
    "jobs_skipped",
    "max_wait_s",
    "unserved_kwh",
    "mean_first_wait_s",
    "mean_wait_with_unfinished_s",
    "mean_turnaround_s",
    "renewable_available_kwh",
    "battery_charged_kwh",
    "renewable_used_kwh",
    "battery_discharged_kwh",
    "decisions",
    "jobs_per_s",
    "instants",
    "simulate_s",
    "battery_leaked_kwh",
    SLOWDOWN_OF_ALL,
}
# In place of means over completed jobs if the schedulers completed different numbers of jobs.
OF_ALL = {SLOWDOWN_OF_ALL, "mean_wait_with_unfinished_s"}
CLAIRVOYANT = (
    "† These schedulers saw true run times, because the trace has no estimates by users "
    "(estimates: run_time). Real ones could not."
)
PRIVILEGED = "‡ These schedulers knew true run times and true power. No scheduler of a real cluster does."


OBJECTS = {key for key, metric in METRICS.items() if metric.form is Form.PARTS}
FACTORS = {Form.DURATION: 1 / 3600, Form.SHARE: 100.0}  # from the stored unit to that of the report
DIGITS = {Form.SCORE: 3, Form.COUNT: 0, Form.SHARE: 1}  # the others have about four


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a value.

    sort: the key for sorting by column. best: whether it is the best of the column.
    """

    text: str
    sort: str
    best: bool


@dataclass(frozen=True, slots=True)
class SchedulerRow:
    """The row of a scheduler. clairvoyant: knows true run times. privileged: knows true power as well."""

    name: str
    clairvoyant: bool
    privileged: bool
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class ComparisonTable:
    """One of the tables of a comparison."""

    title: str
    columns: list[Metric]
    rows: list[SchedulerRow]


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of a run: name, text of the value, unit."""

    label: str
    text: str
    unit: str = ""


def value_of(metric: Metric, metrics: dict[str, Any]) -> float | None:
    """The metric in the unit of the report; None if it is not a number."""
    value = number(metrics.get(metric.key))
    return None if value is None else value * FACTORS.get(metric.form, 1.0)


def written(metric: Metric, value: float | None) -> str:
    """The text of a value in the unit of the report; a dash for None."""
    if value is None:
        return DASH
    digits = DIGITS.get(metric.form)
    if digits is None:
        size = abs(value)
        if 0 < size < 0.01:
            return f"{value:.2g}".replace("-", "−")
        digits = 0 if size >= 1000 or value == int(value) else 1 if size >= 100 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}".replace("-", "−")


def compare_table(compare: Compare) -> Markup:
    """HTML of the tables with a row per scheduler, best first, the best value of each column in bold."""
    runs = [with_arrivals(result["metrics"]) for result in compare.results]
    fair = same_jobs_done(runs)
    tables = []
    for title, keys in GROUPS:
        columns = [METRICS[key] for key in keys if _is_compared(METRICS[key], runs, fair)]
        if columns:
            tables.append(ComparisonTable(title, columns, _rows(compare, columns, runs, fair)))
    notes = [
        "The best value of a column is bold. Press a heading to sort. A dash: does not apply or is not known."
    ]
    if not fair:
        notes.append(
            "The schedulers completed different numbers of jobs, so no value is called best in columns over "
            "completed jobs only; those with unfinished jobs count what was left up to the end of the run."
        )
    notes += [CLAIRVOYANT] if any(map(clairvoyant, runs)) else []
    notes += [PRIVILEGED] if any(map(privileged, compare.results)) else []
    return render_part("compare_tables.html.j2", tables=tables, notes=notes)


def _is_compared(metric: Metric, runs: Sequence[dict[str, Any]], fair: bool) -> bool:
    """Whether the metric is a column of this comparison."""
    if metric.key in NOT_COMPARED and (fair or metric.key not in OF_ALL):
        return False
    values = [value_of(metric, metrics) for metrics in runs]
    numbers = [value for value in values if value is not None]
    return bool(numbers) and not (metric.quiet_at_zero and not any(numbers))


def _rows(
    compare: Compare, columns: Sequence[Metric], runs: Sequence[dict[str, Any]], fair: bool
) -> list[SchedulerRow]:
    """The rows of one table, the best run first."""
    by_column = [_cells(metric, runs, fair) for metric in columns]
    return [
        SchedulerRow(
            compare.labels[place],
            clairvoyant(runs[place]),
            privileged(compare.results[place]),
            [cells[place] for cells in by_column],
        )
        for place in order(runs)
    ]


def _cells(metric: Metric, runs: Sequence[dict[str, Any]], fair: bool) -> list[Cell]:
    """A cell for each run. No value is marked best if the runs are not comparable by the metric."""
    values = [value_of(metric, metrics) for metrics in runs]
    texts = [written(metric, value) for value in values]
    best = _best(texts, values, metric.better) if fair or metric.key not in OF_COMPLETED else set()
    return [
        Cell(text, "" if value is None else repr(value), place in best)
        for place, (text, value) in enumerate(zip(texts, values, strict=True))
    ]


def run_table(metrics: dict[str, Any], knows_all: bool = False) -> Markup:
    """HTML of one run's metrics: name, value, unit; metrics this version does not know come last.

    knows_all: whether its scheduler is privileged.
    """
    metrics = with_arrivals(metrics)
    rows = _known_rows(metrics) + _other_rows(metrics)
    half = -(-len(rows) // 2)
    notes = ((CLAIRVOYANT, clairvoyant(metrics)), (PRIVILEGED, knows_all))
    return render_part(
        "run_metrics.html.j2",
        halves=[part for part in (rows[:half], rows[half:]) if part],
        notes=[text for text, applies in notes if applies and rows],
    )


def _known_rows(metrics: dict[str, Any]) -> list[MetricRow]:
    """Rows of the metrics of GROUPS, in that order."""
    keys = [key for _, group in GROUPS for key in group if key in metrics]
    return [
        MetricRow(
            METRICS[key].label,
            written(METRICS[key], value_of(METRICS[key], metrics)),
            METRICS[key].report_unit,
        )
        for key in keys
        if _is_shown(key, metrics[key])
    ]


def _is_shown(key: str, value: Any) -> bool:
    """Whether a run's table has a row of this metric: not of what most runs do not have."""
    if key in SHOWN_IF_ANY:
        return bool(value)
    return value is not None or METRICS[key].group not in (EVENTS, FAIRNESS)


def _other_rows(metrics: dict[str, Any]) -> list[MetricRow]:
    """Rows of all other metrics, also of other versions; named by key if the catalogue lacks them."""
    placed = {key for _, group in GROUPS for key in group}
    rows = []
    for key, value in metrics.items():
        if key in placed or isinstance(value, dict | list) or key in OBJECTS:
            continue
        size = number(value)
        text = DASH if value is None else str(value) if size is None else f"{size:,.6g}"
        rows.append(MetricRow(METRICS[key].label if key in METRICS else key, text))
    return rows


def clairvoyant(metrics: dict[str, Any]) -> bool:
    """Whether the run's scheduler saw true run times."""
    return metrics.get("estimates") == "run_time"


def privileged(result: dict[str, Any]) -> bool:
    """Whether the result is of a scheduler that knew the truth, such as the oracle."""
    return result.get("privileged") is True


def _best(texts: Sequence[str], values: Sequence[float | None], better: int) -> set[int]:
    """Indices of the best value by its text; empty if all texts are equal or no direction is better."""
    numbered = [place for place, value in enumerate(values) if value is not None]
    if not better or len(numbered) < 2 or len({texts[place] for place in numbered}) == 1:
        return set()
    first = max(numbered, key=lambda place: better * (values[place] or 0.0))
    return {place for place in numbered if texts[place] == texts[first]}
