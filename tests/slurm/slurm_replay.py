"""The same short jobs through a real Slurm: submitted at their times, and their starts and ends read back.

`python -m tests.slurm.slurm_replay VARIANT FILE.csv` runs 200 jobs through Slurm with the settings of that
variant (`VARIANTS`), which takes a quarter of an hour, and writes what happened. tests/slurm/recorded has
files that were made so; they hold times, sizes and names of QOS only.
"""

from __future__ import annotations

import csv
import random
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path

from tests.slurm.slurm_daemons import Slurm, running_slurm

NODES, CPUS_A_NODE = 8, 4
JOBS, SCALE = 200, 3
LONGEST_S = 3000.0
_COMMON = (
    "sched_min_interval=100000,batch_sched_delay=0,sched_interval=1,default_queue_depth=1000,bf_interval=1"
)
_ENFORCED = "AccountingStorageEnforce=limits,qos"


@dataclass(frozen=True, slots=True)
class Variant:
    """What a run of Slurm is set up with.

    parameters : further SchedulerParameters
    lines      : further lines of slurm.conf
    accounts   : arguments of sacctmgr, one call each
    """

    parameters: str
    lines: str = "PriorityType=priority/basic"
    accounts: tuple[str, ...] = ()

    def conf(self) -> str:
        """Its lines of slurm.conf."""
        return f"SchedulerParameters={_COMMON},{self.parameters}\n{self.lines}\n"


_QOS = (
    "add qos short Priority=100",
    "add account lab Description=lab Organization=lab",
    "add user root Account=lab",
    "modify user root set QOS+=short",
)
_FINE = "bf_resolution=1,bf_window=60,bf_max_job_test=1000,bf_busy_nodes"
_EASY = f"{_FINE},bf_job_part_count_reserve=1"
VARIANTS = {
    "easy": Variant(_EASY),
    "conservative": Variant(_FINE),
    "coarse": Variant("bf_resolution=60,bf_window=2,bf_max_job_test=20,bf_busy_nodes"),
    "multifactor": Variant(
        _EASY,
        lines="PriorityType=priority/multifactor\nPriorityWeightAge=1000\nPriorityMaxAge=0-00:10:00\n"
        f"PriorityWeightJobSize=2000\nPriorityWeightQOS=3000\nPriorityCalcPeriod=00:01:00\n{_ENFORCED}",
        accounts=_QOS,
    ),
    "limited": Variant(
        _EASY,
        lines=f"PriorityType=priority/basic\n{_ENFORCED}",
        accounts=(*_QOS, "modify qos short set MaxJobsPerUser=1"),
    ),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A job as it is submitted. offset_s: after the first one; limit_min: its time limit."""

    offset_s: float
    nodes: int
    sleep_s: int
    limit_min: int
    qos: str


@dataclass(frozen=True, slots=True)
class Record:
    """What became of a job in Slurm; times in seconds after the first submit."""

    job: int
    submit_s: int
    start_s: int
    end_s: int
    cores: int
    limit_s: int
    qos: str
    nice: int = 0


def requests(jobs: int = JOBS, scale: int = 1, seed: int = 22) -> list[Request]:
    """The jobs: whole nodes, seconds long, with time limits of whole minutes, as Slurm has them.

    scale: by which run times and the times between submits are longer.
    """
    draw = random.Random(seed)
    offset_s, made = 0.0, []
    for _ in range(jobs):
        nodes = draw.choices((1, 2, 3, 4, 6, 8), (40, 25, 10, 12, 8, 5))[0]
        sleep_s = draw.choice((1, 2, 3, 4, 5, 6, 8, 10, 14))
        limit_min = draw.choice((1, 1, 2, 3, 5))
        qos = draw.choice(("normal", "normal", "short"))
        made.append(Request(scale * offset_s, nodes, scale * sleep_s, limit_min, qos))
        offset_s += draw.expovariate(1.0) if draw.random() < 0.8 else draw.uniform(2, 5)
    return made


def replay(variant: Variant, jobs: list[Request]) -> list[Record]:
    """Run the jobs through a Slurm of its own, and what it did with them, by job number."""
    with running_slurm(variant.conf(), nodes=NODES, cpus=CPUS_A_NODE) as slurm:
        for words in variant.accounts:
            slurm.command("sacctmgr", "--immediate", *words.split())
        _submit(slurm, jobs, with_qos=bool(variant.accounts))
        return _records(slurm, jobs)


def _submit(slurm: Slurm, jobs: list[Request], with_qos: bool) -> None:
    begin = time.monotonic()
    for job in jobs:
        time.sleep(max(0.0, begin + job.offset_s - time.monotonic()))
        extra = ("-Alab", f"--qos={job.qos}") if with_qos else ()
        slurm.command(
            "sbatch",
            "--output=/dev/null",
            f"--nodes={job.nodes}",
            "--exclusive",
            f"--time={job.limit_min}",
            f"--comment={job.qos}",
            *extra,
            f"--wrap=sleep {job.sleep_s}",
        )


def _records(slurm: Slurm, jobs: list[Request]) -> list[Record]:
    limit = time.monotonic() + LONGEST_S
    while slurm.command("squeue", "--noheader").strip():
        if time.monotonic() > limit:
            raise TimeoutError("Slurm's queue is not empty")
        time.sleep(1)
    time.sleep(2)  # the last end reaches the database
    columns = "JobIDRaw,Submit,Start,End,NCPUS,TimelimitRaw"
    text = slurm.command("sacct", "-aXnP", "-S", "now-2hours", "-o", columns)
    rows = [line.split("|") for line in text.splitlines()]
    times = [[_seconds(cell) for cell in row[1:4]] for row in rows]
    first_s = min(submit_s for submit_s, _, _ in times)
    return [
        Record(int(row[0]), *(when - first_s for when in moments), int(row[4]), int(row[5]) * 60, job.qos)
        for row, moments, job in zip(rows, times, jobs, strict=True)
    ]


def _seconds(text: str) -> int:
    return int(time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S")))


def write_records(path: Path, records: list[Record]) -> None:
    """A CSV with one job a line."""
    names = [field.name for field in fields(Record)]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(record, name) for name in names] for record in records)


def read_records(path: Path) -> list[Record]:
    """What `write_records` wrote."""
    with path.open(newline="") as stream:
        return [
            Record(**{name: text if name == "qos" else int(text) for name, text in row.items()})
            for row in csv.DictReader(stream)
        ]


if __name__ == "__main__":
    write_records(Path(sys.argv[2]), replay(VARIANTS[sys.argv[1]], requests(scale=SCALE)))
