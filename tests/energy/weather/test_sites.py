"""The sites that come with pvlib."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pvlib
import pytest

from energy.weather.site_weather import NOMINAL_YEAR
from energy.weather.sites import SITES, known_sites, read_site
from traces.errors import InputError

FOLDER = Path(pvlib.__file__).parent / "data"


@pytest.mark.parametrize(("name", "file"), [("greensboro", "723170TYA.CSV"), ("sand-point", "703165TY.csv")])
def test_tmy3_agrees_with_pvlib(name, file):
    weather = read_site(name)
    theirs, meta = pvlib.iotools.read_tmy3(FOLDER / file, map_variables=True)
    assert np.array_equal(weather.ghi_w_m2, theirs["ghi"].to_numpy())
    assert np.array_equal(weather.dhi_w_m2, theirs["dhi"].to_numpy())
    assert np.array_equal(weather.temp_air_c, theirs["temp_air"].to_numpy())
    assert np.array_equal(weather.wind_speed_m_s, theirs["wind_speed"].to_numpy())
    assert (weather.latitude_deg, weather.longitude_deg) == (meta["latitude"], meta["longitude"])


def test_tmy2_agrees_with_pvlib():
    weather = read_site("miami")
    theirs, meta = pvlib.iotools.read_tmy2(FOLDER / "12839.tm2")
    assert np.array_equal(weather.ghi_w_m2, theirs["GHI"].to_numpy())
    assert np.array_equal(weather.dni_w_m2, theirs["DNI"].to_numpy())
    assert np.allclose(weather.temp_air_c, theirs["DryBulb"].to_numpy() / 10)
    assert np.allclose(weather.wind_speed_m_s, theirs["Wspd"].to_numpy() / 10)
    assert np.allclose(weather.pressure_pa, theirs["Pressure"].to_numpy() * 100)
    assert weather.longitude_deg == pytest.approx(meta["longitude"])


@pytest.mark.parametrize("name", known_sites())
def test_zone_is_known_without_reading_the_year(name):
    assert read_site(name).zone == SITES[name].zone


@pytest.mark.parametrize(("name", "offset_h"), [("greensboro", -5), ("miami", -5), ("sand-point", -9)])
def test_a_whole_typical_year_from_local_midnight(name, offset_h):
    weather = read_site(name)
    assert weather.typical_year
    assert len(weather) == 8760
    assert weather.start_utc == datetime(NOMINAL_YEAR, 1, 1, -offset_h, tzinfo=UTC)
    assert weather.name == f"site:{name}"


@pytest.mark.parametrize("name", known_sites())
def test_noon_is_where_the_sun_is_highest(name):
    # The mean day of irradiance must be centred on solar noon: a stamp off by an hour would show here.
    from energy.weather.sky import sun

    weather = read_site(name)
    elevation_deg = sun(weather)["elevation"].to_numpy().reshape(-1, 24)
    light = weather.ghi_w_m2.reshape(-1, 24)
    hours = np.arange(24)
    centre_light = (light.sum(axis=0) * hours).sum() / light.sum()
    height = np.clip(np.sin(np.radians(elevation_deg)), 0, None).sum(axis=0)
    assert centre_light == pytest.approx((height * hours).sum() / height.sum(), abs=0.25)


def test_an_unknown_site_lists_the_known_ones():
    with pytest.raises(InputError, match="did you mean 'greensboro'.*greensboro, miami, sand-point"):
        read_site("Greensborough")
