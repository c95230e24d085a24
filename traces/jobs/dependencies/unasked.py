"""What a plug-in's reader filled in although its caller did not ask for it, taken out again."""

from __future__ import annotations

import dataclasses

import numpy as np

from traces.errors import Parameter, Phrase
from traces.jobs.dependencies.selected_chains import without_missing_predecessors
from traces.jobs.read_options import ReadOptions
from traces.jobs.workload import NO_CANCEL_S, Workload
from traces.read_report import Finding


def as_asked(workload: Workload, options: ReadOptions) -> Workload:
    """The workload without cancelled jobs and without dependencies unless the options ask for them.

    Its report counts them as those of our own formats do.
    """
    if options.dependencies == "ignore" and workload.after is not None:
        workload = _without_dependencies(workload, sum(map(bool, workload.after)))
    if options.cancellations == "skip" and workload.cancel_s is not None:
        workload = without_missing_predecessors(_without_cancelled(workload, workload.cancel_s))
    return workload


def _without_cancelled(workload: Workload, cancel_s: np.ndarray) -> Workload:
    keep = cancel_s == NO_CANCEL_S
    kept = dataclasses.replace(workload.take(keep), cancel_s=None)
    if keep.all():
        return kept
    text = "given up by its user unless it has started by then (cancel_s), record skipped"
    first = str(cancel_s[int(np.argmin(keep))])
    skips = workload.report.skips | {
        "cancelled_while_waiting": Finding(int((~keep).sum()), None, first, text)
    }
    return dataclasses.replace(kept, report=dataclasses.replace(workload.report, skips=skips))


def _without_dependencies(workload: Workload, count: int) -> Workload:
    text = Phrase("waits for other jobs (after), read with ", Parameter("dependencies", "wait"))
    notes = dict(workload.report.notes)
    if count:
        notes["dependencies_ignored"] = Finding(count, None, None, text)
    report = dataclasses.replace(workload.report, notes=notes)
    return dataclasses.replace(workload, after=None, after_any=None, think_s=None, report=report)
