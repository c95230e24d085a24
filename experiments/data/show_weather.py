"""`rare traces show` of a weather file: place, time zone, period, statistics and repairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from energy.weather.site_weather import COLUMNS, Weather
from energy.weather.weather_reader import read_weather
from experiments.data.option_words import option_words
from traces.read_report import ReadReport

OPTIONS = (
    "format",
    "gaps",
    "negatives",
    "zone",
    "year",
    "clear_sky",
    "latitude_deg",
    "longitude_deg",
    "altitude_m",
    "utc_offset_h",
)
"""Arguments of read_weather that are options of the command line."""


def show_weather(path: str | Path, **options: Any) -> dict[str, Any]:
    """A summary of a weather file, ready for JSON; `options` are those of OPTIONS. InputError."""
    weather = read_weather(path, **options)
    report = (weather.report or ReadReport()).as_dict(option_words)
    del report["jobs_skipped"]  # there are no jobs in it
    return {
        "kind": "weather",
        "name": weather.name,
        "latitude_deg": weather.latitude_deg,
        "longitude_deg": weather.longitude_deg,
        "altitude_m": weather.altitude_m,
        "zone": weather.zone,
        "utc_offset_h": weather.utc_offset_s / 3600,
        "start_utc": weather.start_utc.isoformat(),
        "end_utc": weather.end_utc.isoformat(),
        "span_s": weather.duration_s,
        "step_s": weather.step_s,
        "steps": len(weather),
        "instants": f"{weather.instants} of the step",
        "typical_year": weather.typical_year,
        "irradiance": weather.irradiance_source,
        "wind_height_m": weather.wind_height_m,
        **_spreads(weather),
        **report,
    }


def _spreads(weather: Weather) -> dict[str, dict[str, float]]:
    """Smallest, mean and largest value of each column of the file."""
    columns = {name: getattr(weather, name) for name in COLUMNS}
    return {
        name: {"min": float(values.min()) + 0.0, "mean": float(np.mean(values)), "max": float(values.max())}
        for name, values in columns.items()
        if values is not None  # + 0.0: PVGIS writes -0.0
    }
