"""Decimal commas and dates in CSV tables of jobs, as spreadsheets write them, to plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from traces.errors import InputError, quoted
from traces.files.csv_head import STAMP, kind_of_cell
from traces.jobs.job_cells import QUANTITIES
from traces.jobs.job_mapping import Mapping, Source
from traces.jobs.repairs import Findings
from traces.numbers.decimals import COMMA, find_mark, with_points
from traces.read_report import Finding
from traces.times.stamps import is_plain_date, parse_stamps
from traces.times.timezones import EPOCH, find_zone, readings_of

_NO_ZONE = (
    "name the zone in a line '# zone: Europe/Berlin' above the column names, in a mapping as zone of [file], "
    "or write an offset"
)


class JobTexts:
    """Turns the cells of one file, chunk by chunk, into decimal numbers with points.

    Dates become seconds from `start_utc`: what the file states, else the first submit of the first chunk.
    """

    def __init__(
        self, path: str, delimiter: str, mapping: Mapping, zone: str | None, start_utc: datetime | None
    ) -> None:
        self.start_utc = start_utc
        self._path = path
        self._delimiter = delimiter
        self._zone = zone
        self._sources = {name: source for name, source in mapping.sources.items() if name in QUANTITIES}
        self._mark: str | None = None
        self._saw_points = False
        self._date_order: str | None = None

    def plain(
        self, cells: dict[str, list[str]], lines: Sequence[int], findings: Findings
    ) -> dict[str, list[str]]:
        """The cells of a chunk as numbers. InputError, with the line, for unclear dates and commas."""
        return self._dates(self._decimals(cells, lines, findings), lines, findings)

    def _decimals(
        self, cells: dict[str, list[str]], lines: Sequence[int], findings: Findings
    ) -> dict[str, list[str]]:
        """The cells with decimal points; the mark is decided by the first chunk with a comma."""
        numbers = dict.fromkeys(name for source in self._sources.values() for name in source.columns())
        columns = {name: cells[name] for name in numbers if not _holds_dates(cells[name])}
        if self._delimiter == "," or not columns:
            return cells  # there a comma within a cell would have to be quoted
        if self._mark is None and any("," in cell for column in columns.values() for cell in column):
            self._mark = self._find_mark(columns, lines)
            if self._mark == COMMA:
                text = "numbers read with a decimal comma"
                findings.put("notes", "decimal_comma", Finding(len(lines), lines[0], ",", text))
        self._saw_points |= any("." in cell for column in columns.values() for cell in column)
        if self._mark is None:
            return cells
        marked = {
            name: list(with_points(column, lines, name, self._path, self._mark))
            for name, column in columns.items()
        }
        return cells | marked

    def _find_mark(self, columns: dict[str, list[str]], lines: Sequence[int]) -> str | None:
        mark = find_mark(list(columns.values()), lines, self._path, self._delimiter, None, declarable=False)
        # Cells above have been read with points: a comma is now left to be refused.
        return None if mark == COMMA and self._saw_points else mark

    def _dates(
        self, cells: dict[str, list[str]], lines: Sequence[int], findings: Findings
    ) -> dict[str, list[str]]:
        """The cells with dates replaced by seconds from `start_utc`, which the first chunk may set."""
        stamped = {
            column: source
            for field, source in self._sources.items()
            for column in _times(field, source)
            if _holds_dates(cells[column])
        }
        seconds = {
            column: self._seconds(column, source, cells[column], lines, findings)
            for column, source in stamped.items()
        }
        if not seconds:
            return cells
        submit = self._sources["submit_s"].column
        if self.start_utc is None:
            if submit not in seconds:
                raise InputError(
                    f"column {quoted(next(iter(seconds)))} holds dates and "
                    f"{quoted(submit)} does not: give the instant of second 0 in a line "
                    "'# start_utc: 2022-01-01T00:00:00Z' above the column names",
                    where=f"{self._path}:{lines[0]}",
                )
            known = [second for second in seconds[submit] if second is not None]
            self.start_utc = EPOCH + timedelta(seconds=min(known))
        start_s = int((self.start_utc - EPOCH).total_seconds())
        text = "dates, counted from the instant of second 0"
        for column in seconds:
            finding = Finding(len(lines), lines[0], cells[column][0], f"{column}: {text}")
            findings.put("notes", "dates", finding)
        texts = {
            column: ["" if second is None else str(second - start_s) for second in values]
            for column, values in seconds.items()
        }
        return cells | texts

    def _seconds(
        self, column: str, source: Source, cells: list[str], lines: Sequence[int], findings: Findings
    ) -> list[int | None]:
        """Seconds since 1970 of a column of dates, None where a cell is empty."""
        rows = [row for row, cell in enumerate(cells) if cell]
        where = f"{self._path}:{lines[rows[0]]}"
        if source.factor != 1:
            raise InputError(
                f"column {quoted(column)} holds dates, and its unit in the mapping counts: drop unit",
                where=where,
            )
        dates = [cells[row] for row in rows]
        stamps = parse_stamps(dates, [lines[row] for row in rows], self._path, self._date_order)
        self._date_order = self._date_order or stamps.date_order
        utc_s = stamps.seconds
        if not stamps.in_utc:
            if self._zone is None:
                raise InputError(f"{quoted(dates[0])} has no offset: {_NO_ZONE}", where=where)
            times = readings_of(stamps.seconds, find_zone(self._zone))
            if times.nonexistent.any():
                row = rows[int(np.argmax(times.nonexistent))]
                raise InputError(
                    f"{quoted(cells[row])} does not exist in {self._zone}, clocks "
                    "went forward: correct it, or the zone",
                    where=f"{self._path}:{lines[row]}",
                )
            repeated = np.zeros(len(cells), bool)
            repeated[rows] = times.transition >= 0
            text = "occurs twice as clocks go back, taken as the first time"
            findings.add("repairs", "ambiguous_stamps", repeated, cells, text)
            utc_s = times.first_s
        seconds: list[int | None] = [None] * len(cells)
        for row, second in zip(rows, utc_s.tolist(), strict=True):
            seconds[row] = second
        return seconds


def _times(field: str, source: Source) -> list[str]:
    """The columns of a field that may hold dates: instants, and pairs of them that make a duration."""
    if field in ("submit_s", "deadline_s", "cancel_s") or (
        field in ("work_s", "estimate_s") and source.minus
    ):
        return [name for name in (source.column, source.minus) if name is not None]
    return []


def _holds_dates(cells: Sequence[str]) -> bool:
    """Whether the first cell that is not empty is a date; 01.02.2024 could pass for a grouped number."""
    first = next((cell for cell in cells if cell), "")
    return is_plain_date(first) or kind_of_cell(first) == STAMP
