"""A shadow that observes a made-up queue in this process, poll after poll, without waiting between them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from experiments.operate.shadow.advice import Adviser
from experiments.operate.shadow.live_opinion import LiveOpinion
from experiments.operate.shadow.polls import Poller
from experiments.operate.shadow.shadow_log import ShadowLog
from experiments.operate.shadow.watch_queue import Watch, WatchCounts
from rare.scenario.load import load_scenario
from rare.scheduler import as_scheduler
from schedulers import make_scheduler

BEGIN_S = 1_796_000_000
EVERY_S, NODES, JOBS = 30, 8, 12


class MadeUpSlurm:
    """Answers of squeue and sinfo for a queue in which a job ends and one comes every other poll."""

    def __init__(self) -> None:
        self.poll = 0

    def clock(self) -> float:
        """The time of the present poll."""
        return float(BEGIN_S + EVERY_S * self.poll)

    def read(self) -> tuple[bytes, bytes]:
        """As SlurmSource."""
        now_s, first = int(self.clock()), self.poll // 2
        jobs = [
            {
                "job_id": number, "job_state": "RUNNING" if number < first + NODES else "PENDING",
                "submit_time": now_s - EVERY_S * (JOBS + first - number) - 60, "cpus": 2, "num_nodes": 1,
                "start_time": now_s - EVERY_S * (NODES + first - number) if number < first + NODES else 0,
                "time_limit": 60, "partition": "main", "user_name": f"user{number % 3}",
                "state_reason": "None", "batch_flag": True,
            }
            for number in range(first + 1, first + 1 + JOBS)
        ]  # fmt: skip
        node = {"cpus": 2, "state": "idle", "partitions": ["main"], "real_memory": 4000}
        nodes = [{"name": f"n{place}", **node} for place in range(NODES)]
        return json.dumps({"jobs": jobs}).encode(), json.dumps({"nodes": nodes}).encode()


def polls() -> Iterator[int]:
    """One event for each poll, which is logged with what RARE would do."""
    slurm = MadeUpSlurm()
    opinion = LiveOpinion(as_scheduler(make_scheduler("easy")), load_scenario("plain"))
    with tempfile.TemporaryDirectory() as name:
        log = ShadowLog(Path(name), {})
        watch = Watch(Poller(slurm, clock=slurm.clock), opinion, log, None, lambda text: None)
        counts, adviser = WatchCounts(), Adviser()
        while True:
            watch._once(counts, adviser)
            slurm.poll += 1
            assert counts.without_opinion == 0, counts.last_problem
            yield 1
