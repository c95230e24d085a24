"""A scenario's tables of renewable power: the site's weather, and the supply's sources."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rare.scenario.config.field_types import (
    LAYOUT_KEYS,
    MOST_TABLES,
    Columns,
    DateOrder,
    DecimalMark,
    Flag,
    Gaps,
    Header,
    Negatives,
    Number,
    PowerUnit,
    Problems,
    Stamp,
    Table,
    Tables,
    Text,
    TimeColumn,
    TimeStart,
    TimeUnit,
    Whole,
    Zone,
    otherwise,
)

# How [site] has a weather file read: arguments of energy.weather.read_weather.
WEATHER_FILE_KEYS = (
    "format",
    "clear_sky",
    "gaps",
    "negatives",
    "year",
    "latitude_deg",
    "longitude_deg",
    "altitude_m",
    "utc_offset_h",
)
_THE_FILES = otherwise("the file's")


class SiteTable(Table):
    """[site]: the weather that plants and outside air see."""

    name: Text | None = Field(
        default=None,
        description="a typical meteorological year that ships with pvlib: `greensboro`, `miami` or "
        "`sand-point`. Its hours are dated 2019, a year without 29 February",
    )
    weather: Text | None = Field(
        default=None,
        description="path of a weather file, instead of `name`: TMY3, TMY2, EPW, NSRDB, Open-Meteo, PVGIS or "
        "feedinlib (docs/reference/weather.md)",
    )
    format: Text | None = Field(
        default=None,
        description="format of the weather file: `tmy3`, `tmy2`, `epw`, `nsrdb`, `openmeteo`, `pvgis` or "
        "`feedinlib`",
        json_schema_extra=otherwise("by its content"),
    )
    clear_sky: Flag = Field(
        default=False,
        description="`true`: where the file has no irradiance, model it from clear sky and cloud cover. "
        "Modelled hours are off by 13 to 20 % of the mean, so it must be asked for",
    )
    gaps: Literal["error", "interpolate"] = Field(
        default="error",
        description='`"interpolate"`: fill missing rows and cells linearly, for at most 6 hours',
    )
    negatives: Literal["error", "zero"] = Field(
        default="error", description='`"zero"`: irradiance below zero counts as zero'
    )
    year: Whole | None = Field(
        default=None,
        ge=1950,
        le=2100,
        description="calendar year to which the file's months are assigned",
        json_schema_extra=_THE_FILES,
    )
    latitude_deg: Number | None = Field(
        default=None,
        ge=-90,
        le=90,
        description="latitude, positive north. Required if the file does not state it (feedinlib; NSRDB "
        "without its two header lines)",
        json_schema_extra=_THE_FILES,
    )
    longitude_deg: Number | None = Field(
        default=None,
        ge=-180,
        le=180,
        description="longitude, positive east. Required where the latitude is",
        json_schema_extra=_THE_FILES,
    )
    altitude_m: Number | None = Field(
        default=None,
        ge=-500,
        le=9000,
        description="height above sea level",
        json_schema_extra=otherwise("the file's, else 0 with a note"),
    )
    utc_offset_h: Number | None = Field(
        default=None,
        ge=-14,
        le=14,
        description="UTC offset of the file's clock, the same all year; fractions are allowed (5.75). If the "
        "file's time stamps are in UTC or carry offsets, it is the site's clock and moves no row",
        json_schema_extra=_THE_FILES,
    )

    def problems(self) -> Problems:
        """Two weathers for one site."""
        if self.name is not None and self.weather is not None:
            yield "weather", "and name both say where the weather comes from; keep one"
        if self.weather is None:
            # A typical year is complete and has its place on the calendar.
            for key in self.changed(*WEATHER_FILE_KEYS):
                yield key, "belongs to a weather file; give site.weather, or leave it out"

    @property
    def present(self) -> bool:
        """Whether there is weather."""
        return self.name is not None or self.weather is not None


SOLAR_KEYS = ("tilt_deg", "azimuth_deg", "tracking", "module", "inverter", "dc_ac_ratio")
WIND_KEYS = ("turbine", "hub_height_m", "roughness_m")
PLANT_KEYS = ("capacity", "capacity_kw", "step_s", "interpolation", "losses_percent", *SOLAR_KEYS, *WIND_KEYS)
FILE_KEYS = (
    "file",
    "columns",
    "unit",
    "stamp",
    "zone",
    "gaps",
    "negatives",
    "time_column",
    *LAYOUT_KEYS,
    "peak",
    "peak_kw",
    "scale",
)
_SIZES = ("peak", "peak_kw", "scale")


class SourceTable(Table):
    """[[supply.source]]: one series of renewable power, from a file or from the site's weather."""

    kind: Literal["file", "solar", "wind"] = Field(
        default="file",
        description='`"file"`: a power series from a file. `"solar"`, `"wind"`: a modelled plant at `[site]`.'
        " Each has keys of its own, below",
    )
    capacity: Number | None = Field(
        default=None,
        gt=0,
        le=1e3,
        description="nameplate capacity (solar: of the inverter, AC) as a ratio of the peak draw. The plant "
        "never gives more and seldom as much; unlike `peak`, it does not scale to an observed "
        "maximum",
        json_schema_extra=otherwise("required"),
    )
    capacity_kw: Number | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="the same in kW; give one of the two",
        json_schema_extra=otherwise("-"),
    )
    step_s: Whole | None = Field(
        default=None,
        ge=60,
        le=86400,
        description="step of the series; it must divide the weather's step",
        json_schema_extra=otherwise("the weather's"),
    )
    interpolation: Literal["clear_sky_index", "linear", "hold"] | None = Field(
        default=None,
        description="interpolation to a finer `step_s`; `clear_sky_index` is for solar only",
        json_schema_extra=otherwise("`clear_sky_index` for solar, `linear` for wind"),
    )
    tilt_deg: Number | None = Field(
        default=None,
        ge=0,
        le=90,
        description="solar: tilt of the panels from horizontal",
        json_schema_extra=otherwise("the latitude; a tracker's axis: 0"),
    )
    azimuth_deg: Number | None = Field(
        default=None,
        ge=0,
        le=360,
        description="solar: direction of the panels, clockwise from north",
        json_schema_extra=otherwise("towards the equator"),
    )
    tracking: Literal["fixed", "single_axis"] | None = Field(
        default=None,
        description="solar: fixed panels or a single-axis tracker",
        json_schema_extra=otherwise('`"fixed"`'),
    )
    module: Text | None = Field(
        default=None,
        description="solar: name of an entry of pvlib's CEC or Sandia tables",
        json_schema_extra=otherwise("PVWatts'"),
    )
    inverter: Text | None = Field(
        default=None,
        description="solar: name of an entry of pvlib's CEC or Sandia tables",
        json_schema_extra=otherwise("PVWatts'"),
    )
    dc_ac_ratio: Number | None = Field(
        default=None,
        ge=0.1,
        le=5,
        description="solar: capacity of the panels over that of the inverter; power above the inverter's is "
        "clipped",
        json_schema_extra=otherwise("1.2"),
    )
    turbine: Text | None = Field(
        default=None,
        description="wind: type with a power curve in windpowerlib's table, scaled to the capacity",
        json_schema_extra=otherwise("`E-126/4200`"),
    )
    hub_height_m: Number | None = Field(
        default=None,
        ge=10,
        le=300,
        description="wind: hub height above the ground",
        json_schema_extra=otherwise("135"),
    )
    roughness_m: Number | None = Field(
        default=None,
        gt=0,
        le=5,
        description="wind: roughness length of the ground. The default is farmland with some houses and "
        "hedges",
        json_schema_extra=otherwise("the weather file's, else 0.15"),
    )
    losses_percent: Number | None = Field(
        default=None,
        ge=0,
        le=99,
        description="losses. Solar: PVWatts' default for soiling, wiring and mismatch. Wind: a value of RARE "
        "for wakes and availability",
        json_schema_extra=otherwise("solar 14, wind 15"),
    )
    quantity: Literal["wind", "solar", "supply"] | None = Field(
        default=None,
        description="kind of forecast errors (docs/reference/forecasts.md). A file does not say what it "
        "holds, so name it here",
        json_schema_extra=otherwise('by `kind`; a file: `"supply"`'),
    )
    file: Text | None = Field(
        default=None,
        description="CSV file, plain or gzipped (docs/reference/power-format.md). Leave it out to give it "
        "with `--power`",
    )
    columns: Columns = None
    unit: PowerUnit = None
    stamp: Stamp = "start"
    zone: Zone = None
    gaps: Gaps = "error"
    negatives: Negatives = "error"
    time_column: TimeColumn = None
    header: Header = True
    decimal: DecimalMark = None
    date_order: DateOrder = None
    time_unit: TimeUnit = None
    time_start: TimeStart = None
    peak: Number | None = Field(
        default=None,
        gt=0,
        le=1e3,
        description="scale the series so that its maximum is this ratio of the peak draw. The maximum is "
        "taken over the whole file, so the watts do not depend on which jobs are chosen",
        json_schema_extra=otherwise("-"),
    )
    peak_kw: Number | None = Field(
        default=None, gt=0, le=1e9, description="the same in kW", json_schema_extra=otherwise("-")
    )
    scale: Number | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="factor for the values, instead of `peak`; 1 takes the file as it is",
        json_schema_extra=otherwise("1"),
    )

    def problems(self) -> Problems:
        """Two sizes for one series, or keys of another kind of source."""
        foreign = {"file": PLANT_KEYS, "solar": WIND_KEYS, "wind": SOLAR_KEYS}[self.kind]
        for key in self.stated(*foreign):
            yield key, f"is no key of a source of kind {self.kind!r}; set kind, or leave it out"
        if self.kind != "file":
            yield from self._plant_problems()
        sizes = self.stated(*_SIZES)
        if len(sizes) > 1:
            yield sizes[1], f"and {sizes[0]} both size the series; keep one"

    def _plant_problems(self) -> Problems:
        for key in self.stated(*_SIZES):
            yield key, f"is no key of a source of kind {self.kind!r}, whose size is capacity or capacity_kw"
        for key in self.changed(*FILE_KEYS):
            yield key, f'is no key of a source of kind {self.kind!r}; set kind = "file", or leave it out'
        if len(self.stated("capacity", "capacity_kw")) != 1:
            yield "capacity", "or capacity_kw says how large the plant is; give exactly one of them"
        if self.interpolation is not None and self.step_s is None:
            yield "interpolation", "is to a finer step, and step_s is not given; give it, or leave it out"
        if self.kind == "wind" and self.interpolation == "clear_sky_index":
            yield "interpolation", 'is "clear_sky_index", which is for solar; use linear or hold'


class SupplyTable(Table):
    """[supply]: the renewable power."""

    kind: Literal["unlimited", "none", "series"] | None = Field(
        default=None,
        description='`"series"`: the sum of the sources. `"none"`: no renewable supply; grid and battery as '
        'given. `"unlimited"`: the grid gives whatever is drawn; `[battery]` and the import limit'
        " are not used",
        json_schema_extra=otherwise('`"series"` with sources, else `"unlimited"`'),
    )
    site_zone: Text | None = Field(
        default=None,
        description="time zone of the datacenter: an IANA name, or a fixed offset such as `UTC-05:00`. A "
        "trace's local hours, the windows' midnights and modelled prices use it. A weather file "
        "gives its fixed offset, a site by name its IANA zone; to get the same summer hours from "
        "a file, set the IANA zone here",
        json_schema_extra=otherwise("that of `[site]`, else the first source's `zone`, else UTC with a note"),
    )
    repeat: Flag = Field(
        default=False,
        description="`true`: begin again when the series ends, after whole days, so that hours of the day "
        "stay. `false`: the run ends with the supply and reports it, because another year has "
        "other wind",
    )
    source: Annotated[tuple[SourceTable, ...], Tables, Field(max_length=MOST_TABLES)] = ()

    def problems(self) -> Problems:
        """A kind that does not fit the sources."""
        if self.kind == "series" and not self.source:
            yield "kind", "is 'series', but there is no [[supply.source]]; add one"
        if self.kind in ("unlimited", "none") and self.source:
            yield "kind", f"is {self.kind!r}, but there is a [[supply.source]]; remove one of them"

    @property
    def resolved_kind(self) -> str:
        """The kind, by the sources where it was left out."""
        return self.kind or ("series" if self.source else "unlimited")
