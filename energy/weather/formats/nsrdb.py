"""NSRDB PSM CSV (NREL), with its two header lines (SAM's layout) or with column names only.

Values hold at the stamp. Files of half-hours and finer: the stamp is the middle of the step; in the 2017 file
that pvlib tests with, GHI = DHI + DNI cos(zenith) closes to 0.4 W/m2 with the sun at the stamp, and to 7 W/m2
five minutes off. Hourly files: :30 is the middle of the hour. :00 is the start of the hour in PSM 3 (until
May 2019, pvlib issue 733) and the middle of the step in PSM 4: by the same equation pvlib's test file of 2018
is off by 0.9 W/m2 so and by 37 the other way, that of full-disc PSM 4 by 0.5 and 40. The header's `Version`
tells; without one the equation does (assemble). Wind and its direction are at 2 m (NREL/nsrdb,
config/var_descriptions.csv). Rows may be in UTC (`Time Zone` 0) at a site that is not (`Local Time Zone`).
"""

from __future__ import annotations

import re

import numpy as np

from energy.weather.formats.weather_content import (
    MAX_COLUMNS,
    Content,
    Rows,
    column_index,
    column_names,
    data_rows,
    header_number,
    whole_offset_s,
)
from energy.weather.formats.weather_record import Options, Record, dates_s, placed_years
from traces.errors import InputError
from traces.numbers.constants import HOUR_S
from traces.series.regular import usual_step_s

WIND_HEIGHT_M = 2.0
STAMP_NAMES = {"year", "month", "day", "hour", "minute", "ghi"}
#: name in the file -> (column of Weather, factor, whether it must be there)
COLUMNS = {
    "GHI": ("ghi_w_m2", 1, True),
    "DNI": ("dni_w_m2", 1, True),
    "DHI": ("dhi_w_m2", 1, True),
    "Temperature": ("temp_air_c", 1, True),
    "Wind Speed": ("wind_speed_m_s", 1, True),
    "Pressure": ("pressure_pa", 100, False),
}
STAMP = {"Year": (1900, 2199), "Month": (1, 12), "Day": (1, 31), "Hour": (0, 23), "Minute": (0, 59)}


VERSION = re.compile(r"v?(\d{1,3})(?:\.\d+)*", re.ASCII | re.IGNORECASE)
STAMP_IS_MIDDLE_FROM = 4


def read(content: Content, options: Options) -> Record:
    """The record of an NSRDB file."""
    header = _header(content)
    names_line = 3 if header else 1
    names = column_names(content, names_line)
    while names and not names[-1].strip():
        names.pop()
    rows = data_rows(content, names_line, len(names), exact=False)
    typical, stamps_s = _stamps(rows, names, names_line, options)
    columns = {}
    lowered = [name.strip().lower() for name in names]
    for name, (column, factor, required) in COLUMNS.items():
        if required or name.lower() in lowered:
            columns[column] = rows.numbers(column_index(names, name, content, names_line), name) * factor
    site, clock_s = _site(header, content)
    step_s = usual_step_s(stamps_s) or HOUR_S
    full_hours = step_s == HOUR_S and not (stamps_s % HOUR_S).any()
    version = _version(header)
    at_start = full_hours and (version is None or version < STAMP_IS_MIDDLE_FROM)
    record = Record(
        content, site, stamps_s - (0 if at_start else step_s // 2), rows.lines, columns, "middle", typical
    )
    record.clock_offset_s = clock_s
    record.stamp_unknown = full_hours and version is None
    return record


def _header(content: Content) -> dict[str, str]:
    """The first two lines, name to value; empty where the file begins with the names of its columns."""
    if not content.lines[0].startswith("Source,"):
        return {}
    if len(content.lines) < 3:
        raise InputError(
            f"{len(content.lines)} lines: the file is cut off in its header", where=content.where
        )
    names, cells = (line.split(",", MAX_COLUMNS) for line in content.lines[:2])
    return {name.strip().lower(): cell.strip() for name, cell in zip(names, cells, strict=False)}


def _version(header: dict[str, str]) -> int | None:
    """The model's version, 3 or 4, None where the file does not say."""
    match = VERSION.fullmatch(header.get("version", ""))
    return int(match[1]) if match else None


def _site(header: dict[str, str], content: Content) -> tuple[dict, int | None]:
    """(what the header says of the site, the offset of the rows' clock where it is not the site's)."""
    site: dict = {"wind_height_m": WIND_HEIGHT_M}
    if not header:
        return site, None
    for name, field in (
        ("Latitude", "latitude_deg"),
        ("Longitude", "longitude_deg"),
        ("Elevation", "altitude_m"),
    ):
        site[field] = _number(header, name, content)
    # One of the two may be empty (NSRDB MSG 1.0.0, ssc pull request 1140): the other is of both then.
    rows_by = (
        "Time Zone" if header.get("time zone") or not header.get("local time zone") else "Local Time Zone"
    )
    clock_s = whole_offset_s(_number(header, rows_by, content), content, 2)
    if not header.get("local time zone"):
        return site | {"utc_offset_s": clock_s}, None
    local_s = whole_offset_s(_number(header, "Local Time Zone", content), content, 2)
    return site | {"utc_offset_s": local_s}, None if clock_s == local_s else clock_s


def _number(header: dict[str, str], name: str, content: Content) -> float:
    if not header.get(name.lower()):
        raise InputError(
            f"no value for {name}: the header is damaged, fetch the file again", where=content.at(2)
        )
    return header_number(content, 2, header[name.lower()], name)


def _stamps(rows: Rows, names: list[str], names_line: int, options: Options) -> tuple[bool, np.ndarray]:
    """(whether this is a typical year, the stamps as seconds since 1970 of the file's clock)."""
    parts = {
        name: rows.wholes(column_index(names, name, rows.content, names_line), name, low, high)
        for name, (low, high) in STAMP.items()
    }
    year, typical = placed_years(parts["Year"], parts["Month"], options.year)
    days_s = dates_s(rows.content, rows.lines, year, parts["Month"], parts["Day"])
    return typical, days_s + parts["Hour"] * HOUR_S + parts["Minute"] * 60
