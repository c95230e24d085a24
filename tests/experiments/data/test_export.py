"""Schedules for other programs, out of a run folder and out of a result."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rare
from experiments.cli.root import main
from experiments.data.export_schedule import BATSIM_COLUMNS, export_run, schedule_of
from experiments.results.run_folder import load_run
from experiments.runs import simulate_run
from rare.model import Partition
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from schedulers import make_scheduler
from tests.builders import make_case
from tests.experiments.fake_runs import fake_compare, fake_run
from traces import InputError, read_workload

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
DARK = Wishes(settings=("supply.source.0.capacity=0.2", "cluster.pue=1.1"))
CORES = Partition("main", nodes=4, cores_per_node=1, core_mw=100)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder in which jobs are suspended, and some expire."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    simulate_run("greedy", scenario="tiny", wishes=DARK, out=folder, figures=False)
    assert load_run(folder).jobs["suspensions"].sum() > 5
    return folder


def swf_of(schedule, tmp_path):
    path = tmp_path / "a.swf"
    export_run(schedule, "swf", path, force=True)
    return path, [line.split() for line in path.read_text().splitlines() if not line.startswith(";")]


def suspended(**options):
    """A schedule in which job 1 is shed from 10 to 50 s and nobody else."""
    jobs = [
        {"cores": 2, "work_s": 30, "estimate_s": 90},
        {"work_s": 10, "job_id": 7},
        {"work_s": 5, "submit_s": 3},
    ]
    rows = [{"t": 0, "supply": 400}, {"t": 10, "supply": 0}, {"t": 50, "supply": 400}]
    case = make_case(jobs, CORES, rows, **options)
    return case, rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))


class TestSwf:
    def test_a_suspended_job_has_a_sum_and_its_parts(self, tmp_path):
        _, schedule = suspended()
        _, lines = swf_of(schedule, tmp_path)
        # number, submit, wait, run, cores allocated and requested, requested time, status
        kept = [[line[k] for k in (0, 1, 2, 3, 4, 7, 8, 10)] for line in lines]
        assert kept == [
            ["1", "0", "0", "30", "2", "2", "90", "1"],
            ["1", "0", "0", "10", "2", "2", "90", "2"],
            ["1", "-1", "40", "20", "2", "2", "90", "3"],
            ["7", "0", "0", "10", "1", "1", "10", "1"],
            ["3", "3", "0", "5", "1", "1", "5", "1"],
        ]
        assert {len(line) for line in lines} == {18}

    def test_our_reader_gives_back_the_same_jobs(self, tmp_path):
        case, schedule = suspended()
        path, _ = swf_of(schedule, tmp_path)
        jobs, work = read_workload(path), case.workload
        for column in ("job_id", "submit_s", "cores", "work_s", "estimate_s"):
            assert getattr(jobs, column).tolist() == getattr(work, column).tolist(), column
        assert (jobs.report.repairs["partials_joined"].count, jobs.processors) == (2, 4)

    def test_restarts_and_lost_progress_are_run_time_and_the_work_stands_in_field_6(self, tmp_path):
        _, schedule = suspended(restart_s=4, suspend_loss_s=3)
        _, lines = swf_of(schedule, tmp_path)
        assert [(line[3], line[5]) for line in lines if line[0] == "1"] == [
            ("37", "30"),
            ("10", "-1"),
            ("27", "-1"),
        ]

    def test_a_job_that_is_cut_off_is_to_be_continued(self, tmp_path):
        _, schedule = suspended(window_s=60)
        path, lines = swf_of(schedule, tmp_path)
        assert [(line[3], line[10]) for line in lines if line[0] == "1"] == [("10", "2"), ("10", "2")]
        jobs = read_workload(path)
        assert (jobs.work_s[0], jobs.report.notes["not_ended"].count) == (20, 1)

    def test_a_job_that_never_ran_is_no_job(self, tmp_path):
        jobs = [{"work_s": 5}, {"cores": 99, "work_s": 5}, {"work_s": 5, "submit_s": 80}]
        case = make_case(jobs, CORES, [{"t": 0, "grid": 1000}], window_s=60)
        schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
        path, lines = swf_of(schedule, tmp_path)
        assert [(line[2], line[3], line[10]) for line in lines] == [
            ("0", "5", "1"),
            ("-1", "-1", "5"),
            ("-1", "-1", "-1"),
        ]
        assert read_workload(path).job_id.tolist() == [1]

    def test_a_killed_job_that_fails_is_marked_in_sum_and_last_part(self, tmp_path):
        rows = [{"t": t, "supply": 400 if t % 20 == 0 else 0} for t in range(0, 60, 10)]
        case = make_case([{"work_s": 30, "preemptible": False}], CORES, rows, end_s=500, max_kills=2)
        schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
        _, lines = swf_of(schedule, tmp_path)
        assert [(line[3], line[10]) for line in lines] == [("20", "0"), ("10", "2"), ("10", "4")]

    def test_ids_that_are_texts_are_numbered(self, tmp_path):
        case = make_case([{"job_id": "a"}, {"job_id": "b"}], CORES, [{"t": 0, "grid": 1000}])
        path, lines = swf_of(rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs"))), tmp_path)
        assert [line[0] for line in lines] == ["1", "2"]
        assert "job numbers are places" in path.read_text()

    def test_the_calendar_of_the_trace_goes_along(self, run, tmp_path):
        path = export_run(run, "swf", tmp_path / "a.swf.gz")
        jobs, built = read_workload(path), build(load_scenario("tiny", DARK), seed=0)
        work = built.case.workload
        assert (jobs.origin_utc, jobs.zone) == (work.origin_utc, work.zone if work.origin_utc else None)

    def test_every_job_of_a_run_comes_back_with_the_time_it_ran(self, run, tmp_path):
        schedule = schedule_of(load_run(run))
        jobs = read_workload(export_run(run, "swf", tmp_path / "a.swf"))
        ran_s = np.zeros(len(schedule.job_id), dtype=np.int64)
        np.add.at(ran_s, schedule.held["job"], schedule.held["end_s"] - schedule.held["start_s"])
        expected = {
            int(job): int(s) for job, s in zip(schedule.job_id, ran_s, strict=True) if job in _ran(schedule)
        }
        assert dict(zip(jobs.job_id.tolist(), jobs.work_s.tolist(), strict=True)) == expected


def _ran(schedule):
    return set(schedule.job_id[schedule.held["job"]])


class TestGantt:
    def test_rows_in_batsims_columns(self, tmp_path):
        _, schedule = suspended()
        table = pd.read_csv(
            export_run(schedule, "gantt", tmp_path / "a.csv"), dtype=str, keep_default_na=False
        )
        columns = [
            "job_id",
            "submission_time",
            "starting_time",
            "finish_time",
            "allocated_resources",
            "success",
        ]
        assert table[columns].to_numpy().tolist() == [
            ["1", "0", "0", "10", "0-1", "0"],
            ["7", "0", "0", "10", "2", "1"],
            ["3", "3", "3", "8", "3", "1"],
            ["1", "10", "50", "70", "0-1", "1"],
        ]
        assert table["waiting_time"].tolist() == ["0", "0", "0", "40"]
        assert table["consumed_energy"].astype(float).tolist() == [0.0, 1.0, 0.5, 6.0]
        assert table["metadata"].tolist() == ["ended_by=shed", "", "", ""]

    def test_a_job_without_cores_is_left_out(self, tmp_path):
        gpus = Partition("main", nodes=1, cores_per_node=4, gpus_per_node=2, gpu_mw=100)
        case = make_case([{"cores": 0, "gpus_milli": 500}, {"cores": 1}], gpus, [{"t": 0, "grid": 1000}])
        schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
        assert pd.read_csv(export_run(schedule, "gantt", tmp_path / "a.csv"))["job_id"].tolist() == [2]


class TestBatsim:
    def test_one_row_for_each_job(self, tmp_path):
        _, schedule = suspended()
        table = pd.read_csv(
            export_run(schedule, "batsim", tmp_path / "a.csv"), dtype=str, keep_default_na=False
        )
        assert table.columns.tolist() == list(BATSIM_COLUMNS)
        columns = ["job_id", "submission_time", "starting_time", "finish_time", "execution_time",
                   "waiting_time", "turnaround_time", "allocated_resources", "success"]  # fmt: skip
        assert sorted(table[columns].to_numpy().tolist()) == [
            ["1", "0", "0", "70", "70", "0", "70", "0-1", "1"],
            ["3", "3", "3", "8", "5", "0", "5", "3", "1"],
            ["7", "0", "0", "10", "10", "0", "10", "2", "1"],
        ]
        assert set(table["final_state"]) == {"COMPLETED_SUCCESSFULLY"}

    def test_jobs_that_never_started_have_empty_fields(self, tmp_path):
        jobs = [{"work_s": 50, "cores": 4}, {"cores": 99, "work_s": 5}, {"work_s": 5, "cores": 4}]
        case = make_case(jobs, CORES, [{"t": 0, "grid": 1000}], window_s=40)
        schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
        table = pd.read_csv(
            export_run(schedule, "batsim", tmp_path / "a.csv"), dtype=str, keep_default_na=False
        )
        assert table["final_state"].tolist() == ["RUNNING", "REJECTED", "SUBMITTED"]
        assert table["starting_time"].tolist() == ["0", "", ""]
        assert table["allocated_resources"].tolist() == ["0-3", "", ""]
        assert table["metadata"].tolist() == ["status=unfinished", "status=rejected", "status=unfinished"]

    def test_a_job_cut_at_its_estimate_and_one_that_was_killed(self, tmp_path):
        job = {"work_s": 30, "estimate_s": 8}
        case = make_case([job], CORES, [{"t": 0, "grid": 1000}], kill_at_estimate=True)
        schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
        table = pd.read_csv(export_run(schedule, "batsim", tmp_path / "a.csv"))
        assert table["final_state"].tolist() == ["COMPLETED_WALLTIME_REACHED"]
        rows = [{"t": 0, "supply": 400}, {"t": 10, "supply": 0}]
        case = make_case([{"work_s": 30, "preemptible": False}], CORES, rows, end_s=50, max_kills=1)
        schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
        table = pd.read_csv(export_run(schedule, "batsim", tmp_path / "b.csv"))
        assert table["final_state"].tolist() == ["COMPLETED_KILLED"]

    def test_evalys_opens_it(self, run, tmp_path):
        """In a process of its own: EVALYS_PYTHON names a Python with evalys, else this one is asked."""
        python = os.environ.get("EVALYS_PYTHON", sys.executable)
        if subprocess.run([python, "-c", "import evalys"], capture_output=True, check=False).returncode:
            pytest.skip("evalys is not installed, nor in the Python that EVALYS_PYTHON names")
        path = export_run(run, "batsim", tmp_path / "a.csv")
        program = "import sys; from evalys.jobset import JobSet; print(len(JobSet.from_csv(sys.argv[1]).df))"
        done = subprocess.run([python, "-c", program, str(path)], capture_output=True, text=True, check=False)
        assert done.stdout.split() == [str(len(load_run(run).jobs))], done.stderr[-500:]


class TestEnergy:
    def test_jobs_and_idle_make_the_total_exactly(self, run, tmp_path):
        table = pd.read_csv(export_run(run, "energy", tmp_path / "a.csv"), dtype=str, keep_default_na=False)
        joules = {part: sum(map(Decimal, rows)) for part, rows in table.groupby("part")["energy_j"]}
        assert joules["job"] + joules["idle"] == joules["total"]
        assert 0 < joules["idle"] < joules["total"]
        total_kwh = float(table.loc[table["part"] == "total", "energy_kwh"].iloc[0])
        assert total_kwh == pytest.approx(load_run(run).metrics["energy_kwh"], rel=1e-12)

    def test_it_stands_in_jobs_csv_too(self, run, tmp_path):
        table = pd.read_csv(export_run(run, "energy", tmp_path / "a.csv"), dtype={"energy_j": str})
        jobs = load_run(run).jobs
        assert table["energy_j"].tolist()[:-2] == jobs["energy_j"].tolist()
        assert np.array_equal(table["energy_kwh"][:-2], jobs["energy_kwh"].astype(float))


@pytest.mark.parametrize(
    ("format", "suffix"), [("swf", "swf"), ("gantt", "csv"), ("batsim", "csv"), ("energy", "csv")]
)
class TestFromFolderAndFromResult:
    def test_they_are_the_same_bytes(self, run, tmp_path, format, suffix):
        case = build(load_scenario("tiny", DARK), seed=0).case
        result = rare.simulate(case, make_scheduler("greedy"))
        one = export_run(rare.Schedule.of(result), format, tmp_path / f"1.{suffix}")
        two = export_run(str(run), format, tmp_path / f"2.{suffix}")
        assert one.read_bytes() == two.read_bytes()

    def test_the_command_writes_it(self, run, tmp_path, capsys, format, suffix):
        out = tmp_path / f"a.{suffix}"
        arguments = ["export", str(run), "--format", format, "--out", str(out)]
        assert main(arguments) == 0
        before = out.read_bytes()
        assert main(arguments) == 2 and "exists already" in capsys.readouterr().err
        assert main([*arguments, "--force"]) == 0 and out.read_bytes() == before


def changed_copy(run, tmp_path, name, old, new):
    """The run folder with a text in one of its files replaced."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in run.iterdir():
        text = path.read_text()
        assert path.name != name or old in text
        (folder / path.name).write_text(text.replace(old, new, 1) if path.name == name else text)
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "parts"),
    [
        ("jobs.csv", "energy_j", "energy", ["jobs.csv", "energy_j", "simulate again"]),
        ("jobs.csv", "partition", "part", ["jobs.csv", "partition", "simulate again"]),
        ("config.json", '"start_utc"', '"begin_utc"', ["config.json", "simulate again"]),
        ("config.json", '"cores": ', '"cores": 1e400, "c": ', ["config.json", "simulate again"]),
        ("config.json", '"cores": ', '"cores": -1, "c": ', ["config.json", "simulate again"]),
        ("config.json", '"zone": ', '"zone": 5, "z": ', ["config.json", "simulate again"]),
        ("events.csv", ",start,", ",begin,", ["events.csv:", "simulate again"]),
        ("events.csv", ",shed,", ",submit,", ["events.csv", "starts twice", "simulate again"]),
    ],
)
def test_folders_of_an_earlier_version_and_damaged_ones_are_named(run, tmp_path, name, old, new, parts):
    folder = changed_copy(run, tmp_path, name, old, new)
    with pytest.raises(InputError) as caught:
        export_run(folder, "energy", tmp_path / "a.csv")
    assert [part for part in parts if part not in str(caught.value)] == []
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("energy", ["", "nan", "1e999999999", "0.0000001", "x"])
def test_an_energy_that_is_none_names_the_line(run, tmp_path, energy):
    jobs = pd.read_csv(run / "jobs.csv", dtype=str, keep_default_na=False)
    jobs.loc[3, "energy_j"] = energy
    folder = changed_copy(run, tmp_path, "jobs.csv", "job_id", "job_id")
    jobs.to_csv(folder / "jobs.csv", index=False)
    with pytest.raises(InputError, match=r"jobs\.csv:5: column 'energy_j'"):
        export_run(folder, "energy", tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("format", "suffix"), [("swf", "swf"), ("gantt", "csv"), ("batsim", "csv"), ("energy", "csv")]
)
def test_a_run_in_which_nobody_started(tmp_path, format, suffix):
    case = make_case([{"work_s": 5}], CORES, [{"t": 0, "grid": 0}], window_s=60)
    schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
    assert export_run(schedule, format, tmp_path / f"a.{suffix}").read_text()


def test_more_cores_than_there_are_is_damage(run, tmp_path):
    config = json.loads((run / "config.json").read_text())
    (part,) = config["resolved"]["partitions"]
    folder = changed_copy(run, tmp_path, "config.json", f'"cores": {part["cores"]}', '"cores": 1')
    with pytest.raises(InputError, match="more cores than partition"):
        export_run(folder, "gantt", tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("out", "format", "said"),
    [
        ("a.csv", "swf", "name it .swf or .swf.gz"),
        ("a.swf", "gantt", "name it .csv or .csv.gz"),
        ("none/a.csv", "energy", "does not exist"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_first(tmp_path, out, format, said):
    with pytest.raises(InputError, match=said):
        export_run(fake_run(tmp_path / "run"), format, tmp_path / out)


def test_a_comparison_is_no_run(tmp_path):
    with pytest.raises(InputError, match="runs"):
        export_run(fake_compare(tmp_path / "c", {"fcfs": 1.0}), "swf", tmp_path / "a.swf")


@pytest.mark.slow
def test_of_a_real_trace_under_real_wind_cores_and_energy_add_up(shared, tmp_path):
    workload = shared / "data" / "workloads" / "KTH-SP2-1996-2.1-cln.swf.gz"
    power = shared / "data" / "grid" / "eia_ERCO_2022_generation_avgCI.csv.gz"
    wishes = Wishes(workload=str(workload), power=str(power))
    scenario = str(EXAMPLES / "kth-ercot.toml")
    simulate_run("sjf+easy", scenario=scenario, wishes=wishes, out=tmp_path / "run", figures=False)
    run = load_run(tmp_path / "run")
    schedule = schedule_of(run)
    assert run.metrics["suspensions"] > 100

    stays = [
        (core, int(row["start_s"]), int(row["end_s"]))
        for row, spans in zip(schedule.held, schedule.core_sets(), strict=True)
        for first, last in spans
        for core in range(first, last + 1)
        if row["end_s"] > row["start_s"]
    ]
    stays.sort()
    assert all(one[2] <= two[1] for one, two in zip(stays, stays[1:], strict=False) if one[0] == two[0])
    used = np.diff(run.power["time_s"]) * run.power["used_cores"].to_numpy()[:-1]
    assert sum(end_s - start_s for _, start_s, end_s in stays) == int(used.sum())
    assert schedule.run_energy_uj / 3.6e12 == pytest.approx(run.metrics["energy_kwh"], rel=1e-12)

    jobs = read_workload(export_run(run, "swf", tmp_path / "a.swf.gz"))
    ran_s = np.zeros(len(schedule.job_id), dtype=np.int64)
    np.add.at(ran_s, schedule.held["job"], schedule.held["end_s"] - schedule.held["start_s"])
    expected = {
        int(job): int(s) for job, s in zip(schedule.job_id, ran_s, strict=True) if job in _ran(schedule)
    }
    assert dict(zip(jobs.job_id.tolist(), jobs.work_s.tolist(), strict=True)) == expected
