"""The script that trains what ships: from logs to a checkpoint that `experiments.ship` takes."""

import json

import pytest
from click.testing import CliRunner

from experiments import ship, train_shipped, train_with_forecast, train_without_forecast
from rare.layout import Layout
from schedulers.learned.files import describe_checkpoint

SMALL = {
    "without-forecast": (train_without_forecast, {
        "PLACES": (train_without_forecast.Ground("tiny", "tiny", 2),), "UPDATES": 4, "VALIDATE_EVERY": 2,
    }),
    "with-forecast": (train_with_forecast, {
        "SCENARIOS": "tiny", "TEACHER": "hvf+greedy", "LOOKED_AHEAD": {"tiny": 2}, "PLAYED": "tiny",
        "PLAYED_EPISODES": 1, "FIRST_STEPS": 64, "UPDATES": 4, "UPDATES_VALIDATE": 2, "PLAYS": (64, 64),
        "OPTIONS": {"environments": 4, "rollout": 8},
    }),
}  # fmt: skip


@pytest.mark.parametrize("kind", SMALL)
def test_a_small_one_goes_all_the_way_and_is_not_done_twice(tmp_path, monkeypatch, kind):
    recipe, smaller = SMALL[kind]
    for name, value in smaller.items():
        monkeypatch.setattr(recipe, name, value)
    given = [str(tmp_path), "--as", kind, "--seeds", "2", "--quiet"]
    first, again = (CliRunner().invoke(train_shipped.command, given, catch_exceptions=False) for _ in "ab")
    assert first.exit_code == again.exit_code == 0
    assert first.stdout == again.stdout
    told = json.loads(first.stdout)
    found = describe_checkpoint(tmp_path / f"seed-{told['best'].rpartition('seed-')[2][0]}" / "shipped")
    assert found.layout == Layout(reservations=kind == "without-forecast")
    assert max(told["validation_objective"].values()) == found.facts["validation_objective"]
    facts = ship.ship(found.folder, target=tmp_path / "package", fallback="atc+easy", forecast_h=0)
    assert facts["range"]["decisions"] > 0
    assert str(tmp_path) not in json.dumps(facts)


def test_every_ground_is_a_scenario():
    for place in train_without_forecast.PLACES:
        assert train_without_forecast.load_scenario(place.scenario).scenario.windows is not None
