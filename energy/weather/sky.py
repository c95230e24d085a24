"""The sun's place and the clear sky at the middle of each step, and irradiance from cloud cover (pvlib)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from energy.weather.site_weather import Weather
from traces.errors import InputError, Parameter, Phrase

if TYPE_CHECKING:
    import pandas as pd
    from pvlib.location import Location

Components = tuple[np.ndarray, np.ndarray, np.ndarray]


def middles(weather: Weather) -> pd.DatetimeIndex:
    """The middle of each step, (N,), in UTC."""
    import pandas as pd

    first = pd.Timestamp(weather.start_utc) + pd.Timedelta(seconds=weather.step_s / 2)
    return pd.date_range(first, periods=len(weather), freq=pd.Timedelta(seconds=weather.step_s))


def location(weather: Weather) -> Location:
    """The site as pvlib's Location, with its clock in UTC."""
    from pvlib.location import Location

    return Location(weather.latitude_deg, weather.longitude_deg, tz="UTC", altitude=weather.altitude_m)


def sun(weather: Weather) -> pd.DataFrame:
    """The sun at the middle of each step: pvlib's solar position (NREL's SPA, Reda and Andreas 2004) [deg].

    doi:10.1016/j.solener.2003.12.003
    """
    return location(weather).get_solarposition(middles(weather))


def clear_sky(weather: Weather) -> Components:
    """(ghi, dni, dhi) [W/m2] of a cloudless sky, each (N,): Ineichen and Perez with Linke turbidity by month.

    Ineichen and Perez 2002, doi:10.1016/S0038-092X(02)00045-2; turbidity is pvlib's table, from SoDa.
    """
    sky = location(weather).get_clearsky(middles(weather), model="ineichen", solar_position=sun(weather))
    ghi, dni, dhi = (np.nan_to_num(sky[name].to_numpy()) for name in ("ghi", "dni", "dhi"))
    return ghi, dni, dhi


def under_clouds(weather: Weather) -> Components:
    """(ghi, dni, dhi) [W/m2], each (N,), from the clear sky and the cloud cover n (0 to 1).

    ghi = clear-sky ghi x (1 - 0.75 n^3.4), Kasten and Czeplak 1980, doi:10.1016/0038-092X(80)90391-6,
    fitted to ten years of hourly values at Hamburg; then split by `split`.
    """
    if weather.cloud_cover is None:
        raise InputError(
            Phrase("no cloud cover, so ", Parameter("clear_sky", True), " has nothing to go by"),
            where=weather.name,
            remedy="use another file",
        )
    ghi = clear_sky(weather)[0] * (1 - 0.75 * weather.cloud_cover**3.4)
    return split(ghi, weather)


def split(ghi_w_m2: np.ndarray, weather: Weather) -> Components:
    """Global irradiance as (ghi, dni, dhi) [W/m2] by Erbs, Klein and Duffie 1982.

    doi:10.1016/0038-092X(82)90302-4. The beam is 0 with the sun less than 3 degrees above the horizon.
    """
    from pvlib import irradiance

    parts = irradiance.erbs(ghi_w_m2, sun(weather)["zenith"].to_numpy(), middles(weather))
    return ghi_w_m2, np.asarray(parts["dni"]), np.asarray(parts["dhi"])


def beam_normal(direct_w_m2: np.ndarray, weather: Weather) -> np.ndarray:
    """Direct irradiance on the horizontal [W/m2] turned to the sun, (N,); 0 with the sun below 3 degrees."""
    zenith_deg = sun(weather)["zenith"].to_numpy()
    height = np.cos(np.radians(np.minimum(zenith_deg, 87)))
    return np.where(zenith_deg < 87, np.clip(direct_w_m2 / height, 0, 1361), 0)
