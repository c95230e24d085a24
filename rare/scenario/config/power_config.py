"""A scenario's tables of power: site, supply, grid, battery and forecast. The others are in config.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from rare.scenario.config.toml_tables import flag, many, number, one, text, texts, whole
from traces.rate_units import CURRENCIES

Problems = Iterator[tuple[str, str]]


def given(table: Any, *names: str) -> list[str]:
    """Which of these keys have a value."""
    return [name for name in names if getattr(table, name) is not None]


def changed(table: Any, *names: str) -> list[str]:
    """Which of these keys are not at their defaults, so that nothing is ignored in silence."""
    defaults = {field.name: field.default for field in fields(table)}
    return [name for name in names if getattr(table, name) != defaults[name]]


# How [site] has a weather file read: arguments of energy.weather.site_weather.read_weather.
WEATHER_FILE_KEYS = (
    "format", "clear_sky", "gaps", "negatives", "year",
    "latitude_deg", "longitude_deg", "altitude_m", "utc_offset_h",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SiteTable:
    """[site]: the weather that plants and outside air see."""

    name: str | None = text(None)  # a typical year that comes with pvlib: greensboro, miami, sand-point
    weather: str | None = text(None)  # or a file, beside the scenario file (docs/weather.md)
    format: str | None = text(None)  # None: by the content
    clear_sky: bool = flag(False)  # model the irradiance from clear sky and cloud cover where there is none
    gaps: str = text("error", choices=("error", "interpolate"))
    negatives: str = text("error", choices=("error", "zero"))  # irradiance below zero
    year: int | None = whole(None, low=1950, high=2100)  # place the weather in this year
    # instead of what the file says, and needed where it does not say
    latitude_deg: float | None = number(None, low=-90.0, high=90.0)  # north positive
    longitude_deg: float | None = number(None, low=-180.0, high=180.0)  # east positive
    altitude_m: float | None = number(None, low=-500.0, high=9000.0)
    utc_offset_h: float | None = number(None, low=-14.0, high=14.0)  # of the file's clock, all year

    def problems(self) -> Problems:
        """Two weathers for one site."""
        if self.name is not None and self.weather is not None:
            yield "weather", "and name both say where the weather comes from; keep one"
        if self.weather is None:
            # A typical year is complete and has its place on the calendar.
            for key in changed(self, *WEATHER_FILE_KEYS):
                yield key, "belongs to a weather file; give site.weather, or leave it out"

    @property
    def present(self) -> bool:
        """Whether there is weather."""
        return self.name is not None or self.weather is not None


_SOLAR_KEYS = ("tilt_deg", "azimuth_deg", "tracking", "module", "inverter", "dc_ac_ratio")
_WIND_KEYS = ("turbine", "hub_height_m", "roughness_m")
# How the text of a series' file is laid out, where its content does not say:
# traces.series.text_layout.Layout.
LAYOUT_KEYS = ("header", "decimal", "date_order", "time_unit", "time_start")
_FILE_KEYS = ("file", "columns", "unit", "stamp", "zone", "gaps", "negatives", "time_column", *LAYOUT_KEYS)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """[[supply.source]]: one series of renewable power, from a file or from the site's weather."""

    # file: read; solar, wind: a plant at [site]
    kind: str = text("file", choices=("file", "solar", "wind"))
    capacity: float | None = number(None, above=True, high=1e3)  # of a plant / peak draw
    capacity_kw: float | None = number(None, above=True, high=1e9)
    step_s: int | None = whole(None, low=60, high=86400)  # of a plant; None: the weather's
    interpolation: str | None = text(None, choices=("clear_sky_index", "linear", "hold"))  # to a finer step
    tilt_deg: float | None = number(None, high=90.0)  # None: the latitude
    azimuth_deg: float | None = number(None, high=360.0)  # None: towards the equator
    tracking: str | None = text(None, choices=("fixed", "single_axis"))
    module: str | None = text(None)
    inverter: str | None = text(None)
    dc_ac_ratio: float | None = number(None, low=0.1, high=5.0)
    turbine: str | None = text(None)  # a type that windpowerlib knows
    hub_height_m: float | None = number(None, low=10.0, high=300.0)
    roughness_m: float | None = number(None, above=True, high=5.0)
    losses_percent: float | None = number(None, high=99.0)
    # which forecast error it has; None: by kind, and "supply" for a file
    quantity: str | None = text(None, choices=("wind", "solar", "supply"))
    file: str | None = text(None)  # beside the scenario file; None: --power
    columns: tuple[str, ...] | None = texts()  # summed; None: the one that declares a unit
    unit: str | None = text(None)  # None: by the column's name
    stamp: str = text("start", choices=("start", "end"))
    zone: str | None = text(None)  # of stamps without an offset
    gaps: str = text("error", choices=("error", "hold", "interpolate", "zero"))
    negatives: str = text("error", choices=("error", "zero"))
    time_column: str | None = text(None)
    header: bool = flag(True)  # false: no line of column names; columns are "1", "2", ... by position
    decimal: str | None = text(None, choices=(".", ","))  # None: by the numbers
    date_order: str | None = text(None, choices=("day-first", "month-first"))  # of dates like 01/02/2022
    time_unit: str | None = text(None)  # of a time column that counts: s, min, h, d, 15min
    time_start: str | None = text(None)  # instant of count 0, such as 2022-01-01T00:00Z
    peak: float | None = number(None, above=True, high=1e3)  # the series' maximum / peak draw
    peak_kw: float | None = number(None, above=True, high=1e9)
    scale: float | None = number(None, above=True, high=1e9)  # all three None: 1

    def problems(self) -> Problems:
        """Two sizes for one series, or keys of another kind of source."""
        foreign = {
            "file": (
                "capacity",
                "capacity_kw",
                "step_s",
                "interpolation",
                "losses_percent",
                *_SOLAR_KEYS,
                *_WIND_KEYS,
            ),
            "solar": _WIND_KEYS,
            "wind": _SOLAR_KEYS,
        }[self.kind]
        for key in given(self, *foreign):
            yield key, f"is no key of a source of kind {self.kind!r}; set kind, or leave it out"
        if self.kind != "file":
            for key in given(self, "peak", "peak_kw", "scale"):
                yield (
                    key,
                    f"is no key of a source of kind {self.kind!r}, whose size is capacity or capacity_kw",
                )
            for key in changed(self, *_FILE_KEYS):
                yield key, f'is no key of a source of kind {self.kind!r}; set kind = "file", or leave it out'
            if len(given(self, "capacity", "capacity_kw")) != 1:
                yield "capacity", "or capacity_kw says how large the plant is; give exactly one of them"
            if self.interpolation is not None and self.step_s is None:
                yield "interpolation", "is to a finer step, and step_s is not given; give it, or leave it out"
            if self.kind == "wind" and self.interpolation == "clear_sky_index":
                yield "interpolation", 'is "clear_sky_index", which is for solar; use linear or hold'
        sizes = given(self, "peak", "peak_kw", "scale")
        if len(sizes) > 1:
            yield sizes[1], f"and {sizes[0]} both size the series; keep one"


@dataclass(frozen=True, slots=True)
class SupplyTable:
    """[supply]: the renewable power."""

    # unlimited: the grid gives whatever is drawn; none: no renewable supply; series: the sources
    kind: str | None = text(None, choices=("unlimited", "none", "series"))
    site_zone: str | None = text(None)  # None: the first source's zone, else UTC
    repeat: bool = flag(False)  # begin again when the series ends
    source: tuple[SourceTable, ...] = many(SourceTable)

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


@dataclass(frozen=True, slots=True)
class ImportTable:
    """[grid.import_series]: the import limit as a series."""

    file: str = text()
    columns: tuple[str, ...] | None = texts()
    unit: str | None = text(None)
    stamp: str = text("start", choices=("start", "end"))
    zone: str | None = text(None)
    gaps: str = text("error", choices=("error", "hold", "interpolate", "zero"))
    negatives: str = text("error", choices=("error", "zero"))
    time_column: str | None = text(None)
    header: bool = flag(True)  # false: no line of column names; columns are "1", "2", ... by position
    decimal: str | None = text(None, choices=(".", ","))  # None: by the numbers
    date_order: str | None = text(None, choices=("day-first", "month-first"))  # of dates like 01/02/2022
    time_unit: str | None = text(None)  # of a time column that counts: s, min, h, d, 15min
    time_start: str | None = text(None)  # instant of count 0, such as 2022-01-01T00:00Z
    peak: float | None = number(None, above=True, high=1e3)  # the series' maximum / peak draw; None: as it is


@dataclass(frozen=True, slots=True)
class RateTable:
    """[grid.price], [grid.carbon]: what imported power costs and emits, by the hour."""

    file: str | None = text(None)  # beside the scenario file
    model: str | None = text(None, choices=("duck",))  # or made: docs/grid-series.md
    mean: float | None = number(None, above=True, high=10**5)  # of a model: per kWh, in currency or in g
    source: str | None = text(None)  # whose file: electricity-maps, eia, sgip; de-lu, ercot, caiso
    column: str | None = text(None)
    unit: str | None = text(None)
    stamp: str | None = text(None, choices=("start", "end"))
    zone: str | None = text(None)
    gaps: str = text("error", choices=("error", "hold", "interpolate"))
    # None: prices may be negative, carbon intensities not
    negatives: str | None = text(None, choices=("allow", "error", "zero"))
    time_column: str | None = text(None)
    header: bool = flag(True)  # false: no line of column names; columns are "1", "2", ... by position
    decimal: str | None = text(None, choices=(".", ","))  # None: by the numbers
    date_order: str | None = text(None, choices=("day-first", "month-first"))  # of dates like 01/02/2022
    time_unit: str | None = text(None)  # of a time column that counts: s, min, h, d, 15min
    time_start: str | None = text(None)  # instant of count 0, such as 2022-01-01T00:00Z
    exchange_rate: float | None = number(None, above=True, high=10**6)  # grid.currency per unit of the file's

    def problems(self) -> Problems:
        """Neither a file nor a model, or both."""
        if (self.file is None) == (self.model is None):
            yield "file", "or model says where the hourly values come from; give one of them"
        if self.model is not None and self.mean is None:
            yield "mean", "is missing: the mean of the model, per kWh (price: grid.currency; carbon: g)"
        if self.model is None and self.mean is not None:
            yield "mean", "belongs to a model, and the values come from a file; leave it out"
        if self.model is not None:
            keys = (
                "source", "column", "unit", "stamp", "zone", "gaps", "negatives", "time_column",
                "exchange_rate", *LAYOUT_KEYS,
            )  # fmt: skip
            for key in changed(self, *keys):
                yield key, "belongs to a file, and the values come from a model; leave it out"


@dataclass(frozen=True, slots=True)
class GridTable:
    """[grid]: imported power. Without an import key there is no grid beside a series (islanded)."""

    import_ratio: float | None = number(None, high=1e3)  # of peak draw
    import_kw: float | None = number(None, high=1e9)
    unlimited: bool | None = flag(None)
    price_per_kwh: float | None = number(None, low=-1000, high=1000)  # None: no cost is computed
    carbon_g_per_kwh: float | None = number(None, high=10**5)  # None: no carbon is computed
    currency: str | None = text(None)  # of price_per_kwh and of values, such as EUR; None: the price file's
    import_series: ImportTable | None = one(ImportTable, None)
    price: RateTable | None = one(RateTable, None)
    carbon: RateTable | None = one(RateTable, None)

    def problems(self) -> Problems:
        """Two limits for one grid, two prices, or money that nobody knows."""
        if self.currency is not None and self.currency not in CURRENCIES:
            yield "currency", f"must be one of {', '.join(sorted(CURRENCIES))}, got {self.currency!r}"
        if self.carbon is not None and self.carbon.exchange_rate is not None:
            yield "carbon", "has an exchange_rate, but carbon is no money; leave it out"
        for series, constant in (("price", "price_per_kwh"), ("carbon", "carbon_g_per_kwh")):
            if getattr(self, series) is not None and getattr(self, constant) is not None:
                yield constant, f"and [grid.{series}] say the same thing twice; keep one"
        if self.import_series is not None and (given(self, "import_ratio", "import_kw") or self.unlimited):
            yield "import_series", "and a constant import limit exclude each other; keep one"
        limits = given(self, "import_ratio", "import_kw") + ["unlimited"] * bool(self.unlimited)
        if len(limits) > 1:
            yield limits[1], f"and {limits[0]} both set the import limit; keep one"


@dataclass(frozen=True, slots=True)
class BatteryTable:
    """[battery]: none unless `hours` or `kwh` is given. Powers are on the AC side."""

    hours: float | None = number(None, high=10**4)  # capacity in hours of peak draw
    kwh: float | None = number(None, high=10**6)
    charge_ratio: float | None = number(None, high=1e3)  # of peak draw
    charge_kw: float | None = number(None, high=10**6)  # both None: ratio 1
    discharge_ratio: float | None = number(None, high=1e3)
    discharge_kw: float | None = number(None, high=10**6)
    charge_efficiency: float = number(0.95, low=0.1, high=1.0)
    discharge_efficiency: float = number(0.95, low=0.1, high=1.0)
    initial_share: float = number(0.5, high=1.0)
    self_discharge_percent_per_month: float = number(0.0, high=100.0)  # of the capacity, in 30 days
    # at or below: charge from the grid, and spare the battery; at most one of the two
    grid_charge_below_price_per_kwh: float | None = number(None, low=-1000, high=1000)
    grid_charge_below_carbon_g_per_kwh: float | None = number(None, high=10**5)

    def problems(self) -> Problems:
        """Two sizes for one battery, or sizes without a battery."""
        for keys in (("hours", "kwh"), ("charge_ratio", "charge_kw"), ("discharge_ratio", "discharge_kw")):
            if len(given(self, *keys)) > 1:
                yield keys[1], f"and {keys[0]} say the same thing twice; keep one"
        limits = given(self, "charge_ratio", "charge_kw", "discharge_ratio", "discharge_kw")
        thresholds = given(self, "grid_charge_below_price_per_kwh", "grid_charge_below_carbon_g_per_kwh")
        if len(thresholds) > 1:
            yield thresholds[1], f"and {thresholds[0]} both say when to charge from the grid; keep one"
        limits += thresholds
        if limits and not self.present:
            yield limits[0], "is given, but the battery has no size; give battery.hours or battery.kwh"

    @property
    def present(self) -> bool:
        """Whether there is a battery."""
        return self.hours is not None or self.kwh is not None


@dataclass(frozen=True, slots=True)
class ForecastTable:
    """[forecast]: what schedulers know of tomorrow (docs/forecasts.md)."""

    kind: str = text(
        "none",
        choices=(
            "none",
            "perfect",
            "persistence",
            "daily-persistence",
            "climatology",
            "day-ahead",
            "synthetic",
        ),
    )
    hours: int = whole(24, low=1, high=168)  # how far one reaches
    seed: int = whole(0)  # of the errors of `synthetic`
    # day-ahead: the forecast supply, sized as the only source is
    file: str | None = text(None)
    columns: tuple[str, ...] | None = texts()
    unit: str | None = text(None)
    stamp: str = text("start", choices=("start", "end"))
    zone: str | None = text(None)
    gaps: str = text("error", choices=("error", "hold", "interpolate", "zero"))
    negatives: str = text("error", choices=("error", "zero"))
    time_column: str | None = text(None)
    header: bool = flag(True)  # false: no line of column names; columns are "1", "2", ... by position
    decimal: str | None = text(None, choices=(".", ","))  # None: by the numbers
    date_order: str | None = text(None, choices=("day-first", "month-first"))  # of dates like 01/02/2022
    time_unit: str | None = text(None)  # of a time column that counts: s, min, h, d, 15min
    time_start: str | None = text(None)  # instant of count 0, such as 2022-01-01T00:00Z
    issue_hour: int = whole(12, high=23)  # local hour at which a day-ahead forecast comes out

    def problems(self) -> Problems:
        """A forecast file without use, or none where one is needed."""
        if (self.kind == "day-ahead") != (self.file is not None):
            yield "file", 'and kind = "day-ahead" go together; give both or neither'
        if self.file is None:
            keys = (
                "columns",
                "unit",
                "stamp",
                "zone",
                "gaps",
                "negatives",
                "time_column",
                "issue_hour",
                *LAYOUT_KEYS,
            )
            for key in changed(self, *keys):
                yield key, 'belongs to kind = "day-ahead" and its file; give them, or leave it out'
        if self.kind != "synthetic" and self.seed != 0:
            yield "seed", f'draws the errors of kind = "synthetic", but kind is {self.kind!r}; leave it out'
