"""Worked out by hand: dependencies (§12.4). See hand.py for the form. Ids count from 1, indices from 0."""

from __future__ import annotations

from tests.builders import make_case
from tests.rare.rules.hand import HandCase, at, cores, job, wait_for

CHAIN_CASES = [
    # §12.4: job 1 comes 3 s after the end of job 0, job 2 at its own submit (20).
    HandCase(
        "a chain with think time",
        make_case(
            [job(5), job(2, **wait_for(1, think_s=3)), job(2, submit_s=20, **wait_for(1, think_s=3))],
            cores(1),
            [at(0, 100)],
        ),
        "0 submit 0, 0 start 0, 5 end 0, 8 submit 1, 8 start 1, 10 end 1, 20 submit 2, 20 start 2, 22 end 2",
        (2200, 900, 1300, 0, 0, 0, 900),
        [0, 5, 8, 10, 20, 22],
    ),
    # §12.2, §12.4: job 1 waits for job 0, and its user gives it up before that has ended.
    HandCase(
        "given up while it waits for another",
        make_case([job(20), job(5, cancel_s=10, **wait_for(1))], cores(1), [at(0, 100)]),
        "0 submit 0, 0 start 0, 10 cancel 1, 20 end 0",
        (2000, 2000, 0, 0, 0, 0, 2000),
        [0, 10, 20],
        more={"jobs": [(0, 20, 0, 0, 0, "completed"), (None, None, 0, 0, 0, "cancelled")]},
    ),
    # §12.4: the last of two predecessors counts: 9 + 1.
    HandCase(
        "the last predecessor counts",
        make_case([job(5), job(9), job(1, **wait_for(1, 2, think_s=1))], cores(2), [at(0, 200)]),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 5 end 0, 9 end 1, 10 submit 2, 10 start 2, 11 end 2",
        (2200, 1500, 700, 0, 0, 0, 1500),
        [0, 5, 9, 10, 11],
    ),
    # §12.4: job 0 fits nowhere. Who waits for any end comes at once, who waits for success is dropped; its
    # value was offered at its submit.
    HandCase(
        "a predecessor is rejected",
        make_case(
            [job(cores=9), job(value_u=7, **wait_for(1, any_end=True)), job(value_u=9, **wait_for(1))],
            cores(2),
            [at(0, 200)],
        ),
        "0 reject 0, 0 submit 1, 0 drop 2, 0 start 1, 10 end 1",
        (2000, 1000, 1000, 0, 0, 0, 1000),
        [0, 10],
        more={
            "value_offered_u": 16,
            "jobs": [
                (None, None, 0, 0, 0, "rejected"),
                (0, 10, 0, 0, 7, "completed"),
                (None, None, 0, 0, 0, "dropped"),
            ],
        },
    ),
    # §12.4, §9.14: expiry of job 0 at 100 + 600 (3.5): its followers come or go at once.
    HandCase(
        "a predecessor expires",
        make_case(
            [
                job(10, deadline_s=100, value_u=1),
                job(10, **wait_for(1, any_end=True)),
                job(10, **wait_for(1)),
            ],
            cores(1),
            [at(0, 0), at(800, 100)],
        ),
        "0 submit 0, 700 expire 0, 700 submit 1, 700 drop 2, 800 start 1, 810 end 1",
        (1000, 1000, 0, 0, 0, 0, 1000),
        [0, 90, 100, 700, 800, 810],
    ),
    # §12.4, §5.5: job 0 fails at 5. 1 is dropped, 2 comes; 3 is dropped at its own submit, 9.
    HandCase(
        "a predecessor fails",
        make_case(
            [
                job(9, estimate_s=5),
                job(10, **wait_for(1)),
                job(10, **wait_for(1, any_end=True)),
                job(10, submit_s=9, **wait_for(1, think_s=99)),
            ],
            cores(1),
            [at(0, 100)],
            kill_at_estimate=True,
        ),
        "0 submit 0, 0 start 0, 5 fail 0, 5 drop 1, 5 submit 2, 5 start 2, 9 drop 3, 15 end 2",
        (1500, 1500, 0, 0, 0, 0, 1500),
        [0, 5, 9, 15],
    ),
    # §12.2, §12.4: job 1 is cancelled at 4 while it waits.
    HandCase(
        "a predecessor is cancelled",
        make_case(
            [job(9), job(9, cancel_s=4), job(2, **wait_for(2)), job(2, **wait_for(2, any_end=True))],
            cores(1),
            [at(0, 100)],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 4 cancel 1, 4 drop 2, 4 submit 3, 9 end 0, 9 start 3, 11 end 3",
        (1100, 1100, 0, 0, 0, 0, 1100),
        [0, 4, 9, 11],
    ),
    # §12.4: a dropped job has ended too: 1 waits for 0, 2 for 1, both for success; 3 for any end of 2.
    HandCase(
        "drops go down the chain",
        make_case(
            [job(cores=9), job(**wait_for(1)), job(**wait_for(2)), job(**wait_for(3, any_end=True))],
            cores(1),
            [at(0, 100)],
        ),
        "0 reject 0, 0 drop 1, 0 drop 2, 0 submit 3, 0 start 3, 10 end 3",
        (1000, 1000, 0, 0, 0, 0, 1000),
        [0, 10],
    ),
    # §9.14: job 0 ends within its start at 0, when the arrivals of 0 are over: its followers come at 1; with
    # 5 s to think at 5.
    HandCase(
        "a predecessor ends within an action",
        make_case([job(0), job(2, **wait_for(1)), job(2, **wait_for(1, think_s=5))], cores(1), [at(0, 100)]),
        "0 submit 0, 0 start 0, 0 end 0, 1 submit 1, 1 start 1, 3 end 1, 5 submit 2, 5 start 2, 7 end 2",
        (700, 400, 300, 0, 0, 0, 400),
        [0, 1, 3, 5, 7],
    ),
    # §12.4: the follower was submitted first (index 0, at 0); its predecessor comes at 5.
    HandCase(
        "a follower submitted before its predecessor",
        make_case([job(2, **wait_for(2)), job(5, submit_s=5)], cores(1), [at(0, 100)]),
        "5 submit 1, 5 start 1, 10 end 1, 10 submit 0, 10 start 0, 12 end 0",
        (1200, 700, 500, 0, 0, 0, 700),
        [0, 5, 10, 12],
    ),
    # §9.14: rejected in 3.4, after its follower of lower index had its turn there: 3.5 lets it come at once.
    HandCase(
        "a lower follower of a rejected job",
        make_case([job(2, **wait_for(2, any_end=True)), job(5, cores=9)], cores(1), [at(0, 100)]),
        "0 reject 1, 0 submit 0, 0 start 0, 2 end 0",
        (200, 200, 0, 0, 0, 0, 200),
        [0, 2],
    ),
    # §12.4, §6.4: job 1 comes at 700, the second of its expiry (deadline 100, allowance 600): it comes and is
    # gone at once. Job 0 runs until then.
    HandCase(
        "a job that arrives as it expires",
        make_case([job(700), job(10, deadline_s=100, value_u=5, **wait_for(1))], cores(1), [at(0, 100)]),
        "0 submit 0, 0 start 0, 700 end 0, 700 submit 1, 700 expire 1",
        (70_000, 70_000, 0, 0, 0, 0, 70_000),
        [0, 700],
        more={"value_offered_u": 5, "violations": 1},
    ),
    # §12.4, §4.1, §9.14: job 0 is killed for the last time at 5, in 3.6: its follower comes at 6.
    HandCase(
        "a predecessor fails in a shortage",
        make_case(
            [job(10, preemptible=False), job(2, **wait_for(1, any_end=True))],
            cores(1),
            [at(0, 100), at(5, 0), at(8, 100)],
            max_kills=1,
        ),
        "0 submit 0, 0 start 0, 5 kill 0, 5 fail 0, 6 submit 1, 8 start 1, 10 end 1",
        (700, 700, 0, 0, 0, 0, 700),
        [0, 5, 6, 8, 10],
        more={"wasted_mj": 500},
    ),
    # §12.3, §12.4: lost its node for the last time at 5, in 3.3: before the arrivals.
    HandCase(
        "a predecessor fails in an outage",
        make_case(
            [job(10), job(2, **wait_for(1, any_end=True))],
            cores(1),
            [at(0, 100)],
            max_kills=1,
            outages=[{"begin": 5, "end": 8}],
        ),
        "0 submit 0, 0 start 0, 5 lose 0, 5 fail 0, 5 submit 1, 8 start 1, 10 end 1",
        (1000, 700, 300, 0, 0, 0, 700),
        [0, 5, 8, 10],
    ),
]
