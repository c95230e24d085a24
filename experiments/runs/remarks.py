"""What is worth saying about a run that is over, beside its metrics."""

from __future__ import annotations

from typing import Any

from rare.model import Case

MANY_SUSPENSIONS = 3  # per completed job
LITTLE_BATTERY_S = 1800


def remarks(case: Case, result: Any, scheduler: Any = None) -> list[str]:
    """Lines for stderr and for the run's notes; empty for an ordinary run. A scheduler may have its own."""
    own: Any = getattr(scheduler, "remarks", None)
    said = [] if own is None else list(own(result.metrics["decisions"]))
    return [*said, *_suspensions(case, result)]


def _suspensions(case: Case, result: Any) -> list[str]:
    """Jobs that start on a battery's last minute are suspended at once, over and over."""
    times = result.metrics.get("suspensions") or 0
    if times <= MANY_SUSPENSIONS * (result.metrics.get("jobs_completed") or 0):
        return []
    jobs = result.jobs_frame()
    most = jobs.loc[jobs["suspensions"].idxmax()]
    said = f"jobs were suspended {times:,} times (job {most['job_id']} most often: {most['suspensions']:,})"
    held_s = case.options.min_battery_s
    if case.battery.capacity_mj > 0 and held_s < LITTLE_BATTERY_S:
        said += (
            f"; rules.min_battery_s ({held_s}) lets jobs start on little battery: "
            f"try --set rules.min_battery_s={LITTLE_BATTERY_S}"
        )
    return [said]
