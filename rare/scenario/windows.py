"""Windows: spans of a scenario's year that are run apart, in splits for training, validation and test.

A windows file is a CSV table: name, split, first_day (of the supply's year, from 0), days, and optionally
site (a site other than the scenario's own).
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

from rare.scenario.config.toml_tables import shown
from rare.scenario.load import ALL, Loaded
from traces.errors import InputError
from traces.files.documents import read_text, reads_file

COLUMNS = ("name", "split", "first_day", "days")
SPLITS = ("train", "validation", "test", "unseen")
DAY_S = 86400
MAX_BYTES = 1_000_000
MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Window:
    """Jobs submitted in [first_day, first_day + days) of the supply's year, local standard time."""

    name: str
    split: str
    first_day: int
    days: int
    site: str | None = None

    @property
    def span_s(self) -> tuple[int, int]:
        """Seconds from the year's first local midnight."""
        return self.first_day * DAY_S, (self.first_day + self.days) * DAY_S


def windows_of(loaded: Loaded, split: str | None = None) -> list[Window]:
    """The scenario's windows in file order, of one split if named. InputError if the file is wrong."""
    table = loaded.scenario.windows
    if table is None:
        raise InputError(
            "has no [windows]", where=loaded.label, remedy="give windows.file, or run it without --window"
        )
    if split is not None and split not in SPLITS:
        raise InputError(f"windows: split {split!r} is unknown", remedy=f"known are {', '.join(SPLITS)}")
    windows = read_windows(loaded.path(table.file))
    return [window for window in windows if split in (None, window.split)]


@reads_file
def read_windows(path: Path) -> list[Window]:
    """Read a windows file. InputError names file, line and remedy."""
    lines = _lines(path)
    (_, header), *rows = lines if lines else [(1, [])]
    if tuple(header[:4]) != COLUMNS or header[4:] not in ([], ["site"]):
        raise InputError(
            f"the first line must be {','.join(COLUMNS)}[,site], got {shown(header)}", where=path
        )
    windows: list[Window] = []
    for number, row in rows:
        window = _parse(f"{path}:{number}", row)
        if window.name in [previous.name for previous in windows]:
            raise InputError(
                f"window {window.name!r} is there twice", where=f"{path}:{number}", remedy="rename one"
            )
        windows.append(window)
    if not windows:
        raise InputError(
            "holds no windows", where=path, remedy=f"give one a line: {','.join(COLUMNS)}[,site]"
        )
    return windows


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Number and fields of each line that is neither empty nor a comment."""
    text = read_text(path, MAX_BYTES, "give a short CSV file of windows")
    numbered = enumerate(text.splitlines(), start=1)
    try:
        return [
            (number, [field.strip() for field in next(csv.reader([line]))])
            for number, line in numbered
            if line.strip() and not line.startswith("#")
        ]
    except csv.Error as error:
        raise InputError(
            f"is not a CSV table ({error})", where=path, remedy="give a CSV file of windows"
        ) from None


def _parse(where: str, row: list[str]) -> Window:
    if len(row) not in (4, 5):
        raise InputError(
            f"has {len(row)} fields", where=where, remedy=f"give {', '.join(COLUMNS)} and perhaps site"
        )
    name, split = row[:2]
    if not name or not name.isprintable() or name in (ALL, *SPLITS):
        raise InputError(
            f"window name {shown(name)} is empty or has a meaning of its own",
            where=where,
            remedy="choose another",
        )
    if split not in SPLITS:
        raise InputError(
            f"split {shown(split)} is unknown", where=where, remedy=f"known are {', '.join(SPLITS)}"
        )
    first_day = _whole_number(where, "first_day", row[2], 0, MOST_DAYS)
    days = _whole_number(where, "days", row[3], 1, 366)
    return Window(name, split, first_day, days, row[4] or None if len(row) == 5 else None)


def _whole_number(where: str, column: str, text: str, low: int, high: int) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high:
        return int(text)
    raise InputError(f"{column} must be a whole number from {low} to {high}, got {shown(text)}", where=where)


def chosen_window(loaded: Loaded) -> Window | None:
    """The window that this scenario runs, or None for all of its time."""
    scenario = loaded.scenario
    if scenario.windows is None or scenario.window == ALL:
        return None
    requested = scenario.window or scenario.windows.default
    if requested is None:
        return None
    windows = windows_of(loaded)
    for window in windows:
        if window.name == requested:
            return window
    names = [window.name for window in windows]
    near = difflib.get_close_matches(requested, names, n=1)
    more = "..." if len(names) > 6 else ""
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names[:6])}{more} and {ALL}"
    raise InputError(f"window {shown(requested)} is not in {loaded.path(scenario.windows.file)}", remedy=hint)
