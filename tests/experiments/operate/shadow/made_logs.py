"""Logs for tests: what a first-come-first-served scheduler of eight cores does, polled every half minute."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from experiments.operate.shadow.shadow_log import ShadowLog
from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition

BEGIN_S = 1_796_000_010
MACHINE = (SnapshotPartition("main", 4, 2),)


def made_log(
    folder: Path,
    jobs: list[tuple[int, int, int]],
    polls: int = 60,
    power_w: float | None = 1000.0,
    every_s: int = 30,
    about: Mapping[str, object] | None = None,
) -> dict[str, tuple[int, int]]:
    """Write a log; start and end of each job, by its id.

    jobs: submit after the begin, cores, run time. about: what the log says of its scenario.
    """
    free_at, times = [BEGIN_S - 10_000] * 8, {}
    for number, (submit, cores, ran) in enumerate(jobs, start=1):
        free_at.sort()
        start_s = max(BEGIN_S + submit + 1, free_at[cores - 1])
        free_at[:cores] = [start_s + ran] * cores
        times[str(number)] = (start_s, start_s + ran)
    folder.mkdir(exist_ok=True)
    log = ShadowLog(folder, about)
    for poll in range(polls):
        now_s = BEGIN_S + poll * every_s
        queue = [
            SnapshotJob(
                name,
                "running" if times[name][0] <= now_s else "waiting",
                BEGIN_S + submit,
                cores,
                7200,
                start_s=times[name][0] if times[name][0] <= now_s else None,
                user="ann",
            )
            for name, (submit, cores, _) in zip(times, jobs, strict=True)
            if BEGIN_S + submit <= now_s < times[name][1]
        ]
        power = {"power_w": power_w, "share": None, "of_s": now_s, "read_s": now_s, "ahead": []}
        starts = [job.job_id for job in queue if job.start_s is None][:1]
        would = {"scheduler": "easy", "starts": starts, "holds": {}}
        record = {"would": would, **({} if power_w is None else {"power": power})}
        log.append_poll(ClusterSnapshot(now_s, MACHINE, tuple(queue)), record)
    return times
