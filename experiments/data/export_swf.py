"""A schedule in the Standard Workload Format, version 2.2, which `traces.jobs.readers.swf` reads back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare.schedule import Schedule
from rare.state.arrays import END
from traces.jobs.workload import LARGEST_COUNT

COMPLETED, FAILED, CONTINUED, LAST_COMPLETED, LAST_FAILED, CANCELLED = 1, 0, 2, 3, 4, 5
UNKNOWN = -1
_STATUS = {
    "completed": COMPLETED,
    "failed": FAILED,
    **dict.fromkeys(("expired", "rejected", "cancelled", "dropped"), CANCELLED),
}


def swf_lines(schedule: Schedule) -> Iterator[str]:
    """Header and records, jobs in submit order.

    A job that ran once has one line. A job that was suspended or killed has a summary line (its run time is
    the sum) and then a line for each execution, of status 2, the last one 3 (completed) or 4 (given up). Only
    the first execution has a submit time; the others have the time since the end of the previous one. A job
    still running at the end of the run has no summary line and no line of status 3 or 4.
    """
    numbers, numbered = _job_numbers(schedule)
    intervals = schedule.held[np.argsort(schedule.held["job"], kind="stable")]
    first = np.searchsorted(intervals["job"], np.arange(len(numbers) + 1))
    places = {name: place for place, name in enumerate(schedule.partition_cores, 1)}
    records = [
        line
        for job, number in enumerate(numbers)
        for line in _job_lines(schedule, job, number, intervals[first[job] : first[job + 1]], places)
    ]
    yield from _header(schedule, len(records), numbered)
    yield from records


def _job_numbers(schedule: Schedule) -> tuple[list[int], bool]:
    """Job numbers, and whether they are new: the job ids if all are whole numbers, else 1, 2, 3..."""
    ids = [str(job_id) for job_id in schedule.job_id]
    if all(text.isascii() and text.isdecimal() and int(text) <= LARGEST_COUNT for text in ids):
        return [int(text) for text in ids], False
    return list(range(1, len(ids) + 1)), True


def _header(schedule: Schedule, records: int, numbered: bool) -> Iterator[str]:
    machine = sum(schedule.partition_cores.values())
    yield "; Version: 2.2"
    yield f"; Computer: simulated by RARE, scheduler {_printable(schedule.scheduler)}"
    yield f"; MaxJobs: {len(schedule.job_id)}"
    yield f"; MaxRecords: {records}"
    origin_s = 0 if schedule.origin_utc is None else int(schedule.origin_utc.timestamp())
    if origin_s > 0:
        yield f"; UnixStartTime: {origin_s}"
        if schedule.zone is not None:
            yield f"; TimeZoneString: {_printable(schedule.zone)}"
    yield f"; MaxProcs: {machine}"
    yield f"; MaxPartitions: {len(schedule.partition_cores)}"
    for number, name in enumerate(schedule.partition_cores, 1):
        yield f"; Partition: {number} {_printable(name)}"
    yield f"; Note: jobs of {_printable(schedule.name)}; times in its own seconds"
    yield "; Note: field 6 of a completed job is its work without restarts and lost progress"
    if numbered:
        yield "; Note: job numbers are places in submit order, because the ids are not all whole numbers"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _job_lines(
    schedule: Schedule, job: int, number: int, intervals: np.ndarray, places: dict[str, int]
) -> Iterator[str]:
    status = _STATUS.get(schedule.status[job], UNKNOWN)
    submit_s = int(schedule.submit_s[job])
    done_s = int(schedule.work_s[job]) if status == COMPLETED else UNKNOWN

    def line(submit: int, wait: int, run: int, code: int, work: int = UNKNOWN) -> str:
        cores = int(schedule.cores[job])
        estimate_s = int(schedule.estimate_s[job]) or UNKNOWN
        allocated = cores if run != UNKNOWN else UNKNOWN
        place = places.get(schedule.partition[job], UNKNOWN)
        fields = [number, submit, wait, run, allocated, work, -1, cores, estimate_s, -1, code]
        return " ".join(map(str, [*fields, -1, -1, -1, -1, place, -1, -1]))

    if len(intervals) == 0:
        yield line(submit_s, UNKNOWN, UNKNOWN, status)
        return
    run_s = (intervals["end_s"] - intervals["start_s"]).tolist()
    first_wait_s = int(intervals["start_s"][0]) - submit_s
    if len(intervals) == 1 or status != UNKNOWN:
        yield line(submit_s, first_wait_s, sum(run_s), CONTINUED if status == UNKNOWN else status, done_s)
    if len(intervals) == 1:
        return
    for place, run in enumerate(run_s):
        code = CONTINUED
        if place == len(run_s) - 1 and status != UNKNOWN:
            code = LAST_COMPLETED if intervals["closed_by"][place] == END else LAST_FAILED
        if place == 0:
            yield line(submit_s, first_wait_s, run, code)
        else:
            yield line(UNKNOWN, int(intervals["start_s"][place] - intervals["end_s"][place - 1]), run, code)
