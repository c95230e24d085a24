"""Datasets that lie: every command that reads one says so in a line, exits 2, and takes no memory for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli.root import main
from experiments.data.log_dataset import dataset_run
from rare.dataset import load
from tests.rare.dataset.hostile_datasets import EVERY, NUMBERS, TERABYTES
from traces.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
SIZES = {"queue_slots": 16, "running_slots": 6, "forecast_hours": 4}


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Four episodes of two schedulers in one shard."""
    folder = tmp_path_factory.mktemp("hostile") / "mixed-v0"
    dataset_run(["atc+greedy", "random"], folder, scenario="tiny", episodes=4, epsilon=0.1, **SIZES)
    return folder


@pytest.fixture
def folder(logged, tmp_path):
    return shutil.copytree(logged, tmp_path / "mixed-v0")


def refused(words, said, capsys):
    """One line on stderr with these words, nothing on stdout, exit 2."""
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert said in err and err.count("\n") == 1 and "Traceback" not in err and "a bug" not in err
    assert not out
    return err


def test_unchanged_it_is_read(folder):
    assert [len(episode) for episode in load(folder)] == load(folder).steps


def test_there_are_many():
    assert len(EVERY) >= 150


@pytest.mark.parametrize("name", EVERY)
def test_show_says_what_is_wrong(name, folder, capsys):
    damage, said = EVERY[name]
    damage(folder)
    err = refused(["dataset", "show", str(folder), "--no-figures"], said, capsys)
    assert "mixed-v0" in err  # which file


@pytest.mark.parametrize(
    "name", ["sheet is deep", "transitions lies", "episode is in another file", "reward is NaN",
             "action is forbidden", "observation is NaN"],
)  # fmt: skip
def test_training_does_not_begin(name, folder, tmp_path, capsys):
    pytest.importorskip("torch", reason="needs the extra 'learn'")
    pytest.importorskip("d3rlpy", reason="needs the extra 'learn'")
    damage, said = EVERY[name]
    damage(folder)
    run = tmp_path / "run"
    capsys.readouterr()  # gym's banner
    refused(["train", "offline", "--data", str(folder), "--out", str(run)], said, capsys)
    words = ["train", "online", "--algorithm", "dqn", "--scenario", "tiny", "--data", str(folder)]
    refused([*words, "--mix", "0.5", "--out", str(run)], said, capsys)
    assert not run.exists()


def test_a_command_of_its_own_says_it_too(folder):
    damage, said = NUMBERS["reward is NaN"]
    damage(folder)
    command = [sys.executable, "-m", "experiments.cli", "dataset", "show", str(folder), "--no-figures"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and len(done.stderr.splitlines()) == 1


BOUNDED = """
import resource, sys, tracemalloc
from rare.dataset import load
from traces.errors import InputError
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**29, used + 2**29))
for folder in sys.argv[1:]:
    try:
        list(load(folder))
        print("was read")
    except InputError as error:
        print(error)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_claims_of_terabytes_take_no_memory(logged, tmp_path):
    folders = []
    for name, (damage, _) in TERABYTES.items():
        folders.append(shutil.copytree(logged, tmp_path / name.replace(" ", "-") / "mixed-v0"))
        damage(folders[-1])
    command = [sys.executable, "-c", BOUNDED, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    lines = done.stdout.splitlines()
    assert len(lines) == len(TERABYTES), done.stderr
    for line, (_, said) in zip(lines, TERABYTES.values(), strict=True):
        assert said in line


def test_an_episode_that_is_not_asked_for_is_not_read(folder):
    """Sheet and headers are checked at once, numbers when they are read."""
    NUMBERS["reward is NaN"][0](folder)
    data = load(folder)
    assert len(data[1]) == data.steps[1]
    with pytest.raises(InputError, match="rewards holds nan"):
        data[0]


def test_other_files_beside_do_no_harm(folder):
    """A file of the user's own, and keys of a later version."""
    (folder / "data" / "notes.txt").write_text("mine", "utf-8")
    (folder / "notes.txt").write_text("mine", "utf-8")
    assert len(load(folder)) == 4
