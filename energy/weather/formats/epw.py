"""EnergyPlus weather (EPW): eight header lines, hours 1 to 24 that are stamped at their end.

EnergyPlus Auxiliary Programs, "EPW data dictionary": radiation is the sum over the hour; a value at or above
the field's `missing` mark is missing. Wind at 10 m.
"""

from __future__ import annotations

import numpy as np

from energy.weather.formats.weather_content import Content, Rows, data_rows, header_number, whole_offset_s
from energy.weather.formats.weather_record import Options, Record, dates_s, placed_years
from traces.errors import InputError, quoted
from traces.numbers.constants import HOUR_S

HEADER_LINES = 8
#: Files of older converters stop after snow and days since the last snow.
FEWEST_CELLS = 32
#: column of Weather -> (place in the row, name in messages, factor, missing from here on)
FIELDS = {
    "temp_air_c": (6, "dry bulb temperature", 1, 99.9),
    "pressure_pa": (9, "pressure", 1, 999_999),
    "ghi_w_m2": (13, "global horizontal radiation", 1, 9999),
    "dni_w_m2": (14, "direct normal radiation", 1, 9999),
    "dhi_w_m2": (15, "diffuse horizontal radiation", 1, 9999),
    "wind_speed_m_s": (21, "wind speed", 1, 999),
    "cloud_cover": (22, "total sky cover", 0.1, 99),
}


def read(content: Content, options: Options) -> Record:
    """The record of an EPW file."""
    site = _site(content)
    per_hour = _per_hour(content)
    rows = data_rows(content, HEADER_LINES, FEWEST_CELLS, exact=False)
    year, month, day, hour = (
        rows.wholes(i, name, low, high)
        for i, (name, low, high) in enumerate(
            (("year", 1900, 2199), ("month", 1, 12), ("day", 1, 31), ("hour", 1, 24))
        )
    )
    placed, typical = placed_years(year, month, options.year)
    start_s = dates_s(content, rows.lines, placed, month, day) + (hour - 1) * HOUR_S
    if per_hour > 1:
        start_s = start_s + _within_hour(start_s) * (HOUR_S // per_hour)
    _check_end(content, rows, month, day)
    return Record(content, site, start_s, rows.lines, _columns(rows), "end", typical)


def _columns(rows: Rows) -> dict[str, np.ndarray]:
    columns = {}
    for column, (index, name, factor, missing) in FIELDS.items():
        values = rows.numbers(index, name)
        columns[column] = np.where(values >= missing, np.nan, values) * factor
    return columns


def _site(content: Content) -> dict:
    """The site from the header's LOCATION line. InputError for a damaged line."""
    cells = content.lines[0].split(",", FEWEST_CELLS)
    if cells[0].strip().upper() != "LOCATION" or len(cells) < 10:
        raise InputError(
            "an EPW file begins with LOCATION and 9 cells more: is this EPW?", where=content.at(1)
        )
    latitude_deg, longitude_deg, offset_h, altitude_m = (
        header_number(content, 1, cells[i], name)
        for i, name in ((6, "latitude"), (7, "longitude"), (8, "time zone"), (9, "elevation"))
    )
    return {
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "altitude_m": altitude_m,
        "utc_offset_s": whole_offset_s(offset_h, content, 1),
    }


def _data_periods(content: Content) -> list[str]:
    line = content.lines[HEADER_LINES - 1] if len(content.lines) >= HEADER_LINES else ""
    cells = [cell.strip() for cell in line.split(",", FEWEST_CELLS)]
    if cells[0].upper() != "DATA PERIODS" or len(cells) < 7:
        raise InputError(
            f"{quoted(line)} should be DATA PERIODS: the header is damaged", where=content.at(HEADER_LINES)
        )
    return cells


def _per_hour(content: Content) -> int:
    """Rows per hour, from the header."""
    cells = _data_periods(content)
    if cells[1] != "1":
        raise InputError(
            f"{quoted(cells[1])} data periods: only files with one are read", where=content.at(HEADER_LINES)
        )
    if cells[2] not in ("1", "2", "3", "4", "6", "12", "60"):
        raise InputError(
            f"{quoted(cells[2])} rows an hour: known are 1 to 60 that divide it",
            where=content.at(HEADER_LINES),
        )
    return int(cells[2])


def _within_hour(start_s: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within each run of rows of one hour."""
    new = np.append(True, np.diff(start_s) != 0)
    place = np.arange(len(start_s))
    return place - np.maximum.accumulate(np.where(new, place, 0))


def _check_end(content: Content, rows: Rows, month: np.ndarray, day: np.ndarray) -> None:
    """InputError where the last row is not on the last day that the header states: the file is cut off."""
    parts = [part.strip() for part in _data_periods(content)[6].split("/")]
    if len(parts) >= 2 and all(part.isdecimal() for part in parts[:2]):
        last = (int(parts[0]), int(parts[1]))
        if (int(month[-1]), int(day[-1])) != last:
            raise InputError(
                f"the file ends on {month[-1]}/{day[-1]}, "
                f"its header promises {last[0]}/{last[1]}: it is cut off, fetch it again",
                where=content.at(int(rows.lines[-1])),
            )
