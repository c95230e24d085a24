"""The kinds of values that a scenario's tables hold, and the base of the tables.

Values are taken as TOML gives them: no text becomes a number, no `true` becomes 1. What a field allows
(bounds, choices) stands in the field alone; `toml_tables` makes messages of it, `toml_schema` a JSON schema
and docs/scripts/scenario_tables.py the tables of docs/reference/scenarios.md.

A key without a fixed default says under `otherwise` what holds where it is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

Problems = Iterator[tuple[str | None, str]]
"""(key, what is wrong with it) of keys that do not go together; the key None is the table itself."""

PROBLEM, WRONG_VALUE, NO_TABLES = "problem", "wrong_value", "no_tables"
"""Types of the errors that are raised here; toml_tables makes sentences of them."""

_MOST_SECONDS = 10**12
_FIRST_YEAR, _LAST_YEAR = 1000, 9000
_LONGEST_TEXT = 4096  # as long as a path may be
MOST_TABLES = 1000


def shown(value: object) -> str:
    """A value as it appears in a message: short, and on one line."""
    try:
        text = str(value).lower() if isinstance(value, bool) else repr(value)
    except ValueError:  # Python prints no more than 4,300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."


class Table(BaseModel):
    """A TOML table: immutable, without unknown keys, and checked as a whole once each key is right."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def problems(self) -> Problems:
        """Keys that do not go together, the first one first; each is right by itself."""
        yield from ()

    @model_validator(mode="after")
    def _go_together(self) -> Table:
        for key, message in self.problems():
            context = {"key": key or "", "message": message}
            raise PydanticCustomError(PROBLEM, "{key} {message}", context)
        return self

    @classmethod
    def fields_by_key(cls) -> dict[str, FieldInfo]:
        """The fields by the keys that TOML knows them by."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    def stated(self, *names: str) -> list[str]:
        """Those of these keys that have a value."""
        return [name for name in names if getattr(self, name) is not None]

    def changed(self, *names: str) -> list[str]:
        """Which of these keys are not at their defaults, so that nothing is ignored in silence."""
        fields = type(self).model_fields
        return [name for name in names if getattr(self, name) != fields[name].default]


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError(WRONG_VALUE, "{message}", {"message": message})


def _plain_text(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise _wrong(f"must be a text that is not empty, got {shown(value)}")
    if len(value) > _LONGEST_TEXT:
        raise _wrong(f"must be a text of at most {_LONGEST_TEXT} characters, got {len(value)}")
    return value


def _iso_text(value: object) -> str:
    """A date or an instant as text in ISO 8601."""
    text = value.isoformat() if isinstance(value, dt.datetime | dt.date) else value
    try:
        moment = dt.datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise _wrong(
            f"must be a date such as 2022-03-01 or 2022-03-01T00:00:00Z, got {shown(value)}"
        ) from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:  # else an offset leads beyond what Python can count
        raise _wrong(f"must be of the years {_FIRST_YEAR} to {_LAST_YEAR}, got {shown(text)}")
    return str(text)


def _one_or_many_texts(value: object) -> tuple[str, ...]:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item for item in items):
        raise _wrong(f"must be a list of texts, got {shown(value)}")
    if not items:
        raise _wrong("must be a list of texts that is not empty")
    return tuple(items)


def _one_or_many_numbers(value: object) -> tuple[object, ...]:
    items = value if isinstance(value, list | tuple) else (value,)
    if not items:
        raise _wrong("must be a list of numbers that is not empty")
    return tuple(items)


def _two_numbers(value: object) -> tuple[object, object]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise _wrong(f"must be two numbers, [low, high], got {shown(value)}")
    return value[0], value[1]


def _lower_first(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise _wrong(f"must have the lower number first, got [{value[0]:g}, {value[1]:g}]")
    return value


def _moment(value: object) -> object:
    """Whole seconds of the workload's clock, or an instant as text."""
    if isinstance(value, float):
        raise _wrong(f"must be whole seconds of the workload's clock, or a date, got {shown(value)}")
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > _MOST_SECONDS:
            raise _wrong(f"must be between -10^12 and 10^12 seconds, got {shown(value)}")
        return value
    return _iso_text(value)


def _array(value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise PydanticCustomError(NO_TABLES, "must be an array of tables")
    return tuple(value)


# --- values ---------------------------------------------------------------------------------------------

Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Text = Annotated[
    str,
    Strict(),
    AfterValidator(_plain_text),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _LONGEST_TEXT, "pattern": r"\S"}),
]
Instant = Annotated[str, BeforeValidator(_iso_text), WithJsonSchema({"type": "string"})]
"""A date or an instant: a text, or TOML's own date types. Kept as text in ISO 8601."""

Moment = Annotated[
    int | str,
    BeforeValidator(_moment),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
]
"""A time: whole seconds of the workload's clock, or a date or an instant as text in ISO 8601."""

_TEXT = {"type": "string", "minLength": 1}
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many_texts),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]
"""A list of texts; a single text counts as a list of one."""

NumberList = BeforeValidator(_one_or_many_numbers)
"""For a tuple of numbers: a single number counts as a list of one."""

_FACTOR = {"type": "number", "minimum": 0, "maximum": 2000}
Factors = Annotated[
    tuple[Annotated[Number, Field(ge=0, le=2000)], Annotated[Number, Field(ge=0, le=2000)]],
    BeforeValidator(_two_numbers),
    AfterValidator(_lower_first),
    WithJsonSchema({"type": "array", "items": _FACTOR, "minItems": 2, "maxItems": 2}),
]
"""Two numbers from 0 to 2000 between which a factor is drawn, the lower one first."""


def _pair_schema(low: float, high: float) -> WithJsonSchema:
    number = {"type": "number", "minimum": low, "maximum": high}
    return WithJsonSchema({"type": "array", "items": number, "minItems": 2, "maxItems": 2})


Shares = Annotated[
    tuple[Annotated[Number, Field(ge=0.001, le=1)], Annotated[Number, Field(ge=0.001, le=1)]],
    BeforeValidator(_two_numbers),
    AfterValidator(_lower_first),
    _pair_schema(0.001, 1),
]
"""Two shares between which one is drawn, the lower one first."""

DayHours = Annotated[
    tuple[Annotated[Number, Field(ge=0, le=24)], Annotated[Number, Field(ge=0, le=24)]],
    BeforeValidator(_two_numbers),
    AfterValidator(_lower_first),
    _pair_schema(0, 24),
]
"""Two numbers of hours from 0 to 24, the lower one first: from when until when of a day, or how long."""

Tables = BeforeValidator(_array)
"""For a tuple of tables: an array of them, `[[like.this]]`."""


def otherwise(text: str) -> dict[str, Any]:
    """What holds where the key is left out, for readers of the schema and the documentation."""
    return {"otherwise": text}


# --- keys of a file of a series, which several tables have (traces.read_power, docs/reference/power-format.md) -------

Gaps = Annotated[
    Literal["error", "hold", "interpolate", "zero"],
    Field(description="handling of gaps, duplicates and clock changes"),
]
Negatives = Annotated[
    Literal["error", "zero"], Field(description='`"zero"`: values below zero count as zero')
]
Columns = Annotated[
    Texts | None,
    Field(
        description="columns whose sum is the series",
        json_schema_extra=otherwise("the one that declares a unit"),
    ),
]
PowerUnit = Annotated[
    Text | None,
    Field(
        description="unit of the values: power (`W`, `kW`, `MW`, `GW`) or energy per step (`Wh`, `kWh`, "
        "`MWh`, `GWh`)",
        json_schema_extra=otherwise("by the column's name"),
    ),
]
Stamp = Annotated[
    Literal["start", "end"],
    Field(description='whether a time stamp names the start or the `"end"` of its step'),
]
Zone = Annotated[
    Text | None,
    Field(
        description="time zone of stamps without an offset, such as `Europe/Berlin` or `UTC`",
        json_schema_extra=otherwise("none"),
    ),
]
TimeColumn = Annotated[
    Text | None,
    Field(
        description="column of the time stamps, or of their parts: "
        '`"date=settlementDate,period=settlementPeriod"`',
        json_schema_extra=otherwise("by its name"),
    ),
]
Header = Annotated[
    Flag,
    Field(
        description='`false`: the file has no line of column names; columns are then `"1"`, `"2"`, ... by '
        "position"
    ),
]
DecimalMark = Annotated[
    Literal[".", ","] | None,
    Field(
        description="decimal mark; the other mark groups thousands",
        json_schema_extra=otherwise("by the numbers"),
    ),
]
DateOrder = Annotated[
    Literal["day-first", "month-first"] | None,
    Field(
        description="order of day and month in dates such as 01/02/2022",
        json_schema_extra=otherwise("from a date that decides it"),
    ),
]
TimeUnit = Annotated[
    Text | None,
    Field(
        description='unit of a time column that counts: `"s"`, `"min"`, `"h"`, `"d"`, `"ms"`, `"15min"`, ...',
        json_schema_extra=otherwise("seconds, where it counts from 1970"),
    ),
]
TimeStart = Annotated[
    Text | None,
    Field(
        description="instant of count 0, for a time column that counts",
        examples=["2022-01-01T00:00Z"],
        json_schema_extra=otherwise("1970"),
    ),
]
LAYOUT_KEYS = ("header", "decimal", "date_order", "time_unit", "time_start")
"""How the text of a series' file is laid out: fields of traces.series.text_layout.Layout."""
