"""Several lines of SWF for one job: a summary, and its partial executions between suspensions.

A job that was swapped out has a line for each time it ran: status 2 (to be continued), for the last one 3
(completed) or 4 (failed). A line with any other status beside them sums the whole job up. Of the partial
ones only the first needs a submit time; the others may say -1, and how long they waited since the last.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from traces.jobs.repairs import Findings

CONTINUED, LAST_COMPLETED, LAST_FAILED = 2, 3, 4
#: Places of the fields of a record (traces.jobs.readers.swf.FIELDS).
JOB, SUBMIT, RUN, STATUS = 0, 1, 3, 10
_UNKNOWN = -1


def join_partials(columns: dict[int, np.ndarray], findings: Findings) -> dict[int, np.ndarray]:
    """One record a job, in the order of each job's first line; `findings` then refers to those lines.

    columns : field -> (N,) float64. The summary counts where there is one; else a job was submitted with
    the first of its partial executions and its run time is the sum of theirs. Lines that were joined to
    an earlier one are a repair. A record that stands in the file twice, the same in all fields in use, is
    skipped. InputError for two jobs of one number, neither of them partial.
    """
    if not pd.Series(columns[JOB]).duplicated().any():
        return columns
    columns = _without_repetitions(columns, findings)
    ids, status = columns[JOB], columns[STATUS]
    partial = _is_partial(status)
    if not pd.Series(ids).duplicated().any():
        return columns
    last = partial & (status != CONTINUED)
    _refuse_second_jobs(ids, ~partial, findings)
    group, _ = pd.factorize(ids)  # numbered by first appearance
    rows = np.lexsort((partial, group))  # stable: a summary first, then the partial lines as in the file
    starts = np.flatnonzero(np.diff(group[rows], prepend=-1))
    first_line = np.minimum.reduceat(rows, starts)
    text = "another line of a job that ran in parts (status 2, 3, 4), joined to the first"
    joined = np.ones(len(ids), dtype=bool)
    joined[first_line] = False
    findings.add("repairs", "partials_joined", joined, ids, text)
    findings.at(findings.lines[first_line])
    groups = _Groups(rows, starts, partial[rows])
    records = {number: groups.first(column, column > 0) for number, column in columns.items()}
    records[JOB] = ids[first_line]
    records[SUBMIT] = groups.submit(columns[SUBMIT])
    records[RUN] = groups.run(columns[RUN])
    records[STATUS] = groups.first(status, ~partial | last)
    return records


def _is_partial(status: np.ndarray) -> np.ndarray:
    return np.isin(status, (CONTINUED, LAST_COMPLETED, LAST_FAILED))


def _without_repetitions(columns: dict[int, np.ndarray], findings: Findings) -> dict[int, np.ndarray]:
    """The columns without records that stand there twice; two partial executions may well be alike."""
    repeated = pd.DataFrame(columns).duplicated().to_numpy() & ~_is_partial(columns[STATUS])
    if not repeated.any():
        return columns
    text = "the same record as one above it, skipped"
    findings.add("skips", "repeated_record", repeated, columns[JOB], text)
    findings.at(findings.lines[~repeated])
    return {number: column[~repeated] for number, column in columns.items()}


def _refuse_second_jobs(ids: np.ndarray, summary: np.ndarray, findings: Findings) -> None:
    """InputError for a number with two lines that sum a job up: these are two jobs."""
    rows = np.flatnonzero(summary)
    repeated = np.zeros(len(ids), dtype=bool)
    repeated[rows[pd.Series(ids[rows]).duplicated().to_numpy()]] = True
    if not repeated.any():
        return
    first = rows[int(np.argmax(ids[rows] == ids[int(np.argmax(repeated))]))]
    text = (
        f"job number (field 1) {{}} was given before, by the record at {findings.where(first)}; "
        "give each job a number of its own"
    )
    findings.refuse([(repeated, ids, text)])


class _Groups:
    """The records of each job: `rows` sorted by job, summary first, with the place where each job starts."""

    def __init__(self, rows: np.ndarray, starts: np.ndarray, partial: np.ndarray) -> None:
        self._rows, self._starts, self._partial = rows, starts, partial
        self._alone = np.diff(np.append(starts, len(rows))) == 1

    def first(self, column: np.ndarray, known: np.ndarray) -> np.ndarray:
        """The first known value of each job, or the value of its first record where none is known."""
        places = np.where(known[self._rows], np.arange(len(self._rows)), len(self._rows))
        place = np.minimum.reduceat(places, self._starts)
        return column[self._rows[np.where(place < len(self._rows), place, self._starts)]]

    def submit(self, column: np.ndarray) -> np.ndarray:
        """The summary's submit time, else the earliest of the partial ones; -1 beside others is unknown."""
        values = column[self._rows]
        known = values != _UNKNOWN
        earliest = np.minimum.reduceat(np.where(known, values, np.inf), self._starts)
        earliest = np.where(np.isfinite(earliest), earliest, _UNKNOWN)
        summed_up = ~self._partial[self._starts] & known[self._starts]
        return np.where(summed_up | self._alone, values[self._starts], earliest)

    def run(self, column: np.ndarray) -> np.ndarray:
        """The summary's run time, else the sum of the partial ones; -1 if one of these is unknown."""
        values = column[self._rows]
        unknown = np.logical_or.reduceat(self._partial & (values == _UNKNOWN), self._starts)
        total = np.add.reduceat(np.where(self._partial, values, 0.0), self._starts)
        total = np.where(unknown, _UNKNOWN, total)
        summed_up = ~self._partial[self._starts] & (values[self._starts] != _UNKNOWN)
        return np.where(summed_up | self._alone, values[self._starts], total)
