"""conservative=kept: a promised start never moves later (RULES §10.7)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

import rare
from rare.clocks.simpy_clock import SimpyClock
from rare.model import NEVER_S, NO_BATTERY, Inputs, constant_inputs
from rare.rules.backfill.promises import promised_s
from rare.state.arrays import FREE, RUNNING
from schedulers import make_scheduler
from tests.builders import make_case, random_case
from tests.rare.twins import history
from tests.schedulers.heuristics.test_backfill import GRID
from tests.schedulers.heuristics.test_gates import HOUR, forecast_of, hourly, starts_h

MACHINE = rare.Partition(nodes=4)


def promises_of(case, name):
    """Each job's promises, instant by instant, and the final world."""
    clock = SimpyClock.of(case, make_scheduler(name))
    seen = {k: [] for k in range(len(case.workload))}
    while True:
        time_s = clock.env.peek()
        if time_s == float("inf") or not clock.step_until(time_s):
            return seen, clock.run()
        for slot, live in enumerate(clock.world.live[0]):
            if live.doing not in (FREE, RUNNING):
                seen[int(live.job)].append(int(promised_s(clock.world.handles[0], slot)))


# 4 cores. Job 0 is expected until 60 and ends at 30; job 1 ends at 31. Job 2 needs all cores: promised 60.
# Job 3 (3 cores, 10 s) fits before it: promised 31. At 30 three cores are free. Replanned in queue order, job
# 2 gets 31, so job 3 has to wait until 61; in the order of the promises job 3 starts at 30, job 2 at 40.
EARLY_END = [
    {"submit_s": 0, "cores": 1, "work_s": 30, "estimate_s": 60},
    {"submit_s": 1, "cores": 1, "work_s": 30},
    {"submit_s": 2, "cores": 4, "work_s": 30},
    {"submit_s": 3, "cores": 3, "work_s": 10},
]


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize(
    ("name", "expected"), [("conservative", [0, 1, 31, 61]), ("conservative=kept", [0, 1, 40, 30])]
)
def test_replanning_in_queue_order_breaks_a_promise_and_kept_does_not(name, expected, clock):
    result = rare.simulate(make_case(EARLY_END, MACHINE, GRID), make_scheduler(name), clock=clock)
    assert result.jobs["start_s"].tolist() == expected


def test_promises_are_made_on_arrival_though_nobody_can_start():
    seen, _ = promises_of(make_case(EARLY_END, MACHINE, GRID), "conservative=kept")
    assert (seen[2][0], seen[3][0]) == (60, 31)
    assert seen[2][-1] == 40  # moved up when job 0 ended early


def without_overruns_and_limits(rng: random.Random):
    """A random case with power for everybody, in which no job runs longer than its estimate."""
    case = random_case(rng)
    work = case.workload
    longer = replace(
        work, estimate_s=work.work_s + [rng.choice((0, 0, 5, 50, 200)) for _ in range(len(work))]
    )
    inputs: Inputs = constant_inputs()
    return replace(case, workload=longer, inputs=inputs, battery=NO_BATTERY, begin_s=None, end_s=None)


def keeps_every_promise(seed: int, order: str) -> None:
    case = without_overruns_and_limits(random.Random(seed))
    seen, world = promises_of(case, f"{order}+conservative=kept")
    starts = world.outcome[0].start_s.tolist()
    for job, promises in seen.items():
        context = f"seed {seed}, {order}, job {job}: {promises}"
        assert promises == sorted(promises, reverse=True), context
        assert not promises or starts[job] <= promises[-1] < NEVER_S, context


@pytest.mark.parametrize("order", ["fcfs", "sjf", "ljf", "wfp3"])
def test_without_overruns_and_power_limits_every_promise_is_kept(order):
    for seed in range(60):
        keeps_every_promise(seed, order)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["fcfs", "sjf", "ljf", "wfp3"])
def test_two_thousand_cases_keep_every_promise(order):
    for seed in range(1000, 1500):
        keeps_every_promise(seed, order)


def test_further_instants_change_no_start():
    """Ticks wake the cluster at other seconds: promises are made and moved all the same (RULES §3.8)."""
    for seed in range(120):
        case = replace(random_case(random.Random(seed)), inputs=constant_inputs(), battery=NO_BATTERY)
        starts = []
        for tick_s in (None, 7):
            ticked = replace(case, options=replace(case.options, tick_s=tick_s))
            result = rare.simulate(ticked, make_scheduler("conservative=kept"))
            starts.append(result.jobs["start_s"].tolist())
        assert starts[0] == starts[1], f"seed {seed}"


# Job 0 runs 40 s past its estimate. Jobs 1 (promised 10), 2 (20) and 3 (30) all need the whole machine.
LATE_END = [
    {"submit_s": 0, "cores": 4, "work_s": 50, "estimate_s": 10},
    {"submit_s": 1, "cores": 4, "work_s": 10},
    {"submit_s": 2, "cores": 4, "work_s": 10},
    {"submit_s": 15, "cores": 4, "work_s": 5},
]


def test_a_promise_that_cannot_be_kept_keeps_its_turn():
    case = make_case(LATE_END, MACHINE, GRID)
    for name in ("conservative=kept", "sjf+conservative=kept"):
        result = rare.simulate(case, make_scheduler(name))
        # by the order sjf alone job 3 would be the first at 50
        assert result.jobs["start_s"].tolist() == [0, 50, 60, 70], name


def test_a_shortage_breaks_a_promise_and_the_job_still_goes_first():
    # Two 1-core jobs run until 10; job 2 (20 W) is promised 10. From 5 to 30 s there are 10 W only: job 1 is
    # shed, and comes back behind job 2, which has a promise.
    jobs = [
        {"submit_s": 0, "work_s": 10, "power_mw": 10_000},
        {"submit_s": 0, "work_s": 10, "power_mw": 10_000},
        {"submit_s": 1, "work_s": 10, "power_mw": 20_000, "cores": 2},
    ]
    rows = [{"t": 0, "supply": 20_000}, {"t": 5, "supply": 0}, {"t": 30, "supply": 20_000}]
    case = make_case(jobs, rare.Partition(nodes=2, core_mw=0), rows)
    events = history(case, make_scheduler("conservative=kept"), "compiled")["events"]
    assert [event for event in events if event[0] >= 30][0] == (30, "start", 2)
    plain = history(case, make_scheduler("conservative"), "compiled")["events"]
    assert [event for event in plain if event[0] >= 30][0] == (30, "resume", 0)


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_the_first_promises_are_made_before_the_scheduler_is_first_asked(clock):
    # No power until 3 h, as forecast: nobody is asked before. Job 0 (2 h) is promised 3 h as it comes;
    # job 1 (1 h), which sjf would put first, comes at 1 h and is promised what is left.
    dark = [0] * 3 + [40_000] * 8
    jobs = [
        {"work_s": 2 * HOUR, "power_mw": 10_000, "cores": 4},
        {"submit_s": HOUR, "work_s": HOUR, "power_mw": 10_000, "cores": 4},
    ]
    start = starts_h(jobs, "sjf+conservative=kept", clock, hourly(dark), forecast_of(dark))
    assert start == [3, 5]
    assert starts_h(jobs, "sjf+conservative", clock, hourly(dark), forecast_of(dark)) == [4, 3]


@pytest.mark.parametrize(
    "name", ["conservative=kept", "fcfs+conservative=kept", "atc=0.5+conservative=kept+green+slackest"]
)
def test_names_parse(name):
    scheduler = make_scheduler(name)
    assert (scheduler.name, scheduler.backfill) == (name, "conservative=kept")
    assert make_scheduler(f"lookahead={name}").base.backfill == "conservative=kept"


@pytest.mark.parametrize("name", ["conservative=keep", "sjf+conservative=", "fcfs+conservative=kept=2"])
def test_other_kinds_of_conservative_are_unknown(name):
    from traces.errors import InputError

    with pytest.raises(InputError, match="write conservative or conservative=kept"):
        make_scheduler(name)
