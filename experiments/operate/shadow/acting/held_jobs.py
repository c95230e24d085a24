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
import re
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

HOLD, SUSPEND, RENEW = "hold", "suspend", "renew"
JOB_ID = re.compile(r"[1-9][0-9]{0,9}(_[0-9]{1,9})?", re.ASCII)
ANSWER_WITHIN_S = 20.0
SETTLE_S = ANSWER_WITHIN_S + 10.0
"""How long after a request nobody can say that it was not carried out."""
MOST_BYTES = 256 * 2**20
MOST_JOURNAL_BYTES = 256 * 2**20
# Slurm's own words where its controller does not answer (22.05; src/common/slurm_errno.c).
LOST = (
    "unable to contact",
    "connection refused",
    "timed out",
    "zero bytes were transmitted",
    "connection failure",
    "communication",
    "in standby mode",
    "no route to host",
    "protocol authentication error",
)
_FOREIGN = ("SQUEUE_", "SINFO_", "SCONTROL_", "SLURM_CLUSTERS", "SLURM_TIME_FORMAT", "SLURM_BITSTR_LEN")
_COLUMNS = "JobArrayID:40,State:20,SubmitTime:24,EligibleTime:24"
RELEASED, STARTED, GONE, NOT_OURS, TAKEN, EXPIRED = (
    "released",
    "started",
    "gone",
    "not ours any more",
    "released by somebody else",
    "its begin time has passed",
)


class ControllerLost(Exception):
    """Slurm's controller, or one of its commands, does not answer."""


class Refused(Exception):
    """Slurm answers, and does not do what it is asked for."""


def checked_id(job_id: str) -> str:
    """A job id that may stand on a command line: 17, or 17_3 of an array. Refused for anything else."""
    if not JOB_ID.fullmatch(job_id):
        raise Refused(f"{job_id[:40]!r} is no job id")
    return job_id


# --- Slurm's commands -------------------------------------------------------------------------------------


def slurm_environment() -> dict[str, str]:
    """This process's environment without what changes the output or the cluster of Slurm's commands."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"}


def answer(words: Sequence[str], within_s: float = ANSWER_WITHIN_S, most_bytes: int = MOST_BYTES) -> bytes:
    """What a command prints. No shell is used.

    ControllerLost where it is not there, takes longer, prints more, or says that the controller is not there;
    Refused where it fails otherwise, with its last line.
    """
    name = os.path.basename(words[0])
    try:
        process = subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=slurm_environment(),
            start_new_session=True,  # Ctrl-C is for the shadow, which releases; not for an action half done
        )
    except (OSError, ValueError) as error:
        raise ControllerLost(f"{name} cannot be run: {error}") from None
    try:
        output, errors = _read(process, name, within_s, most_bytes)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
    return output_of(name, process.returncode, output, errors)


def output_of(name: str, code: int, output: bytes, errors: bytes) -> bytes:
    """The output of a command that succeeded. ControllerLost or Refused, as `answer` says, for a failure."""
    if code == 0:
        return output
    text = (errors or output).decode("utf-8", "replace").strip()
    line = " ".join((text.splitlines() or [f"exit code {code}"])[-1].split())[:200]
    if any(word in text.lower() for word in LOST):
        raise ControllerLost(f"{name}: {line}")
    raise Refused(f"{name}: {line}")


def _read(
    process: subprocess.Popen[bytes], name: str, within_s: float, most_bytes: int
) -> tuple[bytes, bytes]:
    """Both streams, when the process has ended. ControllerLost for one that is slow or prints too much."""
    assert process.stdout is not None and process.stderr is not None
    parts: dict[Any, list[bytes]] = {process.stdout: [], process.stderr: []}
    size, limit_s = 0, time.monotonic() + within_s
    with selectors.DefaultSelector() as selector:
        for stream in parts:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left_s = limit_s - time.monotonic()
            if left_s <= 0:
                raise ControllerLost(f"{name} gave no answer within {within_s:g} s")
            for key, _ in selector.select(left_s):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                parts[key.fileobj].append(data)
                size += len(data)
            if size > most_bytes:
                raise ControllerLost(f"{name} printed more than {most_bytes:,} bytes")
    try:
        process.wait(max(limit_s - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        raise ControllerLost(f"{name} did not end within {within_s:g} s") from None
    return b"".join(parts[process.stdout]), b"".join(parts[process.stderr])


@dataclass(frozen=True)
class SlurmCommands:
    """The words with which Slurm's commands begin, such as ("scontrol",)."""

    squeue: Sequence[str] = ("squeue",)
    scontrol: Sequence[str] = ("scontrol",)

    def rows(self) -> dict[str, QueueRow]:
        """Every job that waits, runs or is suspended, by id. ControllerLost, Refused."""
        text = answer([*self.squeue, "-h", "-r", "-O", _COLUMNS]).decode("utf-8", "replace")
        rows = {}
        for line in text.splitlines():
            cells = line.split()
            if len(cells) != 4 or _seconds(cells[2]) is None:
                raise ControllerLost(f"squeue printed {line[:60]!r}, not a job")
            rows[cells[0]] = QueueRow(cells[1], _seconds(cells[2]), _seconds(cells[3]))
        return rows

    def put_off(self, job_id: str, lease_s: int, mark: str | None) -> None:
        """Let a job begin in so many seconds at the earliest, and mark it in the same request."""
        words = [f"JobId={checked_id(job_id)}", f"StartTime=now+{int(lease_s)}"]
        answer([*self.scontrol, "update", *words, *([] if mark is None else [f"AdminComment={mark}"])])

    def let_go(self, job_id: str, marked: bool) -> None:
        """Let a job begin at once, and take the mark away."""
        words = [f"JobId={checked_id(job_id)}", "StartTime=now"]
        answer([*self.scontrol, "update", *words, *(["AdminComment="] if marked else [])])

    def comment(self, job_id: str, text: str) -> None:
        """Write a job's administrator's comment."""
        answer([*self.scontrol, "update", f"JobId={checked_id(job_id)}", f"AdminComment={text}"])

    def suspend(self, job_id: str) -> None:
        """Suspend a running job."""
        answer([*self.scontrol, "suspend", checked_id(job_id)])

    def resume(self, job_id: str) -> None:
        """Resume a suspended job."""
        answer([*self.scontrol, "resume", checked_id(job_id)])


@dataclass(frozen=True)
class QueueRow:
    """One job of the queue. eligible_s: when it may begin at the earliest; None: held or unknown."""

    state: str
    submit_s: int | None
    eligible_s: int | None


def _seconds(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) else None


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

    def held(self) -> list[HeldJob]:
        """What is open: asked for, and neither refused nor closed."""
        return open_jobs(self.records())


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
