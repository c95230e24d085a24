"""Tiny cases worked out by hand from rare/RULES.md, as data: what happens, when, and the energies.

Powers in mW, times in s, energies in mJ, battery content in mJ/1000. A machine is a row of cores of
100 mW without idle power unless a case says otherwise; inputs start as an island (grid 0).
ENERGY order: available, used, curtailed, charged, discharged, grid, draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rare.model import Battery, Case, Partition
from tests.builders import make_case
from tests.reference import WAIT, fcfs, greedy, wait

ENERGY = ("available", "used", "curtailed", "charged", "discharged", "grid", "draw")


@dataclass(frozen=True)
class HandCase:
    """One case and what the rules make of it. `more` names further fields of the result."""

    name: str
    case: Case
    events: str  # "time event job, ..."
    energy: tuple[int, ...]
    instants: list[int]
    ended: str = "completed"
    choose: Callable[[Any], int] = greedy
    victim: Callable[[Any], int] | None = None
    more: dict[str, Any] = field(default_factory=dict)
    script: dict[int, tuple[int, ...]] | None = None  # answers by instant instead of `choose`

    @property
    def expected_events(self) -> list[tuple[int, str, int]]:
        """The event log as tuples."""
        split = (entry.split() for entry in self.events.split(",") if entry.strip())
        return [(int(time_s), name, int(job)) for time_s, name, job in split]

    @property
    def chooser(self) -> Callable[[Any], int]:
        """`choose`, or a fresh one that follows the script."""
        return self.choose if self.script is None else scripted(self.script)


def scripted(answers: dict[int, tuple[int, ...]]) -> Callable[[Any], int]:
    """A chooser that gives these answers at these instants, in order, and else waits."""
    left = {now_s: list(jobs) for now_s, jobs in answers.items()}

    def choose(view: Any) -> int:
        queue = left.get(view.now_s)
        return queue.pop(0) if queue else WAIT

    return choose


def cores(count: int, **others: Any) -> Partition:
    """One node of so many cores, 100 mW each, no idle power."""
    return Partition(**{"nodes": 1, "cores_per_node": count, "core_mw": 100, **others})


def battery(capacity: int, limit: int = 1000, share: float = 1.0, **others: Any) -> Battery:
    """Without losses, unless told."""
    losses = {"charge_efficiency": 1.0, "discharge_efficiency": 1.0, **others}
    charge = losses.pop("charge", limit)
    return Battery(capacity, charge, limit, initial_share=share, **losses)


def at(t: int, supply: int, **others: int) -> dict[str, int]:
    """A row of inputs."""
    return {"t": t, "supply": supply, **others}


def job(work_s: int = 10, **others: Any) -> dict[str, Any]:
    """A job of one core."""
    return {"work_s": work_s, **others}


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
    # job 0: 0-5, 20-25.  job 1: 5-8.  used 500 + 150 + 500; available 500 + 60*15 + 500.
    HandCase(
        "a shortage at the instant of an arrival",
        make_case(
            [job(10), job(3, submit_s=5, power_mw=50)], cores(2), [at(0, 100), at(5, 60), at(20, 100)]
        ),
        "0 submit 0, 0 start 0, 5 submit 1, 5 shed 0, 5 start 1, 8 end 1, 20 resume 0, 25 end 0",
        (1900, 1150, 750, 0, 0, 0, 1150), [0, 5, 8, 20, 25], more={"decisions": 3},
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
        (1300, 1300, 0, 0, 0, 0, 1300), [0, 1, 5, 10, 16, 18], choose=fcfs,
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
]  # fmt: skip

HAND_CASES = [*ORDER_CASES, *CLUSTER_CASES, *BATTERY_CASES, *JOB_CASES]
