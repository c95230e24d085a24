"""Power files in local clock time: hours that daylight saving skips or shows twice, in every zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest

from traces.errors import InputError
from traces.series.power_csv import read_power
from traces.times.timezones import choose_readings, offsets_between, readings_of

HOUR = 3600


@pytest.fixture
def write(tmp_path):
    """Writes lines to a file and returns its path."""

    def write_lines(*lines, name="power.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines


class TestLocalDays:
    DAYS = [f"2022-03-{d}" for d in (25, 26, 27, 28, 29)]

    @pytest.mark.parametrize("stamp", ["start", "end"])
    def test_a_row_a_day_lasts_23_hours_where_clocks_go_forward(self, write, stamp):
        path = write("date,energy_kwh", *(f"{day},{24 if day[-2:] != '27' else 23}" for day in self.DAYS))
        if stamp == "end":
            days = [*self.DAYS[1:], "2022-03-30"]
            path = write("date,energy_kwh", *(f"{d} 00:00,{24 if d[-2:] != '28' else 23}" for d in days))
        series = read_power(path, zone="Europe/Berlin", stamp=stamp)
        assert (series.start_utc, series.end_s) == (datetime(2022, 3, 24, 23, tzinfo=UTC), 119 * HOUR)
        assert series.power_mw.tolist() == [1_000_000]  # 1 kW on the short day too

    @pytest.mark.parametrize("days", [("29", "30", "31"), ("30", "31")])
    def test_a_file_that_ends_with_the_short_day(self, write, days):
        rows = [f"2024-03-{day},{23 if day == '31' else 24}" for day in days]
        series = read_power(write("date,energy_kwh", *rows), zone="Europe/Berlin")
        assert series.end_utc == datetime(2024, 3, 31, 22, tzinfo=UTC)
        assert series.power_mw.tolist() == [1_000_000]

    def test_messages_name_local_days(self, write):
        days = [f"2024-03-{day},1" for day in (29, 30, 31)]
        path = write("date,p_kw", *days, "2024-04-02,1", "2024-04-03,1")
        with pytest.raises(InputError, match="from 2024-04-01 in Europe/Berlin to 2024-04-02 in Europe/Ber"):
            read_power(path, zone="Europe/Berlin")
        with pytest.raises(InputError, match=":5: 2024-03-31 in Europe/Berlin is there twice"):
            read_power(write("date,p_kw", *days, days[-1], "2024-04-01,1"), zone="Europe/Berlin")

    def test_a_year_of_days_in_every_hemisphere(self, write):
        for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana"):
            first = datetime(2022, 1, 1)
            days = [first + timedelta(days=d) for d in range(365)]
            series = read_power(
                write("date,p_w", *(f"{d:%Y-%m-%d},{i}" for i, d in enumerate(days))), zone=zone
            )
            begins = [d.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for d in days]
            at = [series.start_utc + timedelta(seconds=int(s)) for s in series.change_s]
            assert at == begins
            assert series.end_s == 365 * 24 * HOUR

    def test_a_missing_day_is_one_step(self, write):
        path = write("date,p_w", *(f"{day},5" for day in self.DAYS if day[-2:] != "27"))
        with pytest.raises(InputError, match="1 step of 86400 s"):
            read_power(path, zone="Europe/Berlin")
        assert read_power(path, zone="Europe/Berlin", gaps="hold").end_s == 119 * HOUR


class TestSummerTime:
    # Berlin, 2022-03-27 01:00Z: 02:00 CET -> 03:00 CEST. 2022-10-30 01:00Z: 03:00 CEST -> 02:00 CET.
    SPRING = ["time,power_w", *(f"2022-03-27 {h:02}:00,{h}" for h in (0, 1, 3, 4))]
    AUTUMN = ["time,power_w", *(f"2022-10-30 {h:02}:00,{v}" for h, v in ((1, 1), (2, 2), (2, 3), (3, 4)))]

    def test_a_local_clock_that_skips_the_hour_has_no_gap(self, write):
        series = read_power(write(*self.SPRING), zone="Europe/Berlin")
        assert series.start_utc == datetime(2022, 3, 26, 23, tzinfo=UTC)
        assert series.power_mw.tolist() == [0, 1000, 3000, 4000]

    def test_a_stamp_that_does_not_exist(self, write):
        lines = ["time,power_w", *(f"2022-03-27 {h:02}:00,{h}" for h in range(5))]
        with pytest.raises(InputError, match=r"power\.csv:4: '2022-03-27 02:00' does not exist"):
            read_power(write(*lines), zone="Europe/Berlin")
        series = read_power(write(*lines), zone="Europe/Berlin", gaps="hold")
        assert series.power_mw.tolist() == [0, 1000, 3000, 4000]
        assert series.report.repairs["nonexistent_stamps"].count == 1

    def test_both_copies_of_an_hour(self, write):
        with pytest.raises(InputError, match=r"power\.csv:3: '2022-10-30 02:00' occurs twice"):
            read_power(write(*self.AUTUMN), zone="Europe/Berlin")
        series = read_power(write(*self.AUTUMN), zone="Europe/Berlin", gaps="zero")
        assert series.start_utc == datetime(2022, 10, 29, 23, tzinfo=UTC)
        assert series.power_mw.tolist() == [1000, 2000, 3000, 4000]
        assert series.report.repairs["ambiguous_stamps"].count == 2
        assert "missing_rows" not in series.report.repairs

    def test_one_copy_of_an_hour_leaves_a_gap(self, write):
        lines = ["time,power_w", *(f"2022-10-30 {h:02}:00,{h}" for h in (1, 2, 3))]
        series = read_power(write(*lines), zone="Europe/Berlin", gaps="interpolate")
        assert series.power_mw.tolist() == [1000, 2000, 2500, 3000]
        assert series.report.repairs["missing_rows"].count == 1

    def test_a_file_that_begins_in_the_second_copy(self, write):
        lines = ["time,power_w", *(f"2022-10-30 {h:02}:00,{h}" for h in (2, 3, 4))]
        series = read_power(write(*lines), zone="Europe/Berlin", gaps="hold")
        assert series.start_utc == datetime(2022, 10, 30, 1, tzinfo=UTC)
        assert "missing_rows" not in series.report.repairs

    def test_quarter_hours(self, write):
        stamps = [f"0{h}:{m:02}" for h in (1, 2, 2, 3) for m in (0, 15, 30, 45)]
        lines = ["time,power_w", *(f"2022-10-30 {at},{i}" for i, at in enumerate(stamps))]
        series = read_power(write(*lines), zone="Europe/Berlin", gaps="hold")
        assert series.power_mw.tolist() == [1000 * i for i in range(16)]
        # The second 02:15 is not in the file: the clock has gone back before it, so the rest stays in place.
        series = read_power(write(*lines[:10], *lines[11:]), zone="Europe/Berlin", gaps="hold")
        assert [series.at(i * 900) for i in (8, 9, 10)] == [8000, 8000, 10000]

    def test_chicago(self, write):
        # 2022-11-06 07:00Z: 02:00 CDT -> 01:00 CST; 2022-03-13 08:00Z: 02:00 CST -> 03:00 CDT.
        autumn = ["time,power_w", *(f"2022-11-06 {h:02}:00,{v}" for h, v in ((0, 1), (1, 2), (1, 3), (2, 4)))]
        series = read_power(write(*autumn), zone="America/Chicago", gaps="hold")
        assert series.start_utc == datetime(2022, 11, 6, 5, tzinfo=UTC)
        assert series.power_mw.tolist() == [1000, 2000, 3000, 4000]
        spring = ["time,power_w", *(f"2022-03-13 {h:02}:00,{h}" for h in (1, 3))]
        series = read_power(write(*spring), zone="America/Chicago")
        assert (series.start_utc, series.end_s) == (datetime(2022, 3, 13, 7, tzinfo=UTC), 2 * HOUR)

    def test_lord_howe_moves_by_half_an_hour(self, write):
        # 2022-04-02 15:00Z: 02:00 +11 -> 01:30 +10:30. Hours of UTC fall on :00 before and on :30 after.
        autumn = [
            "time,power_w",
            "2022-04-03 00:00,1",
            "2022-04-03 01:00,2",
            "2022-04-03 01:30,3",
            "2022-04-03 02:30,4",
        ]
        series = read_power(write(*autumn), zone="Australia/Lord_Howe", gaps="hold")
        assert series.start_utc == datetime(2022, 4, 2, 13, tzinfo=UTC)
        assert series.power_mw.tolist() == [1000, 2000, 3000, 4000]
        assert "missing_rows" not in series.report.repairs
        # Half hours: 01:30 twice. 2022-10-01 15:30Z: 02:00 +10:30 -> 02:30 +11.
        half = [
            "time,power_w",
            *(f"2022-04-03 {at},{i}" for i, at in enumerate(("01:00", "01:30", "01:30", "02:00"))),
        ]
        assert len(read_power(write(*half), zone="Australia/Lord_Howe", gaps="hold")) == 4
        spring = ["time,power_w", "2022-10-02 01:30,1", "2022-10-02 02:30,2"]
        series = read_power(write(*spring), zone="Australia/Lord_Howe")
        assert (series.start_utc, series.end_s) == (datetime(2022, 10, 1, 15, tzinfo=UTC), HOUR)

    @pytest.mark.parametrize("step_s", [900, 3600])
    def test_a_year_of_local_stamps_in_every_zone_is_the_year_in_utc(self, step_s):
        # All zones of the database; the file's own text is left out, or this would take minutes.
        truth_s = np.arange(1640995200, 1640995200 + 365 * 86400, step_s)
        for name in sorted(available_timezones()):
            zone = ZoneInfo(name)
            offsets = offsets_between(zone, int(truth_s[0]), int(truth_s[-1]))
            in_force = np.append(offsets.first_s, offsets.after_s)
            wall_s = truth_s + in_force[np.searchsorted(offsets.change_s, truth_s, side="right")]
            times = readings_of(wall_s, zone)
            assert not times.nonexistent.any(), name
            assert np.array_equal(choose_readings(times, wall_s, step_s), truth_s), name

    @pytest.mark.parametrize(
        "zone",
        ["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca"],
    )
    def test_a_year_in_a_file_keeps_its_energy(self, write, zone):
        first = datetime(2022, 1, 1, tzinfo=UTC)
        local = [(first + timedelta(hours=h)).astimezone(ZoneInfo(zone)) for h in range(365 * 24)]
        path = write("time,power_w", *(f"{at:%Y-%m-%d %H:%M},{i % 97}" for i, at in enumerate(local)))
        series = read_power(path, zone=zone, gaps="hold")
        assert series.start_utc == first
        assert series.energy_mj(0, series.end_s) == sum(i % 97 for i in range(8760)) * 1000 * HOUR
        assert set(series.report.repairs) == {"ambiguous_stamps"}
