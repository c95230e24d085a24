"""Metadata of a trace in a table of jobs: start, zone, machine, name, kind of estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from traces.errors import InputError, quoted
from traces.jobs.workload import ESTIMATES, LARGEST_COUNT, Workload
from traces.times.timezones import is_zone

KEYS = ("start_utc", "zone", "processors", "name", "estimates")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata of a trace; None where not stated. start_utc: instant of second 0, aware, in UTC."""

    start_utc: datetime | None = None
    zone: str | None = None
    processors: int | None = None
    name: str | None = None
    estimates: str | None = None

    def over(self, other: Metadata) -> Metadata:
        """These values, with those of `other` where these are None."""
        mine = {key: getattr(self, key) for key in KEYS if getattr(self, key) is not None}
        return replace(other, **mine)


def parse_metadata(pairs: Mapping[str, str], where: str) -> Metadata:
    """Checked metadata from texts; InputError, beginning with `where`, names the key."""
    for key in pairs:
        if key not in KEYS:
            raise InputError(f"unknown key {quoted(key)}", where=where, remedy=f"known: {', '.join(KEYS)}")
    start, zone, processors, name, estimates = (pairs.get(key) for key in KEYS)
    if zone is not None and not is_zone(zone):
        raise InputError(
            f"zone is {quoted(zone)}",
            where=where,
            remedy="give an IANA name, like Europe/Paris, or UTC+01:00",
        )
    if name is not None and not (name and name.isprintable() and name == name.strip()):
        raise InputError(f"name is {quoted(name)}", where=where, remedy="give one line of printable text")
    if estimates is not None and estimates not in ESTIMATES:
        raise InputError(
            f"estimates is {quoted(estimates)}", where=where, remedy=f"known: {', '.join(ESTIMATES)}"
        )
    return Metadata(
        None if start is None else _instant(start, where),
        zone,
        None if processors is None else _size(processors, where),
        name,
        estimates,
    )


def _instant(text: str, where: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.utcoffset() is None:
            remedy = f"write {instant.isoformat()}Z for UTC"
            raise InputError(f"start_utc is {quoted(text)}, without an offset", where=where, remedy=remedy)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        example = "2022-01-01T00:00:00Z"
        raise InputError(
            f"start_utc is {quoted(text)}", where=where, remedy=f"write it like {example}"
        ) from error


def _size(text: str, where: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 13 and 0 < int(text) <= LARGEST_COUNT:
        return int(text)
    raise InputError(
        f"processors is {quoted(text)}", where=where, remedy=f"give a whole number, 1 to {LARGEST_COUNT}"
    )


def metadata_of(jobs: Workload) -> dict[str, str]:
    """The metadata to write for a workload, as texts that `parse_metadata` reads back equal."""
    pairs = {"name": jobs.name, "estimates": jobs.estimates}
    if jobs.origin_utc is not None:
        pairs["start_utc"] = jobs.origin_utc.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if jobs.zone is not None:
        pairs["zone"] = jobs.zone
    if jobs.processors is not None:
        pairs["processors"] = str(jobs.processors)
    return pairs
