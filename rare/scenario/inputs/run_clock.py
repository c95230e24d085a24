"""The clock of a run: where its series lie on the workload's clock, when it begins, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rare.model import NEVER_S, Cluster
from rare.scenario.calendar import DAY_S, TimeJoin, join
from rare.scenario.config.scenario_config import Scenario
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.site_inputs import weather_zone
from rare.scenario.load import Loaded
from rare.scenario.windows import Window
from traces.errors import InputError
from traces.jobs.workload import NO_DEADLINE_S, Workload
from traces.series.held import HeldSeries
from traces.times.timezones import find_zone

AFTER_LAST_S = 60 * DAY_S
"""How long after the last submit there are forecasts, and grid events and failures are drawn."""


@dataclass(frozen=True, slots=True)
class RunClock:
    """Where a series' second 0 is on the workload's clock, and which part of it the run needs."""

    join: TimeJoin
    begin_s: int
    end_s: int
    window: Window | None


def run_clock(
    loaded: Loaded,
    jobs: Workload,
    cluster: Cluster,
    base: HeldSeries,
    window: Window | None,
    repeats: bool,
    record: BuildRecord,
) -> RunClock:
    """The clock of a run on the calendar of `base`. InputError for a run outside the supply."""
    scenario = loaded.scenario
    time = scenario.time
    begin_s = int(jobs.submit_s[0])
    of_weather = weather_zone(loaded)
    zone = site_zone(scenario, of_weather)
    if _stated_zone(scenario, of_weather) is None:
        record.note(
            "supply.site_zone: nothing states the site's time zone, so its hours and midnight are UTC's"
        )
    if jobs.origin_utc is not None and jobs.zone is None and time.calendar != "none":
        record.note(
            f"{jobs.name}: names no time zone, so its clock is read as the site's; give workload.zone"
        )
    is_synthetic = scenario.workload.model is not None
    joined = join(
        begin_s=begin_s // DAY_S * DAY_S if is_synthetic else begin_s,
        origin_utc=jobs.origin_utc,
        trace_zone=jobs.zone,
        supply_start_utc=base.start_utc,
        supply_span_s=base.end_s,
        site_zone=zone,
        calendar=time.calendar,
        supply_start_s=time.supply_start_s,
        repeats=repeats,
    )
    if window is not None:
        midnight_s = joined.shift_s + midnight_after_s(base.start_utc, zone)
        begin_s = midnight_s + window.span_s[0]
        end_s = midnight_s + window.span_s[1] + _longest_allowance_s(jobs)
    else:
        end_s = joined.shift_s + base.end_s
        if repeats:
            end_s = begin_s + _horizon_s(jobs, cluster)
    _check_begin(begin_s - joined.shift_s, base.end_s, repeats, window)
    end_s = end_s if repeats else min(end_s, joined.shift_s + base.end_s)
    return RunClock(joined.beginning(begin_s, base.start_utc), begin_s, end_s, window)


def _check_begin(after_s: int, span_s: int, repeats: bool, window: Window | None) -> None:
    if window is not None and after_s >= span_s and not repeats:
        raise InputError(
            f"window {window.name!r}: its first day {window.first_day} lies behind the end of the supply, "
            f"which has {span_s / DAY_S:g} days",
            remedy="correct it, or set supply.repeat = true",
        )
    if after_s < 0 or (after_s >= span_s and not repeats):
        raise InputError(
            f"the run begins {abs(after_s)} s {'before' if after_s < 0 else 'after'} the supply's start, "
            f"which covers {span_s} s",
            remedy="change time.calendar or time.supply_start_s",
        )


def site_zone(scenario: Scenario, of_weather: str | None) -> str:
    """The zone of the site: as stated, else of its weather, else of the first source, else UTC."""
    return _stated_zone(scenario, of_weather) or "UTC"


def _stated_zone(scenario: Scenario, of_weather: str | None) -> str | None:
    """The zone of the site as far as scenario and weather state it. A weather file may state an offset."""
    supply = scenario.supply
    zone = supply.site_zone or of_weather
    return zone or (supply.source[0].zone if supply.source else None)


def midnight_after_s(start_utc: datetime, zone: str) -> int:
    """Seconds from an instant to the next midnight of the site's standard time."""
    into_day_s = (int(start_utc.timestamp()) + standard_offset_s(start_utc, zone)) % DAY_S
    return (-into_day_s) % DAY_S


def standard_offset_s(start_utc: datetime, zone: str) -> int:
    """The site's offset from UTC without summer time, in seconds."""
    local = start_utc.astimezone(find_zone(zone))
    offset, summer = local.utcoffset() or timedelta(0), local.dst() or timedelta(0)
    return int((offset - summer).total_seconds())


def _longest_allowance_s(jobs: Workload) -> int:
    """Twice the longest time from submit to deadline: when the last job of a window is over.

    Where some job has no deadline, 30 days more for it to end.
    """
    dated = jobs.deadline_s < NO_DEADLINE_S
    allowance_s = int((jobs.deadline_s - jobs.submit_s)[dated].max(initial=0))
    return 2 * max(allowance_s, 600) + (0 if dated.all() else 30 * DAY_S)


def _horizon_s(jobs: Workload, cluster: Cluster) -> int:
    """Room for a repeated supply: eight times what the jobs need on a busy cluster, and a year."""
    span_s = int(jobs.submit_s[-1] - jobs.submit_s[0])
    core_s = float((jobs.cores.astype(float) * jobs.work_s).sum())
    busy_s = int(core_s / max(1, cluster.cores))
    return 8 * max(span_s, busy_s, int(jobs.work_s.max(initial=0))) + 366 * DAY_S


def run_end_s(
    inputs_end_s: int, window_end_s: int | None, begin_s: int, jobs: Workload, cluster: Cluster
) -> int:
    """A second of the workload's clock that the run does not go beyond; of one without an end a late one."""
    end_s = inputs_end_s if window_end_s is None else min(inputs_end_s, window_end_s)
    return begin_s + _horizon_s(jobs, cluster) if end_s >= NEVER_S else end_s
