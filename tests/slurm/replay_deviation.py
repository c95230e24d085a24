"""The jobs of a Slurm's run through RARE, and how far RARE's starts are from Slurm's.

`python -m tests.slurm.replay_deviation VARIANT FILE.csv` prints it for a file of tests.slurm.slurm_replay.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rare import simulate
from rare.model import Case, Cluster, Options, Partition
from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import EACH, JobLimit
from rare.options.slurm_priority import Priority
from schedulers import make_scheduler
from tests.slurm.slurm_replay import CPUS_A_NODE, NODES, Record, read_records
from traces.jobs.workload import Workload


@dataclass(frozen=True, slots=True)
class Setting:
    """What a variant of tests.slurm.slurm_replay is in RARE."""

    scheduler: str
    backfill: BackfillOptions = BackfillOptions()
    priority: Priority | None = None
    limits: tuple[JobLimit, ...] = ()


SETTINGS = {
    "easy": Setting("easy"),
    "conservative": Setting("conservative"),
    "coarse": Setting("conservative", BackfillOptions(window_s=120, resolution_s=60, max_jobs=20)),
    "multifactor": Setting(
        "multifactor+easy",
        # Slurm's weight of 2000 is of the one core a node that a waiting job counts with; RARE's job counts
        # with whole nodes from the beginning.
        priority=Priority(
            age_weight=1000, max_age_s=600, size_weight=1250, qos_weight=3000, calc_period_s=60,
            qos=(("normal", 0), ("short", 100)),
        ),
    ),
    "limited": Setting("easy", limits=(JobLimit(qos="short", user=EACH, running_jobs=1),)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deviation:
    """RARE less Slurm. makespan, wait: of the makespan and of the mean wait [% of Slurm's]; start_s: mean
    distance of a job's start [s]; same_order: share of the pairs of jobs that start one after the other in
    both, and in the same order."""

    makespan: float
    wait: float
    start_s: float
    same_order: float

    def __str__(self) -> str:
        return (
            f"makespan {self.makespan:+.1f} %, mean wait {self.wait:+.1f} %, a start {self.start_s:.1f} s "
            f"away on average, {self.same_order:.1%} of pairs in the same order"
        )


def case_of(records: list[Record], setting: Setting) -> Case:
    """The jobs as Slurm's accounts have them: whole nodes, the time that they took, the limit as estimate."""
    work = Workload.from_columns(
        "slurm",
        job_id=[record.job for record in records],
        submit_s=[record.submit_s for record in records],
        cores=[record.cores for record in records],
        work_s=[record.end_s - record.start_s for record in records],
        estimate_s=[record.limit_s for record in records],
    )
    owners = {
        "user": np.array(["root"] * len(records), dtype=object),
        "qos": np.array([record.qos for record in records], dtype=object),
    }
    return Case(
        replace(work, **owners),
        Cluster((Partition(nodes=NODES, cores_per_node=CPUS_A_NODE),)),
        options=Options(backfill=setting.backfill),
        priority=setting.priority,
        limits=setting.limits,
    )


def compared(records: list[Record], setting: Setting) -> Deviation:
    """RARE's run of the same jobs beside Slurm's."""
    jobs = simulate(case_of(records, setting), make_scheduler(setting.scheduler)).jobs
    submit_s, start_s, end_s = (
        np.array([getattr(record, name) for record in records]) for name in ("submit_s", "start_s", "end_s")
    )
    ours_s = np.asarray(jobs["start_s"])
    span_s, our_span_s = end_s.max() - submit_s.min(), np.asarray(jobs["end_s"]).max() - submit_s.min()
    wait_s, our_wait_s = (start_s - submit_s).mean(), (ours_s - submit_s).mean()
    ahead, our_ahead = (np.sign(times[:, None] - times[None, :]) for times in (start_s, ours_s))
    apart = (ahead != 0) & (our_ahead != 0)
    return Deviation(
        float(100 * (our_span_s / span_s - 1)),
        float(100 * (our_wait_s / wait_s - 1)),
        float(np.abs(ours_s - start_s).mean()),
        float((ahead == our_ahead)[apart].mean()),
    )


if __name__ == "__main__":
    print(compared(read_records(Path(sys.argv[2])), SETTINGS[sys.argv[1]]))
