"""The command line prints the wrong thing, in the wrong place, too late, or loses finished work."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli.root import main
from experiments.runs import compare_run

ROOT = Path(__file__).resolve().parents[3]
RUN = ("simulate", "--workload", "jobs.csv")


def rare(*arguments, **environment):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "experiments.cli", *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, timeout=120,
    )  # fmt: skip


class TestOutput:
    def test_json_is_one_object_and_nothing_else(self, here, stub, capsys):
        assert main([*RUN, "--json"]) == 0
        out, err = capsys.readouterr()
        found = json.loads(out, parse_constant=pytest.fail)
        assert set(found) >= {"scenario", "scheduler", "seed", "ended", "metrics"}
        assert found["metrics"]["objective"] is None  # the stub says NaN
        assert err == ""

    def test_compare_lists_results(self, here, stub, capsys):
        assert (
            main(
                [
                    "compare",
                    "--workload",
                    "jobs.csv",
                    "--scheduler",
                    "fcfs,sjf",
                    "--scheduler",
                    "easy",
                    "--json",
                ]
            )
            == 0
        )
        found = json.loads(capsys.readouterr().out)
        assert [each["scheduler"] for each in found["results"]] == ["fcfs", "sjf", "easy"]
        assert found["scenario"] == "plain"

    def test_notes_go_to_stderr_and_quiet_stops_them(self, here, stub, capsys):
        power = ("--power", "supply.csv", "--json")
        assert main([*RUN, *power]) == 0
        assert "islanded" in capsys.readouterr().err
        assert main([*RUN, *power, "--quiet"]) == 0
        assert capsys.readouterr().err == ""

    def test_estimates_that_are_run_times_are_marked(self, here, stub, capsys, monkeypatch):
        from experiments.report.terminal_table import compare_text

        metrics = {"mean_bounded_slowdown": 2.0, "estimates": "run_time"}
        text = compare_text(
            {"scenario": "s", "results": [{"scheduler": "sjf", "ended": "completed", "metrics": metrics}]}
        )
        assert "sjf†" in text and "† clairvoyant" in text

    def test_the_oracle_is_marked_as_privileged(self, here, stub):
        from experiments.report.terminal_table import compare_text, run_text
        from experiments.runs import compare_run

        classes = '[[service_class]]\nname = "only"\nshare = 1.0\nvalue_per_core_hour = 1.0\n'
        (here / "mine.toml").write_text(
            f'name = "mine"\n[workload]\nfile = "jobs.csv"\n{classes}', encoding="utf-8"
        )
        whole = compare_run(["easy", "oracle=5"], scenario="mine.toml")
        assert [found["privileged"] for found in whole["results"]] == [False, True]
        text = compare_text(whole)
        assert "oracle=5‡" in text and "easy‡" not in text and "‡ privileged: knows true run times" in text
        assert "‡" in run_text(whole["results"][1]) and "‡" not in run_text(whole["results"][0])

    def test_best_comes_first_and_control_characters_never(self):
        from experiments.report.terminal_table import compare_text

        results = [
            {"scheduler": name, "ended": "completed", "metrics": {"objective": score}}
            for name, score in (("bad\x1b[2J", 0.1), ("good", 0.9), ("none", None))
        ]
        lines = compare_text({"scenario": "s", "results": results}).splitlines()
        assert [line.split()[0] for line in lines[2:]] == ["good", "bad?[2J", "none"]

    def test_schedulers_are_listed(self, capsys):
        assert main(["schedulers"]) == 0
        out = capsys.readouterr().out
        assert "fcfs" in out and "conservative" in out

    def test_traces_show_tells_what_a_file_holds(self, here, capsys):
        assert main(["traces", "show", "jobs.csv", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["jobs"], found["processors"], found["jobs_skipped"]) == (3, 8, 0)
        assert main(["traces", "show", "jobs.csv"]) == 0
        assert "3 jobs of 3 records" in capsys.readouterr().out

    def test_traces_show_power(self, here, capsys):
        assert main(["traces", "show", "supply.csv", "--kind", "power", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["values"], found["peak_kw"]) == (240, 23.0)
        assert math.isclose(found["energy_kwh"], 10 * sum(range(24)))

    def test_warmup_takes_units(self, here, stub, capsys):
        for text, seconds in (("90m", 5400), ("2h", 7200), ("23h", 82800), ("15", 15)):
            assert main([*RUN, "--warmup", text, "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["warmup_s"] == seconds


class TestFolders:
    def test_a_run_folder_is_whole(self, here, stub, capsys):
        assert main([*RUN, "--out", "a/b", "--no-figures", "--seed", "3"]) == 0
        names = {path.name for path in (here / "a" / "b").iterdir()}
        assert names == {
            "config.json",
            "provenance.json",
            "metrics.json",
            "jobs.csv",
            "events.csv",
            "power.csv",
        }
        assert json.loads((here / "a/b/metrics.json").read_text())["seed"] == 3
        origin = json.loads((here / "a/b/provenance.json").read_text())
        assert len(origin["inputs"]["workload"]["sha256"]) == 64 and origin["rare"]

    def test_a_comparison_folder_is_whole_and_leaves_nothing_beside_it(self, here, stub, capsys):
        assert (
            main(
                [
                    "compare",
                    "--workload",
                    "jobs.csv",
                    "--scheduler",
                    "fcfs,easy",
                    "--out",
                    "c",
                    "--no-figures",
                ]
            )
            == 0
        )
        assert {path.name for path in (here / "c" / "runs").iterdir()} == {"fcfs", "easy"}
        assert sorted(path.name for path in here.iterdir()) == ["c", "jobs.csv", "supply.csv"]

    def test_an_interrupted_comparison_goes_on_where_it_stopped(self, here, stub, capsys):
        command = [
            "compare",
            "--workload",
            "jobs.csv",
            "--scheduler",
            "fcfs,sjf,ljf",
            "--out",
            "c",
            "--no-figures",
        ]

        def stop(name):
            if name == "ljf":
                raise KeyboardInterrupt

        stub.before = stop
        assert main(command) == 130
        assert not (here / "c").exists()
        stub.before = lambda name: None
        stub.calls.clear()
        assert main(command) == 0
        assert stub.calls == ["ljf"]
        results = json.loads((here / "c" / "compare.json").read_text())["results"]
        assert [each["scheduler"] for each in results] == ["fcfs", "sjf", "ljf"]
        assert sorted(path.name for path in here.iterdir()) == ["c", "jobs.csv", "supply.csv"]

    def test_work_kept_from_another_scenario_is_not_used(self, here, stub, capsys):
        def stop(name):
            if name == "sjf":
                raise KeyboardInterrupt

        command = [
            "compare",
            "--workload",
            "jobs.csv",
            "--scheduler",
            "fcfs,sjf",
            "--out",
            "c",
            "--no-figures",
        ]
        stub.before = stop
        assert main(command) == 130
        stub.before = lambda name: None
        stub.calls.clear()
        assert main([*command, "--set", "rules.restart_s=5"]) == 0
        assert stub.calls == ["fcfs", "sjf"]

    def test_an_edited_trace_makes_finished_runs_stale(self, here, stub, capsys):
        command = [
            "compare",
            "--workload",
            "jobs.csv",
            "--scheduler",
            "fcfs,sjf",
            "--out",
            "c",
            "--no-figures",
        ]

        def stop(name):
            if name == "sjf":
                raise KeyboardInterrupt

        stub.before = stop
        assert main(command) == 130
        text = (here / "jobs.csv").read_text()
        (here / "jobs.csv").write_text(text.replace("2,200,4,1200", "2,200,4,1300"))
        stub.before = lambda name: None
        stub.calls.clear()
        assert main(command) == 0
        assert stub.calls == ["fcfs", "sjf"]

    def test_ctrl_c_leaves_no_run_folder(self, here, stub, capsys):
        def stop(name):
            raise KeyboardInterrupt

        stub.before = stop
        assert main([*RUN, "--out", "a/b"]) == 130
        assert sorted(path.name for path in here.iterdir()) == ["jobs.csv", "supply.csv"]
        assert capsys.readouterr().err.strip() == "rare: interrupted; nothing was kept"

    def test_a_run_replaces_a_run(self, here, stub, capsys):
        for seed in ("1", "2"):
            assert main([*RUN, "--out", "r", "--no-figures", "--seed", seed]) == 0
        assert json.loads((here / "r/metrics.json").read_text())["seed"] == 2


class TestExitCodes:
    def test_a_bug_of_ours_is_code_1_and_one_line(self, here, stub, capsys, monkeypatch):
        monkeypatch.delenv("RARE_DEBUG", raising=False)

        def stop(name):
            raise RuntimeError("two\nlines")

        stub.before = stop
        assert main([*RUN, "--out", "r"]) == 1
        out, err = capsys.readouterr()
        assert err.count("\n") == 1 and "report" in err and "two lines" in err
        assert sorted(path.name for path in here.iterdir()) == ["jobs.csv", "supply.csv"]
        monkeypatch.setenv("RARE_DEBUG", "1")
        with pytest.raises(RuntimeError):
            main([*RUN])

    def test_what_no_check_of_a_reader_foresaw_can_be_debugged(self, here, stub, capsys, monkeypatch):
        from traces.files.documents import UnforeseenError, reading

        def stop(name):
            with reading("jobs.csv"):
                raise KeyError("ours, perhaps")

        stub.before = stop
        monkeypatch.delenv("RARE_DEBUG", raising=False)
        assert main([*RUN]) == 2
        assert "jobs.csv: cannot be read (KeyError: 'ours, perhaps')" in capsys.readouterr().err
        monkeypatch.setenv("RARE_DEBUG", "1")
        with pytest.raises(UnforeseenError):
            main([*RUN])

    def test_help_is_asked_for_and_costs_nothing(self, capsys):
        assert main([]) == 0
        assert main(["simulate", "--help"]) == 0
        assert "--workload" in capsys.readouterr().out

    def test_a_reader_that_stops_early_is_no_error(self, here):
        command = f"{sys.executable} -m experiments.cli schedulers | head -1"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


class TestStart:
    def test_help_loads_no_heavy_library(self):
        code = (
            "import sys; from experiments.cli.root import main; main(['--help']);"
            "main(['simulate', '--help']);"
            "print([m for m in ('numba', 'pandas', 'numpy', 'matplotlib', 'pyarrow') if m in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert done.stdout.splitlines()[-1] == "[]"

    def test_version_is_the_packages(self):
        import rare as package

        assert rare("--version").stdout == f"rare {package.__version__}\n"

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_completion_scripts(self, shell, capsys):
        assert main(["completion", shell]) == 0
        assert "_RARE_COMPLETE" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("words", "completed"),
        [
            ("rare sim", ["plain,simulate"]),
            ("rare train o", ["plain,offline", "plain,online"]),
            ("rare compare --pr", ["plain,--processors", "plain,--preset"]),
            ("rare compare --preset gas-marl --see", ["plain,--seeds", "plain,--seed"]),
        ],
    )
    def test_completion_completes(self, words, completed):
        place = str(len(words.split()) - 1)
        done = rare(_RARE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=place)
        assert sorted(done.stdout.split()) == sorted(completed)


def test_a_notebook_gets_the_same_object(here, stub):
    from rare.scenario.load import Wishes

    found = compare_run(["fcfs"], wishes=Wishes(workload="jobs.csv"))
    assert found["results"][0]["scheduler"] == "fcfs"
