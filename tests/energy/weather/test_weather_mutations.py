"""Headers and rows of every weather format, mutated: each is read or refused in one line, nothing else."""

import copy
import json
import random

import pytest

from energy.weather.formats import openmeteo as openmeteo_files
from energy.weather.formats import weather_content
from energy.weather.site_weather import Weather
from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import (
    epw_lines,
    feedinlib_lines,
    nsrdb_lines,
    openmeteo,
    openmeteo_csv,
    pvgis_hourly,
    pvgis_tmy,
    sunny_nsrdb,
    tmy2_lines,
    tmy3_lines,
    write,
    write_json,
)
from traces.errors import InputError

PLACE = {"latitude_deg": 40.0, "longitude_deg": -105.0, "utc_offset_h": -7}
#: format -> (lines, how many of them are header, what read_weather is told besides)
FILES = {
    "tmy3": (tmy3_lines(), 2, {}),
    "tmy2": (tmy2_lines(), 1, {}),
    "epw": (epw_lines(), 8, {}),
    "nsrdb": (nsrdb_lines([(hour, 30) for hour in range(24)]), 3, {}),
    "nsrdb without its header": (sunny_nsrdb(None, 0), 1, PLACE),
    "openmeteo": (openmeteo_csv(), 4, {}),
    "pvgis": (pvgis_hourly(), 9, {}),
    "pvgis typical year": (pvgis_tmy(days=2), 5, {}),
    "feedinlib": (feedinlib_lines(), 1, PLACE),
}
NUMBERS = (
    "1e9", "-1e9", "1000000000", "-99999", "1e308", "1e400", "-1e400", "nan", "inf", "-inf", "1" + "0" * 400,
    "0x10", "1_0", "", " ", "-", "None", "[1, 2]", "{}", "9" * 5000, "91", "-91", "181", "-181", "14.01",
    "-14.01", "9001", "0", "-0.0", "5.75", "½", "²", "١٢", "12/31/1999", "True", "a,b", '"', "\x07",
)  # fmt: skip
JSON_VALUES = (
    None, True, False, 0, -1, 1e9, 10**9, -(10**9), 10**400, 1e308, float("inf"), float("nan"), "", "x", "1",
    [], [1], [[1]], {}, {"a": [1]}, "W/m²", "Europe/Atlantis", "Europe/Berlin", "../../etc/passwd", "\x00/",
)  # fmt: skip


def attempt(path, **options):
    """Reads; what cannot be read must be refused in one printable line that names the file."""
    try:
        weather = read_weather(path, **options)
    except InputError as error:
        message = str(error)
        assert "\n" not in message and len(message) < 600, message[:1000]
        assert path.name in message
        return message
    assert isinstance(weather, Weather)
    return None


@pytest.mark.parametrize("case", FILES)
def test_the_file_itself_is_read(tmp_path, case):
    lines, _, options = FILES[case]
    assert attempt(write(tmp_path, lines), **options) is None


@pytest.mark.parametrize("case", FILES)
def test_every_cell_of_the_header(tmp_path, case):
    lines, header, options = FILES[case]
    refused = 0
    for number in range(header):
        separator = next((mark for mark in (",", ":", " ") if mark in lines[number]), None)
        cells = lines[number].split(separator) if separator else [lines[number]]
        for place in range(min(len(cells), 12)):
            for value in random.Random(f"{case} {number} {place}").sample(NUMBERS, 3):
                changed = [*cells[:place], value, *cells[place + 1 :]]
                text = [*lines[:number], (separator or "").join(changed), *lines[number + 1 :]]
                refused += attempt(write(tmp_path, text), **options) is not None
    assert refused


@pytest.mark.parametrize("case", FILES)
def test_damage_anywhere(tmp_path, case):
    lines, _, options = FILES[case]
    text = "\n".join(lines)
    draws = random.Random(case)
    for _ in range(80):
        damaged = list(text)
        for _ in range(draws.choice((1, 2, 5, 40))):
            place = draws.randrange(len(damaged))
            how = draws.randrange(4)
            if how == 0:
                damaged[place] = draws.choice("0123456789-+.,:;/eE\"'\n\r\t #°\x80é½")
            elif how == 1:
                del damaged[place : place + draws.choice((1, 3, 50))]
            elif how == 2:
                damaged[place:place] = damaged[max(0, place - 60) : place]
            else:
                damaged[place:place] = draws.choice(NUMBERS)
            damaged = damaged or ["x"]
        path = tmp_path / "weather.csv"
        path.write_text("".join(damaged), encoding="utf-8")
        attempt(path, **options, gaps=draws.choice(("error", "interpolate")), negatives="zero")


@pytest.mark.parametrize("block", [None, "hourly_units", "hourly"])
def test_every_value_of_open_meteo_json(tmp_path, block):
    refused = 0
    answer = openmeteo()
    answer["hourly"]["shortwave_radiation"] = [0.0] * 24
    answer["hourly_units"]["shortwave_radiation"] = "W/m²"
    for key in answer if block is None else answer[block]:
        for value in JSON_VALUES:
            changed = copy.deepcopy(answer)
            (changed if block is None else changed[block])[key] = value
            refused += attempt(write_json(tmp_path, changed)) is not None
            if block == "hourly":
                changed[block][key] = [*answer[block][key][:-1], value]
                refused += attempt(write_json(tmp_path, changed)) is not None
    assert refused


#: What a header may not say: (file, its place there, value, the word that names it)
HEADERS = [
    (tmy3_lines(), "-5.0", "1e9", ":1: time zone is 1e+09 hours, possible are -14 to 14"),
    (tmy3_lines(), "-5.0", "-1e300", ":1: time zone is -1e+300 hours"),
    (tmy3_lines(), "36.100", "1" + "0" * 400, ":1: latitude is '1000"),
    (epw_lines(), ",-7.0,", ",15,", ":1: time zone is 15 hours"),
    (epw_lines(), "809.0", "1e9", "altitude_m is 1000000000.0: give a number from -500 to 9000"),
    (epw_lines(last="²/1"), "x", "x", None),
    (nsrdb_lines([(0, 30), (1, 30)]), ",-7,1900", ",1e12,1900", ":2: time zone is 1e+12 hours"),
    (nsrdb_lines([(0, 30), (1, 30)]), "1900,-7", "1900,-1e9", ":2: time zone is -1e+09 hours"),
    (tmy2_lines(), " -5 ", "-77 ", ":1: time zone is -77 hours"),
    (pvgis_hourly(), "-105.000", "-1e9", "longitude_deg is -1000000000.0: give a number from -180 to 180"),
    (pvgis_tmy(days=2), "Offset (h): 0.2", "Offset (h): 1e12", ":4: irradiance time offset (h) is '1e12'"),
    (openmeteo_csv(), ",7200,", ",3600000000000,", "its time zone is 3600000000000 s from UTC"),
    (openmeteo_csv(), "(km/h)", "(Bft)", "unit of windspeed_10m is 'Bft': known are km/h"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(HEADERS)))
def test_a_header_out_of_bounds_is_named(tmp_path, case):
    lines, old, new, hint = HEADERS[case]
    text = "\n".join(lines)
    assert hint is None or old in text
    path = write(tmp_path, text.replace(old, new, 1).split("\n"))
    message = attempt(path)
    assert message is None if hint is None else hint in message


@pytest.mark.parametrize(
    ("block", "key", "value", "hint"),
    [
        ("hourly_units", "windspeed_10m", ["km/h"], "unit of windspeed_10m is ['km/h']: known are km/h"),
        ("hourly_units", "windspeed_10m", {}, "unit of windspeed_10m is {}"),
        (None, "latitude", 10**400, "latitude is 1000000"),
        (None, "utc_offset_seconds", 10**9, "its time zone is 1000000000 s from UTC"),
        (None, "utc_offset_seconds", -(10**400), "utc_offset_seconds is -10000"),
        (None, "elevation", [], "elevation is []"),
        (None, "timezone", "Mars/Olympus", "unknown time zone 'Mars/Olympus'"),
    ],
)
def test_open_meteo_header_out_of_bounds_is_named(tmp_path, block, key, value, hint):
    answer = openmeteo()
    (answer if block is None else answer[block])[key] = value
    assert hint in attempt(write_json(tmp_path, answer))


@pytest.mark.parametrize(
    "options",
    [
        {"latitude_deg": 10**400}, {"latitude_deg": 10**5000}, {"longitude_deg": float("nan")},
        {"utc_offset_h": float("inf")},
        {"utc_offset_h": 1e9}, {"utc_offset_h": "-7"}, {"altitude_m": True}, {"wind_height_m": [10]},
        {"year": "2019"}, {"year": 2019.5}, {"zone": "Mars/Olympus"}, {"format": ["epw"]},
        {"gaps": ["error"]},
    ],
)  # fmt: skip
def test_options_out_of_bounds(tmp_path, options):
    with pytest.raises(InputError):
        read_weather(write(tmp_path, epw_lines()), **options)


class TestBounds:
    """A file under the cap may not make a thousand times its size of objects."""

    def test_json_of_many_lists(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"hourly": [\n' + "[],\n" * 200_000 + "[]]}")
        assert "200003 lists and objects" in attempt(path)

    def test_json_numbers_of_many_digits(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text('{"latitude": ' + "9" * 100_000 + "}")
        assert "not JSON" in attempt(path)

    def test_a_million_commas(self, tmp_path):
        lines = epw_lines()
        lines[-1] += "," * 900_000
        assert attempt(write(tmp_path, lines)) is None
        lines = tmy3_lines()
        lines[1] = lines[1] + "," * 900_000
        lines[2] = lines[2] + "," * 900_000
        assert "columns" in attempt(write(tmp_path, lines))

    def test_more_lines_than_weather_has(self, tmp_path, monkeypatch):
        monkeypatch.setattr(weather_content, "MAX_LINES", 20)
        assert "more than 20 lines: it is no weather file" in attempt(write(tmp_path, tmy3_lines()))

    def test_json_of_many_numbers(self, tmp_path, monkeypatch):
        monkeypatch.setattr(openmeteo_files, "MAX_ROWS", 20)
        path = write_json(tmp_path, openmeteo())
        assert "more than 20 stamps: fetch fewer years" in attempt(path)
        monkeypatch.setattr(openmeteo_files, "MAX_JSON_BYTES", 200)
        assert "over 200 bytes of JSON: fetch CSV" in attempt(path)

    def test_wide_and_long_tables(self, tmp_path):
        lines = tmy3_lines(2)
        lines[1] += "," + ",".join(f"c{column}" for column in range(900))
        lines[2:] = [lines[2] + ",1" * 900] * 9000
        assert "rows of 909 cells: split the file" in attempt(write(tmp_path, lines))

    def test_many_short_gaps_are_not_filled_without_end(self, tmp_path):
        rows = [
            "2020-01-01 00:00:00+00:00,0,0,98000,280,5,0.1",
            "2020-01-01 00:01:00+00:00,0,0,98000,280,5,0.1",
        ]
        rows += ["2020-01-01 00:02:00+00:00,0,0,98000,280,5,0.1"]
        clock = 2
        for row in range(2000):
            clock += 350 + row % 2  # nearly six hours, never three alike
            day, minute = divmod(clock, 1440)
            year, day = 2020 + day // 336, day % 336
            rows.append(
                f"{year}-{day // 28 + 1:02}-{day % 28 + 1:02} {minute // 60:02}:{minute % 60:02}:00+00:00,"
                "0,0,98000,280,5,0.1"
            )
        path = write(tmp_path, [",dhi,dirhi,pressure,temp_air,v_wind,z0", *rows])
        assert attempt(path, latitude_deg=50, longitude_deg=8, gaps="interpolate") is not None


def test_json_dumps_is_what_readers_get(tmp_path):
    """NaN and Infinity are not JSON, but Python writes and reads them."""
    answer = openmeteo()
    answer["hourly"]["temperature_2m"][3] = float("nan")
    path = tmp_path / "a.json"
    path.write_text(json.dumps(answer))
    assert "temp_air_c is missing" in attempt(path)
