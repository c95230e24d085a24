"""The files of a dataset: byte for byte those of one episode after the other, however they were made."""

from __future__ import annotations

import pytest

from experiments.data.dataset_task import policy_of
from rare import Layout
from rare.dataset.logging_task import Task
from rare.dataset.write_dataset import log_dataset
from rare.scenario.scenario_episodes import episodes_of
from tests.rare.dataset.sequential_log import sequential

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
