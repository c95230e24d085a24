"""Jobs of every ending on a real Slurm, for its accounts.

`python -m tests.slurm.accounted_jobs FOLDER` starts a Slurm, runs them, and writes what sacct and sacctmgr
print: the files in tests/traces/jobs/sacct/recorded. The one user of that Slurm gets other names in them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

from tests.slurm.slurm_daemons import Slurm, running_slurm

FIELDS = (
    "JobID,JobIDRaw,Cluster,User,Group,Account,QOS,Partition,JobName,State,ExitCode,Submit,Eligible,Start,End,"
    "Suspended,Elapsed,ElapsedRaw,Timelimit,TimelimitRaw,AllocCPUS,ReqCPUS,NCPUS,AllocNodes,ReqNodes,NNodes,"
    "ReqMem,AllocTRES,ReqTRES,NodeList"
)
SACCT = ("sacct", "-P", "-a", "-S", "2020-01-01", "-o")
PARTITIONS = """\
PartitionName=main Nodes=n[1-4] Default=YES MaxTime=60 State=UP
PartitionName=debug Nodes=n1 MaxTime=10 State=UP PriorityJobFactor=5
"""
WAIT_S = 180.0


def wait_for(ready: Callable[[], bool], what: str) -> None:
    """Wait until `ready` says so; AssertionError after WAIT_S."""
    limit = time.monotonic() + WAIT_S
    while not ready():
        assert time.monotonic() < limit, what
        time.sleep(0.5)


def submit(slurm: Slurm, name: str, script: str, *options: str) -> str:
    """Submit a job; its id."""
    words = ("sbatch", "--parsable", "--output=/dev/null", f"--job-name={name}", *options, f"--wrap={script}")
    return slurm.command(*words).strip()


def state(slurm: Slurm, job: str) -> str:
    """The state of a job in the queue; empty once it has left."""
    rows = slurm.command("squeue", "--noheader", "--format=%i %T").splitlines()
    return next((row.split()[1] for row in rows if row.split()[0] == job), "")


def run_all(slurm: Slurm) -> dict[str, str]:
    """Run jobs that end in every way; (name -> id). Takes two minutes: the shortest time limit is one."""
    jobs = {
        "over": submit(slurm, "over", "sleep 300", "-n1", "-t1"),
        "done": submit(slurm, "done", "sleep 4", "-n2", "-t5"),
        "odd": submit(slurm, "odd|name", "sleep 2", "-n1", "-t5", "--mem=100M"),
        "fails": submit(slurm, "fails", "sleep 1; exit 3", "-n1", "-t5", "--mem-per-cpu=50M"),
        "steps": submit(slurm, "steps", "srun true; sleep 1", "-n1", "-t5", "-pdebug"),
        "cancelled": submit(slurm, "cancelled", "sleep 300", "-n1", "-t10"),
        "again": submit(
            slurm, "again", 'test "$SLURM_RESTART_COUNT" = 1 || sleep 300', "-n1", "-t10", "--requeue"
        ),
        "suspended": submit(slurm, "suspended", "sleep 6", "-n1", "-t10"),
    }
    for name in ("over", "cancelled", "again", "suspended"):
        wait_for(lambda name=name: state(slurm, jobs[name]) == "RUNNING", f"{name} runs")  # type: ignore[misc]
    slurm.command("scontrol", "suspend", jobs["suspended"])
    slurm.command("scancel", jobs["cancelled"])
    jobs["given up"] = submit(slurm, "given-up", "sleep 9", "-n8", "-t10")
    jobs["held"] = submit(slurm, "held", "sleep 9", "-n1", "-t10", "--hold")
    jobs["tasks given up"] = submit(slurm, "tasks", "sleep 9", "-n8", "-t10", "--array=1-4")
    time.sleep(3)
    slurm.command("scontrol", "resume", jobs["suspended"])
    slurm.command("scontrol", "requeue", jobs["again"])
    for name in ("given up", "held", "tasks given up"):
        slurm.command("scancel", jobs[name])
    slurm.command("scontrol", "update", f"JobId={jobs['again']}", "StartTime=now")
    jobs["array"] = submit(slurm, "array", "sleep 2", "-n1", "-t5", "--array=1-4%2")
    jobs["follows"] = submit(
        slurm, "follows", "sleep 1", "-n1", "-t5", f"--dependency=afterok:{jobs['done']}"
    )
    jobs["parts"] = slurm.command(
        "sbatch",
        "--parsable",
        "--output=/dev/null",
        "--job-name=parts",
        "-n1",
        "-t5",
        "--wrap=sleep 2",
        ":",
        "-n2",
    ).strip()
    wait_for(lambda: not state(slurm, jobs["over"]), "over ends")
    wait_for(lambda: not slurm.command("squeue", "--noheader").strip(), "all jobs end")
    jobs["running"] = submit(slurm, "running", "sleep 300", "-n2", "-t5")
    wait_for(lambda: state(slurm, jobs["running"]) == "RUNNING", "running runs")
    jobs["pending"] = submit(slurm, "pending", "sleep 300", "-n8", "-t5", "--array=4-9%2")
    # Slurm tells its database of starts some seconds later.
    known = ("sacct", "-anXP", "-S", "2020-01-01", "-E", "now", "-o", "JobIDRaw,State")
    row = f"{jobs['running']}|RUNNING"
    wait_for(lambda: row in slurm.command(*known).splitlines(), "the database knows of the running job")
    return jobs


def record(folder: Path) -> None:
    """Write what a Slurm's accounts print, with names of users that do not exist."""
    with running_slurm(partitions=PARTITIONS) as slurm:
        manager = ("sacctmgr", "-i")
        slurm.command(*manager, "add", "account", "physics", "fairshare=20")
        slurm.command(*manager, "add", "account", "climate", "parent=physics", "fairshare=5", "GrpJobs=10")
        for user in ("ada", "ben"):
            slurm.command(*manager, "add", "user", user, "account=climate", "fairshare=2", "MaxJobs=3")
        slurm.command(
            *manager, "add", "user", "cleo", "account=physics", "MaxWall=1-00:00:00", "GrpTRES=cpu=64"
        )
        long = ("Priority=10", "MaxWall=7-0", "MaxJobsPU=4", "MaxTRESPU=cpu=128", "GrpTRES=cpu=512")
        slurm.command(*manager, "add", "qos", "long")
        slurm.command(*manager, "modify", "qos", "long", "set", *long, "Flags=DenyOnLimit")
        columns = (
            "Cluster,Account,User,Partition,ParentName,Share,GrpJobs,GrpTRES,MaxJobs,MaxSubmit,MaxWall,QOS"
        )
        files = {
            "associations.txt": slurm.command("sacctmgr", "-P", "show", "assoc", "tree", f"format={columns}"),
            "qos.txt": slurm.command("sacctmgr", "-P", "show", "qos"),
        }
        run_all(slurm)
        files["steps.txt"] = slurm.command(*SACCT, FIELDS, "-D")
        files["jobs-only.txt"] = slurm.command(*SACCT, FIELDS, "-D", "-X")
        files["latest-tries.txt"] = slurm.command(*SACCT, FIELDS)
        few = "State,Elapsed,Timelimit,Submit,Start,End,User,Partition,JobID,ReqCPUS,AllocCPUS,AllocNodes"
        files["semicolons.txt"] = slurm.command(*SACCT, few, "-D", "-X", "--delimiter=;")
        files["padded.txt"] = slurm.command("sacct", "-a", "-S", "2020-01-01", "-X")
        files["seconds.txt"] = slurm.command("env", "SLURM_TIME_FORMAT=%s", *SACCT, FIELDS, "-D", "-X")
    for name, text in files.items():
        if name in ("associations.txt", "qos.txt"):
            changed = text
        elif name == "padded.txt":
            changed = text.replace("root", "abcd")
        else:
            changed = renamed(text, ";" if name == "semicolons.txt" else "|")
        (folder / name).write_text(changed, encoding="utf-8")


def renamed(text: str, mark: str) -> str:
    """The text with two users, by turns of ids, in place of the one that ran everything."""
    header, *lines = text.splitlines()
    names = header.split(mark)
    renamed_lines = [header]
    for line in lines:
        cells = line.split(mark)
        user = ("ada", "ben")[int("".join(takewhile(str.isdecimal, cells[names.index("JobID")]))) % 2]
        for name, other in (("User", user), ("Group", "staff"), ("Account", "climate")):
            if name in names and cells[names.index(name)]:
                cells[names.index(name)] = other
        renamed_lines.append(mark.join(cells))
    return "\n".join(renamed_lines) + "\n"


if __name__ == "__main__":
    record(Path(sys.argv[1]))
