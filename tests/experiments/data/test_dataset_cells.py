"""`rare dataset` on the engine: the same files whoever plays the episodes, and errors from anywhere."""

from __future__ import annotations

import dataclasses
import os

import pytest

from experiments.cli.root import main
from experiments.data.dataset_cells import EpisodePlaying, plan_hash
from experiments.data.dataset_task import DatasetRequest, task_of
from experiments.data.log_dataset import dataset_run
from experiments.engine import run_all
from experiments.engine import run_cells as engine
from experiments.engine.where import Where
from rare.dataset.episode_blocks import blocks_of
from rare.dataset.episode_draws import draw
from traces.errors import InputError

SMALL = ["--scenario", "tiny", "--queue-slots", "20", "--running-slots", "6", "--forecast-hours", "4"]
FAILS = """
class Fails:
    def choose(self, view):
        raise ValueError("out of ideas")
"""


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def logged(root, *words):
    out = root / "log-v0"
    assert main(["dataset", *SMALL, *words, "--out", str(out), "--quiet"]) == 0
    return files(out)


def test_two_workers_write_the_same_files_as_one(tmp_path, capsys):
    pytest.importorskip("distributed")
    words = [
        "--scheduler",
        "atc+greedy,random",
        "--episodes",
        "20",
        "--epsilon",
        "0.1",
        "--max-decisions",
        "50",
    ]
    one, two = (logged(tmp_path / count, *words, "--workers", count) for count in ("1", "2"))
    assert one == two and "datasheet.json" in one
    assert not [name for name in one if name.startswith("blocks")]


def test_short_logging_starts_no_workers(tmp_path, monkeypatch):
    def none(where, cells, display, folder):
        raise AssertionError(f"workers were started for {cells} cells")

    monkeypatch.setattr(engine, "executor_of", none)
    words = ["--scheduler", "fcfs", "--episodes", "5"]
    here = logged(tmp_path / "default", *words)
    monkeypatch.undo()
    assert here == logged(tmp_path / "one", *words, "--workers", "1")


def test_what_takes_longer_goes_to_workers(tmp_path, monkeypatch):
    taken = []
    own = engine.executor_of

    def noted(where, cells, display, folder):
        taken.append((where, cells))
        return own(Where(workers=1), cells, display, folder)

    monkeypatch.setattr(engine, "executor_of", noted)
    monkeypatch.setattr(run_all, "ALONE_S", -1.0)
    dataset_run(["fcfs"], tmp_path / "log", where=Where(), scenario="tiny", episodes=5)
    assert taken == [(Where(), 5)]


def test_a_run_that_fails_keeps_the_episodes_before(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(FAILS, "utf-8")
    policies = {seed: [draw(seed, number, 26, 2).policy for number in range(20)] for seed in range(30)}
    before, seed = max((policies[seed].index(1), seed) for seed in policies)  # the second one fails
    words = ["--scheduler", f"fcfs,{tmp_path / 'mine.py'}:Fails", "--seed", str(seed), "--episodes", "20"]
    assert main(["dataset", *SMALL, *words, "--workers", "1", "--out", str(tmp_path / "log"), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert "out of ideas" in said and said.count("\n") == 1
    blocks = sorted(path.name for path in (tmp_path / "log-v0" / "blocks").glob("episodes-*"))
    assert blocks == [f"episodes-{number:06d}-{number:06d}.hdf5" for number in range(before)] and before > 1
    assert not (tmp_path / "log-v0" / "datasheet.json").exists()


def test_a_worker_that_reads_other_files_plays_nothing(tmp_path):
    request = DatasetRequest(scenario="tiny", episodes=3)
    plan = plan_hash(task_of(["fcfs"], request))
    work = EpisodePlaying(str(tmp_path), ("fcfs",), request, plan)
    cell = work.cell(blocks_of(3)[1])
    other = dataclasses.replace(work, request=dataclasses.replace(request, scenario="islanded"))
    with pytest.raises(InputError, match="reads another scenario"):
        other.run(cell)
    assert not other.is_done(cell) and not list(tmp_path.iterdir())
    work.run(cell)
    assert work.is_done(cell) and (tmp_path / "blocks" / "episodes-000001-000001.hdf5").is_file()


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path):
    request = DatasetRequest(scenario="tiny", episodes=3)
    work = EpisodePlaying(str(tmp_path / "gone"), ("fcfs",), request, plan_hash(task_of(["fcfs"], request)))
    with pytest.raises(InputError, match="cannot be written"):
        work.run(work.cell(blocks_of(3)[0]))


def test_where_options_are_checked_before_anything_is_played(tmp_path, capsys):
    words = ["--scheduler", "fcfs", "--episodes", "3", "--out", str(tmp_path / "log")]
    assert main(["dataset", *SMALL, *words, "--workers", "2", "--dask", "tcp://127.0.0.1:1"]) == 2
    assert "--workers and --dask do not go together" in capsys.readouterr().err
    assert not os.listdir(tmp_path)
