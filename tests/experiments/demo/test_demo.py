"""`rare demo` in miniature: everything it does, on a toy, and what a stop leaves behind."""

from __future__ import annotations

import dataclasses
import io
import json

import pytest

for library in ("torch", "d3rlpy", "sb3_contrib", "h5py"):
    pytest.importorskip(library, reason="needs the extra 'learn'")

from experiments.demo import demo_learning  # noqa: E402
from experiments.demo.demo_plan import LEARNED, DemoPlan  # noqa: E402
from experiments.demo.run_demo import demo_run  # noqa: E402
from experiments.process.progress import ProgressDisplay  # noqa: E402
from experiments.report.html_report import write_report  # noqa: E402
from experiments.report.learned_facts import learning_facts, learning_sentence  # noqa: E402
from traces.errors import InputError  # noqa: E402

TOY = DemoPlan(
    scenario="tiny", compared=("easy", "fcfs"), packaged="sjf", teacher="easy", judged=("easy", "fcfs"),
    episodes=6, updates=12, width=8, decisions=8192,
)  # fmt: skip
STEPS = ("step 1 of 5", "step 2 of 5", "step 3 of 5", "step 4 of 5", "step 5 of 5")


class Seen:
    """What is shown and noted, in its order; a table stands as the number of its schedulers."""

    def __init__(self):
        self.stream = io.StringIO()
        self.display = ProgressDisplay(stream=self.stream)

    def show(self, result):
        self.stream.write(f"TABLE {len(result['results'])} {'learning' in result}\n")

    @property
    def text(self):
        return self.stream.getvalue()


@pytest.fixture
def stopped(monkeypatch):
    """Ctrl-C as the network begins to play."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo_learning, "train_online", stop)
        yield patch


def test_the_whole_path_and_its_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = Seen()
    result = demo_run("out", plan=TOY, display=seen.display, show=seen.show)
    facts = result["learning"]
    assert set(facts["objective"]) == {"easy", "fcfs", *(f"{name}/best" for name in LEARNED)}
    assert facts == learning_facts(tmp_path / "out" / "learning")
    assert facts["windows"] == 13 and facts["yardstick"] == "easy"
    names = [entry["scheduler"] for entry in result["results"]]
    assert names == ["easy", "fcfs", "sjf", "out/learning/ppo/best"]
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Learned against heuristic" in page and "4 schedulers compared" in page
    assert page.count('src="data:image/png') >= 2
    used = json.loads((tmp_path / "out" / "learning" / "ppo" / "config.json").read_text("utf-8"))
    assert used["start"]["trained"] == "offline crr"
    order = ["Part 1 of 3", "TABLE 2 False", "first picture: out/figures/objective.png", "out/report.html",
             "Part 2 of 3", *STEPS, "Part 3 of 3", "TABLE 4 True"]  # fmt: skip
    places = [seen.text.index(text) for text in order]
    assert places == sorted(places)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("done already")

    monkeypatch.setattr(demo_learning, "learn_all", never)
    again = demo_run("out", plan=TOY, figures=False)
    assert again["learning"] == facts  # the comparison is made again, nothing is learned anew
    assert write_report("out").is_file()
    assert "Learned against heuristic" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_a_stop_leaves_a_whole_report_and_the_next_demo_goes_on(stopped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = Seen()

    def show(result):
        assert (tmp_path / "out" / "report.html").is_file()  # with the table, not after it
        assert (tmp_path / "out" / "figures" / "objective.png").is_file()
        first.show(result)

    with pytest.raises(KeyboardInterrupt, match="report.html is whole, and the same command goes on"):
        demo_run("out", plan=TOY, display=first.display, show=show)
    assert first.text.count("TABLE") == 1
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "2 schedulers compared" in page and "Learned against heuristic" not in page
    crr = tmp_path / "out" / "learning" / "crr" / "best" / "weights.safetensors"
    before = crr.read_bytes()

    stopped.undo()
    second = Seen()
    demo_run("out", plan=TOY, figures=False, display=second.display, show=second.show)
    assert "a scheduler goes on" in second.text and second.text.count("is finished; nothing to do") == 2
    assert crr.read_bytes() == before
    assert second.text.count("TABLE") == 2


def test_learning_of_another_plan_begins_anew(stopped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        demo_run("out", plan=TOY, figures=False)
    assert not demo_learning.begun_otherwise(tmp_path / "out" / "learning", TOY)
    other = dataclasses.replace(TOY, updates=6)
    assert demo_learning.begun_otherwise(tmp_path / "out" / "learning", other)
    seen = Seen()
    with pytest.raises(KeyboardInterrupt):
        demo_run("out", plan=other, figures=False, display=seen.display)
    assert "so learning begins anew" in seen.text and "is finished" not in seen.text


def test_without_learning_what_was_learned_stays(stopped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        demo_run("out", plan=TOY, figures=False)
    seen = Seen()
    result = demo_run("out", plan=TOY, figures=False, learn=False, display=seen.display)
    assert "learning" not in result and "Part" not in seen.text
    assert (tmp_path / "out" / "learning" / "crr" / "best").is_dir()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something that no demo wrote"):
        demo_run(tmp_path / "out", plan=TOY)
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
