"""The files of a dataset: byte for byte those of one episode after the other, however they were made."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal

import pytest

from experiments.data.dataset_task import policy_of
from rare import Layout
from rare.dataset.episode_blocks import blocks_of, is_played, play_block
from rare.dataset.logging_task import Task
from rare.dataset.play_episode import Player
from rare.dataset.write_dataset import log_dataset, play_here
from rare.scenario.scenario_episodes import episodes_of
from tests.rare.dataset.sequential_log import sequential
from traces.errors import InputError

SMALL = Layout(queue_slots=20, running_slots=6, forecast_hours=4)
TINIER = Layout(queue_slots=3, running_slots=2, forecast_hours=0)
HELD_BACK = Layout(queue_slots=20, running_slots=6, forecast_hours=4, reservations=True)


def task_of(names, epsilon=0.2, scenario="tiny", layout=SMALL, **more):
    policies = [policy_of(name, epsilon) for name in names]
    return Task(episodes_of(scenario), layout, policies, about={"scenario": scenario}, **more)


CASES = {
    "mixed": (["atc+greedy", "random"], 52, 20_000, {"epsilon": 0.1}),
    "cut off": (["atc+greedy", "sjf+easy+lowvalue", "random"], 90, 500, {"most_decisions": 40, "seed": 3}),
    "left out": (["ljf+greedy", "random"], 52, 150, {"epsilon": 0.0, "layout": TINIER}),
    "one in a shard": (["easy+slackest"], 30, 1, {"layout": HELD_BACK}),
    "islanded": (["atc+greedy", "hvd+easy"], 24, 5_000, {"scenario": "islanded", "layout": Layout()}),
}


def shards(data):
    return {path.name: path.read_bytes() for path in sorted(data.glob("episodes-*"))}


@pytest.mark.parametrize("name", CASES)
def test_shards_are_those_of_one_episode_after_the_other(name, tmp_path):
    names, count, shard_decisions, more = CASES[name]
    sequential(task_of(names, **more), count, tmp_path / "reference", shard_decisions)
    sheet = log_dataset(task_of(names, **more), count, tmp_path / "log-v0", shard_decisions=shard_decisions)
    reference = shards(tmp_path / "reference")
    assert shards(tmp_path / "log-v0" / "data") == reference
    assert sheet["episodes_played"] == count and sheet["bytes"] == sum(map(len, reference.values()))


# --- blocks ---------------------------------------------------------------------------------------------

COUNT, SHARD_DECISIONS = 9, 80


def cut_off():
    return task_of(["atc+greedy", "random"], most_decisions=40)


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All files of a dataset that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "log-v0"
    log_dataset(cut_off(), COUNT, folder, shard_decisions=SHARD_DECISIONS)
    assert len(list((folder / "data").glob("episodes-*"))) > 2
    return files(folder)


def backwards(task, folder, blocks, on_block):
    """Play the last block first, and tell of it."""
    player = Player(task.episodes, task.layout)
    for block in reversed(blocks):
        play_block(task, player, block, folder)
        on_block()


def at_once(task, folder, blocks, on_block):
    """Tell of the blocks when all have been played, as if other machines had."""
    play_here(task, folder, blocks, lambda: None)


@pytest.mark.parametrize("play", [backwards, at_once])
def test_the_files_do_not_depend_on_the_order_in_which_blocks_are_played(play, whole, tmp_path):
    log_dataset(cut_off(), COUNT, tmp_path / "log-v0", shard_decisions=SHARD_DECISIONS, play=play)
    assert files(tmp_path / "log-v0") == whole


@pytest.mark.parametrize("joined", [True, False])
def test_a_run_that_is_killed_after_any_block_goes_on_to_the_same_files(joined, whole, tmp_path):
    for boundary in range(COUNT + 1):
        folder = tmp_path / f"{boundary}-v0"
        folder.mkdir()
        _log_until_killed(folder / "log-v0", boundary, joined)
        assert not (folder / "log-v0" / "datasheet.json").exists()
        log_dataset(cut_off(), COUNT, folder / "log-v0", shard_decisions=SHARD_DECISIONS)
        assert files(folder / "log-v0") == whole, boundary


def _log_until_killed(folder, boundary, joined):
    """Log in a process that ends without any exception after so many blocks. joined: as far as they go."""

    def play(task, folder, blocks, on_block):
        player = Player(task.episodes, task.layout)
        for number, block in enumerate(blocks):
            if number == boundary:
                break
            play_block(task, player, block, folder)
            if joined:
                on_block()
        os.kill(os.getpid(), signal.SIGKILL)

    def log():
        log_dataset(cut_off(), COUNT, folder, shard_decisions=SHARD_DECISIONS, play=play)

    process = multiprocessing.get_context("fork").Process(target=log)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_block_that_was_cut_short_is_played_again(whole, tmp_path):
    folder = tmp_path / "log-v0"
    _log_until_killed(folder, 6, joined=False)
    blocks = sorted((folder / "blocks").glob("episodes-*"))
    assert len(blocks) == 6
    blocks[2].write_bytes(blocks[2].read_bytes()[:1000])
    log_dataset(cut_off(), COUNT, folder, shard_decisions=SHARD_DECISIONS)
    assert files(folder) == whole


def test_episodes_that_a_stopped_run_played_beyond_are_kept_for_a_larger_one(whole, tmp_path):
    folder = tmp_path / "log-v0"
    _log_until_killed(folder, 7, joined=False)
    log_dataset(cut_off(), 5, folder, shard_decisions=10**6)
    later = sorted(path.name for path in (folder / "blocks").iterdir())
    assert later == [f"episodes-{number:06d}-{number:06d}.hdf5" for number in range(5, 7)]
    played = []

    def play(task, folder, blocks, on_block):
        played.extend(block for block in blocks if not is_played(folder, block))
        play_here(task, folder, blocks, on_block)

    sheet = log_dataset(cut_off(), COUNT, folder, shard_decisions=SHARD_DECISIONS, play=play)
    assert [block.first for block in played] == [7, 8] and not (folder / "blocks").exists()
    assert sheet["content_sha256"] == json.loads(whole["datasheet.json"])["content_sha256"]


def test_blocks_depend_on_the_number_of_episodes_alone():
    for count in (1, 64, 65, 1000, 10_000):
        blocks = blocks_of(count)
        numbers = [number for block in blocks for number in range(block.first, block.last + 1)]
        assert numbers == list(range(count))
        assert len(blocks) >= min(count, 33) and max(block.size for block in blocks) <= 64


def test_a_block_that_vanishes_is_named(tmp_path):
    def play(task, folder, blocks, on_block):
        play_here(task, folder, blocks[:-1], on_block)

    with pytest.raises(InputError, match=r"episodes-000004-000004\.hdf5: is gone"):
        log_dataset(cut_off(), 5, tmp_path / "log-v0", play=play)
