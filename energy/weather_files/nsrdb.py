"""NSRDB PSM CSV (NREL), with its two header lines (SAM's layout) or with column names only.

Values hold at the stamp. Files of half-hours and finer: the stamp is the middle of the step; in the 2017 file
that pvlib tests with, GHI = DHI + DNI cos(zenith) closes to 0.4 W/m2 with the sun at the stamp, and to 7 W/m2
five minutes off. Hourly files: the minute tells; :30 is the middle of the hour, :00 (until May 2019) its
start (pvlib issue 733). Wind and its direction are at 2 m (NREL/nsrdb, config/var_descriptions.csv).
"""

from __future__ import annotations

import numpy as np

from energy.weather_files.content import Content, Rows, column_index, data_rows, header_number
from energy.weather_files.record import Options, Record, dates_s, placed_years
from traces.errors import InputError
from traces.regular import usual_step_s

HOUR_S = 3600
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


def read(content: Content, options: Options) -> Record:
    """The record of an NSRDB file."""
    site, names_line = _site(content)
    names = content.lines[names_line - 1].rstrip(",").split(",")
    rows = data_rows(content, names_line, len(names), exact=False)
    start_s, typical = _starts(rows, names, names_line, options)
    columns = {}
    lowered = [name.strip().lower() for name in names]
    for name, (ours, factor, needed) in COLUMNS.items():
        if needed or name.lower() in lowered:
            columns[ours] = rows.numbers(column_index(names, name, content, names_line), name) * factor
    return Record(content, site, start_s, rows.lines, columns, "middle", typical)


def _site(content: Content) -> tuple[dict, int]:
    """(what the header says of the site, the line of the column names, from 1)."""
    site: dict = {"wind_height_m": WIND_HEIGHT_M}
    if not content.lines[0].startswith("Source,"):
        return site, 1
    if len(content.lines) < 3:
        raise InputError(f"{content.where}: {len(content.lines)} lines: the file is cut off in its header")
    names, cells = content.lines[0].split(","), content.lines[1].split(",")
    for name, ours, factor in (
        ("Latitude", "latitude_deg", 1),
        ("Longitude", "longitude_deg", 1),
        ("Elevation", "altitude_m", 1),
        ("Time Zone", "utc_offset_s", HOUR_S),
    ):
        index = column_index(names, name, content, 1)
        if index >= len(cells):
            raise InputError(
                f"{content.at(2)}: no value for {name}: the header is damaged, fetch the file again"
            )
        value = header_number(content, 2, cells[index], name) * factor
        site[ours] = round(value) if ours == "utc_offset_s" else value
    return site, 3


def _starts(rows: Rows, names: list[str], names_line: int, options: Options) -> tuple[np.ndarray, bool]:
    parts = {
        name: rows.wholes(column_index(names, name, rows.content, names_line), name, low, high)
        for name, (low, high) in STAMP.items()
    }
    year, typical = placed_years(parts["Year"], parts["Month"], options.year)
    days_s = dates_s(rows.content, rows.lines, year, parts["Month"], parts["Day"])
    stamps_s = days_s + parts["Hour"] * HOUR_S + parts["Minute"] * 60
    step_s = usual_step_s(stamps_s) or HOUR_S
    at_start = step_s == HOUR_S and not parts["Minute"].any()
    return stamps_s - (0 if at_start else step_s // 2), typical
