"""What a simulation returns: metrics, every job, every event, every change of power."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rare.accounts.account_tables import account_columns, account_frame, grouped_by, job_rows
from rare.accounts.grid_response import response_frame
from rare.accounts.job_accounts import JobAccounts
from rare.model import Case
from rare.schedule import UJ_PER_KWH, energy_uj, joules, partition_names, per_job, stretches
from rare.state.arrays import EVENT_NAMES, INSTANT, STATUS_NAMES
from traces.jobs.workload import NO_DEADLINE_S
from traces.numbers.constants import HOUR_S, MICRO, MJ_PER_KWH

if TYPE_CHECKING:
    import pandas as pd

ACCOUNT_COLUMNS = ("draw_j", "draw_kwh", "renewable_share", "grid_kwh", "grid_cost", "carbon_kg")


@dataclass(frozen=True)
class Result:
    """One finished run.

    jobs: (J,) state.OUTCOME, aligned with case.workload. events: (N,) state.EVENT. power: (M,)
    state.POWER, each row holding until the next; the last one is the end of the run. Both are empty if
    nothing was recorded.
    """

    case: Case
    scheduler: str
    ended: str
    metrics: dict[str, Any]
    jobs: np.ndarray
    events: np.ndarray
    power: np.ndarray

    def jobs_frame(self) -> pd.DataFrame:
        """jobs.csv of a run folder: times in the workload's own seconds, empty where there is none.

        energy_j is exact, as text; it and energy_kwh are what the job's own power drew (rare.schedule).
        draw_j, also exact, and the columns after it are the job's account (RULES §13), which adds up to the
        draw of the run. All of these are empty if the run was not recorded. arrival_s: where jobs wait for
        others (RULES §12.4). user, group, account, qos: where the trace has any.
        """
        import pandas as pd

        work, jobs = self.case.workload, self.jobs
        energies_uj = self._job_energies_uj()
        frame = pd.DataFrame(
            {
                "job_id": work.job_id,
                "submit_s": work.submit_s,
                "start_s": _times(jobs["start_s"]),
                "end_s": _times(jobs["end_s"]),
                "cores": work.cores,
                "suspensions": jobs["suspensions"],
                "value": np.where(work.value_u < 0, np.nan, work.value_u / MICRO),
                "earned": jobs["earned_u"] / MICRO,
                "status": np.array(STATUS_NAMES)[jobs["status"]],
                "kills": jobs["kills"],
                "work_s": work.work_s,
                "estimate_s": work.estimate_s,
                "deadline_s": _times(np.where(work.deadline_s >= NO_DEADLINE_S, -1, work.deadline_s)),
                "service_class": "" if work.service_class is None else work.service_class,
                "partition": partition_names(self.case),
                "energy_j": [None if energy is None else joules(energy) for energy in energies_uj],
                "energy_kwh": [None if energy is None else energy / UJ_PER_KWH for energy in energies_uj],
                **self._account_columns(),
            }
        )
        if work.after is not None:
            frame["arrival_s"] = work.submit_s + jobs["delay_s"]
        named = {name: getattr(work, name) for name in ("user", "group", "account", "qos")}
        return frame.assign(**{name: column for name, column in named.items() if column is not None})

    @cached_property
    def accounts(self) -> JobAccounts:
        """What each job drew, cost and emitted (RULES §13). InputError if the run was not recorded."""
        return JobAccounts.of(self)

    def account_frames(self) -> dict[str, pd.DataFrame]:
        """The accounts per user, account and so on, where there are any (account_frame, grouped_by)."""
        return {
            row: account_frame(self.case, self.jobs, self.accounts, row, names)
            for row, names in grouped_by(self.case).items()
        }

    def grid_events_frame(self) -> pd.DataFrame | None:
        """grid_events.csv of a run folder: how each grid event was met; None without events or records."""
        return response_frame(self) if len(self.power) else None

    def _account_columns(self) -> dict[str, list[object]]:
        """The account of each job as columns of jobs.csv."""
        if len(self.power):
            return account_columns(self.case, self.accounts, job_rows(self.accounts))
        return dict.fromkeys(ACCOUNT_COLUMNS, [None] * len(self.jobs))

    def _job_energies_uj(self) -> list[int | None]:
        """What each job's own power drew, in millionths of a joule."""
        count = len(self.jobs)
        if len(self.power) == 0:
            return [None] * count
        cut = stretches(self.events, int(self.power["time_s"][-1]))
        return per_job(energy_uj(self.case, cut), cut["job"], count).tolist()

    def events_frame(self) -> pd.DataFrame:
        """events.csv of a run folder; `level` is there where a partition has speeds (RULES §11)."""
        import pandas as pd

        events = self.events[self.events["event"] != INSTANT]
        frame = pd.DataFrame(
            {
                "time_s": events["time_s"],
                "event": np.array(EVENT_NAMES)[events["event"]],
                "job_id": self.case.workload.job_id[events["job"]],
            }
        )
        leveled = any(part.speeds for part in self.case.cluster.partitions)
        return frame.assign(level=events["level"]) if leveled else frame

    def power_frame(self) -> pd.DataFrame:
        """power.csv of a run folder: W and Wh; supply is empty where there is no renewable supply."""
        import pandas as pd

        power = self.power
        battery = self.case.battery.capacity_mj > 0
        frame = pd.DataFrame({"time_s": power["time_s"]})
        frame["supply_w"] = power["supply_mw"] / 1000 if self.case.inputs.renewable else None
        frame["draw_w"] = power["draw_mw"] / 1000
        frame["battery_w"] = power["battery_mw"] / 1000 if battery else None
        frame["battery_wh"] = power["content"] / MJ_PER_KWH if battery else None
        frame["grid_w"] = power["grid_mw"] / 1000
        frame["curtailed_w"] = power["curtailed_mw"] / 1000
        for name in ("queued", "running", "used_cores"):
            frame[name] = power[name]
        inputs = self.case.inputs
        row = np.searchsorted(inputs.change_s, power["time_s"], side="right") - 1
        frame["price_per_kwh"] = inputs.price_u_per_kwh[row] / MICRO if inputs.priced else None
        frame["carbon_g_per_kwh"] = inputs.carbon_ukg_per_kwh[row] / 1e3 if inputs.carbon_known else None
        return frame

    def forecast_frame(self, every_s: int = 6 * HOUR_S) -> pd.DataFrame | None:
        """forecast.csv of a run folder: what was forecast every so often, W; None without forecasts.

        Columns: issue_s, target_s, low_w, median_w, high_w. Targets past the run's end are left out.
        """
        import pandas as pd

        forecast = self.case.forecast
        if forecast is None:
            return None
        last_s = int(self.power["time_s"][-1]) if len(self.power) else self.case.inputs.end_s
        issues = np.arange(0, len(forecast.supply_mw), max(1, every_s // forecast.issue_step_s))
        issue_s = forecast.begin_s + issues * forecast.issue_step_s
        target_s = issue_s[:, None] + np.arange(forecast.supply_mw.shape[1]) * forecast.step_s
        frame = pd.DataFrame({"issue_s": np.repeat(issue_s, target_s.shape[1]), "target_s": target_s.ravel()})
        for name, table in (("low_w", "low_mw"), ("median_w", "supply_mw"), ("high_w", "high_mw")):
            frame[name] = getattr(forecast, table)[issues].ravel() / 1000
        return frame[frame.target_s < last_s].reset_index(drop=True)


def _times(seconds: np.ndarray) -> Any:
    """Integer seconds, missing where negative."""
    import pandas as pd

    return pd.arrays.IntegerArray(seconds.astype(np.int64), seconds < 0)
