"""Run folders: written whole or not at all, read back equal, and every damage named in one line."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.results.run_folder import atomic_folder, load_compare, load_run, run_subfolder, write_run
from experiments.results.run_tables import write_table
from tests.experiments.fake_runs import fake_compare, fake_jobs, fake_metrics, fake_power, fake_run
from traces.errors import InputError


@pytest.fixture
def run_dir(tmp_path):
    return fake_run(tmp_path / "run")


def leftovers(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


class TestRoundTrip:
    def test_tables_come_back_as_written(self, tmp_path):
        jobs, events = fake_jobs(50, 3)
        power = fake_power(jobs, events)
        result = {
            "scenario": "s",
            "scheduler": "sjf+easy",
            "seed": 4,
            "ended": "done",
            "metrics": fake_metrics(jobs, power),
        }
        write_run(tmp_path / "r", {"a": 1}, {"b": "c"}, result, jobs, events, power)
        run = load_run(tmp_path / "r")
        assert (run.scheduler, run.scenario, run.config, run.provenance) == (
            "sjf+easy",
            "s",
            {"a": 1},
            {"b": "c"},
        )
        assert run.metrics == result["metrics"]
        assert list(run.jobs["job_id"]) == [str(each) for each in jobs["job_id"]]
        for name in ("submit_s", "start_s", "end_s", "cores", "work_s"):
            assert np.array_equal(run.jobs[name], jobs[name], equal_nan=True), name
        assert list(run.events["event"]) == list(events["event"])
        for name in power.columns:
            assert np.array_equal(run.power[name], power[name], equal_nan=True), name

    def test_missing_instants_are_empty_cells_and_whole_seconds_stay_whole(self, run_dir):
        rejected = next(
            line for line in (run_dir / "jobs.csv").read_text().splitlines() if "rejected" in line
        )
        assert rejected.split(",")[2:4] == ["", ""]
        completed = next(
            line for line in (run_dir / "jobs.csv").read_text().splitlines() if "completed" in line
        )
        assert completed.split(",")[2].isdigit()

    def test_no_supply_is_all_missing(self, tmp_path):
        assert load_run(fake_run(tmp_path / "r", supply=False)).power["supply_w"].isna().all()

    def test_text_ids_with_commas_quotes_and_nan_survive(self, tmp_path):
        jobs, events = fake_jobs(3, 1)
        names = {1: 'a,"b"', 2: "nan", 3: "Ünï\u4e2d"}
        for table in (jobs, events):
            table["job_id"] = table["job_id"].map(names)
        numbered = fake_jobs(3, 1)
        write_run(tmp_path / "r", {}, {}, {"metrics": {}}, jobs, events, fake_power(*numbered))
        assert list(load_run(tmp_path / "r").jobs["job_id"]) == list(names.values())

    def test_nan_becomes_null(self, tmp_path):
        jobs, events = fake_jobs(3, 1)
        result = {
            "metrics": {"mean_wait_s": np.float64("nan"), "decisions": np.int64(4), "value": float("inf")}
        }
        write_run(tmp_path / "r", {"path": Path("x")}, {}, result, jobs, events, fake_power(jobs, events))
        assert json.loads((tmp_path / "r" / "metrics.json").read_text())["metrics"] == {
            "mean_wait_s": None,
            "decisions": 4,
            "value": None,
        }

    def test_a_missing_column_is_our_own_bug(self, tmp_path):
        jobs, events = fake_jobs(3, 1)
        with pytest.raises(ValueError, match="no column 'cores'"):
            write_run(
                tmp_path / "r", {}, {}, {}, jobs.drop(columns="cores"), events, fake_power(jobs, events)
            )

    def test_compare_pairs_results_with_their_runs(self, tmp_path):
        compare = load_compare(fake_compare(tmp_path / "c", {"easy": 2, "sjf+easy": 1, "a/../b": 1}, 20))
        assert compare.labels == ["easy", "sjf+easy", "a/../b"]
        assert [run.scheduler for run in compare.runs] == compare.labels
        assert leftovers(tmp_path / "c" / "runs") == ["a_.._b", "easy", "sjf+easy"]

    def test_a_repeated_scheduler_gets_its_own_folder_and_label(self, tmp_path):
        (tmp_path / "runs" / "easy").mkdir(parents=True)
        assert run_subfolder(tmp_path, "easy").name == "easy-2"
        assert run_subfolder(tmp_path, "..").name == "_"


def damage_missing(name):
    return lambda folder: (folder / name).unlink()


def damage_text(name, change):
    def damage(folder):
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return damage


DAMAGES = {
    "no metrics": (damage_missing("metrics.json"), "metrics.json"),
    "no config": (damage_missing("config.json"), "config.json"),
    "no jobs": (damage_missing("jobs.csv"), "jobs.csv"),
    "cut json": (damage_text("metrics.json", lambda text: text[:40]), "metrics.json"),
    "json list": (damage_text("config.json", lambda text: b"[1]"), "config.json"),
    "metrics list": (damage_text("metrics.json", lambda text: b'{"metrics": [1]}'), "metrics"),
    "deep json": (damage_text("config.json", lambda text: b'{"a":' * 100_000), "config.json"),
    "binary json": (damage_text("provenance.json", lambda text: b"\xff\xfe\x00"), "provenance.json"),
    "empty csv": (damage_text("power.csv", lambda text: b""), "power.csv"),
    "cut csv": (damage_text("power.csv", lambda text: text[:-7]), "power.csv"),
    "binary csv": (damage_text("events.csv", lambda text: b"\x1f\x8b\xff\xfe\n"), "events.csv"),
    "no column": (damage_text("jobs.csv", lambda text: text.replace(b"submit_s", b"submit", 1)), "submit_s"),
    "text in numbers": (
        damage_text("power.csv", lambda text: text.rsplit(b"\n", 2)[0] + b"\nx,1,1,1,1,1,1,1,1,1\n"),
        "'x'",
    ),
    "short row": (damage_text("power.csv", lambda text: text + b"\n"), "power.csv"),
    "long row": (damage_text("jobs.csv", lambda text: text + b"1," * 30 + b"\n"), "jobs.csv"),
    "all rows long": (
        damage_text("events.csv", lambda text: b"time_s,event,job_id\n1,start,2,3\n"),
        "events.csv",
    ),
    "infinite": (damage_text("power.csv", lambda text: text + b"1e400,1,1,1,1,1,1,1,1,1\n"), "time_s"),
    "time runs back": (damage_text("events.csv", lambda text: text + b"0,start,1\n"), "back"),
}


class TestDamageIsNamed:
    @pytest.mark.parametrize("what", DAMAGES)
    def test_one_clear_line(self, run_dir, what):
        damage, named = DAMAGES[what]
        damage(run_dir)
        with pytest.raises(InputError) as caught:
            run = load_run(run_dir)
            _ = run.jobs, run.events, run.power
        message = str(caught.value)
        assert named in message and str(run_dir) in message and "\n" not in message

    @pytest.mark.parametrize("place", ["nowhere", "file", "a\0b", "x" * 5000])
    def test_no_such_folder(self, tmp_path, place):
        (tmp_path / "file").write_text("")
        for load in (load_run, load_compare):
            with pytest.raises(InputError):
                load(f"{tmp_path}/{place}")

    def test_a_comparison_is_not_a_run(self, tmp_path):
        with pytest.raises(InputError, match="comparison"):
            load_run(fake_compare(tmp_path / "c", {"easy": 1}, 20))

    def test_a_comparison_that_lost_a_run(self, tmp_path):
        folder = fake_compare(tmp_path / "c", {"easy": 1, "sjf": 1}, 20)
        (folder / "runs" / "sjf").rename(tmp_path / "gone")
        with pytest.raises(InputError, match="'sjf'"):
            load_compare(folder)

    def test_no_results(self, tmp_path):
        folder = fake_compare(tmp_path / "c", {"easy": 1}, 20)
        (folder / "compare.json").write_text('{"results": []}')
        with pytest.raises(InputError, match="results"):
            load_compare(folder)

    def test_missing_or_null_metrics_are_no_damage(self, run_dir):
        (run_dir / "metrics.json").write_text('{"metrics": null}')
        assert load_run(run_dir).metrics == {}


class TestAtomicFolder:
    def test_appears_whole(self, tmp_path):
        with atomic_folder(tmp_path / "deep" / "out") as folder:
            assert not (tmp_path / "deep" / "out").exists()
            fake_run(folder)
        assert load_run(tmp_path / "deep" / "out").scheduler == "easy"
        assert leftovers(tmp_path / "deep") == ["out"]

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
    def test_a_failure_leaves_nothing(self, tmp_path, error):
        with (
            pytest.raises(InputError if error is OSError else error),
            atomic_folder(tmp_path / "deep" / "out") as folder,
        ):
            (folder / "half").write_text("x")
            raise error("stop")
        assert leftovers(tmp_path) == []

    def test_a_failure_keeps_the_old_run(self, tmp_path):
        fake_run(tmp_path / "out", scheduler="old")
        with pytest.raises(RuntimeError), atomic_folder(tmp_path / "out"):
            raise RuntimeError
        assert load_run(tmp_path / "out").scheduler == "old"
        assert leftovers(tmp_path) == ["out"]

    def test_replaces_a_run_and_a_comparison(self, tmp_path):
        fake_compare(tmp_path / "out", {"easy": 1, "sjf": 1}, 20)
        (tmp_path / "out" / "figures").mkdir()
        (tmp_path / "out" / "figures" / "a.png").write_text("")
        with atomic_folder(tmp_path / "out") as folder:
            fake_run(folder, scheduler="new")
        assert load_run(tmp_path / "out").scheduler == "new"
        assert leftovers(tmp_path) == ["out"]

    def test_fills_an_empty_folder(self, tmp_path):
        (tmp_path / "out").mkdir()
        with atomic_folder(tmp_path / "out") as folder:
            fake_run(folder)
        assert load_run(tmp_path / "out").scheduler == "easy"

    @pytest.mark.parametrize(
        "stranger", ["notes.txt", "figures/plan.odt", "runs/easy/notes.txt", "figures.d/x"]
    )
    def test_never_overwrites_other_files(self, tmp_path, stranger):
        folder = fake_compare(tmp_path / "out", {"easy": 1}, 20)
        (folder / stranger).parent.mkdir(exist_ok=True)
        (folder / stranger).write_text("mine")
        with pytest.raises(InputError, match="not overwritten"), atomic_folder(folder):
            pass
        assert (folder / stranger).read_text() == "mine"

    def test_never_overwrites_another_folder_or_a_file(self, tmp_path):
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "config.json").write_text("{}")
        (tmp_path / "file").write_text("x")
        for name in ("docs", "file", "file/below"):
            with pytest.raises(InputError), atomic_folder(tmp_path / name):
                pass
        assert leftovers(tmp_path) == ["docs", "file"]

    @pytest.mark.parametrize("place", ["", ".", "..", "a\0b", "x" * 300])
    def test_refuses_odd_places(self, tmp_path, monkeypatch, place):
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        with pytest.raises(InputError), atomic_folder(place) as folder:
            (folder / "a").write_text("")
        assert leftovers(tmp_path / "here") == []

    def test_a_place_that_cannot_be_written(self):
        with pytest.raises(InputError, match="/proc/rare"), atomic_folder("/proc/rare/out"):
            pass

    def test_others_may_read_the_result(self, tmp_path):
        with atomic_folder(tmp_path / "out"):
            pass
        umask = os.umask(0)
        os.umask(umask)
        assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~umask


def test_floats_keep_their_digits(tmp_path):
    jobs, events = fake_jobs(3, 1)
    power = fake_power(jobs, events)
    power["draw_w"] = 1234567.891
    write_run(tmp_path / "r", {}, {}, {"metrics": {}}, jobs, events, power)
    assert (load_run(tmp_path / "r").power["draw_w"] == 1234567.891).all()
    assert isinstance(load_run(tmp_path / "r").power, pd.DataFrame)


def test_tables_are_written_as_pandas_writes_them(tmp_path):
    table = pd.DataFrame(
        {
            "float": [1.5, float("nan"), 1e-7, 1e22, -0.0],
            "whole": pd.array([1, None, 3, 10**12, -5], dtype="Int64"),
            "text": ["plain", "a,b", 'with "quotes"', None, "two\nlines"],
            "empty": [None] * 5,
            "flag": [True, False, True, False, True],
            "mixed": np.array([10**30, None, 0, "é", 2.5], dtype=object),
        }
    )
    write_table(tmp_path / "jobs.csv", table, ("whole", "float"))
    ordered = table[["whole", "float", "text", "empty", "flag", "mixed"]]
    expected = ordered.to_csv(index=False, lineterminator="\n")
    assert (tmp_path / "jobs.csv").read_text(encoding="utf-8") == expected
