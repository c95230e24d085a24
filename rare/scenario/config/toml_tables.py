"""Parses TOML tables into models; error messages name the key, the value and the allowed range."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

import annotated_types
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from rare.scenario.config.field_types import NO_TABLES, PROBLEM, WRONG_VALUE, Table, shown
from traces.errors import InputError

__all__ = ["KeyPath", "TableProblem", "dotted", "inner_table", "limits", "parse_table", "shown", "value_kind"]

KeyPath = tuple[str | int, ...]
"""The path of a value: table names, positions in arrays, and the key."""

T = TypeVar("T", bound=Table)
_LONGEST_MESSAGE, _LONGEST_TAIL = 600, 100


class TableProblem(ValueError):
    """A key that is wrong. `path` leads to it; `value` is what was found, as messages show it."""

    def __init__(self, path: KeyPath, message: str, value: str | None = None) -> None:
        if len(message) > _LONGEST_MESSAGE:  # a value that it quotes may have any length
            message = f"{message[: _LONGEST_MESSAGE - _LONGEST_TAIL]}...{message[-_LONGEST_TAIL:]}"
        super().__init__(message)
        self.path = path
        self.message = message
        self.value = value

    def located(self, where: str) -> InputError:
        """The problem as bad input at a place: a file and line, or an option."""
        return InputError(f"{dotted(self.path)} {self.message}", where=where, value=self.value)


def dotted(path: Iterable[str | int]) -> str:
    """`supply.source.0.peak`: how `--set` and error messages write a path."""
    return ".".join(str(part) if len(str(part)) <= 60 else f"{str(part)[:57]}..." for part in path)


def parse_table(model: type[T], table: object) -> T:
    """A table as its model. TableProblem for an unknown key, else for the first invalid one."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        problems = [_problem(details, model) for details in error.errors(include_url=False)]
    unknown = [problem for problem, is_unknown in problems if is_unknown]
    raise unknown[0] if unknown else problems[0][0]


def _problem(details: ErrorDetails, model: type[Table]) -> tuple[TableProblem, bool]:
    """The problem with a message for users, and whether it is an unknown key."""
    path, value, kind = details["loc"], details["input"], details["type"]
    context = details.get("ctx", {})
    table = _table_at(model, path[:-1] if kind == "extra_forbidden" else path)
    if kind == "string_unicode" and table is not None:  # half of a character in a key
        path, kind = (*path, str(value)), "extra_forbidden"
    if kind == "extra_forbidden" and table is not None:
        key = str(path[-1])
        inside = len(path) > 1
        return TableProblem(path, _unknown(key, value, list(table.fields_by_key()), inside)), True
    if kind == PROBLEM:
        return TableProblem((*path, *_steps(context["key"])), context["message"]), False
    if kind == WRONG_VALUE:
        return TableProblem(path, context["message"]), False
    if kind == NO_TABLES:
        return TableProblem(path, f"must be an array of tables, written [[{dotted(path)}]]"), False
    if kind == "too_long":
        most, length = context["max_length"], context["actual_length"]
        return TableProblem(path, f"has {length} entries; give at most {most}"), False
    if kind == "missing":
        return TableProblem(path, "is missing and has no default; give it"), False
    allowed = limits(_annotation_at(model, path))
    sentence = _SENTENCES.get(kind)
    message = f"{details['msg'].lower()}" if sentence is None else sentence(allowed, value)
    return TableProblem(path, message, shown(value)), False


def _steps(key: str) -> KeyPath:
    """`share.3.user` as a path within a table; '' is the table itself."""
    return tuple(int(step) if step.isdecimal() else step for step in key.split(".") if step)


def _unknown(key: str, value: object, known: list[str], inside: bool) -> str:
    noun = "table" if isinstance(value, dict) or (isinstance(value, list) and not inside) else "key"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.55)
    if near:
        return f"is an unknown {noun}; did you mean {near[0]!r}?"
    return f"is an unknown {noun}; known are {', '.join(known)}"


# --- what a field allows ---------------------------------------------------------------------------------


class Limits(typing.NamedTuple):
    """Bounds of a number, and texts that may be chosen. `above`: the lower bound itself is too low."""

    low: float | None
    high: float | None
    above: bool
    choices: tuple[str, ...]


def _parts(annotation: object) -> typing.Iterator[object]:
    """An annotation's types and markers, whatever they are wrapped in; not those of a tuple's items."""
    if isinstance(annotation, FieldInfo):
        yield from _parts(annotation.annotation)
        for marker in annotation.metadata:
            yield from _parts(marker)
    elif hasattr(annotation, "__metadata__"):
        yield from _parts(typing.get_args(annotation)[0])
        for marker in annotation.__metadata__:
            yield from _parts(marker)
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for argument in typing.get_args(annotation):
            yield from _parts(argument)
    else:
        yield annotation


def limits(annotation: object) -> Limits:
    """What a field, or an item of one, allows."""
    low: float | None = None
    high: float | None = None
    above, choices = False, ()
    for part in _parts(annotation):
        match part:
            case annotated_types.Ge(ge=bound):
                low = typing.cast(float, bound)
            case annotated_types.Gt(gt=bound):
                low, above = typing.cast(float, bound), True
            case annotated_types.Le(le=bound):
                high = typing.cast(float, bound)
            case _ if typing.get_origin(part) is Literal:
                choices = typing.get_args(part)
    return Limits(low, high, above, choices)


def _annotation_at(model: type[Table], path: KeyPath) -> object:
    """The field at the end of a path, or the type of its items; None where there is none."""
    current: object = model
    for step in path:
        table = inner_table(current)
        if isinstance(step, str):
            current = _named_value(current) if table is None else table.fields_by_key().get(step)
        elif table is None:
            items = [typing.get_args(part) for part in _parts(current) if typing.get_origin(part) is tuple]
            current = items[0][0] if items and items[0] else None
    return current


def _named_value(annotation: object) -> object:
    """What each name of a field holds that takes any names; None for other fields."""
    named = [typing.get_args(part) for part in _parts(annotation) if typing.get_origin(part) is dict]
    return named[0][1] if named else None


def inner_table(annotation: object) -> type[Table] | None:
    """The table that a field holds, one or an array of them; None for a value."""
    for part in _parts(annotation):
        if typing.get_origin(part) is tuple:
            part = typing.get_args(part)[0]
        if isinstance(part, type) and issubclass(part, Table):
            return part
    return None


def value_kind(annotation: object) -> str:
    """The kind of value of a field, as text."""
    parts = list(_parts(annotation))
    tuples = [part for part in parts if typing.get_origin(part) is tuple]
    if tuples:
        items = typing.get_args(tuples[0])
        many = "list of " if items[-1] is Ellipsis else "two "
        allowed = limits(items[0])
        bounds = (
            "" if allowed.high is None else f" from {_bound(allowed.low or 0.0)} to {_bound(allowed.high)}"
        )
        return f"{many}{value_kind(items[0])}s{bounds}"
    if int in parts and str in parts:
        return "whole number or text"
    names = {int: "whole number", float: "number", bool: "`true`, `false`", str: "text"}
    return next(name for kind, name in names.items() if kind in parts)


def _table_at(model: type[Table], path: KeyPath) -> type[Table] | None:
    return inner_table(_annotation_at(model, path))


def _bound(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def _between(allowed: Limits, value: Any) -> str:
    low, high = allowed.low, allowed.high
    if allowed.above and low is not None and value <= low:
        return f"must be above {low:g}"
    if low is None or high is None:
        return (
            f"must be at {'most' if low is None else 'least'} {_bound((high if low is None else low) or 0.0)}"
        )
    return f"must be between {_bound(low)} and {_bound(high)}"


def _number(allowed: Limits, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):  # more digits than a float takes
        return _between(allowed, value)
    return "must be a number"


_SENTENCES: dict[str, Callable[[Limits, Any], str]] = {
    "model_type": lambda allowed, value: "must be a table",
    "int_type": lambda allowed, value: "must be a whole number",
    "float_type": _number,
    "finite_number": lambda allowed, value: "must be a finite number",
    "greater_than": _between,
    "greater_than_equal": _between,
    "less_than_equal": _between,
    "bool_type": lambda allowed, value: "must be true or false",
    "string_type": lambda allowed, value: "must be a text that is not empty",
    "string_unicode": lambda allowed, value: f"must be one of {', '.join(allowed.choices)}",
    "literal_error": lambda allowed, value: f"must be one of {', '.join(allowed.choices)}",
}
