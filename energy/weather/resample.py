"""Weather on a finer step than its file's, by a named interpolation.

What each does to the energy of a step:

- hold : every fine step has the file's value. Sums are kept exactly.
- linear : on the line between the readings (irradiance: between the middles of steps). Sums of a step are not
  kept; over a year the mean nearly stays, but peaks are cut.
- clear_sky_index : irradiance only. The ratio to the clear sky goes on a line between the middles of steps
  and multiplies the finer clear sky; then each step is scaled so that its mean is the file's. Sums are
  kept (to rounding). Steps with next to no clear sky (night, the sun on the horizon) are held.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from energy.weather.site_weather import OPTIONAL, REQUIRED, Weather
from energy.weather.sky import Components, clear_sky
from traces.errors import InputError, quoted

IRRADIANCE_METHODS = ("clear_sky_index", "linear", "hold")
OTHER_METHODS = ("linear", "hold")
#: Where in its step a reading stands, by Weather.instants.
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}
#: Below this mean of the clear sky [W/m2] the ratio to it says nothing.
LEAST_CLEAR_W_M2 = 10.0
#: Broken clouds lift irradiance above the clear sky for minutes, rarely above this ratio.
LARGEST_INDEX = 2.0


def finer(
    weather: Weather, step_s: int, *, irradiance: str = "clear_sky_index", others: str = "linear"
) -> Weather:
    """The weather on steps of `step_s` seconds, which must divide the weather's own step.

    irradiance : 'clear_sky_index', 'linear' or 'hold'
    others : of temperature, wind, pressure and cloud: 'linear' or 'hold'
    """
    for name, value, known in (
        ("irradiance", irradiance, IRRADIANCE_METHODS),
        ("others", others, OTHER_METHODS),
    ):
        if value not in known:
            raise InputError(f"interpolation {name}={quoted(value)} is unknown: use {' or '.join(known)}")
    if isinstance(step_s, bool) or not isinstance(step_s, int) or step_s < 1 or weather.step_s % step_s:
        raise InputError(
            f"step_s={quoted(step_s)} does not divide the weather's {weather.step_s} s: "
            "give a whole number of seconds that does",
            where=weather.name,
        )
    parts = weather.step_s // step_s
    if parts == 1:
        return weather
    columns = {
        name: _finer(getattr(weather, name), parts, ANCHORS[weather.instants] if others == "linear" else None)
        for name in (*REQUIRED, *OPTIONAL)
        if getattr(weather, name) is not None
    }
    changes: dict[str, Any] = {"step_s": step_s, "instants": "middle", **columns}
    fine = dataclasses.replace(weather.with_irradiance(None, None), **changes)
    if not weather.has_irradiance:
        return fine
    return fine.with_irradiance(_irradiance(weather, fine, parts, irradiance), weather.irradiance_source)


def _finer(values: np.ndarray, parts: int, anchor: float | None) -> np.ndarray:
    """Values on `parts` fine steps each: held (anchor None), or linear between readings.

    anchor : where in its step (0 to 1) a reading stands

    Fine values are those at the middles of the fine steps; flat before the first reading and after the last.
    """
    if anchor is None:
        return np.repeat(values, parts)
    fine = (np.arange(len(values) * parts) + 0.5) / parts
    return np.interp(fine, np.arange(len(values)) + anchor, values)


def _irradiance(weather: Weather, fine: Weather, parts: int, method: str) -> Components:
    """(ghi, dni, dhi) [W/m2] on the fine steps, by the named interpolation."""
    if method == "clear_sky_index":
        pairs = zip(weather.irradiance(), clear_sky(fine), strict=True)
        ghi, dni, dhi = (_by_index(values, sky.reshape(-1, parts)) for values, sky in pairs)
    else:
        anchor = 0.5 if method == "linear" else None
        ghi, dni, dhi = (_finer(values, parts, anchor) for values in weather.irradiance())
    return ghi, dni, dhi


def _by_index(values: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """One component by its clear-sky index. `values` (N,) and the finer clear sky (N, parts), both W/m2."""
    mean = sky.mean(axis=1)
    sunlit = mean >= LEAST_CLEAR_W_M2
    if not sunlit.any():
        return np.repeat(values, sky.shape[1])
    steps = np.arange(len(values))
    index = np.interp(steps, steps[sunlit], np.minimum(values[sunlit] / mean[sunlit], LARGEST_INDEX))
    shape = _finer(index, sky.shape[1], 0.5).reshape(sky.shape) * sky
    level = shape.mean(axis=1)
    # Scaling may not lift a value far above the clear sky: where it would, the step is held.
    scale = np.divide(values, level, out=np.zeros_like(values), where=level > 0)
    lifted = (shape * scale[:, None]).max(axis=1) > LARGEST_INDEX * np.maximum(
        sky.max(axis=1), LEAST_CLEAR_W_M2
    )
    held = ~sunlit | (level <= 0) | lifted
    return np.where(held[:, None], values[:, None], shape * scale[:, None]).ravel()
