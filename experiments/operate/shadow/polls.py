"""One look at a live cluster: its queue and nodes, what the snapshot leaves out of them, and the power."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.operate.shadow.queue_changes import EndedJob
from experiments.operate.shadow.sources.power_feed import PowerFeed, PowerReading
from experiments.operate.shadow.sources.slurm_source import SlurmSource
from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot
from experiments.operate.snapshots.slurm_snapshot import snapshot_of_slurm
from traces.errors import InputError
from traces.files.documents import parse_json

OVER = frozenset(
    ["COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE"]
    + ["OUT_OF_MEMORY"]
)


@dataclass(frozen=True)
class JobExtras:
    """What Slurm says of a job beside its snapshot.

    partitions : all that its user named, joined by commas
    admin_comment : in which our mark stands
    deadline   : it has one, at which Slurm would cancel it
    batch      : it was submitted by sbatch; nobody sits and waits for it
    """

    partitions: str = ""
    reservation: str = ""
    admin_comment: str = ""
    deadline: bool = False
    batch: bool = False


@dataclass(frozen=True)
class Poll:
    """A look at the cluster.

    extras: by job id, of jobs for which there are some. ended: jobs that have ended and that Slurm remembers.

    power is None without a feed, and where the feed failed; feed_problem says why. read_s: when the answer
    was there.
    """

    snapshot: ClusterSnapshot
    extras: Mapping[str, JobExtras]
    power: PowerReading | None
    feed_problem: str = ""
    read_s: float = 0.0
    ended: tuple[EndedJob, ...] = ()

    def extras_of(self, job_id: str) -> JobExtras:
        """The extras of a job or of the array that it is a task of."""
        return self.extras.get(job_id) or self.extras.get(job_id.partition("_")[0]) or JobExtras()


@dataclass(frozen=True)
class Poller:
    """Looks at a cluster. feed_limit_s: a reading that is older counts as missing."""

    source: SlurmSource
    feed: PowerFeed | None = None
    feed_limit_s: float = 600.0
    clock: Callable[[], float] = time.time

    def poll(self) -> Poll:
        """Look once. ControllerLost or InputError where the scheduler does not answer as it should."""
        power, problem = self._power()
        taken_s = int(self.clock())
        jobs_json, nodes_json = self.source.read()
        snapshot = snapshot_of_slurm(jobs_json, nodes_json, taken_s)
        read_s = self.clock()
        return Poll(snapshot, job_extras(jobs_json), power, problem, read_s, ended_jobs(jobs_json))

    def _power(self) -> tuple[PowerReading | None, str]:
        if self.feed is None:
            return None, ""
        try:
            reading = self.feed.read(self.clock())
        except InputError as error:
            return None, str(error)
        if reading.age_s > self.feed_limit_s:
            return None, (
                f"{self.feed.name}: the reading is {reading.age_s:.0f} s old, more than the "
                f"{self.feed_limit_s:.0f} s of --feed-limit"
            )
        return reading, ""


def job_extras(squeue_json: bytes) -> dict[str, JobExtras]:
    """Reservation, mark and partitions of each job, by job id and by array id. The text has been checked."""
    found: dict[str, JobExtras] = {}
    for row in parse_json(squeue_json.decode("utf-8"))["jobs"]:
        extras = JobExtras(
            _text(row, "partition"),
            _text(row, "resv_name"),
            _text(row, "admin_comment"),
            bool(_plain(row.get("deadline"))),
            row.get("batch_flag") is True,
        )
        found[str(row.get("job_id"))] = extras
        array, task = _plain(row.get("array_job_id")), _plain(row.get("array_task_id"))
        if array and task is not None:
            found[f"{array}_{task}"] = extras
    return found


def ended_jobs(squeue_json: bytes) -> tuple[EndedJob, ...]:
    """Jobs that have ended and are still listed, with their real times. The text has been checked."""
    ended = []
    for row in parse_json(squeue_json.decode("utf-8"))["jobs"]:
        states = row.get("job_state")
        words = [states] if isinstance(states, str) else states if isinstance(states, list) else []
        if not OVER.intersection(words):
            continue
        submit_s, start_s, end_s = (_plain(row.get(f"{key}_time")) or 0 for key in ("submit", "start", "end"))
        array, task = _plain(row.get("array_job_id")), _plain(row.get("array_task_id"))
        name = f"{array}_{task}" if array and task is not None else str(_plain(row.get("job_id")))
        never_ran = not start_s or ("CANCELLED" in words and start_s >= end_s)
        ended.append(EndedJob(name, submit_s, None if never_ran else start_s, end_s))
    return tuple(ended)


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _plain(value: Any) -> int | None:
    """A number, in Slurm's older or newer shape."""
    if isinstance(value, dict):
        value = value.get("number") if value.get("set") is not False else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
