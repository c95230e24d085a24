"""The simulated state at a snapshot: who runs since when, who waits, and what a scheduler does next."""

import dataclasses

import pytest

from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from experiments.operate.snapshots.snapshot_case import snapshot_case
from experiments.operate.snapshots.snapshot_state import before_snapshot, decide_now
from rare.scenario.load import Overrides, load_scenario
from rare.scheduler import as_decider
from rare.state.arrays import QUEUED, RUNNING
from schedulers import make_scheduler
from traces.errors import InputError

NOW_S = 1_800_000_000
MACHINE = (SnapshotPartition("main", 4, 2),)


def waits(name, cores, limit_s=3600, waited_s=100, **others):
    return SnapshotJob(name, "waiting", NOW_S - waited_s, cores, limit_s, **others)


def runs(name, cores, ran_s, limit_s=3600, **others):
    return SnapshotJob(name, "running", NOW_S - ran_s - 50, cores, limit_s, start_s=NOW_S - ran_s, **others)


def decided(jobs, scheduler="easy", partitions=MACHINE, loaded=None):
    part = snapshot_case(ClusterSnapshot(NOW_S, partitions, tuple(jobs)), loaded)
    decider = as_decider(make_scheduler(scheduler), part.case)
    return part, decide_now(part, before_snapshot(part, decider), decider)


def test_easy_starts_who_fits_and_does_not_delay_the_first():
    #  6 of 8 cores run for 1000 s more by their limit; b needs 4: promised then; c and d have 2 cores now
    jobs = [runs("a", 6, 2600), waits("b", 4), waits("c", 2, 1500, 90), waits("d", 2, 900, 80)]
    assert decided(jobs)[1].starts == ("c",)  # beside b there are 4 cores to spare at its start
    jobs[1] = waits("b", 8)
    assert decided(jobs)[1].starts == ("d",)
    assert decided(jobs, "fcfs")[1].starts == ()
    assert decided(jobs, "fcfs+greedy")[1].starts == ("c",)


def test_running_jobs_have_run_since_their_start_less_what_they_were_suspended():
    part = snapshot_case(
        ClusterSnapshot(NOW_S, MACHINE, (runs("a", 6, 2600, suspended_s=600), waits("b", 4)))
    )
    world = before_snapshot(part, as_decider(make_scheduler("easy"), part.case))
    live = {part.jobs[int(row["job"])].job_id: row for row in world.live[0] if row["doing"]}
    assert (live["a"]["doing"], live["b"]["doing"]) == (RUNNING, QUEUED)
    assert int(live["a"]["expected_s"]) == NOW_S - 2000 + 3600
    assert int(world.env[0].last_s) == NOW_S


def test_asked_twice_it_decides_alike():
    part = snapshot_case(ClusterSnapshot(NOW_S, MACHINE, (runs("a", 6, 2600), waits("b", 1), waits("c", 1))))
    decider = as_decider(make_scheduler("easy"), part.case)
    world = before_snapshot(part, decider)
    assert decide_now(part, world, decider) == decide_now(part, world, decider)


def test_jobs_that_cannot_start_are_told_apart():
    jobs = [
        runs("a", 1, 10),
        waits("held", 1, held=True),
        waits("large", 9),
        waits("after held", 1, after=("held",)),
        waits("after that", 1, after=("after held",)),
        waits("after a", 1, after=("a",)),
        waits("after one that has ended", 1, after=("gone",)),
        waits("never", 1, reason="PartitionTimeLimit"),
        waits("later", 1, eligible_s=NOW_S + 60),
    ]
    part, now = decided(jobs)
    assert part.left_out == {
        "held": "held",
        "large": "larger than the machine",
        "after held": "waits for a job that is held or does not fit",
        "after that": "waits for a job that is held or does not fit",
        "never": "PartitionTimeLimit",
    }
    assert now.starts == ("after one that has ended",)


def test_a_job_past_its_limit_runs_on():
    part, now = decided([runs("a", 8, 9000), waits("b", 8)])
    assert (list(part.running), now.starts) == ([0], ())


def test_running_jobs_of_draining_nodes_have_room():
    part, now = decided([runs("a", 12, 60), waits("b", 1)])
    assert part.case.cluster.partitions[0].nodes == 6
    assert "12" not in part.notes[0] and "6 nodes" in part.notes[0]
    assert now.starts == ()


def test_partitions_and_a_joined_one():
    partitions = (SnapshotPartition("debug+main", 4, 2), SnapshotPartition("gpu", 1, 8, 2))
    jobs = [waits("x", 8, partition="main"), waits("y", 8, partition="gpu", gpus_milli=2000)]
    part, now = decided(jobs, partitions=partitions)
    assert part.case.workload.partition.tolist() == ["debug+main", "gpu"]
    assert set(now.starts) == {"x", "y"}


def test_power_of_the_scenario_from_the_snapshot_on():
    loaded = load_scenario("tiny")
    jobs = [runs("a", 2, 600), waits("b", 1)]
    part = snapshot_case(ClusterSnapshot(NOW_S, MACHINE, tuple(jobs)), loaded)
    inputs = part.case.inputs
    assert int(inputs.change_s[1]) == NOW_S
    assert inputs.import_limit_mw[0] > inputs.import_limit_mw[1]
    assert part.case.forecast is None or part.case.forecast.supply_mw.shape[0] == 1


def test_a_start_after_the_snapshot_counts_as_just_before_it():
    late = dataclasses.replace(runs("a", 8, 10), start_s=NOW_S + 5)
    assert decided([late, waits("b", 1)])[1].starts == ()


def test_a_snapshot_without_jobs_is_refused():
    with pytest.raises(InputError, match="no job"):
        snapshot_case(ClusterSnapshot(NOW_S, MACHINE, (waits("x", 1, held=True),)))


def test_limits_of_the_scenario_hold_from_the_snapshot_on():
    """What runs beyond a limit runs on; nobody else of that user starts."""
    settings = ["limit=[{user='u', running_jobs=1}]"]
    loaded = load_scenario("plain", Overrides(settings=settings))
    jobs = [runs("a", 1, 60, user="u"), runs("b", 1, 60, user="u")]
    jobs += [waits("c", 1, user="u"), waits("d", 1, user="v")]
    assert decided(jobs, loaded=loaded)[1].starts == ("d",)


def test_priority_of_the_scenario_orders_the_queue():
    settings = ["priority.size_weight=1000", "priority.favor_small=true"]
    loaded = load_scenario("plain", Overrides(settings=settings))
    jobs = [waits("large", 8, waited_s=500), waits("small", 1)]
    assert decided(jobs, "multifactor", loaded=loaded)[1].starts == ("small",)
    assert decided(jobs, "fcfs", loaded=loaded)[1].starts == ("large",)


LIMITED = ["limit=[{account='a', cores=4}, {partition='main', wall_s=1800}, {user='u', submitted_jobs=0}]"]


def test_jobs_that_a_limit_rejects_are_told_apart():
    jobs = [
        runs("wide and long", 6, 60, account="a"),  # what runs was allowed to
        waits("wide", 5, 600, account="a"),
        waits("long", 1),
        waits("none", 1, 600, user="u"),
        waits("after wide", 1, 600, after=("wide",)),
        waits("free", 1, 600, account="a", user="v"),
        waits("no limit", 1, None),
        runs("runs without", 1, 60, None),
        runs("runs long without", 1, 5000, None),
    ]
    part, now = decided(jobs, loaded=load_scenario("plain", Overrides(settings=LIMITED)))
    assert part.left_out == {
        "wide": "limit 1 (account 'a'): it asks for 5 cores, 4 are allowed",
        "long": "limit 2 (partition 'main'): its time limit is 3600 s, 1800 s are allowed",
        "none": "limit 3 (user 'u'): allows no job",
        "after wide": "waits for a job that is held or does not fit",
    }
    assert {part.jobs[row].job_id for row in part.running} == {
        "wide and long",
        "runs without",
        "runs long without",
    }
    # without a time limit of its own a job has the one it is allowed, as Slurm gives it
    work = part.case.workload
    times = zip(work.estimate_s.tolist(), work.work_s.tolist(), strict=True)
    by_id = dict(zip([job.job_id for job in part.jobs], times, strict=True))
    assert by_id["no limit"] == by_id["runs without"] == (1800, 1800)
    assert by_id["runs long without"] == (1800, 5060)
    assert now.starts == ()  # of account a more cores are taken than it may have, and 8 cores are in use


def test_a_partition_that_is_not_there_is_noted():
    partitions = (SnapshotPartition("small", 1, 2), SnapshotPartition("main", 4, 2))
    jobs = [waits("a", 4, partition="gone"), waits("b", 1, partition="main"), waits("c", 1)]
    part, _ = decided(jobs, partitions=partitions)
    assert part.notes == (
        "job 'a': partition 'gone' is not in the snapshot; the name counts as none, and the first partition "
        "where the job fits is taken, 'main'",
    )
    many = [waits(f"{number}", 1, partition="gone") for number in range(5)]
    assert (
        "jobs '0', '1', '2' and 2 more: partition 'gone'" in decided(many, partitions=partitions)[0].notes[0]
    )
