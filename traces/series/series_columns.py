"""Columns of a time-series file, as declared by the user or recognised by their names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from traces.errors import InputError, Parameter, Phrase
from traces.files.text import place
from traces.numbers.units import unit_of_column
from traces.times.clock_parts import ROLES, STAMP, check_roles, role_of
from traces.times.stamps import is_plain_date, is_whole_stamp

_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?$", re.ASCII)
# Names of columns that hold the end of each step: period_end, IntervalEnd, Datum bis, valid_to, Date (HE).
NAMES_ENDS = re.compile(
    r"(?:^|[^A-Za-z])(?:ends?|ending|ende|bis|valid[ _]?to|HE)(?:$|[^A-Za-z])"
    r"|(?:interval|period|hour)[ _]?end",
    re.IGNORECASE,
)
TIME_NAMES = (
    "timestamp", "time", "datetime", "date_time", "date", "stamp", "utc", "time_utc", "utc_time",
    "timestamp_utc", "time_s", "epoch", "epoch_s", "unix",
)  # fmt: skip


def find_column(header: list[str], name: str, path: str, noun: str) -> str:
    """A column's name as the header spells it. InputError, with the closest name, if it is not there."""
    if header.count(name) > 1:
        raise InputError(f"{noun} {name!r} is there {header.count(name)} times: rename one", where=path)
    if name in header:
        return name
    matches = [known for known in header if known.lower() == name.lower()]
    if len(matches) == 1:
        return matches[0]
    close = difflib.get_close_matches(name, header, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(f"no {noun} {name!r}: {hint}columns are {listed(header)}", where=path)


def listed(names: list[str]) -> str:
    """At most twenty column names on one line, each cut, for messages."""
    text = ", ".join(place(name[:40]) or "''" for name in names[:20])
    return text + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def time_columns(
    header: list[str], time_column: str | None, path: str, below: Sequence[Sequence[str]] = ()
) -> dict[str, str]:
    """The columns of the time by role: one of whole stamps (role 'stamp'), or its parts.

    By default the first column with a usual name, or a date and the period, hour or clock time beside it, or
    the first column, or the first that holds times.
    below : the first records below the names, to see whether a date is all that a column holds
    """
    if time_column is not None:
        return _declared(header, time_column, path)
    parts = {} if _all(header, below, header[0], _names_a_time) else _date_and_time(header, below)
    time_named = [name for name in header if name.lower() in TIME_NAMES]
    if parts and all(name in parts.values() for name in time_named):
        return parts
    for name in time_named:
        if name not in parts.values():
            return {STAMP: find_column(header, name, path, "time column")}
    roles = {role_of(name): name for name in header}
    if {"year", "month", "day"} <= roles.keys():
        declare = ",".join(name for name in header if role_of(name) in _DECLARED_PARTS)
        raise InputError(
            "no column of time stamps, but parts of one",
            where=path,
            remedy=Phrase("declare ", Parameter("time_column", declare)),
        )
    if header[0] and unit_of_column(header[0]) and _stamped(header, below) == header[0]:
        raise InputError(
            f"no column of time stamps among {listed(header)}",
            where=path,
            remedy=Phrase("declare ", Parameter("time_column")),
        )
    return {STAMP: find_column(header, _stamped(header, below), path, "time column")}


def _stamped(header: list[str], below: Sequence[Sequence[str]]) -> str:
    """The time column where no name decides: the first, unless only others hold times.

    Of several the first that does not name the ends of steps.
    """
    stamped = [name for name in header if _all(header, below, name, is_whole_stamp)]
    if not stamped or header[0] in stamped or _all(header, below, header[0], _is_date):
        return header[0]
    return next((name for name in stamped if not NAMES_ENDS.search(name)), stamped[0])


_DECLARED_PARTS = ("year", "month", "day", "period", "hour", "hour_ending", "interval", "minute")


def _declared(header: list[str], time_column: str, path: str) -> dict[str, str]:
    """The columns of the time by role, from the user's `time_column`. InputError for unknown ones."""
    if time_column in header:
        return {STAMP: find_column(header, time_column, path, "time column")}
    parts = [part.strip() for part in time_column.split(",")]
    columns: dict[str, str] = {}
    roles: list[str] = []
    for part in parts:
        role, equals, name = part.partition("=")
        stated = equals and role.strip() in ROLES and part not in header
        name = find_column(header, name.strip() if stated else part, path, "time column")
        if name in columns.values():
            raise InputError(f"time_column {time_column!r} names a column twice", where=path)
        roles.append(role.strip() if stated else STAMP if len(parts) == 1 else role_of(name) or name)
        columns[roles[-1]] = name
    if roles in ([STAMP], ["date"]):
        return {STAMP: next(iter(columns.values()))}
    check_roles(roles, time_column, path)
    return columns


def _date_and_time(header: list[str], below: Sequence[Sequence[str]]) -> dict[str, str]:
    """A column of plain dates and those that say when in the day, where names and cells agree; else {}."""
    roles: dict[str, str] = {}
    for name in header:
        roles.setdefault(role_of(name) or "", name)
    if "date" not in roles or not _all(header, below, roles["date"], _is_date):
        return {}
    for role in ("period", "hour_ending", "hour", "time"):
        if role in roles and _all(header, below, roles[role], _is_number_or_clock):
            more = ("interval", "minute") if role in ("hour", "hour_ending") else ()
            return {part: roles[part] for part in ("date", role, *more) if part in roles}
    return {}


def _all(header: list[str], below: Sequence[Sequence[str]], name: str, holds: Callable[[str], bool]) -> bool:
    """Whether the column's cells in the first records all fulfil `holds`."""
    position = header.index(name)
    cells = [record[position] for record in below if position < len(record)]
    return bool(cells) and all(holds(cell) for cell in cells)


def _is_date(cell: str) -> bool:
    """Whether a cell is a date, also as 20220131 or with a midnight behind it."""
    date = _MIDNIGHT.sub("", cell)
    return is_plain_date(date) or bool(re.fullmatch(r"(?:19|20|21)\d{6}", date, re.ASCII))


def _names_a_time(cell: str) -> bool:
    return is_whole_stamp(cell) and not _is_date(cell)


def _is_number_or_clock(cell: str) -> bool:
    return bool(re.fullmatch(r"\d{1,4}|\d{1,2}:\d\d(:\d\d)?( ?[AaPp]\.?[Mm]\.?)?", cell, re.ASCII))
