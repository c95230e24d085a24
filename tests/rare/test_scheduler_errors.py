"""A user's scheduler is misunderstood: its slip is told as a bug of ours, or its file cannot be loaded."""

import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from experiments.cli.root import main
from rare.state import compile as compiling
from schedulers import make_scheduler
from traces.errors import InputError

JOBS = "# processors: 4\njob_id,submit_s,cores,work_s\n1,0,2,50\n2,0,4,60\n"
MODERN = """from __future__ import annotations
from dataclasses import dataclass, field

@dataclass
class Mine:
    waited: list[int] = field(default_factory=list)

    def choose(self, view):
        return -1
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text(JOBS, encoding="utf-8")
    return tmp_path


def private_modules():
    return [name for name in sys.modules if name.startswith("_rare_scheduler_")]


class TestAnswers:
    @pytest.mark.parametrize(
        "answer", ["None", "True", "False", "0.0", "'0'", "[]", "__import__('numpy').True_"]
    )
    @pytest.mark.parametrize("clock", ["compiled", "simpy"])
    def test_what_is_no_index_is_told_in_one_line(self, here, capsys, answer, clock):
        (here / "mine.py").write_text(f"class Mine:\n    def choose(self, view):\n        return {answer}\n")
        arguments = ("--workload", "jobs.csv", "--scheduler", "mine.py:Mine", "--clock", clock, "--quiet")
        assert main(["simulate", *arguments]) == 2
        said = {"__import__('numpy').True_": repr(np.True_)}.get(answer, answer)
        assert capsys.readouterr().err == (
            f"rare: Mine.choose returned {said}; return a job's index or WAIT (-1)\n"
        )

    def test_a_victim_too(self):
        class Mine:
            def victim(self, view):
                return None

        from rare.scheduler import PythonDecider

        with pytest.raises(InputError, match=r"^Mine.victim returned None; return a job's index or WAIT"):
            PythonDecider(Mine(), [])._index("victim", Mine().victim(None))

    def test_numpy_integers_are_integers(self):
        from rare.scheduler import PythonDecider

        assert PythonDecider(object(), [])._index("choose", np.int32(3)) == 3


class TestLoading:
    def test_a_dataclass_with_postponed_annotations(self, here):
        (here / "mine.py").write_text(MODERN)
        one, other = make_scheduler("mine.py:Mine"), make_scheduler("mine.py:Mine")
        assert one.waited == [] and one.name == "Mine"
        assert sys.modules[type(one).__module__].__file__.endswith("mine.py")
        assert type(one).__module__ != type(other).__module__

    def test_a_file_hides_no_module_of_its_name(self, here):
        (here / "json.py").write_text(MODERN)
        before = sys.modules["json"] if "json" in sys.modules else __import__("json")
        make_scheduler("json.py:Mine")
        assert sys.modules["json"] is before

    @pytest.mark.parametrize("text", ["import no_such_module", "1 / 0", "raise SystemExit(3)"])
    def test_a_file_that_fails_leaves_nothing_behind(self, here, text):
        (here / "mine.py").write_text(text)
        before = private_modules()
        with pytest.raises((InputError, ZeroDivisionError, SystemExit)):
            make_scheduler("mine.py:Mine")
        assert private_modules() == before


class TestCompiledCode:
    def test_another_process_that_cleans_up_as_well_is_no_error(self, tmp_path, monkeypatch):
        old_s = time.time() - 40 * 24 * 3600
        for name in ("a", "b", "now"):
            (tmp_path / name).mkdir()
            os.utime(tmp_path / name, (old_s, old_s))
        is_dir = Path.is_dir

        def gone_after_the_look(path):
            found = is_dir(path)
            if path.name in ("a", "b") and found:
                shutil.rmtree(path)
            return found

        monkeypatch.setattr(Path, "is_dir", gone_after_the_look)
        compiling._forget_old(tmp_path, tmp_path / "now")
        monkeypatch.undo()
        assert [entry.name for entry in tmp_path.iterdir()] == ["now"]

    def test_what_nobody_ran_for_a_month_goes(self, tmp_path):
        old_s = time.time() - 40 * 24 * 3600
        for name in ("old", "fresh", "now"):
            (tmp_path / name).mkdir()
        os.utime(tmp_path / "old", (old_s, old_s))
        compiling._forget_old(tmp_path, tmp_path / "now")
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["fresh", "now"]
