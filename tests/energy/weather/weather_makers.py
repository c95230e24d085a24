"""Small weather files of every format, right in all that a test does not break on purpose."""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.weather.site_weather import Weather

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


#: A place and a midnight (1 June 2020, UTC) for weather in the sun.
SUNNY = {"latitude_deg": 40.0, "longitude_deg": -105.0, "altitude_m": 1600.0}


def sunny_light(
    first_utc: datetime, rows: int, *, step_s: int = 3600, delay_s: int = 0
) -> list[tuple[float, float, float]]:
    """(ghi, dni, dhi) [W/m2] a row, which close with the sun `delay_s` after first_utc + row x step_s."""
    import pandas as pd
    from pvlib import solarposition

    instants = pd.date_range(first_utc, periods=rows, freq=pd.Timedelta(seconds=step_s))
    place = solarposition.get_solarposition(
        instants + pd.Timedelta(seconds=delay_s), *(SUNNY[name] for name in SUNNY)
    )
    height = np.clip(np.cos(np.radians(place["zenith"].to_numpy())), 0, None)
    dni = np.where(height > 0.05, 800.0, 0.0)
    dhi = np.where(height > 0, 60.0, 0.0)
    return list(zip(dhi + dni * height, dni, dhi, strict=True))


def local_hours(offset_h: float, days: int = 3) -> tuple[datetime, list[datetime]]:
    """(instant of local midnight of 1 June 2020, the clock's hours from it on, without a zone)."""
    first = datetime(2020, 6, 1, tzinfo=UTC) - timedelta(hours=offset_h)
    return first, [datetime(2020, 6, 1) + timedelta(hours=hour) for hour in range(24 * days)]


def sunny_tmy3(offset_h: float = -7, stated_h: float | None = None, delay_s: int = 1800) -> list[str]:
    """Three days of TMY3 at SUNNY; the sun is that of `delay_s` after each hour's start at `offset_h`."""
    first, hours = local_hours(offset_h)
    head = f'1,"X",CO,{offset_h if stated_h is None else stated_h},40.0,-105.0,1600'
    light = sunny_light(first, len(hours), delay_s=delay_s)
    rows = [
        f"{when:%m/%d/%Y},{when.hour + 1:02}:00,{ghi:.2f},{dni:.2f},{dhi:.2f},5,10,800,5"
        for when, (ghi, dni, dhi) in zip(hours, light, strict=True)
    ]
    return [head, TMY3_NAMES, *rows]


def sunny_epw(offset_h: float = -7, stated_h: float | None = None, delay_s: int = 1800) -> list[str]:
    """The same in EPW."""
    first, hours = local_hours(offset_h)
    light = sunny_light(first, len(hours), delay_s=delay_s)
    rows = [
        epw_row(when.hour + 1, when.day, at0=2020, at1=6, at9=80_000, at13=ghi, at14=dni, at15=dhi)
        for when, (ghi, dni, dhi) in zip(hours, light, strict=True)
    ]
    stated = offset_h if stated_h is None else stated_h
    head = f"LOCATION,X,CO,USA,made,1,40.0,-105.0,{stated},1600.0"
    return [head, *EPW_MIDDLE, "DATA PERIODS,1,1,Data,Monday,6/ 1,6/ 3", *rows]


def sunny_nsrdb(
    version: str | None, delay_s: int, *, offset_h: float = -7, clock_h: float | None = None
) -> list[str]:
    """Three days of hourly NSRDB stamped :00, whose values are those `delay_s` after the stamp.

    version : of the header, '' for a header without one, None for a file without header
    clock_h : of the rows, where it is not the site's `offset_h`
    """
    clock_h = offset_h if clock_h is None else clock_h
    first, hours = local_hours(clock_h)
    light = sunny_light(first, len(hours), delay_s=delay_s)
    rows = [
        f"2020,6,{when.day},{when.hour},0,{ghi:.2f},{dni:.2f},{dhi:.2f},10,5,800"
        for when, (ghi, dni, dhi) in zip(hours, light, strict=True)
    ]
    names = "Year,Month,Day,Hour,Minute,GHI,DNI,DHI,Temperature,Wind Speed,Pressure"
    if version is None:
        return [names, *rows]
    head = (
        "Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation,Local Time Zone,Version"
    )
    return [head, f"NSRDB,1,-,-,-,40.0,-105.0,{clock_h},1600,{offset_h},{version}", names, *rows]


def pvgis_tmy(delay_h: float | None = 0.2, days: int = 365) -> list[str]:
    """A PVGIS typical year (or its first days), whose values are those of 12 minutes after the stamps."""
    first = datetime(2019, 1, 1, tzinfo=UTC)
    light = sunny_light(first, 24 * days, delay_s=720)
    head = [
        "Latitude (decimal degrees): 40.0",
        "Longitude (decimal degrees): -105.0",
        "Elevation (m): 1600.0",
    ]
    head += [] if delay_h is None else [f"Irradiance Time Offset (h): {delay_h}"]
    head += ["month,year", *(f"{month},{2004 + month}" for month in range(1, 13))]
    rows = []
    for hour, (ghi, dni, dhi) in enumerate(light):
        when = first + timedelta(hours=hour)
        rows.append(
            f"{2004 + when.month}{when:%m%d:%H%M},5.0,50,{ghi:.2f},{dni:.2f},{dhi:.2f},300,4.0,90,80000"
        )
    tail = ["", "T2m: 2-m air temperature (degree Celsius)", "", "PVGIS (c) European Union, 2001-2025"]
    return [*head, "time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP", *rows, *tail]


def pvgis_hourly(slope: str = "0 deg.", hours: int = 48) -> list[str]:
    """A PVGIS hourly series with the parts of irradiance on a plane; stamps at :10."""
    first = datetime(2016, 6, 1, 0, 10, tzinfo=UTC)
    head = [
        "Latitude (decimal degrees):\t40.000",
        "Longitude (decimal degrees):\t-105.000",
        "Elevation (m):\t1600",
    ]
    head += ["Radiation database:\tPVGIS-SARAH", "", "", f"Slope: {slope} ", "Azimuth: 0 deg. "]
    rows = []
    for hour, (ghi, _, dhi) in enumerate(sunny_light(first, hours)):
        when = first + timedelta(hours=hour)
        rows.append(f"{when:%Y%m%d:%H%M},{ghi - dhi:.2f},{dhi:.2f},0.0,30.0,15.0,3.0,0.0")
    tail = [
        "",
        "Gb(i): Beam (direct) irradiance on the inclined plane (plane of the array) (W/m2)",
        "",
        "",
        "PVGIS",
    ]
    return [*head, "time,Gb(i),Gd(i),Gr(i),H_sun,T2m,WS10m,Int", *rows, *tail]


def openmeteo_csv(hours: int = 24, zone: str = "Europe/Berlin", offset_s: int = 7200) -> list[str]:
    """The answer of `openmeteo` as CSV."""
    answer = openmeteo(hours)
    rows = [f"{time},15.0,50,36.0" for time in answer["hourly"]["time"]]
    return [
        "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation",
        f"50.1,8.65,111.0,{offset_s},{zone},CEST",
        "",
        "time,temperature_2m (°C),cloudcover (%),windspeed_10m (km/h)",
        *rows,
    ]


def feedinlib_lines(offset: str = "+01:00", hours: int = 24) -> list[str]:
    """Hours of feedinlib's format from 1 January 2010 on."""
    stamps = [datetime(2010, 1, 1) + timedelta(hours=hour) for hour in range(hours)]
    rows = [f"{when:%Y-%m-%d %H:%M:%S}{offset},0.0,0.0,98405.7,267.599,5.3,0.15" for when in stamps]
    return [",dhi,dirhi,pressure,temp_air,v_wind,z0", *rows]


def tmy2_lines(offset_h: int = -5) -> list[str]:
    """1 January 1962 at Miami in TMY2's fixed columns."""
    head = f" 12839 MIAMI                  FL {offset_h:3} N 25 48 W  80 16     2"
    rows = []
    for hour in range(1, 25):
        cells = [" "] * 142
        for first, text in (
            (2, f"620101{hour:02}"), (18, "   0"), (24, "   0"), (30, "   0"), (60, " 5"), (68, " 150"),
            (85, "1018"), (96, " 41"),
        ):  # fmt: skip
            cells[first - 1 : first - 1 + len(text)] = text
        rows.append("".join(cells))
    return [head, *rows]
