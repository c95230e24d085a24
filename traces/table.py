"""CSV text, plain or gzipped, as named columns of strings with their line numbers, under size caps."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from traces.errors import InputError
from traces.text import numbered_lines, place

MAX_BYTES = 512 * 2**20
MAX_ROWS = 10_000_000
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Table:
    """Some columns of a CSV file: `cells[name][i]` is the text in row i, which is on line `lines[i]`."""

    header: list[str]
    cells: dict[str, list[str]]
    lines: list[int]


def text_lines(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[str]:
    """The file's lines as text, without their ends. InputError for whatever keeps them from being read."""
    for first, block in numbered_lines(path, max_bytes):
        for number, line in enumerate(block, start=first):
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError:
                raise InputError(f"{place(path, number)}: not UTF-8 text: save the file as UTF-8") from None


class TableReader:
    """Reads the header at once and the columns when asked: the caller chooses them after seeing the names."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES):
        self.path = path
        self.shown = place(path)
        self._lines = text_lines(path, max_bytes)
        skipped, first = self._first_line()
        self.header_line = skipped + 1
        delimiter = max(DELIMITERS, key=first.count)
        try:
            self.header = [
                cell.strip() for cell in next(csv.reader([first], delimiter=delimiter, strict=True))
            ]
        except csv.Error as error:
            raise InputError(
                f"{self.shown}:{self.header_line}: not a line of column names ({error})"
            ) from None
        self._rows = csv.reader(self._lines, delimiter=delimiter, strict=True)

    def _first_line(self) -> tuple[int, str]:
        for skipped, line in enumerate(self._lines):
            if line.strip() and not line.startswith("#"):
                return skipped, line
        raise InputError(f"{self.shown}: the file is empty: it needs column names and rows")

    def read(self, names: Sequence[str]) -> Table:
        """The named columns of every row. Blank lines and lines that start with # are passed over."""
        places = [self.header.index(name) for name in names]
        columns: list[list[str]] = [[] for _ in places]
        lines: list[int] = []
        width = len(self.header)
        try:
            for cells in self._rows:
                if not cells or cells == [""] or cells[0].startswith("#"):
                    continue
                line = self.header_line + self._rows.line_num
                if len(cells) != width:
                    raise InputError(
                        f"{self.shown}:{line}: {len(cells)} cells, the header has {width}: mend the line"
                    )
                if len(lines) >= MAX_ROWS:
                    raise InputError(f"{self.shown}:{line}: more than {MAX_ROWS} rows: split the file")
                lines.append(line)
                for column, place in zip(columns, places, strict=True):
                    column.append(cells[place].strip())
        except csv.Error as error:
            line = self.header_line + self._rows.line_num
            raise InputError(f"{self.shown}:{line}: not a CSV line ({error}): mend it") from None
        if not lines:
            raise InputError(f"{self.shown}: no rows below the column names: the file is cut off")
        return Table(self.header, dict(zip(names, columns, strict=True)), lines)
