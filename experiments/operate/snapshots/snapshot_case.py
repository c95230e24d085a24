"""From a snapshot to a case: the jobs on the clock of UTC seconds, the machine, and the power to come.

A running job is submitted at its real start, where it is started by force
(experiments.operate.snapshots.snapshot_state); a waiting job keeps its submit, or the time from which on it
may start. Power is unlimited until the snapshot was taken. From then on the scenario's inputs and its newest
forecast hold.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.operate.snapshots.cluster_snapshot import RUNNING, WAITING, ClusterSnapshot, SnapshotJob
from experiments.operate.snapshots.slurm_nodes import JOINED_BY
from experiments.operate.snapshots.snapshot_checks import listed
from experiments.operate.snapshots.snapshot_limits import refused_by_limits, within_wall_limits
from experiments.operate.snapshots.snapshot_power import power_of_snapshot
from rare.job_records import placements
from rare.model import Case, Cluster, Partition
from rare.scenario.case_builder import read_limits, scenario_options
from rare.scenario.config.priority_tables import priority_of
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.cluster_inputs import make_cluster
from rare.scenario.inputs.job_inputs import with_classes, with_sensitivity
from rare.scenario.inputs.supply_inputs import make_battery
from rare.scenario.load import ALL, Loaded, load_scenario
from traces.errors import InputError, quoted
from traces.jobs.workload import Workload
from traces.numbers.constants import DAY_S
from traces.series.held import EPOCH

NO_LIMIT_S = 30 * DAY_S
"""The estimate of a job without a time limit, in a partition without one."""
HELD, LARGER, NEVER_READY, SUSPENDED_NOW = (
    "held",
    "larger than the machine",
    "waits for a job that is held or does not fit",
    "suspended",
)
NEVER_BY_REASON = (
    "PartitionTimeLimit",
    "PartitionNodeLimit",
    "DependencyNeverSatisfied",
    "BadConstraints",
    "AccountNotAllowed",
    "QOSNotAllowed",
    "InvalidAccount",
    "InvalidQOS",
    "PartitionDown",
    "PartitionInactive",
)
"""Slurm's reasons of jobs that do not start until somebody changes them, or the partition."""


class NoJobs(InputError):
    """A snapshot with nothing to simulate: no job runs, and none waits that may start.

    left_out : why, by id
    """

    def __init__(self, left_out: dict[str, str]) -> None:
        super().__init__("no job of the snapshot runs, or waits and may start")
        self.left_out = left_out


@dataclass(frozen=True, slots=True)
class SnapshotCase:
    """A case that begins before its snapshot, and what belongs to it.

    case     : its workload holds the jobs of the snapshot, then the rows of `history`; its clock is UTC
    jobs     : the snapshot's jobs in the workload's order, those that are left out not among them
    running  : (R,) int64, indices of those that run
    waiting  : (W,) int64, indices of those that wait
    left_out : why other jobs of the snapshot are not there, by id
    notes    : what a user should know of the case
    """

    snapshot: ClusterSnapshot
    case: Case
    jobs: tuple[SnapshotJob, ...]
    running: np.ndarray
    waiting: np.ndarray
    left_out: dict[str, str]
    notes: tuple[str, ...]

    @property
    def taken_s(self) -> int:
        """When the snapshot was taken, on the clock of the case."""
        return self.snapshot.taken_s


def snapshot_case(
    snapshot: ClusterSnapshot,
    loaded: Loaded | None = None,
    *,
    history: Workload | None = None,
    zone: str | None = None,
    seed: int = 0,
    classes: bool = True,
) -> SnapshotCase:
    """The case of a snapshot. NoJobs where no job is left, InputError where the scenario does not fit.

    loaded  : a scenario, for the power side; None: power without limit
    history : past jobs, for futures to draw arrivals from; in the case they stand behind all others, and they
              never arrive by themselves (snapshot_state.before_snapshot)
    zone    : of the machine's local time
    classes : whether jobs get values and deadlines by the scenario's service classes, drawn with `seed`; by
              these they may leave the queue
    """
    loaded = _of_the_whole_year(load_scenario("plain") if loaded is None else loaded)
    draw_classes = seed if classes else None
    part = _made(snapshot, loaded, history, zone, draw_classes, {})
    refused = refused_by_limits(part.case, part.waiting)
    if not refused:
        return part
    by_id = {part.jobs[row].job_id: why for row, why in refused.items()}
    return _made(snapshot, loaded, history, zone, draw_classes, by_id)


def _made(
    snapshot: ClusterSnapshot,
    loaded: Loaded,
    history: Workload | None,
    zone: str | None,
    draw_classes: int | None,
    refused: dict[str, str],
) -> SnapshotCase:
    """The case without the jobs that are refused. draw_classes: the seed of service classes; None: none."""
    record = BuildRecord()
    cluster = _cluster(snapshot, loaded, record)
    jobs, left_out = _present(snapshot, cluster, refused)
    work = _workload(snapshot, jobs, cluster, history, zone)
    _note_unknown_partitions(snapshot, jobs, placements(work, cluster), record)
    scenario = loaded.scenario
    if draw_classes is not None:
        work = with_classes(work, scenario, draw_classes)
    work = with_sensitivity(work, scenario)
    inputs, forecast = power_of_snapshot(snapshot, loaded, work, cluster, record)
    options = dataclasses.replace(scenario_options(scenario), kill_at_estimate=False)
    battery = make_battery(scenario, cluster, record)
    case = Case(
        work,
        cluster,
        inputs,
        battery,
        options,
        begin_s=int(inputs.change_s[0]),
        forecast=forecast,
        priority=priority_of(scenario.priority),
        limits=read_limits(scenario, cluster),
    )
    states = np.array([job.state for job in jobs], dtype=object)
    limits_s = {one.name: one.limit_s for one in snapshot.partitions}
    unlimited = np.zeros(len(work), bool)
    unlimited[: len(jobs)] = [
        not (job.limit_s or limits_s.get(place_name(job.partition, snapshot))) for job in jobs
    ]
    least_s = np.zeros(len(work), np.int64)
    running = np.flatnonzero(states == RUNNING)
    least_s[running] = snapshot.taken_s - work.submit_s[running] + 60
    case = within_wall_limits(case, unlimited, least_s)
    return SnapshotCase(
        snapshot,
        case,
        tuple(jobs),
        running,
        np.flatnonzero(states == WAITING),
        left_out,
        tuple(record.notes),
    )


def _of_the_whole_year(loaded: Loaded) -> Loaded:
    """The scenario without its window: the snapshot says when it is."""
    return dataclasses.replace(loaded, scenario=loaded.scenario.model_copy(update={"window": ALL}))


def submit_in_case_s(job: SnapshotJob, taken_s: int) -> int:
    """When a job arrives in the case: at its start, later by what it was suspended; or when it may start.

    A start is before the snapshot and a submit not after it, whatever the clocks of machines say.
    """
    if job.start_s is not None:
        return min(job.start_s + job.suspended_s, taken_s - 1)
    return max(min(job.submit_s, taken_s), job.eligible_s or 0)


def place_name(partition: str, snapshot: ClusterSnapshot) -> str:
    """The snapshot's partition in which jobs of one of Slurm's partitions run; '' for any."""
    for one in snapshot.partitions:
        if partition == one.name:
            return one.name
    for one in snapshot.partitions:
        if partition in one.name.split(JOINED_BY):
            return one.name
    return ""


# --- the machine ------------------------------------------------------------------------------------------


def _cluster(snapshot: ClusterSnapshot, loaded: Loaded, record: BuildRecord) -> Cluster:
    """The snapshot's nodes with the scenario's powers, and as many more as the running jobs hold."""
    cores = max(1, sum(one.nodes * one.cores_per_node for one in snapshot.partitions))
    scenario = loaded.scenario
    sized = scenario.model_copy(
        update={"workload": scenario.workload.model_copy(update={"processors": None})}
    )
    given = make_cluster(sized, Workload.from_columns("snapshot", submit_s=[0], work_s=[0], processors=cores))
    by_name = {part.name: part for part in given.partitions}
    partitions = []
    for one in snapshot.partitions:
        powers = by_name.get(one.name, given.partitions[0])
        partition = dataclasses.replace(
            powers,
            name=one.name,
            nodes=max(one.nodes, 1),
            cores_per_node=one.cores_per_node,
            gpus_per_node=one.gpus_per_node,
            memory_mib_per_node=one.memory_mib_per_node,
        )
        partitions.append(_with_room(partition, snapshot, record))
    return dataclasses.replace(given, partitions=tuple(partitions))


def _with_room(partition: Partition, snapshot: ClusterSnapshot, record: BuildRecord) -> Partition:
    """The partition, large enough for the jobs that run in it."""
    first = snapshot.partitions[0].name
    running = [
        job
        for job in snapshot.jobs
        if job.state == RUNNING and (place_name(job.partition, snapshot) or first) == partition.name
    ]
    nodes = partition.nodes
    for used, per_node in (
        (sum(job.cores for job in running), partition.cores_per_node),
        (sum(job.gpus_milli for job in running), 1000 * partition.gpus_per_node),
    ):
        nodes = max(nodes, -(-used // per_node)) if per_node else nodes
    if nodes > partition.nodes:
        record.note(
            f"partition {partition.name}: the running jobs hold {nodes} nodes and {partition.nodes} are "
            f"there; {nodes} are simulated"
        )
    memory = partition.memory_mib_per_node
    if memory is not None and sum(job.memory_mib for job in running) > nodes * memory:
        record.note(f"partition {partition.name}: its jobs hold more memory than it has; memory is left out")
        memory = None
    return dataclasses.replace(partition, nodes=nodes, memory_mib_per_node=memory)


# --- the jobs ---------------------------------------------------------------------------------------------


def _present(
    snapshot: ClusterSnapshot, cluster: Cluster, refused: dict[str, str]
) -> tuple[list[SnapshotJob], dict[str, str]]:
    """The jobs of the case in its order, and why others are left out. refused: by limits, by id."""
    left_out = dict(refused)
    for job in snapshot.jobs:
        if job.held:
            left_out[job.job_id] = HELD
        elif job.state == WAITING and job.reason in NEVER_BY_REASON:
            left_out[job.job_id] = job.reason
        elif job.state not in (RUNNING, WAITING):
            left_out[job.job_id] = SUSPENDED_NOW
    here = [job for job in snapshot.jobs if job.job_id not in left_out]
    if here:
        probe = Workload.from_columns(
            "snapshot",
            submit_s=np.zeros(len(here), np.int64),
            work_s=np.zeros(len(here), np.int64),
            cores=[job.cores for job in here],
            gpus_milli=[job.gpus_milli for job in here],
            memory_mib=[job.memory_mib for job in here],
            partition=[place_name(job.partition, snapshot) for job in here],
        )
        for job, part in zip(here, placements(probe, cluster).tolist(), strict=True):
            if part < 0:
                left_out[job.job_id] = LARGER
    grown = True
    while grown:  # who waits for a job that never starts never starts
        blocked = [
            job.job_id
            for job in snapshot.jobs
            if job.job_id not in left_out
            and any(left_out.get(one, SUSPENDED_NOW) != SUSPENDED_NOW for one in job.after)
        ]
        left_out.update(dict.fromkeys(blocked, NEVER_READY))
        grown = bool(blocked)
    kept = [job for job in snapshot.jobs if job.job_id not in left_out]
    if not kept:
        raise NoJobs(left_out)
    return sorted(kept, key=lambda job: submit_in_case_s(job, snapshot.taken_s)), left_out


def _note_unknown_partitions(
    snapshot: ClusterSnapshot, jobs: list[SnapshotJob], places: np.ndarray, record: BuildRecord
) -> None:
    """Note the jobs whose partition is not there: the name counts as none (RULES §2.2)."""
    found: dict[tuple[str, str], list[str]] = {}
    for job, place in zip(jobs, places[: len(jobs)].tolist(), strict=True):
        if job.partition and not place_name(job.partition, snapshot):
            found.setdefault((job.partition, snapshot.partitions[place].name), []).append(job.job_id)
    for (name, placed), ids in found.items():
        record.note(
            f"{listed(ids)}: partition {quoted(name)} is not in the snapshot; the name counts as none, and "
            f"the first partition where the job fits is taken, {quoted(placed)}"
        )


def _workload(
    snapshot: ClusterSnapshot,
    jobs: list[SnapshotJob],
    cluster: Cluster,
    history: Workload | None,
    zone: str | None,
) -> Workload:
    """The jobs of the case, then those of the history with ids of their own."""
    limits = {one.name: one.limit_s for one in snapshot.partitions}
    names = {job.job_id for job in jobs}
    estimate_s = [
        max(job.limit_s or limits.get(place_name(job.partition, snapshot)) or NO_LIMIT_S, 1) for job in jobs
    ]
    # until a future draws another run time, a job ends at its limit, or soon if it is past that
    work_s = [
        max(limit_s, snapshot.taken_s - submit_in_case_s(job, snapshot.taken_s) + 60)
        if job.state == RUNNING
        else limit_s
        for job, limit_s in zip(jobs, estimate_s, strict=True)
    ]
    columns: dict[str, Any] = {
        "job_id": [f"job {job.job_id}" for job in jobs],
        "submit_s": [submit_in_case_s(job, snapshot.taken_s) for job in jobs],
        "work_s": list(work_s),
        "estimate_s": list(estimate_s),
        "partition": [place_name(job.partition, snapshot) for job in jobs],
        "after": [tuple(f"job {one}" for one in job.after if one in names) for job in jobs],
    }
    for key in ("cores", "gpus_milli", "memory_mib", "user", "account", "qos", "nice"):
        columns[key] = [getattr(job, key) for job in jobs]
    if history is not None:
        rows, after_s = len(history), max(columns["submit_s"]) + 1
        for key, of_history in _history_columns(history, snapshot, after_s).items():
            columns[key] = [*columns[key], *of_history]
        columns["after"] = [*columns["after"], *[()] * rows]
    if not any(columns["after"]):
        del columns["after"]
    return Workload.from_columns("snapshot", origin_utc=EPOCH, zone=zone, processors=cluster.cores, **columns)


def _history_columns(history: Workload, snapshot: ClusterSnapshot, after_s: int) -> dict[str, list[Any]]:
    """The past jobs, moved behind the others: submits from `after_s` on."""
    rows = len(history)
    columns: dict[str, list[Any]] = {"job_id": [f"past {place}" for place in range(rows)]}
    for key in ("submit_s", "work_s", "estimate_s", "cores", "gpus_milli", "memory_mib"):
        columns[key] = getattr(history, key).tolist()
    columns["submit_s"] = (history.submit_s - int(history.submit_s[0]) + after_s).tolist()
    for key, silent in (("user", ""), ("account", ""), ("qos", ""), ("nice", 0)):
        values = getattr(history, key)
        columns[key] = [silent] * rows if values is None else values.tolist()
    names = [""] * rows if history.partition is None else history.partition.tolist()
    columns["partition"] = [place_name(name, snapshot) or name for name in names]
    return columns
