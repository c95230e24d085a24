"""From irradiance to alternating current, each step one of pvlib's models, per kilowatt of AC nameplate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from energy.plants.solar_plant import Parts, SolarPlant
from energy.weather.site_weather import Weather
from energy.weather.sky import location, middles, sun

if TYPE_CHECKING:
    import pandas as pd

PVWATTS_EFFICIENCY = 0.96
TRACKER_LIMIT_DEG = 60.0


def ac_share(weather: Weather, plant: SolarPlant, parts: Parts) -> np.ndarray:
    """AC power over AC nameplate in each step, (N,), 0 to about 1."""
    light = plane_of_array(weather, plant)
    share = np.zeros(len(weather))
    lit = light["global"] > 0
    if lit.any():
        # Night is left out: it is half of the rows, and the cell models warn about darkness.
        light = {name: values[lit] for name, values in light.items()}
        air = (weather.temp_air_c[lit], weather.wind_speed_m_s[lit])
        share[lit] = _power(light, air, plant, parts)
    return np.clip(np.nan_to_num(share), 0, None)


def plane_of_array(weather: Weather, plant: SolarPlant) -> dict[str, np.ndarray]:
    """Irradiance on the panels [W/m2]: 'global', 'beam', 'diffuse'; 'aoi' [deg]; 'airmass'. Each (N,).

    Hay and Davies 1980 or Perez 1990. No beam comes from a sun below the horizon at the middle of the step.
    """
    from pvlib import irradiance

    ghi, dni, dhi = weather.irradiance()
    place = sun(weather)
    zenith, azimuth = place["apparent_zenith"].to_numpy(), place["azimuth"].to_numpy()
    dni = np.where(zenith < 90, dni, 0)
    tilt, facing = _orientation(weather, plant, zenith, azimuth)
    relative = location(weather).get_airmass(middles(weather), solar_position=place)
    total = irradiance.get_total_irradiance(
        tilt,
        facing,
        zenith,
        azimuth,
        dni,
        ghi,
        dhi,
        dni_extra=irradiance.get_extra_radiation(middles(weather)).to_numpy(),
        airmass=relative["airmass_relative"].to_numpy(),
        albedo=plant.albedo,
        model=plant.transposition,
    )
    return {
        "global": _filled(total["poa_global"]),
        "beam": _filled(total["poa_direct"]),
        "diffuse": _filled(total["poa_diffuse"]),
        "aoi": _filled(irradiance.aoi(tilt, facing, zenith, azimuth)),
        "airmass": _filled(relative["airmass_absolute"]),
    }


def _orientation(
    weather: Weather, plant: SolarPlant, zenith: np.ndarray, azimuth: np.ndarray
) -> tuple[float | np.ndarray, float | np.ndarray]:
    """(tilt, azimuth) of the panels [deg]: numbers, or arrays (N,) for a tracker."""
    towards_equator = 180.0 if weather.latitude_deg >= 0 else 0.0
    facing = towards_equator if plant.azimuth_deg is None else plant.azimuth_deg
    if plant.tracking == "fixed":
        return abs(weather.latitude_deg) if plant.tilt_deg is None else plant.tilt_deg, facing
    from pvlib import tracking

    turned = tracking.singleaxis(
        zenith,
        azimuth,
        axis_tilt=plant.tilt_deg or 0,
        axis_azimuth=facing,
        max_angle=TRACKER_LIMIT_DEG,
        backtrack=True,
        gcr=plant.ground_cover,
    )
    return _filled(turned["surface_tilt"]), _filled(turned["surface_azimuth"])


def _power(
    light: dict[str, np.ndarray], air: tuple[np.ndarray, np.ndarray], plant: SolarPlant, parts: Parts
) -> np.ndarray:
    """AC power over AC nameplate for lit steps."""
    effective = _effective(light, parts)
    cell_c = _cell_temperature(light["global"], air, plant, parts)
    dc, string_v = _direct_current(effective, cell_c, plant, parts)
    dc = dc * plant.dc_ac_ratio * (1 - plant.losses_percent / 100)
    return _alternating_current(dc, string_v, parts)


def _effective(light: dict[str, np.ndarray], parts: Parts) -> np.ndarray:
    """Effective irradiance on the cells [W/m2]: without reflection, for Sandia modules with spectrum."""
    from pvlib import iam, pvsystem

    if parts.kind == "sapm":
        return pvsystem.sapm_effective_irradiance(
            light["beam"], light["diffuse"], light["airmass"], light["aoi"], parts.module
        )
    return light["beam"] * iam.physical(light["aoi"]) + light["diffuse"]


def _cell_temperature(
    poa_w_m2: np.ndarray, air: tuple[np.ndarray, np.ndarray], plant: SolarPlant, parts: Parts
) -> np.ndarray:
    """Cell temperature [degC], Sandia's model (King, Boyson and Kratochvil 2004, SAND2004-3535)."""
    from pvlib import temperature

    if parts.kind == "sapm" and parts.module is not None:
        numbers = {"a": parts.module["A"], "b": parts.module["B"], "deltaT": parts.module["DTC"]}
    else:
        numbers = temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"][plant.temperature]
    return temperature.sapm_cell(poa_w_m2, *air, **numbers)


def _direct_current(
    effective_w_m2: np.ndarray, cell_c: np.ndarray, plant: SolarPlant, parts: Parts
) -> tuple[np.ndarray, np.ndarray | None]:
    """(DC power over that at standard conditions, volts of a string or None for PVWatts' generic module).

    A string has the whole number of modules whose rated voltage comes next to the inverter's own.
    """
    from pvlib import pvsystem

    if parts.module is None:
        return pvsystem.pvwatts_dc(effective_w_m2, cell_c, 1.0, plant.gamma_pdc), None
    module = parts.module
    if parts.kind == "sapm":
        curve = pvsystem.sapm(effective_w_m2, cell_c, module)
        volts = module["Vmpo"]
        watts = volts * module["Impo"]
    else:
        names = ("alpha_sc", "a_ref", "I_L_ref", "I_o_ref", "R_sh_ref", "R_s", "Adjust")
        diode = pvsystem.calcparams_cec(effective_w_m2, cell_c, *(module[name] for name in names))
        curve = pvsystem.singlediode(*diode)
        volts = module["V_mp_ref"]
        watts = volts * module["I_mp_ref"]
    modules = 1 if parts.inverter is None else max(1, round(parts.inverter["Vdco"] / volts))
    return np.asarray(curve["p_mp"]) / watts, np.asarray(curve["v_mp"]) * modules


def _alternating_current(dc: np.ndarray, string_v: np.ndarray | None, parts: Parts) -> np.ndarray:
    """AC over AC nameplate, from DC over AC nameplate; by PVWatts, or Sandia's inverter model."""
    from pvlib import inverter

    if parts.inverter is None:
        return inverter.pvwatts(dc, 1 / PVWATTS_EFFICIENCY, PVWATTS_EFFICIENCY)
    row = parts.inverter
    volts = np.full_like(dc, row["Vdco"]) if string_v is None else string_v
    return inverter.sandia(volts, dc * row["Paco"], row) / row["Paco"]


def _filled(values: pd.Series | np.ndarray) -> np.ndarray:
    """The values as an array, with 0 for NaN, which pvlib gives while the sun is down."""
    return np.nan_to_num(np.asarray(values, dtype=np.float64))
