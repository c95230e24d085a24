"""Our own form of snapshots: what is written is read, and other files are refused in one line."""

import json
from pathlib import Path

import pytest

from experiments.operate.snapshots.slurm_snapshot import snapshot_of_slurm
from experiments.operate.snapshots.snapshot_file import read_snapshot, write_snapshot
from traces.errors import InputError

HERE = Path(__file__).parent
SNAPSHOT = snapshot_of_slurm(
    (HERE / "squeue_2205.json").read_bytes(), (HERE / "sinfo_2205.json").read_bytes(), 1796039280
)


def test_round_trip(tmp_path):
    write_snapshot(tmp_path / "s.json", SNAPSHOT)
    assert read_snapshot(tmp_path / "s.json") == SNAPSHOT


PART = {"name": "main", "nodes": 4, "cores_per_node": 2}
JOB = {"job_id": "1", "state": "waiting", "submit_s": 5, "cores": 1, "limit_s": None}
GOOD = {"format": "rare snapshot 1", "taken_s": 10, "partitions": [PART], "jobs": [JOB]}


def test_the_least_that_a_file_says(tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(GOOD))
    assert read_snapshot(tmp_path / "s.json").jobs[0].limit_s is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read|is empty|JSON"),
        ("\0\0\0", "s.json"),
        ("[1]", "not an object"),
        ('{"jobs":' * 10_000, "s.json"),
        (json.dumps(GOOD | {"format": "x"}), "format is 'x'"),
        (json.dumps(GOOD | {"more": 1}), "key 'more' is unknown"),
        (json.dumps(GOOD | {"taken_s": True}), "taken_s is True"),
        (json.dumps(GOOD | {"taken_s": 10**15}), "taken_s is"),
        (json.dumps(GOOD | {"partitions": []}), "no partitions"),
        (json.dumps(GOOD | {"partitions": [PART, PART]}), "partition 'main' is there twice"),
        (json.dumps(GOOD | {"jobs": 5}), "jobs holds"),
        (json.dumps(GOOD | {"jobs": [5]}), r"jobs\[0\]: is 5, not an object"),
        (json.dumps(GOOD | {"jobs": [JOB, JOB]}), "job '1' is there twice"),
        (json.dumps(GOOD | {"jobs": [JOB | {"core": 1}]}), "key 'core' is unknown"),
        (json.dumps(GOOD | {"jobs": [JOB | {"cores": 1.5}]}), r"cores is 1.5; expected a whole number"),
        (json.dumps(GOOD | {"jobs": [JOB | {"cores": 0}]}), "0 cores"),
        (json.dumps(GOOD | {"jobs": [JOB | {"state": "running"}]}), "its start is None"),
        (json.dumps(GOOD | {"jobs": [JOB | {"state": "odd"}]}), "known: waiting, running, suspended"),
        (json.dumps(GOOD | {"jobs": [JOB | {"after": "1"}]}), "after is '1'; expected a list of texts"),
        (json.dumps(GOOD | {"jobs": [{"job_id": "1"}]}), "key 'state' is missing"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, text, said):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        read_snapshot(tmp_path / "s.json")
    assert str(caught.value).isprintable() and len(str(caught.value)) < 700


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.json"):
        read_snapshot(tmp_path / "none.json")
