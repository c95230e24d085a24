"""The jobs that a shadow has put off or suspended, by its journal, and how they are given back.

Standard library only: the watchdog runs this code without the package (release_watchdog.py).

A job is put off by a begin time a few minutes ahead (`scontrol update StartTime=now+300`), which is renewed
while the shadow lives. Slurm itself lets the job go when it has passed, whatever became of the shadow. Unlike
`scontrol hold` it leaves the job its place in the queue.

The journal holds one JSON object a line, on disk before anything is done:

intend : an action is about to be asked for; from here on the job counts as ours
done   : it was done; `until_s` is the begin time that Slurm has
failed : Slurm refused it, and nothing was changed
closed : the job is no longer ours; `why` says how
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from experiments.operate.shadow.acting.slurm_answers import (
    ANSWER_WITHIN_S,
    JOB_ID,
    ControllerLost,
    QueueRow,
    Refused,
    SlurmCommands,
)

HOLD, SUSPEND, RENEW = "hold", "suspend", "renew"
SETTLE_S = ANSWER_WITHIN_S + 10.0
"""How long after a request nobody can say that it was not carried out."""
MOST_JOURNAL_BYTES = 256 * 2**20
LONG_BYTES = 4 * 2**20
LEFT_ALONE_S = 60 * 24 * 3600.0
LONGEST = "held for the longest time allowed"
RELEASED, STARTED, GONE, NOT_OURS, TAKEN, EXPIRED = (
    "released",
    "started",
    "gone",
    "not ours any more",
    "released by somebody else",
    "its begin time has passed",
)


# --- the journal ------------------------------------------------------------------------------------------


class Journal:
    """An append-only file of JSON lines; what `write` returns from is on disk."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def write(self, **record: object) -> None:
        """Append one record and wait for the disk. OSError where that is not possible."""
        line = json.dumps({"at_s": round(time.time(), 3), **record}).encode() + b"\n"
        fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":  # of a process that was killed as it wrote
                line = b"\n" + line
            written = os.write(fd, line)
            if written != len(line):
                raise OSError(f"{self.path}: only {written} of {len(line)} bytes could be written")
            os.fsync(fd)
        finally:
            os.close(fd)

    def records(self) -> list[dict[str, Any]]:
        """What was written, in order; torn and foreign lines are left out. OSError."""
        try:
            with open(self.path, "rb") as file:
                data = file.read(MOST_JOURNAL_BYTES)
        except FileNotFoundError:
            return []
        records = []
        for line in data.split(b"\n"):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and _is_whole(record):
                records.append(record)
        return records

    def shorten(self, now_s: float) -> bool:
        """Put a long journal aside where nothing is open; whether that was done. OSError.

        It gets a name with the time. What the new one needs goes on in it: which jobs are left alone.
        """
        if not os.path.exists(self.path) or os.path.getsize(self.path) < LONG_BYTES:
            return False
        records = self.records()
        if open_jobs(records):
            return False
        kept = [one for one in records if is_left_alone(one) and one["at_s"] > now_s - LEFT_ALONE_S]
        beside = f"{self.path}.new"
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(json.dumps(one).encode() + b"\n" for one in kept)
            os.fsync(file.fileno())
        os.replace(self.path, f"{self.path.removesuffix('.jsonl')}-{int(now_s)}.jsonl")
        os.replace(beside, self.path)
        return True

    def held(self) -> list[HeldJob]:
        """What is open: asked for, and neither refused nor closed."""
        return open_jobs(self.records())


def is_left_alone(record: Mapping[str, Any]) -> bool:
    """Whether a record says that its job is never touched again: released by others, or held long enough."""
    return record["event"] == "closed" and record.get("why") in (NOT_OURS, TAKEN, LONGEST)


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Whether a line of the journal names a job that may stand on a command line."""
    return (
        isinstance(record.get("job"), str)
        and JOB_ID.fullmatch(record["job"]) is not None
        and all(isinstance(record.get(key), str) for key in ("event", "action"))
        and all(isinstance(record.get(key), int | float) for key in ("at_s", "submit_s"))
    )


@dataclass
class HeldJob:
    """A job that is ours.

    action  : HOLD or SUSPEND
    since_s : when it was asked for, seconds since 1970
    windows : from and to when its begin time lies, as far as we know; of a hold only
    marked  : its administrator's comment is our mark
    seen    : the queue has shown what we asked for
    """

    job: str
    submit_s: int
    action: str
    since_s: float
    marked: bool
    windows: list[tuple[float, float]] = field(default_factory=list)
    seen: bool = False

    def may_come(self, now_s: float) -> bool:
        """Whether what we asked for may still happen: the request of a killed process may be under way."""
        return not self.seen and now_s < self.since_s + SETTLE_S

    @property
    def until_s(self) -> float:
        """The latest begin time that it can have by us."""
        return max((high for _, high in self.windows), default=self.since_s) - (1 if self.seen else 0)

    def is_ours(self, row: QueueRow | None, now_s: float) -> str:
        """'' if the queue shows what we did, else why not.

        TAKEN: it was started before its begin time, which Slurm does for nobody who has not asked.
        """
        if row is None or row.submit_s != self.submit_s:
            return GONE
        if self.action == SUSPEND:
            return "" if row.state == "SUSPENDED" else NOT_OURS
        if row.state != "PENDING":
            return TAKEN if now_s < min((low for low, _ in self.windows), default=0) else STARTED
        if row.eligible_s is not None and row.eligible_s <= now_s and now_s >= self.until_s:
            return EXPIRED
        inside = any(low <= (row.eligible_s or 0) <= high for low, high in self.windows)
        return "" if inside else NOT_OURS


def open_jobs(records: Iterable[Mapping[str, Any]]) -> list[HeldJob]:
    """The jobs that are ours by the journal's records, the first one first."""
    jobs: dict[tuple[str, str], HeldJob] = {}
    for record in records:
        event, action, at_s = record["event"], record["action"], record["at_s"]
        key = (record["job"], HOLD if action == RENEW else action)
        ours = jobs.get(key)
        if event == "intend" and action in (HOLD, SUSPEND):
            ours = HeldJob(record["job"], int(record["submit_s"]), action, at_s, record.get("marked") is True)
            jobs[key] = ours
        if ours is None:
            continue
        if event == "intend" and action in (HOLD, RENEW):
            lease_s = _number(record.get("lease_s"))
            # The request may have taken its whole time-out, and both clocks may differ a little.
            ours.windows.append((at_s + lease_s - 10, at_s + lease_s + ANSWER_WITHIN_S + 10))
        elif event == "done":
            ours.seen = True
            if _number(record.get("until_s")):
                ours.windows = [(record["until_s"] - 1, record["until_s"] + 1)]
        elif event == "closed" or (event == "failed" and action != RENEW):
            del jobs[key]
    return list(jobs.values())


def held_before_s(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], float]:
    """How long each job was ours by the journal's records, what is open left out; by job id and submit."""
    since_s: dict[tuple[str, str, int], float] = {}
    total_s: dict[tuple[str, int], float] = {}
    for record in records:
        job = (record["job"], int(record["submit_s"]))
        if record["event"] == "intend" and record["action"] in (HOLD, SUSPEND):
            since_s[(record["action"], *job)] = record["at_s"]
        elif record["event"] == "closed" and (record["action"], *job) in since_s:
            begun_s = since_s.pop((record["action"], *job))
            total_s[job] = total_s.get(job, 0.0) + max(record["at_s"] - begun_s, 0.0)
    return total_s


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e12 else 0.0


# --- giving back ------------------------------------------------------------------------------------------


def release_all(
    journal: Journal, commands: SlurmCommands, note: Callable[[str], None] = lambda _: None
) -> list[HeldJob]:
    """Release and resume everything that is ours by the journal; what could not be given back.

    Only what the queue still shows as we left it is touched. ControllerLost where the queue cannot be read.
    """
    jobs = journal.held()
    if not jobs:
        return []
    rows, left = commands.rows(), []
    for job in jobs:
        why = job.is_ours(rows.get(job.job), time.time())
        try:
            if not why:
                give_back(job, journal, commands)
                note(f"{'released' if job.action == HOLD else 'resumed'} job {job.job}")
            elif why == NOT_OURS and job.may_come(time.time()):
                left.append(job)
            else:
                close(job, journal, why)
        except (ControllerLost, Refused) as error:
            note(f"job {job.job} is not given back yet: {error}")
            left.append(job)
    return left


def give_back(job: HeldJob, journal: Journal, commands: SlurmCommands, why: str = RELEASED) -> None:
    """Release or resume one job that is ours, and close it in the journal. ControllerLost, Refused."""
    undo = "release" if job.action == HOLD else "resume"
    record: dict[str, Any] = {"action": undo, "job": job.job, "submit_s": job.submit_s}
    with suppress(OSError):  # a full disk must not keep a job held
        journal.write(event="intend", **record)
    try:
        _undo(job, commands)
    except Refused as error:
        with suppress(OSError):
            journal.write(event="failed", why=str(error), **record)
        raise
    close(job, journal, why)


def _undo(job: HeldJob, commands: SlurmCommands) -> None:
    if job.action == HOLD:
        commands.let_go(job.job, job.marked)
        return
    commands.resume(job.job)
    if job.marked:
        commands.comment(job.job, "")


def with_failure_noted(journal: Journal, record: Mapping[str, Any], act: Callable[[], None]) -> None:
    """Journal an intention, act, and journal a refusal; a lost controller leaves the intention open."""
    journal.write(event="intend", **record)
    try:
        act()
    except Refused as error:
        journal.write(event="failed", why=str(error), **record)
        raise


def close(job: HeldJob, journal: Journal, why: str) -> None:
    """Journal that a job is no longer ours. Where the disk is full it is looked at again next time."""
    with suppress(OSError):
        journal.write(event="closed", action=job.action, job=job.job, submit_s=job.submit_s, why=why)
