"""Names, settings and files of the worst kind on the command line: exit code 2, one line, nothing written."""

import gzip
import importlib.util
import json
import os
import socket

import numpy as np
import pytest

from experiments.cli.root import main
from tests.experiments.conftest import here, stub  # noqa: F401  (fixtures)
from tests.experiments.fake_runs import fake_run
from tests.fuzz.samples import SCENARIO

LONG, DIGITS = "x" * 3000, "9" * 5000
SIM = ("simulate", "--workload", "jobs.csv")
MINE = ("simulate", "--scenario", "mine.toml")

# Names of what shall be read, and a piece of the line that each gives.
NAMES = {
    "of 3,000 characters": LONG,
    "of 3,000 folders": "d/" * 3000 + "f.csv",
    "with NUL": "a\0b",
    "of nobody's home": "~nobody-of-that-name/x",
    "empty": "",
    "of an endless device": "/dev/zero",
    "of a pipe": "pipe",
    "of a socket": "socket",
    "of a folder": "full",
    "of memory": "/proc/self/mem",
    "of bytes that are no text": "a\udc80b",
    "that is not there": "gone",
    "of a link to itself": "circle",
}
INPUTS = {
    "scenario": ("simulate", "--scenario", "{}.toml"),
    "scenario, as it is": ("simulate", "--scenario", "./{}"),
    "workload": ("simulate", "--workload", "{}"),
    "workload as SWF": ("simulate", "--workload", "{}", "--set", "workload.format=swf"),
    "workload as CSV": ("simulate", "--workload", "{}", "--set", "workload.format=csv"),
    "workload as Parquet": ("simulate", "--workload", "{}", "--set", "workload.format=parquet"),
    "set workload.file": (*MINE, "--set", "workload.file={}"),
    "power": (*SIM, "--power", "{}"),
    "set a source's file": (*MINE, "--set", "supply.source.0.file={}"),
    "set windows.file": (*MINE, "--set", "windows.file={}"),
    "set a mapping": (*MINE, "--set", "workload.mapping={}.toml"),
    "set site.weather": (*MINE, "--set", "site.weather={}"),
    "scheduler's file": (*SIM, "--scheduler", "{}.py:Mine"),
    "checkpoint": (*SIM, "--scheduler", "{}/best"),
    "show jobs": ("traces", "show", "--kind", "workload", "--format", "swf", "--", "{}"),
    "show power": ("traces", "show", "--kind", "power", "--", "{}"),
    "show": ("traces", "show", "--", "{}.csv"),
    "show with a mapping": ("traces", "show", "jobs.csv", "--mapping", "{}.toml"),
    "report": ("report", "--", "{}"),
    "evaluate's scenario": ("evaluate", "--scenario", "./{}"),
    "evaluate's scheduler": ("evaluate", "--scenario", "tiny", "--scheduler", "./{}"),
    "preset's data": ("compare", "--preset", "gas-marl", "--data", "{}", "--out", "run"),
}
LEARNING_INPUTS = {
    "experiment": ("launchpad", "--experiment", "{}", "--out", "run"),
    "launchpad's workload": ("launchpad", "--quick", "--workload", "{}", "--out", "run"),
    "dataset to show": ("dataset", "show", "--", "{}"),
    "data to learn from": ("train", "offline", "--data", "{}", "--out", "run"),
}
OUTPUT_NAMES = {
    "of 3,000 characters": LONG,
    "of 3,000 folders": "d/" * 3000 + "run",
    "with NUL": "a\0b",
    "of nobody's home": "~nobody-of-that-name/x",
    "empty": "",
    "below a device": "/dev/null/run",
    "below a file": "jobs.csv/run",
    "of a pipe": "pipe",
}
OUTPUTS = {
    "simulate": (*SIM, "--no-figures", "--out", "{}"),
    "compare": ("compare", "--workload", "jobs.csv", "--no-figures", "--out", "{}"),
    "generate": ("traces", "generate", "lublin", "--jobs", "5", "--processors", "8", "--out", "{}.csv"),
}  # fmt: skip

SETTINGS = {
    "a place of 5,000 digits": f"supply.source.{DIGITS}.peak=1",
    "a place with an exponent": "supply.source.1e999999999.peak=1",
    "a place beyond 64 bits": "supply.source.99999999999999999999.peak=1",
    "a place in other digits": "supply.source.१.peak=1",
    "a negative place": "supply.source.-1.peak=1",
    "a fraction of a place": "supply.source.0.5=1",
    "a key of 3,000 characters": f"{LONG}=1",
    "a key of 3,000 parts": "a." * 3000 + "b=1",
    "a key of a table of 3,000 characters": f"battery.{LONG}=1",
    "a number of 5,000 digits": f"battery.hours={DIGITS}",
    "a hexadecimal number of 5,000 digits": "battery.hours=0x" + "f" * 5000,
    "an exponent of 400": "battery.hours=1e400",
    "an exponent of 999,999,999": "battery.hours=1e999999999",
    "a negative exponent": "battery.hours=-1e-400x",
    "a text of 5,000 characters": f"workload.zone={LONG}{LONG}",
    "5,000 brackets": "workload.jobs=" + "[" * 5000,
    "400 whole brackets": "workload.jobs=" + "[" * 400 + "]" * 400,
    "5,000 tables": "battery=" + "{a=" * 5000 + "1" + "}" * 5000,
    "a dotted key inside a table": "battery={" + "a." * 20_000 + "a=1}",
    "an instant at the end of time": "workload.start_utc=9999-12-31T23:59:59-14:00",
    "an instant before time": "workload.start_utc=0001-01-01T00:00:00+14:00",
    "a date as a time": "workload.start_utc=07:32:00",
    "an offset of 99 hours": 'workload.start_utc="2022-06-13T00:00:00+99:00"',
    "jobs of 5,000 digits": f"workload.jobs=0:{DIGITS}",
    "a span of other digits": "workload.jobs=०:२०००००००",
    "a from_date at the end of time": "workload.from_date=9999-12-31T23:59:59-14:00",
    "a zone above the folder": "workload.zone=../../etc/passwd",
    "a zone of NUL": "workload.zone=a\0b",
    "a zone that is a folder": "workload.zone=Europe",
    "a site zone of 3,000 characters": f"supply.site_zone={LONG}",
    "a partition of no name": "cluster.partition..nodes=1",
    "a name of NUL": "name=a\0b",
    "an unlimited window": f"window={LONG}",
    "a list for a table": "battery=[1, 2]",
    "a table for a list": "supply.source={a = 1}",
    "a list of lists for tables": "service_class=[[1]]",
    "2,000 partitions": "cluster.partition=["
    + ",".join(f'{{name="p{i}",nodes=1,cores_per_node=1,idle_w=1,core_w=1}}' for i in range(2000))
    + "]",
    "a column of 3,000 characters": f'supply.source.0.columns=["{LONG}"]',
    "a unit of 3,000 characters": f"supply.source.0.unit={LONG}",
    "a kind of 3,000 characters": f"supply.kind={LONG}",
    "hours of 0": "forecast.hours=0",
    "hours without end": "forecast.hours=1000000000",
    "a ratio of 1e9": "battery.hours=1e9",
    "nodes beyond all machines": "cluster.partition.a.nodes=10000001",
    "watts beyond all machines": "cluster.partition.a.idle_w=1e300",
    "a memory of 1e300": "cluster.partition.a.memory_gib_per_node=1e300",
    "supply before the beginning": "time.supply_start_s=-9223372036854775809",
}
TEXTS = {
    "an empty file": "",
    "zero bytes": "\0" * 100,
    "a name of 5,000 characters": f'name = "{LONG}{LONG}"\n',
    "a key of 3,000 characters": f"{LONG} = 1\n",
    "a key of half a million parts": "a." * 499_000 + "a = 1\n",
    "half a million parts in a table": "x = {" + "a." * 499_000 + "a = 1}\n",
    "headers of 300 parts": ("[" + "a." * 300 + "a]\n") * 1000,
    "900,000 brackets": "x = " + "[" * 900_000,
    "400 whole brackets": "x = " + "[" * 400 + "]" * 400 + "\n",
    "tables 3,000 deep": "x = " + "{a = " * 3000 + "1" + "}" * 3000 + "\n",
    "a number of 900,000 digits": "x = " + "9" * 900_000 + "\n",
    "a hexadecimal number of 900,000 digits": "seeds = 0x" + "f" * 900_000 + "\n",
    "an exponent": "seeds = 1e999999999\n",
    "blanks in a header": '"a"=[\n[' + " " * 200_000 + ",1]\n]\n[x]\n",
    "more than a megabyte": "# " + "x" * 1_000_000,
    "a text without an end": 'x = """' + "x" * 100_000,
    "UTF-16": "name = 'x'".encode("utf-16").decode("latin-1"),
    "a lone surrogate": 'name = "\\ud800"\n',
    "a key with a line break": '"a\\nb" = 1\n',
    "100,000 tables": "[[x]]\n" * 100_000,
}
JSONS = {
    "an empty file": b"",
    "no object": b"[1]",
    "a number": b"1e400",
    "cut": b'{"metrics": {"mean',
    "deep": b"[" * 500_000,
    "deep and whole": b'{"a":' * 300 + b"1" + b"}" * 300,
    "5,000 digits": b'{"metrics": {"decisions": ' + b"9" * 5000 + b"}}",
    "metrics that are a list": b'{"metrics": []}',
    "metrics that are text": b'{"metrics": "x"}',
    "binary": bytes(range(256)) * 8,
    "UTF-16": '{"metrics": {}}'.encode("utf-16"),
    "bytes behind the end": b'{"metrics": {}} x',
    "a gzipped file": b"\x1f\x8b\x08\x00" + bytes(100),
}
JOBS_HEADER = b"job_id,submit_s,start_s,end_s,cores,suspensions,value,earned,status\n"
TABLES = {
    "an empty file": b"",
    "zero bytes": bytes(1000),
    "no columns": b"x\n1\n",
    "cut": b"job_id,submit_s",
    "more cells than names": b"job_id,submit_s\n1,2,3,4\n",
    "a word for a number": JOBS_HEADER + b"1,x,1,1,1,0,,,completed\n",
    "infinity": JOBS_HEADER + b"1,inf,1,1,1,0,,,completed\n",
    "an open quote": b'job_id,submit_s,start_s\n1,"2\n',
    "binary": bytes(range(256)) * 8,
    "a megabyte of commas": b"," * 1_000_000 + b"\n",
}  # fmt: skip


@pytest.fixture
def place(here):  # noqa: F811
    """Things that cannot be read, beside what can."""
    (here / "full").mkdir()
    (here / "full" / "thesis.txt").write_text("not ours", encoding="utf-8")
    (here / "mine.toml").write_text(SCENARIO, encoding="utf-8")
    os.mkfifo(here / "pipe")
    os.symlink("circle", here / "circle")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind("socket")
    yield here
    bound.close()


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def check(capsys, folder, arguments):
    """The one line of a refusal."""
    before = listing(folder)
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert err.startswith("rare: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert "Traceback" not in err and "a bug in rare" not in err, err
    assert len(err) < 1000
    assert listing(folder) == before
    return err


def _need_learning():
    for name in ("torch", "d3rlpy", "sb3_contrib"):
        if importlib.util.find_spec(name) is None:
            pytest.skip("the extra `learn` is not installed")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", INPUTS)
def test_a_name_that_cannot_be_read(place, stub, capsys, command, name):  # noqa: F811
    if command == "evaluate's scheduler" and name == "of a folder":
        (place / "full" / "checkpoint.json").write_text("{}", encoding="utf-8")
    check(capsys, place, [word.replace("{}", NAMES[name]) for word in INPUTS[command]])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", LEARNING_INPUTS)
def test_a_name_that_cannot_be_learned_from(place, stub, capsys, command, name):  # noqa: F811
    _need_learning()
    check(capsys, place, [word.replace("{}", NAMES[name]) for word in LEARNING_INPUTS[command]])


@pytest.mark.parametrize("name", OUTPUT_NAMES)
@pytest.mark.parametrize("command", OUTPUTS)
def test_a_name_that_cannot_be_written(place, stub, capsys, command, name):  # noqa: F811
    if command == "generate" and name in ("empty", "of a pipe"):
        pytest.skip("with .csv behind it, it is a good name")
    check(capsys, place, [word.replace("{}", OUTPUT_NAMES[name]) for word in OUTPUTS[command]])


@pytest.mark.parametrize("case", SETTINGS)
def test_a_setting(place, stub, capsys, case):  # noqa: F811
    check(capsys, place, (*MINE, "--no-figures", "--out", "run", "--set", SETTINGS[case]))


@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("command", ["scenario", "mapping", "experiment"])
def test_a_toml_file(place, stub, capsys, command, case):  # noqa: F811
    (place / "bad.toml").write_text(TEXTS[case], encoding="utf-8")
    if command == "experiment":
        _need_learning()
    check(
        capsys,
        place,
        {
            "scenario": ("simulate", "--scenario", "bad.toml", "--out", "run"),
            "mapping": ("traces", "show", "jobs.csv", "--mapping", "bad.toml"),
            "experiment": ("launchpad", "--experiment", "bad.toml", "--out", "run"),
        }[command],
    )


@pytest.mark.parametrize("file", ["metrics.json", "config.json", "provenance.json"])
@pytest.mark.parametrize("case", JSONS)
def test_a_json_file_of_a_run(place, capsys, file, case):
    fake_run(place / "run", 4)
    (place / "run" / file).write_bytes(JSONS[case])
    if file != "metrics.json" and case.startswith(("metrics", "5,000")):
        (place / "run" / file).write_bytes(b"[]")
    line = check(capsys, place, ("report", "run"))
    assert file in line


@pytest.mark.parametrize("case", TABLES)
def test_a_table_of_a_run(place, capsys, case):
    fake_run(place / "run", 4)
    (place / "run" / "jobs.csv").write_bytes(TABLES[case])
    assert "jobs.csv" in check(capsys, place, ("report", "run"))


@pytest.mark.parametrize("file", ["metrics.json", "jobs.csv", "power.csv"])
def test_a_pipe_or_device_in_a_run_is_not_waited_for(place, capsys, file):
    fake_run(place / "run", 4)
    (place / "run" / file).unlink()
    os.symlink("/dev/zero", place / "run" / file)
    assert file in check(capsys, place, ("report", "run"))
    (place / "run" / file).unlink()
    os.mkfifo(place / "run" / file)
    assert file in check(capsys, place, ("report", "run"))


@pytest.mark.parametrize("size", [10**9, 10**13])
@pytest.mark.parametrize("file", ["metrics.json", "jobs.csv", "bad.toml"])
def test_a_file_of_holes_is_not_read_whole(place, capsys, file, size):
    """A sparse file takes no room on disk, and a terabyte once it is read."""
    if file == "bad.toml":
        arguments = ("simulate", "--scenario", "bad.toml")
        path = place / file
    else:
        fake_run(place / "run", 4)
        arguments, path = ("report", "run"), place / "run" / file
    with path.open("r+b" if path.exists() else "wb") as stream:
        stream.truncate(size)
    assert file in check(capsys, place, arguments)


def test_a_parquet_file_of_the_same_row_without_end_is_not_unpacked(place, capsys):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = arrow.array([1]).take(arrow.array(np.zeros(6_000_000, np.int8)))
    table = arrow.table({name: rows for name in ("job_id", "submit_s", "cores", "work_s")})
    parquet.write_table(table, place / "bomb.parquet")
    assert (place / "bomb.parquet").stat().st_size < 10**6
    assert "cells a byte" in check(capsys, place, ("traces", "show", "bomb.parquet"))


def test_a_gzipped_file_of_nothing_is_not_unpacked(place, capsys):
    line = b"1 0 1 1 1 -1 -1 1 1 -1 1 1 1 -1 1 -1 -1 -1\n"
    with gzip.open(place / "bomb.swf.gz", "wb") as stream:
        stream.write(line * 1_000_000)
    assert "times its size" in check(capsys, place, ("traces", "show", "bomb.swf.gz"))


@pytest.mark.parametrize(
    "words",
    [("--scenario", "mine.toml"), ("--workload", "jobs.csv"), (*MINE[1:], "--power", "supply.csv")],
)
def test_a_file_without_rights(place, stub, capsys, monkeypatch, words):  # noqa: F811
    """Root may read anything, so the refusal is made up; it is what the system answers to everyone else."""
    from traces.files import text

    real = os.open

    def refuse(path, *rest):
        if os.fspath(path).endswith(words[-1]):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path, *rest)

    monkeypatch.setattr(text.os, "open", refuse)
    line = check(capsys, place, ("simulate", *words))
    assert words[-1] in line and "Permission denied" in line


def test_what_a_reader_does_not_foresee_is_the_files_fault(place, capsys, monkeypatch):
    """Any exception while a file of the user's is read: the line names the file."""
    from traces.jobs.readers import csv_jobs

    for error in (
        RecursionError(), MemoryError(), OverflowError("x"), KeyError("x"), TypeError("x"),
        AssertionError("x"), UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), ZeroDivisionError(),
    ):  # fmt: skip

        def fail(*args, error=error, **kwargs):
            raise error

        monkeypatch.setattr(csv_jobs, "numbered_lines", fail)
        line = check(capsys, place, ("traces", "show", "--kind", "workload", "jobs.csv"))
        assert "jobs.csv: cannot be read" in line


def test_a_bug_is_still_told_from_bad_input(place, stub, capsys, monkeypatch):  # noqa: F811
    """What goes wrong after everything was read is ours: exit code 1."""

    def fail(name):
        raise KeyError(name)

    stub.before = fail
    assert main([*SIM, "--no-figures"]) == 1
    assert "a bug in rare (KeyError" in capsys.readouterr().err


def test_a_wrong_call_of_a_reader_is_no_fault_of_a_file(place):
    from traces import read_workload

    with pytest.raises(TypeError, match="strictly"):
        read_workload("jobs.csv", strictly=True)


def test_json_reads_no_nan(tmp_path):
    from traces.files.documents import read_json

    (tmp_path / "x.json").write_text('{"a": NaN, "b": -Infinity, "c": 1e400}', encoding="utf-8")
    found = read_json(tmp_path / "x.json")
    assert found["a"] is None and found["b"] is None
    json.dumps(found)


def test_a_damaged_ring_of_an_interrupted_training_is_named(tmp_path):
    _need_learning()
    from schedulers.training.online.replay_ring import _array
    from traces.errors import InputError

    (tmp_path / "actions.npy").write_bytes(b"\x93NUMPY\x01\x00\x10\x00{'descr': broken}")
    with pytest.raises(InputError, match=r"actions\.npy: cannot be read"):
        _array(tmp_path, "actions", (2, 2), np.float32)
    (tmp_path / "actions.npy").unlink()
    os.mkfifo(tmp_path / "actions.npy")
    with pytest.raises(InputError, match="not a regular file"):
        _array(tmp_path, "actions", (2, 2), np.float32)
