"""What is wrong with an argument is said of the argument, before any file is opened."""

import pytest

from energy.weather.weather_reader import read_weather
from traces.errors import InputError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"zone": "Mars/Olympus"}, "^zone: unknown time zone 'Mars/Olympus'"),
        ({"latitude_deg": 91}, "^read_weather: latitude_deg"),
        ({"longitude_deg": -181.0}, "^read_weather: longitude_deg"),
        ({"wind_height_m": True}, "^read_weather: wind_height_m"),
        ({"utc_offset_h": 15}, "^read_weather: utc_offset_h"),
    ],
)
def test_an_argument_that_cannot_be(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        read_weather(tmp_path / "absent.epw", **arguments)
