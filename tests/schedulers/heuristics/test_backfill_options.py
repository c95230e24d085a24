"""How far backfilling looks (RULES §10.11 to §10.14), worked out by hand and on both clocks.

Two cores. Job 0 holds one of them from 0 to 100, job 1 (both cores, 10 s) comes at 1 and waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from rare.model import Case
from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import EACH, JobLimit
from schedulers import make_scheduler
from tests.builders import make_case
from tests.rare.rules.hand import HandCase, at, cores, job
from tests.rare.rules.hand_cases_limits import owned
from tests.rare.rules.test_differential import play_reference
from tests.rare.twins import history
from traces.errors import InputError

FIRST = [job(100), job(10, submit_s=1, cores=2)]
BOTH = ("easy", "conservative")


@dataclass(frozen=True)
class Played:
    """What both backfills make of job 2, which runs so long, under some limits."""

    run_s: int
    backfill: BackfillOptions
    events: str  # from 2 on, for job 2 comes at 2


PLAYED = {
    # Job 2 would hold a core beyond 100, when job 1 is to start: it waits.
    "no limit": Played(200, BackfillOptions(), "100 end 0, 100 start 1, 110 end 1, 110 start 2, 310 end 2"),
    # 100 is more than 50 s ahead: job 1 has no place, and job 2 goes before it.
    "window": Played(
        200, BackfillOptions(window_s=50), "2 start 2, 100 end 0, 202 end 2, 202 start 1, 212 end 1"
    ),
    # 98 s ahead at 2, 99 at 1: just inside.
    "window that is just long enough": Played(
        200, BackfillOptions(window_s=98), "100 end 0, 100 start 1, 110 end 1, 110 start 2, 310 end 2"
    ),
    # 2 to 82 fits before 100 ...
    "to the second": Played(
        80, BackfillOptions(resolution_s=1), "2 start 2, 82 end 2, 100 end 0, 100 start 1, 110 end 1"
    ),
    # ... but the place of job 1 is held from 60 on.
    "resolution": Played(
        80, BackfillOptions(resolution_s=60), "100 end 0, 100 start 1, 110 end 1, 110 start 2, 190 end 2"
    ),
    # Only job 1 is tested, also at 100, when it starts.
    "depth": Played(
        10, BackfillOptions(max_jobs=1), "100 end 0, 100 start 1, 110 end 1, 110 start 2, 120 end 2"
    ),
    "depth of two": Played(
        10, BackfillOptions(max_jobs=2), "2 start 2, 12 end 2, 100 end 0, 100 start 1, 110 end 1"
    ),
    # The pass is at 30; at 100, which is none, job 1 is the first of the queue.
    "interval": Played(
        10, BackfillOptions(interval_s=30), "30 start 2, 40 end 2, 100 end 0, 100 start 1, 110 end 1"
    ),
}


def case_of(played: Played) -> Case:
    case = make_case([*FIRST, job(played.run_s, submit_s=2)], cores(2), [at(0, 200)])
    return replace(case, options=replace(case.options, backfill=played.backfill))


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("played", PLAYED.values(), ids=list(PLAYED))
def test_a_third_job_starts_when_it_should(played, name):
    case, scheduler = case_of(played), make_scheduler(name)
    expected = HandCase(
        "", case, f"0 submit 0, 0 start 0, 1 submit 1, 2 submit 2, {played.events}", (), []
    ).expected_events
    told = [history(case, scheduler, clock, checked=True) for clock in ("compiled", "simpy")]
    assert told[0]["events"] == expected
    assert told[0] == told[1]
    assert play_reference(case, scheduler).events == expected


def test_a_pass_is_an_instant_only_where_somebody_could_start():
    told = history(case_of(PLAYED["interval"]), make_scheduler("easy"), "compiled")
    assert told["instants"] == [0, 1, 2, 30, 40, 100, 110]


def test_the_next_pass_comes_whoever_decides():
    """It is an instant like any other, so agents see it too."""
    told = history(case_of(PLAYED["interval"]), make_scheduler("fcfs"), "compiled")
    assert told["instants"] == [0, 1, 2, 30, 100, 110, 120]


def test_between_passes_each_partition_has_its_own_line():
    """Job 1 waits in p; job 2, of q, starts at 2 all the same, and job 3, of p, not before the pass at 30."""
    case = make_case(
        [
            job(100, partition="p"),
            job(10, submit_s=1, cores=2, partition="p"),
            job(5, submit_s=2, partition="q"),
            job(5, submit_s=2, partition="p"),
        ],
        (cores(2, name="p"), cores(1, name="q")),
        [at(0, 300)],
    )
    case = replace(case, options=replace(case.options, backfill=BackfillOptions(interval_s=30)))
    for name in BOTH:
        told = history(case, make_scheduler(name), "compiled")
        assert [job[0] for job in told["jobs"]] == [0, 100, 2, 30]


def test_promises_and_limited_plans_do_not_go_together():
    scheduler = make_scheduler("conservative=kept")
    with pytest.raises(InputError, match="promises every job a start"):
        scheduler.check(case_of(PLAYED["window"]))
    scheduler.check(case_of(PLAYED["no limit"]))


@pytest.mark.parametrize("name", ["fcfs", "greedy", "easy", "conservative", "conservative=kept"])
def test_who_waits_for_a_limit_holds_up_nobody(name):
    """User a has a job until 50, so job 1 waits; job 2, of b, needs its core until 220 and starts at once."""
    case = owned(
        make_case([job(50), job(10, submit_s=1), job(218, submit_s=2)], cores(2), [at(0, 200)]),
        [JobLimit(user=EACH, running_jobs=1)],
        user=("a", "a", "b"),
    )
    for clock in ("compiled", "simpy"):
        told = history(case, make_scheduler(name), clock, checked=True)
        assert [job[0] for job in told["jobs"]] == [0, 50, 2]
    assert play_reference(case, make_scheduler(name)).events == told["events"]
