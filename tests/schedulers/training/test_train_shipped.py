"""The script that trains what ships: from logs to a checkpoint that `release` takes."""

import json

import pytest
import torch
from click.testing import CliRunner

from experiments.engine.run_all import run_all
from experiments.engine.where import Where
from experiments.training.recipes import release, train_on_grounds, train_shipped, train_start
from experiments.training.recipes.grounds.training_episodes import GroundsPlan
from rare.env.observation.layout import Layout
from schedulers.network.checkpoint_files import describe_checkpoint
from schedulers.training import checkpoint
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet
from traces.errors import InputError

SMALL_START = {
    "TEACHER": "hvf+greedy", "LOOKED_AHEAD": {"tiny": 2}, "UPDATES": 4, "UPDATES_VALIDATE": 2,
    "STEPS": 64, "OPTIONS": {"environments": 4, "rollout": 8}, "PLAYED": "solar-night",
    "PLAYED_STEPS": 64, "PLAYED_OPTIONS": {"environments": 4, "rollout": 8}, "VALIDATIONS": 1,
    "DISTIL": {"rounds": 1, "updates": 3, "batch": 8, "kept": 0.01},
}  # fmt: skip
SMALL_PPO = {"environments": 4, "rollout": 8}
SMALL_GROUNDS = {
    "GENERAL_STEPS": 64, "GENERAL_OPTIONS": SMALL_PPO, "ALONE_OPTIONS": SMALL_PPO | {"promises": 1.0},
    "VALIDATIONS": 1,
    "SPECIALISTS": (train_on_grounds.Specialist("tiny", "general", (32,)),),
    "PLAN": GroundsPlan(scenarios=("tiny",), varied=("tiny",), new_jobs=1, priced=1, grounds=2, judged=1),
    "TEACH": {"rounds": 1, "windows": 2, "updates": 3, "batch": 8},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("begun", [True, False])
def test_a_small_one_goes_all_the_way_and_is_not_done_twice(tmp_path, monkeypatch, begun):
    for recipe, smaller in ((train_start, SMALL_START), (train_on_grounds, SMALL_GROUNDS)):
        for name, value in smaller.items():
            monkeypatch.setattr(recipe, name, value)
    arguments = [str(tmp_path / "run"), "--seeds", "1" if begun else "2", "--quiet"]
    if begun:
        torch.manual_seed(0)
        net = SchedulerNet(Layout(), NetworkSize(width=8))
        checkpoint.save(tmp_path / "start", checkpoint.Checkpoint(net, {"head": "policy"}))
        arguments += ["--from", str(tmp_path / "start")]
    first, again = (
        CliRunner().invoke(train_shipped.command, arguments, catch_exceptions=False) for _ in "ab"
    )
    assert first.exit_code == again.exit_code == 0
    assert first.stdout == again.stdout
    summary = json.loads(first.stdout)
    description = describe_checkpoint(summary["best"])
    assert description.layout == train_on_grounds.LAYOUT
    assert max(summary["validation_objective"].values()) == description.facts["validation_objective"]
    grounds = tmp_path / "run" / "grounds"
    facts = release.ship(
        description.folder, target=tmp_path / "package", fallback="atc+easy", grounds=grounds
    )
    assert facts["range"]["decisions"] > 0
    assert str(tmp_path) not in json.dumps(facts)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_worker_says_in_one_line_what_cannot_be_done(tmp_path, workers):
    (tmp_path / "data").mkdir()
    for name in train_start.logs():
        (tmp_path / "data" / name).write_text("a file where a folder belongs")
    training = train_shipped.ShippedTraining(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        run_all(training, training.logs(), Where(workers=workers), training.results.book)


def test_a_result_counts_only_with_what_it_names(tmp_path):
    training = train_shipped.ShippedTraining(tmp_path)
    (network,) = training.networks(1)
    assert network.needs == tuple(cell.key for cell in training.logs())
    assert not training.is_done(network)
    training.results.write(network.key, {"folder": "seed-0/distilled", "objective": 0.5})
    assert not training.is_done(network)
    (tmp_path / "seed-0" / "distilled").mkdir(parents=True)
    assert training.is_done(network)
