"""A figure of the windows that chose a checkpoint is taken for its result; a first line says 'best -inf'."""

from types import SimpleNamespace

import pytest

from experiments.cli import functions
from experiments.cli.root import main
from experiments.training.train_folder import judge_text, objectives_text

SCORE = {"objective": 0.75, "step": 10}
SUMMARY = {
    "algorithm": "ppo",
    "scenario": "tiny,islanded",
    "transitions": 5,
    "first": SCORE,
    "best": SCORE,
    "last": SCORE,
    "frames_per_s": 9.0,
    "baselines": {},
}


def test_without_a_validation_there_is_no_best():
    nothing = SimpleNamespace(last=float("-inf"), best=float("-inf"))
    assert objectives_text(nothing) == "not validated yet"
    assert objectives_text(SimpleNamespace(last=0.5, best=0.75)) == "objective 0.5000, best 0.7500"


def test_the_command_that_judges_has_scenario_and_settings():
    text = judge_text("a b.toml,tiny", ("battery.hours=4",), "my run")
    assert "chosen" in text and text.endswith(
        "rare evaluate --scenario 'a b.toml' --set battery.hours=4 --windows test --scheduler "
        "'easy,my run/best'"
    )


@pytest.mark.parametrize("command", [["online", "--scenario", "tiny"], ["offline", "--data", "log"]])
def test_the_last_lines_say_what_the_objectives_are_of(command, monkeypatch, capsys):
    name = f"train_{command[0]}"
    monkeypatch.setattr(functions, name, lambda *positional, **options: SUMMARY, raising=False)
    assert main(["train", *command, "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "of the validation windows, on which the checkpoint was chosen" in out
    assert "rare evaluate --scenario tiny --windows test --scheduler easy,run/best" in out
