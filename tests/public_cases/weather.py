"""Weather files: clocks, stamps, leap years, missing values. The sun's place is pvlib's."""

from __future__ import annotations

import calendar
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np

from energy.plants.solar import SolarPlant, solar_power
from energy.plants.wind import WindPlant, wind_power
from energy.weather.site_weather import Weather
from energy.weather.weather_reader import read_weather
from tests.public_cases.files import place, write_lines
from tests.public_cases.registry import case, refusal

AREA = "weather files"
PLACE = (40.0, -105.0, 1600.0)
TMY3_NAMES = (
    "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),TotCld (tenths),Dry-bulb (C),"
    "Pressure (mbar),Wspd (m/s)"
)
NSRDB_NAMES = "Year,Month,Day,Hour,Minute,GHI,DNI,DHI,Temperature,Wind Speed,Pressure"
NSRDB_KEYS = (
    "Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation,Local Time Zone,Version"
)
Light = tuple[float, float, float]  # ghi, dni, dhi [W/m2]
DARK: Light = (0.0, 0.0, 0.0)


def light(instants: list[datetime]) -> list[Light]:
    """A beam of 800 and a sky of 60 W/m2, at these instants in UTC; GHI = DHI + DNI cos(zenith)."""
    import pandas as pd
    from pvlib import solarposition

    sun = solarposition.get_solarposition(pd.DatetimeIndex(instants), *PLACE)
    height = np.clip(np.cos(np.radians(sun["zenith"].to_numpy())), 0, None)
    return [
        (60 + 800 * h, 800.0, 60.0) if h > 0.05 else ((60.0, 0.0, 60.0) if h > 0 else DARK) for h in height
    ]


def hours(count: int = 24, first: datetime = datetime(2020, 6, 1)) -> list[datetime]:
    return [first + timedelta(hours=hour) for hour in range(count)]


def tmy3(
    offset: Any, rows: list[tuple[datetime, Light]], midnight: str = "24:00", temp: str = "10"
) -> list[str]:
    """TMY3 at PLACE; each row by the beginning of its hour, on the station's clock."""
    lines = [f'723170,"X",CO,{offset},{PLACE[0]},{PLACE[1]},{PLACE[2]}', TMY3_NAMES]
    for begin, values in rows:
        day, clock = begin, f"{begin.hour + 1:02}:00"
        if begin.hour == 23:
            day, clock = (begin, midnight) if midnight == "24:00" else (begin + timedelta(days=1), midnight)
        lines.append(f"{day:%m/%d/%Y},{clock},{','.join(f'{v:.2f}' for v in values)},5,{temp},1000,5")
    return lines


def epw(offset: Any, rows: list[tuple[datetime, Light]], last: str = "6/ 1") -> list[str]:
    """EPW at PLACE."""
    lines = [f"LOCATION,X,CO,USA,made,1,{PLACE[0]},{PLACE[1]},{offset},{PLACE[2]}"]
    lines += ["DESIGN CONDITIONS,0", "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0"]
    lines += ["HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0", "COMMENTS 1,", "COMMENTS 2,"]
    lines += [f"DATA PERIODS,1,1,Data,Monday,6/ 1,{last}"]
    for begin, (ghi, dni, dhi) in rows:
        cells = [begin.year, begin.month, begin.day, begin.hour + 1, 0, "?9", 10.0, 5.0, 50, 80000, 0, 0, 300]
        cells += [
            round(ghi, 2),
            dni,
            dhi,
            0,
            0,
            0,
            0,
            180,
            5.0,
            5,
            5,
            20,
            77777,
            9,
            999999999,
            0,
            0,
            0,
            88,
            0,
            0,
            0,
        ]
        lines.append(",".join(str(cell) for cell in cells))
    return lines


def nsrdb(
    rows: list[tuple[datetime, Light]], zone: Any = -7, local: Any = -7, version: str = "3.2.0"
) -> list[str]:
    """NSRDB at PLACE; each row by its stamp."""
    lines = [
        NSRDB_KEYS,
        f"NSRDB,1,-,-,-,{PLACE[0]},{PLACE[1]},{zone},{PLACE[2]:.0f},{local},{version}",
        NSRDB_NAMES,
    ]
    for stamp, (ghi, dni, dhi) in rows:
        lines.append(
            f"{stamp.year},{stamp.month},{stamp.day},{stamp.hour},{stamp.minute},{ghi:.2f},{dni:.0f},{dhi:.0f},10,5,800"
        )
    return lines


def dark(stamps: list[datetime]) -> list[tuple[datetime, Light]]:
    return [(stamp, DARK) for stamp in stamps]


def sunny(stamps: list[datetime], offset_h: float, delay_s: int) -> list[tuple[datetime, Light]]:
    """Rows whose light is that of `delay_s` after the stamp, on a clock `offset_h` before UTC."""
    shift = timedelta(seconds=delay_s) - timedelta(hours=offset_h)
    return list(zip(stamps, light([(stamp + shift).replace(tzinfo=UTC) for stamp in stamps]), strict=True))


def read(lines: list[str], name: str = "weather.csv", **options: Any) -> Weather:
    return read_weather(write_lines(lines, name), **options)


def begins(weather: Weather) -> list[Any]:
    """Its first instant on the UTC clock, without the year, and its hours."""
    return [f"{weather.start_utc:%m-%d %H:%M}", weather.duration_s / 3600]


def closes(weather: Weather) -> bool:
    """Whether GHI = DHI + DNI cos(zenith) holds to 6 W/m2 with the sun in the middle of each step."""
    first = weather.start_utc + timedelta(seconds=weather.step_s // 2)
    instants = [first + timedelta(seconds=weather.step_s * k) for k in range(len(weather))]
    import pandas as pd
    from pvlib import solarposition

    sun = solarposition.get_solarposition(pd.DatetimeIndex(instants), *PLACE)
    height = np.clip(np.cos(np.radians(sun["zenith"].to_numpy())), 0, None)
    ghi, dni, dhi = weather.irradiance()
    return bool(np.abs(dhi + dni * height - ghi).mean() < 6)


@case(
    AREA,
    [["06-01 07:00", 24.0], True],
    "hour 1 is 00:00 to 01:00 of the station, 7 h behind UTC",
    "pvlib #1156",
)
def hour_one_of_epw_begins_at_midnight() -> Any:
    weather = read(epw(-7.0, sunny(hours(), -7, 1800)), "x.epw")
    return [begins(weather), closes(weather)]


@case(AREA, ["05-31 18:30", 19_800], "New Delhi is 5.5 h ahead of UTC", "eplusr #113")
def half_hours_in_the_zone_of_epw() -> Any:
    weather = read(epw(5.5, dark(hours())), "x.epw")
    return [begins(weather)[0], weather.utc_offset_s]


@case(AREA, ["05-31 23:00"], "03:00 of UTC+1 is 02:00 UTC", "AixWeather #46")
def a_zone_ahead_of_utc_moves_back() -> Any:
    return [begins(read(epw(1.0, dark(hours())), "x.epw"))[0]]


@case(
    AREA,
    [["06-01 07:00", 24.0], True],
    "24:00 is the end of the day, not its beginning",
    "pvlib #889, PR 866",
)
def twenty_four_of_tmy3_ends_the_day() -> Any:
    weather = read(tmy3(-7, sunny(hours(), -7, 1800)))
    return [begins(weather), closes(weather)]


@case(
    AREA,
    [["06-01 07:00", 24.0]],
    "00:00 of the next day is 24:00 of this one",
    "pvlib PR 1494 (SolarAnywhere)",
)
def midnight_of_tmy3_may_be_written_as_zero() -> Any:
    return [begins(read(tmy3(-7, dark(hours()), midnight="00:00")))]


@case(AREA, [8760.0, True], "months of eight years in one year, February from a leap year", "pvlib #865")
def a_typical_year_with_a_february_of_1996() -> Any:
    weather = read_weather("site:greensboro")
    return [weather.duration_s / 3600, weather.typical_year]


@case(AREA, [["06-01 07:00", 3600]], ":30 is the middle of 00:00 to 01:00", "pvlib #733")
def hourly_nsrdb_stamped_at_the_half() -> Any:
    weather = read(nsrdb(dark(hours(24, datetime(2020, 6, 1, 0, 30)))))
    return [[begins(weather)[0], weather.step_s]]


@case(
    AREA, [["06-01 07:00", 72.0], True], "PSM 3 at :00 is the start of its hour", "pvlib #731; its test files"
)
def hourly_nsrdb_of_version_three() -> Any:
    weather = read(nsrdb(sunny(hours(72), -7, 1800), version="3.0.6"))
    return [begins(weather), closes(weather)]


@case(
    AREA,
    [["06-01 06:30", 72.0], True],
    "GHI = DHI + DNI cos(zenith) closes at the stamp",
    "pvlib PR 2378; its test files",
)
def hourly_nsrdb_of_version_four() -> Any:
    weather = read(nsrdb(sunny(hours(72), -7, 0), version="4.0.0"))
    return [begins(weather), closes(weather)]


@case(
    AREA,
    ["06-01 00:00", -25_200],
    "Time Zone 0 is the rows', Local Time Zone the site's",
    "PVDegradationTools #162, SAM #1022",
)
def nsrdb_in_utc_keeps_the_clock_of_the_site() -> Any:
    weather = read(nsrdb(dark(hours()), zone=0, local=-7))
    return [begins(weather)[0], weather.utc_offset_s]


@case(
    AREA,
    [["06-01 07:00", -25_200]] * 2,
    "one of the two is empty: the other counts",
    "ssc PR 1140 (NSRDB MSG V1.0.0)",
)
def nsrdb_with_one_empty_zone() -> Any:
    found = [read(nsrdb(dark(hours()), zone=zone, local=local)) for zone, local in (("", -7), (-7, ""))]
    return [[begins(weather)[0], weather.utc_offset_s] for weather in found]


def year_of(year: int, leap_day: bool) -> list[datetime]:
    days = 366 if calendar.isleap(year) else 365
    stamps = hours(24 * days, datetime(year, 1, 1, 0, 30))
    return [stamp for stamp in stamps if leap_day or (stamp.month, stamp.day) != (2, 29)]


@case(
    AREA, [8784.0, 24], "29 February repeats the day before, and its 24 h are counted", "pvlib #1476, #1481"
)
def a_leap_year_without_its_day() -> Any:
    weather = read(nsrdb(dark(year_of(2020, False))))
    counted = max((each.count for each in weather.report.repairs.values()), default=0)
    return [weather.duration_s / 3600, counted]


@case(AREA, [8784.0, 0], "it is all there", "SAM #700, #917")
def a_leap_year_with_its_day() -> Any:
    weather = read(nsrdb(dark(year_of(2020, True))))
    return [weather.duration_s / 3600, len(weather.report.repairs)]


def noted(weather: Weather, *words: str) -> bool:
    """Whether a note of the reader has all the words."""
    return any(all(word in note.text for word in words) for note in weather.report.notes.values())


@case(
    AREA,
    [True, False],
    "the rows close in UTC and not in the header's zone 1",
    "bifacial_radiance #85 (PVGIS' EPW)",
)
def rows_in_utc_under_another_zone_are_noted() -> Any:
    wrong = read(epw(1.0, sunny(hours(72), 0, 1800), last="6/ 3"), "x.epw")
    right = read(epw(0.0, sunny(hours(72), 0, 1800), last="6/ 3"), "x.epw")
    return [noted(wrong, "UTC"), noted(right, "fit")]


def pvgis() -> list[str]:
    first = datetime(2019, 1, 1)
    lines = [
        "Latitude (decimal degrees): 40.0",
        "Longitude (decimal degrees): -105.0",
        "Elevation (m): 1600.0",
    ]
    lines += ["month,year", *(f"{month},{2004 + month}" for month in range(1, 13))]
    lines += ["time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP"]
    for stamp in hours(8760, first):
        lines.append(f"{2004 + stamp.month}{stamp:%m%d:%H%M},5.0,50,0,0,0,300,4.0,90,80000")
    return lines


@case(
    AREA,
    ["12-31 23:30", 8760.0],
    "the row of 00:00 is the hour around 00:00 UTC",
    "pvlib #2139; PVGIS' manual",
)
def a_typical_year_of_pvgis_is_in_utc() -> Any:
    return begins(read(pvgis()))


def openmeteo(stamps: list[str], offset_s: int, **hourly: list[float]) -> Any:
    units = {"time": "iso8601", "temperature_2m": "°C", "windspeed_10m": "km/h", "cloudcover": "%"}
    units |= dict.fromkeys(("shortwave_radiation", "direct_normal_irradiance", "diffuse_radiation"), "W/m²")
    table = {"temperature_2m": [15.0], "windspeed_10m": [36.0], "cloudcover": [50]}
    table = {key: values * len(stamps) for key, values in table.items()} | hourly
    answer = {
        "latitude": 50.1, "longitude": 8.65, "elevation": 111.0, "utc_offset_seconds": offset_s,
        "timezone": "Europe/Berlin", "hourly_units": {key: units[key] for key in ("time", *table)},
        "hourly": {"time": stamps, **table},
    }  # fmt: skip
    path = place("openmeteo.json")
    path.write_text(json.dumps(answer), encoding="utf-8")
    return read_weather(path)


@case(
    AREA, ["05-31 22:00", 10.0], "00:00 at an offset of 7200 s; 36 km/h are 10 m/s", "open-meteo #1243, #1333"
)
def open_meteo_writes_the_clock_of_its_offset() -> Any:
    weather = openmeteo([f"{stamp:%Y-%m-%dT%H:%M}" for stamp in hours(24, datetime(2022, 6, 1))], 7200)
    return [begins(weather)[0], float(weather.wind_speed_m_s[0])]


@case(
    AREA,
    [48.0, 0],
    "its offset is one for all rows: the clock change leaves no gap",
    "open-meteo #1764, #488",
)
def open_meteo_through_a_clock_change() -> Any:
    weather = openmeteo([f"{stamp:%Y-%m-%dT%H:%M}" for stamp in hours(48, datetime(2022, 3, 26))], 3600)
    return [weather.duration_s / 3600, len(weather.report.repairs)]


@case(AREA, ["03:00", "04:00"], "the value at 06:00 is of 05:00 to 06:00, in UTC+2", "evcc #20939")
def radiation_of_open_meteo_is_of_the_hour_before() -> Any:
    stamps = [f"{stamp:%Y-%m-%dT%H:%M}" for stamp in hours(24, datetime(2022, 6, 1))]
    ghi = [100.0 if stamp.endswith("T06:00") else 0.0 for stamp in stamps]
    zero = [0.0] * 24
    found = openmeteo(
        stamps, 7200, shortwave_radiation=ghi, direct_normal_irradiance=zero, diffuse_radiation=ghi
    )
    first = found.start_utc + timedelta(seconds=int(np.argmax(found.ghi_w_m2)) * found.step_s)
    return [f"{first:%H:%M}", f"{first + timedelta(seconds=found.step_s):%H:%M}"]


@case(AREA, ["refused", 0.0], "no light is below zero", "pvlib #2678")
def negative_irradiance_is_refused_or_raised() -> Any:
    rows = [(stamp, (-2.0, 0.0, 0.0)) for stamp in hours()]
    raised = read(tmy3(-7, rows), negatives="zero")
    return [refusal(lambda: read(tmy3(-7, rows)), "negatives"), float(np.max(raised.ghi_w_m2))]


@case(
    AREA,
    "refused",
    "9999 is EPW's mark of a missing value, not a light",
    "pvlib PR 677; EnergyPlus' dictionary",
)
def missing_values_of_epw_are_no_numbers() -> Any:
    rows = [(stamp, (9999.0, 0.0, 0.0) if stamp.hour == 12 else DARK) for stamp in hours()]
    return refusal(lambda: read(epw(-7.0, rows), "x.epw"), "gaps")


@case(AREA, "refused", "280 is a temperature in kelvin", "own: a slip of the unit")
def kelvin_is_no_temperature_in_celsius() -> Any:
    return refusal(lambda: read(tmy3(-7, dark(hours()), temp="280")), ":3:")


@case(
    AREA,
    ["12-31 23:00", -1],
    "dhi + dirhi is GHI; the stamp is the start of the hour, +01:00",
    "feedinlib's example file",
)
def a_file_of_feedinlib_is_read() -> Any:
    rows = [
        f"{stamp:%Y-%m-%d %H:%M:%S}+01:00,0.0,0.0,98405.7,267.6,5.3,0.15"
        for stamp in hours(24, datetime(2010, 1, 1))
    ]
    weather = read(
        [",dhi,dirhi,pressure,temp_air,v_wind,z0", *rows],
        latitude_deg=50.0,
        longitude_deg=8.0,
        altitude_m=100.0,
    )
    return [begins(weather)[0], -1 if weather.wind_speed_m_s[0] == 5.3 else 0]


def blowing(speed_m_s: float) -> float:
    weather = read(tmy3(-7, dark(hours(3))))
    strong = replace(weather, wind_speed_m_s=np.full(3, speed_m_s), wind_height_m=119.0)
    return float(
        wind_power(
            strong, WindPlant(turbine_type="V112/3000", hub_height_m=119), capacity_kw=600
        ).power_mw.max()
    )


@case(AREA, [0.0, True], "above 25 m/s the turbine is stopped", "atlite #314, OpenOA #133")
def a_storm_gives_no_power() -> Any:
    return [blowing(30.0), blowing(14.0) > 0]


def of_the_sun(look: Callable[[Any], Any], **plant: Any) -> Any:
    weather = read(tmy3(-7, sunny(hours(72), -7, 1800)))
    return look(solar_power(weather, SolarPlant(tilt_deg=30, **plant), capacity_kw=100))


@case(AREA, [72.0, 0, True], "the night is dark and in the series", "pvlib #191")
def a_night_under_perez_is_zero_and_kept() -> Any:
    def look(power: Any) -> Any:
        night = power.at(1 * 3600)
        return [power.end_s / 3600, int(night), bool(power.power_mw.max() > 0)]

    return of_the_sun(look, transposition="perez")


@case(
    AREA,
    ["UTC-07:00", "UTC+05:45"],
    "the file's own offset is the site's clock, not UTC",
    "docs/reference/weather.md; MPCPy #130",
)
def the_zone_of_a_site_is_that_of_its_file() -> Any:
    from rare.scenario.inputs.run_clock import site_zone

    stated: Any = SimpleNamespace(supply=SimpleNamespace(site_zone=None, source=[]))
    return [site_zone(stated, read(tmy3(offset, dark(hours()))).zone) for offset in (-7, 5.75)]
