"""`rare dataset` and `rare dataset show`: what they print, and hostile input."""

from __future__ import annotations

import json

import numpy as np
import pytest

from experiments.cli.root import main
from experiments.data.action_coverage import START, STOP, WAIT, clusters_of, coverage, kinds_of
from rare import Layout

SMALL = ["--scenario", "tiny", "--queue-slots", "20", "--running-slots", "6", "--forecast-hours", "4"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "tiny-mixed-v0"
    words = ["--scheduler", "atc+greedy,random", "--episodes", "52", "--epsilon", "0.1"]
    assert main(["dataset", *words, *SMALL, "--out", str(folder), "--quiet"]) == 0
    return folder


def test_the_same_command_again_says_the_same(made, capsys):
    sheet = json.loads((made / "datasheet.json").read_text("utf-8"))
    words = ["--scheduler", "atc+greedy", "--scheduler", "random", "--episodes", "52", "--epsilon", "0.1"]
    assert main(["dataset", *words, *SMALL, "--out", str(made)]) == 0
    said = capsys.readouterr().out
    assert f"{sheet['transitions']:,} decisions" in said and sheet["content_sha256"] in said
    assert json.loads((made / "datasheet.json").read_text("utf-8")) == sheet
    text = (made / "datasheet.md").read_text("utf-8")
    assert sheet["content_sha256"] in text and "| random | 1 |" in text and "| atc+greedy | 0.1 |" in text


def test_json_is_the_data_sheet_and_nothing_else(made, capsys):
    words = ["--scheduler", "atc+greedy,random", "--episodes", "52", "--epsilon", "0.1", "--json"]
    assert main(["dataset", *words, *SMALL, "--out", str(made)]) == 0
    sheet = json.loads(capsys.readouterr().out)
    for key in ("scenario", "config_sha256", "case_sha256", "layout", "seed", "rare", "returns", "windows"):
        assert sheet[key] is not None, key
    assert sheet["epsilon"] == [0.1, 1.0]
    assert sum(row["episodes"] for row in sheet["by_scheduler"]) == sheet["episodes"]


def test_show_counts_every_decision(made, tmp_path, capsys):
    assert main(["dataset", "show", str(made), "--out", str(tmp_path / "figures"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    decisions = found["sheet"]["transitions"]
    assert sum(found["actions_taken"]) == sum(found["decisions_by_kind"].values()) == decisions
    assert found["actions_valid"][0] == decisions  # WAIT always is
    assert all(
        taken <= valid for taken, valid in zip(found["actions_taken"], found["actions_valid"], strict=True)
    )
    assert found["decisions_certain"] == 0
    assert 0 < found["coverage"]["share_with_several_kinds"] <= 1
    assert (tmp_path / "figures" / "dataset.png").stat().st_size > 10_000


def test_show_prints_it(made, capsys):
    assert main(["dataset", "show", str(made), "--no-figures"]) == 0
    said = capsys.readouterr().out
    assert "atc+greedy" in said and "wait" in said and "coverage of states" in said
    assert not (made / "figures").exists()


def test_coverage_counts_clusters_with_several_actions():
    clusters = np.array([5, 5, 5, 9, 9, 7])
    actions = np.array([0, 1, 2, 3, 3, 0])
    kinds = np.array([WAIT, START, START, START, START, WAIT])
    found = coverage(clusters, actions, kinds)
    assert (found.clusters, found.revisited) == (3, 2)
    assert found.several_actions == found.several_kinds == 0.5
    assert found.decisions_there == 0.5
    assert coverage(clusters, actions, np.ones(6, int)).several_kinds == 0


def test_clusters_tell_states_apart_that_differ():
    layout = Layout(4, 2, 3)
    obs = np.zeros((4, layout.size), np.float32)
    obs[1, layout.index("cluster", "free_cores")] = 0.6
    obs[2, layout.index("cluster", "shortage")] = 1
    obs[3, layout.index("queue", "waited")] = 0.4  # of one job only
    found = clusters_of(obs, layout)
    assert len(set(found[:3])) == 3 and found[3] == found[0]
    assert list(kinds_of(np.array([0, 4, 5]), layout)) == [WAIT, START, STOP]


@pytest.mark.parametrize(
    "words, said",
    [
        (["--scheduler", "ftfs"], "unknown scheduler 'ftfs'"),
        (["--scheduler", "nobody.py:Mine"], "there is no file nobody.py"),
        (["--scheduler", "fcfs", "--episodes", "0"], "--episodes must be at least 1"),
        (["--scheduler", "fcfs", "--epsilon", "1.5"], "--epsilon must be a probability"),
        (["--scheduler", "fcfs", "--epsilon", "nan"], "--epsilon must be a probability"),
        (["--scheduler", "fcfs,fcfs"], "given twice"),
        (["--scheduler", "fcfs", "--scenario", "nowhere"], "nowhere"),
        (["--scheduler", "fcfs", "--queue-slots", "0"], "queue_slots must be a whole number"),
        (["--scheduler", "atc+greedy", "--scenario", "plain"], "plain"),
        (
            ["--scheduler", "ljf+greedy", "--queue-slots", "1", "--running-slots", "1", "--episodes", "3"],
            "no episode",
        ),
        ([], "give --scheduler NAME"),
    ],
)
def test_hostile_input_gives_one_clear_line(words, said, tmp_path, capsys):
    scenario = [] if "--scenario" in words else ["--scenario", "tiny"]
    assert main(["dataset", *words, *scenario, "--out", str(tmp_path / "data")]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1 and "Traceback" not in err


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("mine", "utf-8")
    assert main(["dataset", "--scheduler", "fcfs", *SMALL, "--out", str(tmp_path)]) == 2
    assert "thesis.tex" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    assert main(["dataset", "show", str(tmp_path)]) == 2
    assert main(["dataset", "show", str(tmp_path / "nowhere")]) == 2
    assert main(["dataset", "--scheduler", "fcfs", *SMALL]) == 2


def test_a_class_of_ones_own_is_logged(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "class First:\n"
        "    def choose(self, view):\n"
        "        fits = [job for job in view.queue if view.can_start(job)]\n"
        "        return fits[0].index if fits else -1\n",
        "utf-8",
    )
    name = f"{tmp_path / 'mine.py'}:First"
    out = str(tmp_path / "data")
    assert main(["dataset", "--scheduler", name, "--episodes", "3", *SMALL, "--out", out, "--quiet"]) == 0
    assert "3 episodes" in capsys.readouterr().out
