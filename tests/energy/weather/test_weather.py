"""Weather itself, and that each format's rows land on the right instants with the right units."""

import dataclasses
import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from energy.weather.site_weather import NOMINAL_YEAR
from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import (
    epw_lines,
    epw_row,
    made_weather,
    nsrdb_lines,
    openmeteo,
    tmy3_lines,
    typical_lines,
    write,
    write_json,
)
from traces.errors import InputError


class TestConstructor:
    def test_names_the_first_bad_row(self):
        temp_air_c = np.full(24, 20.0)
        temp_air_c[7] = 293.15  # kelvin
        with pytest.raises(InputError, match="row 7: temp_air_c is 293.15, possible are -95 to 65"):
            made_weather(temp_air_c=temp_air_c)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"wind_speed_m_s": [5.0] * 23}, "wind_speed_m_s has 23 values, temp_air_c has 24"),
            ({"wind_speed_m_s": [5.0] * 23 + [np.nan]}, "row 23: wind_speed_m_s is nan"),
            ({"wind_speed_m_s": ["a"] * 24}, "flat list of numbers"),
            ({"dhi_w_m2": None}, "ghi_w_m2, dni_w_m2 only"),
            ({"irradiance_source": None}, "irradiance_source goes with irradiance"),
            ({"irradiance_source": "guessed"}, "use one of measured"),
            ({"latitude_deg": 132.2}, "latitude_deg is 132.2"),
            ({"start_utc": datetime(2020, 6, 1)}, "has no time zone"),
            ({"zone": "America/Tucson"}, "unknown time zone"),
            ({"instants": "noon"}, "use start, middle, end"),
            ({"step_s": 0}, "step_s is 0"),
        ],
    )
    def test_refuses(self, change, message):
        with pytest.raises(InputError, match=message) as caught:
            made_weather(**change)
        assert "\n" not in str(caught.value)

    def test_columns_cannot_be_changed_behind_its_back(self):
        with pytest.raises(ValueError, match="read-only"):
            made_weather().temp_air_c[0] = 0

    def test_part_keeps_the_instants(self):
        part = made_weather().part(3, 5)
        assert len(part) == 2
        assert part.start_utc == datetime(2020, 6, 1, 10, tzinfo=UTC)
        assert part.end_utc == datetime(2020, 6, 1, 12, tzinfo=UTC)


class TestStamps:
    """A value must hold over the hour for which the file states it."""

    def test_tmy3_stamps_the_end(self, tmp_path):
        # 01:00 on 1 January at UTC-5 is the hour from local midnight, 05:00 UTC.
        weather = read_weather(write(tmp_path, tmy3_lines()))
        assert weather.start_utc == datetime(1999, 1, 1, 5, tzinfo=UTC)
        assert weather.end_utc == datetime(1999, 1, 2, 5, tzinfo=UTC)
        assert not weather.typical_year
        assert weather.instants == "end"

    def test_epw_hour_1_starts_at_midnight(self, tmp_path):
        rows = [epw_row(hour, at13=hour) for hour in range(1, 25)]
        weather = read_weather(write(tmp_path, epw_lines(rows), "a.epw"))
        assert weather.start_utc == datetime(1999, 1, 1, 7, tzinfo=UTC)
        assert weather.ghi_w_m2[11] == 12  # hour 12: 11:00 to 12:00
        assert weather.pressure_pa[0] == 98_000

    @pytest.mark.parametrize(
        ("stamps", "start"),
        [
            ([(0, 30), (1, 30), (2, 30)], datetime(2020, 6, 1, 7, 0, tzinfo=UTC)),  # middle of the hour
            ([(0, 0), (1, 0), (2, 0)], datetime(2020, 6, 1, 7, 0, tzinfo=UTC)),  # older files: its start
            ([(0, 0), (0, 30), (1, 0)], datetime(2020, 6, 1, 6, 45, tzinfo=UTC)),  # half-hours: the middle
        ],
    )
    def test_nsrdb_minute_tells(self, tmp_path, stamps, start):
        weather = read_weather(write(tmp_path, nsrdb_lines(stamps)))
        assert weather.start_utc == start
        assert weather.wind_height_m == 2
        assert weather.pressure_pa[0] == 80_000

    def test_open_meteo_has_one_offset_all_year(self, tmp_path):
        weather = read_weather(write_json(tmp_path, openmeteo()))
        assert weather.start_utc == datetime(2022, 5, 31, 22, tzinfo=UTC)
        assert weather.zone == "Europe/Berlin"
        assert weather.wind_speed_m_s[0] == pytest.approx(10)  # 36 km/h
        assert weather.cloud_cover[0] == 0.5

    def test_open_meteo_radiation_is_of_the_hour_before_its_stamp(self, tmp_path):
        answer = openmeteo()
        answer["hourly"]["shortwave_radiation"] = list(range(24))
        answer["hourly_units"]["shortwave_radiation"] = "W/m²"
        answer["hourly"]["windspeed_10m"] = [3.6 * hour for hour in range(24)]
        weather = read_weather(write_json(tmp_path, answer))
        # Step 12 is 12:00 to 13:00: radiation stamped 13:00, wind read at 12:00; the last hour has none.
        assert len(weather) == 23
        assert weather.ghi_w_m2[12] == 13
        assert weather.wind_speed_m_s[12] == pytest.approx(12)

    @pytest.mark.parametrize(("unit", "factor"), [("m/s", 1), ("mp/h", 0.44704), ("kn", 1852 / 3600)])
    def test_open_meteo_unit_is_the_written_one(self, tmp_path, unit, factor):
        answer = openmeteo()
        answer["hourly_units"]["windspeed_10m"] = unit
        assert read_weather(write_json(tmp_path, answer)).wind_speed_m_s[0] == pytest.approx(36 * factor)

    def test_a_typical_year_becomes_one_year(self, tmp_path):
        weather = read_weather(write(tmp_path, typical_lines()))
        assert weather.typical_year
        assert len(weather) == 8760
        assert weather.start_utc == datetime(NOMINAL_YEAR, 1, 1, 5, tzinfo=UTC)
        # Step 59 x 24 is the first of March.
        assert list(weather.wind_speed_m_s[[59 * 24 - 1, 59 * 24]]) == [2, 3]

    def test_year_places_it_elsewhere(self, tmp_path):
        weather = read_weather(write(tmp_path, typical_lines()), year=2022)
        assert weather.start_utc.year == 2022
        assert weather.typical_year


class TestReading:
    def test_gzip_and_latin_1(self, tmp_path):
        lines = epw_lines()
        lines[0] = lines[0].replace("Tucson", "Bogotá")
        path = tmp_path / "a.epw.gz"
        path.write_bytes(gzip.compress("\r\n".join(lines).encode("latin-1")))
        assert len(read_weather(path)) == 24

    def test_gaps_are_interpolated_when_asked_and_counted(self, tmp_path):
        rows = [epw_row(hour, at6=hour) for hour in range(1, 25)]
        rows[4] = epw_row(5, at6=99.9)  # 99.9: missing
        del rows[9]  # hour 10
        weather = read_weather(write(tmp_path, epw_lines(rows)), gaps="interpolate")
        assert list(weather.temp_air_c) == list(range(1, 25))
        assert weather.report.repairs["missing_rows"].count == 1
        assert weather.report.repairs["missing_temp_air_c"].count == 2

    def test_negative_light_is_raised_when_asked_and_counted(self, tmp_path):
        weather = read_weather(write(tmp_path, tmy3_lines(ghi="-2")), negatives="zero")
        assert weather.ghi_w_m2.max() == 0
        assert weather.report.repairs["negative_ghi_w_m2"].count == 24

    def test_what_a_plant_does_not_need_may_be_missing(self, tmp_path):
        rows = [epw_row(hour, at9=999999, at22=99) for hour in range(1, 25)]
        weather = read_weather(write(tmp_path, epw_lines(rows)))
        assert weather.pressure_pa is None
        assert weather.cloud_cover is None

    def test_without_irradiance_it_says_so_and_offers_the_clear_sky(self, tmp_path):
        path = write_json(tmp_path, openmeteo())
        weather = read_weather(path)
        assert not weather.has_irradiance
        assert "no_irradiance" in weather.report.notes
        with pytest.raises(InputError, match="no irradiance.*clear_sky=True"):
            weather.irradiance()
        modelled = read_weather(path, clear_sky=True)
        assert modelled.irradiance_source == "clear sky and cloud cover"
        assert 0 < modelled.ghi_w_m2.max() < 1000

    def test_stated_places_replace_the_files(self, tmp_path):
        weather = read_weather(
            write(tmp_path, tmy3_lines()), latitude_deg=10.0, utc_offset_h=5.5, zone="Asia/Kolkata"
        )
        assert weather.latitude_deg == 10
        assert weather.start_utc == datetime(1998, 12, 31, 18, 30, tzinfo=UTC)

    def test_a_site_by_name(self):
        assert read_weather("site:greensboro").zone == "America/New_York"


class TestRealFiles:
    """Yearly sums of real files; figures measured here, shown to notice a changed unit or stamp."""

    def test_epw_agrees_with_pvlib(self, shared):
        from pvlib.iotools import read_epw

        path = shared / "data/weather/USA_AZ_Tucson-Davis-Monthan.AFB.722745_TMY3.epw.gz"
        weather = read_weather(path)
        with gzip.open(path, "rt") as text:
            theirs, meta = read_epw(text)
        assert weather.typical_year
        assert np.array_equal(weather.ghi_w_m2, theirs["ghi"].to_numpy())
        assert np.array_equal(weather.dni_w_m2, theirs["dni"].to_numpy())
        assert np.allclose(weather.wind_speed_m_s, theirs["wind_speed"].to_numpy())
        assert weather.altitude_m == meta["altitude"]
        assert weather.ghi_w_m2.sum() / 1000 == pytest.approx(2002.4, abs=0.1)  # kWh/m2

    def test_nsrdb_closes_with_the_sun_at_the_middle_of_its_steps(self, shared):
        # GHI = DHI + DNI cos(zenith) is how the file was made, so it tells where the stamp stands.
        from energy.weather.sky import sun

        path = shared / "data/weather/nsrdb_psm3_40.51N_108.54W_2017.csv.gz"
        place = {"latitude_deg": 40.51, "longitude_deg": -108.54, "altitude_m": 1900.0, "utc_offset_h": -7}
        weather = read_weather(path, **place)

        def closure_w_m2(weather):
            height = np.cos(np.radians(sun(weather)["zenith"].to_numpy()))
            lit = (weather.dni_w_m2 > 300) & (height > 0.1)
            return np.abs(weather.ghi_w_m2 - weather.dhi_w_m2 - weather.dni_w_m2 * height)[lit].mean()

        assert closure_w_m2(weather) < 0.6
        moved = dataclasses.replace(weather, start_utc=weather.start_utc.replace(minute=50))
        assert closure_w_m2(moved) > 5
        with pytest.raises(InputError, match="does not say where it was.*latitude_deg="):
            read_weather(path)

    def test_right_headers_are_not_noted(self, shared):
        folder = shared / "data/weather"
        place = {"latitude_deg": 40.51, "longitude_deg": -108.54, "altitude_m": 1900.0, "utc_offset_h": -7}
        for weather in (
            read_weather(folder / "USA_AZ_Tucson-Davis-Monthan.AFB.722745_TMY3.epw.gz"),
            read_weather(folder / "nsrdb_psm3_40.51N_108.54W_2017.csv.gz", **place),
        ):
            assert not {"clock", "stamps", "utc_assumed"} & set(weather.report.notes)
            assert weather.zone == "UTC-07:00"

    @pytest.mark.parametrize(("name", "offset_h"), [("US-TEX-ERCO_2022", -5), ("DE-LU_2022", 1)])
    def test_open_meteo(self, shared, name, offset_h):
        weather = read_weather(shared / f"data/weather/openmeteo_{name}.json.gz", clear_sky=True)
        assert len(weather) == 8760
        assert weather.start_utc.hour == (-offset_h) % 24
        assert 900 < weather.ghi_w_m2.sum() / 1000 < 1700

    def test_coastdat(self, shared):
        path = shared / "data/weather/coastdat2_germany_2010.csv"
        weather = read_weather(path, latitude_deg=52.5, longitude_deg=13.4, altitude_m=40.0)
        assert weather.start_utc == datetime(2009, 12, 31, 23, tzinfo=UTC)
        assert weather.temp_air_c[0] == pytest.approx(267.599 - 273.15)
        assert weather.roughness_m == 0.15
        assert weather.ghi_w_m2.sum() / 1000 == pytest.approx(1027.6, abs=0.1)


class TestCloudModel:
    def test_hand_worked(self):
        # Kasten and Czeplak: overcast leaves a quarter; half cover leaves 1 - 0.75 x 0.5^3.4 = 0.92895.
        from energy.weather.sky import clear_sky, under_clouds

        for cover, left in ((0.0, 1.0), (0.5, 0.92895), (1.0, 0.25)):
            weather = made_weather(cloud_cover=np.full(24, cover))
            ghi, dni, dhi = under_clouds(weather)
            clear = clear_sky(weather)[0]
            assert ghi == pytest.approx(left * clear, abs=0.01)
            assert (dni >= 0).all()
            assert (dhi <= ghi + 1e-9).all()

    @pytest.mark.parametrize("site", ["greensboro", "miami", "sand-point"])
    def test_within_15_percent_of_the_year_where_a_file_has_both(self, site):
        # Measured: 0.886, 0.863 and 0.971 of the typical years' own irradiance: it is rather too dark.
        from energy.weather.sky import under_clouds

        weather = read_weather(f"site:{site}")
        assert 0.85 < under_clouds(weather)[0].sum() / weather.ghi_w_m2.sum() < 1.05
