"""The slow family, and backfilling around events that are known, worked out by hand (RULES §10.8, §11).

Machines and levels as in hand.py: 100 mW a core, HALF is half the rate at 60 % of the power.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rare.model import Case
from rare.options.backfill_options import BackfillOptions
from schedulers import make_scheduler
from tests.builders import make_case
from tests.rare.rules.hand import HALF, HandCase, at, cores, job
from tests.rare.rules.test_differential import play_reference
from tests.rare.twins import history

PAIR = cores(2, speeds=(HALF,))
LATE_RISE = [at(0, 60), at(5, 160)]


@dataclass(frozen=True)
class Played:
    """What a scheduler makes of a case."""

    name: str
    scheduler: str
    case: Case
    events: str


ONE_AFTER_THE_OTHER = make_case(
    [job(100), job(10, submit_s=1), job(10, submit_s=1, cores=2)],
    cores(3, speeds=(HALF,)),
    [at(0, 60), at(1, 260)],
)
AROUND = make_case(
    [job(20), job(5)], cores(1, nodes=2), [at(0, 200)], outages=[{"begin": 10, "end": 30, "nodes": 2}]
)
LIMITED = make_case(
    [job(11), job(10)], cores(2), [at(0, 200)], events=[{"notice": 0, "start": 10, "end": 20, "limit": 0}]
)

PLAYED = [
    # Half the power of one is to be saved. 0 would lose value (it ends at its deadline, 10), 1 loses nothing.
    # 10: the power of 0 is free: 1 is raised: 4 s + 6 s x 0.5 done, 3 s left.
    Played(
        "who loses least is slowed",
        "fcfs+slow",
        make_case(
            [job(10, value_u=1000, deadline_s=10), job(10, value_u=1000)], PAIR, [at(0, 200), at(4, 160)]
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 slow 1 1, 10 end 0, 10 raise 1, 13 end 1",
    ),
    # Both lose nothing: 0 saves 80, 1 saves 40 mW. Then 1 too: 300 -> 220 -> 180 = the supply.
    # 6000 left at 500: 16.
    Played(
        "a tie goes by the larger saving",
        "fcfs+slow",
        make_case([job(10, cores=2), job(10)], cores(3, speeds=(HALF,)), [at(0, 300), at(4, 180)]),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 slow 0 1, 4 slow 1 1, 16 end 0, 16 end 1",
    ),
    # Both slowed are 120 > 100: then the named rule gives one up: the lower value, 0. 1 goes on to 16;
    # then 0 resumes at full speed: 6 s.
    Played(
        "all are slowed before one is given up",
        "fcfs+lowvalue+slow",
        make_case([job(10, value_u=1), job(10, value_u=2)], PAIR, [at(0, 200), at(4, 100)]),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 slow 1 1, 4 slow 0 1, 4 shed 0, 5 raise 1,"
        "11 end 1, 11 resume 0, 17 end 0",
    ),
    # 60 mW: level 1. 5: 2500 done; 7500 left at full speed: 8 s.
    Played(
        "the fastest level that fits",
        "fcfs+slow",
        make_case([job(10)], PAIR, [at(0, 60), at(5, 100)]),
        "0 submit 0, 0 start 0 1, 5 raise 0, 13 end 0",
    ),
    # Without the word a job waits for the power of the full speed.
    Played(
        "without the word there are no levels",
        "fcfs",
        make_case([job(10)], PAIR, [at(0, 60), at(5, 100)]),
        "0 submit 0, 5 start 0, 15 end 0",
    ),
    # 160 mW at 5: job 1 first (100 + 60), so 0 is raised when it has ended: 2500 + 5000 done: 3 s left.
    Played(
        "raised after new starts",
        "fcfs+slow",
        make_case([job(10), job(10, submit_s=5)], PAIR, LATE_RISE),
        "0 submit 0, 0 start 0 1, 5 submit 1, 5 start 1, 15 end 1, 15 raise 0, 18 end 0",
    ),
    # 0 first (100), then 1 at level 1 (60). 0: 7500 left: 13. 1: 4000 done by then, 6 s left.
    Played(
        "raised before new starts",
        "fcfs+slow=raise-first",
        make_case([job(10), job(10, submit_s=5)], PAIR, LATE_RISE),
        "0 submit 0, 0 start 0 1, 5 submit 1, 5 raise 0, 5 start 1 1, 13 end 0, 13 raise 1, 19 end 1",
    ),
    # Two slowed jobs, power for one raise: 1 has less slack (its deadline is 40, that of 0 is 90).
    # Both start at level 1. 5: 160 mW: 1 is raised: 18 s left: 23. Then 0: 11 500 done, 8.5 s left: 32.
    Played(
        "the most urgent is raised first",
        "fcfs+slow",
        make_case(
            [job(20, deadline_s=90), job(20, submit_s=1, deadline_s=40)],
            PAIR,
            [at(0, 60), at(1, 120), at(5, 160)],
        ),
        "0 submit 0, 0 start 0 1, 1 submit 1, 1 start 1 1, 5 raise 1, 23 end 1, 23 raise 0, 32 end 0",
    ),
    # 1: job 1 starts (160 mW), job 2 (2 cores) is reserved for 11, when 60 + 200 = 260: nothing is left over
    # for 0, which runs beyond. 21: raised: 10 500 done, 89.5 s left.
    Played(
        "no raise that delays a head",
        "easy+slow",
        ONE_AFTER_THE_OTHER,
        "0 submit 0, 0 start 0 1, 1 submit 1, 1 submit 2, 1 start 1, 11 end 1, 11 start 2, 21 end 2,"
        "21 raise 0, 111 end 0",
    ),
    # Greedy has no heads: 0 is raised at 1 (500 done, 99.5 s left), and job 2 gets level 1 at 11 (100 + 120).
    Played(
        "without a reservation it is raised",
        "greedy+slow",
        ONE_AFTER_THE_OTHER,
        "0 submit 0, 0 start 0 1, 1 submit 1, 1 submit 2, 1 start 1, 1 raise 0, 11 end 1, 11 start 2 1,"
        "31 end 2, 101 end 0",
    ),
    # 20 s would meet the outage (10 to 30), 5 s do not.
    *(
        Played(
            f"{name} around a planned outage",
            name,
            AROUND,
            "0 submit 0, 0 submit 1, 0 start 1, 5 end 1, 30 start 0, 50 end 0",
        )
        for name in ("easy", "conservative", "conservative=kept")
    ),
    # Job 1 needs both nodes and has to wait for 20; job 2 is over by then. An outage far off changes nothing.
    Played(
        "a head that has no room yet leaves room until it has",
        "easy",
        make_case(
            [job(20), job(5, cores=2), job(10)],
            cores(1, nodes=2),
            [at(0, 400)],
            outages=[{"begin": 100, "end": 110}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 2, 10 end 2, 20 end 0, 20 start 1, 25 end 1",
    ),
    # 20: the outage takes two nodes. Job 1 needs all three that are left: job 2, which would run to 50, has to wait.
    Played(
        "nodes that will be away are not spare",
        "easy",
        make_case(
            [job(20, cores=3), job(5, cores=3), job(50)],
            cores(1, nodes=5),
            [at(0, 500)],
            outages=[{"begin": 20, "end": 100, "nodes": 2}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 20 end 0, 20 start 1, 25 end 1, 25 start 2, 75 end 2",
    ),
    # Who does not look ahead loses its nodes at 10.
    Played(
        "greedy runs into a planned outage",
        "greedy",
        AROUND,
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 5 end 1, 10 lose 0, 30 start 0, 50 end 0",
    ),
    # 11 s would meet the event (10 to 20), 10 s do not.
    *(
        Played(
            f"{name} around a grid event",
            name,
            LIMITED,
            "0 submit 0, 0 submit 1, 0 start 1, 10 end 1, 20 start 0, 31 end 0",
        )
        for name in ("conservative", "conservative=kept")
    ),
    # Job 1 (300 mW) cannot run in the event, so its reservation is for 20, and job 2 is over by then.
    Played(
        "a reservation behind a grid event",
        "easy",
        make_case(
            [job(5, cores=2), job(10, cores=3), job(15)],
            cores(3),
            [at(0, 300)],
            events=[{"notice": 0, "start": 10, "end": 20, "limit": 100}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 2, 5 end 0, 15 end 2, 20 start 1, 30 end 1",
    ),
    # Job 1 (150 mW) has to wait for 20, and leaves 50 mW then: too little for job 2. The event is far off.
    Played(
        "power is reserved beside an event to come",
        "easy",
        make_case(
            [job(20), job(10, power_mw=150), job(50)],
            cores(3),
            [at(0, 200)],
            events=[{"notice": 0, "start": 1000, "end": 1010, "limit": 0}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 20 end 0, 20 start 1, 30 end 1, 30 start 2, 80 end 2",
    ),
    # Job 1 has to wait for the memory of job 0, and leaves 20 MiB at 20: too little for job 2, which fits until then.
    Played(
        "memory is reserved",
        "easy",
        make_case(
            [job(20, memory_mib=60), job(10, memory_mib=80), job(50, memory_mib=30)],
            cores(4, memory_mib_per_node=100),
            [at(0, 400)],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 20 end 0, 20 start 1, 30 end 1, 30 start 2, 80 end 2",
    ),
    # Job 1 (3 GPUs) leaves one GPU of four at 20: job 2 takes it, so that none is left for job 3.
    Played(
        "a spare GPU is given away once",
        "easy",
        make_case(
            [
                job(20, gpus_milli=2000),
                job(10, gpus_milli=3000),
                job(50, gpus_milli=1000),
                job(50, gpus_milli=1000),
            ],
            cores(8, gpus_per_node=4),
            [at(0, 800)],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 submit 3, 0 start 0, 0 start 2, 20 end 0, 20 start 1, 30 end 1,"
        "30 start 3, 50 end 2, 80 end 3",
    ),
    # The memory of jobs 0 and 1 takes two nodes: 200 + 100 > 290, so job 1 is planned for 20. Job 2 shares the
    # node of job 0 (200 + 50).
    Played(
        "a plan counts nodes by their memory",
        "conservative",
        make_case(
            [job(20, memory_mib=100), job(10, memory_mib=100), job(10)],
            cores(2, nodes=2, memory_mib_per_node=100, idle_mw=50),
            [at(0, 290)],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 2, 10 end 2, 20 end 0, 20 start 1, 30 end 1",
    ),
    # Job 1 is planned for 70 and holds its cores from 60: job 2 (65 s) does not fit before, job 3 (60 s) does.
    Played(
        "places are held in whole minutes",
        "conservative",
        make_case(
            [job(70), job(10, cores=2), job(65), job(60)],
            cores(2),
            [at(0, 400)],
            backfill=BackfillOptions(resolution_s=60),
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 submit 3, 0 start 0, 0 start 3, 60 end 3, 70 end 0, 70 start 1,"
        "80 end 1, 80 start 2, 145 end 2",
    ),
]


def expected_events(played: Played) -> list[tuple[int, str, int]]:
    return HandCase(played.name, played.case, played.events, (), []).expected_events


@pytest.mark.parametrize("played", PLAYED, ids=lambda played: played.name.replace(" ", "_"))
def test_the_reference(played):
    scheduler = make_scheduler(played.scheduler)
    assert play_reference(played.case, scheduler).events == expected_events(played)


@pytest.mark.parametrize("played", PLAYED, ids=lambda played: played.name.replace(" ", "_"))
def test_the_compiled_heuristics(played):
    scheduler = make_scheduler(played.scheduler)
    assert history(played.case, scheduler, "compiled")["events"] == expected_events(played)
