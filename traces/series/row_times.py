"""The times of a file's rows in UTC: stamps, zones, daylight saving, and notes on doubtful cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo
from pathlib import Path

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.files.csv_table import Table, TableReader
from traces.numbers.constants import DAY_S
from traces.read_report import Finding, ReadReport
from traces.series.counted_times import check_name, is_count, read_counts, remark_on_counts
from traces.series.regular import Gaps, usual_step_s
from traces.series.series_columns import NAMES_ENDS
from traces.series.text_layout import Layout
from traces.times.clock_parts import STAMP, ClockParts
from traces.times.stamps import ShowTime, Stamps, parse_stamps, show
from traces.times.timezones import EPOCH, LocalTimes, choose_readings, day_begins, find_zone, readings_of

# A zone that the name of the time column states.
_ZONE_IN_NAME = (
    (re.compile(r"(?:^|[^A-Za-z])(?:UTC|GMT)(?:$|[^A-Za-z])", re.IGNORECASE), "UTC"),
    (re.compile(r"\(CET ?/ ?CEST\)"), "Europe/Brussels"),
)
_UTC_NAMES = ("UTC", "GMT", "UCT", "Zulu", "Etc/UTC", "Etc/GMT", "Etc/UCT", "Etc/Zulu")
#: Letters of the column by which ERCOT marks the second showing of an hour, and its marks.
_REPEATED_HOUR = ("repeatedhourflag", "repeatedhour", "dstflag")
_FLAGS = {"y": True, "n": False, "true": True, "false": False, "1": True, "0": False}
_CLOCK_24 = re.compile(r"[T ]24:00")


# If more of the rows than this repeat a time, they are no slips.
MOST_REPEATED = 0.75
# Two rows in the wrong order may be a slip.
LEAST_ROWS_IN_ORDER = 3


def repeated_hour_column(header: Sequence[str]) -> str | None:
    """The column that flags the repeated hour when clocks go back, by its name; None without one."""
    for name in header:
        if re.sub(r"[^a-z]", "", name.lower()) in _REPEATED_HOUR and header.count(name) == 1:
            return name
    return None


class TimedFile:
    """A file's table with times and other columns, the policy for gaps, and counts of repairs.

    times : the columns of the time by role; names: the other columns to read
    strict : the first repair is an error
    """

    def __init__(
        self,
        reader: TableReader,
        times: dict[str, str],
        names: Sequence[str],
        gaps: Gaps,
        layout: Layout,
        strict: bool = False,
    ):
        self.path = reader.path_text
        self.name = Path(reader.path).name
        self.times = times
        self.repeated_hour = repeated_hour_column(reader.header)
        more = [] if self.repeated_hour is None else [self.repeated_hour]
        self.table: Table = reader.read(list(dict.fromkeys([*times.values(), *names, *more])))
        self.lines = np.array(self.table.lines, np.int64)
        self.gaps = gaps
        self.strict = strict
        self.layout = layout
        self.repairs: dict[str, Finding] = {}
        self.notes: dict[str, Finding] = {}
        if reader.extra:
            words = "; ".join(" ".join(cell for cell in cells if cell) for cells in reader.extra)
            self.note("extra_header_lines", len(reader.extra), words[:80], "lines of words below the names")

    def report(self) -> ReadReport:
        """The repairs and notes so far."""
        return ReadReport(repairs=self.repairs, skips={}, notes=self.notes, records=len(self.lines))

    def count(self, code: str, count: int, line: int, value: str, text: str) -> None:
        """Adds a repair to the report. InputError where none is allowed."""
        if self.strict:
            where = f"{self.path}:{line}" if line else self.path
            raise InputError(
                f"{count} x {text} (first: {value})",
                where=where,
                remedy="strict allows no repair, correct the file",
            )
        self.repairs[code] = Finding(count, line, value, text)

    def note(self, code: str, count: int, value: str, text: str) -> None:
        """Adds a note on the whole file to the report."""
        self.notes[code] = Finding(count, self.table.lines[0], value, text)

    def read_stamps(self, stamp: str, zone: str | None) -> tuple[Stamps, str]:
        """The stamps, and whether they name the start or the end of their step."""
        cells = {role: self.table.cells[name] for role, name in self.times.items()}
        lines, layout = self.table.lines, self.layout
        clock = find_zone(zone, Parameter("zone")) if zone is not None else None
        if STAMP not in cells:
            parts = ClockParts(cells, lines, self.path, stamp, clock, layout.date_order)
            stamps, stamp = parts.stamps()
            self.note(
                "time_parts", len(lines), " + ".join(self.times.values()), "the time in several columns"
            )
        elif is_count(cells[STAMP]):
            stamps = self._counts(cells[STAMP], clock)
        else:
            stamps = parse_stamps(cells[STAMP], lines, self.path, layout.date_order, declarable=True)
            self._check_24(cells[STAMP], stamps, stamp)
        if stamps.date_order is not None:
            row = stamps.order_row
            stamp_text = " ".join(cells[role][row] for role in cells)
            self.notes["date_order"] = Finding(
                len(lines),
                int(self.lines[row]),
                stamp_text,
                f"dates read {stamps.date_order}, as this one proves",
            )
        return stamps, stamp

    def _counts(self, cells: Sequence[str], clock: tzinfo | None) -> Stamps:
        layout, name = self.layout, self.times[STAMP]
        check_name(cells, name, layout, self.path)
        if layout.time_unit is None and layout.time_start is None:
            stamps = parse_stamps(cells, self.table.lines, self.path, declarable=True)
        else:
            stamps = read_counts(cells, self.table.lines, self.path, layout, clock)
        texts = [self.name, *self.table.cells, *self.table.comments]
        order = -1 if stamps.seconds[0] > stamps.seconds[-1] else 1  # newest first: see oldest_first
        cells = cells[::order]
        remark = remark_on_counts(stamps.seconds[::order], cells, texts, self.path, layout)
        if remark is not None:
            self.note("counted_rows", len(cells), f"{cells[0]}, {cells[1]}, ...", remark)
        return stamps

    def _check_24(self, cells: Sequence[str], stamps: Stamps, stamp: str) -> None:
        """InputError where days end at 24:00 and none begins at 00:00, but stamps are read as beginnings."""
        if stamp == "end" or stamps.in_utc or int(np.ptp(stamps.seconds)) < DAY_S:
            return
        late = [row for row, cell in enumerate(cells) if _CLOCK_24.search(cell)]
        if late and int((stamps.seconds % DAY_S == 0).sum()) == len(late):
            row = late[0]
            raise InputError(
                f"{cells[row]!r} ends a day, and no stamp begins one at 00:00, so stamps name the end of "
                f"their step",
                where=f"{self.path}:{self.lines[row]}",
                remedy=Phrase("declare ", Parameter("stamp", "end")),
            )

    def oldest_first(self, stamps: Stamps, zone: str | None) -> Stamps:
        """The stamps, oldest first: the rows of a file that is sorted newest first are reversed.

        In such a file a row may repeat or pass the time of the row above only where clocks go back.
        """
        seconds = stamps.seconds
        up = np.flatnonzero(np.diff(seconds) >= 0)
        if len(seconds) < LEAST_ROWS_IN_ORDER or 2 * len(up) >= len(seconds) - 1:
            return stamps
        if len(up):
            if stamps.in_utc or zone is None:
                return stamps
            change = readings_of(seconds, find_zone(zone)).transition
            once = len(np.unique(change[up])) == len(up)
            if not once or (change[up] < 0).any() or (change[up + 1] != change[up]).any():
                return stamps
        newest = " ".join(self.table.cells[name][0] for name in self.times.values())
        self.count(
            "newest_first",
            len(seconds),
            int(self.lines[0]),
            newest,
            "rows, newest first, read from the last to the first",
        )
        self.table, self.lines = self.table.reversed(), self.lines[::-1]
        return replace(stamps, seconds=seconds[::-1])

    def zone_of(self, declared: str | None) -> str | None:
        """The declared zone, else the one that the name of the time column states."""
        names = self.times.values()
        stated = next((zone for pattern, zone in _ZONE_IN_NAME if any(map(pattern.search, names))), None)
        if declared is not None and stated == "UTC" and declared not in _UTC_NAMES:
            text = "this zone was declared, though the name of the time column says UTC"
            self.note("zone_against_name", len(self.lines), declared, text)
        return stated if declared is None else declared

    def check_stamp(self, stamp: str) -> None:
        """InputError where the name of the time column says that it holds ends, read as beginnings."""
        name = self.times.get(STAMP, "")
        if stamp == "start" and NAMES_ENDS.search(name):
            raise InputError(
                f"column {name!r} names the end of each step by its name",
                where=self.path,
                remedy=Phrase(
                    "declare ",
                    Parameter("stamp", "end"),
                    " (or choose the beginnings by ",
                    Parameter("time_column"),
                    ")",
                ),
            )

    def to_utc(self, stamps: Stamps, zone: str | None) -> tuple[np.ndarray, np.ndarray]:
        """(UTC seconds of every row, which rows to keep)."""
        time_names = list(self.times.values())
        all_rows = np.ones(len(stamps.seconds), bool)
        clock = find_zone(zone, Parameter("zone")) if zone is not None else None
        if stamps.in_utc:
            if clock is not None and zone != "UTC" and set(self.times) == {STAMP}:
                self.note(
                    "zone_unused",
                    len(all_rows),
                    str(zone),
                    "stamps state their offset; the zone was not used",
                )
            return stamps.seconds, all_rows
        if clock is None:
            stamp_text = " ".join(self.table.cells[name][0] for name in time_names)
            raise InputError(
                f"stamp {stamp_text!r} has no offset",
                where=f"{self.path}:{self.table.lines[0]}",
                remedy=Phrase(
                    "name its zone, such as ",
                    Parameter("zone", "UTC"),
                    " or ",
                    Parameter("zone", "Europe/Berlin"),
                ),
            )
        if stamps.dates_only:  # a day begins once, also where midnight is skipped or shown twice
            return day_begins(stamps.seconds, clock), all_rows
        times = readings_of(stamps.seconds, clock)
        flags = self._repeated_hours(times)
        self._transitions(times, time_names, str(zone), flagged=flags is not None)
        if flags is not None:
            self._check_flags(flags, times, str(zone))
            return np.where(flags, times.second_s, times.first_s), ~times.nonexistent
        exists = ~times.nonexistent
        ordinary = exists & (times.transition < 0)
        step_s = usual_step_s(times.first_s[ordinary]) or 1
        utc_s = times.first_s.copy()
        part = LocalTimes(
            times.first_s[exists], times.second_s[exists], times.transition[exists], times.nonexistent[exists]
        )
        utc_s[exists] = choose_readings(part, stamps.seconds[exists], step_s)
        return utc_s, exists

    def _repeated_hours(self, times: LocalTimes) -> np.ndarray | None:
        """(N,) bool, true for rows flagged as the repeated hour; None where the file has no such flags.

        A `DSTFlag` that marks other times too flags all of the summer, not the repeated hour.
        """
        if self.repeated_hour is None:
            return None
        cells = [cell.strip().lower() for cell in self.table.cells[self.repeated_hour]]
        if not set(cells) <= _FLAGS.keys():
            return None
        flags = np.fromiter((_FLAGS[cell] for cell in cells), bool, len(cells))
        of_summer = "dst" in self.repeated_hour.lower() and bool((flags & (times.transition < 0)).any())
        return None if of_summer else flags

    def _check_flags(self, flags: np.ndarray, times: LocalTimes, zone: str) -> None:
        """InputError where a row is flagged as repeated, but its hour occurs once in the zone."""
        unrepeated = np.flatnonzero(flags & (times.transition < 0))
        if len(unrepeated):
            row = int(unrepeated[0])
            stamp_text = " ".join(self.table.cells[name][row] for name in self.times.values())
            raise InputError(
                f"{stamp_text} is marked in column {self.repeated_hour!r}, but "
                f"occurs once in {zone}: declare the zone in which clocks go back then, or correct the mark",
                where=f"{self.path}:{self.lines[row]}",
            )

    def _transitions(self, times: LocalTimes, time_names: list[str], zone: str, flagged: bool) -> None:
        """Refuse or count (by the policy for gaps) clock times that are skipped or occur twice.

        flagged : whether the file flags the second of two equal clock times
        """
        for code, affected, problem, repair in (
            ("nonexistent_stamps", times.nonexistent, "does not exist, clocks went forward,",
             "rows left out"),
            ("ambiguous_stamps", times.transition >= 0, "occurs twice, clocks went back,",
             "rows read in file order, daylight-saving time first"),
        ):  # fmt: skip
            if not affected.any() or (flagged and code == "ambiguous_stamps"):
                continue
            i = int(np.flatnonzero(affected)[0])
            stamp_text = " ".join(self.table.cells[name][i] for name in time_names)
            if self.gaps.policy == "error":
                raise InputError(
                    f"{stamp_text!r} {problem} in {zone}",
                    where=f"{self.path}:{self.lines[i]}",
                    remedy=Phrase("write stamps in UTC or with an offset, or ", self.gaps.remedy),
                )
            self.count(code, int(affected.sum()), int(self.lines[i]), stamp_text, repair)

    def even_clock(
        self, stamps: Stamps, utc_s: np.ndarray, exists: np.ndarray, zone: str | None
    ) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray], ShowTime]:
        """The clock on which steps are even: (seconds of the existing rows, to UTC, to text).

        Rows a local day apart are 23 or 25 hours apart in UTC where clocks change. Others are even in UTC.
        """
        utc_s = utc_s[exists]
        if stamps.in_utc or zone is None or usual_step_s(utc_s) != DAY_S:
            return utc_s, lambda seconds: seconds, show
        clock, local_s = find_zone(zone), stamps.seconds[exists]
        # The days before the first row and of the last one may be those of other lengths.
        around_s = day_begins(np.append(local_s[:1] - DAY_S, local_s[-1:] + DAY_S), clock)
        if not (np.diff(np.concatenate((around_s[:1], utc_s, around_s[1:]))) % DAY_S).any():
            return utc_s, lambda seconds: seconds, show
        return (
            local_s,
            lambda seconds: day_begins(seconds, clock),
            lambda seconds: f"{EPOCH + timedelta(seconds=int(seconds)):%Y-%m-%d} in {zone}",
        )

    def refuse_repeated_times(self, stamps: Stamps, utc_s: np.ndarray) -> None:
        """InputError where many rows repeat a time: no policy may choose among them.

        Either the time of day stands in a column that was not named, or the file holds several series.
        """
        repeated = np.flatnonzero(np.diff(utc_s) == 0)
        if MOST_REPEATED * len(utc_s) >= len(repeated):
            return
        row = int(repeated[0]) + 1
        date = " ".join(self.table.cells[name][row] for name in self.times.values())
        columns = ",".join(self.times.values())
        if (stamps.seconds % DAY_S != 0).any():
            raise InputError(
                f"{date} is there again, as most times are: the file seems "
                "to hold several series one below the other, so keep the rows of one",
                where=f"{self.path}:{self.lines[row]}",
            )
        add = f"date={columns},period=..." if STAMP in self.times else f"{columns},period=..."
        raise InputError(
            f"the date {date} is there again, and {columns} holds no time of day",
            where=f"{self.path}:{self.lines[row]}",
            remedy=Phrase(
                "name the column that does, as in ",
                Parameter("time_column", add),
                " (or hour=, hour_ending=, time=)",
            ),
        )
