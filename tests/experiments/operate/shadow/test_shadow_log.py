"""The log: what changed between polls, days, torn lines, and reading it back."""

from __future__ import annotations

import dataclasses
import json
import os

import pytest

from experiments.operate.shadow.queue_changes import Change, EndedJob, changes
from experiments.operate.shadow.shadow_log import SKIPPED, LogCounts, ShadowLog, read_log
from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from traces.errors import InputError

NOON_S = 1_796_040_000
MACHINE = (SnapshotPartition("main", 4, 2),)


def job(name, state="waiting", **fields):
    start_s = None if state == "waiting" else NOON_S - 50
    return SnapshotJob(name, state, NOON_S - 100, 2, 600, **{"start_s": start_s, **fields})


def at(seconds, *jobs):
    return ClusterSnapshot(NOON_S + seconds, MACHINE, jobs)


def did(before, after, *ended):
    return [(change.what, change.job_id) for change in changes(at(0, *before), at(30, *after), ended)]


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ([], [job("1")], ["submitted"]),
        ([], [job("1", "running")], ["submitted", "started"]),
        ([job("1")], [job("1", "running")], ["started"]),
        ([job("1", "running")], [], ["ended"]),
        ([job("1")], [], ["cancelled"]),
        ([job("1", "running")], [job("1", "suspended")], ["suspended"]),
        ([job("1", "suspended")], [job("1", "running")], ["resumed"]),
        ([job("1", "running")], [job("1")], ["requeued"]),
        ([job("1", "running")], [dataclasses.replace(job("1"), submit_s=NOON_S)], ["requeued"]),
        ([job("1")], [job("1", held=True)], ["held"]),
        ([job("1", held=True)], [job("1")], ["released"]),
        ([job("1")], [job("1", "suspended")], ["started", "suspended"]),
        ([job("1")], [job("1")], []),
    ],
)
def test_what_the_scheduler_did(before, after, what):
    assert did(before, after) == [(one, "1") for one in what]


def test_what_slurm_remembers_of_jobs_that_are_gone():
    started = EndedJob("1", NOON_S - 100, NOON_S + 3, NOON_S + 8)
    cancelled = EndedJob("1", NOON_S - 100, None, NOON_S + 8)
    assert did([job("1")], [], started) == [("started", "1"), ("ended", "1")]
    assert did([job("1")], [], cancelled) == [("cancelled", "1")]
    (change,) = changes(at(0, job("1", "running")), at(30), [started])
    assert change.between == (NOON_S + 8, NOON_S + 8)
    quick = EndedJob("9", NOON_S + 2, NOON_S + 3, NOON_S + 8)
    assert did([], [], quick) == [("submitted", "9"), ("started", "9"), ("ended", "9")]
    assert len(did([], [], dataclasses.replace(quick, submit_s=NOON_S))) == 3  # in the second of the poll
    assert did([], [], dataclasses.replace(quick, submit_s=NOON_S - 5)) == []  # told already
    assert did([job("1")], [], dataclasses.replace(started, submit_s=1)) == [("cancelled", "1")]


def test_a_log_is_read_back_as_it_was(tmp_path):
    log = ShadowLog(tmp_path)
    snapshots = [
        at(0, job("1"), job("2")),
        at(30, job("1", "running"), job("2")),
        at(60, job("2", after=("1",))),
    ]
    for snapshot in snapshots:
        log.append_poll(snapshot, {"would": {"starts": ["1"]}})
    counts = LogCounts()
    polls = list(read_log(tmp_path, counts))
    assert [poll.snapshot for poll in polls] == snapshots
    assert polls[1].did == (Change("started", "1", (NOON_S - 50, NOON_S - 50)),)
    assert polls[0].record["would"] == {"starts": ["1"]}
    assert (counts.polls, counts.torn) == (3, 0)


def test_only_what_changed_is_written(tmp_path):
    log = ShadowLog(tmp_path)
    many = [job(str(name)) for name in range(1, 500)]
    log.append_poll(at(0, *many), {})
    log.append_poll(at(30, *many), {})
    first, second = (tmp_path / "observed-2026-11-30.jsonl").read_bytes().splitlines()
    assert len(second) < 200 < len(first)


def test_each_day_has_a_file_that_stands_for_itself(tmp_path):
    log = ShadowLog(tmp_path)
    log.append_poll(at(0, job("1")), {})
    log.append_poll(at(12 * 3600, job("1")), {})
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["observed-2026-11-30.jsonl", "observed-2026-12-01.jsonl"]
    (tmp_path / files[0]).unlink()
    assert [poll.snapshot for poll in read_log(tmp_path, LogCounts())] == [at(12 * 3600, job("1"))]
    assert os.stat(tmp_path / files[1]).st_mode & 0o077 == 0


def test_a_killed_process_costs_one_line_and_the_next_goes_on(tmp_path):
    ShadowLog(tmp_path).append_poll(at(0, job("1")), {})
    path = tmp_path / "observed-2026-11-30.jsonl"
    with path.open("ab") as file:
        file.write(path.read_bytes()[:70])
    again = ShadowLog(tmp_path)
    again.append_poll(at(60, job("1", "running")), {})
    counts = LogCounts()
    assert [poll.snapshot.taken_s - NOON_S for poll in read_log(tmp_path, counts)] == [0, 60]
    assert counts.torn == 1


def test_polls_that_failed_are_counted(tmp_path):
    log = ShadowLog(tmp_path)
    log.append(SKIPPED, NOON_S, error="x")
    log.append_poll(at(0), {})
    counts = LogCounts()
    assert len(list(read_log(tmp_path, counts))) == 1
    assert counts.skipped == 1


@pytest.mark.parametrize(
    "change",
    [
        {"jobs": [{"job_id": "1"}]},
        {"jobs": 5},
        {"jobs": [{"job_id": "1", "state": "gone", "submit_s": 1, "cores": 1, "limit_s": 1}]},
        {"partitions": [{"x": 1}]},
        {"did": [{}]},
        {"at_s": "noon"},
        {"gone": [[]]},
    ],
)
def test_a_record_that_was_changed_is_one_clear_line(tmp_path, change):
    ShadowLog(tmp_path).append_poll(at(0, job("1")), {})
    path = tmp_path / "observed-2026-11-30.jsonl"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=r"observed-2026-11-30.jsonl:1") as error:
        list(read_log(tmp_path, LogCounts()))
    assert "\n" not in str(error.value)


def test_a_folder_without_a_log(tmp_path):
    with pytest.raises(InputError, match="holds no log of a shadow"):
        list(read_log(tmp_path, LogCounts()))
