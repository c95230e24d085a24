"""A solar plant's power: from weather to alternating current, through pvlib."""

from __future__ import annotations

from energy.plants.plant_power import check_capacity, to_series
from energy.plants.solar_chain import ac_share
from energy.plants.solar_plant import SolarPlant
from energy.weather.resample import finer
from energy.weather.site_weather import Weather
from traces.series.power_series import PowerSeries


def solar_power(
    weather: Weather,
    plant: SolarPlant | None = None,
    *,
    step_s: int | None = None,
    capacity_kw: float = 1.0,
    interpolation: str = "clear_sky_index",
) -> PowerSeries:
    """AC power of a plant with `capacity_kw` of AC nameplate, never negative; the sun at mid-step.

    step_s : seconds, a divisor of the weather's step; None: the weather's own
    interpolation : of irradiance to the finer step: 'clear_sky_index', 'linear' or 'hold'
    (energy.weather.resample)

    InputError where the weather has no irradiance, or a name is unknown.
    """
    plant = plant or SolarPlant()
    capacity = check_capacity(capacity_kw)
    weather.irradiance()  # refuses before the work
    parts = plant.parts()
    fine = weather if step_s is None else finer(weather, step_s, irradiance=interpolation)
    return to_series(ac_share(fine, plant, parts), fine, capacity, f"solar at {weather.name}")
