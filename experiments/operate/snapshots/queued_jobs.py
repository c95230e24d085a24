"""Jobs of a snapshot from Slurm's JSON: arrays taken apart, parts of heterogeneous jobs put together.

Cores are what Slurm counts as CPUs.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from experiments.operate.snapshots.cluster_snapshot import (
    RUNNING,
    SUSPENDED,
    WAITING,
    SnapshotJob,
    SnapshotPartition,
)
from experiments.operate.snapshots.slurm_nodes import JOINED_BY
from experiments.operate.snapshots.slurm_shapes import (
    amount,
    gpus_in,
    number,
    resources,
    rows_of,
    slurm_object,
    text,
    words,
)
from traces.errors import InputError, quoted

SQUEUE = "squeue --json"
MOST_JOBS = 1_000_000
MOST_TASKS = 100_000  # of one array
_STATES = {"PENDING": WAITING, "RUNNING": RUNNING, "SUSPENDED": SUSPENDED, "STOPPED": SUSPENDED}
_STARTING = "CONFIGURING"  # started, and its nodes boot or are prepared
_ENDING = "COMPLETING"  # ended, and its nodes are cleaned
_HELD = ("JobHeldUser", "JobHeldAdmin")
_AFTER = re.compile(r"after[a-z]*:([0-9_*+:\[\]-]+)")
_TASKS = re.compile(r"(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?")


def jobs_of(
    squeue_json: bytes | str, partitions: Sequence[SnapshotPartition], taken_s: int
) -> tuple[SnapshotJob, ...]:
    """The jobs in the output of `squeue --json`, by submit and id. InputError.

    Jobs that have ended are left out, those whose nodes are still being cleaned among them. partitions: for
    the size of the nodes of jobs that want whole ones.
    """
    _, rows = rows_of(slurm_object(squeue_json, SQUEUE), ("jobs",), SQUEUE)
    jobs: list[SnapshotJob] = []
    parts: dict[int, list[SnapshotJob]] = {}
    for row in rows:
        job = _job(row, partitions, taken_s)
        if job is None:
            continue
        het_id = number(row, "het_job_id", SQUEUE)
        if het_id:
            parts.setdefault(het_id, []).append(job)
            continue
        jobs += _tasks(row, job)
        if len(jobs) > MOST_JOBS:
            raise InputError(f"has more than {MOST_JOBS:,} jobs and tasks of arrays", where=SQUEUE)
    for het_id, members in parts.items():
        jobs += _joined(het_id, members)
    ids = [job.job_id for job in jobs]
    if len(set(ids)) < len(ids):
        twice = max(Counter(ids).items(), key=lambda item: item[1])[0]
        raise InputError(f"job {quoted(twice)} is there twice", where=SQUEUE)
    return tuple(sorted(_with_all_tasks(jobs), key=lambda job: (job.submit_s, _natural(job.job_id))))


def _job(row: Mapping[str, Any], partitions: Sequence[SnapshotPartition], taken_s: int) -> SnapshotJob | None:
    """One row as a job, an array that waits as a single one; None for a job that has ended."""
    number_of_job = number(row, "job_id", SQUEUE)
    if number_of_job is None:
        raise InputError("a job has no job_id", where=SQUEUE)
    where = f"{SQUEUE}: job {number_of_job}"
    state = _state(words(row, "job_state", where))
    if state is None:
        return None
    submit_s = number(row, "submit_time", where)
    if submit_s is None:
        raise InputError("submit_time is missing", where=where)
    start_s = number(row, "start_time", where) if state != WAITING else None
    if state != WAITING and not start_s:
        start_s = taken_s  # its nodes boot
    limit_min, eligible_s = number(row, "time_limit", where), number(row, "eligible_time", where)
    array_id, task = number(row, "array_job_id", where), number(row, "array_task_id", where)
    is_task = bool(array_id) and task is not None
    reason, priority = text(row, "state_reason", where), number(row, "priority", where)
    partition = _partition(text(row, "partition", where), partitions)
    asked = _asked(row, partition, state, where)
    return SnapshotJob(
        job_id=f"{array_id}_{task}" if is_task else str(number_of_job),
        state=state,
        submit_s=submit_s,
        cores=asked["cores"],
        limit_s=None if limit_min is None else 60 * limit_min,
        start_s=start_s,
        eligible_s=eligible_s or None,
        gpus_milli=asked["gpus_milli"],
        memory_mib=asked["memory_mib"],
        suspended_s=_suspended_s(row, state, start_s, taken_s, where),
        partition=partition[0],
        user=text(row, "user_name", where) or str(number(row, "user_id", where) or ""),
        account=text(row, "account", where),
        qos=text(row, "qos", where),
        nice=_nice(row, where),
        priority=priority,
        held=state == WAITING and (reason in _HELD or row.get("hold") is True or priority == 0),
        reason="" if reason == "None" or state != WAITING else reason,
        after=_after(text(row, "dependency", where)) if state == WAITING else (),
    )


def _state(found: Sequence[str]) -> str | None:
    """WAITING, RUNNING or SUSPENDED; None for a job that has ended."""
    if _ENDING in found:
        return None
    for word in found:
        if word in _STATES:
            return _STATES[word]
    return RUNNING if _STARTING in found else None


def _partition(written: str, partitions: Sequence[SnapshotPartition]) -> tuple[str, SnapshotPartition | None]:
    """The first of the job's partitions that is there, as Slurm calls it, and where it lies."""
    names = written.split(",")
    for name in names:
        for partition in partitions:
            if name in partition.name.split(JOINED_BY):
                return name, partition
    return names[0], None


def _asked(
    row: Mapping[str, Any], partition: tuple[str, SnapshotPartition | None], state: str, where: str
) -> dict[str, int]:
    """Cores, thousandths of GPUs and memory of the whole job.

    Memory counts if the job holds it, or asks for it itself: where Slurm does not allocate memory, it writes
    that of whole nodes into the request.
    """
    held = resources(text(row, "tres_alloc_str", where), where) if state != WAITING else {}
    asked = resources(text(row, "tres_req_str", where), where)
    cores = number(row, "cpus", where) or 0
    if "cpu" in held:
        cores = int(amount(held["cpu"], where))
    place = partition[1]
    if state == WAITING and place is not None and "NONE" in words(row, "shared", where):
        cores = max(cores, (number(row, "node_count", where) or 1) * place.cores_per_node)
    explicit = any(number(row, key, where) for key in ("memory_per_node", "memory_per_cpu"))
    memory = held.get("mem", "0") if held else asked.get("mem", "0") if explicit else "0"
    return {
        "cores": cores,
        "gpus_milli": 1000 * gpus_in(held or asked, where),
        "memory_mib": round(amount(memory, where)),
    }


def _nice(row: Mapping[str, Any], where: str) -> int:
    """Slurm's nice; 22.05 writes null for none."""
    return number(row, "nice", where, least=-(2**31)) or 0


def _suspended_s(row: Mapping[str, Any], state: str, start_s: int | None, taken_s: int, where: str) -> int:
    """How long a started job has been suspended: the time since its start in which it did not run."""
    since_s, ran_s = number(row, "suspend_time", where), number(row, "pre_sus_time", where) or 0
    if start_s is None or not since_s:
        return 0
    if state != SUSPENDED:  # `suspend_time` is then when it was resumed
        ran_s += max(taken_s - since_s, 0)
    return max(taken_s - start_s - ran_s, 0)


def _after(written: str) -> tuple[str, ...]:
    """Ids of the jobs in a dependency such as `afterok:1:2(unfulfilled),afterany:7_3`."""
    named = ":".join(_AFTER.findall(written)).split(":")
    return tuple(dict.fromkeys(one.partition("+")[0].replace("_*", "") for one in named if one))


def _tasks(row: Mapping[str, Any], job: SnapshotJob) -> Iterable[SnapshotJob]:
    """The job itself, or each task of an array that waits as a job of its own."""
    written = text(row, "array_task_string", SQUEUE)
    if job.state != WAITING or not written:
        return [job]
    array_id = number(row, "array_job_id", SQUEUE) or job.job_id
    return [dataclasses.replace(job, job_id=f"{array_id}_{task}") for task in _task_numbers(written, job)]


def _task_numbers(written: str, job: SnapshotJob) -> list[int]:
    """The numbers in `1-3,7,10-20:5%4`. A list that Slurm has cut ends in `...`; what is readable counts."""
    numbers: list[int] = []
    for part in written.partition("%")[0].strip("[]").split(","):
        if part.endswith("...") or not part:
            continue
        match = _TASKS.fullmatch(part)
        if match is None:
            raise InputError(
                f"array_task_string {quoted(written)} is no list of numbers",
                where=f"{SQUEUE}: job {job.job_id}",
            )
        first, step = int(match[1]), int(match[3] or 1)
        tasks = range(first, int(match[2] or first) + 1, max(step, 1))
        if len(numbers) + len(tasks) > MOST_TASKS:
            raise InputError(
                f"waits as an array of more than {MOST_TASKS:,} tasks", where=f"{SQUEUE}: job {job.job_id}"
            )
        numbers += tasks
    return numbers


def _joined(het_id: int, members: Sequence[SnapshotJob]) -> list[SnapshotJob]:
    """One job with the resources of all parts; parts in different partitions or states stay apart."""
    if len({(one.partition, one.state) for one in members}) > 1:
        return [dataclasses.replace(one, job_id=f"{het_id}+{place}") for place, one in enumerate(members)]
    whole = {key: sum(getattr(one, key) for one in members) for key in ("cores", "gpus_milli", "memory_mib")}
    limits = [one.limit_s for one in members]
    limit_s = None if None in limits else max(limit or 0 for limit in limits)
    return [dataclasses.replace(members[0], job_id=str(het_id), limit_s=limit_s, **whole)]


def _with_all_tasks(jobs: Sequence[SnapshotJob]) -> list[SnapshotJob]:
    """The jobs, those that wait for an array waiting for each of its tasks."""
    tasks: dict[str, list[str]] = {}
    for job in jobs:
        array, given, _ = job.job_id.partition("_")
        if given:
            tasks.setdefault(array, []).append(job.job_id)
    return [
        dataclasses.replace(job, after=tuple(one for name in job.after for one in tasks.get(name, [name])))
        if job.after
        else job
        for job in jobs
    ]


def _natural(job_id: str) -> tuple[tuple[int, str], ...]:
    """A key by which 2 comes before 10, and 4_2 before 4_10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([_+])", job_id))
