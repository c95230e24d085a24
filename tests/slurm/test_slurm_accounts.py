"""Accounts of jobs of every ending on a real Slurm become the jobs that they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.data.cluster_import.import_sacct import SacctImport, import_sacct
from tests.slurm.accounted_jobs import run_all
from tests.slurm.slurm_daemons import running_slurm
from tests.slurm.slurm_packages import install
from traces.jobs.job_files import read_workload
from traces.jobs.workload import NO_CANCEL_S

pytestmark = pytest.mark.slurm
PARTITIONS = """\
PartitionName=main Nodes=n[1-4] Default=YES MaxTime=60 State=UP
PartitionName=debug Nodes=n1 MaxTime=10 State=UP
"""


def test_sacct_itself_is_called_and_read(tmp_path: Path, monkeypatch, capsys):
    reason = install()
    if reason:
        pytest.skip(reason)
    out = tmp_path / "jobs.csv"
    with running_slurm(partitions=PARTITIONS) as slurm:
        ids = run_all(slurm)
        for name, value in slurm.environment().items():
            monkeypatch.setenv(name, value)
        request = SacctImport(str(out), run=True, slurm_conf=str(slurm.conf), since="2020-01-01")
        report = import_sacct(None, request)
        held = slurm.command("sacct", "-anXP", "-S", "2020-01-01", "-o", "JobIDRaw,ElapsedRaw,State")
    assert "sacct --allusers --allocations --duplicates --parsable2" in capsys.readouterr().err
    jobs = read_workload(out, cancellations="replay")
    work_s = dict(zip(jobs.job_id.tolist(), jobs.work_s.tolist(), strict=True))
    number = {name: int(job.partition(";")[0]) for name, job in ids.items()}
    # What Slurm says each job ran, by its last try; the running one ran on.
    for row in held.splitlines():
        job, elapsed_s, state = row.split("|")
        if state in ("COMPLETED", "FAILED", "TIMEOUT") and int(job) in work_s.keys() - {number["parts"]}:
            assert work_s[int(job)] == int(elapsed_s), row
    cancelled = set(jobs.job_id[jobs.cancel_s != NO_CANCEL_S].tolist())
    assert cancelled == {number["given up"], number["tasks given up"]}
    assert number["held"] not in work_s and number["pending"] not in work_s
    assert number["running"] in work_s
    cores = dict(zip(jobs.job_id.tolist(), jobs.cores.tolist(), strict=True))
    assert cores[number["parts"]] == 3 and cores[number["done"]] == 2
    assert len(jobs) == 17
    assert {code: entry["count"] for code, entry in report["repairs"].items()} == {
        "requeued": 1, "parts_joined": 1, "still_running": 1,
    }  # fmt: skip
    assert report["skips"].keys() <= {"pending", "never_eligible"}
    assert report["processors"] == 8 and report["overflow"] is None
    assert json.dumps(report)
