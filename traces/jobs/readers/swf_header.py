"""Header comments of an SWF file: `; Key: value`, where a value is not always a plain number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from traces.errors import quoted
from traces.jobs.repairs import Findings
from traces.jobs.workload import LARGEST_COUNT
from traces.read_report import Finding
from traces.times.timezones import is_zone

_KEYS = ("MaxProcs", "MaxNodes", "UnixStartTime", "TimeZoneString")
_KEY_BYTES = tuple(key.encode() for key in _KEYS)
_LINE = re.compile(r";\s*([A-Za-z]+)\s*:\s*(.*)")
# "240", "240 (two nodes spare)", "240 processors"; not "128+2", "~100", "64 or 128", "1,024".
_LEADING = re.compile(r"(-?\d+)(?:\s*\(.*|\s+[^\d+*/,.-][^\d]*)?")


def matters(comment: bytes) -> bool:
    """Whether a comment line may hold one of the keys that are read."""
    return any(key in comment for key in _KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Header:
    """Machine size and clock from the header; None where it states nothing unambiguous."""

    processors: int | None = None
    origin_utc: datetime | None = None
    zone: str | None = None


def read(comments: list[tuple[int, bytes]], findings: Findings) -> Header:
    """The header from the comment lines and their numbers; unclear values become notes."""
    values: dict[str, tuple[int, str]] = {}
    for line, comment in comments:
        match = _LINE.match(_decode(comment))
        if match is None or match[1] not in _KEYS or not match[2].strip():
            continue
        key, text = match[1], match[2].strip()
        if key not in values:
            values[key] = (line, text)
        elif values[key][1] != text:
            _ignore(findings, key, line, text, "said before with another value, the first counts")
    procs = _count("MaxProcs", values, findings)
    nodes = _count("MaxNodes", values, findings)
    return Header(
        processors=procs if procs is not None else nodes,
        origin_utc=_origin(values, findings),
        zone=_zone(values, findings),
    )


def _decode(comment: bytes) -> str:
    try:
        return comment.decode("utf-8")
    except UnicodeDecodeError:
        return comment.decode("latin-1")


def _ignore(findings: Findings, key: str, line: int, text: str, reason: str) -> None:
    findings.put("notes", f"header_{key}", Finding(1, line, quoted(text), f"{key} ignored: {reason}"))


def _integer(key: str, values: dict[str, tuple[int, str]], findings: Findings) -> int | None:
    """The leading whole number of a value; None, with a note, if the value is not clearly one number."""
    if key not in values:
        return None
    line, text = values[key]
    match = _LEADING.fullmatch(text)
    if match is None or len(match[1]) > 18:
        _ignore(findings, key, line, text, "not clearly one number")
        return None
    if match[1] != text:
        note = f"{key} read as {match[1]}"
        findings.put("notes", f"header_{key}", Finding(1, line, quoted(text), note))
    return int(match[1])


def _count(key: str, values: dict[str, tuple[int, str]], findings: Findings) -> int | None:
    number = _integer(key, values, findings)
    if number is None or 0 < number <= LARGEST_COUNT:
        return number
    if number != -1:  # -1 is the format's own word for unknown
        _ignore(findings, key, values[key][0], values[key][1], "not a size of a machine")
    return None


def _origin(values: dict[str, tuple[int, str]], findings: Findings) -> datetime | None:
    """The instant of time 0. 0 and -1 mean that it is not known, not 1970."""
    key = "UnixStartTime"
    seconds = _integer(key, values, findings)
    if seconds is None or seconds in (0, -1):
        return None
    # Years 1970 to 9000: beyond, dates and the sums made with them leave the calendar.
    if 0 < seconds < 221_845_392_000:
        return datetime.fromtimestamp(seconds, UTC)
    _ignore(findings, key, *values[key], "outside the calendar")
    return None


def _zone(values: dict[str, tuple[int, str]], findings: Findings) -> str | None:
    if "TimeZoneString" not in values:
        return None
    line, text = values["TimeZoneString"]
    if is_zone(text):
        return text
    _ignore(findings, "TimeZoneString", line, text, "not the name of a zone in the IANA database")
    return None
