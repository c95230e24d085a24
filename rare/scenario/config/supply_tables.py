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
        description="a typical year that comes with pvlib: `greensboro`, `miami`, `sand-point`. Placed in "
        "2019, a year without 29 February",
    )
    weather: Text | None = Field(
        default=None,
        description="or a file: TMY3, TMY2, EPW, NSRDB, Open-Meteo, PVGIS, feedinlib (docs/reference/weather.md)",
    )
    format: Text | None = Field(
        default=None,
        description="of the file: `tmy3`, `tmy2`, `epw`, `nsrdb`, `openmeteo`, `pvgis`, `feedinlib`",
        json_schema_extra=otherwise("by its content"),
    )
    clear_sky: Flag = Field(
        default=False,
        description="where the file has no irradiance, model it from clear sky and cloud cover. Off, because "
        "it is a guess: its hours are off by 13 to 20 % of the mean",
    )
    gaps: Literal["error", "interpolate"] = Field(
        default="error",
        description='`"interpolate"`: missing rows and cells on a line, for at most 6 hours',
    )
    negatives: Literal["error", "zero"] = Field(
        default="error", description='`"zero"`: irradiance below zero counts as zero'
    )
    year: Whole | None = Field(
        default=None,
        ge=1950,
        le=2100,
        description="place the file's months in this year",
        json_schema_extra=_THE_FILES,
    )
    latitude_deg: Number | None = Field(
        default=None,
        ge=-90,
        le=90,
        description="north positive. Needed where the file does not say (feedinlib; NSRDB without its two "
        "header lines)",
        json_schema_extra=_THE_FILES,
    )
    longitude_deg: Number | None = Field(
        default=None,
        ge=-180,
        le=180,
        description="east positive; needed where the latitude is",
        json_schema_extra=_THE_FILES,
    )
    altitude_m: Number | None = Field(
        default=None,
        ge=-500,
        le=9000,
        description="above the sea",
        json_schema_extra=otherwise("the file's, else 0 with a note"),
    )
    utc_offset_h: Number | None = Field(
        default=None,
        ge=-14,
        le=14,
        description="of the file's clock, all year; halves and quarters too (5.75). Where the stamps are in "
        "UTC or carry offsets, it is the site's clock and moves no row",
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
        description='`"file"`: read, by the keys of the next table. `"solar"`, `"wind"`: a plant at '
        "`[site]`, by "
        "those of the table after it",
    )
    capacity: Number | None = Field(
        default=None,
        gt=0,
        le=1e3,
        description="nameplate (solar: of the inverter, AC) as a ratio of the peak draw. The plant never "
        "gives more, and seldom as much: unlike `peak`, nothing is scaled to a maximum that happened",
        json_schema_extra=otherwise("required"),
    )
    capacity_kw: Number | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="the same in kW; one of the two",
        json_schema_extra=otherwise("-"),
    )
    step_s: Whole | None = Field(
        default=None,
        ge=60,
        le=86400,
        description="a divisor of the weather's step",
        json_schema_extra=otherwise("the weather's"),
    )
    interpolation: Literal["clear_sky_index", "linear", "hold"] | None = Field(
        default=None,
        description="how to get to a finer `step_s`; `clear_sky_index` is for solar",
        json_schema_extra=otherwise("`clear_sky_index` for solar, `linear` for wind"),
    )
    tilt_deg: Number | None = Field(
        default=None,
        ge=0,
        le=90,
        description="solar: from horizontal",
        json_schema_extra=otherwise("the latitude; a tracker's axis: 0"),
    )
    azimuth_deg: Number | None = Field(
        default=None,
        ge=0,
        le=360,
        description="solar: clockwise from north",
        json_schema_extra=otherwise("towards the equator"),
    )
    tracking: Literal["fixed", "single_axis"] | None = Field(
        default=None, description="solar: how the panels stand", json_schema_extra=otherwise('`"fixed"`')
    )
    module: Text | None = Field(
        default=None,
        description="solar: a name in pvlib's CEC or Sandia tables",
        json_schema_extra=otherwise("PVWatts'"),
    )
    inverter: Text | None = Field(
        default=None,
        description="solar: a name in pvlib's CEC or Sandia tables",
        json_schema_extra=otherwise("PVWatts'"),
    )
    dc_ac_ratio: Number | None = Field(
        default=None,
        ge=0.1,
        le=5,
        description="solar: panels over inverter; what the inverter cannot take is clipped",
        json_schema_extra=otherwise("1.2"),
    )
    turbine: Text | None = Field(
        default=None,
        description="wind: a type with a power curve in windpowerlib's table, scaled to the capacity",
        json_schema_extra=otherwise("`E-126/4200`"),
    )
    hub_height_m: Number | None = Field(
        default=None, ge=10, le=300, description="wind: above the ground", json_schema_extra=otherwise("135")
    )
    roughness_m: Number | None = Field(
        default=None,
        gt=0,
        le=5,
        description="wind: roughness length. Farmland with some houses and hedges",
        json_schema_extra=otherwise("the weather file's, else 0.15"),
    )
    losses_percent: Number | None = Field(
        default=None,
        ge=0,
        le=99,
        description="PVWatts' for soiling, wiring and mismatch; ours for wakes and availability",
        json_schema_extra=otherwise("solar 14, wind 15"),
    )
    quantity: Literal["wind", "solar", "supply"] | None = Field(
        default=None,
        description="which errors its forecasts have (docs/reference/forecasts.md). A file does not say what it holds",
        json_schema_extra=otherwise('by `kind`; a file: `"supply"`'),
    )
    file: Text | None = Field(
        default=None,
        description="CSV, plain or gzipped (docs/reference/power-format.md). Leave it out to be given with `--power`",
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
        description="scale the series so that its own maximum, over the whole file, is this ratio of the "
        "peak draw. Over the whole file, so that the watts do not depend on which jobs are chosen",
        json_schema_extra=otherwise("-"),
    )
    peak_kw: Number | None = Field(
        default=None, gt=0, le=1e9, description="the same in kW", json_schema_extra=otherwise("-")
    )
    scale: Number | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="or multiply by this; 1 takes the file as it is",
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
        description='`"series"`: the sources below. `"none"`: no renewable supply, grid and battery as '
        'given. `"unlimited"`: the grid gives whatever is drawn; `[battery]` and the import limit are not '
        "used",
        json_schema_extra=otherwise('`"series"` with sources, else `"unlimited"`'),
    )
    site_zone: Text | None = Field(
        default=None,
        description="zone of the datacenter: an IANA name, or a fixed offset such as `UTC-05:00`. A trace's "
        "local hours, the windows' midnights and invented prices go by it. A weather file gives the fixed "
        "offset that it states; sites by name have their IANA zone, so for the same summer hours from a file "
        "give that zone here",
        json_schema_extra=otherwise("that of `[site]`, else the first source's `zone`, else UTC with a note"),
    )
    repeat: Flag = Field(
        default=False,
        description="begin again when the series ends (whole days of it, so that hours stay hours). Off, "
        "because last year's wind is not next year's: by default the run ends with the supply, and says so",
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
