"""Real workers: one that dies takes results with it, outlives its parent, or listens to strangers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from experiments.engine.kept_workers import KeptWorkers  # noqa: E402
from experiments.engine.run_cells import run_cells  # noqa: E402
from experiments.engine.where import Where  # noqa: E402
from experiments.process.progress import ProgressDisplay  # noqa: E402
from tests.experiments.engine.cells_for_tests import NoteWork, begun, cell  # noqa: E402
from traces.errors import InputError  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
TWO = Where(workers=2)


@pytest.fixture
def work(tmp_path):
    return NoteWork(tmp_path)


def test_two_workers_share_the_cells_and_a_death_costs_only_its_cell(work, capfd):
    cells = [cell(f"c{place:02}", "print", 0.02, "g") for place in range(40)]
    cells[7] = cell("deadly", "die", 0.02, "g")
    cells[8] = cell("leaver", "exit", 0.02, "g")
    cells[20] = cell("unlucky", "die once", 0.02, "g")
    cells[30] = cell("bad", "bad", 0.02, "g")
    failures = run_cells(work, cells, TWO, work.folder / "book")
    assert {key: failure.kind for key, failure in failures.items()} == {
        "deadly": "worker", "leaver": "worker", "bad": "input",
    }  # fmt: skip
    assert (
        "killed by SIGKILL" in failures["deadly"].line and "exited with status 3" in failures["leaver"].line
    )
    assert all(work.is_done(entry) for entry in cells if entry.key not in failures)
    order, processes = begun(work.folder)
    assert order.count("deadly") == 2 and order.count("unlucky") == 2 and len(processes) >= 5
    assert all(order.count(entry.key) == 1 for entry in cells if entry.key.startswith("c"))
    out, err = capfd.readouterr()
    assert out == "" and "a word on stdout" in err and "distributed" not in err


def test_kept_workers_serve_one_call_after_the_other(work):
    with KeptWorkers(TWO, work.folder / "book") as kept:
        for letter in "abc":
            cells = [cell(f"{letter}{place}", seconds=0.05) for place in range(4)]
            assert run_cells(work, cells, kept, work.folder / "book") == {}
    order, processes = begun(work.folder)
    assert len(order) == 12 and len(processes) == 2 and str(os.getpid()) not in processes


def test_workers_listen_on_this_machine_alone(work):
    psutil = pytest.importorskip("psutil")
    here = psutil.Process()
    seen = []

    def look(cell, failure):
        processes = [here, *here.children(recursive=True)]
        seen.append({
            (connection.laddr.ip, connection.laddr.port)
            for process in processes
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        })  # fmt: skip

    before = {connection.laddr for connection in here.net_connections() if connection.status == "LISTEN"}
    run_cells(work, [cell("a"), cell("b", seconds=0.3)], TWO, work.folder / "book", on_end=look)
    listening = set().union(*seen) - {(address.ip, address.port) for address in before}
    assert len(listening) >= 3, "the scheduler and two workers listen"
    assert {ip for ip, _ in listening} == {"127.0.0.1"}
    assert not here.children(recursive=True) or all("spawn" not in " ".join(child.cmdline())
                                                    for child in here.children(recursive=True))  # fmt: skip


SCHEDULER = """
import asyncio, sys
from distributed import Scheduler, Worker

async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0") as scheduler:
        async with Worker(scheduler.address, nthreads=1, host="127.0.0.1"):
            print(scheduler.address, flush=True)
            await scheduler.finished()

asyncio.run(main())
"""


@pytest.fixture
def scheduler(tmp_path):
    """The address of a Dask scheduler with one worker in a process of its own, and that process."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_scheduler_that_is_there_runs_the_same_and_its_death_is_one_line(work, scheduler):
    address, process = scheduler
    there = Where(dask=address)
    assert run_cells(work, [cell("a"), cell("b")], there, work.folder / "book") == {}
    _, processes = begun(work.folder)
    assert str(os.getpid()) not in processes

    def kill(cell, failure):
        process.kill()

    many = [cell(f"c{place}", seconds=0.2) for place in range(20)]
    with pytest.raises(InputError, match="connection to the Dask scheduler is lost; finished cells are kept"):
        run_cells(work, many, there, work.folder / "book", on_end=kill)
    kept = sum(work.is_done(entry) for entry in many)
    assert 1 <= kept < 20
    assert run_cells(work, many, Where(workers=1), work.folder / "book") == {}
    assert all(work.is_done(entry) for entry in many)


def test_an_address_where_nobody_answers_is_one_line(work, monkeypatch):
    monkeypatch.setattr("experiments.engine.dask_workers.dask_executor.CONNECT_S", 1)
    with pytest.raises(InputError, match="no Dask scheduler answers there"):
        run_cells(work, [cell("a")], Where(dask="tcp://127.0.0.1:9"), work.folder / "book")


def test_a_scheduler_without_workers_is_told(work, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("experiments.engine.run_cells.PATIENCE_S", 0.5)
    program = SCHEDULER.replace(
        'async with Worker(scheduler.address, nthreads=1, host="127.0.0.1"):', "if True:"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    address = process.stdout.readline().strip()
    display = ProgressDisplay()
    note, notes = display.note, []

    def noted(text):
        notes.append(text)
        process.kill()  # else the cells would wait for ever
        note(text)

    monkeypatch.setattr(display, "note", noted)
    with pytest.raises(InputError, match="connection to the Dask scheduler is lost"):
        run_cells(work, [cell("a")], Where(dask=address), work.folder / "book", display=display)
    process.wait()
    process.stdout.close()
    assert notes == ["no worker is there yet: the cells wait until one comes"]


@pytest.mark.parametrize(
    "where",
    [
        Where(dask="tls://head:8786", tls_ca="no.pem", tls_cert="no.pem", tls_key="no.pem"),
        Where(dask_slurm="none.toml"),
    ],
)
def test_what_is_refused_leaves_the_configuration_of_dask_as_it_was(work, where):
    import dask

    key = "distributed.scheduler.allowed-failures"
    before = dask.config.get(key)
    with pytest.raises(InputError):
        run_cells(work, [cell("a")], where, work.folder / "book")
    assert dask.config.get(key) == before
