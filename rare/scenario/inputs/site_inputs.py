"""Weather of a scenario's site, and power of its solar and wind plants."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from energy.weather.site_weather import Weather
from energy.weather.sites import PREFIX, SITES
from energy.weather.weather_reader import read_weather
from rare.scenario.config.scenario_config import SiteTable, SourceTable
from rare.scenario.config.supply_tables import WEATHER_FILE_KEYS
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.key_words import keys_of
from rare.scenario.kept_arrays import find, keep
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
    return _weather(f"{PREFIX}{site.name}", 0.0, site)


def weather_zone(loaded: Loaded) -> str | None:
    """The zone of the site's weather, as `Weather.zone`; of a site known by name without reading its year."""
    site = loaded.scenario.site
    if not site.present:
        return None
    if site.weather is None and site.name in SITES:
        return SITES[site.name].zone
    return site_weather(loaded, BuildRecord()).zone


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
    if path is None:
        kept = _kept_plant(site, source, capacity_kw)
        if kept is not None:
            return kept
    key = f"{PREFIX}{site.name}" if path is None else str(path)
    changed = 0.0 if path is None else _stamp(path)
    _weather(key, changed, site)  # its errors are the site's, those below the plant's
    try:
        series = _plant(key, changed, site, source, capacity_kw)
    except InputError as error:
        raise error.worded(_SITE_WORDS).within(where) from None
    if path is None:
        keep(_plant_key(site, source, capacity_kw), _as_array(series))
    return series


@lru_cache(maxsize=16)
def _kept_plant(site: SiteTable, source: SourceTable, capacity_kw: float) -> PowerSeries | None:
    """The power that an earlier process kept, or None. Not of weather files, whose notes need a reading."""
    kept = find(_plant_key(site, source, capacity_kw))
    if kept is None:
        return None
    (start_s, end_s), change_s, power_mw = kept[:, 0].tolist(), kept[0, 1:], kept[1, 1:]
    start_utc = datetime.fromtimestamp(start_s, UTC)
    return PowerSeries(start_utc, change_s, power_mw, end_s, f"{source.kind} at {PREFIX}{site.name}")


def _plant_key(site: SiteTable, source: SourceTable, capacity_kw: float) -> tuple[str, ...]:
    return "plant", site.model_dump_json(), source.model_dump_json(), repr(capacity_kw)


def _as_array(series: PowerSeries) -> np.ndarray:
    """(2, 1 + K) int64: start [Unix s] and end [s]; then changes [s] and powers [mW]."""
    head = [[int(series.start_utc.timestamp())], [series.end_s]]
    return np.hstack([np.array(head, np.int64), np.array([series.change_s, series.power_mw])])


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
