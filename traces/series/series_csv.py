"""Reading of a time-series file: stamps to UTC, daylight saving, duplicates and gaps, with counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.files.csv_table import TableReader
from traces.numbers.decimals import COMMA, find_mark, with_points
from traces.read_report import Finding
from traces.series.held import EPOCH
from traces.series.regular import Gaps, Rows, drop_duplicates, fill
from traces.series.row_steps import RowSteps, row_steps
from traces.series.row_times import TimedFile
from traces.series.text_layout import Layout
from traces.times.clock_parts import STAMP
from traces.times.stamps import Stamps

Convert = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Given the length in seconds of every row's step, (N,): (int64 value, is it missing) of every row."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Values held from each step's start, in seconds from `start_utc`; `end_s` ends the last. (N,) int64."""

    start_utc: datetime
    change_s: np.ndarray
    values: np.ndarray
    end_s: int


def check_choices(*choices: tuple[str, str, Sequence[str]]) -> None:
    """InputError for the first (argument, value, known values) whose value is not known."""
    for argument, value, known in choices:
        if value not in known:
            raise InputError(
                Phrase(Parameter(argument, value), " is unknown"), remedy=f"use one of {', '.join(known)}"
            )


class SeriesFile(TimedFile):
    """A file of rows at times, with the cells of its value columns as decimal numbers."""

    def __init__(
        self,
        reader: TableReader,
        times: dict[str, str],
        names: Sequence[str],
        gaps: Gaps,
        layout: Layout,
        strict: bool = False,
    ):
        super().__init__(reader, times, names, gaps, layout, strict)
        self.numbers = self._numbers(names)

    def _numbers(self, names: Sequence[str]) -> dict[str, Sequence[str]]:
        """The cells of the value columns, with decimal points."""
        columns = [self.table.cells[name] for name in names]
        lines, delimiter, declared = self.table.lines, self.table.delimiter, self.layout.decimal
        mark = find_mark(columns, lines, self.path, delimiter, declared)
        if mark == COMMA and declared is None:
            self.note("decimal_comma", len(lines), ",", "numbers read with a decimal comma")
        return {
            name: with_points(cells, lines, name, self.path, mark)
            for name, cells in zip(names, columns, strict=True)
        }

    def oldest_first(self, stamps: Stamps, zone: str | None) -> Stamps:
        """As in TimedFile; reverses the numbers with the rows."""
        table = self.table
        stamps = super().oldest_first(stamps, zone)
        if self.table is not table:
            self.numbers = {name: cells[::-1] for name, cells in self.numbers.items()}
        return stamps

    def steps(self, stamp: str, zone: str | None, convert: Convert, value_unit: str) -> Steps:
        """The values by step, gaps filled. value_unit: unit of converted values, for messages."""
        self.check_stamp(stamp)
        declared, zone = zone, self.zone_of(zone)
        stamps, stamp = self.read_stamps(stamp, zone)
        if declared is None and zone is not None and not (stamps.in_utc and STAMP in self.times):
            self.note("zone_by_name", len(self.lines), zone, "zone of the stamps, by the column's name")
        stamps = self.oldest_first(stamps, zone)
        utc_s, exists = self.to_utc(stamps, zone)
        self.refuse_repeated_times(stamps, utc_s)
        if not exists.any():
            raise InputError("no row has a time that exists: check the zone", where=self.path)
        clock_s, as_utc, show_time = self.even_clock(stamps, utc_s, exists, zone)
        lines = self.lines[exists]
        steps = row_steps(clock_s, lines, stamp, self.path, show_time)
        start_s = clock_s - steps.length_s if stamp == "end" else clock_s
        length_s = np.full(len(exists), steps.usual_s, np.int64)
        length_s[exists] = as_utc(start_s + steps.length_s) - as_utc(start_s)
        values, missing = convert(length_s)
        rows = Rows(start_s, lines, values[exists], missing[exists], steps.length_s, show_time)
        rows = drop_duplicates(rows, self.gaps, value_unit, self.path, self.count)
        begins_s, end_s, values = fill(rows, self.gaps, self.path, self.count)
        self._note_steps(steps, lines)
        begins_s, end_s = as_utc(begins_s), int(as_utc(np.array([end_s]))[0])
        first_s = int(begins_s[0])
        return Steps(EPOCH + timedelta(seconds=first_s), begins_s - first_s, values, end_s - first_s)

    def _note_steps(self, steps: RowSteps, lines: np.ndarray) -> None:
        self.note("step_s", len(lines), str(steps.usual_s), "rows; the step in seconds")
        if steps.changes:
            row, before_s, after_s = steps.changes[0]
            self.notes["step_changes"] = Finding(
                len(steps.changes),
                int(lines[row]),
                f"{before_s} s to {after_s} s",
                "the step changes within the file",
            )
