"""Slurm's commands as a shadow runs them: no shell, limits on time and output, and two kinds of failure.

Standard library only: the watchdog runs this code without the package (release_watchdog.py).
"""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

JOB_ID = re.compile(r"[1-9][0-9]{0,9}(_[0-9]{1,9})?", re.ASCII)
ANSWER_WITHIN_S = 20.0
MOST_BYTES = 256 * 2**20
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


class ControllerLost(Exception):
    """Slurm's controller, or one of its commands, does not answer."""


class Refused(Exception):
    """Slurm answers, and does not do what it is asked for."""


def checked_id(job_id: str) -> str:
    """A job id that may stand on a command line: 17, or 17_3 of an array. Refused for anything else."""
    if not JOB_ID.fullmatch(job_id):
        raise Refused(f"{job_id[:40]!r} is no job id")
    return job_id


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
