"""Sites whose typical year comes with pvlib, so that RARE has weather without a download."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from energy.weather.site_weather import Weather
from energy.weather.weather_files import Options, read_file
from traces.errors import InputError, quoted

PREFIX = "site:"


@dataclass(frozen=True, slots=True)
class Site:
    """A file of pvlib's data folder, its format, and the IANA zone of the place."""

    file: str
    format: str
    zone: str
    place: str


SITES = {
    "greensboro": Site("723170TYA.CSV", "tmy3", "America/New_York", "Greensboro, North Carolina"),
    "miami": Site("12839.tm2", "tmy2", "America/New_York", "Miami, Florida"),
    "sand-point": Site("703165TY.csv", "tmy3", "America/Anchorage", "Sand Point, Alaska"),
}


def known_sites() -> list[str]:
    """Names that read_site knows, sorted.

    >>> known_sites()
    ['greensboro', 'miami', 'sand-point']
    """
    return sorted(SITES)


def read_site(name: str) -> Weather:
    """The typical year of a site by name, such as 'greensboro'. InputError lists the known ones."""
    site = SITES.get(name)
    if site is None:
        close = difflib.get_close_matches(str(name).lower(), known_sites(), n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise InputError(f"unknown site {quoted(name)}: {hint}known are {', '.join(known_sites())}")
    weather = read_file(_data_folder() / site.file, site.format, Options(stated={"zone": site.zone}))
    return replace(weather, name=f"{PREFIX}{name}")


def _data_folder() -> Path:
    """The folder, found without importing pvlib, which would bring half of SciPy."""
    spec = find_spec("pvlib")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pvlib is not installed", name="pvlib")
    return Path(spec.origin).parent / "data"
