"""A weather format of another package is taken if it is one, and refused in one line if not."""

import pytest

from energy.weather.weather_formats import WEATHER_FORMATS, WeatherFormat, _format_of_plugin
from traces.name_registry import RegistrationError


def test_what_is_a_format_and_what_is_none():
    ours = WeatherFormat("mine", lambda content, options: None, lambda lines: False)
    assert _format_of_plugin(ours) == ("mine", ours)
    with pytest.raises(RegistrationError, match="no energy.weather.weather_formats.WeatherFormat"):
        _format_of_plugin("mine")


def test_the_formats_that_are_built_in():
    assert set(WEATHER_FORMATS.names()) >= {"tmy3", "tmy2", "epw", "nsrdb", "openmeteo", "pvgis", "feedinlib"}
