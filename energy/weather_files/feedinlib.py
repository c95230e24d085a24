"""CSV as feedinlib's examples have it (coastDat2): dhi, dirhi, pressure, temp_air, v_wind, z0.

Stamps have offsets and name the start of the hour: of the German example's 2010, irradiance fits the sun's
height best 15 to 30 minutes after the stamp. Kelvin, Pa, m/s at 10 m, roughness length z0 in m.
The file does not say where it was.
"""

from __future__ import annotations

import numpy as np

from energy.weather_files.content import Content, column_index, data_rows
from energy.weather_files.record import Options, Record
from traces.errors import InputError
from traces.stamps import parse_stamps
from traces.workload import shown

NAMES = {"dhi", "dirhi", "temp_air", "v_wind"}
ZERO_C_K = 273.15


def read(content: Content, options: Options) -> Record:
    """The record of a feedinlib file. `dirhi` is direct irradiance on the horizontal."""
    if options.year is not None:
        raise InputError(
            f"{content.where}: year= is for files of one year's months; this one has dates, drop it"
        )
    names = content.lines[0].split(",")
    rows = data_rows(content, 1, len(names))

    def column(name: str) -> np.ndarray:
        return rows.numbers(column_index(names, name, content, 1), name)

    stamps = parse_stamps([row[0].strip() for row in rows.cells], rows.lines.tolist(), content.where)
    if not stamps.in_utc:
        raise InputError(
            f"{content.at(2)}: stamp {shown(rows.cells[0][0])} has no offset: write it, as in +01:00"
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
    site = {"utc_offset_s": 0, "wind_height_m": 10.0}
    record = Record(content, site, stamps.seconds, rows.lines, columns, "middle")
    record.roughness_m = float(np.nanmedian(column("z0"))) if "z0" in names else None
    return record
