"""Values of a stored configuration, whose tables may be absent or damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LARGEST = 1e300


def table(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The table `name`; an empty one where it is absent or something else."""
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}


def tables(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The tables of the list `name`; an empty list where it is absent or something else."""
    found = holder.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def number(value: object, otherwise: float) -> float:
    """A number as it is, if a float holds it; anything else as `otherwise`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST:
        return float(value)
    return otherwise
