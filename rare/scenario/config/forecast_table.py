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
        description='`"none"`: the present persists. `"persistence"`: the last hour persists. '
        '`"daily-persistence"`: the same hour of yesterday. `"climatology"`: the mean by hour and'
        ' season. `"day-ahead"`: from `file`. `"synthetic"`: errors like those of real forecasts.'
        ' `"perfect"`: the future itself',
    )
    hours: Whole = Field(default=24, ge=1, le=168, description="horizon of a forecast")
    seed: Whole = Field(default=0, ge=0, le=2**40, description="random seed of the errors of `synthetic`")
    file: Text | None = Field(
        default=None,
        description="`day-ahead`: file of the supply's forecast. It is scaled as the supply is, which must "
        "have one source, a file. Price and carbon then use `daily-persistence`",
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
        description="`day-ahead`: hour, in local standard time, at which the next day's forecast is issued. "
        "Noon, when day-ahead markets close",
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
