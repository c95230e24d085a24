"""Formats of weather files: who reads them, and how their first lines are recognised. Plug-ins add to them.

A plug-in is an entry point of the group `rare.weather_formats` that names a `WeatherFormat`; the entry
point's name is the format's (docs/guides/extending.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from energy.weather.formats import epw, feedinlib, nsrdb, openmeteo, pvgis, tmy2, tmy3
from energy.weather.formats.weather_content import MAX_COLUMNS, Content
from energy.weather.formats.weather_record import Options, Record
from traces.errors import InputError, one_line
from traces.name_registry import Entry, RegistrationError, Registry


@dataclass(frozen=True, slots=True)
class FirstLines:
    """The first two lines of a file, and the cells of the first one, in small letters."""

    first: str
    second: str
    cells: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        """The cells of the first line, as a set of column names."""
        return set(self.cells)


@dataclass(frozen=True, slots=True)
class WeatherFormat:
    """A format of weather files.

    help : one line that says what such a file is
    read : the weather of a file, still with its gaps. InputError for whatever cannot be read
    begins : whether a file with these first lines is of this format
    """

    help: str
    read: Callable[[Content, Options], Record]
    begins: Callable[[FirstLines], bool]


def first_lines(content: Content) -> FirstLines:
    """The first lines of a file, by which its format is recognised."""
    first = content.lines[0]
    second = content.lines[1] if len(content.lines) > 1 else ""
    cells = tuple(cell.strip().strip('"').lower() for cell in first.split(",", MAX_COLUMNS))
    return FirstLines(first, second, cells)


def _openmeteo(head: FirstLines) -> bool:
    hourly = any(name.startswith("temperature_2m") for name in head.cells)
    return (
        head.first.lstrip().startswith(("{", "["))
        or {"latitude", "utc_offset_seconds"} <= head.names
        or (head.cells[0] == "time" and hourly)
    )


def _epw(head: FirstLines) -> bool:
    return re.match(r"LOCATION\s*,", head.first, re.IGNORECASE) is not None


def _tmy3(head: FirstLines) -> bool:
    return head.second.lower().startswith(tmy3.FIRST_COLUMN.lower())


def _tmy2(head: FirstLines) -> bool:
    return tmy2.HEADER.match(head.first) is not None


def _nsrdb(head: FirstLines) -> bool:
    return head.first.startswith("Source,") or head.names >= nsrdb.STAMP_NAMES


def _pvgis(head: FirstLines) -> bool:
    hourly = head.cells[0] == "time(utc)" and "t2m" in head.names
    return head.first.lower().startswith(pvgis.FIRST) or hourly


def _feedinlib(head: FirstLines) -> bool:
    return head.names >= feedinlib.NAMES


def _check(weather_format: WeatherFormat) -> None:
    if not callable(weather_format.read) or not callable(weather_format.begins):
        raise RegistrationError("a weather format needs read(content, options) and begins(first_lines)")


def _format_of_plugin(plugin: object) -> tuple[str, WeatherFormat]:
    if not isinstance(plugin, WeatherFormat):
        raise RegistrationError("it is no energy.weather.weather_formats.WeatherFormat")
    return plugin.help, plugin


WEATHER_FORMATS: Registry[WeatherFormat] = Registry("weather format", _check)
for _name, _format in {
    "tmy3": WeatherFormat("typical meteorological years of the USA, third edition (CSV)", tmy3.read, _tmy3),
    "tmy2": WeatherFormat(
        "typical meteorological years of the USA, second edition (fixed-width lines)", tmy2.read, _tmy2
    ),
    "epw": WeatherFormat("EnergyPlus weather file of a typical year", epw.read, _epw),
    "nsrdb": WeatherFormat("National Solar Radiation Database (CSV)", nsrdb.read, _nsrdb),
    "openmeteo": WeatherFormat("hourly data of Open-Meteo (JSON or CSV)", openmeteo.read, _openmeteo),
    "pvgis": WeatherFormat("typical years and hourly series of PVGIS (CSV)", pvgis.read, _pvgis),
    "feedinlib": WeatherFormat("hourly data of feedinlib (CSV)", feedinlib.read, _feedinlib),
}.items():
    WEATHER_FORMATS.register(_name, _format.help, _format)
WEATHER_FORMATS.accept_plugins("rare.weather_formats", _format_of_plugin)


def recognised(head: FirstLines) -> Entry[WeatherFormat] | None:
    """The first format that fits, RARE's own before those of plug-ins; None if none does."""
    shipped = [WEATHER_FORMATS[name] for name in WEATHER_FORMATS.built_in]
    entry = next((entry for entry in shipped if entry.value.begins(head)), None)
    if entry is not None:
        return entry
    return next((entry for entry in WEATHER_FORMATS if entry.origin and _begins(entry, head)), None)


def _begins(entry: Entry[WeatherFormat], head: FirstLines) -> bool:
    try:
        return bool(entry.value.begins(head))
    except Exception as error:
        raise InputError(
            f"weather format {entry.name!r} of the plug-in {entry.origin} failed: {type(error).__name__}: "
            f"{one_line(error)}"
        ) from error
