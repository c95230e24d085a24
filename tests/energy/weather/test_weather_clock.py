"""The clock of a weather file: what its header says, what its rows say, and which zone the site has."""

from datetime import UTC, datetime

import numpy as np
import pytest

from energy.weather.closure import fitting
from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import (
    feedinlib_lines,
    openmeteo_csv,
    pvgis_hourly,
    sunny_epw,
    sunny_nsrdb,
    sunny_tmy3,
    tmy2_lines,
    tmy3_lines,
    write,
)
from traces.errors import InputError
from traces.times.timezones import find_zone, fixed_zone_name

PLACE = {"latitude_deg": 40.0, "longitude_deg": -105.0, "altitude_m": 1600.0}


class TestZone:
    """The fixed offset that a file states is the site's zone; where it states none, a note says UTC."""

    @pytest.mark.parametrize(
        ("lines", "zone"),
        [
            (tmy3_lines(), "UTC-05:00"),
            (tmy2_lines(-10), "UTC-10:00"),
            (sunny_epw(5.75), "UTC+05:45"),
            (sunny_epw(-3.5), "UTC-03:30"),
            (sunny_nsrdb("3.2.2", 1800), "UTC-07:00"),
            (openmeteo_csv(zone="GMT+2"), "UTC+02:00"),
            (openmeteo_csv(), "Europe/Berlin"),
        ],
    )
    def test_is_the_files_offset(self, tmp_path, lines, zone):
        weather = read_weather(write(tmp_path, lines))
        assert weather.zone == zone
        assert "utc_assumed" not in weather.report.notes
        midnight = weather.start_utc.astimezone(find_zone(weather.zone))
        assert (midnight.hour, midnight.minute) == (0, 0)

    def test_feedinlib_has_the_offset_of_its_stamps(self, tmp_path):
        path = write(tmp_path, feedinlib_lines("+05:30"))
        weather = read_weather(path, latitude_deg=28, longitude_deg=77)
        assert weather.zone == "UTC+05:30"
        assert weather.utc_offset_s == 19_800
        assert weather.start_utc == datetime(2009, 12, 31, 18, 30, tzinfo=UTC)

    def test_of_stamps_with_summer_time_it_is_standard_time(self, tmp_path):
        winter, summer = feedinlib_lines("-05:00", 2), feedinlib_lines("-04:00", 4)
        weather = read_weather(write(tmp_path, [*winter, *summer[4:]]), latitude_deg=28, longitude_deg=-77)
        assert weather.zone == "UTC-05:00"

    def test_a_stated_offset_moves_no_row_whose_stamp_has_its_own(self, tmp_path):
        # Before, utc_offset_h=1 put every row an hour earlier.
        path = write(tmp_path, feedinlib_lines("+01:00"))
        plain, stated = (
            read_weather(path, latitude_deg=52, longitude_deg=13, utc_offset_h=hours) for hours in (None, 1)
        )
        assert plain.start_utc == stated.start_utc == datetime(2009, 12, 31, 23, tzinfo=UTC)

    @pytest.mark.parametrize("lines", [feedinlib_lines("Z"), pvgis_hourly(), openmeteo_csv(24, "GMT", 0)])
    def test_utc_is_noted_where_it_is_assumed(self, tmp_path, lines):
        path = write(tmp_path, lines)
        weather = read_weather(path, latitude_deg=40, longitude_deg=-105)
        assert weather.zone is None
        assert weather.report.notes["utc_assumed"].value == "UTC"
        stated = read_weather(path, latitude_deg=40, longitude_deg=-105, utc_offset_h=-7)
        assert stated.zone == "UTC-07:00"
        assert stated.start_utc == weather.start_utc
        assert "utc_assumed" not in stated.report.notes

    def test_nsrdb_rows_in_utc_at_a_site_that_is_not(self, tmp_path):
        weather = read_weather(write(tmp_path, sunny_nsrdb("3.2.2", 1800, clock_h=0)))
        assert weather.start_utc == datetime(2020, 6, 1, tzinfo=UTC)
        assert weather.zone == "UTC-07:00"
        assert "clock" not in weather.report.notes

    def test_a_zone_by_name_wins(self, tmp_path):
        weather = read_weather(write(tmp_path, tmy3_lines()), zone="America/New_York")
        assert weather.zone == "America/New_York"

    @pytest.mark.parametrize(
        ("offset_s", "name"),
        [(0, "UTC+00:00"), (-18_000, "UTC-05:00"), (20_700, "UTC+05:45"), (-12_608, "UTC-03:30:08")],
    )
    def test_names_of_fixed_offsets(self, offset_s, name):
        assert fixed_zone_name(offset_s) == name
        assert find_zone(name).utcoffset(datetime(2020, 7, 1)).total_seconds() == offset_s

    @pytest.mark.parametrize("name", ["UTC+25:00", "UTC+5", "UTC+05:60", "GMT+05:00"])
    def test_other_names_are_none(self, name):
        with pytest.raises(InputError, match="unknown time zone"):
            find_zone(name)


class TestClosure:
    """GHI = DHI + DNI cos(zenith) tells what the rows mean; a header that contradicts it is noted."""

    @pytest.mark.parametrize("offset_h", [-7, -6.5, 0, 5.75, 13])
    @pytest.mark.parametrize("made", [sunny_tmy3, sunny_epw])
    def test_a_right_header_is_not_noted(self, tmp_path, made, offset_h):
        assert "clock" not in read_weather(write(tmp_path, made(offset_h))).report.notes

    def test_rows_in_utc_under_another_header(self, tmp_path):
        # As PVGIS writes EPW: zone 1 in the header, rows of UTC, the instant 10 minutes into the hour.
        path = write(tmp_path, sunny_epw(0, stated_h=1, delay_s=600))
        note = read_weather(path).report.notes["clock"]
        assert note.value == "UTC+00:00"
        assert "fit UTC+00:00 and 10 min after the start of the step" in note.text
        assert "not UTC+01:00 and the middle of the step as read" in note.text
        assert note.text.endswith("give utc_offset_h=0")
        again = read_weather(path, utc_offset_h=0)
        assert again.start_utc == datetime(2020, 6, 1, tzinfo=UTC)
        rest = again.report.notes["clock"].text
        assert "UTC+01:00" not in rest and rest.endswith("the sun is taken 20 min late")
        assert read_weather(path, utc_offset_h=0, zone="Europe/Rome").zone == "Europe/Rome"

    @pytest.mark.parametrize(
        ("right_h", "stated_h"), [(-7, 0), (-7, 7), (0, -7), (5.5, 3), (-3.5, -7), (9, -9)]
    )
    def test_another_offset(self, tmp_path, right_h, stated_h):
        path = write(tmp_path, sunny_tmy3(right_h, stated_h))
        note = read_weather(path).report.notes["clock"]
        assert note.value == fixed_zone_name(round(right_h * 3600))
        assert fixed_zone_name(round(stated_h * 3600)) in note.text
        assert note.text.endswith(f"give utc_offset_h={right_h:g}")
        assert "clock" not in read_weather(path, utc_offset_h=right_h).report.notes

    @pytest.mark.parametrize(("delay_s", "place"), [(0, "start"), (3600, "end")])
    def test_another_stamp(self, tmp_path, delay_s, place):
        note = read_weather(write(tmp_path, sunny_tmy3(-7, delay_s=delay_s))).report.notes["clock"]
        assert f"fit UTC-07:00 and the {place} of the step (" in note.text
        assert "not UTC-07:00 and the middle" in note.text

    def test_an_instant_between_two_steps_may_be_utcs(self, tmp_path):
        note = read_weather(write(tmp_path, sunny_epw(0, stated_h=1, delay_s=0))).report.notes["clock"]
        assert "fit UTC+01:00 and the end of the step, or UTC+00:00 and the start of the step," in note.text

    def test_rows_that_close_nowhere_say_nothing(self, tmp_path):
        draws = np.random.Generator(np.random.PCG64(1))
        lines = sunny_tmy3(-7, 0)
        rows = [line.split(",") for line in lines[2:]]
        for row in rows:
            row[2] = f"{draws.uniform(0, 900):.1f}"
        weather = read_weather(write(tmp_path, [*lines[:2], *(",".join(row) for row in rows)]))
        assert "clock" not in weather.report.notes

    @pytest.mark.parametrize("site", ["greensboro", "miami", "sand-point"])
    def test_good_files_have_no_note(self, site):
        assert "clock" not in read_weather(f"site:{site}").report.notes

    @pytest.mark.parametrize(
        ("shift_s", "clock_s", "step_s", "right"),
        [
            (2400, 3600, 3600, (0, 600)),  # beyond the hour: UTC, 10 minutes into it
            (1800, 3600, 3600, (3600, 3600)),  # the header's hour still holds it
            (-7 * 3600, 0, 3600, (7 * 3600, 1800)),
            (2 * 3600 + 1800, 9000, 1800, (0, 900)),
            (-10 * 3600, 7 * 3600, 3600, (-7 * 3600, 1800)),  # the day after's sun: no clock is at +17
        ],
    )
    def test_what_a_shift_stands_for(self, shift_s, clock_s, step_s, right):
        assert fitting(shift_s, clock_s, step_s) == right


class TestNsrdbVersions:
    """Hourly rows stamped :00 are the hour's start in PSM 3 and the middle of the step in PSM 4."""

    START = datetime(2020, 6, 1, 7, tzinfo=UTC)
    MIDDLE = datetime(2020, 6, 1, 6, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("version", "delay_s", "start_utc"),
        [("3.0.6", 1800, START), ("v3.2.2", 1800, START), ("4.0.1", 0, MIDDLE), ("v4.1", 0, MIDDLE)],
    )
    def test_the_header_tells(self, tmp_path, version, delay_s, start_utc):
        weather = read_weather(write(tmp_path, sunny_nsrdb(version, delay_s)))
        assert weather.start_utc == start_utc
        assert not {"stamps", "clock"} & set(weather.report.notes)

    def test_a_header_that_the_rows_contradict_is_noted(self, tmp_path):
        weather = read_weather(write(tmp_path, sunny_nsrdb("4.0.1", 1800)))
        assert weather.start_utc == self.MIDDLE
        assert "fit UTC-07:00 and the end of the step" in weather.report.notes["clock"].text

    @pytest.mark.parametrize("version", ["", "unknown", None])
    @pytest.mark.parametrize(
        ("delay_s", "start_utc", "value"), [(1800, START, "start"), (0, MIDDLE, "middle")]
    )
    def test_without_a_version_the_rows_tell(self, tmp_path, version, delay_s, start_utc, value):
        path = write(tmp_path, sunny_nsrdb(version, delay_s))
        weather = read_weather(path, utc_offset_h=-7, **PLACE)
        assert weather.start_utc == start_utc
        assert weather.report.notes["stamps"].value == value
        assert "clock" not in weather.report.notes

    def test_in_the_dark_it_is_the_start_and_noted(self, tmp_path):
        lines = sunny_nsrdb(None, 0)[:6]  # 0 to 4 h
        weather = read_weather(write(tmp_path, lines), utc_offset_h=-7, **PLACE)
        assert weather.start_utc == self.START
        assert "no version" in weather.report.notes["stamps"].text
