"""TMY2 (NREL): fixed-width lines, hours 1 to 24 that are stamped at their end.

Marion and Urban 1995, User's Manual for TMY2s, NREL/SP-463-7668, tables 3-1 and 3-2. As in TMY3, irradiance
is the sum over the hour, the rest is read at its end; wind at 10 m.
"""

from __future__ import annotations

import re

import numpy as np

from energy.weather.formats.weather_content import Content, Rows, whole_offset_s
from energy.weather.formats.weather_record import Options, Record, dates_s, placed_years
from traces.errors import InputError, quoted
from traces.numbers.constants import HOUR_S

HEADER = re.compile(
    r"\s?(\d{5}) (.{22}) (..)\s+(-?\d{1,2}) "  # station, city, state, hours from UTC
    r"([NS])\s+(\d{1,2})\s+(\d{1,2}) ([EW])\s+(\d{1,3})\s+(\d{1,2})\s+(-?\d{1,4})\s*$"
)
WIDTH = 142
#: column of Weather -> (first character, last, counted from 1; factor; value for missing)
FIELDS = {
    "ghi_w_m2": (18, 21, 1, 9999),
    "dni_w_m2": (24, 27, 1, 9999),
    "dhi_w_m2": (30, 33, 1, 9999),
    "cloud_cover": (60, 61, 0.1, 99),
    "temp_air_c": (68, 71, 0.1, 9999),
    "pressure_pa": (85, 88, 100, 9999),
    "wind_speed_m_s": (96, 98, 0.1, 999),
}
STAMP = {"year": (2, 3, 0, 99), "month": (4, 5, 1, 12), "day": (6, 7, 1, 31), "hour": (8, 9, 1, 24)}


def read(content: Content, options: Options) -> Record:
    """The record of a TMY2 file."""
    site = _site(content)
    rows = _rows(content)
    parts = {
        name: rows.wholes(i, name, low, high) for i, (name, (_, _, low, high)) in enumerate(STAMP.items())
    }
    year, typical = placed_years(1900 + parts["year"], parts["month"], options.year)
    days_s = dates_s(content, rows.lines, year, parts["month"], parts["day"])
    start_s = days_s + (parts["hour"] - 1) * HOUR_S
    columns = {
        name: rows.numbers(i, name, (missing,)) * factor
        for i, (name, (_, _, factor, missing)) in enumerate(FIELDS.items(), start=len(STAMP))
    }
    return Record(content, site, start_s, rows.lines, columns, "end", typical)


def _site(content: Content) -> dict:
    header = HEADER.match(content.lines[0])
    if header is None:
        raise InputError(f"{quoted(content.lines[0])} is no TMY2 header: is this TMY2?", where=content.at(1))
    offset_h, north, lat, lat_min, east, lon, lon_min, altitude_m = header.groups()[3:]
    return {
        "latitude_deg": (int(lat) + int(lat_min) / 60) * (1 if north == "N" else -1),
        "longitude_deg": (int(lon) + int(lon_min) / 60) * (1 if east == "E" else -1),
        "altitude_m": float(altitude_m),
        "utc_offset_s": whole_offset_s(int(offset_h), content, 1),
    }


def _rows(content: Content) -> Rows:
    """The fields of each line as cells: the stamp's, then those of FIELDS."""
    spans = [(first - 1, last) for first, last, *_ in (*STAMP.values(), *FIELDS.values())]
    cells, lines = [], []
    for number, line in enumerate(content.lines[1:], start=2):
        if not line.strip("\x1a \t\r"):
            continue
        if len(line.rstrip("\r")) < WIDTH:
            raise InputError(
                f"{len(line)} characters, a TMY2 line has {WIDTH}: it is cut off", where=content.at(number)
            )
        cells.append([line[first:last] for first, last in spans])
        lines.append(number)
    if len(cells) < 2:
        raise InputError(f"{len(cells)} rows of weather: the file is cut off", where=content.where)
    return Rows(content, cells, np.array(lines, np.int64))
