"""PVGIS CSV (European Commission, JRC): hourly series and typical years, in UTC.

Irradiance is that of one satellite image an hour, at the stamp of an hourly series (such as 00:10) and
`Irradiance Time Offset` after that of a typical year. The step is the hour around that instant, so that the
sun of mid-step is the image's. Wind at 10 m. PVGIS does not say the site's time zone.
joint-research-centre.ec.europa.eu, PVGIS user manual, "Hourly solar radiation" and "TMY".
"""

from __future__ import annotations

import re

import numpy as np

from energy.weather.formats.weather_content import (
    Content,
    Rows,
    column_index,
    column_names,
    data_rows,
    header_number,
)
from energy.weather.formats.weather_record import Options, Record, dates_s, placed_years
from traces.errors import InputError, quoted
from traces.series.regular import usual_step_s

FIRST = "latitude (decimal degrees)"
#: Of the lines before the table, which in a typical year list its months.
HEADER_LINES = 60
TIME_NAMES = ("time", "time(utc)")
STAMP = re.compile(r"(\d{4})(\d\d)(\d\d):(\d\d)(\d\d)", re.ASCII)
SITE = {
    "latitude (decimal degrees)": "latitude_deg",
    "longitude (decimal degrees)": "longitude_deg",
    "elevation (m)": "altitude_m",
}
OFFSET = "irradiance time offset (h)"
#: name in the file -> column of Weather; of a series on the horizontal plane the beam is direct_w_m2
COLUMNS = {
    "T2m": "temp_air_c",
    "WS10m": "wind_speed_m_s",
    "SP": "pressure_pa",
    "G(h)": "ghi_w_m2",
    "Gb(n)": "dni_w_m2",
    "Gd(h)": "dhi_w_m2",
}
NEEDED = ("T2m", "WS10m")
MINUTE_S = 60


def read(content: Content, options: Options) -> Record:
    """The record of a PVGIS file."""
    names_line, header = _header(content)
    names = [name.strip() for name in column_names(content, names_line)]
    rows = data_rows(content, names_line, len(names), stop=_end(content, names_line))
    stamps_s, typical = _stamps(rows, options)
    step_s = usual_step_s(stamps_s) or 3600
    delay_s = round(_number(header, OFFSET, content, 0.0, limit=24) * 60) * MINUTE_S
    lowered = [name.lower() for name in names]

    def column(name: str) -> np.ndarray:
        return rows.numbers(column_index(names, name, content, names_line), name)

    columns = {
        ours: column(name) for name, ours in COLUMNS.items() if name in NEEDED or name.lower() in lowered
    }
    site = {ours: _number(header, name, content) for name, ours in SITE.items() if name in header}
    record = Record(
        content, site | {"wind_height_m": 10.0}, stamps_s + delay_s - step_s // 2, rows.lines, columns,
        "middle", typical,
    )  # fmt: skip
    record.clock_offset_s = 0
    _add_in_plane(record, lowered, header, column)
    return record


def _header(content: Content) -> tuple[int, dict[str, tuple[int, str]]]:
    """(line of the names of the columns, name in small letters -> (line, value) of what stands above)."""
    header: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(content.lines[:HEADER_LINES], start=1):
        if line.split(",", 1)[0].strip().lower() in TIME_NAMES:
            return number, header
        name, colon, value = line.partition(":")
        if colon:
            header[name.strip().lower()] = (number, value.strip())
    raise InputError("no line begins with 'time,' as PVGIS's table does: is it cut off?", where=content.where)


def _number(
    header: dict[str, tuple[int, str]],
    name: str,
    content: Content,
    default: float | None = None,
    limit: float | None = None,
) -> float:
    if name not in header and default is not None:
        return default
    line, text = header[name]
    value = header_number(content, line, text, name)
    if limit is not None and abs(value) > limit:
        raise InputError(f"{name} is {quoted(text)}: at most {limit:g} either way", where=content.at(line))
    return value


def _end(content: Content, names_line: int) -> int:
    """Index behind the last line that begins with a stamp; explanations follow it."""
    last = len(content.lines)
    while last > names_line and not STAMP.match(content.lines[last - 1]):
        last -= 1
    return last


def _stamps(rows: Rows, options: Options) -> tuple[np.ndarray, bool]:
    """(stamps as seconds since 1970, whether this is a typical year)."""
    parts = np.array([_stamp(rows, i) for i in range(len(rows.cells))], np.int64)
    year, month, day, hour, minute = parts.T
    year, typical = placed_years(year, month, options.year)
    return dates_s(rows.content, rows.lines, year, month, day) + hour * 3600 + minute * MINUTE_S, typical


def _stamp(rows: Rows, i: int) -> list[int]:
    match = STAMP.fullmatch(rows.cells[i][0].strip())
    year, month, day, hour, minute = (int(part) for part in match.groups()) if match else (0, 0, 0, 0, 0)
    if not (1900 <= year <= 2199 and 1 <= month <= 12 and 1 <= day <= 31 and hour <= 23 and minute <= 59):
        raise InputError(
            f"{quoted(rows.cells[i][0])} is no PVGIS stamp: write 20160131:1310",
            where=rows.content.at(int(rows.lines[i])),
        )
    return [year, month, day, hour, minute]


def _add_in_plane(record: Record, names: list[str], header: dict, column) -> None:
    """Irradiance of an hourly series, which is on a plane: that of a level plane is used, another is not."""
    if "ghi_w_m2" in record.columns or not {"g(i)", "gb(i)"} & set(names):
        return
    if "slope" not in header:
        level = False
    else:
        line, text = header["slope"]
        level = header_number(record.content, line, text.split("deg", 1)[0], "slope") == 0
    if not level:
        record.note(
            "in_plane", header.get("slope", (0, "unknown"))[1],
            "irradiance is on a tilted plane and not used: fetch the series with slope 0 for solar power",
        )  # fmt: skip
    elif "gb(i)" in names and "gd(i)" in names:
        direct, diffuse = column("Gb(i)"), column("Gd(i)")
        record.columns |= {"direct_w_m2": direct, "dhi_w_m2": diffuse, "ghi_w_m2": direct + diffuse}
    elif "g(i)" in names:
        record.columns["ghi_w_m2"] = column("G(i)")
