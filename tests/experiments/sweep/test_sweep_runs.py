"""A sweep loses cells, gives other bytes with more workers, or hides what failed."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from experiments.cli.root import main
from experiments.sweep.sweep_table import read_parquet

ROOT = Path(__file__).resolve().parents[3]
TINY = 'scenarios = ["tiny"]\nschedulers = ["easy", "fcfs"]\nseeds = 4\n'
DIES = """
import os, signal
class Dies:
    '''Kills its process in the cells of one seed, or once in all.'''
    def choose(self, view):
        if WHEN:
            os.kill(os.getpid(), signal.SIGKILL)
        return -1
"""
FAILS = "class Fails:\n    def choose(self, view):\n        raise ValueError('no idea')\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(TINY)
    return tmp_path


def sweep(*words, code=0):
    assert main(["sweep", "s.toml", "--quiet", "--no-figures", *words]) == code


def table(folder):
    return (folder / "results.parquet").read_bytes()


def test_table_summary_and_manifest_hold_every_cell(here, capsys):
    sweep("--workers", "1", "--out", "o")
    rows = pd.read_parquet("o/results.parquet")
    assert rows[["scenario", "seed", "scheduler"]].to_numpy().tolist() == [
        ["tiny", seed, name] for seed in range(4) for name in ("easy", "fcfs")
    ]
    capsys.readouterr()
    words = ["--scenario", "tiny", "--scheduler", "fcfs", "--seed", "3", "--json", "--quiet"]
    assert main(["simulate", *words]) == 0
    alone = json.loads(capsys.readouterr().out)["metrics"]
    last = rows.iloc[-1]
    assert last["objective"] == alone["objective"] and last["energy_kwh"] == alone["energy_kwh"]
    assert "simulate_s" not in rows.columns
    summary = pd.read_csv("o/summary.csv")
    assert len(summary) == 2 and not (here / "o" / "failures.csv").exists()
    assert len((here / "o" / "manifest.jsonl").read_text().splitlines()) == 8


def test_finished_cells_are_kept_and_the_rest_is_run(here):
    sweep("--workers", "1", "--out", "o")
    before = {path: path.stat().st_mtime_ns for path in (here / "o" / "cells").rglob("*.json")}
    first = table(here / "o")
    sweep("--workers", "1", "--out", "o")
    assert {path: path.stat().st_mtime_ns for path in before} == before and table(here / "o") == first
    damaged = sorted(before)[0]
    damaged.write_text(damaged.read_text()[:-40])
    sweep("--workers", "1", "--out", "o")
    assert table(here / "o") == first
    (here / "s.toml").write_text(TINY.replace("seeds = 4", "seeds = 5"))
    sweep("--workers", "1", "--out", "o")
    after = set((here / "o" / "cells").rglob("*.json"))
    assert set(before) < after and len(after) == 10


def test_shares_of_a_job_array_give_the_same_table(here, capsys):
    sweep("--workers", "1", "--out", "one")
    for number in (3, 1):
        sweep("--task", f"{number}/3", "--out", "three")
    sweep("--gather", "--out", "three", code=2)
    assert "cells are neither finished nor failed" in capsys.readouterr().err
    sweep("--task", "2/3", "--out", "three")
    sweep("--gather", "--out", "three")
    assert table(here / "one") == table(here / "three")


def test_failed_cells_are_listed_and_run_again_on_demand(here, capsys):
    (here / "fails.py").write_text(FAILS)
    (here / "s.toml").write_text(TINY.replace('"fcfs"', '"fails.py:Fails"'))
    sweep("--workers", "1", "--out", "o", code=2)
    err = capsys.readouterr().err
    assert err.startswith(
        "rare: 4 cells failed, the first one (scenario tiny, seed 0, scheduler fails.py:Fails)"
    )
    assert "no idea" in err and err.count("\n") == 1
    rows = list(csv.DictReader((here / "o" / "failures.csv").open()))
    assert len(rows) == 4 and all("no idea" in row["reason"] for row in rows)
    assert len(pd.read_parquet("o/results.parquet")) == 4
    (here / "note.txt").touch()
    (here / "fails.py").write_text(FAILS + "# the same code under another hash\n")
    sweep("--workers", "1", "--out", "o", "--json", code=2)
    facts = json.loads(capsys.readouterr().out)
    assert (facts["cells"], facts["finished"], facts["missing"]) == (8, 4, 0) and len(facts["failed"]) == 4
    begun = (here / "o" / "book" / "failed").stat().st_mtime_ns
    sweep("--workers", "1", "--out", "o", code=2)
    assert (here / "o" / "book" / "failed").stat().st_mtime_ns == begun, "failed cells were run again unasked"
    sweep("--workers", "1", "--out", "o", "--retry-failed", code=2)
    assert (here / "o" / "book" / "failed").stat().st_mtime_ns > begun


def test_one_sweep_at_a_time_and_nothing_of_others_is_touched(here, capsys):
    from traces.files.atomic import folder_lock

    sweep("--workers", "1", "--out", "o")
    with folder_lock(here / "o", "o", "a test is writing"):
        sweep("--workers", "1", "--out", "o", code=2)
    assert "another sweep is writing" in capsys.readouterr().err
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").touch()
    sweep("--workers", "1", "--out", "mine", code=2)
    assert "no sweep wrote" in capsys.readouterr().err and len(list((here / "mine").iterdir())) == 1
    (here / "s.toml").write_text(TINY.replace("easy", "esay"))
    sweep("--workers", "1", "--out", "new", code=2)
    assert not (here / "new").exists()


@pytest.mark.parametrize("words", [
    ("--task", "0/3"), ("--task", "4/3"), ("--task", "1"), ("--task", "1/2", "--gather"),
    ("--gather", "--retry-failed"), ("--task", "1/2", "--dask", "tcp://127.0.0.1:1"),
    ("--workers", "2", "--dask", "tcp://127.0.0.1:1"), ("--dask", "tcp://elsewhere:8786"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(here, words, capsys):
    sweep(*words, "--out", "o", code=2)
    assert capsys.readouterr().err.count("\n") == 1 and not (here / "o").exists()


def test_a_table_reads_as_it_was_written(here):
    sweep("--workers", "1", "--out", "o")
    whole = read_parquet(here / "o" / "results.parquet")
    assert whole.axes == ("scenario", "seed", "scheduler") and whole.replicates == ("seed",)
    assert whole.cells == len(whole.rows) == 8


# --- with worker processes ------------------------------------------------------------------------------

pytest.importorskip("distributed")


def test_two_workers_give_the_same_bytes_though_one_dies(here, capsys):
    sweep("--workers", "1", "--out", "one")
    (here / "dies.py").write_text(DIES.replace("WHEN", "not os.path.exists(MARK) and not os.mknod(MARK)")
                                  .replace("MARK", repr(str(here / "mark"))))  # fmt: skip
    (here / "s.toml").write_text(TINY.replace('"fcfs"', '"fcfs", "dies.py:Dies"'))
    sweep("--workers", "2", "--out", "two")
    assert (here / "mark").exists(), "no worker died"
    (here / "s.toml").write_text(TINY)
    sweep("--workers", "2", "--out", "two")
    assert table(here / "one") == table(here / "two")


def test_a_cell_that_always_kills_its_worker_is_named_with_the_reason(here, capsys):
    (here / "dies.py").write_text(DIES.replace("WHEN", "True"))
    (here / "s.toml").write_text('scenarios = ["tiny"]\nschedulers = ["easy", "dies.py:Dies"]\nseeds = 2\n')
    sweep("--workers", "2", "--out", "o", code=2)
    err = capsys.readouterr().err
    assert "2 cells failed" in err and "its worker died twice" in err and "killed by SIGKILL" in err
    assert len(pd.read_parquet("o/results.parquet")) == 2


def children(pid):
    """Worker processes below a command."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            line = (path.parent / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == pid and b"spawn_main" in line:
            found.append(int(path.parent.name))
    return found


LONGER = 'scenarios = ["tiny"]\nschedulers = ["easy", "lookahead"]\nseeds = 24\n'


def killed_sweep(here, kills, draw):
    """Sweep until so many workers or commands were killed, then to the end; the code of the last command."""
    command = [sys.executable, "-m", "experiments.cli", "sweep", "s.toml", "--workers", "2", "--out", "two",
               "--no-figures", "--quiet"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed, code = {"worker": 0, "command": 0}, None
    while sum(killed.values()) < kills:
        process = subprocess.Popen(command, cwd=here, env=environment, stderr=subprocess.DEVNULL)
        limit_s = time.monotonic() + 120
        while not children(process.pid) and process.poll() is None and time.monotonic() < limit_s:
            time.sleep(0.05)
        time.sleep(draw.uniform(0.0, 3.0))
        victims = children(process.pid)
        if process.poll() is not None or not victims:
            process.wait()
            for path in (here / "two" / "cells").rglob("*.json"):
                if draw.random() < 0.5:
                    path.unlink()  # so that there is something left to be killed at
            continue
        if draw.random() < 0.5:
            os.kill(draw.choice(victims), signal.SIGKILL)
            killed["worker"] += 1
            time.sleep(draw.uniform(0.0, 2.0))
        else:
            killed["command"] += 1
        process.kill()
        process.wait()
    for _ in range(3):  # chance may have killed two workers with the same cell: it is named, and run again
        code = subprocess.run([*command, "--retry-failed"], cwd=here, env=environment).returncode
        if code == 0:
            break
    return code, killed


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, 20])
def test_killed_workers_and_commands_cost_nothing_but_time(here, kills):
    (here / "s.toml").write_text(LONGER)
    sweep("--workers", "1", "--out", "one")
    code, killed = killed_sweep(here, kills, random.Random(kills))
    assert code == 0 and sum(killed.values()) == kills
    assert table(here / "one") == table(here / "two")


@pytest.mark.slow
def test_a_thousand_cells_leave_memory_flat(here):
    psutil = pytest.importorskip("psutil")
    from experiments.engine.where import Where
    from experiments.sweep import run_sweep

    (here / "s.toml").write_text(TINY.replace("seeds = 4", "seeds = 500"))
    here_now, megabytes = psutil.Process(), {}

    class Display(run_sweep.ProgressDisplay):
        @contextmanager
        def task(self, label, unit):
            with super().task(label, unit) as task:

                def look(done, total, detail=""):
                    if done in (100, 1000):
                        workers = [process.memory_info().rss for process in here_now.children(recursive=True)
                                   if "spawn_main" in " ".join(process.cmdline())]  # fmt: skip
                        megabytes[done] = here_now.memory_info().rss / 1e6, max(workers) / 1e6

                task.update = look
                yield task

    request = run_sweep.SweepRequest(out="o", where=Where(workers=2), figures=False)
    run_sweep.sweep_run("s.toml", request, display=Display(quiet=True))
    assert set(megabytes) == {100, 1000}
    client, worker = (after - before for before, after in zip(megabytes[100], megabytes[1000], strict=True))
    assert client < 10 and worker < 15, megabytes
