"""Local times of a cluster to UTC: the hour that clocks show twice, and the one they skip."""

from __future__ import annotations

from itertools import product

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.jobs.repairs import Findings
from traces.jobs.sacct.rows.sacct_records import STAMPS, Records
from traces.jobs.sacct.rows.sacct_stamps import NO_TIME
from traces.jobs.sacct.rows.sacct_values import NONE
from traces.times.timezones import LocalTimes, find_zone, readings_of


def in_utc(records: Records, zone: str | None, findings: Findings) -> Records:
    """The records with all times in UTC seconds. InputError where they are local and no zone is known.

    Of a time that the clock shows twice the first showing is taken, unless the run time (Elapsed + Suspended)
    or the order of submit and start tell that it was the second. A time that the clock skips is read as if
    clocks had not been put forward yet. Both are counted.
    """
    local = {
        name: (records[name] != NO_TIME) & ~records[f"{name}_utc"] for name in STAMPS if name in records.given
    }
    if not any(mask.any() for mask in local.values()):
        return records
    if zone is None:
        rows = [int(np.argmax(mask)) for mask in local.values() if mask.any()]
        raise InputError(
            "times are local and the file does not say where",
            where=findings.where(min(rows)),
            remedy=Phrase(
                "write '# zone: Europe/Berlin' above the header, or give ",
                Parameter("zone", "Europe/Berlin"),
                " as they are imported",
            ),
        )
    readings: dict[str, tuple[np.ndarray, LocalTimes]] = {}
    columns: dict[str, np.ndarray] = {}
    repeated, skipped = np.zeros(len(records), bool), np.zeros(len(records), bool)
    for name, mask in local.items():
        rows_ = np.flatnonzero(mask)
        times = readings_of(records[name][rows_], find_zone(zone))
        readings[name] = rows_, times
        columns[name] = records[name].copy()
        columns[name][rows_] = np.where(times.nonexistent, times.second_s, times.first_s)
        repeated[rows_] |= times.transition >= 0
        skipped[rows_] |= times.nonexistent
    _choose(records.replaced(**columns), columns, readings, np.flatnonzero(repeated))
    text = "a time that the clock shows twice: the first showing, unless the run time tells otherwise"
    findings.add("repairs", "ambiguous_stamps", repeated, records["job"], text)
    text = "a time that the clock skips, read as if clocks had not been put forward yet"
    findings.add("repairs", "skipped_stamps", skipped, records["job"], text)
    return records.replaced(**columns)


def _choose(
    records: Records,
    columns: dict[str, np.ndarray],
    readings: dict[str, tuple[np.ndarray, LocalTimes]],
    rows: np.ndarray,
) -> None:
    """Of rows with repeated times, change `columns` to the readings that agree with each other best."""
    second = {name: columns[name].copy() for name in readings}
    for name, (at, times) in readings.items():
        second[name][at] = np.where(times.transition >= 0, times.second_s, columns[name][at])
    names = [name for name in STAMPS if name in readings]
    for row in rows.tolist():
        options = [dict.fromkeys((int(columns[name][row]), int(second[name][row]))) for name in names]
        best = min(
            product(*options),
            key=lambda chosen: _disagreement(records, row, dict(zip(names, chosen, strict=True))),
        )
        for name, value in zip(names, best, strict=True):
            columns[name][row] = value


def _disagreement(records: Records, row: int, chosen: dict[str, int]) -> tuple[int, int]:
    """(how far the run is from Elapsed + Suspended [s], how many times are out of order) of one choice."""
    times = {name: chosen.get(name, int(records[name][row])) for name in STAMPS}
    known = [times[name] for name in ("submit", "start", "end") if times[name] != NO_TIME]
    disorder = sum(after < before for before, after in zip(known, known[1:], strict=False))
    elapsed, suspended = int(records["elapsed"][row]), max(int(records["suspended"][row]), 0)
    off_s = 0
    if elapsed != NONE and NO_TIME not in (times["start"], times["end"]):
        off_s = abs(times["end"] - times["start"] - elapsed - suspended)
    return (off_s if off_s > 1 else 0), disorder
