"""The script that trains what ships: from logs to a checkpoint that `release` takes."""

import json

import pytest
from click.testing import CliRunner

from experiments.engine.run_all import run_all
from experiments.engine.where import Where
from experiments.training.recipes import release, train_shipped, train_with_forecast, train_without_forecast
from rare.env.observation.layout import Layout
from schedulers.network.checkpoint_files import describe_checkpoint
from traces.errors import InputError

SMALL = {
    "without-forecast": (train_without_forecast, {
        "PLACES": (train_without_forecast.Ground("tiny", "tiny", 2),), "UPDATES": 4, "VALIDATE_EVERY": 2,
    }),
    "with-forecast": (train_with_forecast, {
        "TEACHER": "hvf+greedy", "LOOKED_AHEAD": {"tiny": 2}, "UPDATES": 4, "UPDATES_VALIDATE": 2,
        "STEPS": 64, "OPTIONS": {"environments": 4, "rollout": 8}, "PLAYED": "solar-night",
        "PLAYED_STEPS": 64, "PLAYED_OPTIONS": {"environments": 4, "rollout": 8}, "VALIDATIONS": 1,
        "DISTIL": {"rounds": 1, "updates": 3, "batch": 8, "kept": 0.01},
    }),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["with-forecast", pytest.param("without-forecast", marks=pytest.mark.slow)])
def test_a_small_one_goes_all_the_way_and_is_not_done_twice(tmp_path, monkeypatch, kind):
    recipe, smaller = SMALL[kind]
    for name, value in smaller.items():
        monkeypatch.setattr(recipe, name, value)
    arguments = [str(tmp_path), "--as", kind, "--seeds", "2", "--quiet"]
    first, again = (
        CliRunner().invoke(train_shipped.command, arguments, catch_exceptions=False) for _ in "ab"
    )
    assert first.exit_code == again.exit_code == 0
    assert first.stdout == again.stdout
    summary = json.loads(first.stdout)
    description = describe_checkpoint(summary["best"])
    assert description.layout == Layout(reservations=kind == "without-forecast")
    assert max(summary["validation_objective"].values()) == description.facts["validation_objective"]
    facts = release.ship(description.folder, target=tmp_path / "package", fallback="atc+easy", forecast_h=0)
    assert facts["range"]["decisions"] > 0
    assert str(tmp_path) not in json.dumps(facts)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_worker_says_in_one_line_what_cannot_be_done(tmp_path, workers):
    (tmp_path / "data").mkdir()
    for name in train_with_forecast.logs():
        (tmp_path / "data" / name).write_text("a file where a folder belongs")
    training = train_shipped.ShippedTraining("with-forecast", tmp_path)
    with pytest.raises(InputError, match="is a file"):
        run_all(training, training.logs(), Where(workers=workers), training.results.book)


def test_a_result_counts_only_with_what_it_names(tmp_path):
    training = train_shipped.ShippedTraining("without-forecast", tmp_path)
    (network,) = training.networks(1)
    assert network.needs == tuple(cell.key for cell in training.logs())
    assert not training.is_done(network)
    training.results.write(network.key, {"folder": "seed-0/shipped", "objective": 0.5})
    assert not training.is_done(network)
    (tmp_path / "seed-0" / "shipped").mkdir(parents=True)
    assert training.is_done(network)


def test_every_ground_is_a_scenario():
    for place in train_without_forecast.PLACES:
        assert train_without_forecast.load_scenario(place.scenario).scenario.windows is not None
