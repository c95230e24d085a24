"""Clock times of a named zone to UTC, for whole columns, with skipped and repeated times marked."""

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np

from traces.errors import InputError, quoted

# The least time between two changes of a zone since 1900 is 6.96 days (America/Noronha, October 2000), so
# one look a day finds them all.
SAMPLE_S = 86400
MARGIN_S = 2 * 86400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# datetime's own range, with room for any offset.
EARLIEST_S = -62_000_000_000
LATEST_S = 253_000_000_000
_FIXED = re.compile(r"UTC([+-])(\d\d):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
#: No clock has ever been further from UTC.
LARGEST_OFFSET_S = 16 * 3600
#: No zone of the database has a longer name.
LONGEST_NAME = 64


def fixed_zone_name(utc_offset_s: int) -> str:
    """The name by which `find_zone` knows a fixed offset: UTC-05:00, or UTC+05:53:28."""
    minutes, seconds = divmod(abs(utc_offset_s), 60)
    name = f"UTC{'-' if utc_offset_s < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{name}:{seconds:02}" if seconds else name


def find_zone(name: str, where: object = None) -> tzinfo:
    """The IANA zone of that name, or the fixed offset of a name like UTC-05:00.

    InputError at `where`, with the closest names, where there is none.
    """
    zone = zone_named(name)
    if zone is not None:
        return zone
    close = difflib.get_close_matches(str(name)[:LONGEST_NAME], sorted(available_timezones()), n=3)
    hint = (
        f"did you mean {' or '.join(close)}?" if close else "use a name like Europe/Berlin, UTC-07:00 or UTC"
    )
    raise InputError(f"unknown time zone {quoted(name)}", where=where, remedy=hint)


def zone_named(name: str) -> tzinfo | None:
    """The zone that `find_zone` gives; None where there is none."""
    fixed = _FIXED.fullmatch(name) if isinstance(name, str) else None
    if fixed is not None:
        hours, minutes, seconds = (int(part or 0) for part in fixed.groups()[1:])
        size_s = hours * 3600 + minutes * 60 + seconds
        if size_s <= LARGEST_OFFSET_S:
            return timezone(timedelta(seconds=-size_s if fixed[1] == "-" else size_s), name)
    if isinstance(name, str) and len(name) > LONGEST_NAME:
        return None  # each dot of a name costs a level of recursion in the search for its file
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        return None


def offset_s(zone: tzinfo, utc_s: int) -> int:
    """Seconds by which the zone's clocks are ahead of UTC at an instant (seconds since 1970)."""
    offset = (EPOCH + timedelta(seconds=int(utc_s))).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@dataclass(frozen=True, slots=True)
class Offsets:
    """A zone's offset over a span: `after_s[i]` holds from `change_s[i]` on, `before_s[i]` until then.

    change_s, before_s, after_s: (N,) int64; first_s is the offset at the start of the span.
    """

    first_s: int
    change_s: np.ndarray
    before_s: np.ndarray
    after_s: np.ndarray


def offsets_between(zone: tzinfo, from_s: int, to_s: int) -> Offsets:
    """Every change of the zone's offset in [from_s, to_s], to the second."""
    from_s, to_s = max(from_s, EARLIEST_S), min(to_s, LATEST_S)
    samples = list(range(from_s, to_s, SAMPLE_S)) + [to_s]
    values = [offset_s(zone, sample) for sample in samples]
    changes = []
    for i in range(1, len(samples)):
        if values[i] != values[i - 1]:
            instant = _bisect(zone, samples[i - 1], samples[i], values[i - 1])
            changes.append((instant, values[i - 1], values[i]))
    columns = np.array(changes, dtype=np.int64).reshape(-1, 3)
    return Offsets(values[0], columns[:, 0], columns[:, 1], columns[:, 2])


def _bisect(zone: tzinfo, low_s: int, high_s: int, offset_low_s: int) -> int:
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if offset_s(zone, middle_s) == offset_low_s:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """UTC readings of clock times. `first_s`, `second_s`: (N,) int64 UTC seconds of the two readings.

    They are equal for an ordinary clock time. For one that occurs twice (clocks set back) `first_s` is the
    earlier instant and `transition` the index of the change, else -1. `nonexistent` marks clock times
    that were skipped (clocks set forward).
    """

    first_s: np.ndarray
    second_s: np.ndarray
    transition: np.ndarray
    nonexistent: np.ndarray


def readings_of(wall_s: np.ndarray, zone: tzinfo) -> LocalTimes:
    """Both UTC readings of clock times given as (N,) int64 seconds of a naive calendar since 1970."""
    if len(wall_s) == 0:
        empty = np.zeros(0, np.int64)
        return LocalTimes(empty, empty, empty, empty.astype(bool))
    low_s, high_s = int(wall_s.min()), int(wall_s.max())
    offsets = offsets_between(zone, low_s - MARGIN_S, high_s + MARGIN_S)
    in_force_s = np.append(offsets.first_s, offsets.after_s)
    # Clock times at which the old offset stops and the new one starts: apart by the size of the change.
    old_stops_s = offsets.change_s + offsets.before_s
    new_starts_s = offsets.change_s + offsets.after_s
    old_reading = np.searchsorted(old_stops_s, wall_s, side="right")
    new_reading = np.searchsorted(new_starts_s, wall_s, side="right")
    ambiguous = new_reading > old_reading
    return LocalTimes(
        first_s=wall_s - in_force_s[old_reading],
        second_s=wall_s - in_force_s[new_reading],
        transition=np.where(ambiguous, old_reading, -1),
        nonexistent=new_reading < old_reading,
    )


def day_begins(midnight_s: np.ndarray, zone: tzinfo) -> np.ndarray:
    """UTC seconds at which days begin, given their midnights as (N,) int64 seconds of a naive calendar.

    Where clocks skip midnight the day begins at the change; where midnight occurs twice, at the first.
    """
    times = readings_of(midnight_s, zone)
    return np.where(times.nonexistent, times.second_s, times.first_s)


def choose_readings(times: LocalTimes, wall_s: np.ndarray, step_s: int) -> np.ndarray:
    """UTC seconds of clock times in file order: of a time that occurs twice, the first copy is the earlier.

    Within one transition the earlier reading holds until the clock goes back or repeats, from there on the
    later one. Where it never does, only one copy is in the file: it is the earlier unless only the later
    reading fits the neighbouring row by `step_s`.
    """
    utc_s = times.first_s.copy()
    for first, last in _runs(times.transition):
        back = np.flatnonzero(np.diff(wall_s[first:last]) <= 0)
        if len(back):
            middle = first + int(back[0]) + 1
            utc_s[middle:last] = times.second_s[middle:last]
        elif _later_fits_better(times, utc_s, first, last, step_s):
            utc_s[first:last] = times.second_s[first:last]
    return utc_s


def _later_fits_better(times: LocalTimes, utc_s: np.ndarray, first: int, last: int, step_s: int) -> bool:
    early_s, late_s = times.first_s[first:last], times.second_s[first:last]
    before_s = int(utc_s[first - 1]) if first else None
    after_s = int(times.first_s[last]) if last < len(utc_s) else None
    if before_s is not None and early_s[0] - before_s == step_s:
        return False
    if before_s is not None and late_s[0] - before_s == step_s:
        return True
    if after_s is not None and after_s - late_s[-1] == step_s:
        return True
    anchor_s = before_s if before_s is not None else after_s
    if anchor_s is None:
        return False
    return (early_s[0] - anchor_s) % step_s != 0 and (late_s[0] - anchor_s) % step_s == 0


def _runs(transition: np.ndarray) -> list[tuple[int, int]]:
    """(first, after the last) of each block of neighbouring rows of one transition."""
    edges = np.flatnonzero(np.diff(transition)) + 1
    bounds = [0, *edges.tolist(), len(transition)]
    return [(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True) if b > a and transition[a] >= 0]


def is_zone(name: str) -> bool:
    """Whether this names a time zone of the IANA database, or a fixed offset like UTC-05:00."""
    return zone_named(name) is not None
