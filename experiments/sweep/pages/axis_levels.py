"""The axes of a sweep: the levels of each in order, and how they are called in tables and figures."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from experiments.results.scheduler_labels import short_labels
from experiments.sweep.sweep_table import SweepTable

Level = Hashable
"""A value of an axis: a text, a number, or None in cells that do not set it."""

SCHEDULER = "scheduler"
NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a sweep. levels: its values in order. labels: a distinct text for each of them."""

    name: str
    levels: tuple[Level, ...]
    labels: tuple[str, ...]

    @property
    def varies(self) -> bool:
        """Whether it has more than one level."""
        return len(self.levels) > 1

    @property
    def numbers(self) -> tuple[float, ...] | None:
        """The levels as numbers; None if one of them is none."""
        numbers = [level_number(level) for level in self.levels]
        return None if None in numbers else tuple(number for number in numbers if number is not None)

    def label(self, level: Level) -> str:
        """The text of a level."""
        return self.labels[self.levels.index(level)]


def level_of(value: Any) -> Level:
    """A value of a table as a level: NumPy's numbers as Python's, and missing values as None."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, Hashable) else str(value)


def level_number(level: Level) -> float | None:
    """A level as a finite number, also where a table holds it as text; else None."""
    if isinstance(level, bool) or not isinstance(level, int | float | str):
        return None
    try:
        number = float(level)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def axes_of(table: SweepTable) -> dict[str, Axis]:
    """Every axis by name. Numbers in ascending order, other levels as they first occur in the table."""
    return {name: _axis(name, _levels(table, name)) for name in table.axes}


def _levels(table: SweepTable, name: str) -> tuple[Level, ...]:
    finished = table.rows[name] if name in table.rows.columns else ()
    failed = (values.get(name) for values, _ in table.failures)
    levels = list(dict.fromkeys(level_of(value) for value in (*finished, *failed)))
    if all(level_number(level) is not None for level in levels):
        levels.sort(key=lambda level: level_number(level) or 0.0)
    return tuple(levels)


def _axis(name: str, levels: tuple[Level, ...]) -> Axis:
    texts = [_text(level) for level in levels]
    labels = short_labels(texts) if name == SCHEDULER else _file_names(texts)
    return Axis(name, levels, tuple(_distinct(labels, texts)))


def _text(level: Level) -> str:
    if level is None:
        return NOT_SET
    if isinstance(level, bool):
        return str(level).lower()
    text = f"{level:.6g}" if isinstance(level, float) else str(level)
    return "".join(char if char.isprintable() else " " for char in text).strip() or repr(level)


def _file_names(texts: Sequence[str]) -> list[str]:
    """Of paths the last part, where it tells all of them apart."""
    names = [PurePath(text).name or text if "/" in text else text for text in texts]
    return names if len(set(names)) == len(names) else list(texts)


def _distinct(labels: Iterable[str], texts: Sequence[str]) -> list[str]:
    """The labels, those that occur twice with their place."""
    labels = list(labels)
    if len(set(labels)) == len(labels):
        return labels
    return [f"{text} ({place + 1})" for place, text in enumerate(texts)]


def cut_labels(labels: Sequence[str], most: int) -> list[str]:
    """The labels in at most `most` characters, cut in the middle; still distinct, by number where need be."""
    cut = [_cut(label, most) for label in labels]
    if len(set(cut)) == len(set(labels)):
        return cut
    marks = {label: f" #{place + 1}" for place, label in enumerate(dict.fromkeys(labels))}
    return [
        text if len(label) <= most else _cut(label, most - len(marks[label])) + marks[label]
        for label, text in zip(labels, cut, strict=True)
    ]


def _cut(label: str, most: int) -> str:
    if len(label) <= most:
        return label
    tail = (most - 1) // 2
    return f"{label[: most - 1 - tail]}…{label[len(label) - tail :]}"
