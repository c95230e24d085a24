"""Times that a scenario's author writes, as seconds of the workload's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rare.scenario.calendar import TimeJoin
from rare.scenario.inputs.run_clock import standard_offset_s
from traces.errors import InputError
from traces.jobs.workload import Workload
from traces.times.timezones import find_zone


@dataclass(frozen=True, slots=True)
class RunCalendar:
    """Which instant second 0 of the workload's clock is, and the zone of times without an offset.

    epoch_s : that instant in seconds since 1970 UTC; None: nothing has a calendar
    """

    epoch_s: int | None
    zone: str

    def second_of(self, moment: int | str) -> int:
        """The second of the workload's clock. InputError where there is no calendar for an instant."""
        if isinstance(moment, int):
            return moment
        if self.epoch_s is None:
            raise InputError(
                f"{moment!r} is a date, but neither jobs nor power have a calendar",
                remedy="give whole seconds of the workload's clock, or workload.start_utc",
            )
        instant = datetime.fromisoformat(moment)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=find_zone(self.zone))
        return int(instant.timestamp()) - self.epoch_s

    @property
    def local_offset_s(self) -> int:
        """From the workload's clock to the zone's standard time since 1970; 0 without a calendar."""
        if self.epoch_s is None:
            return 0
        return self.epoch_s + standard_offset_s(
            datetime.fromtimestamp(self.epoch_s, find_zone("UTC")), self.zone
        )


def supply_calendar(join: TimeJoin | None, jobs: Workload, begin_s: int) -> RunCalendar:
    """The calendar that the supply has in this run; without a supply that of the jobs."""
    if join is None:
        return job_calendar(None, jobs, begin_s)
    return RunCalendar(int(join.supply_start_utc(begin_s).timestamp()) - join.shift_s, join.site_zone)


def job_calendar(join: TimeJoin | None, jobs: Workload, begin_s: int) -> RunCalendar:
    """The machine's own calendar; of jobs without one that of the supply."""
    if jobs.origin_utc is None:
        return RunCalendar(None, "UTC") if join is None else supply_calendar(join, jobs, begin_s)
    zone = jobs.zone or (None if join is None else join.site_zone) or "UTC"
    return RunCalendar(int(jobs.origin_utc.timestamp()), zone)
