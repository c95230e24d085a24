"""RARE's opinion of a queue, with the power that there is and without limit."""

from __future__ import annotations

import pytest

from experiments.operate.shadow.live_opinion import LiveOpinion
from experiments.operate.shadow.polls import Poll
from experiments.operate.shadow.sources.power_feed import PowerReading
from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from rare.scenario.load import load_scenario
from rare.scheduler import as_scheduler
from schedulers import make_scheduler

NOW_S = 1_796_040_000
# of `plain`: 0.5 W for a node that sleeps, 4 W for one that works, 8 W for a core that works
MACHINE = (SnapshotPartition("main", 4, 2),)


def waits(name, cores=2, **fields):
    return SnapshotJob(name, "waiting", NOW_S - 100, cores, 3600, **fields)


def runs(name, cores=2, state="running"):
    return SnapshotJob(name, state, NOW_S - 700, cores, 3600, start_s=NOW_S - 600)


def opinion(jobs, watts=None, scheduler="easy", scenario="plain", **reading):
    power = None if watts is None else PowerReading(watts, None, NOW_S, NOW_S)
    if reading:
        power = PowerReading(**{"power_w": None, "share": None, "of_s": NOW_S, "read_s": NOW_S, **reading})
    poll = Poll(ClusterSnapshot(NOW_S, MACHINE, tuple(jobs)), {}, power)
    return LiveOpinion(as_scheduler(make_scheduler(scheduler)), load_scenario(scenario))(poll)


QUEUE = (runs("1"), waits("2"), waits("3"), waits("4", 4))


def test_without_a_limit_everything_that_fits_starts():
    told = opinion(QUEUE)
    assert (told.starts, told.holds, told.suspends, told.supply_w) == (("2", "3"), {}, (), None)
    assert told.draw_w == 20 + 3 * 0.5
    assert told.expected_start_s["4"] == NOW_S - 600 + 3600  # when the running job is over at the latest


def test_what_would_start_with_more_power_is_to_be_held():
    told = opinion(QUEUE, 45.0)
    assert (told.starts, set(told.holds)) == (("2",), {"3"})  # 4 has no cores free, whatever the power
    assert "cores are free and the power for it is not there: 45 W there" in told.holds["3"]


def test_in_a_shortage_everything_that_waits_is_to_be_held():
    told = opinion(QUEUE, 10.0)
    assert (told.starts, told.suspends, set(told.holds)) == ((), ("1",), {"2", "3", "4"})


def test_nothing_starts_in_a_shortage_in_place_of_what_is_given_up():
    told = opinion((runs("1", 8), waits("2", 1)), 20.0)
    assert (told.starts, told.suspends, set(told.holds)) == ((), ("1",), {"2"})


def test_a_share_is_of_the_cluster_s_peak():
    assert opinion(QUEUE, share=1.0).supply_w == pytest.approx(4 * (4 + 2 * 8), abs=0.1)


def test_what_the_feed_expects_moves_expected_starts_alone():
    told = opinion(QUEUE, power_w=22.0, ahead=((NOW_S + 600, 200.0),))
    assert told.starts == ()
    assert told.expected_start_s["2"] == NOW_S + 600
    assert told.forecast == "by the feed 200 W in 10 min, 200 W in 10 min"


def test_a_suspended_job_is_resumed_like_a_start():
    told = opinion((runs("1", state="suspended"), waits("2")), 1000.0)
    assert (told.starts, told.resumes) == (("2",), ("1",))


def test_jobs_that_nobody_may_start_are_left_out():
    held = (waits("2", held=True), waits("3", eligible_s=NOW_S + 500), waits("4"))
    told = opinion((runs("1"), *held), 10.0)
    assert set(told.holds) == {"4"}
    assert opinion((waits("2", held=True),), 10.0).holds == {}
    assert opinion((), 10.0).starts == ()


def test_jobs_that_slurm_never_starts_are_no_trouble():
    told = opinion((waits("2", reason="PartitionDown"),), 10.0)
    assert (told.starts, told.holds, told.supply_w) == ((), {}, 10.0)


def test_the_network_that_ships_has_an_opinion():
    told = opinion(QUEUE, 45.0, "rare", "islanded")
    assert told.scheduler.startswith("rare")
    assert set(told.starts) | set(told.holds) <= {"2", "3", "4"}
