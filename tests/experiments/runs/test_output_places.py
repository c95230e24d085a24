"""A command works for minutes and then finds that its place cannot be written; or trusts a damaged result."""

import json
import os
from pathlib import Path

import pytest

from experiments.cli.output import split_names
from experiments.cli.root import main
from experiments.data import dataset_task, export_schedule, generate_jobs
from experiments.evaluation import evaluate_run
from experiments.process.atomic_output import check_place
from experiments.runs import run_setup
from rare.scenario.load import load_scenario
from rare.scenario.windows import windows_of
from schedulers.user.user_class import parse_user_class
from traces.errors import InputError

TINY = ("--scenario", "tiny", "--scheduler", "easy")
EVALUATE = ("evaluate", *TINY, "--windows", "validation-00", "--workers", "1", "--quiet")
GENERATE = ("traces", "generate", "lublin", "--jobs", "10", "--processors", "8", "--quiet")
COMMANDS = {
    "evaluate": (EVALUATE, evaluate_run, "evaluate", ""),
    "simulate": (("simulate", *TINY, "--quiet"), run_setup, "build", ""),
    "compare": (("compare", *TINY, "--quiet"), run_setup, "build", ""),
    "dataset": (("dataset", *TINY, "--quiet"), dataset_task, "load_scenario", "-v0"),
    "generate": (GENERATE, generate_jobs, "_lublin", ".csv"),
    "export": (("export", "run", "--format", "swf", "--quiet"), export_schedule, "load_run", ".swf"),
}
PLACES = ("/dev/null/run", "/proc/run", "x" * 300, "\ud800", "file/run")


class Began(Exception):
    """The work was begun."""


@pytest.mark.parametrize("place", PLACES, ids=["device", "proc", "long", "no text", "in a file"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path, monkeypatch, capsys, command, place
):
    words, module, work, suffix = COMMANDS[command]

    def begin(*_, **__):
        raise Began

    monkeypatch.setattr(module, work, begin)
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("", "utf-8")
    assert main([*words, "--out", place + suffix]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("rare: ") and err.count("\n") == 1
    assert os.listdir() == ["file"]


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path):
    check_place(tmp_path / "new" / "run")
    (tmp_path / "empty").mkdir()
    check_place(tmp_path / "empty")
    assert os.listdir(tmp_path) == ["empty"]


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_an_evaluation_beside_something_else_is_refused_before_the_work(tmp_path, monkeypatch, capsys, force):
    monkeypatch.setattr(evaluate_run, "evaluate", lambda *_, **__: pytest.fail("the work was begun"))
    (tmp_path / "evaluate.json").write_text("{}", "utf-8")
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    assert main([*EVALUATE, "--out", str(tmp_path), *force]) == 2
    said = "notes.txt" if force else "give --force to replace it"
    assert said in capsys.readouterr().err


def change_objective(rows):
    rows[0]["objective"] = 0.99


def drop_a_row(rows):
    rows.pop()


def repeat_a_row(rows):
    rows[1] = rows[0]


def add_text(rows):
    rows[0]["kills"] = "none"


@pytest.mark.parametrize("damage", [None, change_objective, drop_a_row, repeat_a_row, add_text])
def test_the_rows_of_a_finished_evaluation_are_believed_only_if_they_are_whole(tmp_path, damage):
    from experiments.evaluation.window_rows import COLUMNS, rows_hash

    window, names = windows_of(load_scenario("tiny"))[0], ["easy", "fcfs"]
    texts = {"window": window.name, "split": window.split, "ended": "completed"}
    rows = [{**texts, "scheduler": name, **dict.fromkeys(COLUMNS, 1.0)} for name in names]
    origin = {"evaluation_sha256": "it", "rows_sha256": rows_hash(rows)}
    (tmp_path / "provenance.json").write_text(json.dumps(origin), "utf-8")
    if damage is not None:
        damage(rows)
    (tmp_path / "evaluate.json").write_text(json.dumps({"rows": rows}), "utf-8")
    stored = evaluate_run.stored_rows(tmp_path, "it", names, [window])
    assert stored == (rows if damage is None else None)
    assert evaluate_run.stored_rows(tmp_path, "another", names, [window]) is None


def test_a_kept_row_that_was_changed_on_disk_is_made_again(tmp_path):
    from experiments.evaluation.window_rows import COLUMNS, KeptRows

    loaded = load_scenario("tiny")
    window = windows_of(loaded)[0]
    kept = KeptRows.__new__(KeptRows)  # the key of a case takes a build of it
    kept._path, kept._key, kept._files = tmp_path / "row.json", {"window": {"name": window.name}}, {}
    row = {"window": window.name, "split": window.split, "scheduler": "easy", "ended": "completed"}
    row |= dict.fromkeys(COLUMNS, 0.5)
    kept.write({"easy": row})
    assert kept.read(["easy"]) == {"easy": row}
    text = kept._path.read_text("utf-8")
    kept._path.write_text(text.replace('"objective": 0.5', '"objective": 0.9'), "utf-8")
    assert kept.read(["easy"]) == {}


# --- names of schedulers ----------------------------------------------------------------------------------


def test_quotes_and_brackets_inside_arguments_do_not_end_a_name():
    names = [r"a.py:A(t='it\'s, (')", r'b.py:B(t="\\")', "c.py:C(n=[1, {'k': (2, 3)}])", "easy"]
    assert split_names(",".join(names)) == names
    assert parse_user_class(names[0]).named == {"t": "it's, ("}
    assert parse_user_class(names[1]).named == {"t": "\\"}


def test_a_class_is_found_in_the_home_folder_and_behind_spaces(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_user_class(" ~/my policies/own.py:Mine ").path == tmp_path / "my policies" / "own.py"
    with pytest.raises(InputError, match="no home folder"):
        parse_user_class("~nobody-has-this-name/own.py:Mine")
