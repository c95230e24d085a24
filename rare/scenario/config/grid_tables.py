"""A scenario's tables of the grid: how much may be imported, and what it costs and emits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rare.scenario.config.field_types import (
    LAYOUT_KEYS,
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
    Text,
    TimeColumn,
    TimeStart,
    TimeUnit,
    Zone,
    otherwise,
)
from traces.numbers.rate_units import CURRENCIES


class ImportTable(Table):
    """[grid.import_series]: the import limit as a series."""

    file: Text = Field(description="CSV, plain or gzipped, read as that of a source is")
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
        description="scale its maximum to this ratio of the peak draw",
        json_schema_extra=otherwise("as it is"),
    )


_OF_THE_SOURCE = otherwise("the source's")


class RateTable(Table):
    """[grid.price], [grid.carbon]: what imported power costs and emits, by the hour."""

    file: Text | None = Field(
        default=None,
        description="file of hourly or finer values; either `file` or `model`",
        json_schema_extra=otherwise("-"),
    )
    model: Literal["duck"] | None = Field(
        default=None,
        description='`"duck"`: a synthetic grid with much solar power, expensive and carbon-intensive in the '
        "evening, cheap at noon. It is fitted to no market (docs/reference/grid-series.md)",
        json_schema_extra=otherwise("-"),
    )
    mean: Number | None = Field(
        default=None,
        gt=0,
        le=10**5,
        description="mean of the model per kWh, in `currency` or in g",
        json_schema_extra=otherwise("required with a model"),
    )
    source: Text | None = Field(
        default=None,
        description="publisher of the file: carbon `electricity-maps`, `eia`, `sgip`; price `de-lu`, `ercot`,"
        " `caiso`. It implies column, unit, stamp and zone",
        json_schema_extra=otherwise("known by its columns where they tell"),
    )
    column: Text | None = Field(
        default=None,
        description="column of the values, for files of other publishers; overrides the source's",
        json_schema_extra=_OF_THE_SOURCE,
    )
    unit: Text | None = Field(
        default=None,
        description="unit of the values, such as `EUR/MWh` or `kg/kWh`; overrides the source's",
        json_schema_extra=_OF_THE_SOURCE,
    )
    stamp: Literal["start", "end"] | None = Field(
        default=None,
        description='whether a time stamp names the start or the `"end"` of its step',
        json_schema_extra=otherwise('the source\'s, else `"start"`'),
    )
    zone: Text | None = Field(
        default=None, description="time zone of stamps without an offset", json_schema_extra=_OF_THE_SOURCE
    )
    gaps: Literal["error", "hold", "interpolate"] = Field(
        default="error",
        description="handling of missing hours and clock changes. There is no `zero`: an unknown price is not"
        " free",
    )
    negatives: Literal["allow", "error", "zero"] | None = Field(
        default=None,
        description='`"zero"`: values below zero count as zero',
        json_schema_extra=otherwise('prices: `"allow"`, else `"error"`'),
    )
    time_column: Text | None = Field(
        default=None, description="column of the time stamps", json_schema_extra=_OF_THE_SOURCE
    )
    header: Header = True
    decimal: DecimalMark = None
    date_order: DateOrder = None
    time_unit: TimeUnit = None
    time_start: TimeStart = None
    exchange_rate: Number | None = Field(
        default=None,
        gt=0,
        le=10**6,
        description="price only: units of `currency` for one unit of the file's currency. No default, because"
        " a rate belongs to a date",
    )

    def problems(self) -> Problems:
        """Neither a file nor a model, or both."""
        if (self.file is None) == (self.model is None):
            yield "file", "or model says where the hourly values come from; give one of them"
        if self.model is not None and self.mean is None:
            yield "mean", "is missing: the mean of the model, per kWh (price: grid.currency; carbon: g)"
        if self.model is None and self.mean is not None:
            yield "mean", "belongs to a model, and the values come from a file; leave it out"
        if self.model is not None:
            for key in self.changed(*RATE_FILE_KEYS, "source", "exchange_rate"):
                yield key, "belongs to a file, and the values come from a model; leave it out"


RATE_FILE_KEYS = ("column", "unit", "stamp", "zone", "gaps", "negatives", "time_column", *LAYOUT_KEYS)
"""How a file of prices or carbon intensity is read: arguments of energy.grid.read_price and read_carbon."""


class GridTable(Table):
    """[grid]: imported power. Without an import key there is no grid beside a series (islanded)."""

    import_ratio: Number | None = Field(
        default=None,
        ge=0,
        le=1e3,
        description="import limit as a ratio of the peak draw; 0: islanded",
        json_schema_extra=otherwise("-"),
    )
    import_kw: Number | None = Field(
        default=None, ge=0, le=1e9, description="the same in kW", json_schema_extra=otherwise("-")
    )
    unlimited: Flag | None = Field(
        default=None,
        description="`true`: no import limit. With none of the three keys, the grid is unlimited without a "
        "supply series, and islanded beside one; a note reports it",
        json_schema_extra=otherwise("by the supply"),
    )
    price_per_kwh: Number | None = Field(
        default=None,
        ge=-1000,
        le=1000,
        description="constant price in units of `currency`; may be negative. Without any price no cost is "
        "computed",
    )
    carbon_g_per_kwh: Number | None = Field(
        default=None,
        ge=0,
        le=10**5,
        description="constant carbon intensity. Without any, no carbon is computed",
    )
    currency: Text | None = Field(
        default=None,
        description="currency of every amount of money in the scenario (prices, values, penalties): a "
        "three-letter code. A price file in another currency is an error unless `exchange_rate` "
        "is given",
        examples=["EUR"],
        json_schema_extra=otherwise("the price file's; USD for a modelled price"),
    )
    import_series: ImportTable | None = None
    price: RateTable | None = None
    carbon: RateTable | None = None

    def problems(self) -> Problems:
        """Two limits for one grid, two prices, or money that nobody knows."""
        if self.currency is not None and self.currency not in CURRENCIES:
            yield "currency", f"must be one of {', '.join(sorted(CURRENCIES))}, got {self.currency!r}"
        if self.carbon is not None and self.carbon.exchange_rate is not None:
            yield "carbon", "has an exchange_rate, but carbon is no money; leave it out"
        for series, constant in (("price", "price_per_kwh"), ("carbon", "carbon_g_per_kwh")):
            if getattr(self, series) is not None and getattr(self, constant) is not None:
                yield constant, f"and [grid.{series}] say the same thing twice; keep one"
        if self.import_series is not None and (self.stated("import_ratio", "import_kw") or self.unlimited):
            yield "import_series", "and a constant import limit exclude each other; keep one"
        limits = self.stated("import_ratio", "import_kw") + ["unlimited"] * bool(self.unlimited)
        if len(limits) > 1:
            yield limits[1], f"and {limits[0]} both set the import limit; keep one"
