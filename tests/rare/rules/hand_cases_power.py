"""Worked out by hand: partitions, nodes, PUE (§2), batteries and money (§7). See hand.py for the form."""

from __future__ import annotations

from tests.builders import make_case
from tests.rare.rules.hand import HandCase, at, battery, cores, job

CLUSTER_CASES = [
    # §2.2: p0 has 2 cores (10 mW), p1 4 cores (20 mW). job 0 (3 cores) -> p1; 1 (2) -> p0;
    # 2 (1) -> p0, waits though p1 has a free core; 3 names p1; 4 (3 cores) names p0: rejected.
    # 0-10: 60 + 20 + 20 = 100; 10-20: 10.
    HandCase(
        "the first partition that fits an empty machine",
        make_case(
            [job(cores=3), job(cores=2), job(), job(partition="p1"), job(cores=3, partition="p0")],
            (cores(2, name="p0", core_mw=10), cores(4, name="p1", core_mw=20)), [at(0, 1000)],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 submit 3, 0 reject 4, 0 start 0, 0 start 1, 0 start 3,"
        "10 end 0, 10 end 1, 10 end 3, 10 start 2, 20 end 2",
        (20_000, 1100, 18_900, 0, 0, 0, 1100), [0, 10, 20],
    ),
    # §2.2, §8.1: 5 of 4 cores; a GPU where there is none; 101 of 100 MiB. Nothing is left at 5.
    HandCase(
        "rejected at the submit time",
        make_case(
            [job(cores=5), job(submit_s=5, gpus_milli=1), job(submit_s=5, memory_mib=101)],
            cores(4, memory_mib_per_node=100), [at(0, 100)],
        ),
        "0 reject 0, 5 reject 1, 5 reject 2", (500, 0, 500, 0, 0, 0, 0), [0, 5],
        more={"decisions": 0, "value_offered_u": 0},
    ),
    # §2.1, §2.3: 2 nodes of 1 GPU, idle 10, 333 mW a GPU. 0.5 GPU: 166.5 -> 167; 0.7: 233.1 -> 234;
    # 1.2 GPUs in use: 2 nodes, 167 + 234 + 20 = 421. job 2 (0.9: 299.7 -> 300) waits: 2.1 > 2 GPUs.
    HandCase(
        "fractions of GPUs are pooled",
        make_case(
            [job(gpus_milli=500, cores=0), job(gpus_milli=700, cores=0), job(gpus_milli=900, cores=0)],
            cores(4, nodes=2, gpus_per_node=1, gpu_mw=333, idle_mw=10), [at(0, 1000)],
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 1, 10 end 0, 10 end 1, 10 start 2, 20 end 2",
        (20_000, 7310, 12_690, 0, 0, 0, 7310), [0, 10, 20],
    ),
    # §2.1: one core, but 250 MiB of 100 a node: 3 nodes in use, 3 * 50 + 10 = 160. 159 is too little.
    HandCase(
        "memory decides the nodes in use",
        make_case(
            [job(2, memory_mib=250)],
            cores(4, nodes=3, memory_mib_per_node=100, idle_mw=50, core_mw=10), [at(0, 159), at(3, 160)],
        ),
        "0 submit 0, 3 start 0, 5 end 0", (797, 320, 477, 0, 0, 0, 320), [0, 3, 5],
    ),
    # §2.4, §2.6: IT 101, PUE 1.137: 114.8 -> 115. At 114: 114000 // 1137 = 100 < 101. At 115: 101.
    HandCase(
        "PUE is rounded up",
        make_case([job(power_mw=101)], cores(1), [at(0, 114, pue=1137), at(5, 115)]),
        "0 submit 0, 5 start 0, 15 end 0", (1720, 1150, 570, 0, 0, 0, 1150), [0, 5, 15],
    ),
    # §2.4: 2 jobs of 1 mW, PUE 1.5: 3 mW in all, not 2 + 2.
    HandCase(
        "PUE applies to the total",
        make_case([job(power_mw=1), job(power_mw=1)], cores(2), [at(0, 3, pue=1500)]),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 10 end 0, 10 end 1",
        (30, 30, 0, 0, 0, 0, 30), [0, 10],
    ),
    # §2.7: a job on one of 4 nodes: 150. Unused ones sleep at 10. 0-5: 175: two lit, 170;
    # 5-8: 150: none; 8-10: 200: three, 180. The job is never shed for them.
    HandCase(
        "unused nodes go dark before any job",
        make_case(
            [job(10)], cores(1, nodes=4, idle_mw=50, sleep_mw=10), [at(0, 175), at(5, 150), at(8, 200)]
        ),
        "0 submit 0, 0 start 0, 10 end 0", (1725, 1660, 65, 0, 0, 0, 1660), [0, 5, 8, 10],
    ),
    # §2.7: file order. p0: a node that stays on at 30; p1: two nodes, 20 each. Supply 60.
    # 0-10: 30 + 20 = 50, one node dark. 10-14: job 5 + its node 20, p0 30 = 55, the other one dark.
    HandCase(
        "nodes are lit in file order",
        make_case(
            [job(4, submit_s=10, partition="p1", power_mw=5)],
            (cores(1, name="p0", idle_mw=30, idle_nodes="on"),
             cores(1, name="p1", nodes=2, idle_mw=20, sleep_mw=20)),
            [at(0, 60)], begin_s=0,
        ),
        "10 submit 0, 10 start 0, 14 end 0", (840, 720, 120, 0, 0, 0, 720), [0, 10, 14],
    ),
]  # fmt: skip

BATTERY_CASES = [
    # §9.1, §7.4: 100 + 60 mW. 0-10 supply; from 10 the battery: 1000 // 160 = 6 s, empty at 16 with 40 mJ.
    # Capacity 40: shed 1 (same start, higher), then 0. Dawn at 30: 84 s left of both: 114.
    HandCase(
        "an islanded night",
        make_case(
            [job(100, power_mw=100), job(100, power_mw=60)], cores(2), [at(0, 160), at(10, 0), at(30, 160)],
            battery=battery(1000), min_battery_s=1,
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 16 shed 1, 16 shed 0, 30 resume 0, 30 resume 1,"
        "114 end 0, 114 end 1",
        (15_040, 15_040, 0, 0, 960, 0, 16_000), [0, 10, 16, 30, 114], more={"content": 40_000},
    ),
    # §2.5: 30 + 100 mW on 1000 mJ: 7 s, 90 mJ left; shed job 1, 30 mW goes on for 3 s; then 0 is left.
    HandCase(
        "the rest of the battery serves what fits",
        make_case(
            [job(100, power_mw=30), job(100, power_mw=100)], cores(2), [at(0, 0)],
            battery=battery(1000), min_battery_s=1,
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 7 shed 1, 10 shed 0",
        (0, 0, 0, 0, 1000, 0, 1000), [0, 7, 10], "stalled", more={"content": 0},
    ),
    # §3.2: the job ends at the battery's empty instant, 10.
    HandCase(
        "empty and ended at once",
        make_case([job(10)], cores(1), [at(0, 0)], battery=battery(1000), min_battery_s=10),
        "0 submit 0, 0 start 0, 10 end 0", (0, 0, 0, 0, 1000, 0, 1000), [0, 10], more={"content": 0},
    ),
    # §2.6, §9.8: 600 mJ for 60 s is 10 mW: job 0 (100) cannot start, job 1 (10) can, to the last mJ.
    HandCase(
        "min_battery_s holds back a start, not a run",
        make_case(
            [job(5, power_mw=100), job(60, power_mw=10)], cores(2), [at(0, 0)], battery=battery(600)
        ),
        "0 submit 0, 0 submit 1, 0 start 1, 60 end 1",
        (0, 0, 0, 0, 600, 0, 600), [0, 60], "stalled", more={"content": 0},
    ),
    # §2.6: at the new draw. 10 s: t=0: 50 + 100 >= 100. t=5: content 750, 50 + 75 < 160. t=8: content 600,
    # 50 + 60 >= 60. job 0: 0-8 leaning 50; job 1: 8-18 leaning 10.
    HandCase(
        "a second start needs the battery for both",
        make_case(
            [job(8, power_mw=100), job(10, power_mw=60, submit_s=5)], cores(2), [at(0, 50)],
            battery=battery(1000), min_battery_s=10,
        ),
        "0 submit 0, 0 start 0, 5 submit 1, 8 end 0, 8 start 1, 18 end 1",
        (900, 900, 0, 0, 500, 0, 1400), [0, 5, 8, 18], more={"content": 500_000},
    ),
    # §2.5 grid first: 50 + 60 + min(100, 10^6 // (1250 * 10) = 80) = 190 >= 150. Battery gives 40 x 1.25.
    # Cost 600 mJ x 10^9 / 3.6*10^9 = 166.67 -> 166; carbon 600 x 10^7 / 3.6*10^9 = 1.67 -> 1.
    HandCase(
        "grid first",
        make_case(
            [job(10, power_mw=150)], cores(1), [at(0, 50, grid=60, price=10**9, carbon=10**7)],
            battery=battery(1000, 100, discharge_efficiency=0.8), min_battery_s=10, grid_first=True,
        ),
        "0 submit 0, 0 start 0, 10 end 0", (500, 500, 0, 0, 400, 600, 1500), [0, 10],
        more={"content": 500_000, "cost_u": 166, "carbon_ukg": 1},
    ),
    # §2.5 battery first, the same job. min 8 s: C = 10^6 // 10^4 = 100 = L: 50 + 100 + 60 >= 150. The battery
    # gives all 100 at 125 a second: empty at 8. Then 50 + max(60, 0) = 110 < 150: shed.
    # 8-28: the 50 charge it, full at 8 + 10^6 // 50000 = 28: resumed, 2 s left, 2 * 125000 out of 10^6.
    HandCase(
        "battery first",
        make_case(
            [job(10, power_mw=150)], cores(1), [at(0, 50, grid=60)],
            battery=battery(1000, 100, discharge_efficiency=0.8), min_battery_s=8,
        ),
        "0 submit 0, 0 start 0, 8 shed 0, 28 resume 0, 30 end 0",
        (1500, 500, 0, 1000, 1000, 0, 1500), [0, 8, 28, 30], more={"content": 750_000},
    ),
    # §2.5 battery first, the same job, min 9 s: C = 88 < L: 50 + max(60, 88) = 138 < 150. It never starts.
    HandCase(
        "battery and grid do not add up when the battery cannot give its limit",
        make_case(
            [job(10, power_mw=150)], cores(1), [at(0, 50, grid=60)],
            battery=battery(1000, 100, discharge_efficiency=0.8), min_battery_s=9,
        ),
        "0 submit 0", (0,) * 7, [0], "stalled", more={"decisions": 0},
    ),
    # §2.5: 30 mJ held, L 100, grid 80, draw 80. The battery's share would be 80 > 30: it gives nothing.
    HandCase(
        "a battery that cannot give its share gives nothing",
        make_case(
            [job(10, power_mw=80)], cores(1), [at(0, 0, grid=80)],
            battery=battery(120, 100, share=0.25), min_battery_s=1,
        ),
        "0 submit 0, 0 start 0, 10 end 0", (0, 0, 0, 0, 0, 800, 800), [0, 10], more={"content": 30_000},
    ),
    # §2.5 grid first: 80 + min(100, 30) = 110 for one second; then 80 < 110: shed.
    HandCase(
        "one second of battery on top of the grid",
        make_case(
            [job(10, power_mw=110)], cores(1), [at(0, 0, grid=80)],
            battery=battery(120, 100, share=0.25), min_battery_s=1, grid_first=True,
        ),
        "0 submit 0, 0 start 0, 1 shed 0", (0, 0, 0, 0, 30, 80, 110), [0, 1], "stalled",
    ),
    # §7.2, §7.4: 30 mW x 0.9 = 27000 a second: full at 10^6 // 27000 = 37 with 999000; then P = 0.
    # 50-55 a job of 99: surplus 1, 900 a second: fits once, full at 51 with 999900.
    # charged 30*37 + 1; curtailed 70*37 + 100*13 + 0 + 1*4.
    HandCase(
        "full for a large power, not for a small one",
        make_case(
            [job(5, submit_s=50, power_mw=99)], cores(1), [at(0, 100)], begin_s=0,
            battery=battery(1000, 1000, 0.0, charge=30, charge_efficiency=0.9),
        ),
        "50 submit 0, 50 start 0, 55 end 0", (5500, 495, 3894, 1111, 0, 0, 495), [0, 37, 50, 51, 55],
        more={"content": 999_900},
    ),
    # §7.5: 100 mW for 18 s twice at 10^6: 0.5 + 0.5 = 1, not 0 + 0. Carbon 0 + 0.5 -> 0.
    HandCase(
        "the remainder of the cost is carried",
        make_case([job(36)], cores(1), [at(0, 0, grid=100, price=10**6), at(18, 0, carbon=10**6)]),
        "0 submit 0, 0 start 0, 36 end 0", (0, 0, 0, 0, 0, 3600, 3600), [0, 18, 36],
        more={"cost_u": 1, "carbon_ukg": 0},
    ),
    # §7.5: -0.5 is rounded down to -1.
    HandCase(
        "a negative price is rounded down",
        make_case([job(18)], cores(1), [at(0, 0, grid=100, price=-(10**6))]),
        "0 submit 0, 0 start 0, 18 end 0", (0, 0, 0, 0, 0, 1800, 1800), [0, 18], more={"cost_u": -1},
    ),
    # §7.2a: price 5 is cheap (10), 50 is not. 0-10: grid 40 for the job + 60 into the battery (limit 60);
    # 10-20: the battery gives 40. 600 mJ in, 400 out.
    HandCase(
        "cheap hours charge the battery and spare it",
        make_case(
            [job(20, power_mw=40)], cores(1), [at(0, 0, grid=100, price=5), at(10, 0, price=50)],
            battery=battery(1000, 100, 0.0, charge=60), grid_charge="price", grid_charge_below_u=10,
        ),
        "0 submit 0, 0 start 0, 20 end 0", (0, 0, 0, 600, 400, 1000, 800), [0, 10, 20],
        more={"content": 200_000},
    ),
    # §7.2a, §7.2: 150 of supply, job 100: surplus 50 of the 80 limit, 30 bought; clean all the time.
    # 80 a second into 800: full at 10, then all surplus is curtailed and nothing is bought.
    HandCase(
        "surplus comes before bought power",
        make_case(
            [job(15)], cores(1), [at(0, 150, grid=100, carbon=3)],
            battery=battery(800, 100, 0.0, charge=80), grid_charge="carbon", grid_charge_below_u=3,
        ),
        "0 submit 0, 0 start 0, 15 end 0", (2250, 1500, 250, 800, 0, 300, 1500), [0, 10, 15],
        more={"content": 800_000},
    ),
    # §7.4a: 100 mJ lose 2 a second: empty at 50. Nothing is left for the job at 60: the grid serves it.
    HandCase(
        "a battery that leaks",
        make_case(
            [job(10, submit_s=60)], cores(1), [at(0, 0, grid=100)], begin_s=0,
            battery=battery(100, 1000, 1.0, self_discharge_mw=2),
        ),
        "60 submit 0, 60 start 0, 70 end 0", (0, 0, 0, 0, 0, 1000, 1000), [0, 50, 60, 70],
        more={"content": 0},
    ),
    # §5.2a, §5.6: two 1-core nodes that take 5 s to wake. 0: 0-5 wake, ends 15; 1: 3-8 wake, ends 18;
    # 2 at 16: again a second node, 16-21 wake, ends 31. 100 mW each all the time; 15 s of waking.
    HandCase(
        "sleeping nodes take time to wake",
        make_case([job(), job(submit_s=3), job(submit_s=16)], cores(1, nodes=2, wake_s=5), [at(0, 1000)]),
        "0 submit 0, 0 start 0, 3 submit 1, 3 start 1, 15 end 0, 16 submit 2, 16 start 2, 18 end 1, 31 end 2",
        (31_000, 4500, 26_500, 0, 0, 0, 4500), [0, 3, 15, 16, 18, 31], more={"wasted_mj": 1500},
    ),
]  # fmt: skip
