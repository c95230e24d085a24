"""The text of a weather file: lines, cells, and numbers with their lines for messages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from energy.weather.site_weather import SITE_RANGES
from traces.errors import InputError, Parameter, Phrase, quoted
from traces.files.text import begins_as_json, numbered_lines, place

#: A leap year of minutes, and a little.
MAX_ROWS = 600_000
#: Room for such a year in indented JSON of a few columns. Bounds memory: each line costs 50 bytes and more.
MAX_LINES = 4 * MAX_ROWS
#: Such a year with twelve columns. Bounds memory: each cell costs 50 bytes and more.
MAX_CELLS = 8_000_000
#: The widest format (TMY3) has 71 columns.
MAX_COLUMNS = 1000
#: Ten years of eight hourly variables, which Open-Meteo writes on one line. A number costs eight times its
#: text once it is read.
MAX_JSON_BYTES = 16 * 2**20
MISSING = frozenset(("", "nan", "na", "n/a", "null", "none", "-"))


@dataclass(frozen=True, slots=True)
class Content:
    """A file's lines without their ends; `where` begins every message about it."""

    path: Path
    where: str
    lines: list[str]

    def at(self, line: int) -> str:
        """`file:line` of a line counted from 1."""
        return place(self.path, line)


@dataclass(frozen=True, slots=True)
class Rows:
    """The data rows of a file as text: `cells[i]` is on line `lines[i]` (from 1)."""

    content: Content
    cells: list[list[str]]
    lines: np.ndarray

    def numbers(self, index: int, name: str, missing: tuple[float, ...] = ()) -> np.ndarray:
        """Column `index` as float64, NaN where empty or one of the `missing` marks. Errors name the line."""
        texts = [row[index].strip() for row in self.cells]
        values = _floats(texts)
        if values is None:
            values = np.array([self._number(i, text, name) for i, text in enumerate(texts)])
        endless = np.isinf(values)
        if endless.any():
            self._number_error(int(np.argmax(endless)), texts[int(np.argmax(endless))], name)
        return np.where(np.isin(values, missing), np.nan, values)

    def wholes(self, index: int, name: str, low: int, high: int) -> np.ndarray:
        """Column `index` as int64 from low to high. InputError names the line."""
        values = self.numbers(index, name)
        bad = ~((values >= low) & (values <= high) & (values == np.floor(values)))
        if bad.any():
            i = int(np.argmax(bad))
            raise InputError(
                f"{name} is {quoted(self.cells[i][index].strip())}: "
                f"it must be a whole number from {low} to {high}",
                where=self.content.at(int(self.lines[i])),
            )
        return values.astype(np.int64)

    def _number(self, i: int, text: str, name: str) -> float:
        if text.lower() in MISSING:
            return np.nan
        try:
            if "_" not in text:
                return float(text)
        except ValueError:
            pass
        self._number_error(i, text, name)
        return np.nan

    def _number_error(self, i: int, text: str, name: str) -> None:
        raise InputError(
            f"{name} is {quoted(text)}, which is not a number",
            where=self.content.at(int(self.lines[i])),
            remedy=Phrase("mend it, or leave it empty and fill with ", Parameter("gaps", "interpolate")),
        )


def read_content(path: Path, max_bytes: int) -> Content:
    """All lines of a file, unpacked if gzipped. InputError: unreadable, empty, cut, binary, too large."""
    where = place(path)
    if _is_empty(path):
        raise InputError("the file is empty: give one with weather", where=where)
    lines: list[str] = []
    long_lines: dict[str, Any] = {}
    if begins_as_json(path):
        long_lines = {"longest_line": MAX_JSON_BYTES, "line_remedy": "fetch CSV, or fewer years"}
    for _, block in numbered_lines(path, max_bytes, **long_lines):
        lines += [_decode(line) for line in block]
        if len(lines) > MAX_LINES:
            raise InputError(f"has more than {MAX_LINES} lines: it is no weather file", where=where)
    if not any(line.strip() for line in lines):
        raise InputError("the file is empty: give one with weather", where=where)
    return Content(path, where, lines)


def data_rows(content: Content, first: int, width: int, exact: bool = True, stop: int | None = None) -> Rows:
    """Comma-separated rows from line index `first` to before `stop` (None: the end), without empty lines.

    `width` cells each; more if not `exact`, of which the last holds the rest of the line.
    """
    if width > MAX_COLUMNS:
        raise InputError(f"{width} columns: no weather file has over {MAX_COLUMNS}", where=content.at(first))
    cells: list[list[str]] = []
    lines: list[int] = []
    for number, line in enumerate(content.lines[first:stop], start=first + 1):
        if not line.strip():
            continue
        row = line.split(",", width)  # no further: a damaged line may hold a million commas
        if len(row) < width or (exact and len(row) > width):
            raise InputError(
                f"{1 + line.count(',')} cells, {width} are needed: the line is damaged, mend it",
                where=content.at(number),
            )
        cells.append(row)
        lines.append(number)
        if len(lines) > MAX_ROWS or len(lines) * width > MAX_CELLS:
            raise InputError(
                f"more than {min(MAX_ROWS, MAX_CELLS // width)} rows of {width} cells: split the file",
                where=content.at(number),
            )
    if len(cells) < 2:
        raise InputError(
            f"{len(cells)} rows of weather: the file is cut off, at least 2 are needed", where=content.where
        )
    return Rows(content, cells, np.array(lines, np.int64))


def header_number(content: Content, line: int, text: str, name: str) -> float:
    """A number of the header. InputError names its line (from 1)."""
    values = _floats([text.strip()]) if "_" not in text else None
    if values is None or not np.isfinite(values[0]):
        raise InputError(
            f"{name} is {quoted(text.strip())}, which is not a number: mend the header",
            where=content.at(line),
        )
    return float(values[0])


def whole_offset_s(hours: float, content: Content, line: int) -> int:
    """A time zone of the header [h] as whole seconds. InputError, with its line, where no clock is so far."""
    low, high = SITE_RANGES["utc_offset_h"]
    if not low <= hours <= high:
        raise InputError(
            f"time zone is {hours:g} hours, possible are {low:g} to {high:g}: mend the header",
            where=content.at(line),
        )
    return round(hours * 3600)


def column_names(content: Content, line: int) -> list[str]:
    """The names of the columns on a line (from 1). InputError where it holds numbers, as a row does."""
    cells = content.lines[line - 1].split(",", MAX_COLUMNS + 1)
    filled = [cell.strip() for cell in cells if cell.strip()]
    if filled and all(is_number(cell) for cell in filled):
        raise InputError(
            "numbers where the names of the columns should stand: the file has no header",
            where=content.at(line),
            remedy="put the names in",
        )
    return cells


def is_number(text: str) -> bool:
    """Whether a cell is a number."""
    values = _floats([text.strip()])
    return values is not None and bool(np.isfinite(values[0]))


def column_index(header: list[str], name: str, content: Content, line: int) -> int:
    """Where a column stands, by its name in any case. InputError if it is missing or there twice."""
    places = [i for i, cell in enumerate(header) if cell.strip().strip('"').lower() == name.lower()]
    if len(places) != 1:
        problem = "no column" if not places else "more than one column"
        names = ", ".join(cell.strip()[:24] for cell in header[:12])
        raise InputError(
            f"{problem} {name!r} among {names}, ...: get the file again with it", where=content.at(line)
        )
    return places[0]


def _floats(texts: list[str]) -> np.ndarray | None:
    """All texts as float64; None where at least one is not a plain number."""
    if any("_" in text or not text for text in texts):
        return None
    try:
        return np.array(texts, dtype=object).astype(np.float64)
    except ValueError:
        return None


def _is_empty(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == 0
    except (OSError, ValueError):
        return False  # what it is, opening it says


def _decode(line: bytes) -> str:
    """The line as UTF-8, else as Latin-1, in which older files write place names."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
