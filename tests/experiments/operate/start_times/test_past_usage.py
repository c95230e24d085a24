"""Usage before a snapshot: who has used much waits longer under a fair share, the longer ago the less so."""

import numpy as np

from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from experiments.operate.snapshots.snapshot_case import snapshot_case
from experiments.operate.start_times.past_jobs import past_jobs
from experiments.operate.start_times.past_usage import with_past_usage
from experiments.operate.start_times.start_ranges import Effort, start_times
from rare.scenario.load import Overrides, load_scenario
from schedulers import make_scheduler
from traces.jobs.workload import Workload

NOW_S = 1_800_000_000
HALF_LIFE_S = 86_400


def past(end_before_s, user):
    """Jobs of one core and 1000 s that ended so long before the snapshot."""
    end_s = NOW_S - np.array(end_before_s)
    work = Workload.from_columns(
        "past", submit_s=end_s - 1000, work_s=np.full(len(end_s), 1000), user=user, account=["x"] * len(user)
    )
    return past_jobs(work, NOW_S)


def case_of(known, weight=1000):
    settings = [f"priority.fair_share_weight={weight}", f"priority.half_life_s={HALF_LIFE_S}"]
    jobs = [SnapshotJob("run", "running", NOW_S - 100, 4, 900, start_s=NOW_S - 60, user="c", account="x")]
    jobs += [
        SnapshotJob(name, "waiting", NOW_S - 50, 4, 900, user=user, account="x")
        for name, user in (("of a", "a"), ("of b", "b"))
    ]
    snapshot = ClusterSnapshot(NOW_S, (SnapshotPartition("main", 1, 4),), tuple(jobs))
    return snapshot_case(snapshot, load_scenario("plain", Overrides(settings=settings)), history=known.work)


def first(known):
    found = start_times(case_of(known), make_scheduler("multifactor"), known, Effort(10, 86_400))
    return found.jobs[int(found.by_limit_s.argmin())].job_id


def test_who_has_used_more_comes_later():
    assert first(past([9000, 8000, 7000], ["a", "a", "b"])) == "of b"
    assert first(past([9000, 8000, 7000], ["b", "b", "a"])) == "of a"


def test_usage_decays():
    assert first(past([5 * 86_400, 5 * 86_400, 7000], ["a", "a", "b"])) == "of a"


def test_usage_is_that_of_the_first_instant():
    known = past([HALF_LIFE_S + 60], ["a"])  # the run begins 60 s before the snapshot
    (share,) = with_past_usage(case_of(known), known).case.priority.shares
    assert (share.account, share.user, share.shares, share.usage_core_s) == ("x", "a", 1, 500)


def test_without_a_fair_share_nothing_changes():
    known = past([9000], ["a"])
    part = case_of(known, weight=0)
    assert with_past_usage(part, known) is part
    assert with_past_usage(part, None) is part
