"""Reads a power series from a CSV file. The format is in docs/power-format.md."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from traces.errors import InputError
from traces.regular import POLICIES, REMEDY, Rows, check_steps, drop_duplicates, fill, usual_step_s
from traces.series import PowerSeries
from traces.stamps import PART_NAMES, Stamps, check_part_names, parse_parts, parse_stamps
from traces.table import MAX_BYTES, Table, TableReader
from traces.text import place
from traces.timezones import LocalTimes, choose_readings, find_zone, readings_of
from traces.units import KNOWN, MAX_MW, check_unit, milliwatts_per, to_milliwatts, unit_of_column
from traces.workload import Finding, ReadReport

TIME_NAMES = (
    "timestamp", "time", "datetime", "date_time", "date", "stamp", "utc", "time_utc", "utc_time",
    "timestamp_utc", "time_s", "epoch", "epoch_s", "unix",
)  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_power(
    path: str | Path,
    *,
    columns: str | Sequence[str] | None = None,
    unit: str | None = None,
    stamp: str = "start",
    zone: str | None = None,
    gaps: str = "error",
    negatives: str = "error",
    time_column: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> PowerSeries:
    """The power series in a CSV file (plain or gzipped), summed over `columns`.

    columns     : name, names, or 'WND+SUN'; default: the only column whose name declares a unit
    unit        : W, kW, MW, GW, or per step Wh, kWh, MWh, GWh; default: by the name (`_kw`, `_mw`, `_kwh`)
    stamp       : each stamp is the 'start' or the 'end' of its step
    zone        : IANA zone of stamps without an offset ('UTC' included); stamps with an offset do not need it
    gaps        : 'error', or what to fill missing steps with: 'hold', 'interpolate', 'zero'; any of these
                  also allows daylight-saving transitions and duplicates
    negatives   : 'error', or 'zero' to raise values below zero to zero
    time_column : name of the stamps' column, or 'Year,Month,Day,Period' (or Hour, Minute); default: by name

    Every repair is counted in the result's `report`. What is wrong raises InputError: file, line, remedy.
    """
    path = Path(path)
    for text, value, known in (
        ("stamp", stamp, ("start", "end")),
        ("gaps", gaps, POLICIES),
        ("negatives", negatives, ("error", "zero")),
    ):
        if value not in known:
            raise InputError(f"{text}={value!r} is unknown: use one of {', '.join(known)}")
    file = TableReader(path, max_bytes)
    time_names = _time_columns(file.header, time_column, file.shown)
    names = _power_columns(file.header, columns, unit, time_names, file.shown)
    units = [_unit(name, unit, file.shown) for name in names]
    table = file.read([*time_names, *names])
    return _PowerFile(path, table, gaps, negatives).series(time_names, names, units, stamp, zone)


class _PowerFile:
    """One read: the table, the policies and the counts of what they did."""

    def __init__(self, path: Path, table: Table, gaps: str, negatives: str):
        self.path = place(path)
        self.name = path.name
        self.table = table
        self.lines = np.array(table.lines, np.int64)
        self.gaps = gaps
        self.negatives = negatives
        self.repairs: dict[str, Finding] = {}
        self.notes: dict[str, Finding] = {}

    def series(
        self, time_names: list[str], names: list[str], units: list[str], stamp: str, zone: str | None
    ) -> PowerSeries:
        utc_s, kept = self._utc(self._stamps(time_names, stamp), time_names, zone)
        step_s = usual_step_s(utc_s[kept])
        if step_s is None:
            raise InputError(f"{self.path}: one time only: at least two rows are needed to know the step")
        utc_s, lines = utc_s[kept], self.lines[kept]
        check_steps(utc_s, lines, step_s, self.path)
        if stamp == "end":
            utc_s = utc_s - step_s
        power_mw, missing = self._power(names, units, step_s)
        rows = Rows(utc_s, lines, power_mw[kept], missing[kept])
        rows = drop_duplicates(rows, self.gaps, self.path, self.count)
        start_s, power_mw = fill(rows, step_s, self.gaps, self.path, self.count)
        self.note("step_s", len(lines), str(step_s), "rows; the step in seconds")
        self.note("unit", len(names), "+".join(dict.fromkeys(units)), "columns: " + " + ".join(names))
        return PowerSeries(
            start_utc=EPOCH + timedelta(seconds=start_s),
            change_s=np.arange(len(power_mw), dtype=np.int64) * step_s,
            power_mw=power_mw,
            end_s=len(power_mw) * step_s,
            name=self.name,
            report=ReadReport(repairs=self.repairs, skips={}, notes=self.notes, records=len(self.lines)),
        ).compressed()

    def count(self, code: str, count: int, line: int, value: str, text: str) -> None:
        """Adds a repair to the report."""
        self.repairs[code] = Finding(count, line, value, text)

    def note(self, code: str, count: int, value: str, text: str) -> None:
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
            if self.gaps == "error":
                raise InputError(
                    f"{self.path}:{self.lines[i]}: {shown!r} {what} in {zone}: "
                    f"write stamps in UTC or with an offset, or {REMEDY}"
                )
            self.count(code, int(which.sum()), int(self.lines[i]), shown, done)

    def _power(self, names: list[str], units: list[str], step_s: int) -> tuple[np.ndarray, np.ndarray]:
        """(power_mw, missing) summed over the columns; a row that lacks one of them is missing."""
        total_mw = np.zeros(len(self.lines), np.int64)
        missing = np.zeros(len(self.lines), bool)
        below: list[tuple[int, str]] = []
        for name, unit in zip(names, units, strict=True):
            cells = self.table.cells[name]
            scale = milliwatts_per(unit, step_s)
            power_mw, gone = to_milliwatts(cells, self.table.lines, name, self.path, scale)
            below += [(int(i), cells[i]) for i in np.flatnonzero(power_mw < 0)]
            total_mw = self._sum(total_mw, np.maximum(power_mw, 0), name)
            missing |= gone
        if below:
            row, cell = min(below)
            if self.negatives == "error":
                raise InputError(
                    f"{self.path}:{self.lines[row]}: negative power {cell} ({len(below)} in the file): "
                    "correct it, or allow negatives='zero'"
                )
            self.count("negative_values", len(below), int(self.lines[row]), cell, "raised to zero")
        return total_mw, missing

    def _sum(self, total_mw: np.ndarray, power_mw: np.ndarray, name: str) -> np.ndarray:
        result = total_mw + power_mw  # both at most 10^18: no overflow
        if (result > MAX_MW).any():
            i = int(np.flatnonzero(result > MAX_MW)[0])
            raise InputError(
                f"{self.path}:{self.lines[i]}: the columns' sum is more than 10^15 W: check the unit"
            )
        return result


def _find(header: list[str], name: str, path: str, what: str) -> str:
    """The header's own spelling of a column's name."""
    if header.count(name) > 1:
        raise InputError(f"{path}: {what} {name!r} is there {header.count(name)} times: rename one")
    if name in header:
        return name
    same = [known for known in header if known.lower() == name.lower()]
    if len(same) == 1:
        return same[0]
    close = difflib.get_close_matches(name, header, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(f"{path}: no {what} {name!r}: {hint}columns are {_listed(header)}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(place(name[:40]) or "''" for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _time_columns(header: list[str], time_column: str | None, path: str) -> list[str]:
    if time_column is not None:
        if time_column in header:
            return [_find(header, time_column, path, "time column")]
        names = [_find(header, part.strip(), path, "time column") for part in time_column.split(",")]
        if len(set(names)) < len(names):
            raise InputError(f"{path}: time_column {time_column!r} names a column twice")
        if len(names) > 1:
            check_part_names(names, path)
        return names
    for name in header:
        if name.lower() in TIME_NAMES:
            return [_find(header, name, path, "time column")]
    if {"year", "month", "day"} <= {name.lower() for name in header}:
        parts = ",".join(name for name in header if name.lower() in PART_NAMES)
        raise InputError(f"{path}: no column of time stamps, but parts of one: declare time_column='{parts}'")
    if header[0] and unit_of_column(header[0]):
        raise InputError(f"{path}: no column of time stamps among {_listed(header)}: declare time_column=")
    return [_find(header, header[0], path, "time column")]


def _power_columns(
    header: list[str],
    columns: str | Sequence[str] | None,
    unit: str | None,
    time_names: list[str],
    path: str,
) -> list[str]:
    if columns is None:
        return [_only_column(header, unit, time_names, path)]
    if isinstance(columns, str):
        columns = [columns] if columns in header else columns.split("+")
    names = [_find(header, str(name).strip(), path, "column") for name in columns]
    if not names:
        raise InputError(f"{path}: columns is empty: name at least one of {_listed(header)}")
    for name in names:
        if name in time_names or names.count(name) > 1:
            raise InputError(f"{path}: column {name!r} is named twice, or is the time: name each column once")
    return names


def _only_column(header: list[str], unit: str | None, time_names: list[str], path: str) -> str:
    others = [name for name in header if name not in time_names]
    declared = [name for name in others if unit_of_column(name)]
    candidates = declared if declared else others if unit is not None else []
    if len(candidates) == 1:
        return _find(header, candidates[0], path, "column")
    if candidates:
        raise InputError(
            f"{path}: several columns could be the power ({_listed(candidates)}): choose with columns="
        )
    raise InputError(
        f"{path}: no column name declares a unit ({_listed(others) or 'no columns beside the time'}): "
        f"name columns= and declare unit= ({KNOWN})"
    )


def _unit(name: str, unit: str | None, path: str) -> str:
    if unit is not None:
        return check_unit(unit)
    found = unit_of_column(name)
    if found is None:
        raise InputError(
            f"{path}: the unit of column {name!r} is not known: "
            f"declare unit= ({KNOWN}), or name it {name + '_kw'!r} for instance"
        )
    return found
