"""Speed levels of nodes from published measurements, by name; figures are in speed_levels.toml."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from traces.errors import InputError, quoted
from traces.files.documents import read_toml, reading
from traces.files.text import place

SHIPPED = Path(__file__).with_name("speed_levels.toml")
PER_MILLE = 1000


@dataclass(frozen=True, slots=True)
class SpeedLevels:
    """The levels below full speed of one kind of node, fastest first.

    rate    : progress as a share of that at full speed; power : share of what busy cores and GPUs draw
    sources : where the figures were published; assumed : which of them are not, and why
    """

    name: str
    description: str
    rate: tuple[float, ...]
    power: tuple[float, ...]
    sources: tuple[str, ...]
    assumed: tuple[str, ...] = ()

    @property
    def per_mille(self) -> tuple[tuple[int, int], ...]:
        """Rate and power of each level in whole thousandths."""
        return tuple(
            (round(rate * PER_MILLE), round(power * PER_MILLE))
            for rate, power in zip(self.rate, self.power, strict=True)
        )


def speed_levels(name: str) -> SpeedLevels:
    """The shipped levels of that name. InputError lists the known ones.

    >>> levels = speed_levels("cpu")
    >>> list(zip(levels.rate, levels.power, strict=True))
    [(0.745, 0.68), (0.575, 0.51)]
    """
    known = _shipped()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(f"unknown speed levels {name!r}: {hint}Known: {', '.join(known)}")


def known_speed_levels() -> tuple[str, ...]:
    """Names of the shipped levels, in the order of the file."""
    return tuple(_shipped())


def load_speed_levels(path: str | Path) -> dict[str, SpeedLevels]:
    """The levels by name in a TOML file laid out as speed_levels.toml. InputError for what is wrong in it."""
    path = Path(path)
    with reading(path):
        tables = read_toml(path)
        return {
            name: _levels(f"{place(path)}: [{quoted(name)[1:-1]}]", name, table)
            for name, table in tables.items()
        }


@cache
def _shipped() -> dict[str, SpeedLevels]:
    return load_speed_levels(SHIPPED)


def _levels(where: str, name: str, table: object) -> SpeedLevels:
    if not isinstance(table, dict):
        raise InputError(f"{where} must be a table of speed levels")
    known = [field.name for field in fields(SpeedLevels) if field.name != "name"]
    for key in table:
        if key not in known:
            raise InputError(f"unknown key {quoted(key)}: use {', '.join(known)}", where=where)
    missing = [key for key in known if key not in table and key != "assumed"]
    if missing:
        raise InputError(f"{missing[0]!r} is missing", where=where)
    levels = SpeedLevels(name=name, **{key: _value(where, key, table[key]) for key in table})
    if len(levels.rate) != len(levels.power):
        raise InputError(f"has {len(levels.rate)} rates and {len(levels.power)} powers", where=where)
    for before, after in zip(levels.per_mille, levels.per_mille[1:], strict=False):
        if after[0] >= before[0] or after[1] >= before[1]:
            raise InputError("rate and power must fall from each level to the next", where=where)
    return levels


def _value(where: str, key: str, value: object) -> Any:
    """One entry of a table, checked and converted to its field's type."""
    if key == "description":
        if isinstance(value, str) and value.strip():
            return value
        raise InputError(f"description {quoted(value)} must be text", where=where)
    is_text = key in ("sources", "assumed")
    items = value if isinstance(value, list) else []
    right = all(isinstance(item, str) if is_text else _is_share(item) for item in items)
    if right and (items or (key == "assumed" and value == [])):
        return tuple(items)
    kind = "texts" if is_text else "numbers above 0 and below 1, at least one"
    raise InputError(f"{key} = {quoted(value)} must be a list of {kind}", where=where)


def _is_share(item: object) -> bool:
    return isinstance(item, float) and 0 < item < 1
