"""What is worth saying about a run that is over, beside its metrics."""

from __future__ import annotations

from rare.model import Case
from rare.result import Result
from rare.scheduler import Decider

MANY_SUSPENSIONS = 3  # per completed job
LITTLE_BATTERY_S = 1800


def remarks(case: Case, result: Result, decider: Decider | None = None) -> list[str]:
    """Lines for stderr and for the run's notes; empty for an ordinary run. The decider's own come first."""
    of_decider = [] if decider is None else decider.remarks(result.metrics["decisions"])
    return [*of_decider, *_suspensions(case, result)]


def _suspensions(case: Case, result: Result) -> list[str]:
    """Jobs that start on a battery's last minute are suspended at once, over and over."""
    times = result.metrics.get("suspensions") or 0
    if times <= MANY_SUSPENSIONS * (result.metrics.get("jobs_completed") or 0):
        return []
    jobs = result.jobs_frame()
    most = jobs.loc[jobs["suspensions"].idxmax()]
    remark = f"jobs were suspended {times:,} times (job {most['job_id']} most often: {most['suspensions']:,})"
    held_s = case.options.min_battery_s
    if case.battery.capacity_mj > 0 and held_s < LITTLE_BATTERY_S:
        remark += (
            f"; rules.min_battery_s ({held_s}) lets jobs start on little battery: "
            f"try --set rules.min_battery_s={LITTLE_BATTERY_S}"
        )
    return [remark]
