"""Which run is better, and what may be compared at all: the same for terminal, report and figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rare.metric_catalogue import CATALOGUE

SLOWDOWN = "mean_bounded_slowdown"
SLOWDOWN_OF_ALL = "mean_bounded_slowdown_with_unfinished"
SHOWN_IF_ANY = {
    "jobs_not_arrived",
    "jobs_cancelled",
    "jobs_dropped",
    "jobs_over_limit",
    "jobs_unserved",
    "unserved_price",
    "node_losses",
    "slowdowns",
    "raises",
}
"""Counts that a table of one run leaves out where they are 0, as in most runs."""
# Means over completed jobs: who completes fewer, or only the easy ones, looks better in them.
OF_COMPLETED = {metric.key for metric in CATALOGUE if metric.completed_only}

Metrics = Mapping[str, Any]


def number(value: Any) -> float | None:
    """`value` if it is a finite number, else None: metrics may be missing, null or text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def not_arrived(metrics: Metrics) -> int:
    """Jobs whose submit time lay after the end of the run; 0 where that is not known."""
    left = number(metrics.get("jobs_unfinished")) or 0
    return int(min(number(metrics.get("jobs_not_arrived")) or 0, left))


def with_arrivals(metrics: Metrics) -> dict[str, Any]:
    """The metrics with jobs that never arrived counted apart from those that were left unfinished."""
    apart = dict(metrics)
    if number(apart.get("jobs_unfinished")) is not None:
        apart["jobs_not_arrived"] = not_arrived(metrics)
        apart["jobs_unfinished"] -= apart["jobs_not_arrived"]
    return apart


def same_jobs_done(runs: Sequence[Metrics]) -> bool:
    """Whether all runs completed as many jobs, so that means over completed jobs can be compared."""
    return len({number(metrics.get("jobs_completed")) for metrics in runs}) <= 1


def slowdown_key(runs: Sequence[Metrics]) -> str:
    """The slowdown to rank by: unfinished jobs count where the runs completed different numbers."""
    known = any(number(metrics.get(SLOWDOWN_OF_ALL)) is not None for metrics in runs)
    return SLOWDOWN if same_jobs_done(runs) or not known else SLOWDOWN_OF_ALL


def order(runs: Sequence[Metrics]) -> list[int]:
    """Places of the runs, best first: by the objective, else by the slowdown; without one, last."""
    scores = [number(metrics.get("objective")) for metrics in runs]
    if all(score is None for score in scores):
        key = slowdown_key(runs)
        slowdowns = [number(metrics.get(key)) for metrics in runs]
        scores = [None if slowdown is None else -slowdown for slowdown in slowdowns]
    return sorted(range(len(runs)), key=lambda place: -_or_last(scores[place]))


def _or_last(score: float | None) -> float:
    return -math.inf if score is None else score
