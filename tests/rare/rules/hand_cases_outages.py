"""Worked out by hand: outages (§12.3). See hand.py for the form."""

from __future__ import annotations

from rare.model import NEVER_S
from tests.builders import make_case
from tests.rare.rules.hand import HandCase, at, cores, job

TWO, THREE, FOUR = (cores(1, nodes=count) for count in (2, 3, 4))

OUTAGE_CASES = [
    # §12.3a: three nodes, two in use: the planned outage takes the third. Job 2 waits for it until 10.
    HandCase(
        "a planned outage takes unused nodes first",
        make_case(
            [job(20), job(20), job(3, submit_s=6)], THREE, [at(0, 300)], outages=[{"begin": 5, "end": 10}]
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 6 submit 2, 10 start 2, 13 end 2, 20 end 0, 20 end 1",
        (6000, 4300, 1700, 0, 0, 0, 4300),
        [0, 5, 6, 10, 13, 20],
    ),
    # §12.3c, §4.1: both nodes are in use and one goes. Preemptible jobs before others: 0, though 1 is higher.
    # Its run is lost (5 s, 500 mJ), and its next start is a start.
    HandCase(
        "a planned outage of a node in use",
        make_case(
            [job(20), job(20, preemptible=False)], TWO, [at(0, 200)], outages=[{"begin": 5, "end": 10}]
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 5 lose 0, 10 start 0, 20 end 1, 30 end 0",
        (6000, 4500, 1500, 0, 0, 0, 4500),
        [0, 5, 10, 20, 30],
        more={"wasted_mj": 500, "jobs": [(0, 30, 0, 1, 0, "completed"), (0, 20, 0, 0, 0, "completed")]},
    ),
    # §12.3b: job 0 covers 0 to 1000, job 1 (2 cores) 1000 to 3000 of M = 4000. 2^28 x 4000 / 2^30 is
    # 1000: job 1.
    # 3 nodes are left, but what was killed at 5 does not start at 5: at 6 (§3.8).
    HandCase(
        "a draw names the node that breaks",
        make_case(
            [job(10), job(10, cores=2)], FOUR, [at(0, 400)], outages=[{"begin": 5, "end": 8, "draw": 2**28}]
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 5 lose 1, 6 start 1, 10 end 0, 16 end 1",
        (6400, 4000, 2400, 0, 0, 0, 4000),
        [0, 5, 6, 8, 10, 16],
        more={"wasted_mj": 1000},
    ),
    # §12.3b: one less: (2^28 - 1) x 4000 / 2^30 = 999.99: job 0. Then 2 more draws of the free node (3999):
    # 4 - 3 nodes do not hold job 1 (2 cores): it loses its nodes by (c).
    HandCase(
        "a draw of a node that nobody uses",
        make_case(
            [job(10), job(10, cores=2)],
            FOUR,
            [at(0, 400)],
            outages=[
                {"begin": 5, "end": 50, "draw": 2**28 - 1},
                {"begin": 5, "end": 20, "draw": 2**30 - 1},
                {"begin": 5, "end": 20, "draw": 2**30 - 1},
            ],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 5 lose 0, 5 lose 1, 6 start 0, 16 end 0, 20 start 1,"
        "30 end 1",
        (12_000, 1500 + 1000 + 2000, 7500, 0, 0, 0, 4500),
        [0, 5, 6, 16, 20, 30],
        more={"wasted_mj": 1500},
    ),
    # §12.3b, c: 2 nodes of 2 cores, three jobs of 500 thousandths: 2^30 - 1 is at 1999: nobody. But 3 cores
    # do not fit in 2: the highest of equals loses. It starts at 10, when two cores are free.
    HandCase(
        "pooled cores do not fit in what is left",
        make_case(
            [job(10), job(10), job(10)],
            cores(2, nodes=2),
            [at(0, 300)],
            outages=[{"begin": 5, "end": 20, "draw": 2**30 - 1}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 0 start 2, 5 lose 2, 10 end 0, 10 end 1,"
        "10 start 2, 20 end 2",
        (6000, 3500, 2500, 0, 0, 0, 3500),
        [0, 5, 10, 20],
    ),
    # §12.3b: 1 of 3 cores of a node: 333.3 rounds up to 334; 2^29 x 1000 / 2^30 = 500: of M = 1002 it is 501:
    # job 1 (334 to 668). 2 cores are left of none: jobs 0 and 2 lose by (c), the higher first.
    HandCase(
        "thousandths of a node are rounded up",
        make_case(
            [job(10), job(10), job(10)],
            cores(3),
            [at(0, 300)],
            outages=[{"begin": 5, "end": 6, "draw": 2**29}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 0 start 2, 5 lose 1, 5 lose 2, 5 lose 0,"
        "6 start 0, 6 start 1, 6 start 2, 16 end 0, 16 end 1, 16 end 2",
        (4800, 4500, 300, 0, 0, 0, 4500),
        [0, 5, 6, 16],
    ),
    # §9.15: five nodes of two: both go, the higher of equals first. They wait for the repair.
    HandCase(
        "an outage of more than is there",
        make_case([job(10), job(10)], TWO, [at(0, 200)], outages=[{"begin": 5, "end": 12, "nodes": 5}]),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 5 lose 1, 5 lose 0, 12 start 0, 12 start 1,"
        "22 end 0, 22 end 1",
        (4400, 3000, 1400, 0, 0, 0, 3000),
        [0, 5, 12, 22],
        more={"wasted_mj": 1000},
    ),
    # §9.15: two outages of two nodes each, of three: none is left from 5 to 10. At 10 one is there, for
    # job 0; job 1 (3 cores) waits for 20.
    HandCase(
        "outages add up",
        make_case(
            [job(3, submit_s=6), job(2, submit_s=6, cores=3)],
            THREE,
            [at(0, 300)],
            begin_s=0,
            outages=[{"begin": 0, "end": 10, "nodes": 2}, {"begin": 5, "end": 20, "nodes": 2}],
        ),
        "6 submit 0, 6 submit 1, 10 start 0, 13 end 0, 20 start 1, 22 end 1",
        (6600, 900, 5700, 0, 0, 0, 900),
        [0, 5, 6, 10, 13, 20, 22],
    ),
    # §12.3: repairs first: at 10 the node comes back and goes again.
    HandCase(
        "a repair and a new outage in one second",
        make_case(
            [job(5)], cores(1), [at(0, 100)], outages=[{"begin": 0, "end": 10}, {"begin": 10, "end": 20}]
        ),
        "0 submit 0, 20 start 0, 25 end 0",
        (2500, 500, 2000, 0, 0, 0, 500),
        [0, 10, 20, 25],
        more={"decisions": 1},
    ),
    # §12.3, §5.7: 5 s of the first run are kept. The second: restart 8 to 10, 3 s to 13: lost, 500 mJ in all.
    # A resume at 15, restart to 17 (200 mJ), 15 s left: 32.
    HandCase(
        "a job that loses its nodes keeps its earlier runs",
        make_case(
            [job(20)],
            cores(1),
            [at(0, 100), at(5, 0), at(8, 100)],
            restart_s=2,
            outages=[{"begin": 13, "end": 15, "draw": 0}],
        ),
        "0 submit 0, 0 start 0, 5 shed 0, 8 resume 0, 13 lose 0, 15 resume 0, 32 end 0",
        (2900, 2700, 200, 0, 0, 0, 2700),
        [0, 5, 8, 13, 15, 32],
        more={"wasted_mj": 700, "jobs": [(0, 32, 1, 1, 0, "completed")]},
    ),
    # §12.3, §5.7: a preemptible job too keeps its checkpoint: 4 s; 1 s is lost. 6 s left from 8 on.
    HandCase(
        "a checkpoint outlives the node",
        make_case([job(10)], cores(1), [at(0, 100)], checkpoint_s=4, outages=[{"begin": 5, "end": 8}]),
        "0 submit 0, 0 start 0, 5 lose 0, 8 resume 0, 14 end 0",
        (1400, 1100, 300, 0, 0, 0, 1100),
        [0, 5, 8, 14],
        more={"wasted_mj": 100},
    ),
    # §5.4: it counts as a kill; at the first of one it has failed.
    HandCase(
        "losing the nodes counts as a kill",
        make_case([job(10)], cores(1), [at(0, 100)], max_kills=1, outages=[{"begin": 5, "end": 8}]),
        "0 submit 0, 0 start 0, 5 lose 0, 5 fail 0",
        (500, 500, 0, 0, 0, 0, 500),
        [0, 5],
        more={"wasted_mj": 500, "jobs": [(0, None, 0, 1, 0, "failed")]},
    ),
    # §6.4: expiry 610; it comes back to the queue at 620 and is dropped at once. 620 s are lost.
    HandCase(
        "a job that loses its nodes after its expiry",
        make_case(
            [job(700, deadline_s=10, value_u=5)], cores(1), [at(0, 100)], outages=[{"begin": 620, "end": 630}]
        ),
        "0 submit 0, 0 start 0, 620 lose 0, 620 expire 0",
        (62_000, 62_000, 0, 0, 0, 0, 62_000),
        [0, 620],
        more={"wasted_mj": 62_000, "violations": 1},
    ),
    # §9.15: the job ends as the node breaks: nobody is hit.
    HandCase(
        "a node breaks as its job ends",
        make_case(
            [job(5), job(5, submit_s=5)], cores(1), [at(0, 100)], outages=[{"begin": 5, "end": 8, "draw": 0}]
        ),
        "0 submit 0, 0 start 0, 5 end 0, 5 submit 1, 8 start 1, 13 end 1",
        (1300, 1000, 300, 0, 0, 0, 1000),
        [0, 5, 8, 13],
        more={"wasted_mj": 0},
    ),
    # §12.3d, §8.4: the only node never comes back.
    HandCase(
        "an outage without end",
        make_case(
            [job(10), job(10, submit_s=6)], cores(1), [at(0, 100)], outages=[{"begin": 5, "end": NEVER_S}]
        ),
        "0 submit 0, 0 start 0, 5 lose 0, 6 submit 1",
        (600, 500, 100, 0, 0, 0, 500),
        [0, 5, 6],
        "stalled",
    ),
    # §12.3, §2.7: two nodes stay on (10 mW each) beside the job's. One goes: 110 instead of 120 mW.
    HandCase(
        "lost nodes draw nothing",
        make_case(
            [job(10)],
            cores(1, nodes=2, idle_mw=10, idle_nodes="on"),
            [at(0, 200)],
            outages=[{"begin": 4, "end": 9}],
        ),
        "0 submit 0, 0 start 0, 10 end 0",
        (2000, 4 * 120 + 5 * 110 + 120, 850, 0, 0, 0, 1150),
        [0, 4, 9, 10],
    ),
    # §12.3c: the job that loses its node runs in the partition that lost one, though job 0, elsewhere, comes first
    # among the running. Of equals the higher, job 2.
    HandCase(
        "an outage takes nothing from another partition",
        make_case(
            [job(10, partition="a"), job(20, partition="b"), job(20, partition="b")],
            (cores(1, name="a"), cores(1, nodes=2, name="b")),
            [at(0, 300)],
            outages=[{"begin": 5, "end": 12, "partition": 1}],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 0 start 2, 5 lose 2, 10 end 0, 12 start 2,"
        "20 end 1, 32 end 2",
        (9600, 5500, 4100, 0, 0, 0, 5500),
        [0, 5, 10, 12, 20, 32],
        more={"wasted_mj": 500},
    ),
]
