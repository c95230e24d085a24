"""Dask workers in jobs of a real Slurm: started, lost, replaced, and gone when their command is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.slurm.slurm_daemons import Slurm

pytest.importorskip("dask_jobqueue", reason="needs the extra `cluster`")

import dask
from distributed import Client, get_worker

from experiments.engine.dask_workers.dask_executor import CONFIG
from experiments.engine.slurm import slurm_cluster as module
from experiments.engine.slurm.slurm_cluster import SlurmWorkers, slurm_cluster
from traces.errors import InputError

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).resolve().parents[2]


def place_of_worker() -> tuple[int, str, dict[str, str]]:
    """Process, name and environment of the worker that runs this."""
    return os.getpid(), str(get_worker().name), dict(os.environ)


def stay() -> None:
    """Run until the worker ends."""
    time.sleep(600)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is true."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.2)


def written(folder: Path, text: str) -> Path:
    """A file for --dask-slurm."""
    path = folder / "slurm.toml"
    path.write_text(f'workers = 1\nwalltime = "5"\nmemory = "1 GiB"\ninterface = "lo"\n{text}')
    return path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, slurm: Slurm) -> Iterator[None]:
    """Look at the queue at every call, and start in the folder from which workers can import this module."""
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.0)
    monkeypatch.chdir(ROOT)
    with dask.config.set(CONFIG):
        yield
    until(lambda: not slurm.command("squeue", "-h").strip())  # no test leaves a job


@pytest.fixture
def workers(slurm: Slurm, tmp_path: Path) -> Iterator[SlurmWorkers]:
    """One job of two cores; a space and a per cent sign in the folder's name are nothing unusual."""
    folder = tmp_path / "a b%j"
    started = slurm_cluster(written(tmp_path, "cores = 2\nprologue = 'export LOADED=yes'"), folder)
    yield started
    started.close()


@pytest.fixture
def client(workers: SlurmWorkers) -> Iterator[Client]:
    """A client, once both worker processes are there."""
    with Client(workers.scheduler_address, security=workers.security, set_as_default=False) as connected:
        connected.wait_for_workers(2, timeout=60)
        yield connected


def result(client: Client, function: Callable[[], Any]) -> Any:
    return client.submit(function, pure=False).result(timeout=30)


def busy_worker(client: Client) -> tuple[Any, int, str]:
    """A future of `stay`, and the process and name of its worker."""
    pid, name, _ = result(client, place_of_worker)
    future = client.submit(stay, pure=False, workers=[name])
    until(lambda: any(client.processing().values()))
    return future, pid, name


def test_workers_know_their_end_and_use_one_thread(client: Client, slurm: Slurm, tmp_path: Path):
    _, _, environment = result(client, place_of_worker)
    end_s = float(environment["RARE_WORKER_ENDS_AT"]) + 30  # a tenth of five minutes
    row = slurm.command("squeue", "-h", "-o", "%e").strip()
    told_s = time.mktime(time.strptime(row, "%Y-%m-%dT%H:%M:%S"))
    assert end_s == pytest.approx(told_s, abs=5)
    assert environment["OMP_NUM_THREADS"] == environment["NUMEXPR_NUM_THREADS"] == "1"
    assert environment["LOADED"] == "yes"
    assert set(client.nthreads().values()) == {1}
    assert len(list((tmp_path / "a b%j" / "slurm-logs").glob("*.log"))) == 1


def test_a_killed_process_is_told_from_a_job_that_ended(client: Client, workers: SlurmWorkers):
    future, pid, name = busy_worker(client)
    os.kill(pid, signal.SIGKILL)
    until(lambda: future.status == "error")
    reason = workers.reason(pid, name)
    assert reason.startswith("Slurm job ")
    assert reason.endswith(": killed by SIGKILL, perhaps because memory ran out")


def test_a_cancelled_job_is_replaced(client: Client, workers: SlurmWorkers, slurm: Slurm):
    future, pid, name = busy_worker(client)
    (job,) = slurm.command("squeue", "-h", "-o", "%i").split()
    slurm.command("scancel", job)
    until(lambda: future.status == "error")
    assert workers.reason(pid, name) == f"Slurm job {job} CANCELLED"

    def replaced() -> bool:
        workers.keep_up(1)
        return slurm.command("squeue", "-h", "-o", "%i").split() not in ([], [job])

    until(replaced)
    until(lambda: len(client.nthreads()) == 2)
    assert result(client, place_of_worker)[1] != name


def test_a_lost_node_is_the_reason(client: Client, workers: SlurmWorkers, slurm: Slurm):
    future, pid, name = busy_worker(client)
    job, node = slurm.command("squeue", "-h", "-o", "%i %N").split()
    slurm.command("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    until(lambda: future.status == "error")
    assert workers.reason(pid, name) == f"Slurm job {job} NODE_FAIL"

    def back() -> bool:
        with suppress(subprocess.CalledProcessError):  # it may be back by itself
            slurm.command("scontrol", "update", f"nodename={node}", "state=resume")
        return slurm.command("sinfo", "-h", "-n", node, "-o", "%T").strip() == "idle"

    until(back)


def test_jobs_without_work_are_ended_and_not_replaced(slurm: Slurm, tmp_path: Path):
    file = written(tmp_path, "")
    file.write_text(file.read_text().replace("workers = 1", "workers = 3"))
    workers = slurm_cluster(file, tmp_path)

    def jobs() -> set[str]:
        workers.keep_up(1)
        return set(slurm.command("squeue", "-h", "-t", "PENDING,RUNNING", "-o", "%i").split())

    try:
        with Client(workers.scheduler_address, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=60)
            future, pid, name = busy_worker(client)
            job = workers._record.ids[name.rpartition("-")[0]]
            until(lambda: jobs() == {job})
            time.sleep(3)
            assert jobs() == {job}
            assert future.status == "pending"
    finally:
        workers.close()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("partition = 'absent'", "sbatch would not take a job of it: .*invalid partition specified: absent"),
        ("cores = 64", "sbatch would not take a job of it: .*configuration is not available"),
        (
            "job_extra_directives = '--zzz'",
            "sbatch would not take a job of it: .*unrecognized option '--zzz'",
        ),
    ],
)
def test_a_job_that_sbatch_would_not_take_is_told_at_once(slurm: Slurm, tmp_path: Path, text: str, line: str):
    with pytest.raises(InputError, match=line) as error:
        slurm_cluster(written(tmp_path, text), tmp_path)
    assert "slurm.toml" in str(error.value)


def test_the_reason_why_no_job_begins_is_told_once(slurm: Slurm, tmp_path: Path):
    notes: list[str] = []
    file = written(tmp_path, "")
    longer_than_the_partition_allows = 'walltime = "2:00:00"'
    file.write_text(file.read_text().replace('walltime = "5"', longer_than_the_partition_allows))
    workers = slurm_cluster(file, tmp_path, note=notes.append)
    try:
        until(lambda: bool(workers.keep_up(1) or notes))
        workers.keep_up(1)
        assert notes == ["Slurm: no job runs yet, 1 in the queue (PartitionConfig)"]
    finally:
        workers.close()


def test_jobs_that_can_do_no_work_are_not_submitted_for_ever(slurm: Slurm, tmp_path: Path):
    workers = slurm_cluster(written(tmp_path, "python = 'no-such-python'"), tmp_path)

    def give_up() -> bool:
        try:
            workers.keep_up(1)
        except InputError as error:
            assert "3 Slurm jobs in a row ended before a worker" in str(error)
            assert "FAILED with exit status 127" in str(error)
            assert "no-such-python: command not found" in str(error)
            return True
        return False

    try:
        until(give_up)
    finally:
        workers.close()


def test_jobs_end_with_a_command_that_is_killed(slurm: Slurm, tmp_path: Path):
    script = (
        "import sys, time; from pathlib import Path;"
        "from experiments.engine.slurm.slurm_cluster import slurm_cluster;"
        f"w = slurm_cluster(Path({str(written(tmp_path, ''))!r}), Path({str(tmp_path)!r})); time.sleep(600)"
    )
    command = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    try:
        until(lambda: any("Registered to" in log.read_text() for log in tmp_path.glob("slurm-logs/*.log")))
        assert slurm.command("squeue", "-h").strip()
    finally:
        command.kill()
        command.wait()
    until(lambda: not slurm.command("squeue", "-h").strip(), 90)
