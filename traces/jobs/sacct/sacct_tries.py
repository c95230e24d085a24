"""Rows of one job brought together: repeated rows, tries of a requeued job, parts of a resized one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traces.jobs.repairs import Findings
from traces.jobs.sacct.rows.sacct_records import Records
from traces.jobs.sacct.rows.sacct_stamps import NO_TIME
from traces.jobs.sacct.rows.sacct_values import AGAIN, CANCELLED, ENDED, NONE, PENDING, RESIZED, RUNNING

#: Slurm queues a failed try again at once; with its accounts behind by up to so much.
_REQUEUE_S = 3600
#: What a job has from its first row.
_OF_FIRST = frozenset({"line", "submit", "submit_utc", "eligible", "eligible_utc"})


@dataclass(frozen=True, slots=True)
class Runs:
    """Rows of sacct with what they ran: (n,) each.

    ran : whether the job started; start_s, stop_s : from when to when it held its cores [s UTC]; run_s : for
    how long it ran, without suspensions
    """

    ran: np.ndarray
    start_s: np.ndarray
    stop_s: np.ndarray
    run_s: np.ndarray

    def take(self, rows: np.ndarray) -> Runs:
        """These rows only."""
        return Runs(self.ran[rows], self.start_s[rows], self.stop_s[rows], self.run_s[rows])


def runs_of(records: Records, findings: Findings) -> Runs:
    """What each row ran. Elapsed counts where it is given, else End - Start - Suspended."""
    start, end = records["start"], records["end"]
    suspended = np.maximum(records["suspended"], 0)
    elapsed = records["elapsed"]
    known = (start != NO_TIME) & (end != NO_TIME)
    horizon_s = max(int(records[name].max()) for name in ("submit", "eligible", "start", "end"))
    between = np.where(
        known, end - np.where(known, start, end), horizon_s - np.where(start == NO_TIME, horizon_s, start)
    )
    computed = between - suspended
    backwards = known & (between < 0)
    text = "ended before it started; its Elapsed counts"
    findings.add("repairs", "end_before_start", backwards & (elapsed != NONE), records["job"], text)
    run_s = np.where(elapsed != NONE, elapsed, np.maximum(computed, 0))
    ran = _ran(records, run_s) & ~(backwards & (elapsed == NONE))
    differs = ran & known & ~backwards & (elapsed != NONE) & (np.abs(computed - elapsed) > 1)
    text = "Elapsed is not End - Start - Suspended; Elapsed counts"
    findings.add("notes", "elapsed_differs", differs, records["job"], text)
    begin_s = np.where(ran & (start == NO_TIME), records["submit"], start)
    stop_s = np.where(known & ~backwards, end, begin_s + run_s + suspended)
    return Runs(ran, np.where(ran, begin_s, 0), np.where(ran, stop_s, 0), np.where(ran, run_s, 0))


def _ran(records: Records, run_s: np.ndarray) -> np.ndarray:
    """Which rows started. A job that was cancelled as it waited may have a Start, and no nodes."""
    kind = records["kind"]
    started = (records["start"] != NO_TIME) if "start" in records.given else run_s > 0
    began = started & (kind != PENDING)
    if "allocated_nodes" in records.given:
        held = records["allocated_nodes"] > 0
    elif "node_list" in records.given:
        none = np.array(
            [text.strip() in ("", "None assigned", "None") for text in records.texts["node_list"]]
        )
        held = ~none[records["node_list"]]
    else:
        held = np.isin(kind, (ENDED, AGAIN, RESIZED, RUNNING))
    return began & ((run_s > 0) | held)


def identities(records: Records) -> np.ndarray:
    """(n,) int64, equal for rows of one id."""
    if (records["raw"] != NONE).all():
        return records["raw"]
    table = np.stack([records["job"], records["task"], records["part"]], axis=1)
    return np.unique(table, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def without_repeats(records: Records, findings: Findings) -> Records:
    """The records without rows of the same id and submit, as files joined from several days have them.

    The row that tells most stays: of a job that has ended before one that runs before one that waits, and of
    equals the later.
    """
    ident = identities(records)
    rank = np.select([records["kind"] == PENDING, records["kind"] == RUNNING], [0, 1], 2)
    parts = np.where(records["kind"] == RESIZED, records["start"], 0)
    order = np.lexsort((records["line"], rank, parts, records["submit"], ident))
    same = np.ones(len(order) - 1, dtype=bool)
    for column in (ident, records["submit"], parts):
        same &= column[order[1:]] == column[order[:-1]]
    gone = np.zeros(len(order), dtype=bool)
    gone[order[:-1]] = same
    text = "a row of an id and submit that another row has; the one that tells most counts"
    findings.add("repairs", "repeated_rows", gone, records["job"], text)
    if not gone.any():
        return records
    findings.at(findings.lines[~gone])
    return records.take(~gone)


def joined_tries(records: Records, runs: Runs, findings: Findings) -> tuple[Records, Runs]:
    """The records and runs with one row for each job.

    A job that was requeued keeps its first submit. Its work is what its last try ran: earlier tries are
    lost work. Parts of a resized job are added up.
    """
    ident = identities(records)
    order = np.lexsort((records["line"], records["submit"], ident))
    begins = np.flatnonzero(np.append(True, ident[order[1:]] != ident[order[:-1]]))
    sizes = np.diff(np.append(begins, len(order)))
    if (sizes == 1).all():
        return records, runs
    joined = _Joined(records, runs)
    for group in np.flatnonzero(sizes > 1).tolist():
        rows = order[begins[group] : begins[group] + sizes[group]].tolist()
        for job in _chains(records, rows):
            joined.join(job)
    text = "a further try of a requeued job, joined to its first; the last that ran counts"
    findings.add("repairs", "requeued", joined.requeued, records["job"], text)
    text = "a part of a resized job, joined to its first"
    findings.add("repairs", "resized", joined.resized, records["job"], text)
    keep = ~joined.gone
    findings.at(findings.lines[keep])
    return joined.records().take(keep), joined.runs.take(keep)


class _Joined:
    """Copies of the rows, in which the first row of each job comes to stand for all of its rows.

    gone, requeued, resized : (n,) bool, rows that are joined to another, and as what
    """

    def __init__(self, records: Records, runs: Runs) -> None:
        self._records, self._before = records, runs
        self._columns = {name: values.copy() for name, values in records.columns.items()}
        self.runs = Runs(runs.ran.copy(), runs.start_s.copy(), runs.stop_s.copy(), runs.run_s.copy())
        self.gone, self.requeued, self.resized = (np.zeros(len(records), dtype=bool) for _ in range(3))

    def records(self) -> Records:
        """The changed rows."""
        return Records(self._columns, self._records.texts, self._records.given)

    def join(self, job: list[int]) -> None:
        """Let the first of these rows, in order of submit, stand for the job."""
        if len(job) == 1:
            return
        ran, run_s, kind = self._before.ran, self._before.run_s, self._records["kind"]
        last = next((place for place in reversed(range(len(job))) if ran[job[place]]), len(job) - 1)
        first = last
        while first and kind[job[first - 1]] == RESIZED:
            first -= 1
        kept, parts = job[0], job[first : last + 1]
        told_by = max(parts, key=lambda row: int(run_s[row])) if ran[job[last]] else job[-1]
        for name in self._columns.keys() - _OF_FIRST:
            self._columns[name][kept] = self._records[name][told_by]
        if ran[job[last]]:
            self._columns["kind"][kept] = kind[job[last]] if last == len(job) - 1 else ENDED
            self.runs.ran[kept], self.runs.run_s[kept] = True, sum(int(run_s[row]) for row in parts)
            self.runs.start_s[kept] = self._before.start_s[parts[0]]
            self.runs.stop_s[kept] = self._before.stop_s[parts[-1]]
        self.gone[job[1:]] = True
        self.resized[parts[1:]] = True
        self.requeued[[*job[1 : max(first, 1)], *job[last + 1 :]]] = True
        if first:
            self.requeued[job[first]] = True


def _chains(records: Records, group: list[int]) -> list[list[int]]:
    """The rows of one id, by submit, split into jobs: an id comes again where Slurm's counter was reset."""
    jobs = [[group[0]]]
    for row in group[1:]:
        if _continues(records, jobs[-1][-1], row):
            jobs[-1].append(row)
        else:
            jobs.append([row])
    return jobs


def _continues(records: Records, before: int, after: int) -> bool:
    """Whether a row is a further try or part of the job of the row before it."""
    for name in ("user", "account"):
        if records[name][before] != records[name][after]:
            return False
    kind, end_s = int(records["kind"][before]), int(records["end"][before])
    if end_s == NO_TIME:
        return kind in (RUNNING, PENDING, AGAIN, RESIZED)
    wait_s = int(records["submit"][after]) - end_s
    if kind in (AGAIN, RESIZED):
        return abs(wait_s) <= _REQUEUE_S
    return kind in (ENDED, CANCELLED) and abs(wait_s) <= 1
