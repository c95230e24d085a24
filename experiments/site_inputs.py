"""A scenario's weather, and the power of the plants that stand in it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from energy.weather import Weather, read_weather
from experiments.config import SiteTable, SourceTable
from experiments.scenario import Loaded
from traces.errors import InputError
from traces.rates import RateSeries
from traces.series import PowerSeries

SOLAR = ("tilt_deg", "azimuth_deg", "tracking", "module", "inverter", "dc_ac_ratio", "losses_percent")
WIND = ("turbine", "hub_height_m", "roughness_m", "losses_percent")
"""Keys of a source that are the plant's own."""


def site_weather(loaded: Loaded, files: dict[str, Path]) -> Weather:
    """The weather of [site]. A file is noted in `files` for provenance."""
    site = loaded.scenario.site
    if site.weather is not None:
        files["weather"] = loaded.path(site.weather)
        return _weather(str(files["weather"]), _stamp(files["weather"]), site)
    return _weather(f"site:{site.name}", 0.0, site)


def _stamp(path: Path) -> float:
    """Time of the last change, so that a file edited in between is read again."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=4)
def _weather(source: str, changed: float, site: SiteTable) -> Weather:
    try:
        return read_weather(
            source, format=site.format, clear_sky=site.clear_sky, gaps=site.gaps, year=site.year
        )
    except InputError as error:
        raise InputError(str(error) if source in str(error) else f"site: {error}") from None


def plant_power(loaded: Loaded, source: SourceTable, capacity_kw: float, where: str) -> PowerSeries:
    """Power of a solar or wind source of that capacity, at the site."""
    site = loaded.scenario.site
    path = loaded.path(site.weather) if site.weather is not None else None
    key = f"site:{site.name}" if path is None else str(path)
    try:
        return _plant(key, 0.0 if path is None else _stamp(path), site, source, capacity_kw)
    except InputError as error:
        text = str(error).replace("read_weather(..., clear_sky=True)", "site.clear_sky = true")
        named = key in text or text.startswith("site:")
        raise InputError(text if named else f"{where}: {error}") from None


@lru_cache(maxsize=16)
def _plant(key: str, changed: float, site: SiteTable, source: SourceTable, capacity_kw: float) -> PowerSeries:
    weather = _weather(key, changed, site)
    how: dict[str, Any] = {"interpolation": source.interpolation} if source.interpolation else {}
    if source.kind == "solar":
        from energy.solar import SolarPlant, solar_power

        plant = SolarPlant(**_given(source, SOLAR))
        return solar_power(weather, plant, step_s=source.step_s, capacity_kw=capacity_kw, **how)
    from energy.wind import WindPlant, wind_power

    return wind_power(
        weather, WindPlant(**_given(source, WIND)), step_s=source.step_s, capacity_kw=capacity_kw, **how
    )


def _given(source: SourceTable, names: tuple[str, ...]) -> dict[str, Any]:
    given = {name: getattr(source, name) for name in names if getattr(source, name) is not None}
    return {{"turbine": "turbine_type"}.get(name, name): value for name, value in given.items()}


def outside_air_pue(weather: Weather, overhead: float) -> RateSeries:
    """PUE of cooling by outside air (energy.pue), and of everything else: `overhead` above 1."""
    from energy.pue import OUTSIDE_AIR, pue_series

    curve = OUTSIDE_AIR.plus(overhead) if overhead else OUTSIDE_AIR
    return pue_series(np.asarray(weather.temp_air_c), weather.start_utc, weather.step_s, curve)
