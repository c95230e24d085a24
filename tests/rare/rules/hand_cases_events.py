"""Worked out by hand: grid events (§12.1) and cancellations (§12.2). See hand.py for the form."""

from __future__ import annotations

from tests.builders import make_case
from tests.rare.rules.hand import HALF, HandCase, at, battery, cores, faster, job, slower

EVENT_CASES = [
    # §12.1: from 5 on nothing starts above 100 mW (job 2 comes at 6), from 8 on no more is drawn: 1 is shed.
    # 20: all. 1: 8 s done, 22 left: 42. Draw: 200 x 8, 100 x 12, 300 x 2, 200 x 8, 100 x 12.
    HandCase(
        "starts are limited before the draw is",
        make_case(
            [job(30), job(30), job(2, submit_s=6)],
            cores(3),
            [at(0, 300)],
            events=[{"notice": 2, "start": 5, "comply": 8, "end": 20, "limit": 100}],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 6 submit 2, 8 shed 1, 20 resume 1, 20 start 2,"
        "22 end 2, 30 end 0, 42 end 1",
        (12_600, 6200, 6400, 0, 0, 0, 6200),
        [0, 2, 5, 6, 8, 20, 22, 30, 42],
    ),
    # §12.1: the run begins in the event: one job at a time, from the first instant on.
    HandCase(
        "a run that begins in an event is limited at once",
        make_case(
            [job(5, submit_s=10), job(5, submit_s=10)],
            cores(2),
            [at(0, 200)],
            begin_s=10,
            events=[{"notice": 0, "start": 5, "end": 30, "limit": 100}],
        ),
        "10 submit 0, 10 submit 1, 10 start 0, 15 end 0, 15 start 1, 20 end 1",
        (2000, 1000, 1000, 0, 0, 0, 1000),
        [10, 15, 20],
    ),
    # §12.1: 400 mW at the notice (5): 300 from 10 on, though only 200 are drawn by then. Job 4 makes 300,
    # job 5 waits for it. Draw: 400 x 7, 200 x 3, 300 x 10, 200 x 30.
    HandCase(
        "a depth is a share of the draw at the notice",
        make_case(
            [job(50), job(50), job(7), job(7), job(5, submit_s=10), job(5, submit_s=10)],
            cores(6),
            [at(0, 1000)],
            events=[{"notice": 5, "start": 10, "end": 20, "depth": 250}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 submit 3, 0 start 0, 0 start 1, 0 start 2, 0 start 3,"
        "7 end 2, 7 end 3, 10 submit 4, 10 submit 5, 10 start 4, 15 end 4, 15 start 5, 20 end 5,"
        "50 end 0, 50 end 1",
        (50_000, 12_400, 37_600, 0, 0, 0, 12_400),
        [0, 5, 7, 10, 15, 20, 50],
        more={"decisions": 6},
    ),
    # §12.1: at the notice (3) 100 mW are drawn; job 1 starts after that. Half of 100 is 50: both are shed.
    # 0: 6 s done, 12 + 14; 1: 3 s done, 12 + 17.
    HandCase(
        "what is decided at the notice does not count",
        make_case(
            [job(20), job(20, submit_s=3)],
            cores(2),
            [at(0, 300)],
            events=[{"notice": 3, "start": 6, "end": 12, "depth": 500}],
        ),
        "0 submit 0, 0 start 0, 3 submit 1, 3 start 1, 6 shed 1, 6 shed 0, 12 resume 0, 12 resume 1,"
        "26 end 0, 29 end 1",
        (8700, 4000, 4700, 0, 0, 0, 4000),
        [0, 3, 6, 12, 26, 29],
    ),
    # §12.1: both were known when the run began. The first began then too: it limits nothing. For the second
    # the draw at its start counts: 200, so 100. 1: 10 s done, 20 + 20.
    HandCase(
        "depths announced before the first instant",
        make_case(
            [job(30), job(30)],
            cores(2),
            [at(0, 200)],
            events=[
                {"start": 0, "end": 5, "depth": 1000},
                {"notice": 0, "start": 10, "end": 20, "depth": 500},
            ],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 10 shed 1, 20 resume 1, 30 end 0, 40 end 1",
        (8000, 6000, 2000, 0, 0, 0, 6000),
        [0, 5, 10, 20, 30, 40],
    ),
    # §12.1: 200 mW from 5 to 20, 100 mW from 10 to 15. 1: 10 s done, 15 + 20; 2: 5 s done, 20 + 25.
    HandCase(
        "of two events the lower limit holds",
        make_case(
            [job(30), job(30), job(30)],
            cores(3),
            [at(0, 300)],
            events=[{"start": 5, "end": 20, "limit": 200}, {"start": 10, "end": 15, "limit": 100}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 0 start 2, 5 shed 2, 10 shed 1,"
        "15 resume 1, 20 resume 2, 30 end 0, 35 end 1, 45 end 2",
        (13_500, 9000, 4500, 0, 0, 0, 9000),
        [0, 5, 10, 15, 20, 30, 35, 45],
    ),
    # §12.1, §7.2a: cheap all the time: grid 100 for the job and 50 for the battery. In the event (5 to 10)
    # the battery comes first: 250 mJ are 2 s of 100 mW (to 7); then grid 100, and nothing is bought until 10.
    # grid 5 x 150 + 3 x 100 + 10 x 150; content 250 - 200 + 500.
    HandCase(
        "no charging from the grid in an event",
        make_case(
            [job(20)],
            cores(1),
            [at(0, 0, grid=200)],
            battery=battery(10_000, 100, share=0.0, charge=50),
            grid_charge="price",
            events=[{"start": 5, "end": 10, "limit": 1000}],
        ),
        "0 submit 0, 0 start 0, 20 end 0",
        (0, 0, 0, 750, 200, 2550, 2000),
        [0, 5, 7, 10, 20],
        more={"content": 550_000},
    ),
    # §12.1, §2.7: the unused node (50 mW) goes dark at the start; the job's 150 mW comply.
    HandCase(
        "unused nodes go dark at the start of an event",
        make_case(
            [job(12)],
            cores(1, nodes=2, idle_mw=50, idle_nodes="on"),
            [at(0, 200)],
            events=[{"start": 5, "comply": 8, "end": 10, "limit": 150}],
        ),
        "0 submit 0, 0 start 0, 12 end 0",
        (2400, 2150, 250, 0, 0, 0, 2150),
        [0, 5, 8, 10, 12],
    ),
    # §12.1, §2.6: the limit is of the draw: PUE 1.5, 299 mW are 199 of IT power: 1 is shed. 8 of 20 s left.
    HandCase(
        "the limit is of the whole draw",
        make_case(
            [job(20), job(20)],
            cores(2),
            [at(0, 300, pue=1500)],
            events=[{"start": 12, "end": 15, "limit": 299}],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 12 shed 1, 15 resume 1, 20 end 0, 23 end 1",
        (6900, 3600 + 450 + 1500 + 450, 900, 0, 0, 0, 6000),
        [0, 12, 15, 20, 23],
    ),
    # §12.1, §11.4: 120 mW from 4 to 10: both are slowed: 4000 + 6 s x 500; raised at 10: 3 s left.
    HandCase(
        "slowed for an event and raised after it",
        make_case(
            [job(10), job(10)],
            cores(2, speeds=(HALF,)),
            [at(0, 200)],
            events=[{"start": 4, "end": 10, "limit": 120}],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 slow 0 1, 4 slow 1 1, 10 raise 0, 10 raise 1,"
        "13 end 0, 13 end 1",
        (2600, 2120, 480, 0, 0, 0, 2120),
        [0, 4, 10, 13],
        script={0: (0, 1), 10: (faster(0), faster(1))},
        victims={4: (slower(0), slower(1))},
    ),
]

CANCEL_CASES = [
    # §12.2, §9.16: job 0 runs at its cancellation (5 is no instant). 1 leaves at 10. 2 could start at 20, the
    # second of its cancellation: gone. Its value was offered.
    HandCase(
        "cancelled before the start, at it, and after it",
        make_case(
            [job(20, cancel_s=5), job(5, cancel_s=10), job(5, cancel_s=20, value_u=7), job(5)],
            cores(1),
            [at(0, 100)],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 submit 3, 0 start 0, 10 cancel 1, 20 end 0, 20 cancel 2,"
        "20 start 3, 25 end 3",
        (2500, 2500, 0, 0, 0, 0, 2500),
        [0, 10, 20, 25],
        more={
            "value_offered_u": 7,
            "violations": 0,
            "jobs": [
                (0, 20, 0, 0, 0, "completed"),
                (None, None, 0, 0, 0, "cancelled"),
                (None, None, 0, 0, 0, "cancelled"),
                (20, 25, 0, 0, 0, "completed"),
            ],
        },
    ),
    # §9.16: expiry 100 + 600, and cancelled then: it has expired. Latest start 90, deadline 100.
    HandCase(
        "expired at the second of its cancellation",
        make_case([job(1000), job(10, deadline_s=100, value_u=5, cancel_s=700)], cores(1), [at(0, 100)]),
        "0 submit 0, 0 submit 1, 0 start 0, 700 expire 1, 1000 end 0",
        (100_000, 100_000, 0, 0, 0, 0, 100_000),
        [0, 90, 100, 700, 1000],
        more={"violations": 1},
    ),
    # §12.2: at 60 the deadline of 1 (50) has passed, that of 2 (80) has not. Instants: latest start 40 of 1.
    HandCase(
        "late only if the deadline has passed",
        make_case(
            [job(100), job(10, deadline_s=50, cancel_s=60), job(10, deadline_s=80, cancel_s=60)],
            cores(1),
            [at(0, 100)],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 60 cancel 1, 60 cancel 2, 100 end 0",
        (10_000, 10_000, 0, 0, 0, 0, 10_000),
        [0, 40, 50, 60, 100],
        more={"violations": 1},
    ),
    # §12.2: it comes and leaves.
    HandCase(
        "submitted and cancelled in the same second",
        make_case([job(cancel_s=0), job()], cores(2), [at(0, 200)]),
        "0 submit 0, 0 submit 1, 0 cancel 0, 0 start 1, 10 end 1",
        (2000, 1000, 1000, 0, 0, 0, 1000),
        [0, 10],
    ),
    # §12.2: killed at 5, it waits at 15, but it has started once.
    HandCase(
        "a job that has started is never cancelled",
        make_case([job(10, preemptible=False, cancel_s=15)], cores(1), [at(0, 100), at(5, 0), at(20, 100)]),
        "0 submit 0, 0 start 0, 5 kill 0, 20 start 0, 30 end 0",
        (1500, 1500, 0, 0, 0, 0, 1500),
        [0, 5, 20, 30],
    ),
]
