"""The lines of an SWF file as columns: records of 18 fields, longer and shorter ones, and comments.

Published files differ from the format in what they add: further fields behind the 18th, words where a user, a
group, a program, a queue or a partition is a number, or less than 18 fields in every line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from traces.errors import InputError, quoted
from traces.files.text import numbered_lines, place
from traces.jobs.readers import swf_header
from traces.jobs.repairs import Findings
from traces.read_report import Finding

FIELDS = (
    "job number",
    "submit time",
    "wait time",
    "run time",
    "allocated processors",
    "average CPU time",
    "used memory",
    "requested processors",
    "requested time",
    "requested memory",
    "status",
    "user",
    "group",
    "executable",
    "queue",
    "partition",
    "preceding job",
    "think time",
)
#: Fields that may hold a word: those of whose job it is become names, the others are not used.
_USER_AND_GROUP = (11, 12)
_LABELS = (13, 14, 15)
_STATUS = 10
#: A file all of whose lines end behind the status, or later, is read; what is not there is unknown.
_FEWEST = _STATUS + 1
_MOST_COMMENTS = 1000
#: A block with other bytes than these goes through the slow path, which names what is wrong.
_PLAIN_NUMBERS = b"0123456789+-. \t\n"
#: Names get numbers below this one, at which a float64 is still exact; no file has users of such numbers.
_FIRST_NAME = -(2.0**52)


@dataclass(slots=True)
class SwfRecords:
    """The records of a file.

    columns : field -> (N,) float64; whole numbers below 2^53 are exact
    lines : (N,) int64, where they stand. comments : those that matter, with their lines
    names : number in `columns` -> the word that stands in the file for a user or group
    """

    columns: dict[int, np.ndarray] = field(default_factory=dict)
    lines: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    comments: list[tuple[int, bytes]] = field(default_factory=list)
    names: dict[float, str] = field(default_factory=dict)
    unusual: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def note(self, findings: Findings) -> None:
        """Add what was unusual in the lines, all of it without effect on jobs."""
        for (kind, code), finding in self.unusual.items():
            findings.put(kind, code, finding)


def read_records(path: Path | str, max_bytes: int, used: Sequence[int]) -> SwfRecords:
    """All records of a file, with the columns of the fields in `used`. InputError for what is no record."""
    reader = _LineReader(path)
    tables: list[np.ndarray] = []
    places: list[np.ndarray] = []
    for first, block in numbered_lines(path, max_bytes):
        numbers, lines = reader.records_of(first, block)
        if lines:
            tables.append(reader.table(numbers, lines)[:, list(used)])
            places.append(np.array(numbers, dtype=np.int64))
    if not tables:
        raise InputError("has no records, only comments", where=place(path), remedy="give a file with jobs")
    table = np.concatenate(tables)
    columns = {number: np.ascontiguousarray(table[:, k]) for k, number in enumerate(used)}
    names = {number: text for text, number in reader.numbers_of_names.items()}
    return SwfRecords(columns, np.concatenate(places), reader.comments, names, reader.unusual)


class _LineReader:
    """Turns the lines of one file to numbers, and counts what is unusual in them."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._width: int | None = None  # fields of the first record, at most 18
        self.comments: list[tuple[int, bytes]] = []
        self.numbers_of_names: dict[str, float] = {}
        self.unusual: dict[tuple[str, str], Finding] = {}

    def records_of(self, first: int, block: list[bytes]) -> tuple[list[int], list[bytes]]:
        """The records of a block and their line numbers; comments, behind `;` or `#`, are kept aside."""
        numbers, lines = [], []
        for number, line in enumerate(block, first):
            text = line.lstrip()
            if not text:
                continue
            if text[0] == 59:  # a semicolon
                if len(self.comments) < _MOST_COMMENTS and swf_header.matters(text):
                    self.comments.append((number, text))
            elif text[0] != 35:  # a hash, as programs write that know no other comments
                numbers.append(number)
                lines.append(line)
        if lines and self._width is None:
            self._width = min(len(lines[0].split()), len(FIELDS))
        return numbers, lines

    def table(self, numbers: list[int], lines: list[bytes]) -> np.ndarray:
        """The lines as (n, 18) float64, in bulk where they are plain, else one by one."""
        text = b"\n".join(lines)
        if not text.translate(None, _PLAIN_NUMBERS) and len(lines[0].split()) == len(FIELDS):
            try:
                frame = pd.read_csv(
                    io.BytesIO(text),
                    sep=r"\s+",
                    header=None,
                    names=range(len(FIELDS) + 1),
                    dtype=np.float64,
                    quoting=csv.QUOTE_NONE,
                    index_col=False,
                )
            except (ValueError, TypeError):  # the slow path will say which line and field
                return self._slow_table(numbers, lines)
            table = frame.to_numpy()
            whole = len(table) == len(lines) and np.isfinite(table[:, :-1]).all()
            if whole and np.isnan(table[:, -1]).all():
                return table[:, :-1]
        return self._slow_table(numbers, lines)

    def _slow_table(self, numbers: list[int], lines: list[bytes]) -> np.ndarray:
        """The table of `table`, parsed line by line; InputError for the first line that is no record."""
        table = np.full((len(lines), len(FIELDS)), -1.0)
        for row, (number, line) in enumerate(zip(numbers, lines, strict=True)):
            words = line.split()
            for place_in_line, word in enumerate(words[: len(FIELDS)]):
                table[row, place_in_line] = self._number(number, place_in_line, word)
            if len(words) != len(FIELDS):
                self._check_width(number, line, words)
        return table

    def _check_width(self, number: int, line: bytes, words: list[bytes]) -> None:
        """Count a longer record, or a shorter one in a file of such. InputError for any other shorter one."""
        if len(words) > len(FIELDS):
            extra = words[len(FIELDS)].decode("latin-1")
            text = f"more than {len(FIELDS)} fields, those behind the last one are not used"
            self._count("notes", "extra_fields", number, extra, text)
        elif len(words) == self._width and len(words) >= _FEWEST:
            text = "fields at the end of every line are missing, taken as unknown (-1)"
            self._count("repairs", "missing_fields", number, str(len(words)), text)
        else:
            raise InputError(
                f"has {len(words)} fields, expected {len(FIELDS)} (line: {quoted(line.strip())})",
                where=place(self._path, number),
                remedy="write -1 for those that are unknown",
            )

    def _number(self, line: int, field_number: int, word: bytes) -> float:
        try:
            value = float(word) if b"_" not in word else np.nan
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            if field_number in _LABELS:
                text = f"{FIELDS[field_number]} is a word, and not used"
                self._count("notes", "word_not_used", line, word.decode("latin-1"), text)
                return -1.0
            if field_number in _USER_AND_GROUP:
                return self._name(line, field_number, word)
            required = field_number in (0, 1, 3)  # -1 is refused there, means a time, or makes it no job
            raise InputError(
                f"{FIELDS[field_number]} (field {field_number + 1}) is {quoted(word)}, not a finite number",
                where=place(self._path, line),
                remedy=f"correct it{'' if required else ', or write -1 for unknown'}",
            )
        return value

    def _name(self, line: int, field_number: int, word: bytes) -> float:
        """The number that stands for a user's or group's name in the table."""
        try:
            text = word.decode("utf-8")
        except UnicodeDecodeError:
            text = word.decode("latin-1")
        text = text.strip()  # of spaces that only Unicode knows
        if not text or not text.isprintable():
            raise InputError(
                f"{FIELDS[field_number]} (field {field_number + 1}) is {quoted(word)}, neither a number nor "
                "a printable name",
                where=place(self._path, line),
                remedy="correct it, or write -1 for unknown",
            )
        self._count("notes", "names", line, text, "users or groups are words, kept as names")
        return self.numbers_of_names.setdefault(text, _FIRST_NAME - len(self.numbers_of_names))

    def _count(self, kind: str, code: str, line: int, value: str, text: str) -> None:
        before = self.unusual.get((kind, code))
        self.unusual[kind, code] = (
            Finding(1, line, quoted(value), text)
            if before is None
            else Finding(before.count + 1, before.line, before.value, before.text)
        )
