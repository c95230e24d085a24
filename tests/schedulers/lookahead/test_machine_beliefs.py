"""What the copies of lookahead know of levels and of a machine's events: no more than may be known."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

import rare
from rare.rules.advance import advance
from rare.scheduler import carry_out
from rare.state.arrays import DECIDE_START, HELD, QUEUE, WAIT
from rare.world import build_world
from schedulers import make_scheduler
from schedulers.lookahead.belief import Believed
from schedulers.lookahead.estimate_accuracy import FEWEST, Accuracy
from schedulers.lookahead.known_events import KnownEvents
from tests.builders import make_case
from tests.rare.rules.hand import HALF, at, cores, job, wait_for
from tests.rare.rules.test_event_differential import event_case
from tests.rare.rules.test_no_leak import before, played, with_another_future
from tests.rare.twins import history

NAMES = (
    "lookahead=hvf+greedy+slow+budget=120+samples=4+horizon=0.25+arrivals=1",
    "lookahead=easy+slow=lasting+budget=120+samples=4+horizon=0.25+arrivals=1",
)
LEVELS = {"slow", "raise"}
TELLING_SEEDS = (12, 36, 40, 91)  # they find a copy that knows events before their notice, or cancellations


def valued(seed):
    """A case with some of the new features, in which jobs have values."""
    case = event_case(seed)
    values = np.where(case.workload.value_u > 0, case.workload.value_u, 1 + case.workload.work_s)
    return replace(case, workload=replace(case.workload, value_u=values))


# --- nothing that is not known --------------------------------------------------------------------


def with_other_plans(rng, case, run, time_s):
    """As with_another_future; and what is not known at all yet is gone, or looks otherwise.

    Jobs that have not arrived, grid events before their notice, outages that are not planned.
    """
    other = with_another_future(rng, case, run, time_s)
    jobs = other.workload
    come = {row[2] for row in run["events"] if row[0] < time_s and row[1] in ("submit", "reject")}
    unseen = np.array([index not in come for index in range(len(jobs))])
    jobs = replace(
        jobs,
        value_u=np.where(unseen, 3 * jobs.value_u + 1, jobs.value_u),
        estimate_s=np.where(unseen, jobs.estimate_s + 77, jobs.estimate_s),
        preemptible=np.where(unseen, ~jobs.preemptible, jobs.preemptible),
    )
    events, outages = other.events, other.outages
    if events is not None:
        events = _rows(events, events.notice_s < time_s)
    if outages is not None:
        outages = _rows(outages, (outages.draw < 0) | (outages.from_s < time_s))
    return replace(other, workload=jobs, events=events, outages=outages)


def _rows(table, which):
    names = table.__dataclass_fields__
    return type(table)(**{name: getattr(table, name)[which] for name in names}) if which.any() else None


def compare(seed):
    """Whether the second run differs at all: AssertionError if it does so too early."""
    rng, case = random.Random(seed), valued(seed)
    scheduler = make_scheduler(NAMES[seed % len(NAMES)])
    first = played(case, scheduler)
    time_s = rng.choice(first["instants"])
    second = played(with_other_plans(rng, case, first, time_s), scheduler)
    assert before(second, time_s) == before(first, time_s), f"seed {seed}, before {time_s} s"
    return second["events"] != first["events"]


def test_the_unknown_future_changes_no_decision_before_it():
    changed = [compare(seed) for seed in (*range(8), *TELLING_SEEDS)]
    assert sum(changed) > 3, "the other futures do not differ: the test tells nothing"


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_the_unknown_future_changes_no_decision_before_it_in_many_cases(block):
    for seed in range(100 + block * 100, 200 + block * 100):
        compare(seed)


def test_both_clocks_agree_at_levels_and_events():
    events = set()
    for seed in range(20, 28):
        case, scheduler = valued(seed), make_scheduler(NAMES[seed % len(NAMES)])
        first = history(case, scheduler, "compiled")
        assert first == history(case, scheduler, "simpy"), seed
        events |= {row[1] for row in first["events"]}
    assert events >= LEVELS


# --- the tables of a copy -------------------------------------------------------------------------


def world_at(case, time_s):
    """A world at the first decision at or after a time; before that everybody waits."""
    world = build_world(case, log_level=0)
    while advance(world.handles[0]) == DECIDE_START and world.env.now_s[0] < time_s:
        carry_out(world, 0, WAIT, case.workload.job_id)
    return world


def known_of(world):
    """The tables at this instant, cut to their rows: starts of events, (time, nodes) of outages, moments."""
    tables = KnownEvents(world)
    env = world.env[0].copy()
    limits = np.zeros((1, len(world.grid_events)), world.limits.dtype)
    tables.lay(world, 0, env, limits[0])
    rows = tables.rows
    changes = tables.outages[: rows["outage_rows"]]
    return (
        tables.events["start_s"][: rows["event_rows"]].tolist(),
        [(int(row["time_s"]), int(row["nodes"])) for row in changes],
        tables.moments["time_s"][: rows["moment_rows"]].tolist(),
    )


def test_events_are_known_from_their_notice_and_outages_if_they_are_planned():
    case = make_case(
        [job(10)], cores(1, nodes=4), [at(0, 400)], end_s=1000, tick_s=10,
        events=[
            {"notice": 20, "start": 50, "comply": 55, "end": 90, "limit": 200},
            {"notice": 0, "start": 60, "end": 70, "limit": 100},
        ],
        outages=[
            {"begin": 30, "end": 80, "nodes": 1},  # planned
            {"begin": 10, "end": 100, "draw": 0},
            {"begin": 40, "end": 45, "draw": 0},
        ],
    )  # fmt: skip
    planned = [(30, -1), (80, 1)]
    assert known_of(world_at(case, 0)) == ([60], planned, [30, 60, 70, 80])
    assert known_of(world_at(case, 20)) == ([50, 60], planned, [30, 50, 55, 60, 70, 80, 90])
    # the outage of 10 is known now, and taken to persist; who is past its end is gone
    assert known_of(world_at(case, 50)) == ([50, 60], [(80, 1)], [55, 60, 70, 80, 90])
    assert known_of(world_at(case, 90)) == ([], [], [])


def believed_at(case, time_s, arrivals=False):
    world = world_at(case, time_s)
    copy = Believed(world, 2, 3600, arrivals, 0)
    copy.lay(world, 0, int(world.env.now_s[0]) + 3600, Accuracy(0))
    return copy, copy.draw(0)


def test_held_jobs_and_cancellations_are_not_in_the_copy():
    """Job 1 waits for job 0 and is held; job 2 will be cancelled at 500 and expires at 1300."""
    jobs = [
        job(10, value_u=5), job(10, submit_s=1, value_u=5, **wait_for(1)),
        job(10, submit_s=2, value_u=5, deadline_s=700, cancel_s=500),
    ]  # fmt: skip
    case = make_case(jobs, cores(3), [at(0, 400)], end_s=5000, tick_s=10)
    copy, here = believed_at(case, 10)
    assert here == 2
    live = copy.world.live[0][:here]
    assert sorted(live["job"].tolist()) == [0, 2]
    assert HELD not in live["doing"]
    assert int(copy.world.env.live[0]) == 2
    assert len(copy.world.cancels) == 0
    timers = sorted(live["timer_s"].tolist())
    assert timers[0] == 690  # the latest start of job 2, not its cancellation
    queue = copy.world.ends[0, QUEUE]
    assert int(queue["last"] - queue["first"]) == 2
    assert "held_back" in copy.world._fields and copy.world.held_back.shape == (2, 0)


def test_arrivals_are_drawn_from_those_that_have_been_seen():
    """Two of three submitted jobs have come; the held one is no arrival of the past."""
    jobs = [
        job(10, value_u=5),
        job(10, submit_s=1, value_u=77, **wait_for(1)),
        job(10, submit_s=2, value_u=6),
    ]
    case = make_case(jobs, cores(3), [at(0, 400)], end_s=50_000, tick_s=10)
    world = world_at(case, 10)
    copy = Believed(world, 2, 9 * 3600, True, 0)
    copy.lay(world, 0, 10 + 9 * 3600, Accuracy(0))
    drawn = copy.draw(1) - 2
    values = copy.world.jobs["value_u"][3 : 3 + drawn].tolist()
    assert drawn > 0 and set(values) <= {5, 6}


def test_jobs_that_an_outage_made_fail_tell_nothing_of_estimates():
    case = make_case([job(10, estimate_s=100)] * 6, cores(6), [at(0, 600)], max_kills=1)
    for lost, learned in ((0, True), (1, False)):
        world, accuracy = build_world(case, log_level=0), Accuracy(0)
        advance(world.handles[0])
        accuracy.look(world, 0)
        for slot in range(6):
            accuracy.decided(world, 0, DECIDE_START, slot)
            carry_out(world, 0, slot, case.workload.job_id)
        advance(world.handles[0])
        world.env.lost[0] += lost
        accuracy.look(world, 0)
        drawn = accuracy.work_s(np.arange(1), np.array([100]), np.zeros(1), 0)
        assert (drawn[0] == 10) == learned
    assert FEWEST <= 6


# --- levels ---------------------------------------------------------------------------------------

HOUR = 3600
UNIT = 1_000_000


def levels_case(**more):
    """Two jobs of an hour; at half an hour 40 W of 200 are missing for ever. Job 1 must end by 1 h."""
    partition = rare.Partition(cores_per_node=2, core_mw=100_000, speeds=(HALF,))
    jobs = [
        {"work_s": HOUR, "value_u": UNIT, "deadline_s": 9 * HOUR, "job_id": "patient"},
        {"work_s": HOUR, "value_u": 2 * UNIT, "deadline_s": HOUR, "job_id": "urgent"},
    ]
    rows = [{"t": 0, "supply": 200_000}, {"t": HOUR // 2, "supply": 160_000}]
    return make_case(jobs, partition, rows, end_s=10 * HOUR, **more)


def test_levels_are_tried_where_the_base_uses_them():
    case = levels_case()
    plain = history(case, make_scheduler("lookahead=hvf+greedy"), "compiled")["events"]
    assert not LEVELS & {row[1] for row in plain}
    slow = history(case, make_scheduler("lookahead=hvf+greedy+slow"), "compiled")["events"]
    assert (HOUR // 2, "slow", 0, 1) in slow
    assert (HOUR, "end", 1) in slow


def test_the_default_base_goes_by_the_case():
    scheduler = make_scheduler("lookahead")
    assert scheduler.for_case(levels_case()).base.name == "hvf+greedy+slow"
    without = replace(levels_case(), cluster=rare.Cluster((rare.Partition(cores_per_node=2),)))
    assert scheduler.for_case(without).base.name == "hvf+greedy"
    assert make_scheduler("lookahead=hvf+greedy").for_case(levels_case()).base.name == "hvf+greedy"
