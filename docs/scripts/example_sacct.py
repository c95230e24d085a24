"""Writes examples/own-cluster/sacct.txt: `python -m docs.scripts.example_sacct`.

Accounting of a cluster that does not exist, as `sacct -D -X -P` prints it. The jobs are of Lublin and
Feitelson's model, with estimates by Tsafrir and others, and EASY backfilling started them. The file also has
what every X local times go through the end of summer time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from docs.scripts.docs_pages import ROOT
from rare.model import Case, Cluster, Partition
from rare.run import simulate
from schedulers import make_scheduler
from traces.jobs.workload import Workload
from traces.synthetic import lublin, with_estimates

FILE = ROOT / "examples" / "own-cluster" / "sacct.txt"
JOBS, NODES, CORES_PER_NODE, SEED = 1500, 32, 8, 1
LIMIT_S, LOAD, REQUEUE_S = 24 * 3600, 0.75, 120
BEGIN_UTC, ZONE = datetime(2025, 10, 14, tzinfo=UTC), ZoneInfo("Europe/Paris")
ACCOUNTS = {"climate": 5, "genomics": 4, "physics": 6}
"""Users of each account."""
COLUMNS = (
    "JobID", "JobName", "User", "Account", "Partition", "QOS", "State", "Submit", "Eligible", "Start", "End",
    "Elapsed", "Suspended", "Timelimit", "NNodes", "AllocCPUS", "ReqCPUS", "ReqMem", "AllocTRES",
)  # fmt: skip
NAMES = ("run_model", "align", "preproc", "sweep|lr", "train", "post")
"""One has a bar in it, which is the delimiter too."""


def main() -> None:
    """Write the file."""
    jobs = with_estimates(
        lublin(processors=NODES * CORES_PER_NODE, jobs=JOBS, load=LOAD, seed=SEED),
        seed=SEED,
        max_estimate_s=LIMIT_S,
    )
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("|".join(COLUMNS) + "\n" + "".join(_rows(jobs, _starts_s(jobs))))


def _starts_s(jobs: Workload) -> np.ndarray:
    """(J,) start of each job under EASY backfilling."""
    cluster = Cluster((Partition("batch", nodes=NODES, cores_per_node=CORES_PER_NODE),))
    return np.asarray(simulate(Case(jobs, cluster), make_scheduler("easy")).jobs["start_s"])


def _rows(jobs: Workload, starts_s: np.ndarray) -> Iterator[str]:
    """A row for each job, a second one for those that a node failure threw back."""
    rng = np.random.default_rng(SEED)
    users = [(f"{account[:3]}{k}", account) for account, count in ACCOUNTS.items() for k in range(count)]
    weights = 1 / np.arange(1, len(users) + 1)
    order = rng.permutation(len(users))
    for row in range(len(jobs)):
        user, account = users[order[rng.choice(len(users), p=weights / weights.sum())]]
        cores, work_s, start_s = int(jobs.cores[row]), int(jobs.work_s[row]), int(starts_s[row])
        submit_s, limit_s = int(jobs.submit_s[row]), max(60, -(-int(jobs.estimate_s[row]) // 60) * 60)
        state, end_s, allocated = "COMPLETED", start_s + work_s, cores
        draw = rng.random()
        if work_s >= limit_s:
            state, end_s = "TIMEOUT", start_s + limit_s
        elif draw < 0.06:
            state, end_s = "FAILED", start_s + int(work_s * rng.random())
        elif draw < 0.09:
            state, end_s = "CANCELLED by 1001", start_s + int(work_s * rng.random())
        elif draw < 0.11 and start_s > submit_s + 120:
            state, end_s = "CANCELLED by 1001", submit_s + int((start_s - submit_s) * rng.random())
            start_s, allocated = -1, 0
        words = _words(row, user, account, cores, limit_s, rng)
        broken_s = start_s + int(work_s * rng.random())
        if 0.11 <= draw < 0.12 and broken_s + REQUEUE_S < end_s:
            yield _row(words | _times("NODE_FAIL", submit_s, start_s, broken_s) | _allocated(cores))
            submit_s, start_s = broken_s, broken_s + REQUEUE_S
        yield _row(words | _times(state, submit_s, start_s, end_s) | _allocated(allocated))


def _words(
    row: int, user: str, account: str, cores: int, limit_s: int, rng: np.random.Generator
) -> dict[str, str]:
    return {
        "JobID": str(20_001 + row),
        "JobName": NAMES[int(rng.integers(len(NAMES)))],
        "User": user,
        "Account": account,
        "Partition": "batch",
        "QOS": "normal",
        "Timelimit": _duration(limit_s),
        "ReqCPUS": str(cores),
        "ReqMem": f"{cores * 2}G",
        "Suspended": "00:00:00",
    }


def _allocated(cores: int) -> dict[str, str]:
    nodes = -(-cores // CORES_PER_NODE)
    tres = f"billing={cores},cpu={cores},mem={cores * 2}G,node={nodes}" if cores else ""
    return {"NNodes": str(max(nodes, 1)), "AllocCPUS": str(cores), "AllocTRES": tres}


def _times(state: str, submit_s: int, start_s: int, end_s: int) -> dict[str, str]:
    started = start_s >= 0
    return {
        "State": state,
        "Submit": _stamp(submit_s),
        "Eligible": _stamp(submit_s),
        "Start": _stamp(start_s) if started else "None",
        "End": _stamp(end_s),
        "Elapsed": _duration(end_s - start_s if started else 0),
    }


def _stamp(time_s: int) -> str:
    local = datetime.fromtimestamp(BEGIN_UTC.timestamp() + time_s, ZONE)
    return local.strftime("%Y-%m-%dT%H:%M:%S")


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}-{text}" if days else text


def _row(cells: dict[str, str]) -> str:
    return "|".join(cells[name] for name in COLUMNS) + "\n"


if __name__ == "__main__":
    main()
