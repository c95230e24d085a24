"""Tables as text: exact where there is no terminal, and no wider than the terminal where there is one."""

import sys

import pytest

from experiments.report.learned_facts import learning_text
from experiments.report.terminal_table import compare_text
from experiments.results.text_table import aligned_lines, fits, named_lines, narrow_lines, terminal_width

ROWS = [
    ["scheduler", "objective", "mean wait", "not arrived", "killed"],
    ["easy", "0.512", "17.3 min", "1,024", "7"],
    ["a/rather/long/name-of-a-scheduler", "0.610", "5.2 h", "-", "12"],
]


def test_columns_are_as_wide_as_their_cells():
    assert aligned_lines([["name", "n"], ["a", "1,000"], ["longer", "-"]]) == [
        "name        n",
        "a       1,000",
        "longer      -",
    ]
    assert aligned_lines([["a", "b", "c"], ["x", "yy", "3"]], words=2) == ["a  b   c", "x  yy  3"]


def test_named_lines():
    assert named_lines([("a", "1"), ("long name", "22")], right=4) == [
        "  a             1",
        "  long name    22",
    ]
    assert named_lines([("a", "x")]) == ["  a  x"] and named_lines([]) == []


@pytest.mark.parametrize("width", [40, 50, 60, 79])
def test_a_narrow_table_fits_and_says_what_it_leaves_out(width):
    lines = narrow_lines(ROWS, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "0.512" in text and "0.610" in text
    words = text.replace("\n", " ")
    for heading in ROWS[0][1:]:  # a heading is there, wrapped or not, or it is named as left out
        assert all(word in words for word in heading.split())
    assert ("no room for:" in words) == (width < 60)


def test_the_columns_that_must_stay_do():
    lines = narrow_lines(ROWS, 40, keep=3)
    assert "17.3 min" in "\n".join(lines) and "5.2 h" in "\n".join(lines)


def test_brackets_in_a_name_are_text():
    lines = narrow_lines([["scheduler", "n"], ["[bold]evil[/bold]", "1"]], 40)
    assert "[bold]evil[/bold]" in "\n".join(lines).replace("\n", "")


def test_the_width_is_that_of_a_terminal_only(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert terminal_width() is None and fits(["x" * 1000], None)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "90")
    assert terminal_width() == 90 and not fits(["x" * 91], 90)
    monkeypatch.setenv("COLUMNS", "3")
    assert terminal_width() == 40


def made_result(name):
    metrics = {"objective": 0.5, "qos_violations": 3, "mean_bounded_slowdown": 2.0, "mean_wait_s": 100.0}
    metrics |= {"utilization": 0.5, "jobs_completed": 9, "suspensions": 4, "kills": 2, "grid_kwh": 5.0}
    return {"scenario": "made", "scheduler": name, "seed": 0, "ended": "completed", "metrics": metrics}


def test_a_comparison_on_a_narrow_terminal(monkeypatch):
    comparison = {"scenario": "made", "results": [made_result("easy"), made_result("fcfs")]}
    wide = compare_text(comparison)  # no terminal
    assert wide.splitlines()[1].split("  ")[0] == "scheduler" and "no room" not in wide
    assert compare_text(comparison, width=200) == wide
    narrow = compare_text(comparison, width=50)
    assert max(map(len, narrow.splitlines())) <= 50
    assert "no room for:" in narrow and "easy" in narrow
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "50")
    assert compare_text(comparison) == narrow


def test_the_demos_table_on_a_narrow_terminal():
    numbers = {"mean": 0.5, "iqm": 0.5, "low": 0.4, "high": 0.6, "windows": 13}
    facts = {
        "windows": 13,
        "objective": {"ppo/best": numbers, "easy": numbers},
        "difference": {"ppo/best": numbers, "easy": numbers},
        "learned": "ppo/best",
        "yardstick": "easy",
    }
    wide, narrow = learning_text(facts), learning_text(facts, width=44)
    assert wide.splitlines()[2] == "ppo/best       0.500  0.400 to 0.600  +0.500  +0.400 to +0.600"
    assert max(map(len, narrow.splitlines()[:-1])) <= 44  # the sentence at the end is prose
