"""Weather of a scenario's site, and power of its solar and wind plants."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from energy.weather.site_weather import Weather
from energy.weather.weather_reader import read_weather
from rare.scenario.config.scenario_config import SiteTable, SourceTable
from rare.scenario.config.supply_tables import WEATHER_FILE_KEYS
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.key_words import keys_of
from rare.scenario.load import Loaded
from traces.errors import InputError
from traces.series.power_series import PowerSeries
from traces.series.rate_series import RateSeries

SOLAR = ("tilt_deg", "azimuth_deg", "tracking", "module", "inverter", "dc_ac_ratio", "losses_percent")
WIND = ("turbine", "hub_height_m", "roughness_m", "losses_percent")
"""Keys of a source that are arguments of the plant."""


def site_weather(loaded: Loaded, record: BuildRecord) -> Weather:
    """The weather of [site]. A file is noted in the record."""
    site = loaded.scenario.site
    if site.weather is not None:
        record.files["weather"] = loaded.path(site.weather)
        return _weather(str(record.files["weather"]), _stamp(record.files["weather"]), site)
    return _weather(f"site:{site.name}", 0.0, site)


#: Notes of a reader that say nothing new beside a scenario: where a typical year lies is in the docs, what a
#: plant lacks it says itself, and of UTC power_inputs tells.
_LEFT_OUT = ("typical_year", "no_irradiance", "utc_assumed")


def weather_notes(weather: Weather) -> list[str]:
    """Repairs and notes of the weather file, one line each; empty for a site given by name."""
    if weather.report is None or weather.name.startswith("site:"):
        return []
    report = weather.report
    repairs = [f"{weather.name}: {repair.count} x {repair.text}" for repair in report.repairs.values()]
    notes = [note for code, note in report.notes.items() if code not in _LEFT_OUT]
    return repairs + [f"{weather.name}: {note.worded(_SITE_WORDS)}" for note in notes]


_SITE_WORDS = keys_of("site", {"zone": "supply.site_zone"})


def _stamp(path: Path) -> float:
    """Time of the last change, so that a file edited in between is read again."""
    try:
        return path.stat().st_mtime
    except (OSError, ValueError):  # a name that no file can have; the reader says so
        return 0.0


@lru_cache(maxsize=4)
def _weather(source: str, changed: float, site: SiteTable) -> Weather:
    try:
        return read_weather(source, **{name: getattr(site, name) for name in WEATHER_FILE_KEYS})
    except InputError as error:
        raise error.worded(_SITE_WORDS).at("site") from None


def plant_power(loaded: Loaded, source: SourceTable, capacity_kw: float, where: str) -> PowerSeries:
    """Power of a solar or wind source of that capacity, at the site."""
    site = loaded.scenario.site
    path = loaded.path(site.weather) if site.weather is not None else None
    key = f"site:{site.name}" if path is None else str(path)
    changed = 0.0 if path is None else _stamp(path)
    _weather(key, changed, site)  # its errors are the site's, those below the plant's
    try:
        return _plant(key, changed, site, source, capacity_kw)
    except InputError as error:
        raise error.worded(_SITE_WORDS).within(where) from None


@lru_cache(maxsize=16)
def _plant(key: str, changed: float, site: SiteTable, source: SourceTable, capacity_kw: float) -> PowerSeries:
    weather = _weather(key, changed, site)
    how: dict[str, Any] = {"interpolation": source.interpolation} if source.interpolation else {}
    if source.kind == "solar":
        from energy.plants.solar import SolarPlant, solar_power

        plant = SolarPlant(**_plant_arguments(source, SOLAR))
        return solar_power(weather, plant, step_s=source.step_s, capacity_kw=capacity_kw, **how)
    from energy.plants.wind import WindPlant, wind_power

    return wind_power(
        weather,
        WindPlant(**_plant_arguments(source, WIND)),
        step_s=source.step_s,
        capacity_kw=capacity_kw,
        **how,
    )


def _plant_arguments(source: SourceTable, names: tuple[str, ...]) -> dict[str, Any]:
    arguments = {name: getattr(source, name) for name in names if getattr(source, name) is not None}
    return {{"turbine": "turbine_type"}.get(name, name): value for name, value in arguments.items()}


def outside_air_pue(weather: Weather, overhead: float) -> RateSeries:
    """PUE of cooling by outside air (energy.datacenter.pue), and of everything else: `overhead` above 1."""
    from energy.datacenter.pue import OUTSIDE_AIR, pue_series

    curve = OUTSIDE_AIR.plus(overhead) if overhead else OUTSIDE_AIR
    return pue_series(np.asarray(weather.temp_air_c), weather.start_utc, weather.step_s, curve)
