"""Checks of the ids that jobs of a file wait for: unknown ones, skipped ones, and cycles."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from traces.errors import InputError, quoted
from traces.jobs.dependencies.precedence import (
    JobId,
    array_of_tuples,
    cycle_text,
    find_cycle,
    predecessor_rows,
    rows_by_id,
)
from traces.jobs.repairs import Findings

Ids = tuple[JobId, ...]


def known_predecessors(
    ids: np.ndarray,
    after: Sequence[Ids],
    skipped: Collection[JobId],
    findings: Findings,
    repair_unknown: bool,
) -> np.ndarray:
    """(J,) object array of what each job waits for, without ids that are no job here.

    ids, after : of the records that `findings` refers to; skipped : ids of records that were no jobs
    repair_unknown : whether an id of no record is left out and counted; otherwise it is an InputError.

    Ids of skipped records are left out and counted. InputError, with ids and places, for a cycle.
    """
    rows = rows_by_id(ids)
    unknown: dict[int, JobId] = {}
    left_out: dict[int, JobId] = {}
    for row, each in enumerate(after):
        for job in each:
            if job not in rows:
                (left_out if job in skipped else unknown).setdefault(row, job)
    if unknown and not repair_unknown:
        row = min(unknown)
        raise InputError(
            f"after names {quoted(unknown[row])}, the id of no job in this file",
            where=findings.where(row),
            remedy="correct it, or leave it out; ids stand between spaces or semicolons",
        )
    _count(findings, "predecessor_unknown", unknown, len(after), "which is not in the file")
    _count(findings, "predecessor_skipped", left_out, len(after), "whose record was skipped")
    known = array_of_tuples([tuple(job for job in each if job in rows) if each else each for each in after])
    _refuse_cycle(ids, find_cycle(predecessor_rows(rows, known)), findings)
    return known


def _count(findings: Findings, code: str, missing: dict[int, JobId], records: int, which: str) -> None:
    mask = np.zeros(records, dtype=bool)
    mask[list(missing)] = True
    values = [str(missing.get(row, "")) for row in range(records)] if missing else []
    findings.add("repairs", code, mask, values, f"waits for a job {which}, and does not wait for that one")


def _refuse_cycle(ids: np.ndarray, cycle: Sequence[int], findings: Findings) -> None:
    if not cycle:
        return
    places = [findings.number(row) for row in cycle]
    shown = ", ".join(map(str, places[:8])) + (", ..." if len(places) > 8 else "")
    unit = findings.unit if len(places) == 1 else f"{findings.unit}s"
    raise InputError(
        f"{cycle_text([ids[row] for row in cycle])} ({unit} {shown})",
        where=findings.where(min(cycle)),
        remedy="leave out one of these dependencies",
    )
