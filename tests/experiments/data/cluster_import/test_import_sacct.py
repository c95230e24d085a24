"""`rare traces import sacct`: files, scenario, report, other names, and what does not fit the machine."""

import io
import json
import os
import stat

import pytest

from experiments.cli.root import main
from experiments.data.cluster_import.import_sacct import SacctImport, import_sacct
from rare.scenario.load import load_scenario
from tests.traces.jobs.sacct.printed import GIVEN_UP, printed
from traces.errors import InputError
from traces.jobs.job_files import read_workload

NODES = {"NodeList": "n[1-2]", "AllocNodes": "2", "AllocCPUS": "8"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*rows, **columns):
    with open("accounts.txt", "w", encoding="utf-8") as file:
        file.write(printed(*rows, **columns))
    return "accounts.txt"


def imported(*rows, out="jobs.csv", **options):
    return import_sacct(write(*rows), SacctImport(**{"out": out, "zone": "UTC", "force": True, **options}))


def test_jobs_and_a_scenario_that_loads_at_once(folder):
    report = imported({}, {"JobID": "18", **GIVEN_UP}, {"JobID": "19", **NODES, "Partition": "wide"})
    assert report["jobs"] == 3 and report["cancellations"] == 1
    jobs = read_workload("jobs.csv", cancellations="replay")
    assert jobs.job_id.tolist() == [17, 18, 19] and jobs.zone == "UTC" and jobs.processors == 12
    loaded = load_scenario("jobs.toml")
    assert loaded.scenario.workload.file == "jobs.csv"
    assert loaded.scenario.workload.cancellations == "replay"
    sizes = [(part.name, part.nodes, part.cores_per_node) for part in loaded.scenario.cluster.partition]
    assert sizes == [("wide", 2, 4), ("batch", 1, 4)]  # most core-hours first
    json.dumps(report)


def test_the_scenario_names_the_jobs_relative_to_itself(folder):
    os.mkdir("scenarios")
    os.mkdir("data")
    imported(out="data/jobs.csv.gz", scenario_out="scenarios/own.toml")
    loaded = load_scenario("scenarios/own.toml")
    assert loaded.scenario.workload.file == "../data/jobs.csv.gz"
    assert loaded.scenario.name == "own"
    assert len(read_workload("data/jobs.csv.gz")) == 1


def test_parquet(folder):
    imported(out="jobs.parquet")
    assert len(read_workload("jobs.parquet")) == 1
    assert load_scenario("jobs.toml").scenario.workload.file == "jobs.parquet"


# --- the machine ------------------------------------------------------------------------------------------


def at(minute, minutes):
    hour = f"2024-01-10T{9 + minute // 60:02}:{minute % 60:02}:00"
    end = minute + minutes
    return {
        "Start": hour,
        "End": f"2024-01-10T{9 + end // 60:02}:{end % 60:02}:00",
        "Elapsed": f"00:{minutes:02}:00",
    }


def test_the_largest_simultaneous_use_makes_the_machine(folder):
    """8 cores from 09:00 to 09:10 and 4 from 09:05 to 09:15: 12; what starts as another ends adds none."""
    report = imported(
        {**at(0, 10), "AllocCPUS": "8"},
        {"JobID": "18", **at(5, 10)},
        {"JobID": "19", **at(10, 5), "AllocCPUS": "8"},
    )
    (part,) = report["partitions"]
    assert report["peak_cores"] == 12 and report["peak_utc"] == "2024-01-10T09:05:00Z"
    assert (part["nodes"], part["cores_per_node"]) == (2, 8)


def test_named_nodes_are_counted_and_shared_ones_go_to_whom_used_them_most(folder):
    report = imported(
        {"NodeList": "n[1-4]", "AllocNodes": "4", "AllocCPUS": "16"},
        {"JobID": "18", "Partition": "debug", "NodeList": "n1", "AllocCPUS": "2"},
        {"JobID": "19", "Partition": "gpu", "NodeList": "g1", "AllocTRES": "cpu=4,gres/gpu=2"},
    )
    parts = {part["name"]: part for part in report["partitions"]}
    assert set(parts) == {"batch", "gpu"}
    assert (parts["batch"]["nodes"], parts["batch"]["cores_per_node"]) == (4, 4)
    assert parts["batch"]["shared_with"] == ["debug"]
    assert (parts["gpu"]["nodes"], parts["gpu"]["gpus_per_node"]) == (1, 2)
    assert '"debug"' in (folder / "jobs.toml").read_text()


def test_lists_of_nodes_that_cannot_be_read_leave_the_guess_to_the_use(folder):
    report = imported({"NodeList": "n[1-"}, {"JobID": "18", "NodeList": "n[1-999999999]"})
    assert report["partitions"][0]["nodes"] == 2


def test_what_does_not_fit_the_machine_is_said(folder, capsys):
    rows = {**at(0, 10)}, {"JobID": "18", **at(5, 10)}
    assert imported(*rows, processors=8)["overflow"] is None
    report = imported(*rows, processors=6)
    assert report["overflow"] == {
        "first_utc": "2024-01-10T09:05:00Z",
        "line": 3,
        "job": 18,
        "most_cores": 8,
        "most_utc": "2024-01-10T09:05:00Z",
        "seconds": 300,
    }
    command = ["traces", "import", "sacct", "accounts.txt", "--zone", "UTC", "--out", "jobs.csv", "--force"]
    assert main([*command, "--processors", "6"]) == 0
    assert "does NOT fit the machine of 6 cores: more from 2024-01-10T09:05:00Z on (job 18, line 3)" in (
        capsys.readouterr().out
    )


def test_a_slurm_conf_knows_cores_threads_and_limits(folder):
    (folder / "slurm.conf").write_text(
        "NodeName=n[1-2] Sockets=1 CoresPerSocket=4 ThreadsPerCore=2\n"
        "PartitionName=batch Nodes=ALL MaxTime=120\n"
    )
    report = imported({"Timelimit": "Partition_Limit", "AllocCPUS": "8"}, slurm_conf="slurm.conf")
    jobs = read_workload("jobs.csv")
    assert (report["processors"], report["overflow"]) == (8, None)
    assert (jobs.cores.tolist(), jobs.estimate_s.tolist()) == ([4], [7200])


# --- other names ------------------------------------------------------------------------------------------

PEOPLE = (
    {"User": "zoe", "Account": "zoe"},
    {"JobID": "18", "User": "ada", "Account": "physics", "JobName": "secret|project of zoe"},
    {"JobID": "19", "User": "zoe", "Account": "physics", "State": "CANCELLED by 4711"},
)


def test_other_names_are_the_same_for_the_same_name(folder):
    report = imported(*PEOPLE, anonymize=True)
    jobs = read_workload("jobs.csv")
    assert jobs.user.tolist() == ["user1", "user2", "user1"]
    assert jobs.account.tolist() == ["account1", "account2", "account2"]
    assert jobs.job_id.tolist() == [17, 18, 19]
    written = (folder / "jobs.csv").read_text() + (folder / "jobs.toml").read_text() + json.dumps(report)
    assert not any(name in written for name in ("zoe", "ada", "physics", "secret", "4711", "accounts.txt"))


def test_numbers_may_be_drawn(folder):
    orders = set()
    for seed in range(8):
        imported(*PEOPLE, anonymize=True, seed=seed)
        orders.add(tuple(read_workload("jobs.csv").user.tolist()))
    assert orders == {("user1", "user2", "user1"), ("user2", "user1", "user2")}
    with pytest.raises(InputError, match="--anonymize"):
        imported(*PEOPLE, seed=1)


# --- the command ------------------------------------------------------------------------------------------


def test_the_command_prints_a_report_and_a_guess(folder, capsys):
    write({}, {"JobID": "18", **GIVEN_UP})
    assert (
        main(["traces", "import", "sacct", "accounts.txt", "--zone", "Europe/Berlin", "--out", "jobs.csv"])
        == 0
    )
    out = capsys.readouterr().out
    assert "jobs.csv: 2 jobs of 2 rows" in out
    assert "jobs.toml: a guess from what ran; correct it" in out
    assert "batch  1 node of 4 cores" in out
    assert "--threads-per-core 2" in out


def test_the_command_prints_json(folder, capsys):
    write()
    assert (
        main(["traces", "import", "sacct", "accounts.txt", "--zone", "UTC", "--out", "jobs.csv", "--json"])
        == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert report["jobs"] == 1 and report["partitions"][0]["cores_per_node"] == 4


def test_standard_input(folder, capsys, monkeypatch):
    text = printed().encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["traces", "import", "sacct", "-", "--zone", "UTC", "--out", "jobs.csv"]) == 0
    assert read_workload("jobs.csv").name == "standard input"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"nonsense\n")))
    assert main(["traces", "import", "sacct", "-", "--out", "more.csv"]) == 2
    err = capsys.readouterr().err
    assert "standard input:1: 'nonsense' is no header of sacct" in err and "/tmp" not in err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["accounts.txt", "--out", "a.csv"],
            "write '# zone: Europe/Berlin' above the header, or give --zone",
        ),
        (["accounts.txt", "--zone", "Berlin", "--out", "a.csv"], "--zone: unknown time zone"),
        (["accounts.txt", "--zone", "UTC", "--out", "a.txt"], "name it .csv, .csv.gz or .parquet"),
        (["accounts.txt", "--zone", "UTC", "--out", "gone/a.csv"], "its folder does not exist"),
        (["accounts.txt", "--zone", "UTC", "--out", "a.csv", "--scenario-out", "a.json"], ".toml"),
        (["accounts.txt", "--zone", "UTC", "--out", "there.csv"], "exists already"),
        (
            ["accounts.txt", "--zone", "UTC", "--out", "accounts.csv", "--threads-per-core", "0"],
            "--threads-per-core",
        ),
        (["accounts.txt", "--zone", "UTC", "--out", "a.csv", "--processors", "0"], "--processors is 0"),
        (
            ["accounts.txt", "--zone", "UTC", "--out", "a.csv", "--cluster", "x"],
            "--cluster: the file has no job",
        ),
        (["accounts.txt", "--zone", "UTC", "--out", "a.csv", "--delimiter", ""], "--delimiter"),
        (["accounts.txt", "--zone", "UTC", "--out", "a.csv", "--delimiter", "^"], "another --delimiter"),
        (["accounts.txt", "--run", "--out", "a.csv"], "either a FILE"),
        (["--out", "a.csv"], "either a FILE"),
        (["gone.txt", "--out", "a.csv"], "gone.txt: cannot read"),
        (["saved.csv", "--zone", "UTC", "--out", "saved.csv", "--force"], "is the file that is read"),
        (["accounts.txt", "--zone", "UTC", "--out", "a.csv", "--slurm-conf", "gone.conf"], "gone.conf"),
        (["--run", "--since=-x", "--out", "a.csv"], "--since"),
    ],
)
def test_one_line_and_nothing_written(folder, capsys, words, line):
    write()
    (folder / "there.csv").write_text("mine")
    (folder / "saved.csv").write_text(printed())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["traces", "import", "sacct", *words]) == 2
    err = capsys.readouterr().err
    assert line in err and err.count("\n") == 1, err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_sacct_is_called_with_seconds_and_its_command_is_shown(folder, capsys, monkeypatch):
    """A sacct of our own, which prints what it was asked."""
    script = folder / "bin" / "sacct"
    script.parent.mkdir()
    text = printed({"Submit": "1704873600", "Start": "1704877200", "End": "1704877800"})
    script.write_text(
        f"#!/bin/sh\nprintf '%s %s' \"$SLURM_TIME_FORMAT\" \"$*\" > asked\ncat <<'END'\n{text}END\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    command = [
        "traces",
        "import",
        "sacct",
        "--run",
        "--since",
        "now-7days",
        "--cluster",
        "alpha",
        "--out",
        "jobs.csv",
    ]
    text = text.replace("JobID", "JobID")
    assert main(command) == 2  # no column Cluster
    asked = (folder / "asked").read_text()
    assert asked.startswith("%s --allusers --allocations --duplicates --parsable2 --format=JobID,")
    assert asked.endswith("--starttime=now-7days --endtime=now --clusters=alpha")
    assert "JobName" not in asked
    assert "SLURM_TIME_FORMAT=%s sacct --allusers" in capsys.readouterr().err
    assert main([*command[:6], "--out", "jobs.csv"]) == 0
    assert read_workload("jobs.csv").name == "sacct"
    script.write_text("#!/bin/sh\necho 'sacct: error: no connection' >&2; exit 1\n")
    assert main(["traces", "import", "sacct", "--run", "--out", "more.csv"]) == 2
    assert "sacct ended with 1: 'sacct: error: no connection'" in capsys.readouterr().err


def test_without_slurm_sacct_cannot_be_run(folder, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    assert main(["traces", "import", "sacct", "--run", "--out", "jobs.csv"]) == 2
    assert "sacct cannot be run" in capsys.readouterr().err
