"""The metric tables of the report: names, units, which way is better, and how a number is written."""

from dataclasses import dataclass
from html import escape
from typing import Any

from experiments.results.ranking import (
    OF_COMPLETED,
    SLOWDOWN_OF_ALL,
    number,
    order,
    same_jobs_done,
    with_arrivals,
)
from experiments.runs.run_folder import Compare

DASH = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """One metric: `better` is 1 if more is better, -1 if less is, 0 if neither."""

    key: str
    title: str
    unit: str
    better: int
    factor: float = 1.0
    digits: int | None = None  # None: about four digits

    def value(self, metrics: dict[str, Any]) -> float | None:
        """The metric in the column's unit, or None."""
        found = number(metrics.get(self.key))
        return None if found is None else found * self.factor

    def text(self, value: float | None) -> str:
        """`value` as written in the table; a dash for None."""
        if value is None:
            return DASH
        digits = self.digits
        if digits is None:
            size = abs(value)
            if 0 < size < 0.01:
                return f"{value:.2g}".replace("-", "−")
            digits = 0 if size >= 1000 or value == int(value) else 1 if size >= 100 else 2 if size >= 1 else 3
        return f"{value:,.{digits}f}".replace("-", "−")


HOUR = 1 / 3600
GROUPS: tuple[tuple[str, tuple[Column, ...]], ...] = (
    (
        "Value and jobs",
        (
            Column("objective", "Objective", "of value offered", 1, digits=3),
            Column("value_earned", "Value earned", "", 1),
            Column("value_offered", "Value offered", "", 0),
            Column("qos_violations", "Missed deadlines", "jobs", -1, digits=0),
            Column("jobs_submitted", "Submitted", "jobs", 0, digits=0),
            Column("jobs_completed", "Completed", "jobs", 1, digits=0),
            Column("jobs_unfinished", "Not finished", "jobs", -1, digits=0),
            Column("jobs_expired", "of these expired", "jobs", -1, digits=0),
            Column("jobs_failed", "of these failed", "jobs", -1, digits=0),
            Column("jobs_not_arrived", "Not arrived", "jobs", 0, digits=0),
            Column("jobs_rejected", "Rejected", "jobs", 0, digits=0),
            Column("jobs_skipped", "Skipped records", "", 0, digits=0),
            Column("suspensions", "Suspensions", "", -1, digits=0),
            Column("kills", "Kills", "", -1, digits=0),
            Column("fallback_decisions", "Decisions of the fallback", "", 0, digits=0),
        ),
    ),
    (
        "Waiting and use of the machine",
        (
            Column("mean_bounded_slowdown", "Bounded slowdown, mean", "", -1),
            Column("mean_bounded_slowdown_with_unfinished", "Bounded slowdown, with unfinished", "", -1),
            Column("mean_wait_s", "Wait, mean", "h", -1, HOUR),
            Column("median_wait_s", "Wait, median", "h", -1, HOUR),
            Column("p95_wait_s", "Wait, 95th percentile", "h", -1, HOUR),
            Column("max_wait_s", "Wait, longest", "h", -1, HOUR),
            Column("mean_first_wait_s", "Wait to first start", "h", -1, HOUR),
            Column("mean_wait_with_unfinished_s", "Wait, with unfinished", "h", -1, HOUR),
            Column("mean_turnaround_s", "Turnaround, mean", "h", -1, HOUR),
            Column("makespan_s", "Makespan", "h", -1, HOUR),
            Column("utilization", "Utilization", "%", 1, 100, 1),
            Column("busy_share", "Cores in use", "% of the run", 1, 100, 1),
        ),
    ),
    (
        "Power and energy",
        (
            Column("renewable_utilization", "Wind and sun used", "% of available", 1, 100, 1),
            Column("renewable_share", "Renewable share", "% of energy used", 1, 100, 1),
            Column("energy_kwh", "Energy used", "kWh", 0),
            Column("renewable_available_kwh", "Wind and sun available", "kWh", 0),
            Column("renewable_used_kwh", "Wind and sun used", "kWh", 1),
            Column("curtailed_kwh", "Curtailed", "kWh", -1),
            Column("battery_charged_kwh", "Battery charged", "kWh", 0),
            Column("battery_discharged_kwh", "Battery discharged", "kWh", 0),
            Column("battery_grid_charged_kwh", "Battery charged from grid", "kWh", 0),
            Column("battery_leaked_kwh", "Battery leaked", "kWh", 0),
            Column("grid_kwh", "Grid import", "kWh", -1),
            Column("grid_cost", "Grid cost", "", -1),
            Column("carbon_kg", "Carbon", "kg", -1),
            Column("wasted_kwh", "Wasted on lost work", "kWh", -1),
            Column("unserved_kwh", "Unserved", "kWh", -1),
        ),
    ),
    (
        "The run itself",
        (
            Column("instants", "Instants settled", "", 0, digits=0),
            Column("decisions", "Decisions", "", 0, digits=0),
            Column("simulate_s", "Time to simulate", "s", 0),
            Column("jobs_per_s", "Speed", "jobs/s", 0),
        ),
    ),
)
COLUMNS = tuple(column for _, columns in GROUPS for column in columns)
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
# Compared instead of means over completed jobs where the schedulers completed different numbers of jobs.
OF_ALL = {SLOWDOWN_OF_ALL, "mean_wait_with_unfinished_s"}
DULL_AT_ZERO = {
    "fallback_decisions",
    "jobs_not_arrived",
    "jobs_expired",
    "jobs_failed",
    "kills",
    "battery_grid_charged_kwh",
}
CLAIRVOYANT = (
    "† These schedulers saw true run times, because the trace has no estimates by users "
    "(estimates: run_time). Real ones could not."
)
PRIVILEGED = "‡ These schedulers knew true run times and true power. No scheduler of a real cluster does."


def compare_table(compare: Compare) -> str:
    """HTML of the tables with a row per scheduler, best first, the best value of each column in bold."""
    runs = [with_arrivals(result["metrics"]) for result in compare.results]
    fair = same_jobs_done(runs)
    places = order(runs)
    tables = []
    for title, columns in GROUPS:
        shown = [column for column in columns if _is_compared(column, runs, fair)]
        if shown:
            tables.append(f"<h3>{escape(title)}</h3>{_table(compare, shown, runs, places, fair)}")
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
    return "".join(tables) + "".join(f'<p class="note">{escape(note)}</p>' for note in notes)


def _is_compared(column: Column, runs: list[dict[str, Any]], fair: bool) -> bool:
    if column.key in NOT_COMPARED and (fair or column.key not in OF_ALL):
        return False
    values = [column.value(each) for each in runs]
    known = [value for value in values if value is not None]
    return bool(known) and not (column.key in DULL_AT_ZERO and not any(known))


def _table(
    compare: Compare, columns: list[Column], runs: list[dict[str, Any]], places: list[int], fair: bool
) -> str:
    values = [[column.value(each) for each in runs] for column in columns]
    best = [
        _best([column.text(value) for value in each], each, column.better)
        if fair or column.key not in OF_COMPLETED
        else set()
        for column, each in zip(columns, values, strict=True)
    ]
    head = "".join(_heading(column.title, column.unit) for column in columns)
    rows = []
    for place in places:
        cells = "".join(
            _cell(column, values[at][place], place in best[at]) for at, column in enumerate(columns)
        )
        mark = '<span title="saw true run times">†</span>' if clairvoyant(runs[place]) else ""
        if privileged(compare.results[place]):
            mark += '<span title="knew true run times and power">‡</span>'
        name = compare.labels[place]
        rows.append(f'<tr><th scope="row" data-v="{escape(name)}">{escape(name)}{mark}</th>{cells}</tr>')
    return (
        f'<div class="wide"><table class="sortable"><thead><tr>{_heading("Scheduler", "")}{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def run_table(metrics: dict[str, Any], knows_all: bool = False) -> str:
    """HTML of one run's metrics: name, value, unit; metrics this version does not know come last.

    knows_all: whether its scheduler is privileged.
    """
    metrics = with_arrivals(metrics)
    rows = [
        (column.title, column.text(column.value(metrics)), column.unit)
        for column in COLUMNS
        if column.key in metrics and (column.key != "jobs_not_arrived" or metrics[column.key])
    ]
    known = {column.key for column in COLUMNS}
    for key, value in metrics.items():
        if key not in known and not isinstance(value, dict | list):
            found = number(value)
            text = DASH if value is None else str(value) if found is None else f"{found:,.6g}"
            rows.append(("Run-time estimates" if key == "estimates" else key, text, ""))
    if not rows:
        return '<p class="note">This run stored no metrics.</p>'
    lines = [
        f'<tr><th scope="row">{escape(title)}</th><td class="num">{escape(text)}</td>'
        f'<td class="unit">{escape(unit)}</td></tr>'
        for title, text, unit in rows
    ]
    half = -(-len(lines) // 2)
    halves = "".join(
        f'<table class="metrics"><tbody>{"".join(part)}</tbody></table>'
        for part in (lines[:half], lines[half:])
        if part
    )
    said = ((CLAIRVOYANT, clairvoyant(metrics)), (PRIVILEGED, knows_all))
    notes = "".join(f'<p class="note">{escape(text)}</p>' for text, holds in said if holds)
    return f'<div class="side">{halves}</div>{notes}'


def clairvoyant(metrics: dict[str, Any]) -> bool:
    """Whether the run's scheduler saw true run times."""
    return metrics.get("estimates") == "run_time"


def privileged(result: dict[str, Any]) -> bool:
    """Whether the result is of a scheduler that knew the truth, such as the oracle."""
    return result.get("privileged") is True


def _best(texts: list[str], values: list[float | None], better: int) -> set[int]:
    """Places of the best value as shown; none if all show the same or neither way is better."""
    known = [place for place, value in enumerate(values) if value is not None]
    if not better or len(known) < 2 or len({texts[place] for place in known}) == 1:
        return set()
    first = max(known, key=lambda place: better * (values[place] or 0.0))
    return {place for place in known if texts[place] == texts[first]}


def _heading(title: str, unit: str) -> str:
    small = f"<small>{escape(unit)}</small>" if unit else ""
    return f'<th scope="col"><button type="button">{escape(title)}{small}</button></th>'


def _cell(column: Column, value: float | None, best: bool) -> str:
    text = escape(column.text(value))
    sort = "" if value is None else repr(value)
    return f'<td class="num" data-v="{sort}">{f"<b>{text}</b>" if best else text}</td>'
