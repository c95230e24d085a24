"""The local time of day at a second of a workload's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from traces.errors import InputError
from traces.times.timezones import EPOCH, find_zone


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    return find_zone(name)


@dataclass(frozen=True, slots=True)
class LocalClock:
    """Which instant second 0 is, and the zone whose clocks are read.

    epoch_s : second 0 of the workload's clock, in seconds since 1970 UTC
    zone    : IANA name, or a fixed offset such as UTC+01:00; InputError where it is read if unknown

    >>> str(LocalClock(1774746000, "Europe/Berlin").time(3600))
    '2026-03-29 04:00:00+02:00'
    """

    epoch_s: int
    zone: str

    def time(self, now_s: int) -> datetime:
        """Date and time with the zone's offset, so that changes of the clocks are in it."""
        return (EPOCH + timedelta(seconds=self.epoch_s + now_s)).astimezone(_zone(self.zone))


def local_time(clock: LocalClock | None, now_s: int) -> datetime:
    """`clock.time(now_s)`; InputError where there is no clock."""
    if clock is None:
        raise InputError(
            "neither jobs nor power have a calendar, so there is no hour of the day",
            remedy="give workload.start_utc and workload.zone, or power with dates",
        )
    return clock.time(now_s)


def hour_of(local: datetime) -> float:
    """Hour of the day, from 0 to below 24: 18.5 is half past six in the evening.

    >>> hour_of(datetime(2026, 3, 29, 18, 30))
    18.5
    """
    return local.hour + local.minute / 60 + local.second / 3600
