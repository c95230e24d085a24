"""Snapshots from Slurm's JSON: recorded output of 22.05, the shapes of later versions, and damaged output.

squeue_2205.json and sinfo_2205.json were printed by a Slurm 22.05.8 with four nodes of two CPUs; only keys of
interest were kept.
"""

import copy
import json
from pathlib import Path

import pytest

from experiments.operate.snapshots.cluster_snapshot import SnapshotPartition
from experiments.operate.snapshots.slurm_snapshot import snapshot_of_slurm
from traces.errors import InputError

HERE = Path(__file__).parent
TAKEN_S = 1796039280
SQUEUE = json.loads((HERE / "squeue_2205.json").read_text())
SINFO = json.loads((HERE / "sinfo_2205.json").read_text())


def taken(squeue=SQUEUE, sinfo=SINFO):
    return snapshot_of_slurm(json.dumps(squeue), json.dumps(sinfo).encode(), TAKEN_S)


def by_id(snapshot):
    return {job.job_id: job for job in snapshot.jobs}


class TestRecorded:
    jobs = by_id(taken())

    def test_machine(self):
        assert taken().partitions == (SnapshotPartition("main", 4, 2, memory_mib_per_node=4000),)

    def test_array_becomes_its_tasks(self):
        assert [name for name in self.jobs if name.startswith("4")] == [f"4_{task}" for task in range(6)]
        assert [self.jobs[f"4_{task}"].state for task in range(6)] == ["running"] * 2 + ["waiting"] * 4

    def test_a_running_job_is_not_held_though_its_reason_says_so(self):
        assert (self.jobs["4_0"].state, self.jobs["4_0"].held) == ("running", False)

    def test_parts_of_a_heterogeneous_job_are_one_job(self):
        assert self.jobs["8"].cores == 3
        assert "9" not in self.jobs

    def test_suspended(self):
        # started 15 s before the snapshot and ran for 4 s of these
        job = self.jobs["1"]
        assert (job.state, TAKEN_S - job.start_s, job.suspended_s) == ("suspended", 15, 11)

    def test_held_begin_dependency_limit_nice_memory(self):
        assert self.jobs["6"].held and not self.jobs["5"].held
        assert self.jobs["7"].eligible_s - self.jobs["7"].submit_s == 3600
        assert self.jobs["5"].after == ("1",)
        assert self.jobs["2"].limit_s == 86400
        assert self.jobs["10"].nice == 50
        # Slurm writes whole nodes' memory into requests where it does not allocate memory
        assert {name: job.memory_mib for name, job in self.jobs.items() if job.memory_mib} == {"10": 100}


def modern(row):
    """A job as versions after 22.05 write it."""
    row = copy.deepcopy(row)
    for key in ("time_limit", "priority", "start_time", "suspend_time", "array_job_id", "array_task_id"):
        value = row[key]
        row[key] = {"set": value is not None, "infinite": False, "number": value or 0}
    row["job_state"] = [row["job_state"]]
    row["shared"] = [row["shared"]] if row["shared"] else []
    return row


def test_later_versions_give_the_same_jobs():
    assert taken({"jobs": [modern(row) for row in SQUEUE["jobs"]]}).jobs == taken().jobs


def test_later_versions_say_infinite():
    row = modern(SQUEUE["jobs"][2]) | {"time_limit": {"set": False, "infinite": True, "number": 0}}
    assert taken({"jobs": [row]}).jobs[0].limit_s is None


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["RUNNING", "CONFIGURING"], "running"),
        ("CONFIGURING", "running"),
        (["PENDING", "REQUEUED"], "waiting"),
    ],
)
def test_states_of_several_words(states, state):
    row = SQUEUE["jobs"][2] | {"job_state": states}
    assert [job.state for job in taken({"jobs": [row]}).jobs] == [state]


@pytest.mark.parametrize(
    "states", ["COMPLETING", ["COMPLETED", "COMPLETING"], "TIMEOUT", ["RUNNING", "COMPLETING"]]
)
def test_ended_jobs_are_left_out(states):
    assert taken({"jobs": [SQUEUE["jobs"][2] | {"job_state": states}]}).jobs == ()


def test_whole_nodes_of_a_waiting_job():
    row = SQUEUE["jobs"][1] | {"shared": "none", "node_count": 2, "cpus": 2}
    assert taken({"jobs": [row]}).jobs[0].cores == 4


def test_gpus_and_memory_of_a_running_job():
    row = SQUEUE["jobs"][2] | {"tres_alloc_str": "cpu=4,mem=1.50G,node=2,gres/gpu:a100=1,gres/gpu:h100=2"}
    job = taken({"jobs": [row]}).jobs[0]
    assert (job.gpus_milli, job.memory_mib) == (3000, 1536)


def test_partitions_that_share_nodes_become_one():
    nodes = copy.deepcopy(SINFO["nodes"])
    nodes[0]["partitions"] = ["debug", "main"]
    assert [part.name for part in taken(sinfo={"nodes": nodes}).partitions] == ["debug+main"]
    # a job keeps the name that Slurm gives its partition
    assert {job.partition for job in taken(sinfo={"nodes": nodes}).jobs} == {"main"}


def test_nodes_that_take_no_jobs():
    nodes = copy.deepcopy(SINFO["nodes"])
    nodes[0]["state"] = "down"
    nodes[1] |= {"state": "idle", "state_flags": ["DRAIN"], "alloc_cpus": 0}
    nodes[2] |= {"state": "mixed", "state_flags": ["DRAIN"], "alloc_cpus": 1}  # something runs there still
    assert [(part.nodes, part.down) for part in taken(sinfo={"nodes": nodes}).partitions] == [(2, 2)]


def test_nodes_of_two_sizes_are_pooled():
    nodes = copy.deepcopy(SINFO["nodes"])
    nodes[0]["cpus"] = 6
    part = taken(sinfo={"nodes": nodes}).partitions[0]
    assert (part.nodes * part.cores_per_node, part.nodes, part.memory_mib_per_node) == (12, 4, None)


def test_groups_of_later_versions():
    def group(partition, count, state, names=()):
        return {
            "partition": {
                "name": partition,
                "maximums": {"time": {"set": True, "infinite": False, "number": 60}},
            },
            "node": {"state": [state]},
            "nodes": {"total": count, "nodes": list(names)},
            "cpus": {"maximum": 8, "allocated": 0},
            "memory": {"maximum": 16000},
            "gres": {"total": "gpu:a100:4(S:0-1),nvme:1"},
        }

    rows = [group("gpu", 3, "IDLE"), group("gpu", 1, "DOWN"), group("a", 2, "IDLE", ["x", "y"])]
    rows.append(group("b", 2, "IDLE", ["x", "y"]))
    parts = taken(sinfo={"sinfo": rows}).partitions
    assert parts == (
        SnapshotPartition("gpu", 3, 8, 4, 16000, down=1, limit_s=3600),
        SnapshotPartition("a+b", 2, 8, 4, 16000, limit_s=3600),
    )


JOB = SQUEUE["jobs"][2]
HOSTILE = {
    "empty": b"",
    "no JSON": b"slurm_load_jobs error: Unable to contact slurm controller",
    "cut off": json.dumps(SQUEUE)[:5000],
    "binary": bytes(range(256)) * 4,
    "a list": "[]",
    "deep": '{"jobs":' + "[" * 100_000,
    "digits": '{"jobs": [{"job_id": ' + "9" * 5000 + "}]}",
    "no jobs": "{}",
    "jobs is a number": '{"jobs": 5}',
    "rows are numbers": '{"jobs": [5]}',
    "error": '{"errors": [{"error": "no permission"}], "jobs": []}',
    **{
        f"{key}={str(value)[:20]}": json.dumps({"jobs": [JOB | {key: value}]})
        for key, value in [
            ("job_id", None),
            ("job_id", "x"),
            ("job_id", -1),
            ("submit_time", None),
            ("submit_time", 10**15),
            ("cpus", 0.5e300),
            ("cpus", {"set": True, "number": []}),
            ("cpus", True),
            ("time_limit", -5),
            ("tres_alloc_str", "cpu"),
            ("tres_alloc_str", "cpu=many"),
            ("tres_alloc_str", "cpu=" + "9" * 40),
            ("job_state", 7),
            ("job_state", [7]),
            ("user_name", "u" * 2000),
            ("nice", -(10**11)),
        ]
    },
    "tasks": json.dumps({"jobs": [JOB | {"job_state": "PENDING", "array_task_string": "0-999999999"}]}),
    "no tasks": json.dumps({"jobs": [JOB | {"job_state": "PENDING", "array_task_string": "x-y"}]}),
    "twice": json.dumps({"jobs": [JOB, JOB]}),
}


@pytest.mark.parametrize("squeue", HOSTILE.values(), ids=HOSTILE)
def test_damaged_queues_are_one_clear_line(squeue):
    with pytest.raises(InputError) as caught:
        snapshot_of_slurm(squeue, json.dumps(SINFO), TAKEN_S)
    line = str(caught.value)
    assert 10 < len(line) < 400 and line.isprintable()


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [SINFO["nodes"][0] | {"partitions": 5}],
        [SINFO["nodes"][0] | {"cpus": "two"}],
        [SINFO["nodes"][0] | {"state": "down"}],
        [SINFO["nodes"][0] | {"name": 7}],
    ],
)
def test_damaged_nodes_are_one_clear_line(nodes):
    with pytest.raises(InputError, match="sinfo"):
        taken(sinfo={"nodes": nodes})
