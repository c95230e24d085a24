"""The Slurm that the other tests use: it runs jobs, keeps accounts, and is not to be reached from outside."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.slurm.slurm_daemons import Slurm

pytestmark = pytest.mark.slurm


def test_a_job_runs_and_is_in_the_accounts(slurm: Slurm, tmp_path):
    slurm.command("sbatch", f"--output={tmp_path}/out", "--wrap=echo $SLURM_JOB_NAME; exit 3", "-Jj7")
    limit = time.monotonic() + 30
    while not (row := slurm.command("sacct", "-XnP", "--name=j7", "-o", "State,ExitCode").strip()).startswith(
        "F"
    ):
        assert time.monotonic() < limit, row
        time.sleep(0.5)
    assert row == "FAILED|3:0"
    assert (tmp_path / "out").read_text() == "j7\n"


def test_daemons_listen_on_loopback_only(slurm: Slurm):
    addresses = set()
    for name, pid in slurm.pids.items():
        inodes = _sockets(pid)
        listening = [row for row in _tcp_rows() if row[9] in inodes and row[3] == "0A"]
        addresses |= {row[1].partition(":")[0] for row in listening}
        assert bool(listening) == name.startswith("slurm"), name
    assert addresses == {"0100007F"}  # 127.0.0.1, as the kernel writes it


def _sockets(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def _tcp_rows() -> list[list[str]]:
    """The kernel's table of TCP sockets."""
    return [
        line.split()
        for file in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(file).read_text().splitlines()[1:]
    ]
