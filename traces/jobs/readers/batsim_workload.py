"""Reader of Batsim's workloads: JSON with `nb_res`, `jobs` and `profiles`.

Format: Batsim's documentation, "Workload", in the spelling of Batsim 3 and 4 and in that of 5.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from traces.errors import InputError, quoted
from traces.files.documents import is_regular, opened, read_json, reads_file
from traces.files.text import place
from traces.jobs.read_options import ReadOptions
from traces.jobs.readers.batsim_profiles import Job, RunTimes, bounded_number, wrong_job
from traces.jobs.repairs import Findings
from traces.jobs.submit_shift import shift_to_zero
from traces.jobs.workload import LARGEST_COUNT, LARGEST_S, NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload

#: JSON takes up to 25 times its size in memory.
_MOST_BYTES = 64 * 2**20
_HEAD_BYTES = 2**16
_WORKLOAD_MARK = "!"


def recognises_batsim(path: Path) -> bool:
    """Whether a file is a workload of Batsim: an object of JSON that begins with one of its own keys."""
    if path.suffix.lower() != ".json" or not is_regular(path):
        return False
    with opened(path, "give a file") as stream:
        head = stream.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
        stream.seek(0, 2)
        stream.seek(max(stream.tell() - _HEAD_BYTES, 0))
        ends = head + stream.read(_HEAD_BYTES)
    return head.startswith(b"{") and b'"jobs"' in ends and b'"profiles"' in ends


@reads_file
def read_batsim(path: Path | str, options: ReadOptions) -> Workload:
    """The workload of a Batsim file.

    A job runs as long as its profile says: `delay` seconds, or `cpu` flop at the speed that the file's key
    rare_speed_flops states. InputError for any other profile, and for whatever else is none.
    """
    document = read_json(path, min(options.max_bytes, _MOST_BYTES), "give a workload of Batsim")
    rows = _rows(path, document)
    findings = Findings(path, np.arange(1, len(rows) + 1), unit="job")
    times = RunTimes(path, document)
    submit = np.array([_time(path, row, job, "subtime") for row, job in enumerate(rows)])
    walltime = np.array([_walltime(path, row, job) for row, job in enumerate(rows)])
    cores = np.array([_count(path, row, job) for row, job in enumerate(rows)], dtype=np.int64)
    work = np.array([times.of(row, job, int(cores[row])) for row, job in enumerate(rows)])
    _note(findings, submit, work, walltime)
    if times.left_out.any():
        text = "its communication (com) takes no time here, only what it computes does"
        findings.add("notes", "communication_left_out", times.left_out, work, text)
    processors = _processors(path, document)
    work_s, submit_s = np.ceil(work).astype(np.int64), np.floor(submit).astype(np.int64)
    known = walltime > 0
    estimate_s = np.where(known, np.ceil(walltime).astype(np.int64), work_s)
    findings.note_jobs(known, cores, work_s, estimate_s, processors)
    shift_s, _ = shift_to_zero(submit_s, None, findings)
    if options.strict:
        findings.refuse_all()
    order = np.argsort(submit_s, kind="stable")
    ids, count = _ids(path, rows), len(rows)
    return Workload(
        name=place(Path(path).name),
        job_id=ids[order],
        submit_s=submit_s[order] + shift_s,
        cores=cores[order],
        gpus_milli=np.zeros(count, dtype=np.int64),
        memory_mib=np.zeros(count, dtype=np.int64),
        work_s=work_s[order],
        estimate_s=estimate_s[order],
        power_mw=np.full(count, NO_POWER, dtype=np.int64),
        value_u=np.full(count, NO_VALUE, dtype=np.int64),
        deadline_s=np.full(count, NO_DEADLINE_S, dtype=np.int64),
        preemptible=np.ones(count, dtype=bool),
        processors=processors,
        estimates="user" if known.any() else "run_time",
        report=findings.report(count, shift_s),
    )


def _rows(path: Path | str, document: object) -> list[Job]:
    """The jobs of a document. InputError where it is no workload."""
    jobs = document.get("jobs") if isinstance(document, dict) else None
    profiles = document.get("profiles") if isinstance(document, dict) else None
    if not isinstance(jobs, list) or not isinstance(profiles, dict):
        raise InputError(
            "is no workload of Batsim",
            where=place(path),
            remedy="give an object with a list of jobs and an object of profiles",
        )
    if not jobs:
        raise InputError("has no jobs", where=place(path), remedy="give a file with jobs")
    for row, job in enumerate(jobs):
        if not isinstance(job, dict):
            raise wrong_job(
                path, row, f"is {quoted(job)}", "write an object with id, subtime, res and profile"
            )
    return jobs


def _time(path: Path | str, row: int, job: Job, key: str) -> float:
    return bounded_number(path, row, key, job.get(key), LARGEST_S)


def _walltime(path: Path | str, row: int, job: Job) -> float:
    """The requested time [s]; -1 for none, as Batsim itself writes it."""
    if job.get("walltime") is None:
        return -1.0
    value = _time(path, row, job, "walltime")
    if value < 0 and value != -1:
        raise wrong_job(path, row, f"walltime is {value:g}", "write seconds, or leave it out")
    return value


def _count(path: Path | str, row: int, job: Job) -> int:
    value = bounded_number(path, row, "res", job.get("res"), LARGEST_COUNT)
    if value < 1 or value != math.floor(value):
        raise wrong_job(path, row, f"res is {value:g}", "write a whole number of resources, 1 or more")
    return int(value)


def _processors(path: Path | str, document: dict[str, Any]) -> int | None:
    value = document.get("nb_res")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_COUNT:
        raise InputError(
            f"nb_res is {quoted(value)}", where=place(path), remedy="write a whole number, 1 or more"
        )
    return value


def _ids(path: Path | str, rows: list[Job]) -> np.ndarray:
    """Ids as texts, without the name of their workload. InputError for two alike."""
    ids: dict[str, int] = {}
    for row, job in enumerate(rows):
        value = job.get("id")
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            shown = "missing" if value is None else quoted(value)
            raise wrong_job(path, row, f"id is {shown}", "write a printable text or a whole number")
        text = text.rpartition(_WORKLOAD_MARK)[2].strip() or text.strip()
        if ids.setdefault(text, row) != row:
            raise wrong_job(
                path, row, f"id {quoted(text)} was given before, by job {ids[text] + 1}", "rename one"
            )
    array = np.empty(len(rows), dtype=object)
    array[:] = list(ids)
    return array


def _note(findings: Findings, submit: np.ndarray, work: np.ndarray, walltime: np.ndarray) -> None:
    """Count what was changed or made up."""
    unknown = walltime <= 0
    text = "no walltime, the run time stands in as estimate"
    findings.add("repairs", "estimate_from_run_time", unknown, walltime, text)
    for label, column, direction in (
        ("subtime", submit, "down"), ("run time", work, "up"), ("walltime", walltime, "up"),
    ):  # fmt: skip
        text = f"{label} is a decimal, rounded {direction} to a whole second"
        findings.add("repairs", "decimal", column != np.floor(column), column, text)
    late = submit < np.maximum.accumulate(submit)
    text = "submitted before the job above it, jobs sorted by submit time"
    findings.add("repairs", "out_of_order", late, submit, text)
