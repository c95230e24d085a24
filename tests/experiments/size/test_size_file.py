"""What a file of `rare size` may say; what is wrong with one is a line with file, key, value and remedy."""

from pathlib import Path

import pytest

from experiments.size.size_cases import case_requests
from experiments.size.size_file import read_size_file, size_schema
from traces.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = [
    ROOT / "examples/size.toml",
    ROOT / "examples/size-kth.toml",
    Path(__file__).with_name("tiny.toml"),
]


def written(tmp_path, text):
    path = tmp_path / "my.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_right(path):
    assert read_size_file(path).search.trials >= read_size_file(path).search.sample_size


def test_a_number_is_a_range_of_one_value_and_the_name_is_the_files(tmp_path):
    question = read_size_file(written(tmp_path, "[solar]\nkw = 3\n[wind]\nratio = [0, 2.5]\n"))
    assert (question.name, question.solar.kw, question.wind.ratio) == ("my", (3, 3), (0, 2.5))
    assert question.search.sample_size == 48, "half of the trials"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sizes nothing; give [solar], [wind], [battery] or [grid] with a range"),
        ("[solar]\n", "solar.kw or ratio says how large it may be; give exactly one of them"),
        ("[solar]\nkw = 1\nratio = 1\n", "solar.kw or ratio says how large it may be"),
        ("[solar]\nkw = [2, 1]\n", "solar.kw must have the lower number first, got [2, 1]"),
        ("[solar]\nkw = [1, 2, 3]\n", "solar.kw must be a number or two, [least, most], got [1, 2, 3]"),
        ('[solar]\nkw = "much"\n', "solar.kw must be a number or two, [least, most], got 'much'"),
        ("[solar]\nkw = [-1, 2]\n", "solar.kw.0 must be between 0 and 1000000, got -1"),
        ("[solar]\nkw = 1\nsteps = 0\n", "solar.steps must be between 1 and 1000, got 0"),
        ("[solr]\nkw = 1\n", "solr is an unknown table; did you mean 'solar'?"),
        ("[battery]\nkwh = [0, 9]\nkw = 1\nduration_h = 2\n", "battery.kw and duration_h both say"),
        ("minimum_served = 95\n[grid]\nkw = 1\n", "minimum_served must be between 0 and 1"),
        (
            'service = "speed"\n[grid]\nkw = 1\n',
            "service must be one of auto, value, late, unserved, slowdown",
        ),
        ('schedulers = ["easy", "easy"]\n[grid]\nkw = 1\n', "schedulers has 'easy' twice"),
        ('[[year]]\nname = "a b"\n[grid]\nkw = 1\n', "year.0.name must be of letters, digits"),
        ('[[year]]\nname = "a"\n[[year]]\nname = "a"\n[grid]\nkw = 1\n', "year has 'a' twice"),
        ("[grid]\nkw = 1\n[search]\ntrials = 4\nsample = 9\n", "search.sample is 9, more than the 4 trials"),
        ("[grid]\nkw = 1\n[cost.grid]\nlifetime_years = 0\n", "lifetime_years must be between 1 and 200"),
        ('[grid]\nkw = 1\n[cost]\ncurrency = "EUR"\n', "has a default in USD only; give it in EUR"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_size_file(path)
    line = str(caught.value)
    assert message in line and "my.toml" in line and "\n" not in line


def test_paths_are_relative_to_the_file_and_years_win_over_the_command_line(tmp_path, monkeypatch):
    folder = tmp_path / "questions"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    path = written(
        folder,
        'scenario = "own.toml"\nworkload = "whole.swf"\npower = "whole.csv"\njobs = "0:9"\n'
        'settings = ["a.b=1"]\n'
        '[[year]]\nname = "one"\npower = "one.csv"\njobs = "0:5"\nsettings = ["a.b=2"]\n'
        '[[year]]\nname = "two"\n[grid]\nkw = 1\n',
    )
    question = read_size_file(path)
    one, two = case_requests(question, folder, "given.swf", "given.csv")
    assert one.scenario == str(folder / "own.toml")
    assert (one.overrides.power, two.overrides.power) == (
        str(folder / "one.csv"),
        str(tmp_path / "given.csv"),
    )
    assert one.overrides.workload == two.overrides.workload == str(tmp_path / "given.swf")
    assert (one.overrides.jobs, two.overrides.jobs) == ("0:5", "0:9")
    assert (one.overrides.settings, two.overrides.settings) == (("a.b=1", "a.b=2"), ("a.b=1",))
    words = two.command("easy", ("c.d=3",))
    assert words[:6] == ["rare", "simulate", "--scenario", "questions/own.toml", "--scheduler", "easy"]
    assert words[-4:] == ["--set", "a.b=1", "--set", "c.d=3"]
    assert "given.swf" in words and "given.csv" in words
    (alone,) = case_requests(question.model_copy(update={"year": ()}), folder, None, None)
    assert (alone.name, alone.overrides.workload) == ("year", str(folder / "whole.swf"))


def test_the_schema_has_every_table():
    schema = size_schema()
    assert "name" not in schema["required"]
    assert {"solar", "wind", "battery", "grid", "cost", "search", "year"} <= set(schema["properties"])
