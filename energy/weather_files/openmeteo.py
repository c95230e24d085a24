"""Open-Meteo JSON: lists under "hourly", in local time at the fixed offset `utc_offset_seconds`, all year.

open-meteo.com/en/docs: temperature, wind and cloud are instants at the stamp; radiation is the mean of the
hour before it, so it moves one step earlier. Units are those that the file writes in `hourly_units`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from energy.weather_files.content import Content
from energy.weather_files.record import Options, Record
from traces.errors import InputError
from traces.regular import usual_step_s
from traces.stamps import parse_stamps
from traces.workload import shown

#: column of Weather -> (names in the file, newest first; unit -> (factor, offset))
COLUMNS: dict[str, tuple[tuple[str, ...], dict[str, tuple[float, float]]]] = {
    "temp_air_c": (("temperature_2m",), {"°C": (1, 0), "°F": (5 / 9, -160 / 9)}),
    "wind_speed_m_s": (
        ("wind_speed_10m", "windspeed_10m"),
        {"km/h": (1 / 3.6, 0), "m/s": (1, 0), "ms": (1, 0), "mp/h": (0.44704, 0), "mph": (0.44704, 0),
         "kn": (1852 / 3600, 0)},
    ),
    "pressure_pa": (("surface_pressure",), {"hPa": (100, 0)}),
    "cloud_cover": (("cloud_cover", "cloudcover"), {"%": (0.01, 0)}),
    "ghi_w_m2": (("shortwave_radiation",), {"W/m²": (1, 0)}),
    "dni_w_m2": (("direct_normal_irradiance",), {"W/m²": (1, 0)}),
    "dhi_w_m2": (("diffuse_radiation",), {"W/m²": (1, 0)}),
}  # fmt: skip
NEEDED = ("temp_air_c", "wind_speed_m_s")
MEANS = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")
OTHER_HEIGHTS = re.compile(r"wind_?speed_(\d+)m")


def read(content: Content, options: Options) -> Record:
    """The record of an Open-Meteo file. `lines` are the entries of its lists, from 0."""
    if options.year is not None:
        raise InputError(
            f"{content.where}: year= is for files of one year's months; Open-Meteo has dates, drop it"
        )
    data = _parsed(content)
    hourly, units = _block(data, "hourly", content), _block(data, "hourly_units", content)
    start_s = _stamps(hourly, content)
    columns = {}
    for ours, (names, known) in COLUMNS.items():
        name = next((name for name in names if name in hourly), None)
        if name is not None:
            factor, offset = _unit(units, name, known, content)
            columns[ours] = _values(hourly, name, len(start_s), content) * factor + offset
        elif ours in NEEDED:
            heights = [key for key in hourly if OTHER_HEIGHTS.fullmatch(key)]
            hint = f" (there is {', '.join(heights)})" if heights and ours == "wind_speed_m_s" else ""
            raise InputError(f"{content.where}: no {names[0]} under 'hourly'{hint}: ask Open-Meteo for it")
    if any(name in columns for name in MEANS):
        columns = {name: values[1:] if name in MEANS else values[:-1] for name, values in columns.items()}
        start_s = start_s[:-1]
    lines = np.arange(len(start_s), dtype=np.int64)
    return Record(content, _site(data, content), start_s, lines, columns, "start", entries=True)


def _parsed(content: Content) -> dict[str, Any]:
    try:
        data = json.loads("\n".join(content.lines))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{content.at(error.lineno)}: not JSON ({error.msg}): the file is cut or damaged"
        ) from None
    except (RecursionError, ValueError) as error:
        raise InputError(
            f"{content.where}: not JSON that can be read ({shown(str(error))}): is it damaged?"
        ) from None
    if not isinstance(data, dict):
        raise InputError(f"{content.where}: not an Open-Meteo object: save one location's answer")
    if data.get("error"):
        raise InputError(
            f"{content.where}: Open-Meteo answered with an error: {shown(str(data.get('reason')), 120)}"
        )
    return data


def _block(data: dict[str, Any], name: str, content: Content) -> dict[str, Any]:
    block = data.get(name)
    if not isinstance(block, dict) or not block:
        raise InputError(f"{content.where}: no {name!r} block: ask Open-Meteo for hourly values in JSON")
    return block


def _site(data: dict[str, Any], content: Content) -> dict:
    site: dict = {"wind_height_m": 10.0}
    for name, ours in (
        ("latitude", "latitude_deg"),
        ("longitude", "longitude_deg"),
        ("elevation", "altitude_m"),
        ("utc_offset_seconds", "utc_offset_s"),
    ):
        value = data.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise InputError(f"{content.where}: {name} is {shown(value)}: it must be a number")
        site[ours] = int(value) if ours == "utc_offset_s" else float(value)
    zone = data.get("timezone")
    site["zone"] = zone if isinstance(zone, str) and "/" in zone else None
    return site


def _stamps(hourly: dict[str, Any], content: Content) -> np.ndarray:
    """The stamps as seconds since 1970 of the file's clock, whatever their form (iso8601 or unixtime)."""
    times = hourly.get("time")
    if not isinstance(times, list) or len(times) < 2:
        raise InputError(f"{content.where}: 'hourly.time' must be a list of at least 2 stamps")
    stamps = parse_stamps([str(time) for time in times], range(len(times)), f"{content.where} entry")
    if stamps.in_utc:
        raise InputError(
            f"{content.where}: stamps in UTC or with offsets: ask for iso8601 times in local time"
        )
    if usual_step_s(stamps.seconds) is None:
        raise InputError(f"{content.where}: 'hourly.time' holds one time only: the file is damaged")
    return stamps.seconds


def _unit(
    units: dict[str, Any], name: str, known: dict[str, tuple[float, float]], content: Content
) -> tuple[float, float]:
    unit = units.get(name)
    if unit not in known:
        raise InputError(f"{content.where}: unit of {name} is {shown(unit)}: known are {', '.join(known)}")
    return known[unit]


def _values(hourly: dict[str, Any], name: str, count: int, content: Content) -> np.ndarray:
    """A list of numbers and nulls as float64, NaN for null."""
    values = hourly[name]
    if not isinstance(values, list) or len(values) != count:
        length = f"{len(values)} values" if isinstance(values, list) else "no list"
        raise InputError(f"{content.where}: {name} is {length}, time has {count}: the file is damaged")
    for i, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(
                f"{content.where}: entry {i}: {name} is {shown(value)}, which is not a number: mend it"
            )
    try:
        numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    except OverflowError:
        raise InputError(f"{content.where}: {name} holds a number too large to be weather: mend it") from None
    if np.isinf(numbers).any():
        raise InputError(
            f"{content.where}: entry {int(np.argmax(np.isinf(numbers)))}: {name} is infinite: mend it"
        )
    return numbers
