"""The top of a CSV file: Excel's `sep=` line, the delimiter, and whether there is a line of column names."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from traces.numbers.units import MISSING

DELIMITERS = ",;\t"
#: Records below the first one that are looked at to tell names from values.
PEEK_RECORDS = 20
#: Lines of units and the like between the column names and the first values.
MOST_EXTRA_LINES = 3

_SEP = re.compile(r'"?sep=([,;\t|])"?[,;\t ]*', re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d{1,5})?%?", re.ASCII)
_STAMP = re.compile(
    r"\(?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{4}"
    r"|[A-Za-z]{3,9} \d{1,2}, ?\d{4}"
    r"|\d{1,2}:\d\d(?::\d\d)?)(?:$|[T \-+(].*)",
    re.ASCII,
)
NUMBER, STAMP, TEXT, NOTHING = "number", "stamp", "text", "nothing"


def separator(line: str) -> str | None:
    """The delimiter that Excel's first line `sep=;` declares; None if the line is another."""
    match = _SEP.fullmatch(line.strip(" \r\n"))
    return match[1] if match else None


def delimiter_of(line: str) -> str:
    """The delimiter of a line of column names: comma, semicolon or tab, whichever it holds most of."""
    return max(DELIMITERS, key=line.count)


def records_of(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Stripped cells of each line; lines that are blank, comments or not CSV are left out."""
    records = []
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        records.append([cell.strip() for cell in cells])
    return records


def kind_of_cell(cell: str) -> str:
    """The kind of a cell: a number (with either decimal mark), a time stamp, text, or nothing."""
    if cell.lower() in MISSING:
        return NOTHING
    if _NUMBER.fullmatch(cell):
        return NUMBER
    return STAMP if _STAMP.fullmatch(cell) else TEXT


def holds_values(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a file's first record holds values, so that the file has no line of column names.

    A name may be a number (2016, 2017, ... beside `time`), so a column decides in which the records below
    are of another kind than the first one.
    """
    kinds = [kind_of_cell(cell) for cell in first]
    if not {NUMBER, STAMP} & set(kinds):
        return False
    usual_kinds = [_usual_kind(below, column) for column in range(len(kinds))]
    pairs = list(zip(kinds, usual_kinds, strict=True))
    if (STAMP, STAMP) in pairs:
        return True
    if {(TEXT, NUMBER), (TEXT, STAMP), (NUMBER, STAMP)} & set(pairs):
        return False
    if first[0] == "" and usual_kinds[0] != NOTHING:  # the unnamed index of a pandas table
        return False
    return len(below) > 0 or TEXT not in kinds


def _usual_kind(records: Sequence[Sequence[str]], column: int) -> str:
    kinds = [kind_of_cell(record[column]) for record in records if column < len(record)]
    kinds = [kind for kind in kinds if kind != NOTHING]
    return max(kinds, key=kinds.count) if kinds else NOTHING


def extra_lines(below: Sequence[Sequence[str]]) -> int:
    """How many records below the names hold words only (units, for instance) before the first values."""
    for count, record in enumerate(below[: MOST_EXTRA_LINES + 1]):
        kinds = {kind_of_cell(cell) for cell in record}
        if {NUMBER, STAMP} & kinds:
            return count
        if TEXT not in kinds or any(mark.isdigit() for mark in record[0]):
            return 0
    return 0


def value_positions(first: Sequence[str]) -> tuple[int, int]:
    """Positions from 1 of the time and of the first value in a record without names above it."""
    kinds = [kind_of_cell(cell) for cell in first]
    time = kinds.index(STAMP) if STAMP in kinds else 0
    values = [place for place, kind in enumerate(kinds) if kind == NUMBER and place != time]
    value = values[0] if values else (time + 1) % max(len(first), 1)
    return time + 1, value + 1


def hash_line_names(comment: str, width: int, delimiter: str) -> bool:
    """Whether a comment holds as many names as the records below it have cells."""
    cells = next(iter(records_of([comment.lstrip("# ")], delimiter)), [])
    return len(cells) == width > 1 and all(kind_of_cell(cell) == TEXT for cell in cells)
