"""TMY3 CSV (NREL): a header line of the site, a line of column names, hours that are stamped at their end.

Wilcox and Marion 2008, NREL/TP-581-43156: irradiance is the sum over the 60 minutes that end at the stamp;
temperature, wind and pressure are read at the stamp; wind at 10 m.
"""

from __future__ import annotations

import contextlib
import csv
import re
from datetime import date, timedelta

import numpy as np

from energy.weather.formats.weather_content import (
    Content,
    Rows,
    column_index,
    column_names,
    data_rows,
    header_number,
    whole_offset_s,
)
from energy.weather.formats.weather_record import Options, Record, dates_s, placed_years
from traces.errors import InputError, quoted
from traces.numbers.constants import HOUR_S

FIRST_COLUMN = "Date (MM/DD/YYYY)"
HOUR_MIN, LAST_HOUR_MIN, DAY_MIN = 60, 1380, 1440
SHORTEST_MONTH_DAYS = 28
#: name in the file -> (column of Weather, factor)
COLUMNS = {
    "GHI (W/m^2)": ("ghi_w_m2", 1),
    "DNI (W/m^2)": ("dni_w_m2", 1),
    "DHI (W/m^2)": ("dhi_w_m2", 1),
    "TotCld (tenths)": ("cloud_cover", 0.1),
    "Dry-bulb (C)": ("temp_air_c", 1),
    "Pressure (mbar)": ("pressure_pa", 100),
    "Wspd (m/s)": ("wind_speed_m_s", 1),
}
MISSING = (-9900.0,)
#: SolarAnywhere writes this column so, the last hour of a day as 00:00 of the next, and leaves empty what it
#: does not have (clouds, pressure).
SOLAR_ANYWHERE_DNI = "DNI (W/m^2))"
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d\d)")


def read(content: Content, options: Options) -> Record:
    """The record of a TMY3 file."""
    if len(content.lines) < 2:
        raise InputError("no column names on line 2: the file is cut off", where=content.where)
    site = _site(content)
    names = column_names(content, 2)
    rows = data_rows(content, 2, len(names))
    columns = {}
    for name, (column, factor) in COLUMNS.items():
        written = SOLAR_ANYWHERE_DNI if name == "DNI (W/m^2)" and SOLAR_ANYWHERE_DNI in names else name
        columns[column] = rows.numbers(column_index(names, written, content, 2), name, MISSING) * factor
    start_s, typical = _starts(rows, options)
    return Record(content, site, start_s, rows.lines, columns, "end", typical)


def _site(content: Content) -> dict:
    """The site from the first line. InputError for a damaged line."""
    try:
        cells = next(csv.reader([content.lines[0]], strict=True))
    except csv.Error as error:
        raise InputError(f"not a TMY3 header ({error}): mend it", where=content.at(1)) from None
    if len(cells) < 7:
        raise InputError(f"{len(cells)} cells, a TMY3 header has 7: is this TMY3?", where=content.at(1))
    offset_h, latitude_deg, longitude_deg, altitude_m = (
        header_number(content, 1, cells[i], name)
        for i, name in ((3, "time zone"), (4, "latitude"), (5, "longitude"), (6, "elevation"))
    )
    return {
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "altitude_m": altitude_m,
        "utc_offset_s": whole_offset_s(offset_h, content, 1),
    }


def _starts(rows: Rows, options: Options) -> tuple[np.ndarray, bool]:
    parts = np.array([_stamp(rows, i) for i in range(len(rows.cells))], np.int64)
    _name_the_day_before(parts)
    month, day, year, minute = parts.T
    year, typical = placed_years(year, month, options.year)
    return dates_s(rows.content, rows.lines, year, month, day) + minute * 60 - HOUR_S, typical


def _name_the_day_before(parts: np.ndarray) -> None:
    """Write 00:00 as 24:00 of the day before, in place, as SolarAnywhere does (pvlib pull request 1494).

    The day before is that of the row above where this one follows it: 1 March of a leap year comes after 28
    February, and the months of a typical year are of different years.
    """
    for i in np.flatnonzero(parts[:, 3] == 0):
        if i > 0 and parts[i - 1, 3] >= LAST_HOUR_MIN and _is_next_day(parts[i - 1, :2], parts[i, :2]):
            parts[i, :3] = parts[i - 1, :3]
        else:
            month, day, year = (int(part) for part in parts[i, :3])
            with contextlib.suppress(ValueError):  # no such day: dates_s says where
                before = date(year, month, day) - timedelta(days=1)
                parts[i, :3] = before.month, before.day, before.year
        parts[i, 3] = DAY_MIN


def _is_next_day(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether (month, day) is the next day, or the first of the next month after one of the last days."""
    if before[0] == after[0]:
        return bool(after[1] == before[1] + 1)
    return bool(after[0] == before[0] % 12 + 1 and after[1] == 1 and before[1] >= SHORTEST_MONTH_DAYS)


def _stamp(rows: Rows, i: int) -> tuple[int, int, int, int]:
    """(month, day, year, minute of the day) of a row; 24:00 is minute 1440, 00:00 minute 0."""
    day_text, time = _DATE.fullmatch(rows.cells[i][0].strip()), _TIME.fullmatch(rows.cells[i][1].strip())
    where = rows.content.at(int(rows.lines[i]))
    if day_text is None or time is None:
        raise InputError(
            f"{quoted(','.join(rows.cells[i][:2]))} is no TMY3 stamp: write 01/31/1999,01:00 to 24:00",
            where=where,
        )
    month, day, year = (int(part) for part in day_text.groups())
    minute = int(time[1]) * 60 + int(time[2])
    hour_ends = minute == 0 or HOUR_MIN <= minute <= DAY_MIN
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour_ends and 1900 <= year <= 2199):
        raise InputError(
            f"{quoted(','.join(rows.cells[i][:2]))} is out of range: hours run 01:00 to 24:00", where=where
        )
    return month, day, year, minute
