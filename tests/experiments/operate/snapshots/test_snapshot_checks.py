"""Snapshots that cannot be true: jobs from after the snapshot, and more running than there is."""

import dataclasses

import pytest

from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from experiments.operate.snapshots.snapshot_checks import refuse_overfull, with_one_clock
from experiments.operate.snapshots.snapshot_file import read_snapshot, write_snapshot
from traces.errors import InputError

NOW_S = 1_800_000_000
MACHINE = (SnapshotPartition("main", 4, 2),)


def job(name="a", submit_s=NOW_S - 50, start_s=None, **others):
    state = "waiting" if start_s is None else "running"
    return SnapshotJob(name, state, submit_s, others.pop("cores", 1), 3600, start_s=start_s, **others)


def taken(*jobs, machine=MACHINE):
    return ClusterSnapshot(NOW_S, machine, jobs)


@pytest.mark.parametrize(
    ("late", "field"),
    [
        (job(submit_s=NOW_S + 1), "submit_s"),
        (job(start_s=NOW_S + 1), "start_s"),
        (dataclasses.replace(job(start_s=NOW_S + 1), state="suspended"), "start_s"),
    ],
)
def test_our_own_form_may_hold_nothing_later(tmp_path, late, field):
    path = tmp_path / "s.json"
    write_snapshot(path, taken(job("b", NOW_S, NOW_S), late))
    with pytest.raises(InputError, match=rf"s\.json: job 'a': {field} is 1800000001, 1 s after taken_s"):
        read_snapshot(path)
    write_snapshot(path, taken(job("b", NOW_S, NOW_S), job("c", NOW_S, eligible_s=NOW_S + 900)))
    assert len(read_snapshot(path).jobs) == 2


def test_of_slurm_a_minute_counts_as_now_and_is_noted():
    given = taken(job("a", NOW_S + 60), job("b", NOW_S + 2, NOW_S + 3), job("c"), job("d", start_s=NOW_S + 1))
    snapshot, notes = with_one_clock(given, "squeue --json")
    assert [(one.submit_s - NOW_S, one.start_s) for one in snapshot.jobs] == [
        (0, None),
        (0, NOW_S),
        (-50, None),
        (-50, NOW_S),
    ]
    assert notes == [
        "jobs 'a', 'b', 'd' came or started up to 60 s after the snapshot by the scheduler's clock; "
        "taken as now"
    ]
    assert with_one_clock(taken(job()), "squeue --json") == (taken(job()), [])


@pytest.mark.parametrize(
    ("late", "said"),
    [(job(submit_s=NOW_S + 61), "submit lies 61 s"), (job(start_s=NOW_S + 99), "start lies 99 s")],
)
def test_of_slurm_more_than_a_minute_is_an_error(late, said):
    with pytest.raises(InputError, match=f"squeue --json: job 'a': its {said} after the snapshot"):
        with_one_clock(taken(late), "squeue --json")


def test_running_jobs_may_hold_twice_the_machine_and_no_more():
    held = job(start_s=NOW_S - 5, cores=16)
    refuse_overfull(taken(held))
    with pytest.raises(InputError, match="hold 17 cores and the machine has 8"):
        refuse_overfull(taken(held, job("b", start_s=NOW_S - 5)))
    refuse_overfull(
        taken(held, job("b", start_s=NOW_S - 5), machine=(SnapshotPartition("main", 4, 2, down=1),))
    )
    refuse_overfull(taken(held, job("b", cores=99)))  # who waits holds nothing
    with pytest.raises(InputError, match="hold 1 GPUs and the machine has 0"):
        refuse_overfull(taken(job(start_s=NOW_S - 5, gpus_milli=1000)))
