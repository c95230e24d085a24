"""A finished or interrupted run is lost, mixed with another, or spoken of wrongly."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.cli.root import main
from experiments.process import atomic_output, code_identity
from experiments.results.run_folder import atomic_folder
from experiments.runs import run_setup, single_run
from experiments.runs.remarks import remarks
from tests.experiments.fake_runs import fake_run

ROOT = Path(__file__).resolve().parents[3]
SIM = ("simulate", "--workload", "jobs.csv", "--out", "r", "--no-figures", "--quiet")
COMPARE = (
    "compare",
    "--workload",
    "jobs.csv",
    "--scheduler",
    "fcfs,sjf",
    "--out",
    "c",
    "--no-figures",
    "--quiet",
)


def stop_at(stub, wanted):
    def stop(name):
        if name == wanted:
            raise KeyboardInterrupt

    stub.before = stop


class TestReplacing:
    @pytest.mark.parametrize(
        "change, named",
        [
            (("--set", "rules.restart_s=7"), "rules.restart_s"),
            (("--workload", "other.csv"), "workload.file"),
            (("--power", "supply.csv"), "differs"),
            (("--scenario", "mine.toml"), "name"),
        ],
    )
    def test_another_configuration_needs_force(self, here, stub, capsys, change, named):
        (here / "other.csv").write_text((here / "jobs.csv").read_text())
        (here / "mine.toml").write_text('name = "mine"\n')
        assert main([*SIM]) == 0
        before = (here / "r" / "metrics.json").read_bytes()
        stub.calls.clear()
        capsys.readouterr()
        assert main([*SIM, *change]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "--force" in err and named in err and "r: " in err
        assert stub.calls == [] and (here / "r" / "metrics.json").read_bytes() == before
        assert main([*SIM, *change, "--force"]) == 0
        assert stub.calls == ["easy"]

    @pytest.mark.parametrize("change", [(), ("--seed", "3"), ("--scheduler", "sjf"), ("--warmup", "1h")])
    def test_the_same_configuration_is_replaced_unasked(self, here, stub, change):
        assert main([*SIM]) == 0
        assert main([*SIM, *change]) == 0

    def test_a_comparison_too_and_it_is_made_again(self, here, stub, capsys):
        assert main([*COMPARE]) == 0
        stub.calls.clear()
        assert main([*COMPARE]) == 0
        assert stub.calls == ["fcfs", "sjf"]
        assert main([*COMPARE, "--set", "rules.restart_s=7"]) == 2
        assert main(["compare", "--help"]) == 0
        assert "finished one is run again" in " ".join(capsys.readouterr().out.split())

    def test_force_takes_no_folder_of_somebody_else(self, here, stub):
        (here / "r").mkdir()
        (here / "r" / "thesis.txt").write_text("mine")
        assert main([*SIM, "--force"]) == 2
        assert (here / "r" / "thesis.txt").exists()

    def test_a_demo_replaces_a_demo_of_another_version(self, here, stub):
        fake_run(here / "d", config={"name": "islanded", "cluster": {"nodes": 1}})
        assert main(["demo", "--no-learning", "--out", "d", "--no-figures", "--quiet"]) == 0
        fake_run(here / "e", config={"name": "mine"})
        assert main(["demo", "--no-learning", "--out", "e", "--no-figures", "--quiet"]) == 2

    def test_a_damaged_configuration_is_no_obstacle(self, here, stub):
        assert main([*SIM]) == 0
        (here / "r" / "config.json").write_text("{")
        assert main([*SIM]) == 0


class TestResuming:
    @pytest.mark.parametrize("what", ["code_hash", "library_versions"])
    def test_runs_of_other_code_are_not_mixed_in(self, here, stub, monkeypatch, what):
        stop_at(stub, "sjf")
        assert main([*COMPARE]) == 130
        stub.before = lambda name: None
        stub.calls.clear()
        monkeypatch.setattr(run_setup, what, lambda: "another")
        assert main([*COMPARE]) == 0
        assert stub.calls == ["fcfs", "sjf"]

    @pytest.mark.parametrize("package", ["traces", "energy", "rare", "schedulers", "experiments"])
    def test_the_hash_changes_with_every_package(self, tmp_path, monkeypatch, package):
        for name in code_identity.PACKAGES:
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.py").write_text("x = 1\n")
        monkeypatch.setattr(code_identity, "ROOT", tmp_path)
        found = set()
        for file in ("a.py", "a.py", "fits.toml"):
            found.add(code_identity.code_hash.__wrapped__())
            with (tmp_path / package / file).open("a") as text:
                text.write("y = 2\n")
        found.add(code_identity.code_hash.__wrapped__())
        assert len(found) == 4

    def test_versions_of_what_is_installed(self):
        found = code_identity.library_versions()
        assert {"numpy", "numba", "pandas"} <= set(found)
        assert all(re.match(r"\d", version) for version in found.values())


class TestStopping:
    def test_nothing_was_kept(self, here, stub, capsys):
        stop_at(stub, "fcfs")
        assert main([*COMPARE]) == 130
        assert capsys.readouterr().err == "rare: interrupted; nothing was kept\n"

    def test_finished_runs_are_kept(self, here, stub, capsys):
        stop_at(stub, "sjf")
        assert main([*COMPARE]) == 130
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "1 finished run is kept in" in err and "the same command" in err

    def test_sigterm_says_the_same(self, here, stub, capsys):
        stub.before = lambda name: os.kill(os.getpid(), signal.SIGTERM)
        assert main([*SIM]) == 143
        assert capsys.readouterr().err == "rare: interrupted; nothing was kept\n"
        assert not (here / "r").exists()


class TestLeftovers:
    def left(self, folder):
        return sorted(entry.name for entry in folder.iterdir())

    def test_what_a_killed_process_left_goes_at_the_next_write(self, tmp_path):
        code = (
            "import os, signal; from experiments.process.atomic_output import atomic_folder\n"
            f"with atomic_folder({str(tmp_path / 'out')!r}) as folder:\n"
            "    (folder / 'half').write_text('x'); os.kill(os.getpid(), signal.SIGKILL)"
        )
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
        assert len(self.left(tmp_path)) == 1 and self.left(tmp_path)[0].endswith(".tmp")
        with atomic_folder(tmp_path / "out") as folder:
            fake_run(folder)
        assert self.left(tmp_path) == ["out"]

    def test_the_living_other_targets_and_other_machines_keep_theirs(self, tmp_path):
        dead = subprocess.Popen(["true"])
        dead.wait()
        own = atomic_output.machine_mark()
        names = [
            f".out.{own}-{os.getpid()}.abc.tmp",
            f".out.{own}-{os.getppid()}.abc.tmp",
            f".other.{own}-{dead.pid}.abc.tmp",
            f".out.{'0' * 6 if own != '0' * 6 else '1' * 6}-{dead.pid}.abc.tmp",
            f".out.{own}-{dead.pid}.abc.old",  # the only copy: there is no 'out'
            ".out.tmp",
        ]
        for name in names:
            (tmp_path / name).mkdir()
        atomic_output._remove_stale(tmp_path / "out")
        assert self.left(tmp_path) == sorted(names)
        (tmp_path / "out").mkdir()
        atomic_output._remove_stale(tmp_path / "out")
        assert self.left(tmp_path) == sorted({*names, "out"} - {names[4]})


class TestStdout:
    def test_a_scheduler_that_prints_does_not_spoil_the_json(self, here, capsys):
        (here / "mine.py").write_text(
            "print('loaded')\nclass Mine:\n    def choose(self, view):\n        print('asked')\n"
            "        return next((job.index for job in view.startable), -1)\n"
        )
        for command in ("simulate", "compare"):
            arguments = ("--workload", "jobs.csv", "--scheduler", "mine.py:Mine", "--json")
            assert main([command, *arguments]) == 0
            out, err = capsys.readouterr()
            assert json.loads(out) and "loaded" in err and "asked" in err

    def test_a_terminal_that_knows_no_dagger(self, here):
        code = (
            "from experiments.process.command_process import replace_unprintable\n"
            "replace_unprintable()\nprint('sjf†')"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip
        assert done.stdout == b"sjf?\n"

    def test_summaries_of_commands_are_whole(self, capsys):
        main(["--help"])
        assert "..." not in capsys.readouterr().out.split("Commands:")[1]


class TestChoices:
    def chosen(self, capsys, *arguments):
        assert main(["simulate", "--scenario", "s.toml", "--json", "--quiet", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    @pytest.mark.parametrize("by", ['jobs = "0:1"', 'from_date = "2022-06-13"\nto_date = "2022-06-14"'])
    @pytest.mark.parametrize("option", [("--jobs", "1:3"), ("--from-date", "2022-06-13")])
    def test_the_command_line_wins(self, here, stub, monkeypatch, by, option):
        cases = []
        before = run_setup.build
        monkeypatch.setattr(run_setup, "build", lambda *a, **k: cases.append(before(*a, **k)) or cases[-1])
        (here / "s.toml").write_text(f'[workload]\nfile = "jobs.csv"\n{by}\n')
        assert main(["simulate", "--scenario", "s.toml", "--quiet", *option]) == 0
        ids = cases[0].case.workload.job_id.tolist()
        wanted = {"--jobs": [2, 3], "--from-date": [1, 2, 3]}[option[0]]
        assert ids == wanted or ("to_date" in by and option[0] == "--from-date" and ids == [1, 2])

    def test_both_on_the_command_line_are_still_refused(self, here, stub, capsys):
        assert main([*SIM, "--jobs", "0:1", "--to-date", "2022-06-14"]) == 2
        assert "keep one" in capsys.readouterr().err

    @pytest.mark.parametrize("text", ["1d", "30d", "86400"])
    def test_a_warmup_that_leaves_nothing(self, here, stub, capsys, text):
        assert main([*SIM, "--warmup", text]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and "--warmup" in err and "86400 s" in err
        assert stub.calls == []

    def test_no_workload(self, here, stub, capsys):
        assert main(["simulate"]) == 2
        assert capsys.readouterr().err == (
            "rare: no workload: give --workload FILE (or --scenario with one)\n"
        )

    def test_a_directory_is_called_one(self, here, stub, capsys):
        (here / "data").mkdir()
        assert main(["simulate", "--workload", "data"]) == 2
        err = capsys.readouterr().err
        assert "'data'" in err and "is a directory" in err and err.count("\n") == 1

    @pytest.mark.parametrize("out", ["/proc/rare", "jobs.csv/out", "x" * 300])
    def test_an_impossible_place_is_named(self, here, stub, capsys, out):
        assert main(["simulate", "--workload", "jobs.csv", "--quiet", "--out", out]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and out[:40] in err and stub.calls == []


class TestRemarks:
    def result(self, times, completed=3):
        frame = pd.DataFrame({"job_id": ["a", "b", "c"], "suspensions": [1, times - 1, 0]})
        metrics = {"suspensions": np.int64(times), "jobs_completed": completed}
        return SimpleNamespace(metrics=metrics, jobs_frame=lambda: frame)

    def case(self, capacity_mj=10, min_battery_s=60):
        battery = SimpleNamespace(capacity_mj=capacity_mj)
        return SimpleNamespace(battery=battery, options=SimpleNamespace(min_battery_s=min_battery_s))

    def test_many_suspensions_are_remarked_on(self):
        assert remarks(self.case(), self.result(1234)) == [
            "jobs were suspended 1,234 times (job b most often: 1,233); rules.min_battery_s (60) lets jobs "
            "start on little battery: try --set rules.min_battery_s=1800"
        ]

    def test_a_few_are_not(self):
        assert remarks(self.case(), self.result(9)) == []
        assert remarks(self.case(), SimpleNamespace(metrics={})) == []

    @pytest.mark.parametrize("case", [{"capacity_mj": 0}, {"min_battery_s": 3600}])
    def test_advice_only_where_it_helps(self, case):
        assert "min_battery_s" not in remarks(self.case(**case), self.result(99))[0]

    def test_in_the_notes_and_on_stderr(self, here, stub, capsys, monkeypatch):
        monkeypatch.setattr(single_run, "remarks", lambda case, result, scheduler: ["much ado"])
        assert main(["simulate", "--workload", "jobs.csv", "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["notes"][-1] == "much ado" and "note: easy: much ado" in err


def test_a_second_writer_leaves_the_first_ones_folder_alone(tmp_path):
    with atomic_folder(tmp_path / "out") as one:
        with atomic_folder(tmp_path / "out") as other:
            fake_run(other)
        assert one.is_dir()
        fake_run(one)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
