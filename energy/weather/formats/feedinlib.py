"""CSV as feedinlib's examples have it (coastDat2): dhi, dirhi, pressure, temp_air, v_wind, z0.

Stamps have offsets and name the start of the hour: of the German example's 2010, irradiance fits the sun's
height best 15 to 30 minutes after the stamp. Kelvin, Pa, m/s at 10 m, roughness length z0 in m.
The file does not say where it was; the offset of its stamps (the least, where summer time changes it) is the
site's clock, unless all are in UTC.
"""

from __future__ import annotations

import re

import numpy as np

from energy.weather.formats.weather_content import Content, Rows, column_index, column_names, data_rows
from energy.weather.formats.weather_record import Options, Record
from traces.errors import InputError, Parameter, Phrase, quoted
from traces.times.stamps import parse_stamps

NAMES = {"dhi", "dirhi", "temp_air", "v_wind"}
ZERO_C_K = 273.15
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?\s*$", re.ASCII)


def read(content: Content, options: Options) -> Record:
    """The record of a feedinlib file. `dirhi` is direct irradiance on the horizontal."""
    if options.year is not None:
        raise InputError(
            Phrase(Parameter("year"), " is for files of one year's months"),
            where=content.where,
            remedy="this one has dates, drop it",
        )
    names = column_names(content, 1)
    rows = data_rows(content, 1, len(names))

    def column(name: str) -> np.ndarray:
        return rows.numbers(column_index(names, name, content, 1), name)

    stamps = parse_stamps([row[0].strip() for row in rows.cells], rows.lines.tolist(), content.where)
    if not stamps.in_utc:
        raise InputError(
            f"stamp {quoted(rows.cells[0][0])} has no offset: write it, as in +01:00", where=content.at(2)
        )
    direct, diffuse = column("dirhi"), column("dhi")
    columns = {
        "ghi_w_m2": direct + diffuse,
        "direct_w_m2": direct,
        "dhi_w_m2": diffuse,
        "temp_air_c": column("temp_air") - ZERO_C_K,
        "wind_speed_m_s": column("v_wind"),
    }
    if "pressure" in names:
        columns["pressure_pa"] = column("pressure")
    site = {"utc_offset_s": _offset_s(rows), "wind_height_m": 10.0}
    record = Record(content, site, stamps.seconds, rows.lines, columns, "middle")
    record.clock_offset_s = 0  # parse_stamps has applied the offsets
    roughness_m = column("z0") if "z0" in names else np.zeros(0)
    roughness_m = roughness_m[~np.isnan(roughness_m)]
    record.roughness_m = float(np.median(roughness_m)) if len(roughness_m) else None
    return record


def _offset_s(rows: Rows) -> int | None:
    """The stamps' least offset from UTC, that of standard time; None where they are in UTC."""
    offsets_s = set()
    for row in rows.cells:
        match = _OFFSET.search(row[0][10:])
        if match is None:
            return None
        size_s = int(match[2]) * 3600 + int(match[3] or 0) * 60
        offsets_s.add(-size_s if match[1] == "-" else size_s)
    least_s = min(offsets_s)
    return least_s or None
