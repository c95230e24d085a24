"""The table of `rare evaluate` for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.results.evaluated_names import BOUND, PERFECT, is_oracle
from experiments.results.number_formats import cell, interval, printable
from experiments.results.text_table import fits, narrow_lines, terminal_width
from experiments.results.window_results import Evaluation
from rare.metric_catalogue import METRICS, Form, Metric
from traces.numbers.constants import HOUR_S

TOTALS = (
    "value_earned",
    "qos_violations",
    "jobs_expired",
    "suspensions",
    "wasted_kwh",
    "grid_kwh",
    "grid_cost",
    "carbon_kg",
)
"""Metrics whose sum over the windows is a column."""
UNSERVED, PRICE, LOWEST_WAIT = "jobs_unserved", "unserved_price", "lowest_class_wait_s"
"""Columns where jobs not served have a price: how many, and the wait of those who pay least."""
SHARE = "renewable_share"
ESTIMATES = 5  # columns: the scheduler, its mean and interval, its difference and interval


def evaluate_text(evaluation: Evaluation, width: int | None = None) -> str:
    """The table for the terminal: best first, totals over the windows; a dash for metrics that do not apply.

    width: columns of the terminal, None for that of stdout. Columns that do not fit are left out and named.
    """
    width = terminal_width() if width is None else width
    rows = _rows(evaluation)
    lines = _wide_lines(rows)
    if width is not None and not fits(lines, width):
        lines = narrow_lines(rows, width, keep=ESTIMATES)
    return printable("\n".join([_headline(evaluation), "", *lines, "", *_legend(evaluation)]))


def _headline(evaluation: Evaluation) -> str:
    jobs = int(evaluation.total(evaluation.schedulers[0], "jobs_submitted") or 0)
    count = len(evaluation.windows)
    windows = f"{count} window{'s' if count != 1 else ''}"
    return f"{evaluation.scenario}: {len(evaluation.schedulers)} schedulers on {windows}, {jobs:,} jobs"


def _rows(evaluation: Evaluation) -> list[list[str]]:
    """Rows of cells, the heading first."""
    base, labels = evaluation.schedulers[0], evaluation.labels
    totals = [key for key in TOTALS if any(evaluation.total(name, key) for name in evaluation.schedulers)]
    promised = any(evaluation.total(name, PRICE) is not None for name in evaluation.schedulers)
    if promised:
        totals.insert(totals.index("jobs_expired") if "jobs_expired" in totals else len(totals), UNSERVED)
    headings = [_total_heading(METRICS[key]) for key in totals]
    headings += [f"{METRICS[LOWEST_WAIT].column_name} h"] if promised else []
    rows = [
        ["scheduler", "objective", "95 % interval", f"vs {labels[base]}", "95 % interval", *headings,
         METRICS[SHARE].column_name]
    ]  # fmt: skip
    for name in evaluation.ranked():
        mean, gain = evaluation.objective(name), evaluation.difference(name, base)
        row = [labels[name], cell(mean.mean, ".3f"), interval(mean, ".3f")]
        row += [cell(gain.mean, "+.3f"), interval(gain, "+.3f")]
        if name == BOUND:  # it has no other metric
            rows.append([*row, *[""] * (len(headings) + 1)])
            continue
        row += [cell(evaluation.total(name, key), ",.0f") for key in totals]
        if promised:
            wait_s = evaluation.mean(name, LOWEST_WAIT)
            row.append(cell(None if wait_s is None else wait_s / HOUR_S, ".1f"))
        rows.append([*row, cell(evaluation.mean(name, SHARE), ".0%")])
    return rows


def _total_heading(metric: Metric) -> str:
    """The heading of a column of totals, with the unit for energies."""
    return f"{metric.column_name} {metric.unit}" if metric.form is Form.KWH else metric.column_name


def _wide_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines with fixed column widths, the same for all scenarios."""
    width = max(len(row[0]) for row in rows)
    name, mean, first, gain, second, *totals, share = rows[0]
    lines = [f"{name:<{width}}  {mean}  {first}   {gain:<16}  {second}    " + _right(totals, share)]
    for name, mean, first, gain, second, *totals, share in rows[1:]:
        line = f"{name:<{width}}  {mean:>9}  {first:<14}   {gain:<6}{'':<11}{second}  "
        lines.append((line + _right(totals, share)) if share else line.rstrip())
    return lines


def _right(totals: Sequence[str], share: str) -> str:
    return "  ".join(f"{total:>10}" for total in totals) + f"  {share:>9}"


def _legend(evaluation: Evaluation) -> list[str]:
    lines = [
        "objective: mean over windows; intervals: bootstrap over windows; differences: paired by window;",
        "the rest: totals over the windows, but renewable, the mean share of the energy drawn",
    ]
    if any(evaluation.total(name, PRICE) is not None for name in evaluation.schedulers):
        lines.append("low wait: mean wait of the class whose jobs are worth least, mean over windows")
    if len(evaluation.windows) < 2:
        lines.append("one window: no interval can be told from it")
    if any(name.endswith(PERFECT) for name in evaluation.schedulers):
        lines.append(
            f"{PERFECT}: under a perfect forecast in place of the scenario's; no real scheduler has one"
        )
    if any(map(is_oracle, evaluation.schedulers)):
        lines.append("oracle: knows true run times and true power; no scheduler of a real cluster does")
    if BOUND in evaluation.schedulers:
        lines.append("bound: no schedule exceeds it (docs/results/oracle.md); it is none itself")
    return lines
