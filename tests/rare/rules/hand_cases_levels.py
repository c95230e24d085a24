"""Worked out by hand: speed levels (§11) and checkpoints (§5.7). See hand.py for the form.

HALF is a level of half the rate at 60 % of the power: 60 mW for a job of one core.
"""

from __future__ import annotations

from rare.machine_events import Speed
from tests.builders import make_case
from tests.rare.rules.hand import HALF, HandCase, at, battery, cores, decision, faster, job, slower

SHAPED = cores(1, speeds=(HALF,))
PAIR = cores(2, speeds=(HALF,))

LEVEL_CASES = [
    # §11.2, §11.3: 100 mW do not fit under 60. At level 1: 60 mW, 10 s of work at 500: 20 s.
    HandCase(
        "a start at a lower level",
        make_case([job(10)], SHAPED, [at(0, 60)]),
        "0 submit 0, 0 start 0 1, 20 end 0",
        (1200, 1200, 0, 0, 0, 0, 1200),
        [0, 20],
        script={0: (decision(0, 1),)},
        more={"decisions": 1},
    ),
    # §11.4: 4 s done at 100 mW; 6000 thousandths left at 500: 12 s of 60 mW. A start and one answer.
    HandCase(
        "slowed in a shortage",
        make_case([job(10)], SHAPED, [at(0, 100), at(4, 60)]),
        "0 submit 0, 0 start 0, 4 slow 0 1, 16 end 0",
        (1120, 1120, 0, 0, 0, 0, 1120),
        [0, 4, 16],
        victims={4: (slower(0),)},
        more={"decisions": 2, "wasted_mj": 0},
    ),
    # §11.5: 4000 + 5 s x 500 = 6500 done at 9; 3500 left at full speed: 3.5, so 4 s.
    HandCase(
        "raised when the power is back",
        make_case([job(10)], SHAPED, [at(0, 100), at(4, 60), at(9, 100)]),
        "0 submit 0, 0 start 0, 4 slow 0 1, 9 raise 0, 13 end 0",
        (1100, 1100, 0, 0, 0, 0, 1100),
        [0, 4, 9, 13],
        script={0: (0,), 9: (faster(0),)},
        victims={4: (slower(0),)},
        more={"decisions": 3},
    ),
    # §9.11, §11.5: 60 > 50, so it is given up too. 4 s done; the level is forgotten: 8 + 6 = 14.
    HandCase(
        "slowed and given up at one instant",
        make_case([job(10)], SHAPED, [at(0, 100), at(4, 50), at(8, 100)]),
        "0 submit 0, 0 start 0, 4 slow 0 1, 4 shed 0, 8 resume 0, 14 end 0",
        (1200, 1000, 200, 0, 0, 0, 1000),
        [0, 4, 8, 14],
        victims={4: (slower(0), 0)},
        more={"decisions": 4},
    ),
    # §11.4: 200 -> 160 -> 120. 6000 left each, at 500: 4 + 12. Nobody is given up.
    HandCase(
        "two are slowed before anybody is given up",
        make_case([job(10), job(10)], PAIR, [at(0, 200), at(4, 120)]),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 slow 0 1, 4 slow 1 1, 16 end 0, 16 end 1",
        (2240, 2240, 0, 0, 0, 0, 2240),
        [0, 4, 16],
        victims={4: (slower(0), slower(1))},
    ),
    # §4.1, §11.4: it slows 0 and declines then: 160 > 130, and the rules give up 1 (a tie: the higher).
    # But for §4.3, 0 could be raised (100) and 1 start at level 1 (120): 5 is an instant; it waits.
    # 0: 4000 + 6 s x 500 = 7000 at 10; raised: 3 s. 1: 4 s done, 10 + 6.
    HandCase(
        "the rules themselves slow nobody",
        make_case([job(10), job(10)], PAIR, [at(0, 200), at(4, 130), at(10, 200)]),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 slow 0 1, 4 shed 1, 10 raise 0, 10 resume 1,"
        "13 end 0, 16 end 1",
        (800 + 780 + 1200, 800 + 360 + 600 + 300, 420 + 300, 0, 0, 0, 2060),
        [0, 4, 5, 10, 13, 16],
        script={0: (0, 1), 10: (faster(0), 1)},
        victims={4: (slower(0),)},
    ),
    # §9.13: 5 s done; restart 8 to 18, of which 4 s at 100 and 6 s at 60 mW: waste 760. 15 s left at 500: 48.
    HandCase(
        "slowed in the middle of a restart",
        make_case([job(20)], SHAPED, [at(0, 100), at(5, 0), at(8, 100), at(12, 60)], restart_s=10),
        "0 submit 0, 0 start 0, 5 shed 0, 8 resume 0, 12 slow 0 1, 48 end 0",
        (3060, 3060, 0, 0, 0, 0, 3060),
        [0, 5, 8, 12, 48],
        victims={12: (slower(0),)},
        more={"wasted_mj": 760, "decisions": 4},
    ),
    # §9.13, §5.2a: waking 0 to 10: 4 s at 100, 6 s at 60 mW. Then 5 s of work at 500: 20.
    HandCase(
        "slowed while its node wakes",
        make_case([job(5)], cores(1, speeds=(HALF,), wake_s=10), [at(0, 100), at(4, 60)]),
        "0 submit 0, 0 start 0, 4 slow 0 1, 20 end 0",
        (1360, 1360, 0, 0, 0, 0, 1360),
        [0, 4, 20],
        victims={4: (slower(0),)},
        more={"wasted_mj": 760},
    ),
    # §5.1, §5.3: rate 333, 25 mW. 7 s: 2331 thousandths, kept to the last one. 7669 / 333 = 23.03: 24 s.
    HandCase(
        "a fraction of a second is carried across a suspension",
        make_case([job(10)], cores(1, speeds=(Speed(333, 250),)), [at(0, 25), at(7, 0), at(10, 25)]),
        "0 submit 0, 0 start 0 1, 7 shed 0, 10 resume 0 1, 34 end 0",
        (775, 775, 0, 0, 0, 0, 775),
        [0, 7, 10, 34],
        script={0: (decision(0, 1),), 10: (decision(0, 1),)},
    ),
    # §11.2: rates 1000, 750 and 500: 9, 12 and 18 s, at 60 mW each. At 9 and 12 it could raise: it waits.
    HandCase(
        "jobs of no, some and full sensitivity",
        make_case(
            [job(9, sensitivity_milli=s) for s in (0, 500, 1000)], cores(3, speeds=(HALF,)), [at(0, 180)]
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0 1, 0 start 1 1, 0 start 2 1, 9 end 0, 12 end 1,"
        "18 end 2",
        (3240, 2340, 900, 0, 0, 0, 2340),
        [0, 9, 12, 18],
        script={0: tuple(decision(i, 1) for i in range(3))},
        more={"decisions": 5},
    ),
    # §11.2: sensitivity 1 of 1000: 1 x 667 / 1000 rounds up to 1: rate 999, so 1 s of work takes 2 s.
    # 100 x 333 / 1000 rounds up to 34: 33 are too little, and nobody is asked before 3.
    HandCase(
        "rate and power are rounded against the job",
        make_case([job(1, sensitivity_milli=1)], cores(1, speeds=(Speed(333, 333),)), [at(0, 33), at(3, 34)]),
        "0 submit 0, 3 start 0 1, 5 end 0",
        (167, 68, 99, 0, 0, 0, 68),
        [0, 3, 5],
        script={3: (decision(0, 1),)},
        more={"decisions": 1},
    ),
    # §3.8, §4.3: what started at 0 is not raised at 0, so 1 is an instant: 500 done, 9500 left: 10 s.
    HandCase(
        "raised in the next second",
        make_case([job(10)], SHAPED, [at(0, 100)]),
        "0 submit 0, 0 start 0 1, 1 raise 0, 11 end 0",
        (1100, 1060, 40, 0, 0, 0, 1060),
        [0, 1, 11],
        script={0: (decision(0, 1),), 1: (faster(0),)},
        more={"decisions": 2},
    ),
    # §9.13: 500 thousandths are left at 1: a second at any speed.
    HandCase(
        "made faster in the last second",
        make_case([job(1)], SHAPED, [at(0, 100)]),
        "0 submit 0, 0 start 0 1, 1 raise 0, 2 end 0",
        (200, 160, 40, 0, 0, 0, 160),
        [0, 1, 2],
        script={0: (decision(0, 1),), 1: (faster(0),)},
    ),
    # §3.8: full speed lacks 20 mW for min_battery_s 10: 200 mJ, charged by 10 (20 mW). Raised: 5000 done.
    # 10 s later the battery is empty: slowed, 15 000 done, 5000 left at 500: 30. It charges 200 mJ again.
    HandCase(
        "the charging battery lets a job be made faster",
        make_case([job(20)], SHAPED, [at(0, 80)], battery=battery(10_000, share=0.0), min_battery_s=10),
        "0 submit 0, 0 start 0 1, 10 raise 0, 20 slow 0 1, 30 end 0",
        (2400, 2000, 0, 400, 200, 0, 2200),
        [0, 10, 20, 30],
        script={0: (decision(0, 1),), 10: (faster(0),)},
        victims={20: (slower(0),)},
        more={"decisions": 3, "content": 200_000},
    ),
    # §3.8: at level 1 it lacks 10 mW for min_battery_s 10: 100 mJ, charged by 2 (50 mW).
    # 5 s of work at 500: 10 s, to the last mJ.
    HandCase(
        "the charging battery lets a job start at a lower level",
        make_case([job(5)], SHAPED, [at(0, 50)], battery=battery(10_000, share=0.0), min_battery_s=10),
        "0 submit 0, 2 start 0 1, 12 end 0",
        (600, 500, 0, 100, 100, 0, 600),
        [0, 2, 12],
        script={2: (decision(0, 1),)},
        more={"decisions": 1, "content": 0},
    ),
    # §9.12: only the node draws (50 mW). Slowing saves nothing; asked again it declines: shed. 4 s done.
    HandCase(
        "a level that saves nothing",
        make_case(
            [job(10, power_mw=0)], cores(1, speeds=(HALF,), idle_mw=50), [at(0, 50), at(4, 40), at(9, 50)]
        ),
        "0 submit 0, 0 start 0, 4 slow 0 1, 4 shed 0, 9 resume 0, 15 end 0",
        (700, 500, 200, 0, 0, 0, 500),
        [0, 4, 9, 15],
        victims={4: (slower(0),)},
        more={"decisions": 4},
    ),
    # §5.6: killed at 10 after 4 s at 100 and 6 s at 60 mW: 760 mJ.
    HandCase(
        "waste is counted at the levels of the run",
        make_case([job(10, preemptible=False)], SHAPED, [at(0, 100), at(4, 60), at(10, 0), at(20, 100)]),
        "0 submit 0, 0 start 0, 4 slow 0 1, 10 kill 0, 20 start 0, 30 end 0",
        (1760, 1760, 0, 0, 0, 0, 1760),
        [0, 4, 10, 20, 30],
        victims={4: (slower(0),)},
        more={"wasted_mj": 760},
    ),
    # §5.3, §5.6: 4000 + 3000 done at 10. 3 s of work are lost: at level 1 these are 6 s of 60 mW: 360 mJ.
    HandCase(
        "what a suspension loses counts at the present level",
        make_case([job(20)], SHAPED, [at(0, 100), at(4, 60), at(10, 0), at(20, 100)], suspend_loss_s=3),
        "0 submit 0, 0 start 0, 4 slow 0 1, 10 shed 0, 20 resume 0, 36 end 0",
        (2360, 2360, 0, 0, 0, 0, 2360),
        [0, 4, 10, 20, 36],
        victims={4: (slower(0),)},
        more={"wasted_mj": 360},
    ),
    # §4.2c: slowed by choice at 4 (job 1 comes) so that both fit: 60 + 100 <= 160. 6000 left at 500: 16.
    # Job 1, full speed, 4 to 7; raised at 7: 4000 + 1500 done, 4500 left: 5 s: 12.
    HandCase(
        "slowed by choice to make room",
        make_case([job(10), job(3, submit_s=4)], PAIR, [at(0, 160)], voluntary_suspension=True),
        "0 submit 0, 0 start 0, 4 submit 1, 4 slow 0 1, 4 start 1, 7 end 1, 7 raise 0, 12 end 0",
        (1920, 400 + 480 + 500, 540, 0, 0, 0, 1380),
        [0, 4, 7, 12],
        script={0: (0,), 4: (slower(0), 1), 7: (faster(0),)},
        more={"decisions": 4},
    ),
]

CHECKPOINT_CASES = [
    # §5.7: progress 0-4, written by 5, 5-9, written by 10, 10-12 lost (200 mJ). 8 s are kept: a resume at 20,
    # restart to 23 (300 mJ), 12 s left with checkpoints after 4 and 8: 14 s.
    HandCase(
        "a killed job keeps what its checkpoint holds",
        make_case(
            [job(20, preemptible=False)],
            cores(1),
            [at(0, 100), at(12, 0), at(20, 100)],
            checkpoint_s=4,
            checkpoint_cost_s=1,
            restart_s=3,
        ),
        "0 submit 0, 0 start 0, 12 kill 0, 20 resume 0, 37 end 0",
        (2900, 2900, 0, 0, 0, 0, 2900),
        [0, 12, 20, 37],
        more={"wasted_mj": 500, "jobs": [(0, 37, 0, 1, 0, "completed")]},
    ),
    # §5.7: killed at 7 while the first is written (4 to 9): all 7 s are lost, the next start is a start.
    # 6 s of work and one checkpoint of 5 s: 31.
    HandCase(
        "half a checkpoint holds nothing",
        make_case(
            [job(6, preemptible=False)],
            cores(1),
            [at(0, 100), at(7, 0), at(20, 100)],
            checkpoint_s=4,
            checkpoint_cost_s=5,
            restart_s=3,
        ),
        "0 submit 0, 0 start 0, 7 kill 0, 20 start 0, 31 end 0",
        (1800, 1800, 0, 0, 0, 0, 1800),
        [0, 7, 20, 31],
        more={"wasted_mj": 700},
    ),
    # §5.7, §11.5: raised as 4 s of progress (2000) are to be written: 5 s, and a second for the work that is left.
    HandCase(
        "a checkpoint that is due is written before the last second",
        make_case([job(3)], SHAPED, [at(0, 60), at(4, 100)], checkpoint_s=4, checkpoint_cost_s=5),
        "0 submit 0, 0 start 0 1, 4 raise 0, 10 end 0",
        (840, 840, 0, 0, 0, 0, 840),
        [0, 4, 10],
        script={0: (decision(0, 1),), 4: (faster(0),)},
    ),
    # §5.7: 8 s: one checkpoint, none at the end: 9. 4 s: none. 5 s: one: 6.
    HandCase(
        "no checkpoint is written at the end",
        make_case([job(8), job(4), job(5)], cores(3), [at(0, 300)], checkpoint_s=4, checkpoint_cost_s=1),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 0 start 2, 4 end 1, 6 end 2, 9 end 0",
        (2700, 1900, 800, 0, 0, 0, 1900),
        [0, 4, 6, 9],
        more={"wasted_mj": 0},
    ),
    # §5.7, §11.5: slowed at 5, in the checkpoint of 4 to 6: it ends at 6 too. 2000 left at 500: 10.
    HandCase(
        "slowed while a checkpoint is written",
        make_case([job(6)], SHAPED, [at(0, 100), at(5, 60)], checkpoint_s=4, checkpoint_cost_s=2),
        "0 submit 0, 0 start 0, 5 slow 0 1, 10 end 0",
        (800, 800, 0, 0, 0, 0, 800),
        [0, 5, 10],
        victims={5: (slower(0),)},
    ),
    # §5.7, §11.5: seconds of progress count, not work: at 60 mW from 0 on, 4 s and 1 s, 4 s, 1 s, ...
    # 4000 thousandths at 500 need 8 s: one checkpoint: 9.
    HandCase(
        "checkpoints go by seconds of progress",
        make_case([job(4)], SHAPED, [at(0, 60)], checkpoint_s=4, checkpoint_cost_s=1),
        "0 submit 0, 0 start 0 1, 9 end 0",
        (540, 540, 0, 0, 0, 0, 540),
        [0, 9],
        script={0: (decision(0, 1),)},
    ),
    # §5.3: shed at 7, in the checkpoint of 4 to 9. 4 s are kept anyway; 6 s and one checkpoint: 10 + 11.
    HandCase(
        "suspended while a checkpoint is written",
        make_case(
            [job(10)], cores(1), [at(0, 100), at(7, 0), at(10, 100)], checkpoint_s=4, checkpoint_cost_s=5
        ),
        "0 submit 0, 0 start 0, 7 shed 0, 10 resume 0, 21 end 0",
        (1800, 1800, 0, 0, 0, 0, 1800),
        [0, 7, 10, 21],
        more={"wasted_mj": 0},
    ),
    # §5.7: checkpoint at 4 (no cost), killed at 6 (200 mJ); resumed at 10, killed at 12 before the next
    # one (200 mJ): the 4 s of the first run are kept. 6 s left: 26.
    HandCase(
        "a checkpoint of an earlier run is kept",
        make_case(
            [job(10, preemptible=False)],
            cores(1),
            [at(0, 100), at(6, 0), at(10, 100), at(12, 0), at(20, 100)],
            checkpoint_s=4,
        ),
        "0 submit 0, 0 start 0, 6 kill 0, 10 resume 0, 12 kill 0, 20 resume 0, 26 end 0",
        (1400, 1400, 0, 0, 0, 0, 1400),
        [0, 6, 10, 12, 20, 26],
        more={"wasted_mj": 400, "jobs": [(0, 26, 0, 2, 0, "completed")]},
    ),
    # §5.4, §5.6: at its only allowed kill it has failed: what the checkpoint held is lost too: 600 mJ.
    HandCase(
        "the last kill loses what the checkpoint held",
        make_case(
            [job(10, preemptible=False)], cores(1), [at(0, 100), at(6, 0)], checkpoint_s=4, max_kills=1
        ),
        "0 submit 0, 0 start 0, 6 kill 0, 6 fail 0",
        (600, 600, 0, 0, 0, 0, 600),
        [0, 6],
        more={"wasted_mj": 600},
    ),
]
