"""CSV text, plain or gzipped, as named columns of strings with their line numbers, under size caps."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from traces.errors import InputError, Parameter, Phrase
from traces.files.csv_head import (
    DELIMITERS,
    PEEK_RECORDS,
    delimiter_of,
    extra_lines,
    hash_line_names,
    holds_values,
    records_of,
    separator,
    value_positions,
)
from traces.files.text import numbered_lines, place

__all__ = ["DELIMITERS", "MAX_BYTES", "MAX_ROWS", "Table", "TableReader", "text_lines"]

MAX_BYTES = 512 * 2**20
MAX_ROWS = 10_000_000
_KEPT_COMMENTS = 20
_KEPT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Table:
    """Some columns of a CSV file: `cells[name][i]` is the text in row i, which is on line `lines[i]`.

    delimiter : what stands between cells
    comments  : the first comment lines above the column names, cut to 200 characters
    extra     : by column, the cells of lines of units and the like below the column names
    """

    header: list[str]
    cells: dict[str, list[str]]
    lines: list[int]
    delimiter: str = ","
    comments: tuple[str, ...] = ()
    extra: dict[str, list[str]] | None = None

    def reversed(self) -> Table:
        """The same columns from the last row to the first."""
        cells = {name: column[::-1] for name, column in self.cells.items()}
        return replace(self, cells=cells, lines=self.lines[::-1])


def text_lines(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[str]:
    """The file's lines as text, without line ends. InputError where they cannot be read."""
    for first, block in numbered_lines(path, max_bytes):
        for number, line in enumerate(block, start=first):
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError:
                raise InputError(
                    "not UTF-8 text: save the file as UTF-8", where=place(path, number)
                ) from None


class TableReader:
    """Reads the header in the constructor and the columns in `read`, once the caller has chosen them.

    header : False: the file has no line of column names, and columns are called 1, 2, ... by position
    value_key : name of the caller's argument for the column of values, for messages
    """

    def __init__(
        self, path: Path, max_bytes: int = MAX_BYTES, *, header: bool = True, value_key: str = "columns"
    ):
        self.path = path
        self.path_text = place(path)
        self.comments: list[str] = []
        lines = text_lines(path, max_bytes)
        self._declared: str | None = None
        skipped, first = self._first_line(lines)
        self.header_line = skipped + 1
        self.delimiter = self._declared or delimiter_of(first)
        cells = self._cells(first)
        peeked = list(islice(lines, PEEK_RECORDS))
        self.below = records_of(peeked, self.delimiter)
        self.extra: list[list[str]] = []
        if header:
            if holds_values(cells, self.below):
                raise self._no_names(cells, value_key)
            self.header = self._names(cells)
            self._refuse_title(peeked)
            self.extra = self.below[: extra_lines(self.below)]
            self.below = self.below[len(self.extra) :]
            lines = chain(peeked, lines)
        else:
            self.header = [str(position + 1) for position in range(len(cells))]
            self.below = [cells, *self.below]
            lines = chain([first], peeked, lines)
            self.header_line -= 1
        self._rows = csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _first_line(self, lines: Iterator[str]) -> tuple[int, str]:
        for skipped, line in enumerate(lines):
            if skipped == 0:
                self._declared = separator(line)
                if self._declared is not None:
                    continue
            if line.startswith("#"):
                if len(self.comments) < _KEPT_COMMENTS:
                    self.comments.append(line[:_KEPT_CHARACTERS])
                self._last_comment = (skipped + 1, line)
            elif line.strip():
                return skipped, line
        raise InputError("the file is empty: it needs column names and rows", where=self.path_text)

    _last_comment: tuple[int, str] | None = None

    def _cells(self, first: str) -> list[str]:
        try:
            cells = next(csv.reader([first], delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            raise InputError(
                f"not a line of column names ({error})", where=f"{self.path_text}:{self.header_line}"
            ) from None
        return [cell.strip() for cell in cells]

    def _names(self, cells: list[str]) -> list[str]:
        """The names, without those that a delimiter at the end of the line adds."""
        width = len(cells)
        while width > 1 and cells[width - 1] == "":
            width -= 1
        return cells[:width]

    def _refuse_title(self, peeked: list[str]) -> None:
        """InputError where the first line is one cell and those below are tables."""
        table_line = next((line for line in peeked if line.strip() and not line.startswith("#")), "")
        width = table_line.count(delimiter_of(table_line)) + 1
        if len(self.header) == 1 and width > 1:
            raise InputError(
                f"{self.header[0][:40]!r} is one cell and the line below "
                f"has {width}: if it is a title, delete what stands above the column names",
                where=f"{self.path_text}:{self.header_line}",
            )

    def _no_names(self, cells: list[str], value_key: str) -> InputError:
        """The InputError for a file without column names: how to read it by position."""
        sample = ", ".join(repr(cell[:30]) for cell in cells[:3])
        time, value = value_positions(cells)
        by_position = Phrase(
            "read it by position with ",
            Parameter("header", False),
            ", ",
            Parameter("time_column", str(time)),
            ", ",
            Parameter(value_key, str(value)),
            " and ",
            Parameter("unit"),
        )
        problem = f"the first record holds values ({sample}), not column names"
        remedy = "write a line of names above it"
        if self._last_comment is not None:
            line, text = self._last_comment
            if hash_line_names(text, len(cells), self.delimiter):
                problem = (
                    f"the first record holds values ({sample}); the column names stand in line {line} "
                    "behind '#', which makes them a comment"
                )
                remedy = "remove the '#'"
        where = f"{self.path_text}:{self.header_line}"
        return InputError(problem, where=where, remedy=Phrase(f"{remedy}, or ", by_position))

    def extra_cells(self, name: str) -> list[str]:
        """The cells of a column in the lines of units below the column names, without empty ones."""
        at = self.header.index(name)
        return [cells[at] for cells in self.extra if at < len(cells) and cells[at]]

    def read(self, names: Sequence[str]) -> Table:
        """The named columns of every row. Blank lines and lines that start with # are passed over."""
        places = [self.header.index(name) for name in names]
        columns: list[list[str]] = [[] for _ in places]
        lines: list[int] = []
        width, to_skip = len(self.header), len(self.extra)
        try:
            for cells in self._rows:
                if not cells or cells == [""] or cells[0].startswith("#"):
                    continue
                if to_skip:
                    to_skip -= 1
                    continue
                line = self.header_line + self._rows.line_num
                if len(cells) != width:
                    cells = self._trimmed(cells, width, line)
                if not any(cells):
                    continue  # delimiters alone, as spreadsheets leave below the last row
                if len(lines) >= MAX_ROWS:
                    raise InputError(
                        f"more than {MAX_ROWS} rows: split the file", where=f"{self.path_text}:{line}"
                    )
                lines.append(line)
                for column, at in zip(columns, places, strict=True):
                    column.append(cells[at].strip())
        except csv.Error as error:
            line = self.header_line + self._rows.line_num
            raise InputError(f"not a CSV line ({error}): mend it", where=f"{self.path_text}:{line}") from None
        if not lines:
            raise InputError("no rows below the column names: the file is cut off", where=self.path_text)
        extra = {name: self.extra_cells(name) for name in names}
        return Table(
            self.header,
            dict(zip(names, columns, strict=True)),
            lines,
            self.delimiter,
            tuple(self.comments),
            extra,
        )

    def _trimmed(self, cells: list[str], width: int, line: int) -> list[str]:
        """A row without the empty cells that delimiters at its end add."""
        if not any(cells) or (len(cells) > width and not any(cell.strip() for cell in cells[width:])):
            return cells[:width]
        raise InputError(
            f"{len(cells)} cells, the header has {width}: mend the line", where=f"{self.path_text}:{line}"
        )
