"""`rare start-times`: each source of a snapshot, the table, the folder, and bad input in one line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from experiments.cli.root import main
from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from experiments.operate.snapshots.snapshot_file import read_snapshot, write_snapshot
from experiments.operate.start_times import predict_starts
from experiments.operate.start_times.start_times_text import start_times_text
from tests.experiments.operate.start_times.synthetic_past import FIRST_S, schedule
from traces.jobs.job_files import write_workload

RECORDED = Path(__file__).parents[1] / "snapshots"
NOW_S, RECORDED_S = 1_800_000_000, 1_796_039_280
FEW = ["--futures", "20", "--quiet"]


def job(name, state="waiting", **others):
    given = {"submit_s": NOW_S - 100, "cores": 4, "limit_s": 3600, "user": "u1", **others}
    if state == "running":
        given["start_s"] = NOW_S - 90
    return SnapshotJob(name, state, **given)


@pytest.fixture
def queue(tmp_path):
    jobs = (job("a", "running"), job("b"), job("c", held=True), job("d", cores=9), job("e", after=("b",)))
    path = tmp_path / "queue.json"
    write_snapshot(path, ClusterSnapshot(NOW_S, (SnapshotPartition("main", 1, 4),), jobs))
    return str(path)


def printed(capsys, *arguments):
    assert main([*arguments]) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments):
    assert main([*arguments]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    (line,) = found.err.splitlines()
    return line


def test_a_snapshot(queue, capsys):
    facts = json.loads(printed(capsys, "start-times", queue, *FEW, "--json", "--zone", "UTC"))
    first, second = facts["jobs"]
    assert (first["job_id"], first["by_limits"]["in_s"]) == ("b", 3600 - 90)
    assert first["start_10"]["in_s"] <= first["start_50"]["in_s"] <= first["start_90"]["in_s"] <= 3510
    assert second["after"] == ["b"] and second["start_50"]["in_s"] > first["start_50"]["in_s"]
    assert {one["job_id"]: one["reason"] for one in facts["left_out"]} == {
        "c": "held",
        "d": "larger than the machine",
    }
    assert facts["taken"] == "2027-01-15T08:00:00+00:00"
    assert any("no history" in note for note in facts["notes"])


def test_the_table(queue, capsys):
    text = printed(capsys, "start-times", queue, *FEW, "--zone", "UTC")
    lines = text.splitlines()
    assert lines[0].startswith("2027-01-15 08:00 (UTC), 1 jobs run, 2 wait, scheduler easy, 20 futures")
    assert lines[1].split("  ")[0] == "job" and "by limits" in lines[1]
    assert lines[2].startswith("b ") and "08:58, 58.5 min" in lines[2]
    assert lines[4:] == ["job c does not start: held", "job d does not start: larger than the machine"]


def test_a_queue_without_anybody(tmp_path, capsys):
    path = tmp_path / "queue.json"
    write_snapshot(path, ClusterSnapshot(NOW_S, (SnapshotPartition("main", 1, 4),), (job("c", held=True),)))
    lines = printed(capsys, "start-times", str(path), *FEW).splitlines()
    assert "0 jobs run, 0 wait" in lines[0] and lines[1:] == ["job c does not start: held"]
    write_snapshot(path, ClusterSnapshot(NOW_S, (SnapshotPartition("main", 1, 4),), ()))
    assert len(printed(capsys, "start-times", str(path), *FEW).splitlines()) == 1


def test_a_narrow_terminal_keeps_the_ranges(queue, capsys):
    facts = json.loads(printed(capsys, "start-times", queue, *FEW, "--json", "--zone", "UTC"))
    text = start_times_text(facts, 72)
    assert max(map(len, text.splitlines())) <= 72
    assert "latest" in text and "no room for: " in text and "user" in text


def test_only_the_jobs_that_are_asked_for(queue, capsys):
    facts = json.loads(printed(capsys, "start-times", queue, *FEW, "--json", "--job", "e", "--job", "c"))
    assert [one["job_id"] for one in (*facts["jobs"], *facts["left_out"])] == ["e", "c"]
    text = printed(capsys, "start-times", queue, *FEW, "--job", "e")
    assert ", 1 jobs run, 2 wait (1 shown), scheduler" in text.splitlines()[0]
    assert "is running, it has started" in refused(capsys, "start-times", queue, *FEW, "--job", "a")
    assert "is not in the snapshot" in refused(capsys, "start-times", queue, *FEW, "--job", "x")


def test_jobs_beyond_the_horizon(queue, capsys):
    text = printed(capsys, "start-times", queue, *FEW, "--horizon", "1h", "--job", "e")
    assert "> 60.0 min" in text


def recorded(tmp_path, written_s):
    """The options of Slurm's recorded output, as if written then."""
    arguments = []
    for name in ("squeue", "sinfo"):
        path = tmp_path / f"{name}.txt"
        path.write_bytes((RECORDED / f"{name}_2205.json").read_bytes())
        os.utime(path, (written_s, written_s))
        arguments += [f"--{name}", str(path)]
    return arguments


def test_slurms_output(tmp_path, capsys):
    arguments = recorded(tmp_path, RECORDED_S)
    facts = json.loads(printed(capsys, "start-times", *arguments, *FEW, "--json"))
    assert "4_3" in [one["job_id"] for one in facts["jobs"]]
    assert {one["job_id"]: one["reason"] for one in facts["left_out"]} == {
        "1": "suspended",
        "2": "PartitionTimeLimit",
        "6": "held",
    }


def test_a_file_of_slurm_that_is_older_than_its_jobs(tmp_path, capsys):
    last_s = max(
        one["submit_time"] for one in json.loads((RECORDED / "squeue_2205.json").read_text())["jobs"]
    )
    far = recorded(tmp_path, last_s - 600)
    assert "after the snapshot, more than the 60 s" in refused(capsys, "start-times", *far, *FEW)
    near = recorded(tmp_path, last_s - 9)
    facts = json.loads(printed(capsys, "start-times", *near, *FEW, "--json"))
    assert any("taken as now" in note for note in facts["notes"])


def test_slurm_itself(capsys, monkeypatch):
    """The commands are called as they are; their failures are one line."""
    outputs = {name: (RECORDED / f"{name}_2205.json").read_bytes() for name in ("squeue", "sinfo")}
    called = []

    def run(command, **_):
        called.append(command)
        return subprocess.CompletedProcess(command, 0, outputs[command[0]], b"")

    monkeypatch.setattr(predict_starts.subprocess, "run", run)
    monkeypatch.setattr(predict_starts.time, "time", lambda: float(RECORDED_S))
    assert "4_3" in printed(capsys, "start-times", "--slurm", *FEW)
    assert called == [("squeue", "--json"), ("sinfo", "--json")]
    monkeypatch.setattr(
        predict_starts.subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(command, 1, b"", b"slurm_load_jobs error: no\n"),
    )
    assert "slurm_load_jobs error" in refused(capsys, "start-times", "--slurm", *FEW)

    def missing(command, **_):
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(predict_starts.subprocess, "run", missing)
    assert "is not installed here" in refused(capsys, "start-times", "--slurm", *FEW)


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "jobs.csv"
    write_workload(schedule().work, str(path))
    return str(path)


def busy_second():
    made = schedule()
    for at in range(FIRST_S + 5 * 86400, FIRST_S + 18 * 86400, 7001):
        if int(((made.work.submit_s <= at) & (made.start_s > at)).sum()) >= 4:
            return at
    raise AssertionError("the synthetic cluster has no queue")


def test_an_instant_of_a_replay_saved_and_read_again(trace, tmp_path, capsys):
    saved, out = str(tmp_path / "queue.json"), tmp_path / "out"
    source = ["--workload", trace, "--processors", "40", "--at", str(busy_second())]
    text = printed(capsys, "start-times", *source, *FEW, "--save", saved, "--out", str(out))
    assert f"written: {out}" in text
    assert sorted(path.name for path in out.iterdir()) == [
        f"start_times.{kind}" for kind in ("json", "png", "svg", "txt")
    ]
    assert (out / "start_times.txt").read_text().splitlines()[2] == text.splitlines()[2]
    first = json.loads((out / "start_times.json").read_text())
    assert len(first["jobs"]) >= 4 and first["history_jobs"] > 50
    assert len(read_snapshot(saved).jobs) == len(first["jobs"]) + first["running"]
    again = json.loads(printed(capsys, "start-times", saved, "--history", trace, *FEW, "--json"))
    assert [one["job_id"] for one in again["jobs"]] == [one["job_id"] for one in first["jobs"]]
    assert again["history_jobs"] > 50
    refusal = refused(capsys, "start-times", saved, *FEW, "--save", saved)
    assert "force" in refusal
    printed(capsys, "start-times", saved, *FEW, "--out", str(out))  # its own folder may be replaced


def test_on_an_island_nobody_starts_before_the_sun_rises(queue, capsys):
    """The snapshot is taken at 3 o'clock of Miami, in January; there is no battery."""
    island = ["--scenario", "solar-night", "--set", "battery.hours=0"]
    facts = json.loads(printed(capsys, "start-times", queue, *FEW, "--json", *island))
    assert (
        3 * 3600 <= facts["jobs"][0]["start_10"]["in_s"] <= facts["jobs"][0]["start_90"]["in_s"] < 12 * 3600
    )
    valued = [*island, "--scheduler", "hvf+easy"]
    facts = json.loads(printed(capsys, "start-times", queue, *FEW, "--json", *valued))
    assert any("service classes" in note for note in facts["notes"])


def left_out(capsys, *arguments):
    facts = json.loads(printed(capsys, "start-times", *arguments, *FEW, "--json"))
    return facts, {one["job_id"]: one["reason"] for one in facts["left_out"]}


def test_jobs_that_a_limit_rejects_do_not_start(queue, capsys):
    limits = "limit=[{user='u1', wall_s=1800}]"
    priority = ["--scheduler", "multifactor+easy", "--set", "priority.age_weight=1"]
    facts, reasons = left_out(capsys, queue, "--set", limits, *priority)
    assert reasons["b"] == "limit 1 (user 'u1'): its time limit is 3600 s, 1800 s are allowed"
    assert facts["jobs"] == [] and facts["running"] == 1


def test_a_job_that_is_one_too_many_as_it_comes(tmp_path, capsys):
    """Who waits already was accepted; who may start later is submitted then."""
    path = tmp_path / "queue.json"
    jobs = (job("a", "running"), job("b"), job("c", eligible_s=NOW_S + 1, cores=2))
    write_snapshot(path, ClusterSnapshot(NOW_S, (SnapshotPartition("main", 1, 4),), jobs))
    limits = "limit=[{user='*', submitted_jobs=9}, {user='u1', submitted_jobs=1}]"
    facts, reasons = left_out(capsys, str(path), "--set", limits)
    assert reasons == {"c": "limit 2 (user 'u1'): it is one too many, 1 may be submitted at once"}
    assert [one["job_id"] for one in facts["jobs"]] == ["b"]


def test_a_job_for_which_power_never_suffices(queue, tmp_path, capsys):
    path = tmp_path / "queue.json"
    jobs = (job("a"), job("wide", cores=8))
    write_snapshot(path, ClusterSnapshot(NOW_S, (SnapshotPartition("main", 2, 4),), jobs))
    node = "cluster.node={cores_per_node=4, idle_w=10, core_w=10, sleep_w=1}"
    island = ["--set", "supply.kind='none'", "--set", node]

    def reasons(import_kw):
        return left_out(capsys, str(path), *island, "--set", f"grid.import_kw={import_kw}")

    facts, why = reasons(0.09)
    assert [one["job_id"] for one in facts["jobs"]] == ["a"]
    assert why == {"wide": "power never suffices for it: it needs 100 W, and at most 90 W come"}
    assert "job wide does not start: power never suffices" in start_times_text(facts)
    assert reasons(0.1)[1] == {}
    facts, why = reasons(0.049)
    assert facts["jobs"] == [] and "it needs 50 W" in why["a"]


def test_a_short_past_is_noted(queue, trace, tmp_path, capsys):
    lines = Path(trace).read_text().splitlines()
    few = tmp_path / "few.csv"
    few.write_text("\n".join(lines[:20]) + "\n")
    noted = [left_out(capsys, queue, "--history", one)[0]["notes"] for one in (str(few), trace)]
    assert [any("rest on few jobs" in note for note in notes) for notes in noted] == [True, False]


def test_a_machine_that_is_more_than_full(tmp_path, capsys):
    path = tmp_path / "queue.json"
    write_snapshot(
        path, ClusterSnapshot(NOW_S, (SnapshotPartition("m", 1, 4),), (job("a", "running", cores=9),))
    )
    assert "hold 9 cores and the machine has 4" in refused(capsys, "start-times", str(path), *FEW)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of a snapshot's file"),
        (["QUEUE", "--slurm"], "give one of"),
        (["--squeue", "QUEUE"], "belong together"),
        (["--squeue", "QUEUE", "--sinfo", "none.json"], "none.json"),
        (["none.json"], "none.json"),
        (["QUEUE", "--history", "none.swf"], "none.swf"),
        (["QUEUE", "--scheduler", "odd"], "odd"),
        (["QUEUE", "--scheduler", "hvf"], "ranks by value"),
        (["QUEUE", "--scenario", "odd"], "odd"),
        (["QUEUE", "--zone", "Mars"], "Mars"),
        (["QUEUE", "--horizon", "5"], "at least one hour"),
        (["QUEUE", "--save", "x.txt"], "x.txt"),
        (["--at", "5"], "needs a workload"),
        (["--at", "soon", "--workload", "TRACE"], "neither seconds nor a date"),
        (["--at", "5", "--workload", "TRACE", "--processors", "40"], "nothing runs or waits then"),
        (["--at", "5", "--workload", "TRACE", "--processors", "40", "--history", "TRACE"], "is its own past"),
    ],
)
def test_bad_input_is_one_line(arguments, said, queue, trace, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [{"QUEUE": queue, "TRACE": trace}.get(word, word) for word in arguments]
    assert said in refused(capsys, "start-times", *words, *FEW)
