"""PVGIS and Open-Meteo as they are downloaded, years without 29 February, and files without a header."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.weather.site_weather import NOMINAL_YEAR
from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import (
    EPW_MIDDLE,
    epw_lines,
    epw_row,
    feedinlib_lines,
    openmeteo,
    openmeteo_csv,
    pvgis_hourly,
    pvgis_tmy,
    sunny_nsrdb,
    tmy3_lines,
    typical_lines,
    write,
    write_json,
)
from traces.errors import InputError


class TestPvgis:
    def test_a_typical_year(self, tmp_path):
        weather = read_weather(write(tmp_path, pvgis_tmy()))
        assert weather.typical_year and len(weather) == 8760
        assert (weather.latitude_deg, weather.longitude_deg, weather.altitude_m) == (40, -105, 1600)
        # Irradiance is that of 12 minutes past: the hour around it.
        assert weather.start_utc == datetime(NOMINAL_YEAR - 1, 12, 31, 23, 42, tzinfo=UTC)
        assert "clock" not in weather.report.notes
        assert weather.pressure_pa[0] == 80_000

    def test_without_the_irradiances_delay_the_rows_tell(self, tmp_path):
        weather = read_weather(write(tmp_path, pvgis_tmy(None)))
        assert "40 min after the start of the step" in weather.report.notes["clock"].text
        assert "give" not in weather.report.notes["clock"].text  # its rows are UTC's, whatever is stated

    def test_an_hourly_series_on_the_level(self, tmp_path):
        weather = read_weather(write(tmp_path, pvgis_hourly()))
        assert weather.start_utc == datetime(2016, 5, 31, 23, 40, tzinfo=UTC)
        assert weather.temp_air_c[0] == 15 and weather.wind_speed_m_s[0] == 3
        lit = weather.dni_w_m2 > 0
        assert lit.sum() > 20
        assert weather.dni_w_m2[lit] == pytest.approx(np.full(lit.sum(), 800), abs=10)

    @pytest.mark.parametrize("slope", ["30 deg.", "35 deg. (optimum)"])
    def test_a_tilted_plane_is_no_irradiance_and_says_so(self, tmp_path, slope):
        weather = read_weather(write(tmp_path, pvgis_hourly(slope)))
        assert not weather.has_irradiance
        assert "slope 0" in weather.report.notes["in_plane"].text
        assert weather.wind_speed_m_s[0] == 3

    def test_global_irradiance_alone_is_split(self, tmp_path):
        lines = [line.replace("Gb(i),Gd(i),Gr(i)", "G(i),P,X") for line in pvgis_hourly()]
        weather = read_weather(write(tmp_path, lines))
        assert weather.has_irradiance and "split" in weather.report.notes

    def test_a_row_behind_an_empty_line_is_not_lost(self, tmp_path):
        lines = pvgis_hourly()
        lines.insert(20, "")
        assert len(read_weather(write(tmp_path, lines))) == 48

    def test_json_says_to_fetch_csv(self, tmp_path):
        with pytest.raises(InputError, match="PVGIS in JSON: fetch it as CSV"):
            read_weather(write_json(tmp_path, {"inputs": {}, "outputs": {}}))


class TestOpenMeteoCsv:
    def test_is_what_the_json_is(self, tmp_path):
        table = read_weather(write(tmp_path, openmeteo_csv()))
        answer = read_weather(write_json(tmp_path, openmeteo()))
        assert (table.start_utc, table.zone, table.altitude_m) == (
            answer.start_utc,
            answer.zone,
            answer.altitude_m,
        )
        for name in ("temp_air_c", "wind_speed_m_s", "cloud_cover"):
            assert np.array_equal(getattr(table, name), getattr(answer, name))

    def test_units_are_those_of_the_header(self, tmp_path):
        lines = [line.replace("(km/h)", "(kn)").replace("(°C)", "(°F)") for line in openmeteo_csv()]
        weather = read_weather(write(tmp_path, lines))
        assert weather.wind_speed_m_s[0] == pytest.approx(36 * 1852 / 3600)
        assert weather.temp_air_c[0] == pytest.approx((15 - 32) * 5 / 9)

    def test_radiation_is_of_the_hour_before(self, tmp_path):
        lines = openmeteo_csv()
        lines[3] += ",shortwave_radiation (W/m²)"
        lines[4:] = [f"{line},{hour}" for hour, line in enumerate(lines[4:])]
        weather = read_weather(write(tmp_path, lines))
        assert len(weather) == 23
        assert weather.ghi_w_m2[12] == 13

    def test_a_daily_table_may_follow(self, tmp_path):
        lines = [*openmeteo_csv(), "", "time,temperature_2m_max (°C)", "2022-06-01,20.0"]
        assert len(read_weather(write(tmp_path, lines))) == 24

    def test_rows_behind_an_empty_line_are_not_lost(self, tmp_path):
        lines = openmeteo_csv()
        lines.insert(10, "")
        with pytest.raises(InputError, match=":11: an empty line within the table"):
            read_weather(write(tmp_path, lines))

    def test_the_table_alone_needs_a_place(self, tmp_path):
        path = write(tmp_path, openmeteo_csv()[3:])
        with pytest.raises(InputError, match="give latitude_deg=, longitude_deg=, utc_offset_h="):
            read_weather(path)
        weather = read_weather(path, latitude_deg=50, longitude_deg=8, utc_offset_h=2)
        assert weather.start_utc == datetime(2022, 5, 31, 22, tzinfo=UTC)

    def test_several_places_are_refused(self, tmp_path):
        lines = openmeteo_csv()
        lines[0], lines[1] = f"location_id,{lines[0]}", f"0,{lines[1]}"
        with pytest.raises(InputError, match="several locations"):
            read_weather(write(tmp_path, lines))

    def test_seconds_since_1970_are_utc_at_a_site_that_is_not(self, tmp_path):
        answer = openmeteo()
        answer["hourly"]["time"] = [1_654_034_400 + 3600 * hour for hour in range(24)]
        weather = read_weather(write_json(tmp_path, answer))
        assert weather.start_utc == datetime(2022, 5, 31, 22, tzinfo=UTC)
        assert weather.zone == "Europe/Berlin"


def leap_year_epw(days):
    """An EPW file of these days of 2020, with the day of the year as its wind."""
    head = "LOCATION,Tucson,AZ,USA,x,722745,32.17,-110.88,-7.0,809.0"
    rows = [
        epw_row(hour, day.day, at0=2020, at1=day.month, at21=day.timetuple().tm_yday / 10)
        for day in days
        for hour in range(1, 25)
    ]
    return [head, *EPW_MIDDLE, f"DATA PERIODS,1,1,Data,Sunday,1/ 1,{days[-1].month}/{days[-1].day}", *rows]


class TestLeapYears:
    """Many files leave 29 February out of a leap year; they are read in their own year."""

    WHOLE = [datetime(2020, 2, 1) + timedelta(days=day) for day in range(60)]
    WITHOUT = [day for day in WHOLE if (day.month, day.day) != (2, 29)]

    def test_28_february_is_repeated_and_counted(self, tmp_path):
        weather = read_weather(write(tmp_path, leap_year_epw(self.WITHOUT)))
        assert len(weather) == 60 * 24
        assert weather.start_utc == datetime(2020, 2, 1, 7, tzinfo=UTC)
        # 1 to 28 February are days 32 to 59 of the year; 29 February is as the 28th; 1 March is day 61.
        assert weather.wind_speed_m_s[27 * 24 : 31 * 24 : 24].tolist() == [5.9, 5.9, 6.1, 6.2]
        leap = weather.report.repairs["leap_day"]
        assert (leap.count, leap.value) == (24, "2020-02-29")

    def test_a_file_that_has_the_day_keeps_it(self, tmp_path):
        weather = read_weather(write(tmp_path, leap_year_epw(self.WHOLE)))
        assert weather.wind_speed_m_s[28 * 24] == 6.0
        assert not weather.report.repairs

    def test_half_hours_in_the_middle(self, tmp_path):
        head = sunny_nsrdb("3.2.2", 0)[:3]
        rows = [
            f"2020,{day.month},{day.day},{half // 2},{half % 2 * 30},0,0,0,{day.day},5,800"
            for day in self.WITHOUT
            for half in range(48)
        ]
        weather = read_weather(write(tmp_path, [*head, *rows]))
        assert len(weather) == 60 * 48
        assert weather.report.repairs["leap_day"].count == 48
        assert weather.temp_air_c[28 * 48] == 28

    def test_a_gap_longer_than_the_day_stays_a_gap(self, tmp_path):
        lines = leap_year_epw(self.WITHOUT)
        first_of_march = next(place for place, line in enumerate(lines) if line.startswith("2020,3,1,1,"))
        del lines[first_of_march : first_of_march + 2]
        with pytest.raises(InputError, match="26 hours are missing before it, from 2020-02-29 07:00:00 UTC"):
            read_weather(write(tmp_path, lines), gaps="interpolate")

    def test_any_other_day_is_a_gap(self, tmp_path):
        days = [day for day in self.WHOLE if (day.month, day.day) != (3, 5)]
        with pytest.raises(InputError, match="24 hours are missing before it, from 2020-03-05 07:00:00 UTC"):
            read_weather(write(tmp_path, leap_year_epw(days)), gaps="interpolate")

    def test_a_typical_year_placed_in_a_leap_year(self, tmp_path):
        weather = read_weather(write(tmp_path, typical_lines()), year=2020)
        assert len(weather) == 366 * 24
        assert weather.wind_speed_m_s[[59 * 24 - 1, 59 * 24, 60 * 24 - 1, 60 * 24]].tolist() == [2, 2, 2, 3]

    def test_a_typical_year_with_the_day_in_a_leap_year(self, tmp_path):
        assert len(read_weather(write(tmp_path, typical_lines(29)), year=2020)) == 366 * 24


class TestMessages:
    """No message proposes what is refused next."""

    def test_a_long_gap_does_not_propose_to_interpolate(self, tmp_path):
        rows = [epw_row(hour) for hour in range(1, 25) if not 6 <= hour <= 15]
        with pytest.raises(InputError, match=r"10 hours are missing.*fills at most 6 hours"):
            read_weather(write(tmp_path, epw_lines(rows)))

    def test_a_hole_at_the_end_does_not_propose_to_interpolate(self, tmp_path):
        rows = [epw_row(hour, at6=99.9 if hour == 24 else 5) for hour in range(1, 25)]
        with pytest.raises(InputError, match=r"\(1 in the file\); complete the file$"):
            read_weather(write(tmp_path, epw_lines(rows)))

    def test_no_cloud_cover_does_not_propose_the_clear_sky(self, tmp_path):
        weather = read_weather(write(tmp_path, pvgis_hourly("30 deg.")))
        with pytest.raises(
            InputError, match=r"or a file with cloud cover and read_weather\(\.\.\., clear_sky"
        ):
            weather.irradiance()


class TestHeaders:
    def test_rows_without_a_header(self, tmp_path):
        lines = sunny_nsrdb(None, 0)[1:]
        with pytest.raises(InputError, match="a row of numbers: the header is missing"):
            read_weather(write(tmp_path, lines))
        with pytest.raises(InputError, match=":1: numbers where the names of the columns should stand"):
            read_weather(write(tmp_path, lines), format="nsrdb")

    def test_a_header_behind_a_hash(self, tmp_path):
        lines = sunny_nsrdb(None, 0)
        lines[0] = f"# {lines[0]}"
        with pytest.raises(InputError, match="take the # off the names of the columns"):
            read_weather(write(tmp_path, lines))

    def test_tmy3_without_its_names(self, tmp_path):
        lines = tmy3_lines()
        del lines[1]
        with pytest.raises(InputError):
            read_weather(write(tmp_path, lines))

    @pytest.mark.parametrize("step", [1, 30])
    def test_a_column_that_counts_rows_is_no_time(self, tmp_path, step):
        lines = feedinlib_lines()
        lines[1:] = [f"{step * row},{line.split(',', 1)[1]}" for row, line in enumerate(lines[1:])]
        with pytest.raises(InputError, match=f"{step} s after the row before it: a column that counts rows"):
            read_weather(write(tmp_path, lines), latitude_deg=52, longitude_deg=13)

    def test_the_same_in_open_meteo(self, tmp_path):
        answer = openmeteo()
        answer["hourly"]["time"] = list(range(24))
        with pytest.raises(InputError, match="a column that counts rows or hours is no time stamp"):
            read_weather(write_json(tmp_path, answer))


class TestMidnightOfTmy3:
    """SolarAnywhere writes the last hour of a day as 00:00 of the next one."""

    @staticmethod
    def at_zero(lines):
        """The same file with 00:00 of the next day for 24:00."""
        changed = []
        for line in lines:
            date, time, *rest = line.split(",")
            if time == "24:00":
                after = datetime.strptime(date, "%m/%d/%Y") + timedelta(days=1)
                line = ",".join([f"{after:%m/%d/%Y}", "00:00", *rest])
            changed.append(line)
        return changed

    @pytest.mark.parametrize("lines", [tmy3_lines(48), typical_lines()], ids=["two days", "typical year"])
    def test_both_ways_of_writing_it_are_the_same(self, tmp_path, lines):
        usual = read_weather(write(tmp_path, lines))
        other = read_weather(write(tmp_path, self.at_zero(lines), "zero.csv"))
        assert other.start_utc == usual.start_utc and other.typical_year == usual.typical_year
        assert np.array_equal(other.wind_speed_m_s, usual.wind_speed_m_s)

    def test_the_first_row_may_be_a_midnight(self, tmp_path):
        lines = self.at_zero(tmy3_lines(48))
        weather = read_weather(write(tmp_path, [*lines[:2], *lines[25:]]))  # from 23:00 of 1 January on
        assert weather.start_utc == datetime(1999, 1, 2, 4, tzinfo=UTC)

    def test_a_midnight_with_the_date_of_its_own_day_is_out_of_order(self, tmp_path):
        lines = [line.replace("24:00", "00:00") for line in tmy3_lines(48)]
        with pytest.raises(InputError, match=":26:"):
            read_weather(write(tmp_path, lines))


@pytest.mark.parametrize(("zone", "local"), [("", "-7"), ("-7", "")])
def test_one_zone_of_nsrdb_may_be_empty(tmp_path, zone, local):
    lines = sunny_nsrdb("3.0.6", 1800)
    lines[1] = f"NSRDB,1,-,-,-,40.0,-105.0,{zone},1600,{local},3.0.6"
    weather = read_weather(write(tmp_path, lines))
    assert weather.utc_offset_s == -7 * 3600
    assert weather.start_utc == datetime(2020, 6, 1, 7, tzinfo=UTC)


def test_without_any_zone_nsrdb_is_refused(tmp_path):
    lines = sunny_nsrdb("3.0.6", 1800)
    lines[1] = "NSRDB,1,-,-,-,40.0,-105.0,,1600,,3.0.6"
    with pytest.raises(InputError, match="no value for Time Zone"):
        read_weather(write(tmp_path, lines))
