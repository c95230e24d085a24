"""TOML tables into frozen dataclasses: one field helper per kind of value, one parser for all.

A field says what it accepts: `whole(4, low=1)`, `number(None)`, `text(choices=...)`. `parse_table`
refuses everything else by key and value, so nothing behind it checks again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import math
from collections.abc import Iterable
from typing import Any, TypeVar

REQUIRED = dataclasses.MISSING
"""Default of a key that must be given."""

T = TypeVar("T")
_LONGEST_MESSAGE, _LONGEST_TAIL = 600, 100
_FIRST_YEAR, _LAST_YEAR = 1000, 9000
_LONGEST_TEXT = 4096  # as long as a path may be


class TableProblem(ValueError):
    """A key that is wrong. `path` leads to it: table names, positions in arrays, and the key itself."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        if len(message) > _LONGEST_MESSAGE:  # a value that it quotes may have any length
            message = f"{message[: _LONGEST_MESSAGE - _LONGEST_TAIL]}...{message[-_LONGEST_TAIL:]}"
        super().__init__(message)
        self.path = path
        self.message = message


def dotted(path: Iterable[str | int]) -> str:
    """`supply.source.0.peak`: how `--set` and error messages write a path."""
    return ".".join(str(part) if len(str(part)) <= 60 else f"{str(part)[:57]}..." for part in path)


def shown(value: object) -> str:
    """A value as it appears in a message: short, and on one line."""
    try:
        text = str(value).lower() if isinstance(value, bool) else repr(value)
    except ValueError:  # Python prints no more than 4,300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."


def _field(default: Any, **rule: Any) -> Any:
    if default is REQUIRED:
        return dataclasses.field(metadata=rule)
    return dataclasses.field(default=default, metadata=rule)


def whole(default: Any = REQUIRED, low: int = 0, high: int = 2**40) -> Any:
    """A whole number from low to high."""
    return _field(default, kind="whole", low=low, high=high)


def number(default: Any = REQUIRED, low: float = 0.0, high: float = 1e9, above: bool = False) -> Any:
    """A finite number from low (itself excluded if `above`) to high."""
    return _field(default, kind="number", low=low, high=high, above=above)


def text(default: Any = REQUIRED, choices: tuple[str, ...] = ()) -> Any:
    """A string that is not empty; one of `choices` where they are given."""
    return _field(default, kind="text", choices=choices)


def stamp(default: Any = None) -> Any:
    """A date or an instant: a string, or TOML's own date types. Kept as text in ISO 8601."""
    return _field(default, kind="stamp")


def flag(default: bool | None) -> Any:
    """True or false."""
    return _field(default, kind="flag")


def pair(default: Any, high: float) -> Any:
    """Two finite numbers from 0 to high, the lower one first."""
    return _field(default, kind="pair", low=0.0, high=high)


def numbers(default: Any, low: float = 0.0, high: float = 1e9) -> Any:
    """A list of finite numbers from low to high; a single number counts as a list of one."""
    return _field(default, kind="numbers", low=low, high=high)


def texts(default: Any = None) -> Any:
    """A list of strings; a single string counts as a list of one."""
    return _field(default, kind="texts")


def one(cls: type, default: Any = REQUIRED) -> Any:
    """A table."""
    if default is REQUIRED:
        return dataclasses.field(default_factory=cls, metadata={"kind": "table", "cls": cls})
    return dataclasses.field(default=default, metadata={"kind": "table", "cls": cls})


def many(cls: type, most: int = 1000) -> Any:
    """An array of at most so many tables, `[[like.this]]`."""
    return dataclasses.field(default=(), metadata={"kind": "tables", "cls": cls, "most": most})


def parse_table(cls: type[T], table: object, path: tuple[str | int, ...] = ()) -> T:
    """An instance of `cls` from a TOML table; TableProblem for the first thing that is wrong."""
    if not isinstance(table, dict):
        raise TableProblem(path, f"must be a table, got {shown(table)}")
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise TableProblem((*path, key), _unknown(key, table[key], list(fields), bool(path)))
    values = {}
    for name, field in fields.items():
        if name in table:
            values[name] = _parse_value(field.metadata, table[name], (*path, name))
        elif field.default is REQUIRED and field.default_factory is dataclasses.MISSING:
            raise TableProblem((*path, name), "is missing and has no default; give it")
    made = cls(**values)
    for key, message in getattr(made, "problems", tuple)():
        raise TableProblem((*path, key) if key else path, message)
    return made


def _unknown(key: str, value: object, known: list[str], inside: bool) -> str:
    what = "table" if isinstance(value, dict) or (isinstance(value, list) and not inside) else "key"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.55)
    if near:
        return f"is an unknown {what}; did you mean {near[0]!r}?"
    return f"is an unknown {what}; known are {', '.join(known)}"


def _parse_value(rule: Any, value: object, path: tuple[str | int, ...]) -> Any:
    kind = rule["kind"]
    if kind == "table":
        return parse_table(rule["cls"], value, path)
    if kind == "tables":
        if not isinstance(value, list):
            raise TableProblem(path, f"must be an array of tables, written [[{dotted(path)}]]")
        if len(value) > rule["most"]:
            raise TableProblem(path, f"has {len(value)} entries; give at most {rule['most']}")
        return tuple(parse_table(rule["cls"], item, (*path, place)) for place, item in enumerate(value))
    return _PARSERS[kind](rule, value, path)


def _parse_whole(rule: Any, value: object, path: tuple[str | int, ...]) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TableProblem(path, f"must be a whole number, got {shown(value)}")
    return _in_range(rule, value, path)


def _parse_number(rule: Any, value: object, path: tuple[str | int, ...]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TableProblem(path, f"must be a number, got {shown(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise TableProblem(path, f"must be a finite number, got {value}")
    return float(_in_range(rule, value, path))


def _in_range(rule: Any, value: Any, path: tuple[str | int, ...]) -> Any:
    low, high = rule["low"], rule["high"]
    if rule.get("above") and value <= low:
        raise TableProblem(path, f"must be above {low:g}, got {value}")
    if not low <= value <= high:
        raise TableProblem(path, f"must be between {_plain(low)} and {_plain(high)}, got {value}")
    return value


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def _parse_text(rule: Any, value: object, path: tuple[str | int, ...]) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise TableProblem(path, f"must be a text that is not empty, got {shown(value)}")
    if len(value) > _LONGEST_TEXT:
        raise TableProblem(path, f"must be a text of at most {_LONGEST_TEXT} characters, got {len(value)}")
    choices = rule["choices"]
    if choices and value not in choices:
        raise TableProblem(path, f"must be one of {', '.join(choices)}, got {shown(value)}")
    return value


def _parse_stamp(rule: Any, value: object, path: tuple[str | int, ...]) -> str:
    given = value.isoformat() if isinstance(value, dt.datetime | dt.date) else value
    try:
        moment = dt.datetime.fromisoformat(given if isinstance(given, str) else "")
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:  # else an offset leads beyond what Python can count
            raise TableProblem(
                path, f"must be of the years {_FIRST_YEAR} to {_LAST_YEAR}, got {shown(given)}"
            )
    except TableProblem:
        raise
    except ValueError:
        raise TableProblem(
            path, f"must be a date such as 2022-03-01 or 2022-03-01T00:00:00Z, got {shown(value)}"
        ) from None
    return str(given)


def _parse_flag(rule: Any, value: object, path: tuple[str | int, ...]) -> bool:
    if not isinstance(value, bool):
        raise TableProblem(path, f"must be true or false, got {shown(value)}")
    return value


def _parse_texts(rule: Any, value: object, path: tuple[str | int, ...]) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not items or not all(isinstance(i, str) and i for i in items):
        raise TableProblem(path, f"must be a list of texts, got {shown(value)}")
    return tuple(items)


def _parse_numbers(rule: Any, value: object, path: tuple[str | int, ...]) -> tuple[float, ...]:
    items = value if isinstance(value, list) else [value]
    if not items:
        raise TableProblem(path, "must be a list of numbers that is not empty")
    return tuple(_parse_number(rule, each, (*path, place)) for place, each in enumerate(items))


def _parse_pair(rule: Any, value: object, path: tuple[str | int, ...]) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise TableProblem(path, f"must be two numbers, [low, high], got {shown(value)}")
    low, high = (_parse_number(rule, each, path) for each in value)
    if low > high:
        raise TableProblem(path, f"must have the lower number first, got {shown(value)}")
    return low, high


_PARSERS: dict[str, Any] = {
    "whole": _parse_whole,
    "number": _parse_number,
    "text": _parse_text,
    "stamp": _parse_stamp,
    "flag": _parse_flag,
    "pair": _parse_pair,
    "numbers": _parse_numbers,
    "texts": _parse_texts,
}
