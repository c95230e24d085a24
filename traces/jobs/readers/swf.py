"""Reader of the Standard Workload Format, version 2: 18 numbers a line, `;` before comments.

Format: Feitelson's Parallel Workloads Archive; Chapin et al. 1999, doi:10.1007/3-540-47954-6_4.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from traces.errors import InputError
from traces.files.documents import reads_file
from traces.files.text import MAX_BYTES, place
from traces.jobs.read_options import ReadOptions
from traces.jobs.readers import swf_header, swf_waiting
from traces.jobs.readers.swf_lines import FIELDS, read_records
from traces.jobs.readers.swf_partials import CONTINUED, join_partials
from traces.jobs.readers.swf_waiting import GROUP, THINK, USER, WAIT
from traces.jobs.repairs import Findings
from traces.jobs.submit_shift import shift_to_zero
from traces.jobs.workload import LARGEST_COUNT, LARGEST_S, NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload

JOB, SUBMIT, RUN, ALLOCATED, REQUESTED, ESTIMATE, MEMORY, STATUS, PRECEDING = 0, 1, 3, 4, 7, 8, 9, 10, 16
_CHECKED = (JOB, SUBMIT, RUN, ALLOCATED, REQUESTED, ESTIMATE, MEMORY, STATUS, PRECEDING)
_USED = (*_CHECKED, WAIT, USER, GROUP, THINK)
_CANCELLED = 5


@reads_file
def read_swf(
    path: Path | str,
    *,
    strict: bool = False,
    max_bytes: int = MAX_BYTES,
    cancellations: str = "skip",
    dependencies: str = "ignore",
) -> Workload:
    """The workload of an SWF file, plain or gzipped.

    strict : the first repair or skip is an error instead; max_bytes : cap on the unpacked size.
    cancellations, dependencies : as in `read_workload`
    InputError names file, line, field and value. What is repaired and skipped: docs/reference/workload-format.md.
    """
    options = ReadOptions(None, strict, max_bytes, cancellations, dependencies)
    records = read_records(path, max_bytes, _USED)
    findings = Findings(path, records.lines)
    records.note(findings)
    header = swf_header.read(records.comments, findings)
    _refuse_wrong(records.columns, findings)
    columns = join_partials(records.columns, findings)
    processors = np.where(columns[REQUESTED] > 0, columns[REQUESTED], columns[ALLOCATED])
    given_up = np.zeros(len(processors), dtype=bool)
    if options.cancellations == "replay":
        given_up = swf_waiting.given_up(columns, findings)
    keep = _skip(columns, processors, given_up, findings)
    if not keep.any():
        count = len(records.lines)
        raise InputError(
            f"none of its {count} records is a job", where=place(path), remedy="give a file with jobs"
        )
    given_up &= keep
    columns = swf_waiting.with_run_times(columns, given_up, findings)
    estimates = _repair(columns, keep, findings)
    findings.at(findings.lines[keep])
    jobs = {number: column[keep] for number, column in columns.items()}
    processors, given_up = processors[keep], given_up[keep]
    _note(jobs, processors, given_up, findings)
    after, think_s = None, None
    if options.dependencies == "wait":
        after, think_s = swf_waiting.chains(jobs, columns[JOB][~keep], findings)
    else:
        swf_waiting.note_ignored(jobs[PRECEDING], findings)
    findings.note_jobs(jobs[ESTIMATE] > 0, processors, jobs[RUN], jobs[ESTIMATE], header.processors)
    submit_s = np.floor(jobs[SUBMIT]).astype(np.int64)
    shift_s, origin_utc = shift_to_zero(submit_s, header.origin_utc, findings)
    if strict:
        findings.refuse_all()
    cancel_s = swf_waiting.cancel_times(jobs, given_up, shift_s)
    order = np.argsort(submit_s, kind="stable")
    jobs = {number: column[order] for number, column in jobs.items()}
    cores = processors[order].astype(np.int64)
    work_s = np.ceil(jobs[RUN]).astype(np.int64)
    count = len(order)
    return Workload(
        name=place(Path(path).name),
        job_id=jobs[JOB].astype(np.int64),
        submit_s=submit_s[order] + shift_s,
        cores=cores,
        gpus_milli=np.zeros(count, dtype=np.int64),
        memory_mib=_memory_mib(jobs[MEMORY], cores),
        work_s=work_s,
        estimate_s=np.where(jobs[ESTIMATE] > 0, np.ceil(jobs[ESTIMATE]).astype(np.int64), work_s),
        power_mw=np.full(count, NO_POWER, dtype=np.int64),
        value_u=np.full(count, NO_VALUE, dtype=np.int64),
        deadline_s=np.full(count, NO_DEADLINE_S, dtype=np.int64),
        preemptible=np.ones(count, dtype=bool),
        origin_utc=origin_utc,
        zone=header.zone,
        processors=header.processors,
        estimates=estimates,
        report=findings.report(len(records.lines), shift_s),
        cancel_s=None if cancel_s is None else cancel_s[order],
        after=None if after is None else after[order],
        think_s=None if think_s is None else think_s[order],
        user=swf_waiting.names(jobs[USER], records.names),
        group=swf_waiting.names(jobs[GROUP], records.names),
    )


def _refuse_wrong(columns: dict[int, np.ndarray], findings: Findings) -> None:
    """InputError for the first record with an impossible value."""
    checks = []
    for number in _CHECKED:
        column = columns[number]
        label = f"{FIELDS[number]} (field {number + 1}) is {{}}"
        largest = LARGEST_S if number in (SUBMIT, RUN, ESTIMATE) else LARGEST_COUNT
        checks.append((column > largest, column, f"{label}, more than {largest}; correct it"))
        if number == JOB:
            checks.append((column < 0, column, f"{label}; it must be 0 or more"))
        elif number == SUBMIT:
            checks.append((column < -LARGEST_S, column, f"{label}, less than -{LARGEST_S}; correct it"))
        elif number in (RUN, ALLOCATED, REQUESTED, ESTIMATE):
            negative = (column < 0) & (column != -1)
            checks.append((negative, column, f"{label}; it must be 0 or more, or -1 for unknown"))
        if number in (JOB, ALLOCATED, REQUESTED):
            checks.append((column != np.floor(column), column, f"{label}; it must be a whole number"))
    findings.refuse(checks)


def _skip(
    columns: dict[int, np.ndarray], processors: np.ndarray, given_up: np.ndarray, findings: Findings
) -> np.ndarray:
    """Mask of the records that are jobs; the others are counted, each under one code."""
    no_run_time = (columns[RUN] == -1) & ~given_up
    none = (processors <= 0) & ~no_run_time
    findings.add("skips", "unknown_run_time", no_run_time, columns[RUN], "run time unknown, record skipped")
    findings.add("skips", "no_processors", none, processors, "processors unknown, record skipped")
    return ~(no_run_time | none | swf_waiting.skip_given_up(columns, given_up & ~none, findings))


def _repair(columns: dict[int, np.ndarray], keep: np.ndarray, findings: Findings) -> str:
    """Count changed and filled-in values of jobs as repairs; returns the kind of estimates."""
    submit, estimate = columns[SUBMIT], columns[ESTIMATE]
    unknown = keep & (estimate <= 0)
    text = "no requested time, the run time stands in as estimate"
    findings.add("repairs", "estimate_from_run_time", unknown, estimate, text)
    for number, direction in ((SUBMIT, "down"), (RUN, "up"), (ESTIMATE, "up")):
        fractional = keep & (columns[number] != np.floor(columns[number]))
        text = f"{FIELDS[number]} is a decimal, rounded {direction} to a whole second"
        findings.add("repairs", "decimal", fractional, columns[number], text)
    rows = np.flatnonzero(keep)
    late = np.zeros(len(keep), dtype=bool)
    late[rows] = submit[rows] < np.maximum.accumulate(submit[rows])
    text = "submitted before the job above it, jobs sorted by submit time"
    findings.add("repairs", "out_of_order", late, submit, text)
    return "run_time" if unknown.sum() == keep.sum() else "user"


def _note(jobs: dict[int, np.ndarray], cores: np.ndarray, given_up: np.ndarray, findings: Findings) -> None:
    """Add notes on jobs that are used unchanged, such as those cancelled after they started."""
    status = jobs[STATUS]

    def note(code: str, mask: np.ndarray, values: np.ndarray, text: str) -> None:
        findings.add("notes", code, mask, values, text)

    from_allocated = jobs[REQUESTED] <= 0
    note("processors_from_allocated", from_allocated, cores, "no requested processors, those allocated count")
    note(
        "cancelled",
        (status == _CANCELLED) & ~given_up,
        status,
        "cancelled in the trace (status 5), kept as a job",
    )
    note("not_ended", status == CONTINUED, status, "its last line is to be continued (status 2), that counts")


def _memory_mib(kib_per_processor: np.ndarray, processors: np.ndarray) -> np.ndarray:
    """Memory of the whole job [MiB, rounded up]; 0 where unknown (-1) or not positive."""
    kib = np.ceil(np.maximum(kib_per_processor, 0)) * processors
    return np.ceil(kib / 1024).astype(np.int64)
