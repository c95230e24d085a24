"""What sacct prints with -P or -p, in chunks of columns: delimiter, header, rows with too many fields."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from traces.errors import InputError, Parameter, Phrase, quoted
from traces.files.text import LONGEST_LINE, numbered_lines, place
from traces.jobs.sacct.rows.sacct_fields import FREE_TEXTS, is_header, positions
from traces.jobs.sacct.rows.sacct_values import state_of
from traces.read_report import Finding

#: Lines that a name with line breaks in it may take.
_MOST_LINES_OF_A_ROW = 20
_MOST_LEADS = 20
#: Keys of lines `# key: value` above the header, as in our own CSV files.
LEAD_KEYS = ("zone", "threads_per_core", "cluster", "arrival")
_LEAD = re.compile(r"#\s*([a-z_]+)\s*:\s*(.*)", re.ASCII)
_NAME = re.compile(r'"?([A-Za-z][A-Za-z0-9%]*)"?', re.ASCII)
_ID = re.compile(r"\d+(?:_(?:\d+|\[[\d,%:-]*(?:\.\.\.)?\])|\+\d+)?(?:\.\S*)?", re.ASCII)
_DASHES = re.compile(r"[-\s]+")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|\d+|Unknown|None|", re.ASCII)
_STAMPS = ("submit", "eligible", "start", "end")

Columns = dict[str, list[str]]


@dataclass(slots=True)
class SacctText:
    """One printed file, read once.

    delimiter : None to find it in the header
    leads     : keys of lines `# key: value` above the header, once chunks are read
    findings  : rows that were repaired, as (kind, code, finding), and steps, which are no jobs
    """

    path: Path | str
    max_bytes: int
    delimiter: str | None = None
    leads: dict[str, str] = field(default_factory=dict)
    findings: list[tuple[str, str, Finding]] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _quotes: bool = False

    def chunks(self) -> Iterator[tuple[list[int], Columns]]:
        """Line numbers and columns of the rows that are no steps, a block of the file at a time.

        InputError for what is not sacct's output, with the line.
        """
        unfinished: tuple[int, str] | None = None
        first_line, last_line = 1, ""
        for first, block in numbered_lines(self.path, self.max_bytes):
            lines = self._decoded(first, block)
            numbers = range(first, first + len(lines))
            last_line, skipped = (lines[-1] if lines else last_line), 0
            if not self._names:
                skipped = self._head(lines, first)
                if not self._names:
                    if first > 1 or skipped >= len(lines) > _MOST_LEADS:
                        break
                    first_line = first
                    continue
            rows, at, unfinished = self._rows(lines[skipped:], numbers[skipped:], unfinished)
            if rows:
                yield from self._columns(rows, at)
        if not self._names:
            raise self._not_sacct(first_line, last_line)
        if unfinished is not None:
            raise self._short(*unfinished, "it is the last: the file is cut off; print it again")

    # --- header -------------------------------------------------------------------------------------------

    def _decoded(self, first: int, block: list[bytes]) -> list[str]:
        """The lines as text; bytes that are no UTF-8 become a mark, which is counted."""
        text = b"\n".join(block)
        try:
            return text.decode("utf-8").split("\n") if block else []
        except UnicodeDecodeError:
            lines = [line.decode("utf-8", "replace") for line in block]
            wrong = [row for row, line in enumerate(lines) if "\ufffd" in line]
            finding = Finding(
                len(wrong), first + wrong[0], quoted(lines[wrong[0]]), "is not UTF-8, its bytes replaced"
            )
            self.findings.append(("repairs", "not_utf8", finding))
            return lines

    def _head(self, lines: list[str], first: int) -> int:
        """Read lead lines and the header; how many lines they take."""
        for row, line in enumerate(lines):
            if not line.strip():
                continue
            if line.startswith("#"):
                self._lead(line, first + row)
                continue
            if not self._header(line, first + row):
                raise self._not_sacct(first + row, line)
            return row + 1
        return len(lines)

    def _lead(self, line: str, number: int) -> None:
        match = _LEAD.fullmatch(line.strip())
        if match is None:
            return
        if match[1] not in LEAD_KEYS:
            raise InputError(
                f"unknown key {quoted(match[1])} in a line above the header",
                where=place(self.path, number),
                remedy=f"known: {', '.join(LEAD_KEYS)}",
            )
        self.leads[match[1]] = match[2].strip()

    def _header(self, line: str, number: int) -> bool:
        """Whether the line is a header of sacct; then its names, delimiter and places are known."""
        delimiter = self.delimiter if self.delimiter is not None else delimiter_of(line)
        if not delimiter:
            return False
        self._quotes = line.startswith('"')
        names = self._cells(line, delimiter)
        if not is_header(names):
            return False
        self.delimiter, self._names = delimiter, names
        self._places = positions(names, self.path, number)
        return True

    def _cells(self, line: str, delimiter: str) -> list[str]:
        if self._quotes and len(delimiter) == 1:
            try:
                return next(csv.reader([line], delimiter=delimiter))
            except (csv.Error, StopIteration):
                pass
        return line.split(delimiter)

    def _not_sacct(self, number: int, line: str) -> InputError:
        words = line.split()
        if is_header(words) and "|" not in line:
            return InputError(
                "is sacct's output in padded columns, which cuts values off",
                where=place(self.path, number),
                remedy="print it again with --parsable2 (-P)",
            )
        problem = f"{quoted(line, 60)} is no header of sacct"
        remedy: str = "print the accounts with sacct -P, with their header"
        if self.delimiter is not None:
            remedy = Phrase(
                "print the accounts with sacct -P, with their header, or give another ",
                Parameter("delimiter"),
            )
        return InputError(problem, where=place(self.path, number), remedy=remedy)

    # --- rows ---------------------------------------------------------------------------------------------

    def _rows(
        self, lines: Sequence[str], numbers: Sequence[int], unfinished: tuple[int, str] | None
    ) -> tuple[list[list[str]], list[int], tuple[int, str] | None]:
        """Rows of as many cells as the header, their lines, and a row that goes on in the next block."""
        delimiter, width = self.delimiter or "|", len(self._names)
        plain = [line.split(delimiter) for line in lines]
        if unfinished is None and not self._quotes and set(map(len, plain)) <= {width}:
            return plain, list(numbers), None
        rows: list[list[str]] = []
        at: list[int] = []
        for number, line in zip(numbers, lines, strict=True):
            begun, text = number, line
            if unfinished is not None:
                begun, text = unfinished[0], f"{unfinished[1]}\n{line}"
            elif not line.strip() or _DASHES.fullmatch(line):
                continue
            cells = self._cells(text, delimiter)
            if len(cells) > width:
                if unfinished is not None:
                    raise self._short(*unfinished, "add what is missing, or leave the row out")
                cells = self._recovered(cells, begun, text)
            if len(cells) < width and unfinished is None and rows and self._continues_last(cells):
                self._note_break(at[-1], line, rows[-1])
                continue
            if len(cells) < width:
                unfinished = (begun, text)
                if text.count("\n") >= _MOST_LINES_OF_A_ROW or len(text) > LONGEST_LINE:
                    raise self._short(begun, text, "add what is missing, or leave the row out")
                continue
            if unfinished is not None:
                self._note_break(begun, text, cells)
                unfinished = None
            rows.append(cells)
            at.append(begun)
        return rows, at, unfinished

    def _short(self, number: int, text: str, remedy: str) -> InputError:
        cells = text.partition("\n")[0].split(self.delimiter or "|")
        return InputError(
            f"has {len(cells)} fields, its header {len(self._names)}",
            where=place(self.path, number),
            value=quoted(text.partition("\n")[0], 60),
            remedy=remedy,
        )

    def _note_break(self, number: int, text: str, cells: list[str]) -> None:
        if not self._free_places() or not self._plausible(cells):
            raise self._short(number, text, "add what is missing, or leave the row out")
        value = quoted(text.partition("\n")[0], 60)
        finding = Finding(1, number, value, "a name with a line break in it, its lines joined")
        self.findings.append(("repairs", "line_break", finding))

    def _continues_last(self, cells: list[str]) -> bool:
        """Whether a short line without an id is the rest of a text in the last column of the row above."""
        column = self._places["job_id"]
        begins = column < len(cells) and _ID.fullmatch(cells[column])
        return not begins and len(self._names) - 1 in self._free_places()

    def _free_places(self) -> list[int]:
        """Places of the columns in which users write what they like."""
        return [at for at, name in enumerate(self._names) if name.strip().lower() in FREE_TEXTS]

    def _recovered(self, cells: list[str], number: int, text: str) -> list[str]:
        """The cells of a row with delimiters in a text, where only one column can hold them. InputError."""
        extra = len(cells) - len(self._names)
        delimiter = self.delimiter or "|"
        if '"' in text and len(delimiter) == 1:
            try:
                unquoted = next(csv.reader([text], delimiter=delimiter))
            except (csv.Error, StopIteration):
                unquoted = []
            if len(unquoted) == len(self._names) and self._plausible(unquoted):
                return unquoted
        fitting = []
        for at in self._free_places():
            joined = [*cells[:at], delimiter.join(cells[at : at + extra + 1]), *cells[at + extra + 1 :]]
            if self._plausible(joined):
                fitting.append(joined)
        if len(fitting) != 1:
            which = "none" if not fitting else "more than one"
            raise InputError(
                f"has {len(cells)} fields, its header {len(self._names)}, and {which} of its columns can "
                f"hold a text with {quoted(delimiter)}",
                where=place(self.path, number),
                value=quoted(text, 60),
                remedy="print it without JobName, or with another delimiter (sacct --delimiter)",
            )
        finding = Finding(1, number, quoted(text, 60), "a name with the delimiter in it, its parts joined")
        self.findings.append(("repairs", "delimiter_in_name", finding))
        return fitting[0]

    def _plausible(self, cells: list[str]) -> bool:
        """Whether ids, states and times stand where the header has them."""
        if not _ID.fullmatch(cells[self._places["job_id"]]):
            return False
        stamps = (cells[self._places[name]] for name in _STAMPS if name in self._places)
        if not all(_STAMP.fullmatch(cell) for cell in stamps):
            return False
        try:
            state_of(cells[self._places["state"]])
        except ValueError:
            return False
        return True

    def _columns(self, rows: list[list[str]], at: list[int]) -> Iterator[tuple[list[int], Columns]]:
        """The columns in use, without steps and repeated headers."""
        columns = list(zip(*rows, strict=True))
        ids = columns[self._places["job_id"]]
        keep = [row for row, text in enumerate(ids) if "." not in text or not _ID.fullmatch(text)]
        if len(keep) < len(ids):
            step = next(row for row, text in enumerate(ids) if "." in text)
            finding = Finding(
                len(ids) - len(keep), at[step], quoted(ids[step]), "steps of jobs, which are no jobs"
            )
            self.findings.append(("notes", "steps", finding))
        title = self._names[self._places["job_id"]]
        if title in ids:
            again = [row for row in keep if list(rows[row]) == self._names]
            if again:
                finding = Finding(len(again), at[again[0]], quoted(title), "a header again, passed over")
                self.findings.append(("notes", "headers", finding))
                gone = set(again)
                keep = [row for row in keep if row not in gone]
        if not keep:
            return
        if len(keep) == len(ids):
            yield at, {key: list(columns[column]) for key, column in self._places.items()}
        else:
            yield (
                [at[row] for row in keep],
                {key: [columns[column][row] for row in keep] for key, column in self._places.items()},
            )


def delimiter_of(header: str) -> str | None:
    """What stands between the names of a header of sacct; None where it is none."""
    first = _NAME.match(header)
    if first is None:
        return None
    rest = header[first.end() :]
    following = _NAME.search(rest)
    if following is None or following.start() == 0:
        return None
    delimiter = rest[: following.start()]
    if not delimiter.strip(" ") or len(delimiter) > 16:
        return None
    return delimiter if is_header(header.replace('"', "").split(delimiter)) else None
