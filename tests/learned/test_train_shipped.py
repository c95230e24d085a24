"""The script that trains what ships: from logs to a checkpoint that `experiments.ship` takes."""

import json

from click.testing import CliRunner

from experiments import ship, train_shipped
from rare.layout import Layout
from schedulers.learned.files import describe_checkpoint


def test_a_small_one_goes_all_the_way_and_is_not_done_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(train_shipped, "PLACES", (train_shipped.Ground("tiny", "tiny", 2),))
    monkeypatch.setattr(train_shipped, "UPDATES", 4)
    monkeypatch.setattr(train_shipped, "VALIDATE_EVERY", 2)
    given = [str(tmp_path), "--seeds", "2", "--quiet"]
    first, again = (CliRunner().invoke(train_shipped.command, given, catch_exceptions=False) for _ in "ab")
    assert first.exit_code == again.exit_code == 0
    assert first.stdout == again.stdout
    told = json.loads(first.stdout)
    found = describe_checkpoint(tmp_path / f"seed-{told['best'].rpartition('seed-')[2][0]}" / "shipped")
    assert found.layout == Layout(reservations=True)
    assert max(told["validation_objective"].values()) == found.facts["validation_objective"]
    facts = ship.ship(found.folder, target=tmp_path / "package", fallback="atc+easy", forecast_h=0)
    assert facts["range"]["decisions"] > 0
    assert str(tmp_path) not in json.dumps(facts)


def test_every_ground_is_a_scenario():
    for place in train_shipped.PLACES:
        assert train_shipped.load_scenario(place.scenario).scenario.windows is not None
