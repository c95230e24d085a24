"""Priorities of a real Slurm as it prints them, and the same of RARE for the same jobs.

`python -m tests.slurm.priority_record FILE` runs three Slurms for twelve minutes and writes what they print.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import rare
from rare.clocks.simpy_clock import SimpyClock
from rare.model import Case, Cluster, Partition
from rare.options.slurm_priority import Priority, PriorityShare
from rare.rules.priority.multifactor import age_s, priority_of
from rare.state.priority_arrays import MULTIFACTOR
from schedulers import make_scheduler
from tests.slurm.slurm_daemons import Slurm, running_slurm
from traces.jobs.workload import Workload

NODES, CPUS = 4, 4
CONF = """\
PriorityType=priority/multifactor
PriorityDecayHalfLife=10
PriorityCalcPeriod=1
PriorityMaxAge=20
PriorityWeightAge=1000000
PriorityWeightJobSize=1000000
PriorityWeightPartition=100000
PriorityWeightQOS=100000
PriorityWeightFairshare=1000000
AccountingStorageEnforce=associations,limits
DebugFlags=Priority
SlurmctldDebug=verbose
"""
CLASSIC = "PriorityFlags=NO_FAIR_TREE\nPriorityFavorSmall=YES\n"
PARTITIONS = """\
PartitionName=main Nodes=n[1-3] Default=YES MaxTime=60 State=UP PriorityJobFactor=10
PartitionName=fast Nodes=n4 MaxTime=60 State=UP PriorityJobFactor=40
"""
RULES: dict[str, Any] = {
    "age_weight": 1_000_000,
    "max_age_s": 1200,
    "size_weight": 1_000_000,
    "partition_weight": 100_000,
    "qos_weight": 100_000,
    "fair_share_weight": 1_000_000,
    "half_life_s": 600,
    "calc_period_s": 60,
    "qos": (("normal", 10), ("high", 40)),
    "partition": (("main", 10), ("fast", 40)),
}
#: account, user, parent, shares. The users are those that Debian has; "root" is Slurm's own association.
SHARES = (
    ("root", "root", "", 1),
    ("phys", "", "", 3),
    ("chem", "", "", 2),
    ("lab", "", "chem", 2),
    ("phys", "daemon", "", 2),
    ("phys", "bin", "", 1),
    ("chem", "games", "", 1),
    ("chem", "man", "", 1),
    ("lab", "mail", "", 1),
)
#: user, account, partition, cores, seconds, further words of sbatch. The first ones start, the others wait.
RUNNING = (
    ("daemon", "phys", "main", 8, 400, ()),
    ("games", "chem", "main", 4, 25, ()),
    ("bin", "phys", "fast", 4, 400, ()),
)
WAITING = (
    ("daemon", "phys", "main", 5, 9, ()),
    ("bin", "phys", "main", 12, 9, ("--qos=high",)),
    ("games", "chem", "main", 7, 9, ("--nice=1234",)),
    ("man", "chem", "main", 9, 9, ()),
    ("mail", "lab", "fast", 3, 9, ()),
    ("mail", "lab", "main", 11, 9, ("--nice=17",)),
    ("bin", "phys", "fast", 1, 9, ()),
    ("man", "chem", "fast", 4, 9, ("--qos=high", "--nice=-50")),
)
_FIELDS = ("job", "age", "fair_share", "size", "partition", "qos", "nice", "priority")
Record = dict[str, Any]


# --- the real Slurm -----------------------------------------------------------------------------------------


def open_spool(slurm: Slurm) -> None:
    """Let jobs of other users reach their scripts."""
    for folder in (slurm.folder / "spool", *(slurm.folder / "spool").iterdir()):
        os.chmod(folder, 0o711)


def add_accounts(slurm: Slurm) -> None:
    """Accounts, users and QOS of SHARES."""
    for account, user, parent, shares in SHARES:
        if account == "root":
            continue
        what = ["user", user, f"account={account}"] if user else ["account", account]
        more = [f"parent={parent}"] if parent else []
        slurm.command("sacctmgr", "-i", "add", *what, *more, f"share={shares}")
    slurm.command("sacctmgr", "-i", "modify", "qos", "normal", "set", "priority=10")
    slurm.command("sacctmgr", "-i", "add", "qos", "high", "priority=40")
    users = ",".join(user for account, user, *_ in SHARES if user and account != "root")
    slurm.command("sacctmgr", "-i", "modify", "user", users, "set", "qos+=high")


def submit(slurm: Slurm, job: tuple[str, str, str, int, int, tuple[str, ...]]) -> int:
    """Submit a job as its user; its id."""
    user, account, partition, cores, seconds, more = job
    return int(
        slurm.command(
            "sbatch", f"--uid={user}", "-A", account, "-p", partition, "-n", str(cores),
            "-N", str(-(-cores // CPUS)), "-t", "10", "-o", "/dev/null", "--chdir=/", "--parsable", *more,
            f"--wrap=sleep {seconds}",
        )
    )  # fmt: skip


def marks(slurm: Slurm) -> list[int]:
    """When Slurm has computed usage and priorities so far [s since 1970]."""
    log = (slurm.folder / "log/slurmctld.log").read_text()
    found = re.findall(r"\[(\S+?)\.\d+\] .*_decay_thread.*Decay factor over", log)
    return [int(datetime.fromisoformat(text).timestamp()) for text in found]


def wait_for_mark(slurm: Slurm, count: int) -> None:
    """Wait until there have been so many marks, and a moment for what follows of the last one."""
    limit = time.monotonic() + 75 * count
    while len(marks(slurm)) < count:
        assert time.monotonic() < limit, "Slurm has computed no priorities"
        time.sleep(0.5)
    time.sleep(1.5)


def record_factors(slurm: Slurm) -> Record:
    """Fill the machine, let jobs wait over two marks, and note what sprio and sshare print after each."""
    open_spool(slurm)
    add_accounts(slurm)
    wait_for_mark(slurm, len(marks(slurm)) + 1)
    jobs = [submit(slurm, job) for job in RUNNING]
    time.sleep(5)
    jobs += [submit(slurm, job) for job in WAITING]
    printed = []
    for _ in range(2):
        wait_for_mark(slurm, len(marks(slurm)) + 1)
        printed.append(
            {
                "sprio": slurm.command("sprio", "-h", "-o", "%i|%A|%F|%J|%P|%Q|%N|%Y"),
                "sshare": slurm.command("sshare", "-h", "-a", "-P", "-o", "Account,User,RawUsage,FairShare"),
            }
        )
    times = slurm.command("sacct", "-aXnP", "-o", "JobID,Submit,Start,End")
    return {"marks": marks(slurm)[-3:], "jobs": jobs, "sacct": times, "printed": printed}


# --- RARE ---------------------------------------------------------------------------------------------------


def times_of(printed: str) -> dict[int, list[int]]:
    """Submit, start and end of each job that sacct prints [s since 1970]; 0: not yet."""
    found = {}
    for line in printed.splitlines():
        number, *stamps = line.split("|")
        found[int(number)] = [
            0 if stamp == "Unknown" else int(datetime.fromisoformat(stamp).timestamp()) for stamp in stamps
        ]
    return found


def priority_rules(**changes: Any) -> Priority:
    """The same weights and shares as Slurm has."""
    return Priority(**{**RULES, **changes}, shares=tuple(PriorityShare(*share) for share in SHARES))


def _nice(words: Iterable[str]) -> int:
    return next((int(word.partition("=")[2]) for word in words if word.startswith("--nice")), 0)


def case_of(record: Record, **changes: Any) -> Case:
    """The same jobs from the first mark on. What runs in Slurm starts here as it comes."""
    times = times_of(record["sacct"])
    mark_s = record["marks"][0]
    rows = []
    for number, job in zip(record["jobs"], (*RUNNING, *WAITING), strict=True):
        submit_s, start_s, end_s = times[number]
        lasts_s = end_s - start_s if end_s else job[4]
        rows.append(((start_s or submit_s) - mark_s, lasts_s, *job))
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]
    jobs = Workload.from_columns(
        "slurm",
        submit_s=columns[0],
        work_s=columns[1],
        user=np.array(columns[2], object),
        account=np.array(columns[3], object),
        partition=np.array(columns[4], object),
        cores=columns[5],
        qos=np.array(["high" if "--qos=high" in words else "normal" for words in columns[7]], object),
        nice=np.array([_nice(words) for words in columns[7]]),
        job_id=record["jobs"],
    )
    cluster = Cluster(
        (Partition("main", nodes=3, cores_per_node=CPUS), Partition("fast", nodes=1, cores_per_node=CPUS))
    )
    return Case(jobs, cluster, rare.constant_inputs(), priority=priority_rules(**changes), begin_s=0)


def priorities_at(case: Case, at_s: int) -> tuple[dict[int, dict[str, float]], dict[tuple[str, str], float]]:
    """({id of a waiting job: each part of its priority}, {(account, user): usage}) at a time of the case."""
    clock = SimpyClock.of(case, make_scheduler("multifactor+greedy"))
    clock.step_until(at_s)
    world, handle = clock.world, clock.world.handles[0]
    assert world.env[0].order == MULTIFACTOR
    rules = case.priority
    assert rules is not None
    waiting = {}
    for row in world.live[0]:
        if row.doing != 1:
            continue
        job = int(row.job)
        priority = float(priority_of(handle, job))  # first: it finds the factors
        age = min(age_s(handle, job, world.env[0].marked_s) / rules.max_age_s, 1.0)
        factor = world.associations[0][world.standings[job].association].factor
        waiting[int(case.workload.job_id[job])] = {
            "age": rules.age_weight * age,
            "fair_share": rules.fair_share_weight * float(factor),
            "priority": priority,
        }
    usage = {}
    for job, standing in enumerate(world.standings):
        name = (str(case.workload.account[job]), str(case.workload.user[job]))
        usage[name] = float(world.associations[0][standing.association].usage)
    return waiting, usage


def deviations(record: Record, **changes: Any) -> dict[str, float]:
    """Largest difference of each part between Slurm and RARE over all waiting jobs and both marks.

    In points; of `usage` in core-seconds. `rest`: size, partition, QOS and nice, as what is left of ours.
    """
    case = case_of(record, **changes)
    worst = dict.fromkeys(("age", "fair_share", "rest", "priority", "usage"), 0.0)
    for mark_s, printed in zip(record["marks"][1:], record["printed"], strict=True):
        ours, usage = priorities_at(case, mark_s - record["marks"][0] + 1)
        for line in printed["sprio"].splitlines():
            theirs = dict(zip(_FIELDS, map(int, line.replace(" ", "").split("|")), strict=True))
            own = ours[theirs["job"]]
            for name in ("age", "fair_share", "priority"):
                worst[name] = max(worst[name], abs(own[name] - theirs[name]))
            rest = theirs["size"] + theirs["partition"] + theirs["qos"] - theirs["nice"]
            worst["rest"] = max(worst["rest"], abs(own["priority"] - own["age"] - own["fair_share"] - rest))
        for line in printed["sshare"].splitlines():
            account, user, used, _ = (text.strip() for text in line.split("|"))
            if (account, user) in usage:
                worst["usage"] = max(worst["usage"], abs(usage[account, user] - int(used)))
    return worst


# --- the order of starts ------------------------------------------------------------------------------------

ORDER_CONF = CONF.replace("PriorityMaxAge=20", "PriorityMaxAge=60")
SHORT_JOBS = 60
_WHO = (("daemon", "phys"), ("bin", "phys"), ("games", "chem"), ("mail", "lab"))


def record_order(slurm: Slurm) -> Record:
    """Let 60 short jobs of four users queue up behind one on one core; their submits, starts and ends."""
    open_spool(slurm)
    add_accounts(slurm)
    wait_for_mark(slurm, len(marks(slurm)) + 1)
    first_mark_s = marks(slurm)[-1]
    jobs = [(*_WHO[0], "main", 1, 15, ())]
    for number in range(SHORT_JOBS):
        user, account = _WHO[number * number % 7 % len(_WHO)]
        jobs.append((user, account, "main", 1, 1 + number % 4, (f"--nice={number * 37 % 5}",)))
    ids = [submit(slurm, (*job[:3], *job[3:])) for job in jobs]
    limit = time.monotonic() + 600
    while slurm.command("squeue", "-h").strip() and time.monotonic() < limit:
        time.sleep(1)
    time.sleep(4)
    printed = slurm.command("sacct", "-aXnP", "-o", "JobID,Submit,Start,End")
    return {"mark": first_mark_s, "jobs": [[number, *job] for number, job in zip(ids, jobs, strict=True)],
            "sacct": printed}  # fmt: skip


def compare_order(record: Record) -> tuple[list[int], list[int], list[int], list[int]]:
    """(ids in the order of Slurm's starts, in that of RARE's, Slurm's starts, RARE's), starts in seconds.

    In RARE all comes as much later as Slurm takes to start the first job, and a job lasts until the next one
    starts in Slurm, so that its daemons' own work counts.
    """
    times = {
        number: [second - record["mark"] for second in seconds]
        for number, seconds in times_of(record["sacct"]).items()
    }
    theirs = sorted(times, key=lambda number: (times[number][1], number))
    lasts = {a: times[b][1] - times[a][1] for a, b in zip(theirs, theirs[1:], strict=False)}
    late_s = times[theirs[0]][1] - times[theirs[0]][0]  # until Slurm's first start
    rows = [
        (times[number][0] + late_s, lasts.get(number, 1), user, account, number, words)
        for number, user, account, _, _, _, words in record["jobs"]
    ]
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]
    jobs = Workload.from_columns(
        "order", submit_s=columns[0], work_s=columns[1], job_id=columns[4],
        user=np.array(columns[2], object), account=np.array(columns[3], object),
        nice=np.array([_nice(words) for words in columns[5]]),
    )  # fmt: skip
    rules = priority_rules(max_age_s=3600, partition=(), qos=())
    case = Case(jobs, Cluster((Partition("main"),)), rare.constant_inputs(), priority=rules, begin_s=0)
    result = rare.simulate(case, make_scheduler("multifactor"))
    starts = dict(zip(jobs.job_id.tolist(), result.jobs["start_s"].tolist(), strict=True))
    ours = sorted(starts, key=lambda number: (starts[number], number))
    return theirs, ours, [times[n][1] for n in theirs], [starts[n] for n in theirs]


if __name__ == "__main__":
    records = {}
    for kind, conf in (("tree", CONF), ("classic", CONF + CLASSIC)):
        with running_slurm(more=conf, nodes=NODES, cpus=CPUS, partitions=PARTITIONS) as started:
            records[kind] = record_factors(started)
    with running_slurm(more=ORDER_CONF, nodes=1, cpus=1) as started:
        records["order"] = record_order(started)
    Path(sys.argv[1]).write_text(json.dumps(records, indent=1) + "\n")
