"""Checks of the data sheet and other JSON of a dataset: each key is checked before its use."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from rare.dataset.checked.hdf5 import REMEDY
from rare.env.observation.layout import Layout
from traces.errors import InputError
from traces.files.json_file import brief

MOST_COUNT = 2**53
FORMAT = 1
_SHA = re.compile(r"[0-9a-f]{64}")


class Keys:
    """The keys of a JSON object, read with type and range. Error messages name file, key and value."""

    def __init__(self, path: Path, table: dict[str, Any], place: str = "") -> None:
        self.path, self.table, self._place = path, table, place

    def refuse(self, key: str, expected: str) -> InputError:
        """The error for a key whose value is missing or not as expected."""
        if key not in self.table:
            return InputError(f"{self.path}: lacks {self._place + key!r}, {expected}; {REMEDY}")
        return InputError(
            f"{self.path}: {self._place + key!r} must be {expected}, got {brief(self.table[key])}; {REMEDY}"
        )

    def count(self, key: str, low: int = 0, high: int = MOST_COUNT) -> int:
        """A whole number."""
        value = self.table.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.refuse(key, f"a whole number from {low:,} to {high:,}")
        return value

    def text(self, key: str, most: int = 10_000) -> str:
        """A text."""
        value = self.table.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= most or "\0" in value:
            raise self.refuse(key, f"a text of 1 to {most:,} characters")
        return value

    def texts(self, key: str, at_least: int = 0) -> list[str]:
        """A list of texts."""
        value = self.table.get(key)
        if (
            not isinstance(value, list)
            or not at_least <= len(value) <= 10_000
            or not all(isinstance(text, str) and len(text) <= 10_000 and "\0" not in text for text in value)
        ):
            raise self.refuse(key, "a list of texts")
        return value

    def numbers(self, key: str, low: float, high: float, count: int) -> list[float]:
        """A list of `count` finite numbers from `low` to `high`."""
        value = self.table.get(key)
        if (
            not isinstance(value, list)
            or len(value) != count
            or not all(is_number(number) and low <= number <= high for number in value)
        ):
            raise self.refuse(key, f"a list of {count:,} numbers from {low:g} to {high:g}")
        return value

    def table_of(self, key: str) -> dict[str, Any]:
        """An object."""
        value = self.table.get(key)
        if not isinstance(value, dict):
            raise self.refuse(key, "an object with keys")
        return value


def is_number(value: Any) -> bool:
    """Whether a JSON value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= 1e300 and math.isfinite(value)


def check_sheet(path: Path, sheet: dict[str, Any]) -> Layout:
    """The layout of a data sheet that `rare dataset` wrote. InputError names the first key that is wrong."""
    keys = Keys(path, sheet)
    if sheet.get("format") != FORMAT or isinstance(sheet.get("format"), bool):
        raise keys.refuse("format", f"{FORMAT} for this version of rare")
    layout = layout_of(path, keys.table_of("layout"))
    episodes = keys.count("episodes", 1)
    played = keys.count("episodes_played", episodes)
    keys.count("episodes_distinct", 1, episodes)
    keys.count("episodes_truncated", 0, episodes)
    keys.count("transitions", episodes)
    keys.count("windows", 1)
    keys.count("bytes")
    keys.count("seed", 0, 2**63 - 1)
    if sheet.get("scenario_seed") is not None:
        keys.count("scenario_seed", 0, 2**63 - 1)
    if sheet.get("max_decisions") is not None:
        keys.count("max_decisions", 1, 2**63 - 1)
    if sheet.get("scenario") is not None:
        keys.text("scenario")
    if sheet.get("settings") is not None:
        keys.texts("settings")
    keys.text("split")
    names = keys.texts("schedulers", 1)
    if len(set(names)) < len(names):
        raise keys.refuse("schedulers", "a list of different texts")
    keys.numbers("epsilon", 0.0, 1.0, len(names))
    if not _SHA.fullmatch(keys.text("content_sha256")):
        raise keys.refuse("content_sha256", "64 hexadecimal digits")
    left_out = keys.table_of("episodes_left_out")
    for reason in left_out:
        Keys(path, left_out, "episodes_left_out.").count(reason, 0, played)
    if sum(left_out.values()) != played - episodes:
        raise keys.refuse("episodes_left_out", f"{played - episodes:,} in all")
    _check_spread(keys, "returns")
    _check_schedulers(path, keys, names)
    return layout


def _check_spread(keys: Keys, key: str) -> None:
    names = ("mean", "std", "lowest", "quartile_1", "median", "quartile_3", "highest")
    value = keys.table.get(key)
    if value is None and key in keys.table:
        return
    if not isinstance(value, dict) or not all(is_number(value.get(name)) for name in names):
        raise keys.refuse(key, f"an object with the numbers {', '.join(names)}")


def _check_schedulers(path: Path, keys: Keys, names: list[str]) -> None:
    rows = keys.table.get("by_scheduler")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise keys.refuse("by_scheduler", "a list of objects")
    if [row.get("scheduler") for row in rows] != names:
        raise keys.refuse("by_scheduler", "one object for each of 'schedulers', in their order")
    for place, row in enumerate(rows):
        policy = Keys(path, row, f"by_scheduler[{place}].")
        for key in ("episodes", "left_out", "transitions"):
            policy.count(key)
        _check_spread(policy, "returns")


def layout_of(path: Path, table: dict[str, Any]) -> Layout:
    """The layout that a table describes. InputError names the file."""
    try:
        return Layout.from_json(json.dumps(table), "log the dataset again with this version of rare")
    except InputError as error:
        raise error.within(str(path)) from None
    except (RecursionError, ValueError):
        raise InputError(f"{path}: 'layout' is not one of ours; {REMEDY}") from None
