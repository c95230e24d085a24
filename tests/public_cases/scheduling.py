"""Starts of jobs on one machine without a limit of power, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import rare
from schedulers import make_scheduler
from tests.builders import make_case
from tests.public_cases.registry import case

AREA = "scheduling"
GRID = [{"t": 0, "grid": rare.UNLIMITED_MW}]
Row = tuple[int, int, int, int]  # submit_s, cores, work_s, estimate_s


def ran(scheduler: str, processors: int, *rows: Row, clock: str = "compiled", **options: Any) -> rare.Result:
    """The run of these jobs; their ids count from 1 in this order."""
    names = ("submit_s", "cores", "work_s", "estimate_s")
    jobs = [dict(zip(names, row, strict=True)) for row in rows]
    machine = rare.Partition(nodes=processors, cores_per_node=1, core_mw=1000)
    return rare.simulate(make_case(jobs, machine, GRID, **options), make_scheduler(scheduler), clock=clock)


def starts(scheduler: str, processors: int, *rows: Row, clock: str = "compiled", **options: Any) -> list[int]:
    """First start of each job, in the order of its rows; -1: never."""
    result = ran(scheduler, processors, *rows, clock=clock, **options)
    return [int(s) for _, s in sorted(zip(result.case.workload.job_id, result.jobs["start_s"], strict=True))]


ENDS_AT_ONCE = ((0, 3, 10, 10), (1, 6, 20, 20), (2, 2, 0, 60), (2, 2, 100, 100))
OWN = "RULES 4.5, 10.4a; a trace of the archive shows it"


@case(AREA, [0, 10, 2, 2], "job 3 has ended inside its start, so the 2 spare processors are job 4's", OWN)
def a_zero_length_job_gives_back_the_spare_processors_of_easy() -> Any:
    return starts("easy", 8, *ENDS_AT_ONCE)


@case(AREA, [0, 10, 2, 2], "6 + 2 processors from 10 on: job 4 delays nobody", OWN)
def a_zero_length_job_holds_nothing_under_conservative() -> Any:
    return starts("conservative", 8, *ENDS_AT_ONCE)


@case(AREA, [0, 10, 2, 2], "as under easy: the order by estimate is 2, 3, 4", OWN)
def a_zero_length_job_holds_nothing_under_sjf_and_easy() -> Any:
    return starts("sjf+easy", 8, *ENDS_AT_ONCE)


@case(AREA, [0, 10, 2, 2], "both clocks have one set of rules", OWN)
def a_zero_length_job_on_the_other_clock() -> Any:
    return starts("easy", 8, *ENDS_AT_ONCE, clock="simpy")


@case(AREA, [[0, 5], [5, 5], 2], "a task of run time 0 completes at its start", "WorkflowSim-1.0 #11")
def a_task_without_run_time_completes() -> Any:
    result = ran("fcfs", 1, (0, 1, 5, 5), (1, 1, 0, 1))
    return [
        result.jobs["start_s"].tolist(),
        result.jobs["end_s"].tolist(),
        int(result.metrics["jobs_completed"]),
    ]


@case(AREA, [0, 5, 5], "it needs a free processor for an instant, then gives it back", "cloudsimplus #156")
def a_task_without_run_time_waits_for_a_processor() -> Any:
    return starts("fcfs", 1, (0, 1, 5, 5), (1, 1, 0, 1), (2, 1, 3, 3))


@case(AREA, [[0, 4, 4]] * 3, "no division by an estimate of zero", "simso #11")
def orders_that_divide_by_the_estimate_live_with_zero() -> Any:
    rows = ((0, 1, 4, 4), (1, 1, 0, 0), (1, 1, 0, 0))
    return [starts(name, 1, *rows) for name in ("wfp3+easy", "unicef+easy", "f1+easy")]


@case(AREA, 140, "28 node-runs of 20 s fill 4 nodes seven times", "flux-sched #572")
def easy_fills_seven_waves() -> Any:
    return int(ran("easy", 4, *WAVES).metrics["makespan_s"])


@case(AREA, 160, "a strict queue needs the eighth wave of the report", "flux-sched #572")
def a_strict_queue_needs_eight_waves() -> Any:
    return int(ran("fcfs", 4, *WAVES).metrics["makespan_s"])


WAVES: tuple[Row, ...] = (
    (0, 4, 20, 4800), (0, 3, 20, 4800), (0, 3, 20, 4800), *[(0, 2, 20, 4800)] * 4,
    *[(0, 1, 20, 60 * minutes) for minutes in (70, 65, 60, 55, 50, 45, 40, 35, 30, 25)],
)  # fmt: skip


@case(AREA, [0, 10, 10], "the first that does not fit stops the queue", "openpbs PR 1044; flux-sched #183")
def strict_order_lets_nobody_pass() -> Any:
    return starts("fcfs", 4, (0, 3, 10, 10), (0, 2, 10, 10), (0, 1, 5, 5))


@case(AREA, [0, 12, 2], "no reservations: whoever fits starts", "flux-sched #224")
def depth_zero_backfills_without_reservations() -> Any:
    return starts("fcfs+greedy", 4, (0, 1, 10, 10), (1, 4, 10, 10), (2, 1, 10, 10))


@case(AREA, [0, 10, 20], "one second past the reservation, and no spare processor", "flux-sched #224")
def depth_one_reserves_for_the_head() -> Any:
    return starts("easy", 4, (0, 1, 10, 10), (1, 4, 10, 10), (2, 1, 9, 9))


@case(AREA, [0, 10, 2], "to end at the very second of the reservation delays nobody", "flux-sched #224")
def backfilling_may_end_at_the_reservation() -> Any:
    return starts("easy", 4, (0, 1, 10, 10), (1, 4, 10, 10), (2, 1, 8, 8))


DEEP = ((0, 2, 10, 10), (0, 3, 10, 10), (0, 4, 10, 10), (0, 1, 30, 30))


@case(AREA, [0, 10, 30, 0], "job 4 fits beside the head and may delay job 3", "flux-sched #224")
def easy_protects_the_head_alone() -> Any:
    return starts("easy", 4, *DEEP)


@case(AREA, [0, 10, 20, 30], "job 3 has a reservation too, from 20 to 30", "flux-sched #224 and #197")
def conservative_protects_every_job() -> Any:
    return starts("conservative", 4, *DEEP)


@case(AREA, [0, 10], "an early end moves the reservation up", "flux-sched #670")
def a_reservation_moves_up_when_a_job_ends_early() -> Any:
    return starts("conservative", 2, (0, 2, 10, 100), (0, 2, 10, 10))


BROKEN = ((0, 1, 30, 60), (1, 1, 30, 30), (2, 4, 30, 30), (3, 3, 10, 10))


@case(
    AREA, [0, 1, 31, 61], "replanned in queue order at 30, job 3 takes what job 4 was promised", "RULES 10.4"
)
def conservative_replans_in_queue_order() -> Any:
    return starts("conservative", 4, *BROKEN)


@case(AREA, [0, 1, 40, 30], "job 4 was promised 31 and has it at 30, job 3 was promised 60", "RULES 10.7")
def conservative_kept_starts_by_its_promises() -> Any:
    return starts("conservative=kept", 4, *BROKEN)


@case(AREA, [[-1, 0], 1], "what no machine can hold is rejected and stops nobody", "flux-sched PR 859 (#842)")
def a_job_larger_than_the_machine_blocks_nobody() -> Any:
    result = ran("easy", 4, (0, 8, 10, 10), (0, 4, 10, 10))
    return [result.jobs["start_s"].tolist(), int(result.metrics["jobs_rejected"])]


@case(AREA, [[0, 10], 1.0], "a processor is free from its end on, and never used twice", "batsim #14")
def an_end_and_a_submit_in_one_second_do_not_overlap() -> Any:
    result = ran("easy", 1, (0, 1, 10, 10), (10, 1, 5, 5))
    return [result.jobs["start_s"].tolist(), float(result.metrics["utilization"])]


@case(AREA, [[0, 0, 10], 2], "ends and submits of one second are settled before anyone decides", "batsim #67")
def ends_and_a_submit_in_one_second_are_one_instant() -> Any:
    result = ran("easy", 2, (0, 1, 10, 10), (0, 1, 10, 10), (10, 2, 10, 10))
    deciding = {int(event["time_s"]) for event in result.events if int(event["job"]) >= 0}
    return [result.jobs["start_s"].tolist(), len(deciding - {20})]


@case(AREA, [0, 10, 15], "equal estimates: by submit, then by the place in the file", "de_sim #51")
def ties_go_by_the_place_in_the_file() -> Any:
    return starts("sjf", 1, (0, 1, 10, 10), (1, 1, 5, 5), (1, 1, 5, 5))


@case(AREA, [0, 20], "without the option a job runs to its end, whatever it asked for", "batsim #4")
def a_job_outruns_its_estimate() -> Any:
    return starts("easy", 2, (0, 2, 20, 10), (1, 2, 5, 5))


@case(AREA, [[0, 10], 1], "with the option it ends, failed, at its estimate", "batsim #4")
def a_job_is_killed_at_its_estimate() -> Any:
    result = ran("easy", 2, (0, 2, 20, 10), (1, 2, 5, 5), kill_at_estimate=True)
    return [result.jobs["start_s"].tolist(), int(result.metrics["jobs_failed"])]


@case(
    AREA, [0, 100, 110], "the overdue job is expected to end now; 50 s more would delay the head", "batsim #4"
)
def an_overdue_job_does_not_unlock_backfilling() -> Any:
    return starts("easy", 4, (0, 3, 100, 10), (1, 4, 10, 10), (20, 1, 50, 50))


@case(AREA, [[100, 1100], 2], "the run goes on until the last job has ended", "usim #72")
def the_run_lasts_until_the_last_end() -> Any:
    result = ran("fcfs", 1, (0, 1, 100, 60), (0, 1, 1000, 60))
    return [result.jobs["end_s"].tolist(), int(result.metrics["jobs_completed"])]


@case(AREA, 1.0, "max(1, 6 s / max(1 s, 10 s)) is 1", "Feitelson's bounded slowdown, threshold 10 s")
def a_bounded_slowdown_is_never_below_one() -> Any:
    return float(ran("fcfs", 1, (0, 1, 6, 6), (1, 1, 1, 1)).metrics["mean_bounded_slowdown"])


@case(AREA, [1000, 1160, 1010], "160 = 80 sqrt(4) is above 150 = 150 sqrt(1)", "Carastan-Santos 2017, F4")
def f4_weighs_the_run_time_with_the_root_of_the_size() -> Any:
    return starts("f4", 4, (1000, 4, 10, 10), (1001, 4, 80, 80), (1001, 1, 150, 150))


@case(AREA, [0, 1], "it came and failed at 10, the second of the end", "own: a random case; RULES 5.5, 8.1")
def who_failed_in_the_last_second_had_arrived() -> Any:
    jobs = [{"work_s": 10}, {"work_s": 5, "estimate_s": 0, "submit_s": 10}]
    machine = rare.Partition(nodes=2, core_mw=1000)
    one = make_case(jobs, machine, [{"t": 0, "supply": 1000}], kill_at_estimate=True)
    found = rare.simulate(one, make_scheduler("fcfs")).metrics
    return [int(found["jobs_not_arrived"]), int(found["jobs_failed"])]


@case(AREA, [6, "completed"], "every scheduler lives through the last day of a series", "own: random cases")
def a_forecast_may_reach_beyond_the_end_of_the_supply() -> Any:
    hour_s, issues, steps = 3600, 6, 24
    jobs = [
        {"submit_s": k * hour_s, "work_s": 1800, "value_u": 10**6, "deadline_s": (k + 2) * hour_s}
        for k in range(6)
    ]
    table = np.full((issues, steps), 10_000, np.int64)
    none = np.zeros_like(table)
    forecast = rare.model.Forecast("flat", 0, hour_s, hour_s, table, table, table, none, none)
    machine = rare.Partition(nodes=4, core_mw=2000)
    one = make_case(jobs, machine, [{"t": 0, "supply": 10_000}], end_s=issues * hour_s, battery=BATTERY)
    lookahead = make_scheduler("lookahead=hvf+greedy+budget=60+samples=3+horizon=48")
    result = rare.simulate(replace(one, forecast=forecast), lookahead)
    return [int(result.metrics["jobs_completed"]), result.ended]


BATTERY = rare.Battery(capacity_mj=10**7, charge_limit_mw=10_000, discharge_limit_mw=10_000)
