"""Worked out by hand: instants and ends (§3, §8), jobs (§4 to §6); all cases. See hand.py for the form."""

from __future__ import annotations

from tests.builders import make_case
from tests.rare.rules.hand import ENERGY, HandCase, at, cores, job, scripted
from tests.rare.rules.hand_cases_chains import CHAIN_CASES
from tests.rare.rules.hand_cases_events import CANCEL_CASES, EVENT_CASES
from tests.rare.rules.hand_cases_levels import CHECKPOINT_CASES, LEVEL_CASES
from tests.rare.rules.hand_cases_limits import LIMIT_CASES
from tests.rare.rules.hand_cases_outages import OUTAGE_CASES
from tests.rare.rules.hand_cases_power import BATTERY_CASES, CLUSTER_CASES
from tests.reference.simulator import WAIT, wait

__all__ = ["ENERGY", "HAND_CASES", "at", "cores", "job", "scripted"]

ORDER_CASES = [
    # §3, §9.7: end, input and arrival at t=10 are settled together, then both decisions.
    # supply 100 until 10, 200 after.  job 0: 0-10, job 1: 10-15 (no power before), job 2: 10-15.
    HandCase(
        "one settling for an end, a rise and an arrival",
        make_case([job(10), job(5), job(5, submit_s=10)], cores(2), [at(0, 100), at(10, 200)]),
        "0 submit 0, 0 submit 1, 0 start 0, 10 end 0, 10 submit 2, 10 start 1, 10 start 2,"
        "15 end 1, 15 end 2",
        (2000, 2000, 0, 0, 0, 0, 2000), [0, 10, 15], more={"decisions": 3},
    ),
    # §3.2: the job ends at 10 as the power drops to 0: it has ended, nothing is shed.
    HandCase(
        "a job that ends as the power drops has ended",
        make_case([job(10)], cores(1), [at(0, 100), at(10, 0)]),
        "0 submit 0, 0 start 0, 10 end 0", (1000, 1000, 0, 0, 0, 0, 1000), [0, 10],
    ),
    # §9.6: at 5 supply falls to 60 and job 1 (50 mW) comes: queued, job 0 shed, job 1 starts.
    # Decisions: start 0, no victim named, start 1, resume 0.
    # job 0: 0-5, 20-25.  job 1: 5-8.  used 500 + 150 + 500; available 500 + 60*15 + 500.
    HandCase(
        "a shortage at the instant of an arrival",
        make_case(
            [job(10), job(3, submit_s=5, power_mw=50)], cores(2), [at(0, 100), at(5, 60), at(20, 100)]
        ),
        "0 submit 0, 0 start 0, 5 submit 1, 5 shed 0, 5 start 1, 8 end 1, 20 resume 0, 25 end 0",
        (1900, 1150, 750, 0, 0, 0, 1150), [0, 5, 8, 20, 25], more={"decisions": 4},
    ),
    # §4.5, §9.3: job 0 holds the only core for no time, so job 1 starts at 0 too.
    # job 2 has no work but draws 200 > 100: it waits for the power at 9.
    HandCase(
        "zero work ends inside the action but needs power",
        make_case([job(0), job(5), job(0, power_mw=200)], cores(1), [at(0, 100), at(9, 200)]),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 end 0, 0 start 1, 5 end 1, 9 start 2, 9 end 2",
        (900, 500, 400, 0, 0, 0, 500), [0, 5, 9], more={"decisions": 3},
    ),
    # §8.4, §9.2, §3.8: WAIT for ever. Multiples of tick_s 40, input at 50 (the row at 20 changes
    # nothing), latest start 100-30=70, deadline 100; no value, so no expiry. Then only ticks are left:
    # stalled. Asked at all six.
    HandCase(
        "waiting for ever stalls although ticks go on",
        make_case([job(30, deadline_s=100)], cores(1), [at(0, 100), at(20, 100), at(50, 150)], tick_s=40),
        "0 submit 0", (12_500, 0, 12_500, 0, 0, 0, 0), [0, 40, 50, 70, 80, 100],
        "stalled", wait, more={"decisions": 6, "violations": 1},
    ),
    # §3.8: ticks are multiples of tick_s on the workload's clock: 30, 60; end at 10+55=65.
    HandCase(
        "ticks while a job runs",
        make_case([job(55, submit_s=10)], cores(1), [at(0, 100)], tick_s=30),
        "10 submit 0, 10 start 0, 65 end 0", (5500, 5500, 0, 0, 0, 0, 5500), [10, 30, 60, 65],
    ),
    # §8.2: inputs end at 20. Job 1 ends there; job 0 is cut off; job 2 never arrives.
    HandCase(
        "the supply's end settles ends and nothing more",
        make_case([job(30), job(20), job(1, submit_s=20)], cores(2), [at(0, 200)], end_s=20),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 20 end 1",
        (4000, 4000, 0, 0, 0, 0, 4000), [0, 20], "supply_end",
        more={"jobs": [(0, None, 0, 0, 0, "unfinished"), (0, 20, 0, 0, 0, "completed"),
                       (None, None, 0, 0, 0, "unfinished")]},
    ),
    # §8.1 before §8.2: the last job ends with the inputs.
    HandCase(
        "all done as the inputs end is completed",
        make_case([job(20)], cores(1), [at(0, 100)], end_s=20),
        "0 submit 0, 0 start 0, 20 end 0", (2000, 2000, 0, 0, 0, 0, 2000), [0, 20],
    ),
    # §9.2: nobody starts anything and the inputs end at 60.
    HandCase(
        "waiting until the supply ends",
        make_case([job(10)], cores(1), [at(0, 100)], end_s=60),
        "0 submit 0", (6000, 0, 6000, 0, 0, 0, 0), [0, 60], "supply_end", wait, more={"decisions": 1},
    ),
    # §8.3, §5.6: run 0-5, shed, resumed at 8, restart until 18; the window ends at 15: 7 s of restart.
    HandCase(
        "the window's end cuts a restart",
        make_case([job(100)], cores(1), [at(0, 100), at(5, 0), at(8, 100)], restart_s=10, window_s=15),
        "0 submit 0, 0 start 0, 5 shed 0, 8 resume 0",
        (1200, 1200, 0, 0, 0, 0, 1200), [0, 5, 8, 15], "window_end", more={"wasted_mj": 700},
    ),
    # begin_s = 0 before the first submit at 7: energy counts from 0.
    HandCase(
        "the run begins before the first submit",
        make_case([job(3, submit_s=7)], cores(1), [at(0, 100)], begin_s=0),
        "7 submit 0, 7 start 0, 10 end 0", (1000, 300, 700, 0, 0, 0, 300), [0, 7, 10],
    ),
]  # fmt: skip

JOB_CASES = [
    # §5.2, §5.6: 5 s done; resumed 8, restart cut at 12 (4 s); resumed 20, restart to 30; 15 s left: 45.
    HandCase(
        "an interrupted restart begins again",
        make_case(
            [job(20)], cores(1), [at(0, 100), at(5, 0), at(8, 100), at(12, 0), at(20, 100)], restart_s=10
        ),
        "0 submit 0, 0 start 0, 5 shed 0, 8 resume 0, 12 shed 0, 20 resume 0, 45 end 0",
        (3400, 3400, 0, 0, 0, 0, 3400), [0, 5, 8, 12, 20, 45],
        more={"wasted_mj": 1400, "jobs": [(0, 45, 2, 0, 0, "completed")]},
    ),
    # §5.3: loss 7. 0-5: 5 lost of 5. 8-18: 10 - 7 = 3. 30-32: 3 + 2, 2 lost: 3. 40: 17 left: 57.
    HandCase(
        "a suspension never costs more than since the last resume",
        make_case(
            [job(20)], cores(1),
            [at(0, 100), at(5, 0), at(8, 100), at(18, 0), at(30, 100), at(32, 0), at(40, 100)],
            suspend_loss_s=7,
        ),
        "0 submit 0, 0 start 0, 5 shed 0, 8 resume 0, 18 shed 0, 30 resume 0, 32 shed 0,"
        "40 resume 0, 57 end 0",
        (3400, 3400, 0, 0, 0, 0, 3400), [0, 5, 8, 18, 30, 32, 40, 57], more={"wasted_mj": 1400},
    ),
    # §5.4, §9.5: two dusks, max_kills 2. No restart time after a kill.
    HandCase(
        "a job longer than the day fails at its last kill",
        make_case(
            [job(20, preemptible=False)], cores(1), [at(0, 100), at(5, 0), at(10, 100), at(15, 0)],
            max_kills=2, restart_s=3,
        ),
        "0 submit 0, 0 start 0, 5 kill 0, 10 start 0, 15 kill 0, 15 fail 0",
        (1000, 1000, 0, 0, 0, 0, 1000), [0, 5, 10, 15],
        more={"wasted_mj": 1000, "jobs": [(0, None, 0, 2, 0, "failed")]},
    ),
    # §5.4: killed at 5, job 0 is again before job 1: 10-16, then 16-18.
    HandCase(
        "a killed job is queued at its original place",
        make_case(
            [job(6, preemptible=False), job(2, submit_s=1)], cores(1), [at(0, 100), at(5, 0), at(10, 100)]
        ),
        "0 submit 0, 0 start 0, 1 submit 1, 5 kill 0, 10 start 0, 16 end 0, 16 start 1, 18 end 1",
        (1300, 1300, 0, 0, 0, 0, 1300), [0, 1, 5, 10, 16, 18],
        more={"wasted_mj": 500, "jobs": [(0, 16, 0, 1, 0, "completed"), (16, 18, 0, 0, 0, "completed")]},
    ),
    # §4.1: jobs 0, 1 start at 0, 2 at 3, 3 (not preemptible) at 4. 6: 2 is the latest; 7: 1 ties with
    # 0 and is higher; 8: 0, as 3 is not preemptible; 9: 3 is killed (5 s lost). 20: left 2, 3, 7, 10.
    # used 600+300+800+300+200+100 to 9, then 800+300+800+300; available 2400+300+200+100+550+4000.
    HandCase(
        "the rules' own victims",
        make_case(
            [job(), job(), job(submit_s=3), job(submit_s=4, preemptible=False)], cores(4),
            [at(0, 400), at(6, 300), at(7, 200), at(8, 100), at(9, 50), at(20, 400)],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 3 submit 2, 3 start 2, 4 submit 3, 4 start 3,"
        "6 shed 2, 7 shed 1, 8 shed 0, 9 kill 3, 20 resume 0, 20 resume 1, 20 resume 2, 20 start 3,"
        "22 end 0, 23 end 1, 27 end 2, 30 end 3",
        (7550, 4500, 3050, 0, 0, 0, 4500), [0, 3, 4, 6, 7, 8, 9, 20, 22, 23, 27, 30],
        more={"wasted_mj": 500},
    ),
    # §4.1: the scheduler names 0 and then declines: the rules take 2, then 1. Three starts, two answers.
    HandCase(
        "a scheduler that declines is not asked again",
        make_case([job(), job(), job()], cores(3), [at(0, 300), at(5, 0)]),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 0 start 2, 5 shed 0, 5 shed 2, 5 shed 1",
        (1500, 1500, 0, 0, 0, 0, 1500), [0, 5], "stalled",
        victim=lambda view: 0 if 0 in view.running else WAIT, more={"decisions": 5},
    ),
    # §4.2b, §4.3: at 4 job 0 gives way to job 1, at 6 it resumes: 4 s done, ends at 12.
    HandCase(
        "a voluntary suspension",
        make_case([job(10), job(2, submit_s=4)], cores(1), [at(0, 100)], voluntary_suspension=True),
        "0 submit 0, 0 start 0, 4 submit 1, 4 suspend 0, 4 start 1, 6 end 1, 6 resume 0, 12 end 0",
        (1200, 1200, 0, 0, 0, 0, 1200), [0, 4, 6, 12], script={0: (0,), 4: (0, 1), 6: (0,)},
        more={"decisions": 4, "wasted_mj": 0},
    ),
    # §5.5: 0 fails at its estimate, 1 ends at it, 2 has an estimate of 0: it fails as it starts.
    HandCase(
        "killed at the estimate",
        make_case(
            [job(20, estimate_s=10), job(10), job(5, estimate_s=0)], cores(3), [at(0, 300)],
            kill_at_estimate=True,
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 0 start 2, 0 fail 2, 10 fail 0, 10 end 1",
        (3000, 2000, 1000, 0, 0, 0, 2000), [0, 10],
        more={"wasted_mj": 1000, "jobs": [(0, None, 0, 0, 0, "failed"), (0, 10, 0, 0, 0, "completed"),
                                          (0, None, 0, 0, 0, "failed")]},
    ),
    # §9.4, §5.5 off: past its estimate of 5 the suspended job's latest start is its deadline, 30.
    # No value: it never expires. 8 s done; 40 + 12 = 52.
    HandCase(
        "past its estimate",
        make_case(
            [job(20, estimate_s=5, deadline_s=30)], cores(1), [at(0, 100), at(8, 0), at(40, 100)]
        ),
        "0 submit 0, 0 start 0, 8 shed 0, 40 resume 0, 52 end 0",
        (2000, 2000, 0, 0, 0, 0, 2000), [0, 8, 30, 40, 52], more={"violations": 1},
    ),
    # §6.4, §3.8: latest start 50, deadline 100, expiry 100 + 600. Nothing is left then.
    HandCase(
        "a queued job expires",
        make_case([job(50, deadline_s=100, value_u=10**6)], cores(1), [at(0, 0)]),
        "0 submit 0, 700 expire 0", (0,) * 7, [0, 50, 100, 700],
        more={"violations": 1, "value_offered_u": 10**6, "jobs": [(None, None, 0, 0, 0, "expired")]},
    ),
    # §5.6, §6.4: 5 s done, shed, expires at 610 (deadline 10): 500 mJ wasted. Left 45 s: latest start passed.
    HandCase(
        "the progress of a job that expires is lost",
        make_case([job(50, deadline_s=10, value_u=1)], cores(1), [at(0, 100), at(5, 0)]),
        "0 submit 0, 0 start 0, 5 shed 0, 610 expire 0", (500, 500, 0, 0, 0, 0, 500), [0, 5, 10, 610],
        more={"wasted_mj": 500, "violations": 1},
    ),
    # §6.2: allowance 1000, expiry 2000, end 1300: floor(7 * 700 / 1000) = 4. Running: no instant at 1000.
    HandCase(
        "late value",
        make_case([job(500, deadline_s=1000, value_u=7)], cores(1), [at(0, 0), at(800, 100)]),
        "0 submit 0, 800 start 0, 1300 end 0", (50_000, 50_000, 0, 0, 0, 0, 50_000), [0, 500, 800, 1300],
        more={"violations": 1, "jobs": [(800, 1300, 0, 0, 4, "completed")]},
    ),
    # §6.1, §6.2: job 0 ends at its deadline: all of it. Job 1 (expiry 600) runs on to 700: nothing.
    HandCase(
        "on time to the second, and long after expiry",
        make_case(
            [job(10, deadline_s=10, value_u=7), job(700, deadline_s=0, value_u=9)], cores(2), [at(0, 200)]
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 10 end 0, 700 end 1",
        (140_000, 71_000, 69_000, 0, 0, 0, 71_000), [0, 10, 700],
        more={"violations": 1, "value_offered_u": 16,
              "jobs": [(0, 10, 0, 0, 7, "completed"), (0, 700, 0, 0, 0, "completed")]},
    ),
    # §6.4: expiry 610; at 620 both give up their power and are dropped at once, the preemptible one first.
    HandCase(
        "back in the queue after its expiry",
        make_case(
            [job(700, deadline_s=10, value_u=5, preemptible=False), job(700, deadline_s=10, value_u=5)],
            cores(2), [at(0, 200), at(620, 0)],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 620 shed 1, 620 expire 1, 620 kill 0, 620 expire 0",
        (124_000, 124_000, 0, 0, 0, 0, 124_000), [0, 620],
        more={"wasted_mj": 124_000, "violations": 2,
              "jobs": [(0, None, 0, 1, 0, "expired"), (0, None, 1, 0, 0, "expired")]},
    ),
    # Jobs 0 and 1 are interrupted once each, at 4 (1 loses 4 s); jobs 2 and 3, which come when they are gone, never.
    HandCase(
        "a job is not blamed for the interruptions of another",
        make_case(
            [job(10), job(10, preemptible=False), job(5, submit_s=30), job(5, submit_s=30)],
            cores(2), [at(0, 200), at(4, 0), at(6, 200)],
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 shed 0, 4 kill 1, 6 resume 0, 6 start 1, 12 end 0, 16 end 1,"
        "30 submit 2, 30 submit 3, 30 start 2, 30 start 3, 35 end 2, 35 end 3",
        (6600, 3400, 3200, 0, 0, 0, 3400), [0, 4, 6, 12, 16, 30, 35],
        more={"jobs": [(0, 12, 1, 0, 0, "completed"), (0, 16, 0, 1, 0, "completed"),
                       (30, 35, 0, 0, 0, "completed"), (30, 35, 0, 0, 0, "completed")]},
    ),
]  # fmt: skip

MACHINE_CASES = [*OUTAGE_CASES, *CHAIN_CASES, *EVENT_CASES, *CANCEL_CASES]
HAND_CASES = [
    *ORDER_CASES,
    *CLUSTER_CASES,
    *BATTERY_CASES,
    *JOB_CASES,
    *LEVEL_CASES,
    *CHECKPOINT_CASES,
    *MACHINE_CASES,
    *LIMIT_CASES,
]
