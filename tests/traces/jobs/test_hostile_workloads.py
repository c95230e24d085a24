"""Bad workload files: each gives one clear line that names the file, and the line and value where it can."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pytest

from traces import InputError, read_workload

HEAD = "job_id,submit_s,cores,work_s"


def swf(**fields):
    """A file with a good record on line 1, and on line 2 one with these fields, by number from 1."""
    good = ["1", "0", "-1", "10", "2", "-1", "-1", "2", "20", "-1", "1", *["-1"] * 7]
    bad = ["2", *good[1:]]
    for key, value in fields.items():
        bad[int(key.removeprefix("f")) - 1] = value
    return (" ".join(good) + "\n" + " ".join(bad) + "\n").encode("latin-1")


def csv(row, head=HEAD):
    """A table with a good row on line 2 and this one on line 3."""
    width = head.count(",")
    good = ["7", "0", "1", "5", *[""] * (width - 3)]
    return f"{head}\n{','.join(good)}\n{row}\n".encode()


def lead(*lines):
    return "\n".join([*lines, HEAD, "1,0,1,5", ""]).encode()


GOOD_SWF = swf()
PACKED = gzip.compress(GOOD_SWF * 50, mtime=0)
DAMAGED = PACKED[:30] + bytes([PACKED[30] ^ 0xFF]) + PACKED[31:]
WRONG_SUM = PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:]

#: name of the case: (file name, bytes, what the message must hold)
FILES = {
    "empty file": ("a.swf", b"", ["a.swf", "empty"]),
    "only comments": ("a.swf", b"; MaxProcs: 4\n\n", ["a.swf", "no records"]),
    "only skipped records": ("a.swf", swf(f4="-1").split(b"\n")[1], ["a.swf", "none of its 1 records"]),
    "zero bytes": ("a.swf", b"\x7fELF\0\0\0" + bytes(range(256)), ["a.swf", "zero bytes"]),
    "noise without zero bytes": ("a.swf", b"\x89PNG\r\n\x1a\x0b" * 9, ["a.swf:1", "job number (field 1)"]),
    "damaged utf-16": ("a.swf", "1 2 3".encode("utf-16")[:-1], ["a.swf", "UTF-16"]),
    "zip": ("a.swf", b"PK\x03\x04" + b"x" * 50, ["a.swf", "zip"]),
    "bzip2": ("a.swf.gz", b"BZh91AY" + b"x" * 50, ["a.swf.gz", "bzip2"]),
    "xz": ("a.swf", b"\xfd7zXZ\0" + b"x" * 50, ["a.swf", "xz"]),
    "truncated gzip": ("a.swf.gz", PACKED[: len(PACKED) // 2], ["a.swf.gz", "cut short"]),
    "gzip header alone": ("a.swf.gz", PACKED[:10], ["a.swf.gz", "cut short"]),
    "first bytes of gzip": ("a.swf.gz", PACKED[:3], ["a.swf.gz", "gzip"]),
    "damaged gzip": ("a.swf.gz", DAMAGED, ["a.swf.gz", "damaged"]),
    "gzip with a wrong checksum": ("a.swf.gz", WRONG_SUM, ["a.swf.gz", "damaged"]),
    "junk after gzip": ("a.swf.gz", PACKED + b"junk", ["a.swf.gz", "damaged"]),
    "gzip of nothing": ("a.swf.gz", gzip.compress(b""), ["a.swf.gz", "no records"]),
    "one endless line": ("a.swf", b"1 " * 2**20, ["a.swf", "line longer"]),
    "17 fields": ("a.swf", GOOD_SWF + b"3 " + b"1 " * 16 + b"\n", ["a.swf:3", "17 fields", "18"]),
    "10 fields": ("a.swf", b"1 " * 10, ["a.swf:1", "10 fields", "18"]),
    "fields that change their number": ("a.swf", b"1 " * 15 + b"\n" + b"2 " * 14, ["a.swf:2", "14 fields"]),
    "a bell in a name": ("a.swf", swf(f12="a\ab"), ["a.swf:2", "user (field 12)", "printable"]),
    "commas in swf": ("a.swf", GOOD_SWF.replace(b" ", b","), ["a.swf:1", "job number"]),
    "a word for a number": ("a.swf", swf(f4="ten"), ["a.swf:2", "run time (field 4)", "'ten'"]),
    "nan": ("a.swf", swf(f9="nan"), ["a.swf:2", "requested time (field 9)", "'nan'"]),
    "nan in a field not used": ("a.swf", swf(f6="NaN"), ["a.swf:2", "average CPU time", "'NaN'"]),
    "infinity": ("a.swf", swf(f2="-inf"), ["a.swf:2", "submit time (field 2)", "'-inf'"]),
    "too large for a float": ("a.swf", swf(f2="1e999"), ["a.swf:2", "submit time", "'1e999'"]),
    "underscores": ("a.swf", swf(f4="1_000"), ["a.swf:2", "run time", "'1_000'"]),
    "hexadecimal": ("a.swf", swf(f4="0x10"), ["a.swf:2", "run time", "'0x10'"]),
    "two points": ("a.swf", swf(f4="1.2.3"), ["a.swf:2", "run time", "'1.2.3'"]),
    "latin-1 in a record": ("a.swf", swf(f4="\xfc"), ["a.swf:2", "run time", "\\xfc"]),
    "submit before all calendars": (
        "a.swf",
        swf(f2="-9999999999999"),
        ["a.swf:2", "submit", "-9999999999999"],
    ),
    "negative run time": ("a.swf", swf(f4="-2"), ["a.swf:2", "run time", "-2"]),
    "run time below 0 by a decimal": ("a.swf", swf(f4="-0.5"), ["a.swf:2", "run time", "-0.5"]),
    "negative estimate": ("a.swf", swf(f9="-60"), ["a.swf:2", "requested time", "-60"]),
    "negative processors": ("a.swf", swf(f8="-4"), ["a.swf:2", "requested processors", "-4"]),
    "half a processor": ("a.swf", swf(f8="1.5"), ["a.swf:2", "requested processors", "1.5"]),
    "half an id": ("a.swf", swf(f1="2.5"), ["a.swf:2", "job number", "2.5"]),
    "negative id": ("a.swf", swf(f1="-1"), ["a.swf:2", "job number", "-1"]),
    "duplicate ids": ("a.swf", swf(f1="1", f4="11"), ["a.swf:2", "a.swf:1", "job number (field 1) 1"]),
    "submit beyond all calendars": (
        "a.swf",
        swf(f2="99999999999999"),
        ["a.swf:2", "99999999999999", "10000"],
    ),
    "run time of 30 digits": ("a.swf", swf(f4="9" * 30), ["a.swf:2", "run time"]),
    "too many processors": ("a.swf", swf(f8="2000000000000"), ["a.swf:2", "requested processors"]),
    "csv read as swf": ("a.swf", csv("1,2,3,4"), ["a.swf:1", "job number"]),
    "csv: only lead lines": ("a.csv", b"# zone: UTC\n", ["a.csv", "column names"]),
    "csv: header alone": ("a.csv", HEAD.encode(), ["a.csv", "no records"]),
    "csv: zero bytes": ("a.csv", HEAD.encode() + b"\n\0\0", ["a.csv", "zero bytes"]),
    "csv: not utf-8": ("a.csv", csv("8,0,1,5") + b"\xff,0,1,5\n", ["a.csv:4", "UTF-8"]),
    "csv: wrong columns": ("a.csv", b"a,b\n1,2\n", ["a.csv:1", "job_id", "mapping"]),
    "csv: missing column": ("a.csv", b"job_id,submit_s,cores\n1,2,3\n", ["a.csv:1", "work_s"]),
    "csv: unknown column": (
        "a.csv",
        csv("8,0,1,5,6", HEAD + ",colour"),
        ["a.csv:1", "'colour'", "memory_gib"],
    ),
    "csv: wrong unit": (
        "a.csv",
        csv("8,0,1,5,6", HEAD + ",memory_mib"),
        ["a.csv:1", "memory_mib", "memory_gib"],
    ),
    "csv: column twice": ("a.csv", csv("8,0,1,5,6", HEAD + ",cores"), ["a.csv:1", "'cores'", "twice"]),
    "csv: semicolons": ("a.csv", csv("8").replace(b",", b";"), ["a.csv:3", "1 cells, expected 4"]),
    "csv: bars": ("a.csv", csv("8").replace(b",", b"|"), ["a.csv:1", "commas"]),
    "csv: no names": ("a.csv", b"7,0,1,5\n8,0,1,5\n", ["a.csv:1", "holds values", "job_id"]),
    "csv: open quote in the header": ("a.csv", b'"job_id,submit_s\n', ["a.csv:1", "column names"]),
    "csv: too few cells": ("a.csv", csv("8,0,1"), ["a.csv:3", "3 cells", "4"]),
    "csv: too many cells": ("a.csv", csv("8,0,1,5,6"), ["a.csv:3", "5 cells"]),
    "csv: open quote": ("a.csv", csv('"8,0,1,5'), ["a.csv:3", "quote"]),
    "csv: quote over two lines": ("a.csv", csv('"8\n",0,1,5'), ["a.csv:3", "quote"]),
    "csv: junk after a quote": ("a.csv", csv('"8"x,0,1,5'), ["a.csv:3", "quote"]),
    "csv: no id": ("a.csv", csv(",0,1,5"), ["a.csv:3", "job_id", "empty"]),
    "csv: id with a bell": ("a.csv", csv("a\a,0,1,5"), ["a.csv:3", "job_id"]),
    "csv: duplicate ids": ("a.csv", csv("7,0,1,5"), ["a.csv:3", "a.csv:2", "job_id '7'"]),
    "csv: duplicate text ids": ("a.csv", csv("{},0,1,5\n{},0,1,5"), ["a.csv:4", "a.csv:3", "{}"]),
    "csv: no work": ("a.csv", csv("8,0,1,"), ["a.csv:3", "work_s", "empty"]),
    "csv: a word": ("a.csv", csv("8,soon,1,5"), ["a.csv:3", "submit_s", "'soon'"]),
    "csv: nan": ("a.csv", csv("8,0,1,nan"), ["a.csv:3", "work_s", "'nan'"]),
    "csv: thousands": ("a.csv", csv("8,0,1,1_000"), ["a.csv:3", "work_s", "'1_000'"]),
    "csv: foreign digits": ("a.csv", csv("8,0,1,٣"), ["a.csv:3", "work_s"]),
    "csv: giant exponent": ("a.csv", csv("8,0,1,1e999999999"), ["a.csv:3", "work_s", "1e999999999"]),
    "csv: large exponent": ("a.csv", csv("8,0,1,1e99"), ["a.csv:3", "work_s", "too large"]),
    "csv: 5,000 digits": ("a.csv", csv("8,0,1," + "9" * 5000), ["a.csv:3", "work_s", "99..."]),
    "csv: work too large": ("a.csv", csv("8,0,1,1000000000001"), ["a.csv:3", "work_s", "1000000000001"]),
    "csv: negative time": ("a.csv", csv("8,0,1,-5"), ["a.csv:3", "work_s is -5"]),
    "csv: submit before all calendars": ("a.csv", csv("8,-1e13,1,5"), ["a.csv:3", "submit_s is -1000"]),
    "csv: deadline before 0": (
        "a.csv",
        csv("8,9,1,5,-8", HEAD + ",deadline_s"),
        ["a.csv:3", "deadline_s is -8"],
    ),
    "csv: negative cores": ("a.csv", csv("8,0,-1,5"), ["a.csv:3", "cores is -1"]),
    "csv: half a core": ("a.csv", csv("8,0,0.5,5"), ["a.csv:3", "cores", "0.5"]),
    "csv: no cores, no GPUs": ("a.csv", csv("8,0,0,5"), ["a.csv:3", "cores is 0"]),
    "csv: GPU finer than 0.001": (
        "a.csv",
        csv("8,0,1,5,0.0005", HEAD + ",gpus"),
        ["a.csv:3", "0.0005", "0.001"],
    ),
    "csv: negative value": ("a.csv", csv("8,0,1,5,-1", HEAD + ",value"), ["a.csv:3", "value is -1"]),
    "csv: value too fine": ("a.csv", csv("8,0,1,5,1e-7", HEAD + ",value"), ["a.csv:3", "value", "0.000001"]),
    "csv: power infinite": ("a.csv", csv("8,0,1,5,inf", HEAD + ",power_w"), ["a.csv:3", "power_w", "'inf'"]),
    "csv: late deadline": ("a.csv", csv("8,9,1,5,8", HEAD + ",deadline_s"), ["a.csv:3", "deadline_s is 8"]),
    "csv: perhaps": ("a.csv", csv("8,0,1,5,perhaps", HEAD + ",preemptible"), ["a.csv:3", "'perhaps'", "yes"]),
    "lead: unknown key": ("a.csv", lead("# start: 5"), ["a.csv:1", "'start'", "start_utc"]),
    "lead: key twice": ("a.csv", lead("# zone: UTC", "# zone: UTC"), ["a.csv:2", "'zone'"]),
    "lead: no date": ("a.csv", lead("# start_utc: soon"), ["a.csv", "start_utc", "'soon'"]),
    "lead: no offset": ("a.csv", lead("# start_utc: 2022-01-01"), ["a.csv", "start_utc", "offset"]),
    "lead: unknown zone": ("a.csv", lead("# zone: ../etc/passwd"), ["a.csv", "zone", "'../etc/passwd'"]),
    "lead: no size": ("a.csv", lead("# processors: many"), ["a.csv", "processors", "'many'"]),
    "lead: size 0": ("a.csv", lead("# processors: 0"), ["a.csv", "processors", "'0'"]),
    "lead: unknown estimates": ("a.csv", lead("# estimates: good"), ["a.csv", "estimates", "'good'"]),
    "parquet: noise": ("a.parquet", b"PAR1" + b"noise" * 9, ["a.parquet", "Parquet"]),
    "parquet: empty": ("a.parquet", b"", ["a.parquet", "empty"]),
    "parquet: csv inside": ("a.parquet", csv("8,0,1,5"), ["a.parquet", "Parquet"]),
    "parquet read as csv": ("a.csv", b"PAR1" + b"noise" * 9, ["a.csv", "Parquet"]),
    "unknown suffix": ("a.txt", GOOD_SWF, ["a.txt", ".swf"]),
    "no suffix": ("jobs", GOOD_SWF, ["jobs", ".swf"]),
}


def message_of(path, **options):
    with pytest.raises(InputError) as caught:
        read_workload(path, **options)
    text = str(caught.value)
    assert text.isprintable() and len(text) < 600, f"not one plain line: {text!r}"
    return text


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_gives_one_clear_line(tmp_path, case):
    name, content, parts = FILES[case]
    (tmp_path / name).write_bytes(content)
    text = message_of(tmp_path / name)
    assert [part for part in parts if part not in text] == [], text


GOOD_MAPPING = '[columns.submit_s]\ncolumn="a"\n[columns.work_s]\ncolumn="b"\n[columns.cores]\ncolumn="c"\n'

#: name of the case: (content of m.toml, what the message must hold)
MAPPINGS = {
    "not toml": ("[columns", ["m.toml", "TOML"]),
    "unknown table": (GOOD_MAPPING + "[colums]\n", ["m.toml", "'colums'", "columns"]),
    "unknown field": (GOOD_MAPPING + '[columns.colour]\ncolumn="u"', ["m.toml", "columns.colour", "job_id"]),
    "missing field": ('[columns.submit_s]\ncolumn="a"', ["m.toml", "columns.cores", "missing"]),
    "columns is no table": ("columns = 1", ["m.toml", "columns"]),
    "field is no table": (
        "columns.cores = 5\ncolumns.submit_s = 5\ncolumns.work_s = 5",
        ["m.toml", "columns."],
    ),
    "unknown key": (GOOD_MAPPING + "scale=2\n", ["m.toml", "columns.cores.scale"]),
    "unknown unit": (GOOD_MAPPING + 'unit="kilo"\n', ["m.toml", "columns.cores.unit", "'kilo'", "milli"]),
    "unknown rounding": (GOOD_MAPPING + 'round="up"\n', ["m.toml", "columns.cores.round", "'up'", "ceil"]),
    "minus and times": (GOOD_MAPPING + 'minus="a"\ntimes="b"\n', ["m.toml", "columns.cores", "not both"]),
    "unit for text": (GOOD_MAPPING + '[columns.job_id]\ncolumn="a"\nunit="s"', ["m.toml", "columns.job_id"]),
    "skip is no column": (GOOD_MAPPING + "[skip]\nnever = 1", ["m.toml", "skip.never"]),
    "unknown key of the file": (GOOD_MAPPING + '[file]\ntz="UTC"', ["m.toml", "'tz'", "zone"]),
    "unknown zone": (GOOD_MAPPING + '[file]\nzone="Mars"', ["m.toml", "'Mars'"]),
    "column not in the file": (GOOD_MAPPING.replace('"c"', '"d"'), ["a.csv:1", "'d'", "missing"]),
}


@pytest.mark.parametrize("case", MAPPINGS)
def test_a_bad_mapping_gives_one_clear_line(tmp_path, case):
    content, parts = MAPPINGS[case]
    (tmp_path / "m.toml").write_text(content)
    (tmp_path / "a.csv").write_text("a,b,c\n0,1,1\n")
    text = message_of(tmp_path / "a.csv", mapping=tmp_path / "m.toml")
    assert [part for part in parts if part not in text] == [], text


class TestPathsAndOptions:
    def test_missing_file(self, tmp_path):
        assert "none.swf" in message_of(tmp_path / "none.swf")

    def test_missing_mapping(self, tmp_path):
        (tmp_path / "a.csv").write_text("a\n1\n")
        assert "none.toml" in message_of(tmp_path / "a.csv", mapping=tmp_path / "none.toml")

    def test_mapping_in_latin_1(self, tmp_path):
        (tmp_path / "m.toml").write_bytes(b"# \xff\n")
        (tmp_path / "a.csv").write_text("a\n1\n")
        assert "UTF-8" in message_of(tmp_path / "a.csv", mapping=tmp_path / "m.toml")

    def test_unknown_mapping_and_format_list_the_known(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(csv("8,0,1,5"))
        assert "openb, gaia" in message_of(tmp_path / "a.csv", mapping="alibaba")
        assert "swf, csv, parquet" in message_of(tmp_path / "a.csv", format="xls")

    def test_mapping_with_swf(self, tmp_path):
        (tmp_path / "a.swf").write_bytes(GOOD_SWF)
        assert "mapping" in message_of(tmp_path / "a.swf", mapping="gaia")

    def test_folder(self, tmp_path):
        (tmp_path / "a.swf").mkdir()
        assert "is a folder" in message_of(tmp_path / "a.swf")

    def test_pipe_does_not_hang(self, tmp_path):
        os.mkfifo(tmp_path / "a.swf")
        assert "not a regular file" in message_of(tmp_path / "a.swf")

    def test_loop_of_links(self, tmp_path):
        (tmp_path / "a.swf").symlink_to(tmp_path / "a.swf")
        assert "a.swf" in message_of(tmp_path / "a.swf")

    def test_zero_byte_in_the_path(self):
        assert "cannot read" in message_of("a\0b.swf")

    def test_path_too_long(self):
        with pytest.raises(InputError, match="too long"):
            read_workload("x" * 5000 + ".swf")

    def test_line_end_in_the_name(self, tmp_path):
        (tmp_path / "a\nb.swf").write_bytes(b"x")
        assert "a\\nb.swf:1" in message_of(tmp_path / "a\nb.swf")

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_must_be_positive(self, tmp_path, limit):
        assert "max_bytes" in message_of(tmp_path / "a.swf", max_bytes=limit)


class TestSize:
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_a_file_above_the_limit_stops_there_and_one_at_it_is_read(self, tmp_path, pack):
        path = tmp_path / "a.swf"
        path.write_bytes(pack(GOOD_SWF))
        assert str(len(GOOD_SWF) - 1) in message_of(path, max_bytes=len(GOOD_SWF) - 1)
        assert len(read_workload(path, max_bytes=len(GOOD_SWF))) == 2

    def test_gzip_bombs_stop_early_in_little_memory(self, tmp_path):
        names = []
        for number, fill in enumerate([b"\n", b" ", b"\0", b"; comment\n", GOOD_SWF, b"1,2,3,4\n"]):
            for suffix in ("swf.gz", "csv.gz"):
                names.append(str(tmp_path / f"{number}.{suffix}"))
                one_mib = gzip.compress(fill * (2**20 // len(fill)))
                (tmp_path / names[-1]).write_bytes(one_mib * 60)
        # In a process of its own, because the peak of memory is that of a whole process.
        done = subprocess.run(
            [sys.executable, "-c", READ_ALL, *names], capture_output=True, text=True, check=True
        )
        *messages, grown_mib = done.stdout.splitlines()
        assert len(messages) == len(names)
        assert float(grown_mib) < 120  # each bomb unpacks to 60 MiB, and to ten times that as Python objects

    def test_a_bomb_stops_at_a_small_limit_too(self, tmp_path):
        (tmp_path / "a.swf.gz").write_bytes(gzip.compress(b"\n" * 2**24))
        assert "more than 1000000 bytes unpacked" in message_of(tmp_path / "a.swf.gz", max_bytes=10**6)

    def test_a_parquet_table_of_too_many_cells(self, tmp_path):
        parquet(tmp_path / "a.parquet", job_id=np.arange(10**5), submit_s=0, cores=1, work_s=1)
        assert "400" in message_of(tmp_path / "a.parquet", max_bytes=399_999).replace("399999", "400")


READ_ALL = """
import resource, sys
from traces import InputError, read_workload

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = peak_mib()
for name in sys.argv[1:]:
    try:
        read_workload(name)
    except InputError as error:
        print(error)
print(peak_mib() - before)
"""


def parquet(path, **columns):
    import pyarrow.parquet

    count = max(np.size(values) for values in columns.values())
    table = {name: values if np.ndim(values) else [values] * count for name, values in columns.items()}
    pyarrow.parquet.write_table(pyarrow.table(table), path)


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({"work_s": [1.0, float("nan")]}, ["row 2", "work_s", "'nan'"]),
        ({"work_s": [1, None]}, ["row 2", "work_s", "empty"]),
        ({"work_s": [b"1", b"2"]}, ["row 1", "work_s", "binary"]),
        ({"cores": [1, 0]}, ["row 2", "cores is 0"]),
        ({"job_id": [5, 5]}, ["row 2", "row 1", "job_id '5'"]),
        ({"job_id": ["a\nb", "c"]}, ["row 1", "job_id"]),
        ({"colour": ["red", "blue"]}, ["unknown column 'colour'"]),
    ],
)
def test_a_bad_parquet_table_names_the_row(tmp_path, columns, parts):
    good = {"job_id": [1, 2], "submit_s": [0, 0], "cores": [1, 1], "work_s": [5, 5]}
    parquet(tmp_path / "a.parquet", **{**good, **columns})
    text = message_of(tmp_path / "a.parquet")
    assert [part for part in ["a.parquet", *parts] if part not in text] == [], text


def test_half_a_parquet_file(tmp_path):
    parquet(tmp_path / "a.parquet", job_id=np.arange(1000), submit_s=0, cores=1, work_s=1)
    content = (tmp_path / "a.parquet").read_bytes()
    for cut in (5, 100, len(content) // 2, len(content) - 3):
        (tmp_path / "b.parquet").write_bytes(content[:cut])
        assert "b.parquet" in message_of(tmp_path / "b.parquet")


def test_a_damaged_parquet_file_never_escapes_as_another_error(tmp_path):
    parquet(tmp_path / "a.parquet", job_id=np.arange(200), submit_s=0, cores=1, work_s=1)
    content = (tmp_path / "a.parquet").read_bytes()
    rng = np.random.default_rng(4)
    for _ in range(100):
        spot = int(rng.integers(4, len(content)))
        (tmp_path / "b.parquet").write_bytes(
            content[:spot] + bytes(rng.integers(0, 256, 4)) + content[spot + 4 :]
        )
        try:
            read_workload(tmp_path / "b.parquet")
        except InputError as error:
            assert str(error).isprintable()


@pytest.mark.parametrize("name", ["a.swf", "a.csv"])
def test_random_damage_to_text_never_escapes_as_another_error(tmp_path, name):
    content = GOOD_SWF * 3 if name == "a.swf" else csv("8,0,1,5")
    rng = np.random.default_rng(5)
    alphabet = b'0123456789.-+eE ,;"\n\r\t#naif\\\xff\x0b\x1c'
    for _ in range(500):
        spot, length = int(rng.integers(0, len(content))), int(rng.integers(1, 6))
        junk = bytes(rng.choice(list(alphabet), length).tolist())
        (tmp_path / name).write_bytes(content[:spot] + junk + content[spot + length :])
        try:
            read_workload(tmp_path / name)
        except InputError as error:
            assert str(error).isprintable()
