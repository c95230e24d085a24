"""Weather files of the sizes and dialects that services deliver: long JSON, SolarAnywhere, comments."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from energy.weather.formats import weather_content as weather_content
from energy.weather.weather_files import format_of
from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import openmeteo, tmy3_lines, write, write_json
from traces.errors import InputError


def refusal(path, **options):
    with pytest.raises(InputError) as caught:
        read_weather(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def long_answer(hours=40_000):
    """An answer of Open-Meteo over years, which is one line of more than 1 MiB."""
    start = datetime(2018, 1, 1)
    answer = openmeteo(hours)
    answer["hourly"]["time"] = [f"{start + timedelta(hours=hour):%Y-%m-%dT%H:%M}" for hour in range(hours)]
    assert len(json.dumps(answer)) > 2**20
    return answer


class TestJsonOnOneLine:
    @pytest.mark.parametrize("pack", [lambda text: text, gzip.compress, lambda text: b"\xef\xbb\xbf" + text])
    def test_years_of_hours(self, tmp_path, pack):
        path = tmp_path / "weather.json"
        path.write_bytes(pack(json.dumps(long_answer()).encode()))
        weather = read_weather(path)
        assert len(weather) == 40_000
        assert weather.start_utc == datetime(2017, 12, 31, 22, tzinfo=UTC)

    def test_over_the_cap_asks_for_what_works(self, tmp_path, monkeypatch):
        monkeypatch.setattr(weather_content, "MAX_JSON_BYTES", 2**20)
        message = refusal(write_json(tmp_path, long_answer()))
        assert message.endswith("longer than 1048576 bytes; fetch CSV, or fewer years")

    def test_other_long_lines_are_no_weather(self, tmp_path):
        assert "it is no trace" in refusal(write(tmp_path, [*tmy3_lines(), "1," * 2**20]))

    @pytest.mark.parametrize("rows", [2, 30_000])
    def test_pvgis_is_to_be_fetched_as_csv(self, tmp_path, rows):
        row = {"time(UTC)": "20090101:0000", "T2m": 2.29, "G(h)": 0.0, "WS10m": 2.3}
        answer = {"inputs": {"location": {"latitude": 45.0}}, "outputs": {"tmy_hourly": [row] * rows}}
        assert "PVGIS in JSON: fetch it as CSV (outputformat=csv)" in refusal(write_json(tmp_path, answer))

    def test_several_locations(self, tmp_path):
        assert "save one location's answer" in refusal(write_json(tmp_path, [openmeteo(), openmeteo()]))


class TestSolarAnywhere:
    """TMY3 with a slip in one name, days that end at 00:00 of the next, and cells left empty."""

    def lines(self, hours=48):
        lines = tmy3_lines(hours)
        lines[1] = lines[1].replace("DNI (W/m^2)", "DNI (W/m^2))")
        rows = []
        for line in lines[2:]:
            cells = line.split(",")
            day = int(cells[0][3:5]) + (cells[1] == "24:00")
            cells[:2] = [f"01/{day:02}/1999", cells[1].replace("24:00", "00:00")]
            cells[5] = cells[7] = ""  # clouds and pressure
            rows.append(",".join(cells))
        return [*lines[:2], *rows]

    def test_is_read_as_tmy3(self, tmp_path):
        odd, plain = (
            read_weather(write(tmp_path, lines, name))
            for lines, name in ((self.lines(), "odd.csv"), (tmy3_lines(48), "plain.csv"))
        )
        assert (odd.start_utc, odd.end_utc) == (plain.start_utc, plain.end_utc)
        assert odd.temp_air_c.tolist() == plain.temp_air_c.tolist()
        assert odd.has_irradiance and odd.pressure_pa is None and odd.cloud_cover is None

    def test_a_new_year_at_the_end(self, tmp_path):
        lines = self.lines(24)
        lines[2:] = [
            line.replace("01/01/1999", "12/31/1998").replace("01/02/1999", "01/01/1999") for line in lines[2:]
        ]
        assert read_weather(write(tmp_path, lines)).end_utc == datetime(1999, 1, 1, 5, tzinfo=UTC)

    def test_a_date_that_is_none(self, tmp_path):
        lines = self.lines()
        lines[25] = lines[25].replace("01/02/1999", "02/30/1999")
        assert ":26: 1999-02-30 is no date" in refusal(write(tmp_path, lines))


@pytest.mark.parametrize("first", ["# Coding: utf-8", "# latitude:35.04", "#a,b,c"])
def test_a_comment_is_not_taken_for_names(tmp_path, first):
    message = refusal(write(tmp_path, [first, "1,2,3", "1,2,3"]))
    assert "take the #" not in message and "no weather format starts with" in message


def test_rows_that_go_back_in_time(tmp_path):
    lines = tmy3_lines(6)
    lines[2:] = lines[:1:-1]
    assert ":4: " in (message := refusal(write(tmp_path, lines))) and "sort the file by time" in message


def test_the_format_of_a_file(tmp_path):
    assert format_of(write(tmp_path, tmy3_lines())) == "tmy3"
    assert format_of(write_json(tmp_path, openmeteo())) == "openmeteo"
    assert format_of(write(tmp_path, ["job_id,submit_s,cores,work_s", "1,0,1,1"])) is None
    assert format_of(tmp_path / "none") is None
