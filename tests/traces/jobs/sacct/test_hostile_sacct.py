"""Bad accounts of Slurm: each gives one clear line that names the file, and line and value where it can."""

import gzip
import sqlite3

import pytest

from tests.traces.jobs.sacct.printed import GIVEN_UP, JOB, PENDING, printed
from traces.errors import InputError
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_reader import read_accounts

GOOD = printed().encode()
PACKED = gzip.compress(GOOD * 50, mtime=0)
HEADER = "|".join(JOB)
SQLITE = b"SQLite format 3\0"


def cell(**change: str) -> bytes:
    """A good row on line 2, and on line 3 one with a wrong cell."""
    return printed({}, {"JobID": "18", **change}).encode()


def without(*names: str) -> bytes:
    """A file without some columns."""
    kept = {key: value for key, value in JOB.items() if key not in names}
    return ("|".join(kept) + "\n" + "|".join(kept.values()) + "\n").encode()


#: name of the case: (bytes, what the message must hold)
FILES = {
    "empty": (b"", ["the file is empty"]),
    "blank lines": (b"\n\n \n", ["no header"]),
    "zero bytes": (b"JobID|State\0|Submit\n", ["zero bytes"]),
    "an ELF binary": (b"\x7fELF\2\1\1\0" + bytes(range(256)), ["zero bytes"]),
    "noise": (b"\x89PNG\r\n\x1a\x0b" * 9, [":1", "no header"]),
    "zip": (b"PK\x03\x04" + b"x" * 50, ["zip"]),
    "bzip2": (b"BZh91AY" + b"x" * 50, ["bzip2"]),
    "xz": (b"\xfd7zXZ\0" + b"x" * 50, ["xz"]),
    "Parquet": (b"PAR1" + b"x" * 50, ["Parquet"]),
    "gzip cut short": (PACKED[: len(PACKED) // 2], ["cut short"]),
    "gzip damaged": (PACKED[:30] + bytes([PACKED[30] ^ 0xFF]) + PACKED[31:], ["damaged"]),
    "a bomb": (gzip.compress(GOOD + (b" " * 2**14 + b"\n") * 2**12, mtime=0), ["200 times"]),
    "one endless line": (b"JobID|State|Submit" * 2**17, ["line longer"]),
    "UTF-16 damaged": (printed().encode("utf-16")[:-1], ["UTF-16"]),
    "no header": (GOOD.split(b"\n", 1)[1], [":1", "no header"]),
    "header alone": (GOOD.split(b"\n", 1)[0], ["no jobs below its header"]),
    "a header and steps": (printed({"JobID": "17.batch"}, {"JobID": "17.0"}).encode(), ["no jobs below"]),
    "JSON": (b'{"jobs": [{"job_id": 17}]}', [":1", "no header"]),
    "squeue": (b"JOBID PARTITION NAME USER ST TIME NODES NODELIST(REASON)\n17 main a b R 0:01\n", [":1"]),
    "our own CSV": (b"job_id,submit_s,cores,work_s\n1,0,1,5\n", [":1", "no header"]),
    "SWF": (b"; Version: 2.2\n1 0 1 2 3\n", [":1", "no header"]),
    "padded": (b"   JobID  JobName  State  Submit\n----- ---- ---- ----\n17 a FAILED 2024\n", [":1", "-P"]),
    "an unknown key above": (b"# zone: UTC\n# colour: red\n" + GOOD, [":2", "'colour'", "zone"]),
    "a zone that is none above": (b"# zone: Berlin\n" + GOOD, ["Berlin", "did you mean"]),
    "threads that are none above": (b"# threads_per_core: two\n" + GOOD, ["threads_per_core", "'two'"]),
    "too many threads above": (b"# threads_per_core: 999\n" + GOOD, ["threads_per_core", "64"]),
    "an arrival that is none above": (b"# arrival: late\n" + GOOD, ["arrival", "'late'"]),
    "no JobID": (without("JobID"), [":1", "no header"]),
    "no Submit": (without("Submit"), [":1", "lacks Submit", "sacct -a -X"]),
    "no State": (without("State"), [":1", "lacks State"]),
    "no Elapsed and no End": (without("Elapsed", "End"), [":1", "lacks Elapsed"]),
    "no cpus": (without("ReqCPUS", "AllocCPUS"), [":1", "lacks AllocCPUS"]),
    "a column twice": (GOOD.replace(b"Partition", b"State"), [":1", "state twice"]),
    "a row cut off": (GOOD[:-20], [":2", "fields", "cut off"]),
    "a row too short": (GOOD + b"18|ada\n" + GOOD.split(b"\n")[1] + b"\n", [":3", "2 fields", "13"]),
    "a row too long": (GOOD + GOOD.split(b"\n")[1] + b"|more\n", [":3", "14 fields", "13", "none"]),
    "a name that could stand in two columns": (
        printed({"JobName": "a|b", "Comment": "c"}).encode(),
        [":2", "more than one"],
    ),
    "a file of short rows": ((HEADER + "\n" + "17|ada\n" * 99).encode(), [":2", "2 fields"]),
    "an id that is a word": (cell(JobID="seventeen"), [":3", "JobID", "'seventeen'"]),
    "a negative id": (cell(JobID="-4"), [":3", "JobID", "'-4'"]),
    "an id of 40 digits": (cell(JobID="9" * 40), [":3", "JobID"]),
    "no id": (cell(JobID=""), [":3", "JobID"]),
    "an id of foreign digits": (cell(JobID="\u0661\u0667"), [":3", "JobID"]),
    "an open list of tasks": (cell(JobID="17_[4-9"), [":3", "JobID"]),
    "a state that is none": (cell(State="HAPPY"), [":3", "State", "'HAPPY'"]),
    "no state": (cell(State=""), [":3", "State"]),
    "no submit": (cell(Submit="Unknown"), [":3", "no Submit"]),
    "a submit that is a word": (cell(Submit="yesterday"), [":3", "Submit", "'yesterday'"]),
    "a submit that is a time of day": (cell(Submit="10:30:00"), [":3", "Submit", "'10:30:00'"]),
    "30 February": (cell(Submit="2024-02-30T00:00:00"), [":3", "Submit", "2024-02-30"]),
    "the year 9999": (cell(End="9999-12-31T23:59:59"), [":3", "End", "9999"]),
    "seconds of the year 5000": (cell(End="95617584000"), [":3", "End", "seconds outside"]),
    "seconds beyond 64 bits": (cell(Start="9" * 25), [":3", "Start"]),
    "a start of a megabyte": (cell(Start="2" * 900_000), [":3", "Start"]),
    "an elapsed time that is a word": (cell(Elapsed="long"), [":3", "Elapsed", "'long'"]),
    "a negative elapsed time": (cell(Elapsed="-00:10:00"), [":3", "Elapsed"]),
    "an endless elapsed time": (cell(Elapsed="999999999-00:00:00"), [":3", "Elapsed", "more than"]),
    "a limit of five parts": (cell(Timelimit="1:2:3:4:5"), [":3", "Timelimit"]),
    "half a cpu": (cell(AllocCPUS="1.5"), [":3", "AllocCPUS", "'1.5'"]),
    "cpus that are a word": (cell(AllocCPUS="many"), [":3", "AllocCPUS", "'many'"]),
    "cpus beyond 64 bits": (cell(AllocCPUS="9" * 15), [":3", "AllocCPUS", "more than"]),
    "memory that is a word": (cell(ReqMem="plenty"), [":3", "ReqMem", "'plenty'"]),
    "memory beyond all machines": (cell(ReqMem="999999999999E"), [":3", "ReqMem"]),
    "resources that are a word": (cell(AllocTRES="everything"), [":3", "AllocTRES", "'everything'"]),
    "a resource that is no number": (cell(ReqTRES="cpu=few"), [":3", "ReqTRES", "'few'"]),
    "a user with a bell": (cell(User="ada\a"), [":3", "User", "printed"]),
    "an account that changes colours": (cell(Account="\x1b[31mred"), [":3", "Account", "printed"]),
    "all pending": (printed(PENDING).encode(), ["none of its 1 rows", "sacct"]),
    "all given up without a limit": (printed({**GIVEN_UP, "Timelimit": ""}).encode(), ["none of its 1 rows"]),
    "two clusters": (printed({"Cluster": "a"}, {"JobID": "18", "Cluster": "b"}).encode(), ["2 clusters"]),
    "a database cut short": (SQLITE + b"\x10\0", ["SQLite"]),
    "a database of noise": (SQLITE + bytes(range(1, 255)) * 20, ["SQLite"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_one_clear_line(name, tmp_path):
    content, words = FILES[name]
    path = tmp_path / "accounts.txt"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_accounts(path, SacctOptions(zone=None if content.startswith(b"# zone: B") else "UTC"))
    line = str(caught.value)
    assert "\n" not in line and line.isprintable() and len(line) < 900, line
    assert "accounts.txt" in line or "cluster" in line, line
    assert all(word in line for word in words), line
    assert type(caught.value) is InputError, line  # no exception that nobody foresaw


def test_there_are_more_than_sixty():
    assert len(FILES) >= 60


# --- databases --------------------------------------------------------------------------------------------


def database(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


TABLE = "create table slurm (JobID, State, Submit, Elapsed, AllocCPUS)"


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (("create table other (a)",), ["without slurm2sql's table"]),
        ((TABLE.replace("Submit", "Other"),), ["lacks Submit"]),
        ((TABLE,), ["no jobs below"]),
        ((TABLE, "insert into slurm values ('x', 'COMPLETED', 1704873600, 4, 1)"), ["row 1", "JobID", "'x'"]),
        ((TABLE, "insert into slurm values ('1', 'COMPLETED', 1e300, 4, 1)"), ["row 1", "Submit"]),
        ((TABLE, "insert into slurm values ('1', 'COMPLETED', x'00ff', 4, 1)"), ["row 1", "Submit"]),
        (
            (TABLE, "insert into slurm values ('1', 'COMPLETED', 1704873600, 9223372036854775807, 1)"),
            ["Elapsed"],
        ),
        ((TABLE, "insert into slurm values ('1', null, 1704873600, 4, 1)"), ["row 1", "State"]),
        (
            (
                "create view slurm as with recursive endless(n) as "
                "(select 1 union all select n + 1 from endless) "
                "select n as JobID, 'CD' as State, 1 as Submit, 1 as Elapsed, 1 as AllocCPUS from endless",
            ),
            ["without slurm2sql's table"],
        ),
        (
            (TABLE, "insert into slurm values ('1', 'COMPLETED', 1704873600, 4, zeroblob(20000000))"),
            ["SQLite"],
        ),
    ],
    ids=range(10),
)
def test_one_clear_line_for_a_database(statements, words, tmp_path):
    path = tmp_path / "accounts.db"
    database(path, *statements)
    with pytest.raises(InputError) as caught:
        read_accounts(path)
    line = str(caught.value)
    assert "accounts.db" in line and line.isprintable(), line
    assert all(word in line for word in words), line
    assert type(caught.value) is InputError, line
