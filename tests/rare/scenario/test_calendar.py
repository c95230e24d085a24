"""A trace meets the supply on the wrong day, at the wrong hour, or not at all."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rare.scenario.calendar import join
from traces.errors import InputError

YEAR_S = 365 * 86400
KTH = {"origin_utc": datetime(1996, 9, 23, 12, 0, 31, tzinfo=UTC), "trace_zone": "Europe/Stockholm"}
ERCOT = {
    "supply_start_utc": datetime(2021, 12, 31, 23, tzinfo=UTC),
    "supply_span_s": YEAR_S,
    "site_zone": "US/Central",
}


def local(found, zone="US/Central"):
    return datetime.fromisoformat(found.begin_utc).astimezone(ZoneInfo(zone))


def test_season_keeps_weekday_hour_and_day_of_the_year():
    found = join(begin_s=599850, **KTH, **ERCOT)  # Monday 30 September 1996, 12:38:01 in Stockholm
    when = local(found)
    assert found.trace_local == "1996-09-30 12:38:01"
    assert (when.weekday(), when.hour, when.minute, when.second) == (0, 12, 38, 1)
    assert when.date().isoformat() == "2022-10-03"
    assert found.weeks * 7 == (when.date() - datetime(1996, 9, 30).date()).days


def test_the_shift_is_where_the_supply_starts_on_the_files_clock():
    found = join(begin_s=599850, **KTH, **ERCOT)
    begin = ERCOT["supply_start_utc"] + timedelta(seconds=599850 - found.shift_s)
    assert begin.isoformat() == found.begin_utc


def test_start_takes_the_first_fitting_weekday():
    when = local(join(begin_s=599850, **KTH, **ERCOT, calendar="start"))
    assert when.date().isoformat() == "2022-01-03"
    assert (when.weekday(), when.hour) == (0, 12)


@pytest.mark.parametrize("month, day", [(1, 1), (1, 5), (12, 30), (12, 31)])
def test_a_job_at_the_turn_of_the_year_meets_january_not_the_last_hours_of_the_supply(month, day):
    origin = datetime(1999, month, day, 12, tzinfo=UTC)
    found = join(begin_s=0, origin_utc=origin, trace_zone="UTC", **ERCOT)
    assert local(found).date() <= datetime(2022, 1, 8).date()


def test_a_leap_day_has_a_place():
    origin = datetime(1996, 2, 29, 12, tzinfo=UTC)
    when = local(join(begin_s=0, origin_utc=origin, trace_zone="UTC", **ERCOT))
    assert abs((when.date() - datetime(2022, 3, 1).date()).days) <= 4


def test_a_short_supply_gives_the_nearest_day_it_has():
    january = {**ERCOT, "supply_span_s": 30 * 86400}
    when = local(join(begin_s=599850, **KTH, **january))
    assert when.weekday() == 0 and when.month == 1


def test_a_supply_that_repeats_keeps_the_season():
    january = {**ERCOT, "supply_span_s": 30 * 86400}
    when = local(join(begin_s=599850, **KTH, **january, repeats=True))
    assert when.date().isoformat() == "2022-10-03"


def test_a_supply_without_the_weekday_is_refused_with_the_way_out():
    two_days = {**ERCOT, "supply_span_s": 2 * 86400}
    with pytest.raises(InputError, match="time.calendar=none"):
        join(begin_s=599850 + 86400, **KTH, **two_days)


def test_a_trace_without_a_calendar_starts_at_the_sites_midnight():
    found = join(begin_s=5094, origin_utc=None, trace_zone=None, **ERCOT)
    when = local(found)
    assert (when.hour, when.minute, when.second) == (1, 24, 54)  # 5094 s after midnight
    assert when.date().isoformat() == "2022-01-01"


def test_a_later_window_of_such_a_trace_keeps_its_time_of_day_on_the_first_day():
    found = join(begin_s=10 * 86400 + 5094, origin_utc=None, trace_zone=None, **ERCOT)
    assert local(found).isoformat() == "2022-01-01T01:24:54-06:00"


def test_none_lets_the_clocks_coincide():
    found = join(
        begin_s=5094, origin_utc=None, trace_zone=None, **ERCOT, calendar="none", supply_start_s=5094
    )
    assert found.shift_s == 5094
    assert found.begin_utc == "2021-12-31T23:00:00+00:00"


def test_hours_are_matched_across_a_clock_change_of_the_site():
    # 27 March to 30 October is summer time in Stockholm, 13 March to 6 November in Texas.
    origin = datetime(1997, 3, 17, 8, tzinfo=UTC)  # Monday 9:00 in Stockholm, still winter time there
    when = local(join(begin_s=0, origin_utc=origin, trace_zone="Europe/Stockholm", **ERCOT))
    assert (when.weekday(), when.hour, when.utcoffset()) == (0, 9, timedelta(hours=-5))
