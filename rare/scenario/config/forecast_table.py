"""A scenario's table of forecasts: of what kind, how far, and from which file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rare.scenario.config.field_types import (
    LAYOUT_KEYS,
    Columns,
    DateOrder,
    DecimalMark,
    Gaps,
    Header,
    Negatives,
    PowerUnit,
    Problems,
    Stamp,
    Table,
    Text,
    TimeColumn,
    TimeStart,
    TimeUnit,
    Whole,
    Zone,
)

_OF_A_DAY_AHEAD_FILE = (
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


class ForecastTable(Table):
    """[forecast]: what schedulers know of tomorrow (docs/reference/forecasts.md)."""

    kind: Literal[
        "none", "perfect", "persistence", "daily-persistence", "climatology", "day-ahead", "synthetic"
    ] = Field(
        default="none",
        description="`none`: the present is taken to persist. `persistence` (the last hour goes on), "
        "`daily-persistence` (yesterday's same hour), `climatology`, `day-ahead`, `synthetic` (errors like "
        "those of real forecasts). `perfect` knows the future: a visible choice",
    )
    hours: Whole = Field(default=24, ge=1, le=168, description="how far one reaches")
    seed: Whole = Field(default=0, ge=0, le=2**40, description="of the errors of `synthetic`")
    file: Text | None = Field(
        default=None,
        description="day-ahead: what was forecast of the supply, scaled as the supply's only source, a file, "
        "is. Price and carbon then go by `daily-persistence`",
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
    issue_hour: Whole = Field(
        default=12,
        ge=0,
        le=23,
        description="day-ahead: local standard hour at which the next day's forecast comes out. Noon, as "
        "day-ahead markets close",
    )

    def problems(self) -> Problems:
        """A forecast file without use, or none where one is needed."""
        if (self.kind == "day-ahead") != (self.file is not None):
            yield "file", 'and kind = "day-ahead" go together; give both or neither'
        if self.file is None:
            for key in self.changed(*_OF_A_DAY_AHEAD_FILE):
                yield key, 'belongs to kind = "day-ahead" and its file; give them, or leave it out'
        if self.kind != "synthetic" and self.seed != 0:
            yield "seed", f'draws the errors of kind = "synthetic", but kind is {self.kind!r}; leave it out'
