"""What is worth saying about a run that is over, beside its metrics."""

from __future__ import annotations

import numpy as np

from experiments.results.number_formats import power
from rare.model import Case
from rare.result import Result
from rare.scheduler import Decider

MANY_SUSPENSIONS = 3  # per completed job
LITTLE_BATTERY_S = 1800
MW_PER_KW = 10**6


def remarks(case: Case, result: Result, decider: Decider | None = None) -> list[str]:
    """Lines for stderr and for the run's notes; empty for an ordinary run. The decider's own come first."""
    of_decider = [] if decider is None else decider.remarks(result.metrics["decisions"])
    return [*of_decider, *_suspensions(case, result)]


def never_short(case: Case, result: Result) -> list[str]:
    """A line where the supply covers the whole machine all the time: schedulers then differ by cores alone.

    Nothing is said where there is no supply of wind and sun, where the grid alone would do, and of jobs that
    state their own power, whose sum the machine's peak draw does not bound.
    """
    inputs = case.inputs
    if not inputs.renewable or (case.workload.power_mw > 0).any():
        return []
    begin_s, took_s = case.first_instant_s, result.metrics.get("makespan_s")
    rows = _rows_until(inputs.change_s, begin_s, inputs.end_s if took_s is None else begin_s + took_s)
    supply_mw, grid_mw = inputs.supply_mw[rows], inputs.import_limit_mw[rows]
    peak_mw = case.cluster.peak_draw_mw
    if inputs.pue_per_mille is not None:
        peak_mw = -(-peak_mw * int(inputs.pue_per_mille[rows].max()) // case.cluster.pue_per_mille)
    least_mw = int((supply_mw + grid_mw).min())
    if least_mw < peak_mw or int(grid_mw.min()) >= peak_mw:
        return []
    what = "the smallest supply" + (" with the grid" if grid_mw.any() else "")
    return [
        f"power was never short: {what} is {power(least_mw / MW_PER_KW)}, and the whole machine draws at most "
        f"{power(peak_mw / MW_PER_KW)}; check the units, or make power scarce, as by "
        "--set supply.source.0.peak=1 (the largest supply is then that draw)"
    ]


def _rows_until(change_s: np.ndarray, begin_s: int, end_s: float) -> slice:
    """The rows of inputs in force from begin_s to end_s."""
    first = int(np.searchsorted(change_s, begin_s, side="right")) - 1
    last = int(np.searchsorted(change_s, end_s, side="left"))
    return slice(max(first, 0), max(last, first + 1, 1))


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
