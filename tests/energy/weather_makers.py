"""Small weather files of every format, right in all that a test does not break on purpose."""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from energy.weather import Weather

TMY3_NAMES = (
    "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),TotCld (tenths),Dry-bulb (C),"
    "Pressure (mbar),Wspd (m/s)"
)
EPW_MIDDLE = [
    "DESIGN CONDITIONS,0",
    "TYPICAL/EXTREME PERIODS,0",
    "GROUND TEMPERATURES,0",
    "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
    "COMMENTS 1,",
    "COMMENTS 2,",
]


def write(folder: Path, lines: Sequence[str], name: str = "weather.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tmy3_lines(
    hours: int = 24, ghi: str = "0", dni: str = "0", dhi: str = "0", temp: str = "10", wind: str = "5"
) -> list[str]:
    """1 January 1999 at Greensboro's header, hour by hour; the same values in each."""
    rows = [
        f"01/{1 + hour // 24:02}/1999,{hour % 24 + 1:02}:00,{ghi},{dni},{dhi},5,{temp},1000,{wind}"
        for hour in range(hours)
    ]
    return ['723170,"GREENSBORO",NC,-5.0,36.100,-79.950,273', TMY3_NAMES, *rows]


def typical_lines(days_in_february: int = 28) -> list[str]:
    """A whole TMY3 year whose months come from 1988, 1989 and so on; wind is the month's number."""
    rows = []
    for month in range(1, 13):
        year = 1987 + month
        days = days_in_february if month == 2 else calendar.monthrange(2019, month)[1]
        for day in range(1, days + 1):
            rows += [
                f"{month:02}/{day:02}/{year},{hour:02}:00,0,0,0,5,10,1000,{month}" for hour in range(1, 25)
            ]
    return [*tmy3_lines()[:2], *rows]


def epw_row(hour: int, day: int = 1, **values: object) -> str:
    cells = ["1999", "1", str(day), str(hour), "0", "?9", "10.0", "5.0", "50", "98000", "0", "0", "300"]
    cells += ["0", "0", "0", "0", "0", "0", "0", "180", "5.0", "5", "5", "20", "77777", "9", "999999999"]
    cells += ["0", "0", "0", "88", "0", "0", "0"]
    for place, value in values.items():
        cells[int(place.removeprefix("at"))] = str(value)
    return ",".join(cells)


def epw_lines(rows: Sequence[str] | None = None, last: str = "1/ 1") -> list[str]:
    head = "LOCATION,Tucson,AZ,USA,TMY3,722745,32.17,-110.88,-7.0,809.0"
    data = list(rows) if rows is not None else [epw_row(hour) for hour in range(1, 25)]
    return [head, *EPW_MIDDLE, f"DATA PERIODS,1,1,Data,Sunday,1/ 1,{last}", *data]


def nsrdb_lines(stamps: Sequence[tuple[int, int]], values: str = "0,0,0,10,5,800") -> list[str]:
    """1 June 2020 at the (hour, minute) given."""
    head = "Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation,Local Time Zone"
    names = "Year,Month,Day,Hour,Minute,GHI,DNI,DHI,Temperature,Wind Speed,Pressure"
    rows = [f"2020,6,1,{hour},{minute},{values}" for hour, minute in stamps]
    return [head, "NSRDB,1,-,-,-,40.5,-108.5,-7,1900,-7", names, *rows]


def openmeteo(hours: int = 24, **changes: object) -> dict:
    """An Open-Meteo answer for 1 June 2022 in Berlin's summer offset; wind 36 km/h."""
    hourly: dict = {
        "time": [f"2022-06-{1 + hour // 24:02}T{hour % 24:02}:00" for hour in range(hours)],
        "temperature_2m": [15.0] * hours,
        "cloudcover": [50] * hours,
        "windspeed_10m": [36.0] * hours,
    }
    units = {"time": "iso8601", "temperature_2m": "°C", "cloudcover": "%", "windspeed_10m": "km/h"}
    answer: dict = {
        "latitude": 50.1,
        "longitude": 8.65,
        "elevation": 111.0,
        "utc_offset_seconds": 7200,
        "timezone": "Europe/Berlin",
        "hourly_units": units,
        "hourly": hourly,
    }
    return answer | changes


def write_json(folder: Path, answer: object, name: str = "weather.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(answer), encoding="utf-8")
    return path


def made_weather(hours: int = 24, **changes: object) -> Weather:
    """Constant weather at Tucson from 1 June 2020, 07:00 UTC (local midnight); no light."""
    values: dict = {
        "name": "made",
        "latitude_deg": 32.2,
        "longitude_deg": -111.0,
        "altitude_m": 700.0,
        "utc_offset_s": -7 * 3600,
        "start_utc": datetime(2020, 6, 1, 7, tzinfo=UTC),
        "step_s": 3600,
        "temp_air_c": np.full(hours, 20.0),
        "wind_speed_m_s": np.full(hours, 5.0),
        "ghi_w_m2": np.zeros(hours),
        "dni_w_m2": np.zeros(hours),
        "dhi_w_m2": np.zeros(hours),
        "irradiance_source": "modelled",
    }
    return Weather(**(values | changes))
