"""Numbered periods and hours on days that clock changes make longer or shorter."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from traces.errors import InputError
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate

HOUR = 3600


@pytest.fixture
def write(tmp_path):
    """Writes lines to a file and returns its path."""

    def write_lines(*lines):
        path = tmp_path / "series.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines


def midnight(day, zone):
    return datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day_length_s(day, zone):
    after = (datetime.fromisoformat(day) + timedelta(days=1)).strftime("%Y-%m-%d")
    return int((midnight(after, zone) - midnight(day, zone)).total_seconds())


def numbered(days, zone, step_s):
    """Rows `date,n,value` of whole days, the value counting rows from 1."""
    rows = []
    for day in days:
        for number in range(1, day_length_s(day, zone) // step_s + 1):
            rows.append(f"{day},{number},{len(rows) + 1}")
    return rows


class TestPeriods:
    SPRING = ("2024-03-30", "2024-03-31", "2024-04-01")
    AUTUMN = ("2024-10-26", "2024-10-27", "2024-10-28")

    @pytest.mark.parametrize(
        ("zone", "days", "step_s", "count"),
        [
            ("Europe/London", SPRING, 1800, 142),  # 48 + 46 + 48
            ("Europe/London", AUTUMN, 1800, 146),
            ("Europe/Berlin", SPRING, 3600, 71),
            ("Europe/Berlin", AUTUMN, 3600, 73),
            ("Europe/Berlin", SPRING, 900, 284),  # 96 + 92 + 96
            ("Europe/Berlin", AUTUMN, 900, 292),
            ("Europe/Berlin", AUTUMN, 300, 876),
            ("America/New_York", ("2024-03-09", "2024-03-10"), 3600, 47),
            ("Australia/Lord_Howe", ("2024-04-06", "2024-04-07"), 1800, 97),  # 48 + 49
            ("America/Havana", ("2024-03-09", "2024-03-10"), 1800, 94),  # midnight itself is skipped
            ("Europe/London", ("2024-03-31",), 1800, 46),
            ("Europe/London", ("2024-10-27",), 1800, 50),
        ],
    )
    def test_are_steps_from_local_midnight(self, write, zone, days, step_s, count):
        rows = numbered(days, zone, step_s)
        assert len(rows) == count
        path = write("settlementDate,settlementPeriod,power", *rows)
        series = read_power(path, unit="W", zone=zone)
        assert series.start_utc == midnight(days[0], zone)
        assert series.end_s == count * step_s
        assert series.power_mw.tolist() == [1000 * n for n in range(1, count + 1)]
        assert series.report.repairs == {}

    def test_a_year_of_half_hours(self, write):
        days = [f"{datetime(2023, 1, 1) + timedelta(days=d):%Y-%m-%d}" for d in range(365)]
        path = write("date,period,price", *numbered(days, "Europe/London", 1800))
        series = read_rate(path, unit="GBP/MWh", zone="Europe/London")
        assert (series.start_utc, series.end_s) == (datetime(2023, 1, 1, tzinfo=UTC), 365 * 24 * HOUR)
        assert series.at(17519 * 1800) == 17_520_000

    def test_year_month_and_day_in_columns(self, write):
        rows = [f"2024,10,27,{n},{n}" for n in range(1, 51)]
        path = write("Year,Month,Day,Period,p_w", *rows)
        series = read_power(path, time_column="Year,Month,Day,Period", zone="Europe/London")
        assert (series.start_utc, series.end_s) == (datetime(2024, 10, 26, 23, tzinfo=UTC), 25 * HOUR)

    def test_a_period_too_many_is_an_error_with_a_remedy(self, write):
        rows = [f"2024-03-31,{n},{n}" for n in range(1, 49)]
        path = write("date,period,p_w", *rows)
        with pytest.raises(InputError, match=r":48: Period 47 on 2024-03-31, .* 46 steps .*zone='UTC'"):
            read_power(path, zone="Europe/London")
        assert read_power(path, zone="UTC").end_s == 24 * HOUR

    def test_a_missing_period_is_a_gap_in_its_place(self, write):
        rows = numbered(self.AUTUMN, "Europe/London", 1800)
        del rows[48 + 49]  # period 50 of the long day
        path = write("date,period,p_w", *rows)
        with pytest.raises(InputError, match="no value from 2024-10-27 23:30:00 UTC"):
            read_power(path, zone="Europe/London")
        series = read_power(path, zone="Europe/London", gaps="hold")
        assert series.end_s == 146 * 1800
        assert series.at(98 * 1800) == 99_000

    def test_a_file_that_ends_at_noon(self, write):
        rows = numbered(("2024-05-01", "2024-05-02"), "Europe/London", 1800)[: 48 + 24]
        series = read_power(write("date,period,p_w", *rows), zone="Europe/London")
        assert series.end_s == 72 * 1800

    def test_periods_that_become_quarters(self, write):
        rows = numbered(("2025-09-29", "2025-09-30"), "Europe/Berlin", 3600)
        rows += numbered(("2025-10-01", "2025-10-02"), "Europe/Berlin", 900)
        series = read_power(write("date,period,p_w", *rows), zone="Europe/Berlin")
        assert series.end_s == 4 * 24 * HOUR
        assert series.report.notes["step_changes"].value == "3600 s to 900 s"

    @pytest.mark.parametrize("spelling", ["{}", "{}T00:00:00Z", "{} 00:00"])
    def test_dates_with_a_midnight_behind_them(self, write, spelling):
        rows = [f"{spelling.format('2024-10-27')},{n},{n}" for n in range(1, 51)]
        path = write("settlementDate,settlementPeriod,p_w", *rows)
        for time_column in (None, "settlementDate,settlementPeriod"):
            series = read_power(path, zone="Europe/London", time_column=time_column)
            assert (series.start_utc, series.end_s) == (datetime(2024, 10, 26, 23, tzinfo=UTC), 25 * HOUR)
        with pytest.raises(InputError, match="holds no time of day"):
            read_power(path, zone="Europe/London", time_column="settlementDate", gaps="hold")

    def test_without_a_zone_one_is_asked_for(self, write):
        path = write("date,period,p_w", *numbered(("2024-05-01",), "UTC", 3600))
        with pytest.raises(InputError, match="name its zone"):
            read_power(path)


class TestHours:
    def test_hours_that_name_their_end_by_the_clock(self, write):
        # ERCOT, 2024-03-10: hour ending 03:00 does not exist; hour ending 02:00 ends at the change.
        rows = [f"03/10/2024,{h:02}:00,{h}" for h in range(1, 25) if h != 3]
        path = write("Delivery Date,Hour Ending,p_w", *rows)
        series = read_power(path, zone="America/Chicago", date_order="month-first")
        assert (series.start_utc, series.end_s) == (datetime(2024, 3, 10, 6, tzinfo=UTC), 23 * HOUR)
        assert [series.at(h * HOUR) for h in (0, 1, 2)] == [1000, 2000, 4000]
        assert series.report.repairs == {}

    def test_hour_ending_in_autumn(self, write):
        hours = [1, 2, 2, *range(3, 25)]
        path = write("Delivery Date,Hour Ending,p_w", *(f"2024-11-03,{h},{i}" for i, h in enumerate(hours)))
        series = read_power(path, zone="America/Chicago", gaps="hold")
        assert (series.start_utc, series.end_s) == (datetime(2024, 11, 3, 5, tzinfo=UTC), 25 * HOUR)
        assert series.power_mw.tolist() == [1000 * i for i in range(25)]

    @pytest.mark.parametrize(("day", "hours"), [("2024-11-03", 25), ("2024-03-10", 23), ("2024-05-01", 24)])
    def test_hours_that_are_counted_through(self, write, day, hours):
        # CAISO's OPR_HR runs to 25 and to 23.
        path = write("OPR_DT,OPR_HR,p_w", *(f"{day},{h},{h}" for h in range(1, hours + 1)))
        series = read_power(path, zone="America/Los_Angeles", stamp="end")
        assert series.start_utc == midnight(day, "America/Los_Angeles")
        assert series.power_mw.tolist() == [1000 * h for h in range(1, hours + 1)]

    def test_hours_from_1_to_24_name_ends(self, write):
        path = write("date,hour,p_w", *(f"2024-05-01,{h},{h}" for h in range(1, 25)))
        with pytest.raises(InputError, match="declare stamp='end'"):
            read_power(path, zone="UTC")
        assert read_power(path, zone="UTC", stamp="end").start_utc == datetime(2024, 5, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("day", "hours"), [("2024-03-10", [1, *range(3, 25)]), ("2024-11-03", [1, 1, *range(2, 25)])]
    )
    def test_hours_that_the_clock_shows_at_the_end(self, write, day, hours):
        path = write("date,hour,p_w", *(f"{day},{h},{i}" for i, h in enumerate(hours)))
        series = read_power(path, zone="America/Chicago", stamp="end", gaps="hold")
        assert series.start_utc == midnight(day, "America/Chicago")
        assert series.power_mw.tolist() == [1000 * i for i in range(len(hours))]
        assert "missing_rows" not in series.report.repairs

    def test_hours_from_0_are_the_clock_s(self, write):
        path = write("date,hour,p_w", *(f"2024-05-01,{h},{h}" for h in range(24)))
        assert read_power(path, zone="UTC").start_utc == datetime(2024, 5, 1, tzinfo=UTC)

    def test_quarters_within_an_hour(self, write):
        rows = [f"2024-05-01,{h},{k},{4 * h + k - 5}" for h in range(1, 25) for k in range(1, 5)]
        series = read_power(write("DeliveryDate,DeliveryHour,DeliveryInterval,p_w", *rows), zone="UTC")
        assert series.power_mw.tolist() == [1000 * i for i in range(96)]
        assert series.end_s == 24 * HOUR

    def test_stamps_at_24_name_ends(self, write):
        path = write("time,p_w", *(f"2024-05-0{d} {h:02}:00,{h}" for d in (1, 2) for h in range(1, 25)))
        with pytest.raises(InputError, match=r":25: '2024-05-01 24:00' ends a day.*declare stamp='end'"):
            read_power(path, zone="UTC")
        assert read_power(path, zone="UTC", stamp="end").start_utc == datetime(2024, 5, 1, tzinfo=UTC)
