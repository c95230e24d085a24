"""The calendar join: which second of the workload's clock is second 0 of the supply.

One constant number for the whole run, so `jobs.csv` stays on the file's own clock and no job is moved.
Local clocks are matched at the first job; where one zone changes its clocks and the other does not
(or on another day), local hours differ by an hour until both have changed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from traces.errors import InputError
from traces.times.timezones import find_zone

DAY_S = 86400
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class TimeJoin:
    """How the workload's clock meets the supply's.

    shift_s : second of the workload's clock at which the supply starts
    rule    : 'season', 'start', 'midnight' (a trace without calendar), 'none'
    weeks   : whole weeks between the trace's own date and the simulated one; None without a calendar
    begin_utc : the simulated instant of the first job
    """

    rule: str
    shift_s: int
    weeks: int | None
    begin_utc: str
    begin_local: str
    trace_local: str | None
    site_zone: str

    def as_dict(self) -> dict[str, Any]:
        """The object for config.json."""
        return asdict(self)

    def beginning(self, begin_s: int, supply_start_utc: datetime) -> TimeJoin:
        """The same join for a run that begins at another second of the workload's clock."""
        begin_utc = supply_start_utc + timedelta(seconds=begin_s - self.shift_s)
        local = begin_utc.astimezone(find_zone(self.site_zone)).replace(tzinfo=None).isoformat(sep=" ")
        return replace(self, begin_utc=begin_utc.isoformat(), begin_local=local)

    def supply_start_utc(self, begin_s: int) -> datetime:
        """Instant of the supply's second 0, for a run that begins at `begin_s` of the workload's clock."""
        return datetime.fromisoformat(self.begin_utc) - timedelta(seconds=begin_s - self.shift_s)


def join(
    *,
    begin_s: int,
    origin_utc: datetime | None,
    trace_zone: str | None,
    supply_start_utc: datetime,
    supply_span_s: int,
    site_zone: str,
    calendar: str = "season",
    supply_start_s: int | None = None,
    repeats: bool = False,
) -> TimeJoin:
    """The join for a run whose first job is submitted at `begin_s` of the workload's clock.

    calendar : 'season', 'start' or 'none' as in docs/reference/scenarios.md; 'season' and 'start' need
               `origin_utc`, without it the trace's first day becomes the site's first whole day
    repeats  : a supply that begins again has room for any day of the year
    InputError if no shift lands inside the supply.
    """
    site = find_zone(site_zone)
    if calendar == "none":
        shift_s = 0 if supply_start_s is None else supply_start_s
        return _join("none", shift_s, None, begin_s, supply_start_utc, site_zone, None)
    if origin_utc is None:
        midnight = _next_midnight(supply_start_utc, site)
        shift_s = begin_s // DAY_S * DAY_S - _seconds(midnight - supply_start_utc)
        _check_inside(begin_s, shift_s, supply_span_s, repeats)
        return _join("midnight", shift_s, None, begin_s, supply_start_utc, site_zone, None)
    zone = find_zone(trace_zone) if trace_zone else site
    trace_time = (origin_utc + timedelta(seconds=begin_s)).astimezone(zone).replace(tzinfo=None)
    span = timedelta(seconds=supply_span_s)
    site_time = _first_week(trace_time, supply_start_utc, site)
    if calendar == "season":
        start = supply_start_utc.astimezone(site).replace(tzinfo=None)
        target = _next_like(trace_time, start - WEEK / 2)
        site_time = _same_season(trace_time, site_time, target, supply_start_utc + span, site, repeats)
    instant = _instant(site_time, site)
    shift_s = begin_s - _seconds(instant - supply_start_utc)
    _check_inside(begin_s, shift_s, supply_span_s, repeats)
    weeks = (site_time - trace_time) // WEEK
    return _join(calendar, shift_s, weeks, begin_s, supply_start_utc, site_zone, trace_time)


def _join(
    rule: str,
    shift_s: int,
    weeks: int | None,
    begin_s: int,
    start_utc: datetime,
    site_zone: str,
    trace_time: datetime | None,
) -> TimeJoin:
    try:
        begin_utc = start_utc + timedelta(seconds=begin_s - shift_s)
    except OverflowError:
        raise InputError(
            f"time.supply_start_s {shift_s} leaves the calendar", remedy="give a smaller number"
        ) from None
    local = begin_utc.astimezone(find_zone(site_zone)).replace(tzinfo=None).isoformat(sep=" ")
    trace_local = trace_time.isoformat(sep=" ") if trace_time else None
    return TimeJoin(rule, shift_s, weeks, begin_utc.isoformat(), local, trace_local, site_zone)


def _first_week(trace_time: datetime, start_utc: datetime, site: tzinfo) -> datetime:
    """The site's first clock time at or after `start_utc` with the weekday and hour of `trace_time`."""
    start = start_utc.astimezone(site).replace(tzinfo=None)
    weeks = -((trace_time - start) // WEEK)
    site_time = trace_time + weeks * WEEK
    # A clock change inside that week may put it an hour before the start.
    while _instant(site_time, site) < start_utc:
        site_time += WEEK
    while _instant(site_time - WEEK, site) >= start_utc:
        site_time -= WEEK
    return site_time


def _same_season(
    trace_time: datetime, first: datetime, target: datetime, end_utc: datetime, site: tzinfo, repeats: bool
) -> datetime:
    """Of the weeks from `first` on, the one nearest to `target`, the next such day of the year.

    A supply shorter than a year may not have that day: then the nearest day of the year it has.
    """
    site_time = first + max(0, round((target - first) / WEEK)) * WEEK
    if repeats or _instant(site_time, site) < end_utc:
        return site_time
    inside = [first + week * WEEK for week in range(54) if _instant(first + week * WEEK, site) < end_utc]
    return min(inside, key=lambda day: (_apart(day, trace_time), day), default=first)


def _next_like(trace_time: datetime, earliest: datetime) -> datetime:
    """The first time at or after `earliest` on the day of the year of `trace_time` (29 February: 1 March)."""
    for year in (earliest.year, earliest.year + 1):
        leap = trace_time.month == 2 and trace_time.day == 29
        day = trace_time.replace(
            year=year, month=3 if leap else trace_time.month, day=1 if leap else trace_time.day
        )
        if day >= earliest:
            return day
    raise AssertionError("a day of the year comes back every year")


def _apart(first: datetime, second: datetime) -> int:
    """Days between two days of the year, the short way round."""
    days = abs(_day_of_year(first) - _day_of_year(second))
    return min(days, 365 - days)


def _day_of_year(when: datetime) -> int:
    return min(when.timetuple().tm_yday, 365)


def _next_midnight(start_utc: datetime, site: tzinfo) -> datetime:
    local = start_utc.astimezone(site).replace(tzinfo=None)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    while _instant(midnight, site) < start_utc:
        midnight += timedelta(days=1)
    return _instant(midnight, site)


def _instant(local: datetime, site: tzinfo) -> datetime:
    """UTC of a clock time; the earlier one where clocks are set back (fold 0)."""
    return local.replace(tzinfo=site).astimezone(UTC)


def _seconds(span: timedelta) -> int:
    return span.days * DAY_S + span.seconds


def _check_inside(begin_s: int, shift_s: int, span_s: int, repeats: bool) -> None:
    if not repeats and begin_s - shift_s >= span_s:
        raise InputError(
            f"the supply is {span_s} s long, and no day of it fits the first job's weekday and hour",
            remedy='give a longer supply, or set time.calendar = "none" (--set time.calendar=none)',
        )
