"""Finds the columns of a file of a time series by what the user declared or by their names."""

from __future__ import annotations

import difflib

from traces.errors import InputError
from traces.stamps import PART_NAMES, check_part_names
from traces.text import place
from traces.units import unit_of_column

TIME_NAMES = (
    "timestamp", "time", "datetime", "date_time", "date", "stamp", "utc", "time_utc", "utc_time",
    "timestamp_utc", "time_s", "epoch", "epoch_s", "unix",
)  # fmt: skip


def find_column(header: list[str], name: str, path: str, what: str) -> str:
    """The header's own spelling of a column's name. InputError, with the closest one, if it is not there."""
    if header.count(name) > 1:
        raise InputError(f"{path}: {what} {name!r} is there {header.count(name)} times: rename one")
    if name in header:
        return name
    same = [known for known in header if known.lower() == name.lower()]
    if len(same) == 1:
        return same[0]
    close = difflib.get_close_matches(name, header, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(f"{path}: no {what} {name!r}: {hint}columns are {listed(header)}")


def listed(names: list[str]) -> str:
    """Column names as messages print them: short, on one line, the first twenty."""
    shown = ", ".join(place(name[:40]) or "''" for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def time_columns(header: list[str], time_column: str | None, path: str) -> list[str]:
    """The column of stamps, or the columns with their parts; by default the first with a usual name."""
    if time_column is not None:
        if time_column in header:
            return [find_column(header, time_column, path, "time column")]
        names = [find_column(header, part.strip(), path, "time column") for part in time_column.split(",")]
        if len(set(names)) < len(names):
            raise InputError(f"{path}: time_column {time_column!r} names a column twice")
        if len(names) > 1:
            check_part_names(names, path)
        return names
    for name in header:
        if name.lower() in TIME_NAMES:
            return [find_column(header, name, path, "time column")]
    if {"year", "month", "day"} <= {name.lower() for name in header}:
        parts = ",".join(name for name in header if name.lower() in PART_NAMES)
        raise InputError(f"{path}: no column of time stamps, but parts of one: declare time_column='{parts}'")
    if header[0] and unit_of_column(header[0]):
        raise InputError(f"{path}: no column of time stamps among {listed(header)}: declare time_column=")
    return [find_column(header, header[0], path, "time column")]
