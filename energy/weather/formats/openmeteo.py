"""Open-Meteo, JSON or CSV: hourly values in local time at the fixed offset `utc_offset_seconds`, all year.

open-meteo.com/en/docs: temperature, wind and cloud are instants at the stamp; radiation is the mean of the
hour before it, so it moves one step earlier. Units are those that the file writes, in `hourly_units` or in
brackets behind a column's name. Stamps in seconds since 1970 (timeformat=unixtime) are in UTC. Without a time
zone in the request all is in GMT, and the site's own clock is not in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from energy.weather.formats.weather_content import (
    MAX_COLUMNS,
    MAX_JSON_BYTES,
    MAX_ROWS,
    Content,
    column_index,
    column_names,
    data_rows,
)
from energy.weather.formats.weather_record import Options, Record
from traces.errors import InputError, Parameter, Phrase, quoted
from traces.series.regular import usual_step_s
from traces.times.stamps import Stamps, parse_stamps

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
PVGIS_JSON = re.compile(r'\{\s*"inputs"\s*:\s*\{')
NEEDED = ("temp_air_c", "wind_speed_m_s")
MEANS = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")
OTHER_HEIGHTS = re.compile(r"wind_?speed_(\d+)m", re.ASCII)
#: Bounds memory: each list or object costs 60 bytes and more. An answer has one list a variable.
MAX_BLOCKS = 10_000
SITE = {
    "latitude": "latitude_deg",
    "longitude": "longitude_deg",
    "elevation": "altitude_m",
    "utc_offset_seconds": "utc_offset_s",
}
#: Names of the time zone in files whose request named none.
NO_ZONE = frozenset(("GMT", "UTC", "Etc/UTC", "Etc/GMT"))


def read(content: Content, options: Options) -> Record:
    """The record of an Open-Meteo file. Of JSON, `lines` are the entries of its lists, from 0."""
    if options.year is not None:
        raise InputError(
            Phrase(Parameter("year"), " is for files of one year's months"),
            where=content.where,
            remedy="Open-Meteo has dates, drop it",
        )
    return _read_json(content) if content.lines[0].lstrip().startswith(("{", "[")) else _read_csv(content)


def _read_json(content: Content) -> Record:
    """The record of Open-Meteo's JSON. InputError for a missing block or list."""
    data = _parsed(content)
    hourly, units = _block(data, "hourly", content), _block(data, "hourly_units", content)
    times = hourly.get("time")
    if not isinstance(times, list) or len(times) < 2:
        raise InputError("'hourly.time' must be a list of at least 2 stamps", where=content.where)
    if len(times) > MAX_ROWS:
        raise InputError(f"more than {MAX_ROWS} stamps: fetch fewer years", where=content.where)
    stamps = parse_stamps([_stamp_text(time) for time in times], range(len(times)), f"{content.where} entry")
    columns = _columns(
        list(hourly), units.get, lambda name: _values(hourly, name, len(times), content), content
    )
    missing = [name for name in SITE if data.get(name) is None]
    if missing:
        raise InputError(f"{missing[0]} is None: it must be a number", where=content.where)
    lines = np.arange(len(times), dtype=np.int64)
    return _record(
        content,
        _site(data, content),
        stamps,
        lines,
        columns,
        entries=True,
        unixtime=isinstance(times[0], int),
    )


def _read_csv(content: Content) -> Record:
    """Two lines of the site, an empty one, then the table; or the table alone."""
    names_line = next(
        (n for n, line in enumerate(content.lines[:10], 1) if line.lower().startswith("time,")), None
    )
    if names_line is None:
        raise InputError("no line begins with 'time,' as Open-Meteo's table does", where=content.where)
    site: dict[str, Any] = {}
    if names_line > 2:
        cells = [line.split(",", MAX_COLUMNS) for line in content.lines[:2]]
        site = {name.strip().lower(): cell.strip() for name, cell in zip(*cells, strict=False)}
        if "location_id" in site:
            raise InputError("holds several locations: save the table of one", where=content.where)
    stop = _end(content, names_line)
    labels = column_names(content, names_line)
    names, units = zip(*(_label(label) for label in labels), strict=True)
    rows = data_rows(content, names_line, len(names), stop=stop)
    stamps = parse_stamps([row[0].strip() for row in rows.cells], rows.lines.tolist(), content.where)

    def values(name: str) -> np.ndarray:
        return rows.numbers(column_index(list(names), name, content, names_line), name)

    columns = _columns(list(names), dict(zip(names, units, strict=True)).get, values, content)
    return _record(
        content,
        _site(site, content),
        stamps,
        rows.lines,
        columns,
        entries=False,
        unixtime=rows.cells[0][0].isdecimal(),
    )


def _end(content: Content, names_line: int) -> int:
    """Index behind the table: where an empty line ends it. Only another table may follow."""
    filled = [bool(line.strip()) for line in content.lines]
    stop = filled.index(False, names_line) if False in filled[names_line:] else len(filled)
    behind = filled.index(True, stop) if True in filled[stop:] else None
    if behind is not None and not content.lines[behind].lower().startswith("time,"):
        raise InputError("an empty line within the table: delete it", where=content.at(stop + 1))
    return stop


def _label(label: str) -> tuple[str, str | None]:
    """(name, unit) of a column such as 'wind_speed_10m (km/h)'."""
    name, _, unit = label.strip().strip('"').partition(" (")
    return name, unit.removesuffix(")") if unit else None


def _columns(
    names: list[str],
    unit_of: Callable[[str], object],
    values_of: Callable[[str], np.ndarray],
    content: Content,
) -> dict[str, np.ndarray]:
    """Column of Weather -> (N,) float64 in its unit, at the file's own stamps."""
    columns = {}
    for column, (known_names, known_units) in COLUMNS.items():
        name = next((name for name in known_names if name in names), None)
        if name is not None:
            factor, offset = _unit(unit_of(name), name, known_units, content)
            columns[column] = values_of(name) * factor + offset
        elif column in NEEDED:
            heights = [key for key in names if OTHER_HEIGHTS.fullmatch(key)]
            hint = f" (there is {', '.join(heights)})" if heights and column == "wind_speed_m_s" else ""
            raise InputError(
                f"no {known_names[0]} among the hourly values{hint}: ask Open-Meteo for it",
                where=content.where,
            )
    return columns


def _record(
    content: Content,
    site: dict[str, Any],
    stamps: Stamps,
    lines: np.ndarray,
    columns: dict[str, np.ndarray],
    *,
    entries: bool,
    unixtime: bool,
) -> Record:
    """The record, with columns that are means of the hour before moved one step earlier."""
    start_s = stamps.seconds
    if stamps.in_utc and not unixtime:
        raise InputError(
            "stamps in UTC or with offsets: ask for iso8601 times in local time", where=content.where
        )
    if usual_step_s(start_s) is None:
        raise InputError("the column of times holds one time only: the file is damaged", where=content.where)
    if any(name in columns for name in MEANS):
        columns = {name: values[1:] if name in MEANS else values[:-1] for name, values in columns.items()}
        start_s, lines = start_s[:-1], lines[:-1]
    in_utc = stamps.in_utc or (site.get("utc_offset_s") == 0 and site["zone"] is None)
    record = Record(content, site, start_s, lines, columns, "start", entries=entries)
    if in_utc:
        record.clock_offset_s = 0
        # GMT is what a request without a time zone gets: it says nothing of the site.
        site["utc_offset_s"] = site.get("utc_offset_s") or None
    return record


def _stamp_text(time: object) -> str:
    """A stamp of a JSON list as text; parse_stamps refuses what is no stamp."""
    return time if isinstance(time, str) else quoted(time)


def _parsed(content: Content) -> dict[str, Any]:
    """The JSON object of the file. InputError for other JSON, PVGIS, or an error answer."""
    if _is_pvgis(content):
        raise InputError("PVGIS in JSON: fetch it as CSV (outputformat=csv)", where=content.where)
    blocks = sum(line.count("[") + line.count("{") for line in content.lines)
    if blocks > MAX_BLOCKS:
        raise InputError(f"not JSON of Open-Meteo: it holds {blocks} lists and objects", where=content.where)
    text = "\n".join(content.lines)
    if len(text) > MAX_JSON_BYTES:
        raise InputError(
            f"over {MAX_JSON_BYTES} bytes of JSON: fetch CSV, or fewer years", where=content.where
        )
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not JSON ({error.msg}): the file is cut or damaged", where=content.at(error.lineno)
        ) from None
    except (RecursionError, ValueError) as error:
        raise InputError(
            f"not JSON that can be read ({quoted(str(error))}): is it damaged?", where=content.where
        ) from None
    if not isinstance(data, dict):
        raise InputError("not an Open-Meteo object: save one location's answer", where=content.where)
    if data.get("error"):
        raise InputError(
            f"Open-Meteo answered with an error: {quoted(str(data.get('reason')), 120)}", where=content.where
        )
    return data


def _is_pvgis(content: Content) -> bool:
    """Whether the text is PVGIS in JSON; checked before parsing, as each of its rows is an object."""
    head = "".join(line.strip() for line in content.lines[:20])[:400]
    return PVGIS_JSON.match(head) is not None


def _block(data: dict[str, Any], name: str, content: Content) -> dict[str, Any]:
    """The named object of the JSON. InputError where it is missing or empty."""
    block = data.get(name)
    if not isinstance(block, dict) or not block:
        raise InputError(f"no {name!r} block: ask Open-Meteo for hourly values in JSON", where=content.where)
    return block


def _site(data: dict[str, Any], content: Content) -> dict[str, Any]:
    """The site as the file states it; keys that the file leaves out are missing."""
    site: dict[str, Any] = {"wind_height_m": 10.0}
    for name, field in SITE.items():
        if data.get(name) not in (None, ""):
            value = _number(data[name], name, content)
            site[field] = round(value) if field == "utc_offset_s" else value
    zone = data.get("timezone")
    is_iana = isinstance(zone, str) and "/" in zone and zone not in NO_ZONE
    site["zone"] = zone if is_iana else None
    return site


def _number(value: object, name: str, content: Content) -> float:
    """A number of the header, as JSON's or as text of CSV."""
    from_csv = not content.lines[0].lstrip().startswith("{")
    if isinstance(value, (int, float, str) if from_csv else (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
            if np.isfinite(number):
                return number
        except (OverflowError, ValueError):
            pass
    raise InputError(f"{name} is {quoted(value)}: it must be a number", where=content.where)


def _unit(
    unit: object, name: str, known: dict[str, tuple[float, float]], content: Content
) -> tuple[float, float]:
    if not isinstance(unit, str) or unit not in known:
        raise InputError(
            f"unit of {name} is {quoted(unit)}: known are {', '.join(known)}", where=content.where
        )
    return known[unit]


def _values(hourly: dict[str, Any], name: str, count: int, content: Content) -> np.ndarray:
    """A list of numbers and nulls as float64, NaN for null."""
    values = hourly[name]
    if not isinstance(values, list) or len(values) != count:
        length = f"{len(values)} values" if isinstance(values, list) else "no list"
        raise InputError(f"{name} is {length}, time has {count}: the file is damaged", where=content.where)
    for i, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(
                f"entry {i}: {name} is {quoted(value)}, which is not a number: mend it", where=content.where
            )
    try:
        numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    except OverflowError:
        raise InputError(
            f"{name} holds a number too large to be weather: mend it", where=content.where
        ) from None
    if np.isinf(numbers).any():
        raise InputError(
            f"entry {int(np.argmax(np.isinf(numbers)))}: {name} is infinite: mend it", where=content.where
        )
    return numbers
