"""`rare demo` in miniature: everything it does, on a toy, and what a kill leaves behind."""

from __future__ import annotations

import json

import pytest

for library in ("torch", "d3rlpy", "sb3_contrib", "h5py"):
    pytest.importorskip(library, reason="needs the extra 'learn'")

from experiments import demo  # noqa: E402
from experiments.report.html_report import write_report  # noqa: E402
from experiments.report.learned_facts import learning_facts, learning_sentence  # noqa: E402
from traces.errors import InputError  # noqa: E402


@pytest.fixture
def toy(monkeypatch):
    """The demo's sizes, so small that it takes seconds."""
    small = {
        "SCENARIO": "tiny", "SCHEDULERS": ("easy", "fcfs"), "TEACHER": "easy", "EPISODES": 6,
        "JUDGED": ("easy", "fcfs"), "UPDATES": 12, "WIDTH": 8, "PPO_STEPS": 8192,
    }  # fmt: skip
    for name, value in small.items():
        monkeypatch.setattr(demo, name, value)


def test_the_whole_path_and_its_report(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = demo.demo_run("out")
    facts = found["learning"]
    assert set(facts["objective"]) == {"easy", "fcfs", *(f"{name}/best" for name in demo.LEARNED)}
    assert facts == learning_facts(tmp_path / "out" / "learning")
    assert facts["windows"] == 13 and facts["yardstick"] == "easy"
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Learned against heuristic" in page
    assert page.count('src="data:image/png') >= 2
    used = json.loads((tmp_path / "out" / "learning" / "ppo" / "config.json").read_text("utf-8"))
    assert used["start"]["trained"] == "offline crr"

    def never(*_: object, **__: object) -> None:
        raise AssertionError("done already")

    monkeypatch.setattr("experiments.data.log_dataset.dataset_run", lambda *_, **__: None)
    monkeypatch.setattr("experiments.evaluation.evaluate_run.evaluate_run", never)
    assert (
        demo.demo_run("out", figures=False)["learning"] == facts
    )  # replaces the comparison, learns nothing anew
    assert write_report("out").is_file()
    assert "Learned against heuristic" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_a_folder_of_somebody_else_is_left_alone(toy, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something that no demo wrote"):
        demo.demo_run(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.01, 0.05, "is above"), (-0.05, -0.01, "is below"), (-0.01, 0.02, "cannot be told")],
)
def test_the_sentence_says_what_the_interval_says(low, high, words):
    estimate = {"iqm": 0.6, "low": 0.5, "high": 0.7, "windows": 13}
    gain = {**estimate, "mean": (low + high) / 2, "low": low, "high": high}
    facts = {
        "windows": 13, "learned": "ppo/best", "yardstick": "easy",
        "objective": {name: {**estimate, "mean": 0.6} for name in ("ppo/best", "easy")},
        "difference": {"ppo/best": gain},
    }  # fmt: skip
    assert words in learning_sentence(facts)
