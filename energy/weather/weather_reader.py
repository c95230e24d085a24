"""The weather of a file in any known format, or of a site that comes with pvlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from energy.weather.site_weather import MAX_BYTES, Weather, check_site_value
from energy.weather.sites import PREFIX, read_site
from energy.weather.weather_files import Options, read_file
from traces.errors import Parameter
from traces.times.timezones import find_zone


def read_weather(
    path: Path | str,
    *,
    format: str | None = None,
    clear_sky: bool = False,
    gaps: str = "error",
    negatives: str = "error",
    year: int | None = None,
    latitude_deg: float | None = None,
    longitude_deg: float | None = None,
    altitude_m: float | None = None,
    utc_offset_h: float | None = None,
    wind_height_m: float | None = None,
    zone: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Weather:
    """The weather in a file, plain or gzipped, or of a site that pvlib carries ('site:greensboro').

    format : a name in energy.weather.weather_formats.WEATHER_FORMATS; None: told by the content
    clear_sky : where the file has no irradiance, model it from clear sky and cloud cover (energy.weather.sky)
    gaps : 'error', or 'interpolate' linearly over at most 6 hours
    negatives : of irradiance: 'error', or 'zero'
    year : place the file's months in this year, whatever years it states
    latitude_deg, longitude_deg, altitude_m, utc_offset_h, wind_height_m, zone : instead of what the
        file says, and needed where it does not say. Where stamps are in UTC or carry offsets, utc_offset_h
        is the site's clock and moves no row
    max_bytes : cap on the unpacked size

    Raises InputError, with file and line, for whatever cannot be read. docs/reference/weather.md.
    """
    if str(path).startswith(PREFIX):
        return read_site(str(path).removeprefix(PREFIX))
    overrides = {
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "altitude_m": altitude_m,
        "wind_height_m": wind_height_m,
        "utc_offset_h": utc_offset_h,
    }
    stated: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    for name, value in stated.items():
        check_site_value(name, value, "read_weather")
    if utc_offset_h is not None:
        stated["utc_offset_s"] = round(stated.pop("utc_offset_h") * 3600)
    if zone is not None:
        find_zone(zone, Parameter("zone"))
        stated["zone"] = zone
    options = Options(clear_sky, gaps, negatives, year, stated, max_bytes)
    return read_file(Path(path), format, options)
