"""Simulated futures: with the true run times and arrivals they are the replay that the snapshot is of."""

import dataclasses

import numpy as np
import pytest

from experiments.operate.snapshots.replay_snapshot import snapshot_of_schedule
from experiments.operate.snapshots.snapshot_case import snapshot_case
from experiments.operate.start_times.futures import Draws, Futures
from experiments.operate.start_times.past_jobs import past_jobs
from experiments.operate.start_times.start_ranges import Effort, start_times
from rare.model import NEVER_S
from rare.options.slurm_priority import Priority
from schedulers import make_scheduler
from tests.experiments.operate.start_times.synthetic_past import DAY_S, FIRST_S, schedule

HORIZON_S = 20 * DAY_S


class TrueArrivals:
    """What came after the snapshot, in place of draws."""

    def __init__(self, submit_s):
        self._submit_s = submit_s

    def draw(self, future, days):
        return np.arange(len(self._submit_s)), self._submit_s


def busy_instants(made, least=3):
    """Instants with so many waiting jobs."""
    times = FIRST_S + np.arange(3 * DAY_S, 18 * DAY_S, 7001)
    waiting = [int(((made.work.submit_s <= at) & (made.start_s > at)).sum()) for at in times]
    return [int(at) for at, count in zip(times, waiting, strict=True) if count >= least]


@pytest.mark.parametrize("scheduler", ["easy", "fcfs", "sjf+conservative"])
def test_with_the_truth_a_future_is_the_replay(scheduler):
    check_truth(schedule(scheduler=scheduler), scheduler)


def check_truth(made, scheduler, priority=None):
    work = made.work
    instants = busy_instants(made)[:6]
    assert len(instants) == 6
    for taken_s in instants:
        snapshot = snapshot_of_schedule(made, taken_s)
        later = work.select(int(np.searchsorted(work.submit_s, taken_s, side="right")))
        part = snapshot_case(snapshot, history=later)
        part = dataclasses.replace(part, case=dataclasses.replace(part.case, priority=priority))
        place = {str(name): row for row, name in enumerate(work.job_id)}
        rows = np.array([place[job.job_id] for job in part.jobs])
        futures = Futures(part, make_scheduler(scheduler), horizon_s=HORIZON_S, paths=1, seed=0)
        draws = Draws(work.work_s[rows][:, None], TrueArrivals(later.submit_s))
        assert futures.starts(draws)[0].tolist() == made.start_s[rows[part.waiting]].tolist()


def predicted(seed=0, futures=40):
    made = schedule()
    taken_s = busy_instants(made)[8]
    past = past_jobs(made.work, taken_s, end_s=made.end_s)
    part = snapshot_case(snapshot_of_schedule(made, taken_s), history=past.work)
    return start_times(part, make_scheduler("easy"), past, Effort(futures, DAY_S, seed))


def test_same_seed_same_ranges():
    first, again, other = predicted(), predicted(), predicted(seed=1)
    assert np.array_equal(first.starts_s, again.starts_s)
    assert not np.array_equal(first.starts_s, other.starts_s)


def test_ranges_are_in_order_and_after_the_snapshot():
    found = predicted()
    low, middle, high = (found.at(level) for level in (0.1, 0.5, 0.9))
    assert ((found.part.taken_s <= low) & (low <= middle) & (middle <= high)).all()
    assert (low < high).any()


def test_what_does_not_start_before_the_horizon_has_no_time():
    made = schedule()
    taken_s = busy_instants(made)[8]
    part = snapshot_case(snapshot_of_schedule(made, taken_s))
    futures = Futures(part, make_scheduler("easy"), horizon_s=3600, paths=1, seed=0)
    never = np.full((len(part.jobs), 1), 10 * DAY_S)
    starts = futures.starts(Draws(never, None))[0]
    assert ((starts == NEVER_S) | (starts <= taken_s + 3600)).all()
    assert (starts == NEVER_S).any()


def test_the_future_is_not_seen():
    """Run times of jobs that had not ended, and jobs that came later, change nothing."""
    made = schedule()
    taken_s = busy_instants(made)[8]
    changed_s = np.where(made.end_s > taken_s, made.work.work_s + 12345, made.work.work_s)
    other = dataclasses.replace(made, work=dataclasses.replace(made.work, work_s=changed_s))
    results = []
    for one in (made, other):
        past = past_jobs(one.work, taken_s, end_s=one.end_s)
        part = snapshot_case(snapshot_of_schedule(one, taken_s), history=past.work)
        results.append(start_times(part, make_scheduler("easy"), past, Effort(10, DAY_S)).starts_s)
    assert np.array_equal(*results)


def test_with_the_truth_a_future_under_multifactor_is_the_replay():
    """Ages and sizes count; what users have used before the snapshot is not known, so shares do not."""
    priority = Priority(age_weight=1000, max_age_s=DAY_S, size_weight=500)
    check_truth(schedule(scheduler="multifactor+easy", priority=priority), "multifactor+easy", priority)
