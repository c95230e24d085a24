"""The unit and the digits in which a sweep writes a metric, the same in all of its tables and figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from experiments.results.number_formats import DASH
from experiments.sweep.pages.sweep_summary import Mean
from rare.metric_catalogue import Form, Group, Metric

DURATION_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
ENERGY_UNITS = ((1e9, "TWh"), (1e6, "GWh"), (1e3, "MWh"), (1.0, "kWh"))
RELATIVE = (Form.COUNT, Form.NUMBER, Form.DURATION, Form.KWH)
"""Forms without an upper end. A difference of these is told in per cent of the baseline."""


@dataclass(frozen=True, slots=True)
class MetricScale:
    """A metric in one unit: shown number = stored number / factor. digits: decimals, None for about four."""

    metric: Metric
    factor: float
    unit: str
    digits: int | None

    @property
    def words(self) -> str:
        """The metric in a sentence: `mean wait`, `unfinished jobs`."""
        return metric_words(self.metric)

    @property
    def name(self) -> str:
        """Name with unit: `Mean wait (h)`."""
        name = self.words[:1].upper() + self.words[1:]
        return f"{name} ({self.unit})" if self.unit and self.unit not in name else name

    @property
    def direction(self) -> str:
        """Which way is better, in words; empty if neither is."""
        return {1: "higher is better", -1: "lower is better"}.get(self.metric.better, "")

    def number(self, value: float | None, sign: str = "") -> str:
        """A stored number in this unit, without the unit; a dash for None. sign: `+` for differences."""
        if value is None:
            return DASH
        shown = value / self.factor
        digits = _digits(shown) if self.digits is None else self.digits
        return f"{round(shown, digits) + 0.0:{sign},.{digits}f}"

    def with_unit(self, value: float | None) -> str:
        """A stored number with its unit; per cent and the objective's share as such."""
        plain = self.unit if self.metric.form is not Form.SCORE else ""
        short = "%" if self.metric.form is Form.SHARE else plain
        return f"{self.number(value)} {short}".strip()

    def interval(self, mean: Mean, sign: str = "") -> str:
        """`low to high`; a dash without an interval."""
        if mean.low is None or mean.high is None:
            return DASH
        return f"{self.number(mean.low, sign)} to {self.number(mean.high, sign)}"


def metric_words(metric: Metric) -> str:
    """The name of a metric in a sentence; of counts of jobs with the noun."""
    return (
        f"{metric.column_name} jobs" if metric.group is Group.JOBS and metric.unit == "jobs" else metric.words
    )


def scale_of(metric: Metric, values: Iterable[float | None]) -> MetricScale:
    """The scale for values of a metric: the unit in which the middle one reads well."""
    known = np.abs([value for value in values if value])
    middle = float(np.median(known)) if len(known) else 0.0
    if metric.form is Form.DURATION:
        return MetricScale(metric, *_unit(middle, DURATION_UNITS, 2.0), None)
    if metric.form is Form.KWH:
        return MetricScale(metric, *_unit(middle, ENERGY_UNITS, 10.0), None)
    if metric.form is Form.SHARE:
        return MetricScale(metric, 0.01, metric.report_unit, 1)
    return MetricScale(metric, 1.0, metric.report_unit, 3 if metric.form is Form.SCORE else None)


def _unit(middle: float, units: tuple[tuple[float, str], ...], least: float) -> tuple[float, str]:
    return next(((size, unit) for size, unit in units if middle >= least * size), units[-1])


def _digits(shown: float) -> int:
    """Decimals for a number of three or four digits."""
    size = abs(shown)
    return 0 if size >= 100 else 1 if size >= 10 else 2
