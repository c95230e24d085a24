"""A gate in a user's file is a part of a name; what is wrong with it is one line."""

import json

import pytest

import rare
from experiments.cli.root import main
from rare.scenario.case_builder import build
from rare.scenario.load import load_scenario
from schedulers import make_scheduler
from schedulers.user.user_class import declared_name, parse_user_class
from traces.errors import InputError

GATES = """
from rare import WAIT
from schedulers import Gate, NumberParameter


class Never(Gate):
    def holds(self, view, job):
        return False


class Until(Gate):
    parameter = NumberParameter("H", default=12.0, low=0.0, high=24.0)

    def holds(self, view, job):
        return view.local_hour < self.value


class Fails(Gate):
    def holds(self, view, job):
        return 1 // 0


class Head:
    def choose(self, view):
        return WAIT
"""
REFUSED = {
    "easy+gone.py:Never": "there is no file gone.py; give easy+path/to/file.py:Class",
    "easy+gates.py:Never=1": "Never takes no parameter",
    "easy+gates.py:Until=25": "Until=25 must be a number from 0 to 24",
    "easy+gates.py:Nobody": "Nobody is no gate",
    "easy+gates.py:Head": "stands alone, as in gates.py:Head",
    "easy+green+gates.py:Never": "names two gate rules",
    "easy+nonsense+gates.py:Never": "'nonsense' is not among the backfills",
    "gates.py:Never": "is a gate, which goes with a heuristic; write easy+gates.py:Never",
}


@pytest.fixture
def gates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gates.py").write_text(GATES, encoding="utf-8")


@pytest.fixture(scope="module")
def case():
    return build(load_scenario("tiny")).case


def starts(case, name, clock="compiled"):
    return list(rare.simulate(case, make_scheduler(name), clock=clock).jobs_frame()["start_s"])


def test_a_gate_in_a_file_decides_on_both_clocks(gates, case):
    assert starts(case, "easy+gates.py:Never") == starts(case, "easy")
    held = starts(case, "easy+gates.py:Until=18+lowvalue")
    assert held != starts(case, "easy+lowvalue")
    assert held == starts(case, "easy+gates.py:Until=18+lowvalue", "simpy")


def test_its_name_and_files_are_known(gates):
    name = "easy+gates.py:Until=18+lowvalue"
    scheduler = make_scheduler(name)
    assert scheduler.name == name and scheduler.value == 18.0
    assert make_scheduler("easy+gates.py:Until").value == 12.0
    assert [path.name for path in parse_user_class(name).files] == ["gates.py"]
    assert declared_name(name, scheduler) is None


def test_a_file_whose_own_name_looks_like_one_stays_a_scheduler(gates, tmp_path):
    (tmp_path / "easy+mine.py").write_text(GATES, encoding="utf-8")
    assert type(make_scheduler("easy+mine.py:Head")).__name__ == "Head"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_one_line(gates, name):
    with pytest.raises(InputError) as refused:
        make_scheduler(name)
    line = str(refused.value)
    assert REFUSED[name] in line and "\n" not in line


def test_an_error_in_a_gate_is_one_line_with_its_place(gates, capsys):
    assert main(["simulate", "--scenario", "tiny", "--scheduler", "easy+gates.py:Fails", "--quiet"]) == 2
    err = capsys.readouterr().err
    assert "gate 'Fails' of gates.py" in err and "(line 20)" in err and err.count("\n") == 1


def test_windows_and_workers_take_it(gates, capsys):
    words = ["evaluate", "--scenario", "tiny", "--windows", "validation-06", "--workers", "2", "--json"]
    assert main([*words, "--quiet", "--scheduler", "easy,easy+gates.py:Never"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert len({row["objective"] for row in rows}) == 1 and len(rows) == 2


def test_a_sweep_finds_it_beside_its_file(gates, tmp_path, monkeypatch, capsys):
    (tmp_path / "sweep.toml").write_text(
        'scenarios = ["tiny"]\nschedulers = ["easy", "easy+gates.py:Never"]\n', encoding="utf-8"
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    words = ["sweep", "../sweep.toml", "--out", "out", "--workers", "1", "--no-figures", "--quiet", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["finished"] == 2
