"""Selections of jobs that cut chains: jobs whose predecessors are not among them."""

from __future__ import annotations

import dataclasses

import numpy as np

from traces.errors import quoted
from traces.jobs.dependencies.precedence import array_of_tuples, chain_lengths, predecessor_rows, rows_by_id
from traces.jobs.workload import Workload
from traces.read_report import Finding


def cut_chains(workload: Workload) -> int:
    """Number of jobs that wait for a job which is not in this selection."""
    return int(_is_cut(workload).sum())


def without_missing_predecessors(workload: Workload) -> Workload:
    """The workload with jobs waiting only for jobs that are in it; the report notes how many were cut.

    A job that then waits for none has no think time. Where no chain is cut, the workload itself.
    """
    cut = _is_cut(workload)
    if workload.after is None or not cut.any():
        return workload
    present = rows_by_id(workload.job_id)
    after = array_of_tuples([tuple(job for job in ids if job in present) for ids in workload.after])
    waits = np.fromiter(map(bool, after), bool, len(after))
    row = int(np.argmax(cut))
    missing = next(job for job in workload.after[row] if job not in present)
    notes = dict(workload.report.notes)
    before = notes.get("chain_cut")
    notes["chain_cut"] = Finding(
        int(cut.sum()) + (before.count if before else 0),
        None,
        before.value if before else quoted(missing),
        "waits for a job outside the selected jobs, and does not wait for that one",
    )
    think_s = workload.think_s
    return dataclasses.replace(
        workload,
        after=after if waits.any() else None,
        after_any=workload.after_any if waits.any() else None,
        think_s=np.where(waits, think_s, 0) if think_s is not None and waits.any() else None,
        report=dataclasses.replace(workload.report, notes=notes),
    )


def longest_chain(workload: Workload) -> int:
    """Jobs in the longest chain, each waiting for the one before; 0 where no job waits for another."""
    if workload.after is None:
        return 0
    lengths = chain_lengths(predecessor_rows(rows_by_id(workload.job_id), workload.after))
    return max(lengths.values(), default=0)


def _is_cut(workload: Workload) -> np.ndarray:
    """(J,) bool, whether a job waits for one that is not in the workload."""
    if workload.after is None:
        return np.zeros(len(workload), dtype=bool)
    present = rows_by_id(workload.job_id)
    missing = (any(job not in present for job in ids) for ids in workload.after)
    return np.fromiter(missing, bool, len(workload))
