"""What an evaluation found: a row for each window and scheduler, and what the rows come to together."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.results.scheduler_labels import unique_labels
from experiments.results.statistics import Estimate, estimate, paired
from rare.metric_catalogue import METRICS, Adds
from rare.scenario.windows import Window

COLUMNS = (
    "objective",
    "value_earned",
    "value_offered",
    "qos_violations",
    "jobs_submitted",
    "jobs_completed",
    "jobs_expired",
    "jobs_failed",
    "jobs_unserved",
    "unserved_price",
    "lowest_class_wait_s",
    "suspensions",
    "kills",
    "mean_wait_s",
    "mean_bounded_slowdown",
    "busy_share",
    "energy_kwh",
    "renewable_share",
    "renewable_utilization",
    "curtailed_kwh",
    "grid_kwh",
    "grid_cost",
    "carbon_kg",
    "wasted_kwh",
    "decisions",
    "fallback_decisions",
)
"""The metrics of a row, in the order of evaluate.csv."""

ADDED = tuple(key for key in COLUMNS if METRICS[key].adds is Adds.SUM)
POOLED = tuple(key for key in COLUMNS if METRICS[key].weighed_by in COLUMNS)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """rows: one dict a window and scheduler, with `window`, `split`, `scheduler` and the metrics."""

    scenario: str
    schedulers: tuple[str, ...]
    windows: tuple[Window, ...]
    rows: list[dict[str, Any]]
    declared: dict[str, str] = field(default_factory=dict)  # what classes of the user's call themselves

    @property
    def labels(self) -> dict[str, str]:
        """A short name for each scheduler, or the one that a class of the user's declares."""
        labels = unique_labels(self.schedulers, [self.declared.get(name) for name in self.schedulers])
        return dict(zip(self.schedulers, labels, strict=True))

    def values(self, scheduler: str, metric: str) -> np.ndarray:
        """(W,) one metric in window order; NaN where it does not apply."""
        mine = [row.get(metric) for row in self.rows if row["scheduler"] == scheduler]
        return np.array([np.nan if value is None else value for value in mine], dtype=float)

    def total(self, scheduler: str, metric: str) -> float | None:
        """Sum over the windows where the metric applies; None where it does nowhere, or does not add up."""
        values = self.values(scheduler, metric)
        applies = ~np.isnan(values)
        if METRICS[metric].adds is not Adds.SUM or not applies.any():
            return None
        return float(values[applies].sum())

    def pooled(self, scheduler: str, metric: str) -> float | None:
        """A mean or share over all windows together, each weighed by what it is a mean or share of.

        None where it applies nowhere, or what it is weighed by is not in the rows.
        """
        weigher = METRICS[metric].weighed_by
        if weigher not in COLUMNS:
            return None
        values, weights = self.values(scheduler, metric), self.values(scheduler, weigher)
        applies = ~np.isnan(values) & (weights > 0)
        return float(np.average(values[applies], weights=weights[applies])) if applies.any() else None

    def mean(self, scheduler: str, metric: str) -> float | None:
        """Mean over the windows where the metric applies, each with the same weight; None without any."""
        values = self.values(scheduler, metric)
        applies = ~np.isnan(values)
        return float(values[applies].mean()) if applies.any() else None

    def objective(self, scheduler: str) -> Estimate:
        """Mean objective over the windows."""
        return estimate(self.values(scheduler, "objective"))

    def difference(self, scheduler: str, baseline: str) -> Estimate:
        """Mean difference of the objective on the same windows."""
        return paired(self.values(scheduler, "objective"), self.values(baseline, "objective"))

    def ranked(self) -> list[str]:
        """Schedulers, best mean objective first."""
        means = {name: self.objective(name).mean for name in self.schedulers}
        return sorted(self.schedulers, key=lambda name: math.inf if (mean := means[name]) is None else -mean)

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints and evaluate.json holds."""
        base = self.schedulers[0]
        return {
            "scenario": self.scenario,
            "windows": [dataclasses.asdict(window) for window in self.windows],
            "baseline": base,
            "schedulers": [
                {
                    "scheduler": name,
                    **({"label": self.declared[name]} if name in self.declared else {}),
                    "objective": self.objective(name).as_dict(),
                    "difference": self.difference(name, base).as_dict(),
                    "totals": {metric: self.total(name, metric) for metric in ADDED},
                    "pooled": {metric: self.pooled(name, metric) for metric in POOLED},
                }
                for name in self.schedulers
            ],
            "rows": self.rows,
        }

    def csv_text(self) -> str:
        """The rows as CSV."""
        out = io.StringIO()
        names = ["window", "split", "scheduler", "ended", *COLUMNS]
        writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()

    def json_text(self) -> str:
        """`as_dict` as JSON."""
        return json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n"
