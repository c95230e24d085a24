"""CSV tables of jobs, plain or gzipped: our own format, and foreign ones through a mapping."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from traces.errors import InputError, Parameter, Phrase, quoted
from traces.files.csv_head import (
    NUMBER,
    PEEK_RECORDS,
    STAMP,
    delimiter_of,
    hash_line_names,
    holds_values,
    kind_of_cell,
    records_of,
    separator,
)
from traces.files.documents import reads_file
from traces.files.text import numbered_lines, place
from traces.jobs.job_mapping import REQUIRED, choose, load
from traces.jobs.job_metadata import KEYS, Metadata, parse_metadata
from traces.jobs.job_table import JobTable
from traces.jobs.read_options import ReadOptions
from traces.jobs.workload import Workload

_CHUNK_ROWS = 65536


@reads_file
def read_csv(path: Path | str, options: ReadOptions) -> Workload:
    """The workload of a CSV file; errors as in `read_workload`."""
    mapping = options.mapping
    lines = _Lines(path, options.max_bytes)
    by_position = mapping is not None and not load(mapping).header
    head = _head(lines, mapping is not None)
    where = lines.where()
    cells = _cells(head, where)
    if by_position:
        lines.put_back(head.line)
        names = [str(position + 1) for position in range(len(cells))]
    else:
        _refuse_values(lines, head, cells)
        names = _names(cells, where)
    columns_mapping = choose(names, mapping, where)
    table = JobTable(path, columns_mapping, head.metadata, delimiter=head.delimiter)
    positions = {name: names.index(name) for name in columns_mapping.columns()}
    for places, rows in _chunks(lines, len(names), head.delimiter):
        table.add(places, {name: [row[k].strip() for row in rows] for name, k in positions.items()})
    return table.workload(options)


class _Lines:
    """Iterator over the file's lines as text that keeps the number of the current line."""

    def __init__(self, path: Path | str, max_bytes: int) -> None:
        self.path = path
        self.number = 0
        self._ahead: deque[tuple[int, str]] = deque()
        self._source = self._read(max_bytes)

    def _read(self, max_bytes: int) -> Iterator[tuple[int, str]]:
        for first, block in numbered_lines(self.path, max_bytes):
            for number, line in enumerate(block, first):
                try:
                    yield number, line.decode("utf-8")
                except UnicodeDecodeError:
                    where = place(self.path, number)
                    raise InputError(
                        "is not UTF-8 text", where=where, remedy="save the file as UTF-8"
                    ) from None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line = self._ahead.popleft() if self._ahead else next(self._source)
        return line

    def peek(self, count: int) -> list[str]:
        """At least the next `count` lines (fewer at the file's end), without advancing."""
        while len(self._ahead) < count:
            following = next(self._source, None)
            if following is None:
                break
            self._ahead.append(following)
        return [line for _, line in self._ahead]

    def put_back(self, line: str) -> None:
        """Make `line` the next line again."""
        self._ahead.appendleft((self.number, line))
        self.number -= 1

    def where(self) -> str:
        return place(self.path, self.number)


@dataclass(slots=True)
class _Head:
    """The lines above the jobs. comment: (line number, text) of the last # line that is no `key: value`."""

    metadata: Metadata
    line: str
    delimiter: str
    comment: tuple[int, str] | None = field(default=None)


def _head(lines: _Lines, foreign: bool) -> _Head:
    """The metadata of the lead lines `# key: value`, and the line of column names below them."""
    pairs: dict[str, str] = {}
    declared, comment = None, None
    for line in lines:
        text = line.strip()
        if lines.number == 1 and (declared := separator(line)) is not None:
            continue
        if not text:
            continue
        if not text.startswith("#"):
            metadata = parse_metadata(pairs, f"{place(lines.path)}: lead lines")
            return _Head(metadata, line, declared or delimiter_of(line), comment)
        key, colon, value = (part.strip() for part in text[1:].partition(":"))
        if not colon or " " in key or (foreign and key not in KEYS):
            comment = (lines.number, text)
            continue  # a free comment
        if key in pairs:
            raise InputError(f"{quoted(key)} was given before", where=lines.where(), remedy="give it once")
        if key not in KEYS:
            raise InputError(
                f"unknown key {quoted(key)}", where=lines.where(), remedy=f"known: {', '.join(KEYS)}"
            )
        pairs[key] = value
    raise InputError(
        "has no line of column names", where=place(lines.path), remedy="give a CSV table of jobs"
    )


def _cells(head: _Head, where: str) -> list[str]:
    try:
        cells = next(csv.reader([head.line], delimiter=head.delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"is no line of column names ({error})", where=where, remedy="correct it") from error
    return [cell.strip() for cell in cells]


def _refuse_values(lines: _Lines, head: _Head, cells: list[str]) -> None:
    """InputError where the first record holds values, so that the file has no line of column names."""
    if not {NUMBER, STAMP} & {kind_of_cell(cell) for cell in cells}:
        return
    where = lines.where()
    if not holds_values(cells, records_of(lines.peek(PEEK_RECORDS), head.delimiter)):
        return
    sample = quoted(", ".join(cells), 60)
    by_position = Phrase(
        "or give ", Parameter("mapping"), " with header = false in it, whose columns are positions from 1"
    )
    if head.comment is not None and hash_line_names(head.comment[1], len(cells), head.delimiter):
        raise InputError(
            f"the first record holds values, {sample}; the column names stand in line "
            f"{head.comment[0]} behind '#', which makes them a comment",
            where=where,
            remedy=Phrase("remove the '#', ", by_position),
        )
    raise InputError(
        f"the first record holds values, {sample}, and no column names",
        where=where,
        remedy=Phrase(f"write a line of names above it ({', '.join(REQUIRED)} are needed), ", by_position),
    )


def _names(names: list[str], where: str) -> list[str]:
    if len(names) == 1 and "|" in names[0]:
        raise InputError(
            f"column names must be separated by commas, semicolons or tabs, found {quoted(names[0])}",
            where=where,
        )
    while len(names) > 1 and names[-1] == "":
        names = names[:-1]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"column {quoted(name)} is there twice", where=where, remedy="give each name once"
            )
    return names


def _chunks(lines: _Lines, width: int, delimiter: str) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Chunks of (line numbers, rows of cells), so that only one chunk is in memory as text."""
    places: list[int] = []
    rows: list[list[str]] = []
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    before, offset = 0, lines.number
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise InputError(
                f"is no line of CSV ({error})", where=lines.where(), remedy="correct its quotes"
            ) from error
        if row is None:
            break
        if reader.line_num > before + 1:
            where = place(lines.path, offset + before + 1)
            raise InputError("a quoted cell runs over the line's end", where=where, remedy="close its quotes")
        before = reader.line_num
        if not row or (width > 1 and len(row) == 1 and not row[0].strip()):
            continue
        if not any(row):
            continue  # delimiters alone, as spreadsheets leave below the last row
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            row = row[:width]  # or at the end of each row
        if len(row) != width:
            raise InputError(f"has {len(row)} cells, expected {width} as in the header", where=lines.where())
        places.append(lines.number)
        rows.append(row)
        if len(rows) == _CHUNK_ROWS:
            yield places, rows
            places, rows = [], []
    if rows:
        yield places, rows
