"""Snapshots out of a simulated schedule: the queue and the running jobs at any instant of a replay."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.operate.snapshots.cluster_snapshot import (
    RUNNING,
    SUSPENDED,
    WAITING,
    ClusterSnapshot,
    SnapshotJob,
    SnapshotPartition,
)
from rare.model import NEVER_S, Case, Cluster
from rare.run import simulate
from rare.state.arrays import (
    CANCEL,
    DROP,
    EXPIRE,
    FAIL,
    KILL,
    NO_TIME,
    RESUME,
    S_REJECTED,
    SHED,
    START,
    SUSPEND,
)
from traces.errors import InputError
from traces.jobs.workload import NO_CANCEL_S, NO_DEADLINE_S, Workload
from traces.series.held import EPOCH

if TYPE_CHECKING:
    from rare.env.policies.policy import AnyScheduler

_CHANGES = (START, RESUME, SUSPEND, SHED, KILL)
_GONE = (EXPIRE, FAIL, CANCEL, DROP)
_NUMBERS = ("submit_s", "cores", "gpus_milli", "memory_mib", "estimate_s")
_OPTIONAL = ("user", "account", "qos", "partition", "nice")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A simulated schedule on the clock of UTC seconds, without the jobs that were rejected.

    work    : (J) jobs. start_s : (J,) first starts. end_s : (J,) when each was gone; NEVER_S: not at all
    events  : EVENT records on the same clock, of jobs by their place in `work`; none where none were recorded
    cluster : the machine
    """

    work: Workload
    start_s: np.ndarray
    end_s: np.ndarray
    events: np.ndarray
    cluster: Cluster


def schedule_of_case(case: Case, scheduler: AnyScheduler, *, record: bool = True) -> Schedule:
    """Simulate a case, and return its schedule. record: whether suspensions, and jobs that
    left without an end, are to be known."""
    result = simulate(case, scheduler, record=record)
    jobs = result.jobs
    kept = np.flatnonzero(jobs["status"] != S_REJECTED)
    if len(kept) == 0:
        raise InputError("no job of the workload fits the machine")
    shift_s = utc_shift_s(case.workload)
    work = case.workload.take(kept)
    start_s, end_s = (np.asarray(jobs[name])[kept] for name in ("start_s", "end_s"))
    start_s, end_s = (np.where(each == NO_TIME, NEVER_S, each + shift_s) for each in (start_s, end_s))
    place = np.full(len(jobs), -1, np.int64)
    place[kept] = np.arange(len(kept))
    events = result.events[np.isin(result.events["event"], (*_CHANGES, *_GONE))].copy()
    events["job"], events["time_s"] = place[events["job"]], events["time_s"] + shift_s
    gone = events[np.isin(events["event"], _GONE)]
    end_s[gone["job"]] = gone["time_s"]
    events = events[np.isin(events["event"], _CHANGES)]
    return Schedule(on_utc(work), start_s, end_s, events, case.cluster)


def utc_shift_s(work: Workload) -> int:
    """From a workload's clock to UTC seconds; 0 where it has no calendar."""
    return 0 if work.origin_utc is None else int(work.origin_utc.timestamp())


def partitions_of_cluster(cluster: Cluster) -> tuple[SnapshotPartition, ...]:
    """The nodes of a simulated cluster as a snapshot has them."""
    return tuple(
        SnapshotPartition(
            part.name, part.nodes, part.cores_per_node, part.gpus_per_node, part.memory_mib_per_node
        )
        for part in cluster.partitions
    )


def snapshot_of_schedule(schedule: Schedule, taken_s: int) -> ClusterSnapshot:
    """The cluster at `taken_s`, after all that happened at this second."""
    work, start_s = schedule.work, schedule.start_s
    last = int(np.searchsorted(work.submit_s, taken_s, side="right"))
    chosen = np.flatnonzero(schedule.end_s[:last] > taken_s)
    pauses = _pauses(schedule.events, chosen, taken_s)
    given = {
        key: getattr(work, key)[chosen].tolist()
        for key in (*_NUMBERS, *_OPTIONAL)
        if getattr(work, key) is not None
    }
    given["limit_s"] = given.pop("estimate_s")
    jobs = []
    for row, index in enumerate(chosen.tolist()):
        state, suspended_s = pauses.get(index, (RUNNING, 0))
        if int(start_s[index]) > taken_s:
            state = WAITING
        jobs.append(
            SnapshotJob(
                job_id=str(work.job_id[index]),
                state=state,
                start_s=None if state == WAITING else int(start_s[index]),
                suspended_s=0 if state == WAITING else suspended_s,
                **{key: values[row] for key, values in given.items()},
            )
        )
    return ClusterSnapshot(taken_s, partitions_of_cluster(schedule.cluster), tuple(jobs))


def _pauses(events: np.ndarray, chosen: np.ndarray, taken_s: int) -> dict[int, tuple[str, int]]:
    """State and seconds suspended of jobs that were suspended or killed before `taken_s`, by their place."""
    mine = events[(events["time_s"] <= taken_s) & np.isin(events["job"], chosen)]
    state: dict[int, str] = {}
    since_s: dict[int, int] = {}
    suspended_s: dict[int, int] = {}
    for time_s, job, event in zip(*(mine[name].tolist() for name in ("time_s", "job", "event")), strict=True):
        if event in (START, RESUME):
            suspended_s[job] = suspended_s.get(job, 0) + time_s - since_s.pop(job, time_s)
            state[job] = RUNNING
        else:
            since_s[job] = time_s
            state[job] = WAITING if event == KILL else SUSPENDED
    return {job: (state[job], suspended_s.get(job, 0) + taken_s - since_s.get(job, taken_s)) for job in state}


def on_utc(work: Workload) -> Workload:
    """The same jobs on the clock of UTC seconds; the clock of a trace without a calendar begins in 1970."""
    shift_s = utc_shift_s(work)
    if shift_s == 0:
        return work
    dated = work.deadline_s < NO_DEADLINE_S
    cancel_s = work.cancel_s
    if cancel_s is not None:
        cancel_s = np.where(cancel_s < NO_CANCEL_S, cancel_s + shift_s, NO_CANCEL_S)
    return dataclasses.replace(
        work,
        submit_s=work.submit_s + shift_s,
        deadline_s=np.where(dated, work.deadline_s + shift_s, NO_DEADLINE_S),
        cancel_s=cancel_s,
        origin_utc=EPOCH,
    )
