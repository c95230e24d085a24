"""What a sweep's report shows: metrics, and which axis becomes lines, which the x axis, which panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from experiments.results.ranking import SLOWDOWN, SLOWDOWN_OF_ALL
from experiments.sweep.pages.axis_levels import SCHEDULER
from experiments.sweep.pages.sweep_summary import Combination, SweepSummary
from rare.metric_catalogue import METRICS, Form, Metric
from traces.errors import InputError

OBJECTIVE = "objective"
BESIDES = ("renewable_share", "jobs_unfinished")
"""Metrics that are shown besides the first one, where their values differ."""

NUMBERLESS = (Form.WORD, Form.PARTS)


@dataclass(frozen=True, slots=True)
class ReportChoice:
    """The wishes for a report; what is left open is chosen by the table.

    metrics: keys of the catalogue, the first of which ranks. x, lines, panels: names of axes.
    """

    metrics: tuple[str, ...] = ()
    x: str | None = None
    lines: str | None = None
    panels: str | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """The axes by role. lines: what is compared, usually the scheduler; its first level is the baseline.

    x: the axis of numbers, if there is one. panels: the other axes that vary, the outermost first.
    """

    lines: str | None
    x: str | None
    panels: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """All axes but the lines: within a group of their levels the lines are ranked."""
        return (*self.panels, *([self.x] if self.x else []))


@dataclass(frozen=True, slots=True)
class ShownMetrics:
    """drawn: metrics with numbers, the first of which ranks. null: those that have none in any cell."""

    drawn: tuple[Metric, ...]
    null: tuple[Metric, ...]


def check_choice(choice: ReportChoice, axes: Sequence[str], replicates: Sequence[str]) -> None:
    """InputError if a wish names an unknown metric or axis, a metric without numbers, or an axis twice."""
    for key in choice.metrics:
        if key not in METRICS:
            near = get_close_matches(key, METRICS, n=3)
            hint = (
                f"; did you mean {' or '.join(near)}?" if near else "; docs/reference/metrics.md lists them"
            )
            raise InputError(f"report.metrics {key!r}: no such metric{hint}")
        if METRICS[key].form in NUMBERLESS:
            raise InputError(f"report.metrics {key!r}: is not a number; choose another metric")
    given = {"x": choice.x, "lines": choice.lines, "panels": choice.panels}
    named = {role: axis for role, axis in given.items() if axis is not None}
    for role, axis in named.items():
        if axis in replicates:
            raise InputError(
                f"report.{role} {axis!r}: is a repetition, over which means are taken; choose another axis"
            )
        if axis not in axes:
            known = ", ".join(name for name in axes if name not in replicates) or "none"
            raise InputError(f"report.{role} {axis!r}: the sweep has no such axis; it has {known}")
    twice = [role for role, axis in named.items() if list(named.values()).count(axis) > 1]
    if twice:
        raise InputError(
            f"report.{twice[0]} and report.{twice[1]} are both {named[twice[0]]!r}; choose two axes"
        )


def roles_of(summary: SweepSummary, choice: ReportChoice) -> Roles:
    """The role of each axis that varies. InputError as `check_choice`.

    Without wishes the scheduler is compared, else the first axis of words, else of numbers; the numeric axis
    with the most levels is the x axis. `panels` puts an axis outermost.
    """
    check_choice(choice, summary.table.axes, summary.table.replicates)
    wished = (choice.x, choice.lines, choice.panels)
    free = [name for name in summary.varying if name not in wished]
    numeric = [name for name in free if summary.levels[name].numbers is not None]
    lines, x = choice.lines, choice.x
    if lines is None:
        words = [name for name in free if name not in numeric]
        lines = SCHEDULER if SCHEDULER in free else next(iter(words), None)
    if x is None:
        numeric = [name for name in numeric if name != lines]
        x = max(numeric, key=lambda name: len(summary.levels[name].levels), default=None)
    free = [name for name in free if name not in (lines, x)]
    if lines is None and free:
        lines = free.pop(0)
    if lines is None and SCHEDULER in summary.axes and SCHEDULER not in wished:
        lines = SCHEDULER  # the only one: it names the line
    return Roles(lines, x, (*([choice.panels] if choice.panels else []), *free))


def shown_metrics(summary: SweepSummary, roles: Roles, choice: ReportChoice) -> ShownMetrics:
    """The metrics of the report."""
    rows = summary.table.rows
    keys = list(dict.fromkeys(choice.metrics)) or _default_metrics(summary, roles)
    filled = [key for key in keys if len(_numbers(rows, key))]
    return ShownMetrics(
        tuple(METRICS[key] for key in filled), tuple(METRICS[key] for key in keys if key not in filled)
    )


def _default_metrics(summary: SweepSummary, roles: Roles) -> list[str]:
    """The objective where there are values, else a slowdown; besides, what is not the same everywhere."""
    rows = summary.table.rows
    first = OBJECTIVE if len(_numbers(rows, OBJECTIVE)) else SLOWDOWN
    if first == SLOWDOWN and len(_numbers(rows, SLOWDOWN_OF_ALL)) and not _same_jobs_done(summary, roles):
        first = SLOWDOWN_OF_ALL
    return [first, *(key for key in BESIDES if len(np.unique(_numbers(rows, key))) > 1)]


def _same_jobs_done(summary: SweepSummary, roles: Roles) -> bool:
    """Whether the compared runs of each group and repetition completed as many jobs.

    If not, a mean over completed jobs is lower for who completes only the easy ones.
    """
    done: dict[Combination, list[np.ndarray]] = {}
    for combination in summary.combinations:
        group = tuple(summary.level(combination, name) for name in roles.groups)
        done.setdefault(group, []).append(summary.values("jobs_completed", combination))
    for arrays in done.values():
        completed = np.stack(arrays)
        differs = ~np.isnan(completed) & (completed != np.fmax.reduce(completed, axis=0))
        if differs.any():
            return False
    return True


def _numbers(rows: pd.DataFrame, key: str) -> np.ndarray:
    """The finite numbers of a column; none without the column."""
    if key not in rows.columns:
        return np.zeros(0)
    numbers = pd.to_numeric(rows[key], errors="coerce").to_numpy(dtype=float)
    return numbers[np.isfinite(numbers)]
