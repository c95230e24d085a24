"""Each value stands where its format's manual says, in that unit, and what the manual calls missing is missing.

EPW: EnergyPlus, Auxiliary Programs, "Data dictionary". TMY2: Marion and Urban 1995, NREL/SP-463-7668, table 3-2.
NSRDB: the names of its columns; pressure in millibar.
"""

import numpy as np
import pytest

from energy.weather.weather_reader import read_weather
from tests.energy.weather.weather_makers import epw_lines, epw_row, nsrdb_lines, tmy2_lines, write
from traces.errors import InputError

EPW = {  # field of Weather -> place in a row, a value in the file, the value in Weather, and what means missing
    "temp_air_c": (6, "12.3", 12.3, "99.9"),
    "pressure_pa": (9, "97531", 97_531, "999999"),
    "ghi_w_m2": (13, "0", 0, "9999"),
    "dni_w_m2": (14, "0", 0, "9999"),
    "dhi_w_m2": (15, "0", 0, "9999"),
    "wind_speed_m_s": (21, "7.4", 7.4, "999"),
    "cloud_cover": (22, "7", 0.7, "99"),
}
TMY2 = {  # field of Weather -> first and last character counted from 1, and the same
    "ghi_w_m2": (18, 21, "0000", 0, "9999"),
    "dni_w_m2": (24, 27, "0000", 0, "9999"),
    "dhi_w_m2": (30, 33, "0000", 0, "9999"),
    "cloud_cover": (60, 61, "07", 0.7, "99"),
    "temp_air_c": (68, 71, "0123", 12.3, "9999"),
    "pressure_pa": (85, 88, "0975", 97_500, "9999"),
    "wind_speed_m_s": (96, 98, "074", 7.4, "999"),
}
NSRDB = ["GHI", "DNI", "DHI", "Temperature", "Wind Speed", "Pressure"]


def epw_at_noon(place, value):
    return epw_lines(
        [epw_row(hour, **({f"at{place}": value} if hour == 12 else {})) for hour in range(1, 25)]
    )


def tmy2_at_noon(first, last, value):
    lines = tmy2_lines()
    lines[12] = lines[12][: first - 1] + value.rjust(last - first + 1) + lines[12][last:]
    return lines


CASES = [
    *(("epw", name, epw_at_noon, (place,), *rest) for name, (place, *rest) in EPW.items()),
    *(("tmy2", name, tmy2_at_noon, (first, last), *rest) for name, (first, last, *rest) in TMY2.items()),
]


@pytest.mark.parametrize(("kind", "name", "lines", "where", "written", "meant", "missing"), CASES)
def test_the_value_at_noon(tmp_path, kind, name, lines, where, written, meant, missing):
    weather = read_weather(write(tmp_path, lines(*where, written), f"a.{kind}"))
    assert getattr(weather, name)[11] == pytest.approx(meant)
    assert not weather.report.repairs
    others = np.delete(getattr(weather, name), 11)
    assert (others == others[0]).all()


@pytest.mark.parametrize(("kind", "name", "lines", "where", "written", "meant", "missing"), CASES)
def test_what_means_missing_is_filled_from_its_neighbours(
    tmp_path, kind, name, lines, where, written, meant, missing
):
    path = write(tmp_path, lines(*where, missing), f"a.{kind}")
    weather = read_weather(path, gaps="interpolate")
    values = getattr(weather, name)
    assert values[11] == pytest.approx((values[10] + values[12]) / 2)
    assert weather.report.repairs[f"missing_{name}"].count == 1
    if name not in ("pressure_pa", "cloud_cover"):  # these are of use, and can be done without
        with pytest.raises(InputError, match=f"{name} is missing"):
            read_weather(path)


@pytest.mark.parametrize("name", NSRDB)
def test_an_nsrdb_file_without_a_column(tmp_path, name):
    lines = nsrdb_lines([(hour, 0) for hour in range(24)], "0,0,0,11.5,6.5,812")
    place = lines[2].split(",").index(name)
    without = [lines[0], lines[1], *(",".join(np.delete(line.split(","), place)) for line in lines[2:])]
    path = write(tmp_path, without)
    if name == "Pressure":
        weather = read_weather(path)
        assert (
            weather.pressure_pa is None and weather.temp_air_c[0] == 11.5 and weather.wind_speed_m_s[0] == 6.5
        )
    else:
        with pytest.raises(InputError, match=name):
            read_weather(path, format="nsrdb")
    assert read_weather(write(tmp_path, lines, "b.csv")).pressure_pa[0] == 81_200
