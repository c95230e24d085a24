"""Start times on the queue of a real Slurm: its JSON is read, and what it starts next was predicted so."""

import json
import time

import pytest

from experiments.cli.root import main
from experiments.operate.snapshots.slurm_snapshot import snapshot_of_slurm

pytestmark = pytest.mark.slurm
WAIT_S = 60


def submit(slurm, script, *options):
    return slurm.command("sbatch", "--parsable", "-o", "/dev/null", *options, script).strip()


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "sleep.sh"
    path.write_text("#!/bin/sh\nsleep 600\n")
    return str(path)


@pytest.fixture(autouse=True)
def empty_queue(slurm):
    """Nothing waits or runs when a test begins."""
    slurm.command("scancel", "--me")
    for _ in range(WAIT_S):
        if not slurm.command("squeue", "-h").strip():
            return
        time.sleep(1)


def until(slurm, wanted):
    """Wait until squeue shows these states by id."""
    for _ in range(WAIT_S):
        shown = dict(line.split() for line in slurm.command("squeue", "-h", "-o", "%i %t").splitlines())
        if wanted.items() <= shown.items():
            return
        time.sleep(1)
    raise AssertionError(f"squeue shows {shown}")


def test_a_live_queue(slurm, script, monkeypatch, capsys):
    first = submit(slurm, script, "-N4", "--exclusive", "-t", "10")
    until(slurm, {first: "R"})
    second = submit(slurm, script, "-N4", "--exclusive", "-t", "20")
    third = submit(slurm, script, "-n1", "-t", "5")
    held = submit(slurm, script, "-n1", "--hold")
    array = submit(slurm, script, "-n1", "-t", "1", "--array=1-3")
    until(slurm, {second: "PD", third: "PD", held: "PD"})
    monkeypatch.setenv("SLURM_CONF", str(slurm.conf))
    monkeypatch.setenv("PATH", slurm.environment()["PATH"])
    assert main(["start-times", "--slurm", "--json", "--futures", "20", "--quiet"]) == 0
    facts = json.loads(capsys.readouterr().out)
    rows = {row["job_id"]: row for row in facts["jobs"]}
    assert set(rows) == {second, third, *(f"{array}_{task}" for task in (1, 2, 3))}
    assert 500 < rows[second]["by_limits"]["in_s"] <= 600
    assert (
        rows[third]["by_limits"]["in_s"] > rows[second]["by_limits"]["in_s"]
    )  # the machine is full till then
    assert rows[second]["start_90"]["in_s"] <= 600
    assert [(one["job_id"], one["reason"]) for one in facts["left_out"]] == [(held, "held")]
    slurm.command("scancel", first)
    until(slurm, {second: "R"})


def test_states_that_only_a_live_slurm_has(slurm, script):
    first = submit(slurm, script, "-n1", "-t", "10")
    until(slurm, {first: "R"})
    slurm.command("scontrol", "suspend", first)
    until(slurm, {first: "S"})
    second = submit(slurm, script, f"--dependency=afterok:{first}", "-n1")
    time.sleep(2)
    taken_s = int(time.time())
    found = snapshot_of_slurm(slurm.command("squeue", "--json"), slurm.command("sinfo", "--json"), taken_s)
    jobs = {job.job_id: job for job in found.jobs}
    assert (jobs[first].state, jobs[first].suspended_s > 0) == ("suspended", True)
    assert jobs[second].after == (first,)
    assert [(part.name, part.nodes, part.cores_per_node) for part in found.partitions] == [("main", 4, 2)]
    by_node = snapshot_of_slurm(
        slurm.command("squeue", "--json"), slurm.command("sinfo", "--json", "-N"), taken_s
    )
    assert by_node.partitions == found.partitions
