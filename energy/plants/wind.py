"""A wind plant: from weather to electric power, through windpowerlib and the turbines that come with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from energy.plants.plant_power import check_capacity, check_number, to_series, unknown
from energy.weather.resample import finer
from energy.weather.site_weather import Weather
from traces.errors import InputError, quoted
from traces.series.power_series import PowerSeries

if TYPE_CHECKING:
    import pandas as pd
    from windpowerlib import ModelChain, WindTurbine

PROFILES = ("logarithmic", "hellman")
#: Farmland with some houses and hedges; the roughness length of windpowerlib's own example weather.
USUAL_ROUGHNESS_M = 0.15
ZERO_C_K = 273.15
_RANGES = {
    "hub_height_m": (10, 300),
    "roughness_m": (1e-5, 5),
    "hellman_exponent": (0.01, 1),
    "losses_percent": (0, 99),
}


@dataclass(frozen=True, slots=True)
class WindPlant:
    """Turbines of one type.

    turbine_type : windpowerlib's name, with a power curve in its embedded table (open energy database)
    hub_height_m : the wind is brought to it from the height at which it was measured
    wind_profile : 'logarithmic' (by the roughness), or 'hellman' (power law)
    roughness_m  : roughness length; None: the weather file's, else 0.15
    hellman_exponent : None: 1 / ln(hub height / roughness)
    losses_percent : wakes, availability, wiring, taken from the power. 15 is our assumption
    density_correction : shift the curve by the density of the air (by pressure, else by altitude)
    smoothing : spread the curve as a farm's many turbines do (Staffell and Pfenninger 2016,
        doi:10.1016/j.energy.2016.08.068); it raises the energy where winds are light
    """

    turbine_type: str = "E-126/4200"
    hub_height_m: float = 135.0
    roughness_m: float | None = None
    losses_percent: float = 15.0
    wind_profile: str = "logarithmic"
    hellman_exponent: float | None = None
    density_correction: bool = False
    smoothing: bool = False

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None or name not in ("roughness_m", "hellman_exponent"):
                check_number("wind plant", name, value, low, high)
        if self.wind_profile not in PROFILES:
            raise InputError(
                f"wind plant: wind_profile is {quoted(self.wind_profile)}: use {' or '.join(PROFILES)}"
            )
        for name in ("density_correction", "smoothing"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"wind plant: {name} is {quoted(getattr(self, name))}: give True or False")


def known_turbines() -> list[str]:
    """Types whose power curve windpowerlib carries, sorted."""
    import pandas as pd
    import windpowerlib

    table = Path(windpowerlib.__file__).parent / "oedb" / "power_curves.csv"
    return sorted(pd.read_csv(table, usecols=["turbine_type"])["turbine_type"].astype(str))


def wind_power(
    weather: Weather,
    plant: WindPlant | None = None,
    *,
    step_s: int | None = None,
    capacity_kw: float = 1.0,
    interpolation: str = "linear",
) -> PowerSeries:
    """Power of turbines of `capacity_kw` in all: one turbine's, scaled from its nominal power and cut at it.

    step_s : seconds, a divisor of the weather's step; None: the weather's own
    interpolation : of wind speed to the finer step: 'linear' or 'hold' (energy.weather.resample)
    """
    plant = plant or WindPlant()
    capacity = check_capacity(capacity_kw)
    turbine = _turbine(plant)
    dark = weather.with_irradiance(None, None)
    fine = dark if step_s is None else finer(dark, step_s, others=interpolation)
    watts = _chain(turbine, plant).run_model(_frame(fine, plant)).power_output.to_numpy()
    share = np.clip(watts / turbine.nominal_power, 0, 1) * (1 - plant.losses_percent / 100)
    return to_series(share, fine, capacity, f"wind at {weather.name}")


def _turbine(plant: WindPlant) -> WindTurbine:
    """windpowerlib's turbine. InputError for an unknown type, or a hub below its blades."""
    import windpowerlib

    if plant.turbine_type not in known_turbines():
        raise unknown("turbine type", plant.turbine_type, known_turbines())
    try:
        turbine = windpowerlib.WindTurbine(hub_height=plant.hub_height_m, turbine_type=plant.turbine_type)
    except ValueError as error:
        raise InputError(
            f"wind plant: hub_height_m is {plant.hub_height_m:g}, too low for the blades of "
            f"{plant.turbine_type} ({error}): raise it"
        ) from None
    if plant.smoothing:
        turbine.power_curve = windpowerlib.power_curves.smooth_power_curve(
            turbine.power_curve["wind_speed"],
            turbine.power_curve["value"],
            standard_deviation_method="Staffell_Pfenninger",
        )
    return turbine


def _chain(turbine: WindTurbine, plant: WindPlant) -> ModelChain:
    """windpowerlib's ModelChain for the turbine, with the plant's profile and density settings."""

    from windpowerlib import ModelChain

    return ModelChain(
        turbine,
        wind_speed_model=plant.wind_profile,
        density_correction=plant.density_correction,
        hellman_exp=plant.hellman_exponent,
    )


def _frame(weather: Weather, plant: WindPlant) -> pd.DataFrame:
    """The weather as windpowerlib takes it: (quantity, height in m) columns; in m/s, K and Pa."""
    import pandas as pd

    roughness_m = plant.roughness_m or weather.roughness_m or USUAL_ROUGHNESS_M
    lowest_m = min(weather.wind_height_m, plant.hub_height_m)
    if plant.wind_profile == "logarithmic" and math.log(lowest_m / roughness_m) < 1:
        raise InputError(
            f"a roughness of {roughness_m:g} m is too large for "
            f"wind at {lowest_m:g} m: the profile holds well above the obstacles",
            where=weather.name,
            remedy="give a smaller roughness_m, or wind_profile='hellman'",
        )
    columns = {
        ("wind_speed", weather.wind_height_m): weather.wind_speed_m_s,
        ("roughness_length", 0): np.full(len(weather), roughness_m),
        ("temperature", 2): weather.temp_air_c + ZERO_C_K,
        ("pressure", 0): _pressure_pa(weather),
    }
    return pd.DataFrame(columns)


def _pressure_pa(weather: Weather) -> np.ndarray:
    """The file's pressure, else the standard atmosphere's at the altitude (pvlib) [Pa], (N,)."""
    if weather.pressure_pa is not None:
        return weather.pressure_pa
    from pvlib.atmosphere import alt2pres

    return np.full(len(weather), float(alt2pres(weather.altitude_m)))
