"""Jobs of SWF that were cancelled as they waited, that wait for other jobs, and whose they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from traces.errors import Parameter, Phrase
from traces.jobs.dependencies.precedence import JobId
from traces.jobs.dependencies.predecessors import known_predecessors
from traces.jobs.readers.swf_partials import JOB, RUN, STATUS, SUBMIT
from traces.jobs.repairs import Findings
from traces.jobs.workload import LARGEST_S, NO_CANCEL_S

#: Places of the fields of a record (traces.jobs.readers.swf.FIELDS).
WAIT, ESTIMATE, USER, GROUP, PRECEDING, THINK = 2, 8, 11, 12, 16, 17
_CANCELLED = 5
_LARGEST_EXACT = 2**53


def given_up(columns: dict[int, np.ndarray], findings: Findings) -> np.ndarray:
    """(N,) bool, the records cancelled before they ran: status 5, and run time 0 or unknown.

    InputError where one of them waited for longer than LARGEST_S.
    """
    mask = (columns[STATUS] == _CANCELLED) & (columns[RUN] <= 0)
    text = f"wait time (field 3) is {{}}, more than {LARGEST_S}; correct it"
    findings.refuse([(mask & (columns[WAIT] > LARGEST_S), columns[WAIT], text)])
    return mask


def skip_given_up(columns: dict[int, np.ndarray], mask: np.ndarray, findings: Findings) -> np.ndarray:
    """(N,) bool, those of `mask` that cannot be replayed; they are counted as skips."""
    wait, estimate = columns[WAIT], columns[ESTIMATE]
    without_wait = mask & (wait < 0)
    without_estimate = mask & ~without_wait & (estimate <= 0)
    text = "cancelled before it ran (status 5) after an unknown wait, record skipped"
    findings.add("skips", "cancelled_without_wait", without_wait, wait, text)
    text = "cancelled before it ran (status 5), with neither run time nor requested time, record skipped"
    findings.add("skips", "cancelled_without_estimate", without_estimate, estimate, text)
    return without_wait | without_estimate


def with_run_times(
    columns: dict[int, np.ndarray], mask: np.ndarray, findings: Findings
) -> dict[int, np.ndarray]:
    """The columns with the estimate as the run time of jobs of `mask`, which never ran (a note)."""
    text = (
        "given up by its user as it waited (status 5 without a run time): leaves at submit + wait unless it "
        "has started by then; its requested time stands in for the run time it never had"
    )
    findings.add("notes", "cancelled_while_waiting", mask, columns[WAIT], text)
    text = "wait time is a decimal, rounded down to a whole second"
    fractional = mask & (columns[WAIT] != np.floor(columns[WAIT]))
    findings.add("repairs", "decimal", fractional, columns[WAIT], text)
    return columns | {RUN: np.where(mask, np.ceil(columns[ESTIMATE]), columns[RUN])}


def cancel_times(columns: dict[int, np.ndarray], mask: np.ndarray, shift_s: int) -> np.ndarray | None:
    """(N,) int64 [s], submit + wait of the jobs of `mask`, else NO_CANCEL_S; None where it marks none."""
    if not mask.any():
        return None
    left_s = np.floor(np.where(mask, columns[SUBMIT] + columns[WAIT], 0)).astype(np.int64)
    return np.where(mask, left_s + shift_s, NO_CANCEL_S)


def note_ignored(preceding: np.ndarray, findings: Findings) -> None:
    """Note the jobs that wait for another in the trace and not in the workload."""
    text = Phrase("waits for another job (field 17), read with ", Parameter("dependencies", "wait"))
    findings.add("notes", "dependencies_ignored", preceding > 0, preceding, text)


def chains(
    columns: dict[int, np.ndarray], skipped: np.ndarray, findings: Findings
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """(after, think_s) of the jobs; (None, None) where none waits for another.

    columns : of the jobs that `findings` refers to; skipped : numbers of the records that are no jobs.
    A preceding job that is not in the file, or was skipped, is a repair. InputError for a cycle, and for a
    think time that is none.
    """
    preceding, think = columns[PRECEDING], columns[THINK]
    waits = preceding > 0
    if not waits.any():
        return None, None
    label = "think time (field 18) is {}"
    findings.refuse(
        [
            (waits & (think < 0) & (think != -1), think, f"{label}; it must be 0 or more, or -1 for unknown"),
            (waits & (think > LARGEST_S), think, f"{label}, more than {LARGEST_S}; correct it"),
        ]
    )
    text = "waits for another job (fields 17 and 18)"
    findings.add("notes", "dependencies", waits, preceding, text)
    fractional = waits & (think != np.floor(think))
    text = "think time is a decimal, rounded up to a whole second"
    findings.add("repairs", "decimal", fractional, think, text)
    named = [(_job_id(number),) if number > 0 else () for number in preceding.tolist()]
    ids = columns[JOB].astype(np.int64)
    after = known_predecessors(ids, named, set(skipped.astype(np.int64).tolist()), findings, True)
    waits = np.fromiter(map(bool, after), bool, len(after))
    if not waits.any():
        return None, None
    return after, np.where(waits, np.ceil(np.maximum(think, 0)), 0).astype(np.int64)


def _job_id(number: float) -> JobId:
    """A number as a job's id; as a text, which is no job's, where it is not whole."""
    return int(number) if number.is_integer() and number < _LARGEST_EXACT else str(number)


def names(column: np.ndarray, names_of: dict[float, str]) -> np.ndarray | None:
    """Users or groups as texts, '' where negative, which is unknown; None where all are unknown.

    names_of : number that stands for a name -> the name (traces.jobs.readers.swf_lines)
    """
    places, numbers = pd.factorize(column)
    texts = np.array([names_of.get(number) or _name(number) for number in numbers.tolist()], dtype=object)
    return texts[places] if any(texts) else None


def _name(number: float) -> str:
    if number < 0:
        return ""
    return str(_job_id(number))
