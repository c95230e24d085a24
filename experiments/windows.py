"""Windows: spans of a scenario's year that are run apart, in splits for training, validation and test.

A windows file is a CSV table: name, split, first_day (of the supply's year, from 0), days, and optionally
site (a site other than the scenario's own).
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

from experiments.scenario import Loaded
from traces.errors import InputError

COLUMNS = ("name", "split", "first_day", "days")
SPLITS = ("train", "validation", "test", "unseen")
ALL = "all"
DAY_S = 86400


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
        raise InputError(f"{loaded.label}: has no [windows]; give windows.file, or run it without --window")
    if split is not None and split not in SPLITS:
        raise InputError(f"windows: split {split!r} is unknown; known are {', '.join(SPLITS)}")
    windows = read_windows(loaded.path(table.file))
    return [window for window in windows if split in (None, window.split)]


def read_windows(path: Path) -> list[Window]:
    """Read a windows file."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(line for line in file if not line.startswith("#")))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason}); give a CSV file of windows") from None
    if not rows or tuple(rows[0][:4]) != COLUMNS or rows[0][4:] not in ([], ["site"]):
        raise InputError(f"{path}: the first line must be {','.join(COLUMNS)}[,site]")
    windows: list[Window] = []
    for number, row in enumerate(rows[1:], start=2):
        window = _parse(path, number, row)
        if window.name in [known.name for known in windows] or window.name == ALL:
            raise InputError(
                f"{path}: row {number}: window {window.name!r} is there twice, or a reserved name"
            )
        windows.append(window)
    if not windows:
        raise InputError(f"{path}: holds no windows")
    return windows


def _parse(path: Path, number: int, row: list[str]) -> Window:
    where = f"{path}: row {number}"
    if len(row) not in (4, 5):
        raise InputError(f"{where}: has {len(row)} fields; give {', '.join(COLUMNS)} and perhaps site")
    name, split = row[0].strip(), row[1].strip()
    if not name:
        raise InputError(f"{where}: the name is empty")
    if split not in SPLITS:
        raise InputError(f"{where}: split {split!r} is unknown; known are {', '.join(SPLITS)}")
    try:
        first_day, days = int(row[2]), int(row[3])
    except ValueError:
        raise InputError(f"{where}: first_day {row[2]!r} and days {row[3]!r} must be whole numbers") from None
    if not (0 <= first_day <= 3660 and 1 <= days <= 366):
        raise InputError(f"{where}: first_day must be from 0 and days from 1 to 366, got {first_day}, {days}")
    return Window(name, split, first_day, days, row[4].strip() or None if len(row) == 5 else None)


def chosen_window(loaded: Loaded) -> Window | None:
    """The window that this scenario runs, or None for all of its time."""
    scenario = loaded.scenario
    if scenario.windows is None or scenario.window == ALL:
        return None
    wanted = scenario.window or scenario.windows.default
    if wanted is None:
        return None
    windows = windows_of(loaded)
    for window in windows:
        if window.name == wanted:
            return window
    names = [window.name for window in windows]
    near = difflib.get_close_matches(wanted, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names[:6])} ..., and {ALL}"
    raise InputError(f"window {wanted!r} is not in {loaded.path(scenario.windows.file)}; {hint}")
