"""The metric tables of the report: names, units, which way is better, and how a number is written."""

from dataclasses import dataclass
from html import escape
from typing import Any

from experiments.figures.objective import number
from experiments.runfolder import Compare

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
COLUMNS = (
    Column("objective", "Objective", "of value offered", 1, digits=3),
    Column("value_earned", "Value earned", "", 1),
    Column("value_offered", "Value offered", "", 0),
    Column("qos_violations", "Missed deadlines", "jobs", -1, digits=0),
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
    Column("jobs_submitted", "Submitted", "jobs", 0, digits=0),
    Column("jobs_completed", "Completed", "jobs", 1, digits=0),
    Column("jobs_unfinished", "Not finished", "jobs", -1, digits=0),
    Column("jobs_expired", "of these expired", "jobs", -1, digits=0),
    Column("jobs_failed", "of these failed", "jobs", -1, digits=0),
    Column("jobs_rejected", "Rejected", "jobs", 0, digits=0),
    Column("jobs_skipped", "Skipped records", "", 0, digits=0),
    Column("suspensions", "Suspensions", "", -1, digits=0),
    Column("kills", "Kills", "", -1, digits=0),
    Column("renewable_utilization", "Wind and sun used", "% of available", 1, 100, 1),
    Column("renewable_share", "Renewable share", "% of energy used", 1, 100, 1),
    Column("energy_kwh", "Energy used", "kWh", 0),
    Column("renewable_available_kwh", "Wind and sun available", "kWh", 0),
    Column("renewable_used_kwh", "Wind and sun used", "kWh", 1),
    Column("curtailed_kwh", "Curtailed", "kWh", -1),
    Column("battery_charged_kwh", "Battery charged", "kWh", 0),
    Column("battery_discharged_kwh", "Battery discharged", "kWh", 0),
    Column("grid_kwh", "Grid import", "kWh", -1),
    Column("grid_cost", "Grid cost", "", -1),
    Column("carbon_kg", "Carbon", "kg", -1),
    Column("wasted_kwh", "Wasted on lost work", "kWh", -1),
    Column("unserved_kwh", "Unserved", "kWh", -1),
    Column("instants", "Instants settled", "", 0, digits=0),
    Column("decisions", "Decisions", "", 0, digits=0),
    Column("simulate_s", "Time to simulate", "s", 0),
    Column("jobs_per_s", "Speed", "jobs/s", 0),
)
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
    "mean_bounded_slowdown_with_unfinished",
}
CLAIRVOYANT = (
    "† These schedulers saw true run times, because the trace has no estimates by users "
    "(estimates: run_time). Real ones could not."
)


def compare_table(compare: Compare) -> str:
    """HTML of the table with a row per scheduler, the best value of each column in bold."""
    metrics = [result["metrics"] for result in compare.results]
    columns = [
        column
        for column in COLUMNS
        if column.key not in NOT_COMPARED and any(column.value(each) is not None for each in metrics)
    ]
    values = [[column.value(each) for each in metrics] for column in columns]
    best = [
        _best([column.text(value) for value in each], each, column.better)
        for column, each in zip(columns, values, strict=True)
    ]
    head = "".join(_heading(column.title, column.unit) for column in columns)
    rows = []
    for place in _order(columns, values, len(metrics)):
        cells = "".join(
            _cell(column, values[at][place], place in best[at]) for at, column in enumerate(columns)
        )
        mark = '<span title="saw true run times">†</span>' if clairvoyant(metrics[place]) else ""
        name = compare.labels[place]
        rows.append(f'<tr><th scope="row" data-v="{escape(name)}">{escape(name)}{mark}</th>{cells}</tr>')
    note = f'<p class="note">{escape(CLAIRVOYANT)}</p>' if any(map(clairvoyant, metrics)) else ""
    return (
        f'<div class="wide"><table class="sortable"><thead><tr>{_heading("Scheduler", "")}{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="note">The best value of a column is bold. Press a heading to sort. '
        f"A dash: does not apply or is not known.</p>{note}"
    )


def run_table(metrics: dict[str, Any]) -> str:
    """HTML of one run's metrics: name, value, unit; metrics this version does not know come last."""
    rows = [
        (column.title, column.text(column.value(metrics)), column.unit)
        for column in COLUMNS
        if column.key in metrics
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
    note = f'<p class="note">{escape(CLAIRVOYANT)}</p>' if clairvoyant(metrics) else ""
    return f'<div class="side">{halves}</div>{note}'


def clairvoyant(metrics: dict[str, Any]) -> bool:
    """Whether the run's scheduler saw true run times."""
    return metrics.get("estimates") == "run_time"


def _best(texts: list[str], values: list[float | None], better: int) -> set[int]:
    """Places of the best value as shown; none if all show the same or neither way is better."""
    known = [place for place, value in enumerate(values) if value is not None]
    if not better or len(known) < 2 or len({texts[place] for place in known}) == 1:
        return set()
    first = max(known, key=lambda place: better * (values[place] or 0.0))
    return {place for place in known if texts[place] == texts[first]}


def _order(columns: list[Column], values: list[list[float | None]], count: int) -> list[int]:
    """Best first by the first column, which is the objective, or the slowdown without one; nulls last."""
    for wanted in ("objective", "mean_bounded_slowdown"):
        for column, each in zip(columns, values, strict=True):
            if column.key == wanted:
                ranked = [(value is None, -column.better * (value or 0.0)) for value in each]
                return sorted(range(count), key=ranked.__getitem__)
    return list(range(count))


def _heading(title: str, unit: str) -> str:
    small = f"<small>{escape(unit)}</small>" if unit else ""
    return f'<th scope="col"><button type="button">{escape(title)}{small}</button></th>'


def _cell(column: Column, value: float | None, best: bool) -> str:
    text = escape(column.text(value))
    sort = "" if value is None else repr(value)
    return f'<td class="num" data-v="{sort}">{f"<b>{text}</b>" if best else text}</td>'
