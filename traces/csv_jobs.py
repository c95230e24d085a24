"""CSV tables of jobs, plain or gzipped: our own format, and foreign ones through a mapping."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from traces.documents import reads_file
from traces.errors import InputError
from traces.job_table import JobTable
from traces.mapping import choose
from traces.metadata import KEYS, Metadata, parse_metadata
from traces.text import MAX_BYTES, numbered_lines, place
from traces.workload import Workload, shown

_CHUNK_ROWS = 65536


@reads_file
def read_csv(
    path: Path | str, *, mapping: str | Path | None = None, strict: bool = False, max_bytes: int = MAX_BYTES
) -> Workload:
    """The workload of a CSV file; arguments and errors as in `read_workload`."""
    lines = _Lines(path, max_bytes)
    metadata, header = _head(lines, mapping is not None)
    where = lines.where()
    names = _names(header, where)
    chosen = choose(names, mapping, where)
    table = JobTable(path, chosen, metadata)
    needed = {name: names.index(name) for name in chosen.columns()}
    for places, rows in _chunks(lines, len(names)):
        table.add(places, {name: [row[k].strip() for row in rows] for name, k in needed.items()})
    return table.workload(strict)


class _Lines:
    """The lines of the file as text; knows the number of the line last given out."""

    def __init__(self, path: Path | str, max_bytes: int) -> None:
        self.path = path
        self.number = 0
        self._lines = self._read(max_bytes)

    def _read(self, max_bytes: int) -> Iterator[str]:
        for first, block in numbered_lines(self.path, max_bytes):
            for self.number, line in enumerate(block, first):
                try:
                    yield line.decode("utf-8")
                except UnicodeDecodeError:
                    raise InputError(f"{self.where()}: is not UTF-8 text; save the file as UTF-8") from None

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def where(self) -> str:
        return place(self.path, self.number)


def _head(lines: _Lines, foreign: bool) -> tuple[Metadata, str]:
    """The metadata of the lead lines `# key: value`, and the line of column names below them."""
    pairs: dict[str, str] = {}
    for line in lines:
        text = line.strip()
        if not text:
            continue
        if not text.startswith("#"):
            return parse_metadata(pairs, f"{place(lines.path)}: lead lines"), line
        key, colon, value = (part.strip() for part in text[1:].partition(":"))
        if not colon or " " in key or (foreign and key not in KEYS):
            continue  # a free comment
        if key in pairs:
            raise InputError(f"{lines.where()}: {shown(key)} was given before; give it once")
        if key not in KEYS:
            raise InputError(f"{lines.where()}: unknown key {shown(key)}; known: {', '.join(KEYS)}")
        pairs[key] = value
    raise InputError(f"{place(lines.path)}: has no line of column names; give a CSV table of jobs")


def _names(header: str, where: str) -> list[str]:
    try:
        names = [name.strip() for name in next(csv.reader([header], strict=True))]
    except csv.Error as error:
        raise InputError(f"{where}: is no line of column names ({error}); correct it") from error
    if len(names) == 1 and any(mark in header for mark in ";\t|"):
        raise InputError(f"{where}: column names must be separated by commas, found {shown(header)}")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{where}: column {shown(name)} is there twice; give each name once")
    return names


def _chunks(lines: _Lines, width: int) -> Iterator[tuple[list[int], list[list[str]]]]:
    """Rows in chunks with their line numbers, so that only one chunk is held as text."""
    places: list[int] = []
    rows: list[list[str]] = []
    reader = csv.reader(lines, strict=True)
    before, offset = 0, lines.number
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise InputError(f"{lines.where()}: is no line of CSV ({error}); correct its quotes") from error
        if row is None:
            break
        if reader.line_num > before + 1:
            where = place(lines.path, offset + before + 1)
            raise InputError(f"{where}: a quoted cell runs over the line's end; close its quotes")
        before = reader.line_num
        if not row or (width > 1 and len(row) == 1 and not row[0].strip()):
            continue
        if len(row) != width:
            raise InputError(f"{lines.where()}: has {len(row)} cells, expected {width} as in the header")
        places.append(lines.number)
        rows.append(row)
        if len(rows) == _CHUNK_ROWS:
            yield places, rows
            places, rows = [], []
    if rows:
        yield places, rows
