"""What Slurm says about jobs: which are alive, and how one ended. Asked through Slurm's own commands.

None of it raises: a controller that is busy or restarts for a minute is no reason to end a sweep.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from traces.errors import InputError

COMMANDS = ("sbatch", "squeue", "scancel")
ANSWER_WITHIN_S = 30.0
_ENDING = "COMPLETING"
_LOG_END_BYTES = 64 * 1024
#: Slurm writes these into a job's log at once; its state follows when the job's processes are gone.
_CANCELLED = re.compile(r"(?:JOB|STEP) \S+ ON \S+ CANCELLED AT \S+ DUE TO ([A-Z ]+?)(?:,.*?)? \*\*\*")
_STATES_IN_LOG = {"TIME LIMIT": "TIMEOUT", "NODE FAILURE": "NODE_FAIL", "PREEMPTION": "PREEMPTED"}
_OUT_OF_MEMORY = re.compile(r"oom[-_]kill", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LiveJob:
    """A job that waits or runs: Slurm's words for its state, and for why it waits."""

    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended.

    state    : Slurm's word: COMPLETED, FAILED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL, PREEMPTED, CANCELLED, ...
    exit_status, signal : of its script; 0 where not known
    """

    job_id: str
    state: str
    exit_status: int = 0
    signal: int = 0

    def __str__(self) -> str:
        """One line for the user."""
        text = f"Slurm job {self.job_id} {self.state}"
        if self.state == "FAILED" and self.signal:
            return f"{text} by {signal_name(self.signal)}"
        if self.state == "FAILED":
            return f"{text} with exit status {self.exit_status}"
        return text


def job_key(worker: str) -> str:
    """The key of a worker's job, from Dask's name for the worker: rare-1a2b3c4d-7 of rare-1a2b3c4d-7-0."""
    return worker.rpartition("-")[0]


def need_commands() -> None:
    """InputError if Slurm's commands are not here."""
    for name in COMMANDS:
        if shutil.which(name) is None:
            raise InputError(
                f"--dask-slurm: there is no {name} on this machine; give the command on a login node of the "
                "cluster, or see docs/guides/clusters.md for other ways"
            )


def live_jobs(name: str) -> dict[str, LiveJob] | None:
    """The jobs of this name that wait or run, by id; None if Slurm does not answer."""
    answer = _ask("squeue", "--noheader", f"--name={name}", "--format=%i|%T|%r")
    if answer is None:
        return None
    rows = [line.strip().split("|", 2) for line in answer.splitlines() if line.count("|") >= 2]
    return {job_id: LiveJob(state, reason) for job_id, state, reason in rows if state != _ENDING}


def job_end(job_id: str) -> JobEnd | None:
    """How a job ended; None while it has not, or if nobody knows it any more."""
    return _end_by_controller(job_id) or _end_by_accounts(job_id)


def cancel_jobs(name: str) -> None:
    """Cancel all jobs of this name."""
    _ask("scancel", f"--name={name}")


def rejection(script: str) -> str | None:
    """Why sbatch would not take this job script; None if it would."""
    try:
        done = subprocess.run(
            ["sbatch", "--test-only"],
            input=script,
            capture_output=True,
            text=True,
            timeout=ANSWER_WITHIN_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return " ".join(str(error).split())
    if done.returncode == 0:
        return None
    return sbatch_error(done.stderr) or f"exit status {done.returncode}"


def sbatch_error(text: str) -> str:
    """What sbatch complains about, in one line."""
    lines = [line.strip() for line in text.splitlines() if "error:" in line] or text.split("\n")
    words = [line.removeprefix("sbatch:").strip().removeprefix("error:").strip() for line in lines]
    return "; ".join(filter(None, words))[:300]


# --- the log of a job -----------------------------------------------------------------------------------


def end_in_log(log: Path, job_id: str) -> JobEnd | None:
    """The end of a job that its log announces; None if it announces none."""
    text = _log_end(log)
    match = _CANCELLED.search(text)
    if match is not None:
        state = _STATES_IN_LOG.get(match[1].strip())
        return None if state is None else JobEnd(job_id, state)
    return JobEnd(job_id, "OUT_OF_MEMORY") if _OUT_OF_MEMORY.search(text) else None


def death_in_log(log: Path, pid: int) -> str:
    """How a worker process of a job ended that goes on, as its parent wrote; empty if it wrote nothing."""
    pattern = re.compile(rf"Worker process {pid} (?:was killed by signal (\d+)|exited with status (\d+))")
    match = pattern.search(_log_end(log))
    if match is None:
        return ""
    if match[1] is None:
        return f"exited with status {match[2]}"
    number = int(match[1])
    end = ", perhaps because memory ran out" if number == signal.SIGKILL else ""
    return f"killed by {signal_name(number)}{end}"


def last_line(log: Path) -> str:
    """The last line of a log; empty if there is none."""
    lines = _log_end(log).strip().splitlines()
    return lines[-1].strip()[:300] if lines else ""


def signal_name(number: int) -> str:
    """SIGKILL for 9."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _log_end(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - _LOG_END_BYTES))
            return stream.read().decode(errors="replace")
    except OSError:  # not written yet
        return ""


# --- Slurm's commands ------------------------------------------------------------------------------------


def _end_by_controller(job_id: str) -> JobEnd | None:
    """From the controller, which knows a job for some minutes after its end."""
    answer = _ask("scontrol", "--oneliner", "show", "job", job_id)
    fields = dict(re.findall(r"(\w+)=(\S*)", answer or ""))
    state = fields.get("JobState", "")
    if state == _ENDING and fields.get("Reason") == "TimeLimit":
        state = "TIMEOUT"
    return _ended(job_id, state, fields.get("ExitCode", ""))


def _end_by_accounts(job_id: str) -> JobEnd | None:
    """From the accounting database, where there is one."""
    answer = _ask("sacct", "-X", "-n", "-P", "-j", job_id, "-o", "State,ExitCode")
    state, _, code = (answer or "").strip().partition("\n")[0].partition("|")
    return _ended(job_id, state.partition(" ")[0], code)  # CANCELLED by 1000


def _ended(job_id: str, state: str, code: str) -> JobEnd | None:
    """The end of a job from its state and its exit code, `status:signal`; None while it goes on."""
    if state in ("", "PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "REQUEUED", "RESIZING", _ENDING):
        return None
    status, _, number = code.partition(":")
    return JobEnd(job_id, state, _whole(status), _whole(number))


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _ask(*words: str) -> str | None:
    """What one of Slurm's commands prints; None if it fails."""
    # Users choose formats and filters of these commands by such variables.
    chosen = ("SQUEUE_", "SACCT_", "SCANCEL_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(chosen)}
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=ANSWER_WITHIN_S)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
