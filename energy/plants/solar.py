"""A solar plant: from weather to alternating current, through pvlib."""

from __future__ import annotations

from dataclasses import dataclass

from energy.plants.plant_power import check_capacity, check_number, to_series
from energy.plants.solar_chain import TEMPERATURES, TRANSPOSITIONS, Parts, ac_share, find_parts
from energy.weather.resample import finer
from energy.weather.site_weather import Weather
from traces.errors import InputError, quoted
from traces.series.power_series import PowerSeries

TRACKINGS = ("fixed", "single_axis")
#: name -> smallest, largest
_RANGES = {
    "tilt_deg": (0, 90),
    "azimuth_deg": (0, 360),
    "gamma_pdc": (-0.02, 0),
    "dc_ac_ratio": (0.1, 5),
    "losses_percent": (0, 99),
    "albedo": (0, 1),
    "ground_cover": (0.05, 0.99),
}


@dataclass(frozen=True, slots=True)
class SolarPlant:
    """Panels of one orientation behind one kind of inverter.

    tilt_deg     : from horizontal; None: the latitude (fixed), or 0, a level axis (single_axis)
    azimuth_deg  : clockwise from north; None: towards the equator. For a tracker, of its axis
    module       : 'pvwatts', or a name in pvlib's CEC or Sandia module table
    gamma_pdc    : change of DC power per degC of the cell, module 'pvwatts' only
    inverter     : 'pvwatts' (96 %), or a name in pvlib's CEC inverter table
    dc_ac_ratio  : DC power at standard conditions over AC nameplate; what the inverter cannot take is clipped
    losses_percent : soiling, wiring, mismatch and so on, taken from DC
    tracking     : 'fixed' or 'single_axis' (60 degrees either way, with backtracking)
    albedo, ground_cover : of the ground; of panels over ground (trackers only)
    transposition : 'haydavies' or 'perez'; temperature: a row of pvlib's Sandia cell temperature table

    Defaults are PVWatts' (Dobos 2014, NREL/TP-6A20-62641, doi:10.2172/1158421: losses 14 %, inverter 96 %,
    -0.35 %/degC as its premium modules have), the ratio 1.2 of its later versions, and pvlib's albedo.
    """

    tilt_deg: float | None = None
    azimuth_deg: float | None = None
    module: str = "pvwatts"
    gamma_pdc: float = -0.0035
    inverter: str = "pvwatts"
    dc_ac_ratio: float = 1.2
    losses_percent: float = 14.0
    tracking: str = "fixed"
    albedo: float = 0.25
    ground_cover: float = 0.4
    transposition: str = "haydavies"
    temperature: str = "open_rack_glass_polymer"

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None or name not in ("tilt_deg", "azimuth_deg"):
                check_number("solar plant", name, value, low, high)
        for name, known in (
            ("tracking", TRACKINGS),
            ("transposition", TRANSPOSITIONS),
            ("temperature", TEMPERATURES),
        ):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"solar plant: {name} is {quoted(value)}: use one of {', '.join(known)}")

    def parts(self) -> Parts:
        """Its module and inverter as pvlib's tables have them. InputError for unknown ones."""
        return find_parts(self.module, self.inverter)


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
