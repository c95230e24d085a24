"""A cluster at one instant: partitions, nodes, and the jobs that wait and run."""

from __future__ import annotations

from dataclasses import dataclass

from traces.errors import InputError, quoted

WAITING, RUNNING, SUSPENDED = "waiting", "running", "suspended"
STATES = (WAITING, RUNNING, SUSPENDED)


@dataclass(frozen=True, slots=True)
class SnapshotPartition:
    """Nodes of one kind that jobs are sent to.

    nodes : that are up, busy ones included
    memory_mib_per_node : None: unknown
    down  : nodes that are not there now (down, drained), beside `nodes`
    limit_s : longest time limit of a job; None: none
    """

    name: str
    nodes: int
    cores_per_node: int
    gpus_per_node: int = 0
    memory_mib_per_node: int | None = None
    down: int = 0
    limit_s: int | None = None


@dataclass(frozen=True, slots=True)
class SnapshotJob:
    """One job that waits, runs or is suspended.

    job_id    : as the scheduler writes it; of an array's task `17_3`
    submit_s, start_s, eligible_s : UTC, seconds since 1970; start_s: None while it has not started;
                eligible_s: when it may start at the earliest (None: at once)
    cores, gpus_milli, memory_mib : of the whole job (memory 0: unknown)
    limit_s   : the user's time limit; None: none
    suspended_s : how long it has been suspended in all
    held      : by its user or an administrator: it does not start until it is released
    reason    : the scheduler's word on why it waits ('' unknown)
    after     : ids of the jobs that it waits for
    """

    job_id: str
    state: str
    submit_s: int
    cores: int
    limit_s: int | None
    start_s: int | None = None
    eligible_s: int | None = None
    gpus_milli: int = 0
    memory_mib: int = 0
    suspended_s: int = 0
    partition: str = ""
    user: str = ""
    account: str = ""
    qos: str = ""
    nice: int = 0
    priority: int | None = None
    held: bool = False
    reason: str = ""
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problem = ""
        if self.state not in STATES:
            problem = f"state is {quoted(self.state)}; known: {', '.join(STATES)}"
        elif (self.start_s is None) != (self.state == WAITING):
            problem = f"it is {self.state} and its start is {self.start_s}"
        elif self.cores < 0 or self.gpus_milli < 0 or self.cores + self.gpus_milli == 0:
            problem = f"it asks for {self.cores} cores and {self.gpus_milli} thousandths of GPUs"
        elif self.limit_s is not None and self.limit_s < 0:
            problem = f"its time limit is {self.limit_s}"
        if problem:
            raise InputError(f"job {quoted(self.job_id)}: {problem}")


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """A cluster at one instant.

    taken_s    : UTC, seconds since 1970
    partitions : in the scheduler's order
    jobs       : by submit, then by id
    """

    taken_s: int
    partitions: tuple[SnapshotPartition, ...]
    jobs: tuple[SnapshotJob, ...]
