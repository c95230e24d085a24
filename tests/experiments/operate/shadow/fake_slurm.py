"""A Slurm in a file, for tests: its commands are a small program."""

from __future__ import annotations

import fcntl
import json
import sys
import time
from pathlib import Path
from typing import Any

from experiments.operate.shadow.acting.slurm_answers import SlurmCommands

PROGRAM = Path(__file__).with_name("fake_slurm_program.py")


def watchdog_of(pid: int) -> int:
    """The process number of a shadow's watchdog, by the shadow's."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (child,) = [one for one in children if b"release_watchdog" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return int(child)


class FakeSlurm:
    """A cluster of nodes with jobs; `change` sets what is to go wrong."""

    def __init__(self, path: Path, nodes: int = 4, cpus: int = 2) -> None:
        self.path = path
        state = {"nodes": nodes, "cpus": cpus, "jobs": {}, "calls": []}
        path.write_text(json.dumps({**state, "down": False, "slow_s": 0, "prints": {}, "refuses": []}))

    def words(self, command: str) -> tuple[str, ...]:
        """The words of one of Slurm's commands."""
        return (sys.executable, "-I", "-S", str(PROGRAM), str(self.path), command)

    @property
    def commands(self) -> SlurmCommands:
        """What acts on it."""
        return SlurmCommands(self.words("squeue"), self.words("scontrol"))

    def change(self, **keys: Any) -> None:
        """Set keys of the state."""
        with self.path.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            state = {**json.load(file), **keys}
            file.seek(0)
            file.truncate()
            json.dump(state, file)

    @property
    def state(self) -> dict[str, Any]:
        """The state as it is."""
        with self.path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return dict(json.load(file))

    def job(self, name: int, state: str = "PENDING", waited_s: int = 100, **others: Any) -> None:
        """Add a job of two cores, or replace it."""
        now_s = int(time.time())
        job = {
            "job_state": state,
            "submit_time": now_s - waited_s,
            "eligible_time": now_s - waited_s,
            "start_time": 0 if state == "PENDING" else now_s - 10,
            "time_limit": 60,
            "state_reason": "Priority" if state == "PENDING" else "None",
            "priority": 1000 - name,
            "partition": "main",
            "user_name": "ann",
            "account": "wind",
            "qos": "normal",
            "cpus": 2,
            "node_count": 1,
            "admin_comment": "",
            "resv_name": "",
            "batch_flag": True,
            "deadline": 0,
            **others,
        }
        self.change(jobs={**self.state["jobs"], str(name): job})

    def held(self) -> set[str]:
        """Jobs that wait for their begin time or are suspended."""
        now_s = time.time()
        return {
            name
            for name, job in self.state["jobs"].items()
            if job["job_state"] == "SUSPENDED"
            or (job["job_state"] == "PENDING" and job["eligible_time"] > now_s)
        }

    def asked(self, verb: str) -> list[list[str]]:
        """Calls of scontrol with a verb."""
        return [call[1:] for call in self.state["calls"] if call[:2] == ["scontrol", verb]]
