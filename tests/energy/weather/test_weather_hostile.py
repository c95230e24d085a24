"""Weather files that are damaged, cut, or not what they say: one line that names the place and the remedy."""

import gzip
import json

import pytest

from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import (
    epw_lines,
    epw_row,
    nsrdb_lines,
    openmeteo,
    tmy3_lines,
    typical_lines,
    write,
    write_json,
)
from traces.errors import InputError


def refusal(path, **options):
    """The message, which must be one line that begins with the file."""
    with pytest.raises(InputError) as caught:
        read_weather(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def with_rows(rows):
    return epw_lines(rows)


EPW_ROWS = {
    "a word for a number": ({"at6": "warm"}, "dry bulb temperature is 'warm', which is not a number"),
    "an underscore": ({"at6": "1_0"}, "'1_0', which is not a number"),
    "infinity": ({"at6": "inf"}, "'inf', which is not a number"),
    "nan": ({"at6": "nan"}, "temp_air_c is missing (1 in the file)"),
    "an empty cell": ({"at21": ""}, "wind_speed_m_s is missing"),
    "the mark of a missing value": ({"at21": "999"}, "wind_speed_m_s is missing"),
    "missing light": ({"at14": "9999"}, "dni_w_m2 is missing"),
    "negative light": ({"at13": "-5"}, "ghi_w_m2 is -5 (1 below zero)"),
    "too much light": ({"at13": "2500"}, "ghi_w_m2 is 2500, possible are 0 to 2000"),
    "kelvin": ({"at6": "-270"}, "temp_air_c is -270, possible are -95 to 65"),
    "negative wind": ({"at21": "-1"}, "wind_speed_m_s is -1, possible are 0 to 115"),
    "millibar for pascal": ({"at9": "980"}, "pressure_pa is 980, possible are 30000"),
    "cloud above ten tenths": ({"at22": "80"}, "cloud_cover is 8"),
    "hour 25": ({"at3": "25"}, "hour is '25': it must be a whole number from 1 to 24"),
    "hour 0": ({"at3": "0"}, "hour is '0'"),
    "half an hour": ({"at3": "3.5"}, "hour is '3.5'"),
    "month 13": ({"at1": "13"}, "month is '13'"),
    "31 February": ({"at1": "2", "at2": "31"}, "1999-02-31 is no date"),
    "year 0": ({"at0": "0"}, "year is '0'"),
}  # fmt: skip


@pytest.mark.parametrize("case", EPW_ROWS)
def test_a_bad_cell_is_named_with_its_line(tmp_path, case):
    values, message = EPW_ROWS[case]
    rows = [epw_row(hour) for hour in range(1, 25)]
    rows[11] = epw_row(12, **values)
    found = refusal(write(tmp_path, with_rows(rows), "a.epw"))
    assert message in found
    assert "a.epw:20:" in found  # eight header lines, then row 12


class TestRows:
    def test_a_missing_hour(self, tmp_path):
        rows = [epw_row(hour) for hour in range(1, 25) if hour != 7]
        message = refusal(write(tmp_path, epw_lines(rows)))
        assert ":15: the step that starts 1999-01-01 13:00:00 UTC is missing" in message
        assert "gaps='interpolate'" in message

    def test_a_gap_too_long_to_interpolate(self, tmp_path):
        rows = [epw_row(hour) for hour in range(1, 25) if not 6 <= hour <= 15]
        assert "10 hours are missing" in refusal(write(tmp_path, epw_lines(rows)), gaps="interpolate")

    def test_cells_missing_at_the_end_cannot_be_interpolated(self, tmp_path):
        rows = [epw_row(hour, at6=99.9 if hour == 24 else 5) for hour in range(1, 25)]
        assert "at an end of the file" in refusal(write(tmp_path, epw_lines(rows)), gaps="interpolate")

    def test_a_repeated_hour(self, tmp_path):
        rows = [epw_row(hour) for hour in [*range(1, 8), *range(7, 25)]]
        message = refusal(write(tmp_path, epw_lines(rows)))
        assert ":16: the same time as the row before" in message

    def test_hours_out_of_order(self, tmp_path):
        rows = [epw_row(hour) for hour in [2, 1, *range(3, 25)]]
        assert "sort the file by time" in refusal(write(tmp_path, epw_lines(rows)))

    def test_a_short_line(self, tmp_path):
        rows = [epw_row(hour) for hour in range(1, 25)]
        rows[23] = rows[23][:40]
        assert "32 are needed: the line is damaged" in refusal(write(tmp_path, epw_lines(rows)))

    def test_one_row_only(self, tmp_path):
        assert "1 rows of weather: the file is cut off" in refusal(write(tmp_path, tmy3_lines(1)))

    def test_a_file_cut_between_lines(self, tmp_path):
        message = refusal(write(tmp_path, epw_lines(last="12/31")))
        assert "the file ends on 1/1, its header promises 12/31: it is cut off" in message

    def test_a_typical_year_cut_off(self, tmp_path):
        message = refusal(write(tmp_path, typical_lines()[:-24]))
        assert "a typical year of 8736 steps of 3600 s, 8760 make a year" in message

    def test_a_typical_year_with_a_29_february(self, tmp_path):
        assert "2019-02-29 is no date" in refusal(write(tmp_path, typical_lines(days_in_february=29)))

    def test_tmy3_hour_0(self, tmp_path):
        lines = tmy3_lines()
        lines[2] = lines[2].replace("01:00", "00:30")
        assert ":3:" in (message := refusal(write(tmp_path, lines)))
        assert "hours run 01:00 to 24:00" in message

    def test_tmy3_date_in_another_order(self, tmp_path):
        lines = tmy3_lines()
        lines[5] = lines[5].replace("01/01/1999", "1999-01-01")
        assert "is no TMY3 stamp" in refusal(write(tmp_path, lines))

    def test_tmy3_missing_mark(self, tmp_path):
        assert "temp_air_c is missing (24 in the file)" in refusal(write(tmp_path, tmy3_lines(temp="-9900")))

    def test_tmy2_cut_line(self, tmp_path):
        lines = [" 12839 MIAMI                  FL  -5 N 25 48 W  80 16     2", " 62010101000000", " 6201"]
        assert ":2: 15 characters, a TMY2 line has 142" in refusal(write(tmp_path, lines, "a.tm2"))


class TestHeaders:
    def test_no_format_fits(self, tmp_path):
        message = refusal(write(tmp_path, ["a,b,c", "1,2,3"]))
        assert "no weather format starts with 'a,b,c': known are tmy3" in message

    def test_unknown_format_name(self, tmp_path):
        message = "unknown weather format 'tmy4'; known: tmy3, .*did you mean 'tmy3'"
        with pytest.raises(InputError, match=message):
            read_weather(write(tmp_path, tmy3_lines()), format="tmy4")

    def test_the_wrong_format_is_told(self, tmp_path):
        assert "begins with LOCATION" in refusal(write(tmp_path, tmy3_lines()), format="epw")

    def test_a_missing_column(self, tmp_path):
        lines = tmy3_lines()
        lines[1] = lines[1].replace("DNI (W/m^2)", "Beam")
        assert ":2: no column 'DNI (W/m^2)'" in refusal(write(tmp_path, lines))

    def test_a_column_twice(self, tmp_path):
        lines = nsrdb_lines([(0, 30), (1, 30)])
        lines[2] = lines[2].replace("DHI", "GHI")
        assert ":3: more than one column 'GHI'" in refusal(write(tmp_path, lines))

    def test_latitude_that_is_none(self, tmp_path):
        lines = epw_lines()
        lines[0] = lines[0].replace("32.17", "north")
        assert ":1: latitude is 'north'" in refusal(write(tmp_path, lines))

    def test_latitude_out_of_range(self, tmp_path):
        lines = epw_lines()
        lines[0] = lines[0].replace("32.17", "132.17")
        assert "latitude_deg is 132.17: give a number from -90 to 90" in refusal(write(tmp_path, lines))

    def test_nsrdb_without_its_header_needs_a_place(self, tmp_path):
        lines = nsrdb_lines([(0, 30), (1, 30)])[2:]
        assert "give latitude_deg=, longitude_deg=, utc_offset_h=" in refusal(write(tmp_path, lines))

    def test_several_data_periods(self, tmp_path):
        lines = [line.replace("DATA PERIODS,1,", "DATA PERIODS,2,") for line in epw_lines()]
        assert "'2' data periods" in refusal(write(tmp_path, lines))

    def test_a_damaged_header(self, tmp_path):
        lines = epw_lines()
        del lines[3]
        assert "should be DATA PERIODS" in refusal(write(tmp_path, lines))


OPEN_METEO = {
    "no hourly block": ({"hourly": {}}, "no 'hourly' block"),
    "no units": ({"hourly_units": None}, "no 'hourly_units' block"),
    "no offset": ({"utc_offset_seconds": None}, "utc_offset_seconds is None"),
    "latitude in words": ({"latitude": "50.1"}, "latitude is '50.1'"),
    "an error answer": ({"error": True, "reason": "limit"}, "answered with an error: 'limit'"),
}
HOURLY = {
    "short list": ({"windspeed_10m": [1.0] * 23}, "windspeed_10m is 23 values, time has 24"),
    "text in a list": ({"windspeed_10m": [1.0] * 23 + ["x"]}, "entry 23: windspeed_10m is 'x'"),
    "a hole": ({"temperature_2m": [1.0] * 23 + [None]}, "entry 23: temp_air_c is missing"),
    "too large": ({"windspeed_10m": [10**400] + [1] * 23}, "too large to be weather"),
    "stamps with offsets": ({"time": [f"2022-06-01T{h:02}:00Z" for h in range(24)]}, "local time"),
    "no stamps": ({"time": []}, "at least 2 stamps"),
    "odd stamps": ({"time": ["June"] * 24}, "'June' is not a time stamp"),
    "one stamp again and again": ({"time": ["2022-06-01T00:00"] * 24}, "holds one time only"),
}  # fmt: skip


class TestOpenMeteo:
    @pytest.mark.parametrize("case", OPEN_METEO)
    def test_answer(self, tmp_path, case):
        change, message = OPEN_METEO[case]
        assert message in refusal(write_json(tmp_path, openmeteo(**change)))

    @pytest.mark.parametrize("case", HOURLY)
    def test_hourly(self, tmp_path, case):
        change, message = HOURLY[case]
        answer = openmeteo()
        answer["hourly"] |= change
        assert message in refusal(write_json(tmp_path, answer))

    def test_unknown_unit(self, tmp_path):
        answer = openmeteo()
        answer["hourly_units"]["windspeed_10m"] = "Bft"
        assert "unit of windspeed_10m is 'Bft': known are km/h, m/s" in refusal(write_json(tmp_path, answer))

    def test_wind_at_another_height_only(self, tmp_path):
        answer = openmeteo()
        answer["hourly"]["windspeed_80m"] = answer["hourly"].pop("windspeed_10m")
        assert "there is windspeed_80m" in refusal(write_json(tmp_path, answer))

    def test_cut_json(self, tmp_path):
        text = json.dumps(openmeteo(), indent=1)
        path = tmp_path / "a.json"
        path.write_text(text[: len(text) // 2])
        assert "not JSON" in refusal(path)

    def test_deep_json(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"a":' + "[" * 100_000)
        assert "not JSON" in refusal(path)

    def test_no_cloud_to_model_from(self, tmp_path):
        answer = openmeteo()
        del answer["hourly"]["cloudcover"]
        assert "no cloud cover" in refusal(write_json(tmp_path, answer), clear_sky=True)


class TestFiles:
    def test_no_such_file(self, tmp_path):
        assert "No such file" in refusal(tmp_path / "none.epw")

    def test_a_folder(self, tmp_path):
        assert "is a folder" in refusal(tmp_path)

    def test_empty(self, tmp_path):
        (tmp_path / "a.epw").touch()
        assert "the file is empty: give one with weather" in refusal(tmp_path / "a.epw")

    def test_truncated_gzip(self, tmp_path):
        path = tmp_path / "a.epw.gz"
        path.write_bytes(gzip.compress("\n".join(epw_lines()).encode())[:-30])
        assert "the gzip data is cut short" in refusal(path)

    def test_damaged_gzip(self, tmp_path):
        data = bytearray(gzip.compress("\n".join(epw_lines()).encode()))
        data[40] ^= 0xFF
        path = tmp_path / "a.epw.gz"
        path.write_bytes(bytes(data))
        assert "gzip data is" in refusal(path)

    def test_binary(self, tmp_path):
        path = tmp_path / "a.epw"
        path.write_bytes(bytes(range(256)) * 10)
        assert "zero bytes, so it is not text" in refusal(path)

    def test_random_text(self, tmp_path):
        path = tmp_path / "a.epw"
        path.write_bytes(b"\x80\x81\xfe\x90" * 100)
        assert "no weather format starts with" in refusal(path)

    def test_larger_than_the_cap(self, tmp_path):
        assert "more than 1000 bytes" in refusal(write(tmp_path, epw_lines()), max_bytes=1000)

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            ({"gaps": "zero"}, "gaps='zero' is unknown; use error or interpolate"),
            ({"negatives": "hold"}, "negatives='hold' is unknown"),
            ({"year": 20222}, "year=20222; give one from 1900 to 2199"),
            ({"zone": "Arizona/Tucson"}, "unknown time zone 'Arizona/Tucson'"),
            ({"wind_height_m": -3}, "wind_height_m is -3"),
        ],
    )
    def test_options(self, tmp_path, option, message):
        with pytest.raises(InputError) as caught:
            read_weather(write(tmp_path, epw_lines()), **option)
        assert message in str(caught.value)
