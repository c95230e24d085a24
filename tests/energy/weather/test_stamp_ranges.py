"""The first and the last year, month, day and hour of each kind of stamp, and what lies just beyond."""

import pytest

from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import (
    epw_lines,
    epw_row,
    nsrdb_lines,
    pvgis_hourly,
    pvgis_tmy,
    tmy3_lines,
    write,
)
from traces.errors import InputError


def pvgis(stamp):
    lines = pvgis_hourly()
    place = next(i for i, line in enumerate(lines) if line.startswith("20160601:0010"))
    row = lines[place].partition(",")[2]
    return [*lines[:place], f"{stamp},{row}", *lines[place + 1 :]]


def tmy3(date, hour):
    lines = tmy3_lines()
    return [*lines[:2], f"{date},{hour},{lines[2].split(',', 2)[2]}", *lines[3:]]


def epw(year=1999, month=1, day=1, hour=1):
    return epw_lines([epw_row(hour, day, at0=year, at1=month), *(epw_row(later) for later in range(2, 25))])


@pytest.mark.parametrize(
    "stamp", ["18991231:2310", "22000101:0010", "20160001:0010", "20161301:0010", "20160100:0010", "20160132:0010",
              "20160101:2410", "20160101:0060", "2016-01-01", "20160101:001"],
)  # fmt: skip
def test_no_pvgis_stamp(tmp_path, stamp):
    with pytest.raises(InputError, match="is no PVGIS stamp"):
        read_weather(write(tmp_path, pvgis(stamp)), format="pvgis")


@pytest.mark.parametrize(
    ("date", "hour"),
    [("12/31/1899", "24:00"), ("01/01/2200", "01:00"), ("00/01/1999", "01:00"), ("13/01/1999", "01:00"),
     ("01/00/1999", "01:00"), ("01/32/1999", "01:00"), ("01/01/1999", "25:00"), ("01/01/1999", "24:01"),
     ("01/01/1999", "00:30")],
)  # fmt: skip
def test_no_tmy3_stamp(tmp_path, date, hour):
    with pytest.raises(InputError, match="out of range|no TMY3 stamp"):
        read_weather(write(tmp_path, tmy3(date, hour)), format="tmy3")


@pytest.mark.parametrize(
    ("cells", "name"),
    [({"year": 1899}, "year"), ({"year": 2200}, "year"), ({"month": 0}, "month"), ({"month": 13}, "month"),
     ({"day": 0}, "day"), ({"day": 32}, "day"), ({"hour": 0}, "hour"), ({"hour": 25}, "hour")],
)  # fmt: skip
def test_no_epw_stamp(tmp_path, cells, name):
    with pytest.raises(InputError, match=f":9: {name} "):
        read_weather(write(tmp_path, epw(**cells)), format="epw")


@pytest.mark.parametrize("year", [1900, 2199])
def test_the_first_and_the_last_year(tmp_path, year):
    rows = [f"{year}0101:{hour:02}10" for hour in range(24)]
    lines = pvgis_hourly()
    place = next(i for i, line in enumerate(lines) if line.startswith("20160601:0010"))
    row = lines[place].partition(",")[2]
    weather = read_weather(write(tmp_path, [*lines[:place], *(f"{stamp},{row}" for stamp in rows)]))
    assert weather.start_utc.year in (year, year - 1) and len(weather) == 24
    weather = read_weather(
        write(tmp_path, [line.replace("/1999", f"/{year}") for line in tmy3_lines()], "b.csv")
    )
    assert weather.start_utc.year == year
    stamps = nsrdb_lines([(hour, 0) for hour in range(24)])
    weather = read_weather(write(tmp_path, [line.replace("2020,6", f"{year},6") for line in stamps], "c.csv"))
    assert weather.start_utc.year == year


@pytest.mark.parametrize(("delay_h", "good"), [(24, True), (24.01, False), (-25, False)])
def test_pvgis_delays_of_a_day_at_most(tmp_path, delay_h, good):
    path = write(tmp_path, pvgis_tmy(delay_h))
    if good:
        assert len(read_weather(path)) == 8760
    else:
        with pytest.raises(InputError, match="[Ii]rradiance time offset"):
            read_weather(path)
