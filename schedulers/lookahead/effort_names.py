"""Numbers in a scheduler's name, such as samples=8 in `lookahead=hvf+easy+samples=8`, and their ranges."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from schedulers.heuristics.heuristic import names_with_values
from traces.errors import InputError

Ranges = Mapping[str, tuple[float, float]]
T = TypeVar("T")
_BASE_KEYS = names_with_values()  # what a heuristic's own name may set


def split_parts(text: str, keys: Container[str]) -> tuple[str, dict[str, str]]:
    """The heuristic that 'NAME+KEY=NUMBER+...' names, '' without one, and the numbers by key."""
    values: dict[str, str] = {}
    heuristic = []
    for part in filter(None, text.split("+")):
        key, is_set, number = part.partition("=")
        if key in keys or (is_set and key not in _BASE_KEYS):
            values[key] = number
        else:
            heuristic.append(part)
    return "+".join(heuristic), values


def effort_of(effort: type[T], name: str, values: Mapping[str, Any], ranges: Ranges) -> T:
    """An object of this dataclass with these numbers, and its defaults for the rest.

    name: of the scheduler, for messages. InputError for an unknown key or a number out of its range.
    """
    defaults: dict[str, Any] = {field.name: field.default for field in fields(effort)}  # type: ignore[arg-type]
    checked = {}
    for key, text in values.items():
        if key not in ranges:
            raise InputError(f"scheduler {name!r}: unknown parameter {key!r}; known: {', '.join(ranges)}")
        low, high = ranges[key]
        try:
            value = type(defaults[key])(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise InputError(
                f"scheduler {name!r}: {key}={text} must be a number from {low} to {high}, as in "
                f"{key}={defaults[key]}"
            )
        checked[key] = value
    return effort(**checked)
