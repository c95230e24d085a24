"""One read of a file of a time series: stamps to UTC, daylight saving, duplicates and gaps, all counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from traces.errors import InputError
from traces.held import EPOCH
from traces.regular import Gaps, Rows, check_steps, drop_duplicates, fill, usual_step_s
from traces.stamps import Stamps, parse_parts, parse_stamps
from traces.table import Table
from traces.text import place
from traces.timezones import LocalTimes, choose_readings, find_zone, readings_of
from traces.workload import Finding, ReadReport

Convert = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""Given the step in seconds: (int64 value, is it missing) of every row of the table."""


@dataclass(frozen=True, slots=True)
class Steps:
    """One value a step. values: (N,) int64, each for `step_s` seconds, the first from `start_utc`."""

    start_utc: datetime
    step_s: int
    values: np.ndarray

    @property
    def change_s(self) -> np.ndarray:
        """(N,) int64 seconds from `start_utc` to the start of each step."""
        return np.arange(len(self.values), dtype=np.int64) * self.step_s

    @property
    def end_s(self) -> int:
        """Seconds from `start_utc` to the end of the last step."""
        return len(self.values) * self.step_s


def check_choices(*choices: tuple[str, str, Sequence[str]]) -> None:
    """InputError for the first (argument, value, known values) whose value is not known."""
    for argument, value, known in choices:
        if value not in known:
            raise InputError(f"{argument}={value!r} is unknown: use one of {', '.join(known)}")


class SeriesFile:
    """The table, the policy for gaps, and the counts of what was repaired."""

    def __init__(self, path: Path, table: Table, gaps: Gaps):
        self.path = place(path)
        self.table = table
        self.lines = np.array(table.lines, np.int64)
        self.gaps = gaps
        self.repairs: dict[str, Finding] = {}
        self.notes: dict[str, Finding] = {}

    def steps(
        self, time_names: list[str], stamp: str, zone: str | None, convert: Convert, value_unit: str
    ) -> Steps:
        """The values on their even steps. `value_unit` is what messages put behind a converted value."""
        utc_s, kept = self._utc(self._stamps(time_names, stamp), time_names, zone)
        step_s = usual_step_s(utc_s[kept])
        if step_s is None:
            raise InputError(f"{self.path}: one time only: at least two rows are needed to know the step")
        utc_s, lines = utc_s[kept], self.lines[kept]
        check_steps(utc_s, lines, step_s, self.path)
        if stamp == "end":
            utc_s = utc_s - step_s
        values, missing = convert(step_s)
        rows = Rows(utc_s, lines, values[kept], missing[kept])
        rows = drop_duplicates(rows, self.gaps, value_unit, self.path, self.count)
        start_s, values = fill(rows, step_s, self.gaps, self.path, self.count)
        self.note("step_s", len(lines), str(step_s), "rows; the step in seconds")
        return Steps(EPOCH + timedelta(seconds=start_s), step_s, values)

    def report(self) -> ReadReport:
        """What was repaired and noted."""
        return ReadReport(repairs=self.repairs, skips={}, notes=self.notes, records=len(self.lines))

    def count(self, code: str, count: int, line: int, value: str, text: str) -> None:
        """Adds a repair to the report."""
        self.repairs[code] = Finding(count, line, value, text)

    def note(self, code: str, count: int, value: str, text: str) -> None:
        """Adds a note on the whole file to the report."""
        self.notes[code] = Finding(count, self.table.lines[0], value, text)

    def _stamps(self, time_names: list[str], stamp: str) -> Stamps:
        if len(time_names) == 1:
            return parse_stamps(self.table.cells[time_names[0]], self.table.lines, self.path)
        parts = {name: self.table.cells[name] for name in time_names}
        return parse_parts(parts, self.table.lines, self.path, stamp)

    def _utc(self, stamps: Stamps, time_names: list[str], zone: str | None) -> tuple[np.ndarray, np.ndarray]:
        """(UTC seconds of every row, which rows to keep)."""
        everything = np.ones(len(stamps.seconds), bool)
        found = find_zone(zone) if zone is not None else None
        if stamps.in_utc:
            if found is not None and zone != "UTC":
                self.note(
                    "zone_unused",
                    len(everything),
                    str(zone),
                    "stamps state their offset; the zone was not used",
                )
            return stamps.seconds, everything
        if found is None:
            shown = " ".join(self.table.cells[name][0] for name in time_names)
            raise InputError(
                f"{self.path}:{self.table.lines[0]}: stamp {shown!r} has no offset: name its zone, "
                "such as zone='UTC' or zone='Europe/Berlin'"
            )
        times = readings_of(stamps.seconds, found)
        self._transitions(times, time_names, str(zone))
        kept = ~times.nonexistent
        ordinary = kept & (times.transition < 0)
        step_s = usual_step_s(times.first_s[ordinary]) or 1
        utc_s = times.first_s.copy()
        part = LocalTimes(
            times.first_s[kept], times.second_s[kept], times.transition[kept], times.nonexistent[kept]
        )
        utc_s[kept] = choose_readings(part, stamps.seconds[kept], step_s)
        return utc_s, kept

    def _transitions(self, times: LocalTimes, time_names: list[str], zone: str) -> None:
        """Refuses or counts clock times that daylight saving skipped or showed twice."""
        for code, which, what, done in (
            ("nonexistent_stamps", times.nonexistent, "does not exist, clocks went forward,",
             "rows left out"),
            ("ambiguous_stamps", times.transition >= 0, "occurs twice, clocks went back,",
             "rows read in file order, daylight-saving time first"),
        ):  # fmt: skip
            if not which.any():
                continue
            i = int(np.flatnonzero(which)[0])
            shown = " ".join(self.table.cells[name][i] for name in time_names)
            if self.gaps.policy == "error":
                raise InputError(
                    f"{self.path}:{self.lines[i]}: {shown!r} {what} in {zone}: "
                    f"write stamps in UTC or with an offset, or {self.gaps.remedy}"
                )
            self.count(code, int(which.sum()), int(self.lines[i]), shown, done)
