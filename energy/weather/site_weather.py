"""Weather at one site for solar and wind plants, on steps of one length."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from traces.errors import InputError, Parameter, Phrase, quoted
from traces.read_report import ReadReport
from traces.times.timezones import find_zone

#: A typical year's months come from different years; it is placed in this one, which has no 29 February.
#: A recent one, so that a zone's daylight saving is today's.
NOMINAL_YEAR = 2019
#: 64 MiB: twenty times a typical year, room for a year of minutes.
MAX_BYTES = 64 * 2**20
INSTANTS = ("start", "middle", "end")
SOURCES = ("measured", "modelled", "clear sky and cloud cover")
IRRADIANCE = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")
REQUIRED = ("temp_air_c", "wind_speed_m_s")
OPTIONAL = ("pressure_pa", "cloud_cover")
COLUMNS = (*IRRADIANCE, *REQUIRED, *OPTIONAL)
#: column -> smallest and largest value that can be weather. Records: -89 and 57 degC (WMO), 113 m/s (WMO);
#: global irradiance under broken clouds stays below 1900 W/m2, the beam below the solar constant.
RANGES: dict[str, tuple[float, float]] = {
    "ghi_w_m2": (0, 2000),
    "dni_w_m2": (0, 1500),
    "dhi_w_m2": (0, 1500),
    "temp_air_c": (-95, 65),
    "wind_speed_m_s": (0, 115),
    "pressure_pa": (30_000, 115_000),
    "cloud_cover": (0, 1),
}
#: What a site can be; below sea level lies the Dead Sea, and no clock is further from UTC than 14 hours.
SITE_RANGES: dict[str, tuple[float, float]] = {
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
    "altitude_m": (-500, 9000),
    "utc_offset_h": (-14, 14),
    "wind_height_m": (1, 300),
}


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Weather on N steps of `step_s` seconds; step i is [start_utc + i step_s, start_utc + (i + 1) step_s).

    latitude_deg, longitude_deg : north and east positive; altitude_m above the sea
    utc_offset_s : the site's fixed offset from UTC, all year, as far as the file states one (else 0)
    zone         : IANA name of the site's zone, else its fixed offset as 'UTC-05:00'; None: not stated
    start_utc    : aware instant at which the first step starts, kept in UTC
    ghi_w_m2, dni_w_m2, dhi_w_m2 : (N,) means over the step, horizontal, normal, diffuse; all three or none
    temp_air_c, wind_speed_m_s   : (N,) at 2 m and at `wind_height_m`
    pressure_pa, cloud_cover     : (N,) at the ground, and 0 to 1; or None
    roughness_m  : roughness length of the ground, or None
    instants     : where in its step temperature, wind, pressure and cloud were read: 'start', 'middle', 'end'
    irradiance_source : 'measured', 'modelled', 'clear sky and cloud cover', or None without irradiance
    typical_year : months of different years, placed in NOMINAL_YEAR
    report       : what the reader repaired and noted

    The constructor checks lengths and ranges and names the first bad row (from 0). Arrays become read-only.
    """

    name: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    utc_offset_s: int
    start_utc: datetime
    step_s: int
    temp_air_c: np.ndarray
    wind_speed_m_s: np.ndarray
    ghi_w_m2: np.ndarray | None = None
    dni_w_m2: np.ndarray | None = None
    dhi_w_m2: np.ndarray | None = None
    pressure_pa: np.ndarray | None = None
    cloud_cover: np.ndarray | None = None
    wind_height_m: float = 10.0
    roughness_m: float | None = None
    zone: str | None = None
    instants: str = "middle"
    irradiance_source: str | None = None
    typical_year: bool = False
    report: ReadReport | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_site(self)
        _check_clock(self)
        present = {name: getattr(self, name) for name in COLUMNS if getattr(self, name) is not None}
        columns = {name: _floats(values, name, self.name) for name, values in present.items()}
        for name in REQUIRED:
            if name not in columns:
                raise InputError(f"{name} is None: weather needs it", where=self.name)
        _check_irradiance(self, columns)
        steps = len(columns["temp_air_c"])
        if steps == 0:
            raise InputError("no steps: weather needs at least one", where=self.name)
        for name, values in columns.items():
            if len(values) != steps:
                raise InputError(f"{name} has {len(values)} values, temp_air_c has {steps}", where=self.name)
            object.__setattr__(self, name, values)
        check_ranges(columns, lambda row: f"{self.name}: row {row}")

    def __len__(self) -> int:
        """Number of steps."""
        return len(self.temp_air_c)

    @property
    def duration_s(self) -> int:
        """Seconds from the start of the first step to the end of the last."""
        return len(self) * self.step_s

    @property
    def end_utc(self) -> datetime:
        """The instant at which the last step ends."""
        return self.start_utc + timedelta(seconds=self.duration_s)

    @property
    def has_irradiance(self) -> bool:
        """Whether a solar plant can be computed from it."""
        return self.ghi_w_m2 is not None

    def irradiance(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(ghi, dni, dhi) [W/m2], each (N,). InputError, with the remedy, where the file has none."""
        if self.ghi_w_m2 is None or self.dni_w_m2 is None or self.dhi_w_m2 is None:
            # Without cloud cover clear_sky=True would be refused next.
            also = "" if self.cloud_cover is not None else "a file with cloud cover and "
            raise InputError(
                "the file holds no irradiance, so there is no solar power in it",
                where=self.name,
                remedy=Phrase(
                    f"use a file that has it, or {also}",
                    Parameter("clear_sky", True, "read_weather"),
                    " to model it from clear sky and cloud cover",
                ),
            )
        return self.ghi_w_m2, self.dni_w_m2, self.dhi_w_m2

    def with_irradiance(
        self, parts: tuple[np.ndarray, np.ndarray, np.ndarray] | None, source: str | None
    ) -> Weather:
        """The same weather with this (ghi, dni, dhi) [W/m2] and its source; None and None: in the dark."""
        ghi, dni, dhi = parts or (None, None, None)
        return dataclasses.replace(self, ghi_w_m2=ghi, dni_w_m2=dni, dhi_w_m2=dhi, irradiance_source=source)

    def part(self, first: int, last: int) -> Weather:
        """Steps first to last - 1. InputError outside [0, N] or if empty."""
        if not 0 <= first < last <= len(self):
            raise InputError(
                f"steps {first}:{last} of {len(self)}: give 0 <= first < last <= N", where=self.name
            )
        cut = {name: getattr(self, name)[first:last] for name in COLUMNS if getattr(self, name) is not None}
        start_utc = self.start_utc + timedelta(seconds=first * self.step_s)
        return dataclasses.replace(self, start_utc=start_utc, **cut)


def check_site_value(name: str, value: object, where: str) -> None:
    """InputError unless `value` is a number that SITE_RANGES allows for `name`."""
    low, high = SITE_RANGES[name]
    # Compared as it stands: an integer may be too large for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{name} is {quoted(value)}: give a number from {low:g} to {high:g}", where=where)


def check_ranges(columns: dict[str, np.ndarray], where: Callable[[int], str]) -> None:
    """InputError for the earliest value that cannot be weather. NaN passes."""
    bad: list[tuple[int, str]] = []
    for name, values in columns.items():
        low, high = RANGES[name]
        outside = np.flatnonzero((values < low) | (values > high))
        if len(outside):
            bad.append((int(outside[0]), name))
    if bad:
        row, name = min(bad)
        low, high = RANGES[name]
        raise InputError(
            f"{name} is {columns[name][row]:g}, possible are {low:g} to {high:g}: "
            "correct the value, or its unit",
            where=where(row),
        )


def _floats(values: object, name: str, owner: str) -> np.ndarray:
    """A read-only float64 copy of one dimension; every value finite."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be a flat list of numbers", where=owner) from None
    if array.ndim != 1:
        raise InputError(f"{name} must be a flat list of numbers, got shape {array.shape}", where=owner)
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise InputError(f"row {row}: {name} is {array[row]}: fill it first", where=owner)
    array.setflags(write=False)
    return array


def _check_site(weather: Weather) -> None:
    for name in ("latitude_deg", "longitude_deg", "altitude_m", "wind_height_m"):
        check_site_value(name, getattr(weather, name), weather.name)
    roughness_m = weather.roughness_m
    if roughness_m is not None and not (isinstance(roughness_m, int | float) and 1e-5 <= roughness_m <= 5):
        raise InputError(
            f"roughness_m is {quoted(roughness_m)}: give a number from 1e-05 to 5", where=weather.name
        )
    if weather.zone is not None:
        find_zone(weather.zone)


def _check_clock(weather: Weather) -> None:
    """InputError for a start, step, offset or kind of instants that is not valid."""
    if not isinstance(weather.start_utc, datetime) or weather.start_utc.utcoffset() is None:
        raise InputError(
            f"start_utc {weather.start_utc!r} has no time zone: give an aware datetime", where=weather.name
        )
    object.__setattr__(weather, "start_utc", weather.start_utc.astimezone(UTC))
    if not isinstance(weather.step_s, int) or not 1 <= weather.step_s <= 86_400:
        raise InputError(
            f"step_s is {weather.step_s!r}: give whole seconds, at most a day", where=weather.name
        )
    low, high = SITE_RANGES["utc_offset_h"]
    if not isinstance(weather.utc_offset_s, int) or not low * 3600 <= weather.utc_offset_s <= high * 3600:
        raise InputError(
            f"utc_offset_s is {quoted(weather.utc_offset_s)}: at most 14 hours either way", where=weather.name
        )
    if weather.instants not in INSTANTS:
        raise InputError(f"instants is {weather.instants!r}: use {', '.join(INSTANTS)}", where=weather.name)


def _check_irradiance(weather: Weather, columns: dict[str, np.ndarray]) -> None:
    components = [name for name in IRRADIANCE if name in columns]
    if components and len(components) < len(IRRADIANCE):
        raise InputError(
            f"has {', '.join(components)} only: give global, normal and diffuse, or none", where=weather.name
        )
    if bool(components) != (weather.irradiance_source is not None):
        raise InputError("irradiance_source goes with irradiance: give both or neither", where=weather.name)
    if components and weather.irradiance_source not in SOURCES:
        raise InputError(
            f"irradiance_source is {weather.irradiance_source!r}: use one of {', '.join(SOURCES)}",
            where=weather.name,
        )
