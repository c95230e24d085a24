"""The account of each job: worked out by hand, and sums of random runs against the totals of the rules."""

import itertools
import math
import random
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import rare
from rare.accounts.account_tables import job_rows
from rare.accounts.grid_response import JobTimes
from rare.accounts.job_accounts import JobAccounts
from rare.clocks.compiled_clock import CompiledClock
from rare.model import Battery, Partition
from rare.schedule import CHANGES, CLOSES, OPENS, energy_uj, run_energy_uj, stretches
from rare.scheduler import as_decider, keep_queue
from rare.world import build_jobs, build_world
from schedulers import make_scheduler
from tests.builders import make_case, random_case, random_power_case
from tests.rare.accounts.eventful_runs import Anything, eventful_case
from tests.rare.twins import Erratic
from traces.errors import InputError

KWH = 3_600_000_000  # mJ
NODES = Partition("main", nodes=2, cores_per_node=2, idle_mw=60_000_000, core_mw=60_000_000)
JOBS = [{"cores": 2, "work_s": 60}, {"cores": 1, "work_s": 120}]


def accounts_of(case, scheduler="fcfs"):
    return JobAccounts.of(rare.simulate(case, make_scheduler(scheduler)))


def test_a_shared_stretch_and_one_alone():
    # 60 s: job 1 counts 120 kW + 60 kW of its node, job 2 60 kW + 30 kW of half a node; they draw 300 kW on
    # two nodes, of which 240 kW come from the sun. Then 60 s of job 2 alone on one node: 120 kW of sun.
    rows = [{"t": 0, "supply": 240_000_000, "grid": 10**9, "price": 300_000, "carbon": 600_000}]
    accounts = accounts_of(make_case(JOBS, NODES, rows))
    assert [tuple(row) for row in job_rows(accounts)] == [
        (300 * KWH // 90, 240 * KWH // 90, 0, 60 * KWH // 90, 200_000, 400_000),
        (150 * KWH // 90 + 2 * KWH, 120 * KWH // 90 + 2 * KWH, 0, 30 * KWH // 90, 100_000, 200_000),
    ]
    assert accounts.unused.draw_mj == 0
    first, second = job_rows(accounts)
    assert accounts.renewable_share(first) == pytest.approx(0.8)
    assert accounts.renewable_share(second) == pytest.approx((120 / 90 + 2) / (150 / 90 + 2))


def test_lit_unused_nodes_and_the_pue_are_shared_and_what_nobody_runs_under_is_apart():
    node = Partition("main", nodes=3, cores_per_node=1, idle_mw=100, core_mw=100, idle_nodes="on")
    rows = [{"t": 0, "grid": 10**6, "pue": 1500}]
    late = [{"work_s": 10}, {"work_s": 10, "submit_s": 30}]
    accounts = accounts_of(make_case(late, node, rows))
    # alone: 100 mW active and three nodes of 100 mW, x 1.5; between the jobs three nodes x 1.5
    assert accounts.draw_mj.tolist() == [6000, 6000]
    assert accounts.unused.draw_mj == 450 * 20


def test_energy_given_by_a_battery_bears_what_its_charging_cost():
    # 100 s: the battery is charged with 2 kW from the grid, at 0.1 a kWh. Then the price is high and the job
    # draws 1 kW from it for 50 s. Lossless: a fourth of what was bought is used up, the rest stays.
    node = Partition("main", nodes=1, cores_per_node=1, core_mw=10**6)
    rows = [
        {"t": 0, "grid": 2 * 10**6, "price": 100_000, "carbon": 400_000},
        {"t": 100, "price": 900_000},
    ]
    case = make_case(
        [{"work_s": 50, "submit_s": 100}],
        node,
        rows,
        begin_s=0,
        battery=Battery(
            10**9, 2 * 10**6, 2 * 10**6, charge_efficiency=1.0, discharge_efficiency=1.0, initial_share=0.0
        ),
        grid_charge="price",
        grid_charge_below_u=100_000,
    )
    accounts = accounts_of(case)
    assert (accounts.charged_mj, accounts.grid_charged_mj) == (2 * 10**8, 2 * 10**8)
    (job,) = job_rows(accounts)
    bought_u, emitted_u = 2 * 10**8 * 100_000 // KWH, 2 * 10**8 * 400_000 // KWH  # 5,555 and 22,222
    assert tuple(job) == (5 * 10**7, 0, 5 * 10**7, 0, bought_u // 4, emitted_u // 4)
    assert accounts.renewable_share(job) == 0.0
    stored = accounts.stored
    assert (stored.draw_mj, stored.grid_mj) == (0, 2 * 10**8)
    assert (stored.cost_u + job.cost_u, stored.emitted_u + job.emitted_u) == (bought_u, emitted_u)


def test_a_job_of_no_work_has_an_empty_account():
    jobs = [{"work_s": 0}, {"work_s": 10}]
    accounts = accounts_of(make_case(jobs, NODES, [{"t": 0, "grid": 10**9}]))
    assert accounts.draw_mj.tolist() == [0, 120_000_000 * 10]


def run_of(case, scheduler):
    """The state at the end of a run, and the run as accounts take it."""
    decider = as_decider(scheduler, case)
    world = build_world(case)
    keep_queue(world, 0, decider)
    clock = CompiledClock(world, decider, case.workload.job_id)
    world = clock.run()
    state = world.env[0]
    power = clock.recorder.power_until(int(state.now_s), int(state.content))
    run = SimpleNamespace(
        case=case, scheduler="", jobs=world.outcome[0], events=clock.recorder.events, power=power
    )
    return state, run


def check_sums(case, scheduler, seed):
    state, run = run_of(case, scheduler)
    accounts = JobAccounts.of(run)
    rows = [*job_rows(accounts), accounts.unused, accounts.stored]
    sums = [sum(column) for column in zip(*rows, strict=True)]
    names = ("draw_mj", "used_mj", "discharged_mj", "grid_mj", "cost_u", "emitted_u")
    assert sums == [int(state[name]) for name in names], f"seed {seed}"
    assert (accounts.charged_mj, accounts.grid_charged_mj) == (state.charged_mj, state.grid_charged_mj)
    assert np.array([row[:4] for row in rows]).min() >= 0 and min(accounts.emitted_u, default=0) >= 0
    return state, run, accounts


def plain_run(seed):
    rng = random.Random(seed)
    case = random_power_case(rng) if seed % 3 == 0 else random_case(rng)
    return check_sums(case, Erratic(seed) if seed % 2 else make_scheduler("sjf+easy"), seed)[2]


def eventful_run(seed):
    """Levels, grid events, outages and cancellations: sums, own energy below the draw, and late jobs."""
    state, run, _ = check_sums(eventful_case(random.Random(seed)), Anything(seed), seed)
    assert JobTimes.of(run).late.sum() == state.violations, f"seed {seed}"
    cut = stretches(run.events, int(run.power["time_s"][-1]))
    own_uj, whole_uj = energy_uj(run.case, cut), run_energy_uj(run.power["time_s"], run.power["draw_mw"])
    assert 0 <= own_uj.sum() <= whole_uj, f"seed {seed}"
    return state


def exact_accounts(run):
    """(J,) used, discharged, grid energy, cost x kWh as fractions: RULES §13.2 read again, step by step."""
    case, jobs, inputs = run.case, build_jobs(run.case), run.case.inputs
    power, events = run.power, run.events[np.isin(run.events["event"], (*OPENS, *CHANGES, *CLOSES))]
    times = sorted({*power["time_s"].tolist(), *events["time_s"].tolist(), *inputs.change_s.tolist()})
    times = [time_s for time_s in times if power["time_s"][0] <= time_s <= power["time_s"][-1]]
    parts = [[Fraction(0)] * 4 for _ in range(len(jobs))]
    running, place = {}, 0
    for from_s, to_s in itertools.pairwise(times):
        while place < len(events) and events["time_s"][place] <= from_s:
            job, kind, level = (int(events[name][place]) for name in ("job", "event", "level"))
            running.pop(job, None)
            if kind not in CLOSES:
                running[job] = weight_mw(case, jobs[job], level)
            place += 1
        row = power[np.flatnonzero(power["time_s"] <= from_s)[-1]]
        used = min(int(row["supply_mw"]), int(row["draw_mw"]))
        discharged = max(-int(row["battery_mw"]), 0)
        grid = int(row["draw_mw"]) - used - discharged
        price_u = int(inputs.price_u_per_kwh[np.flatnonzero(inputs.change_s <= from_s)[-1]])
        for job, weight in running.items():
            share = Fraction(weight * (to_s - from_s), sum(running.values()) or 1)
            for k, flow in enumerate((used, discharged, grid, grid * price_u)):
                parts[job][k] += flow * share
    return parts


def weight_mw(case, job, level):
    """Active power at the level, and the idle power of the part of a node that the job fills most."""
    part = case.cluster.partitions[int(job["part"])]
    share = ([1000] + [speed.power_per_mille for speed in part.speeds])[level]
    sizes = (part.cores_per_node, part.gpus_per_node * 1000, part.memory_mib_per_node or 0)
    filled = [
        Fraction(int(job[name]), size)
        for name, size in zip(("cores", "gpus_milli", "memory_mib"), sizes, strict=True)
        if size
    ]
    return math.ceil(Fraction(int(job["power_mw"]) * share, 1000)) + math.ceil(max(filled) * part.idle_mw)


@pytest.mark.parametrize("seed", range(12))
def test_each_part_is_the_exact_fraction_to_one_unit(seed):
    _, run = run_of(eventful_case(random.Random(seed)), Anything(seed))
    accounts = JobAccounts.of(run)
    bears_charging = bool(accounts.stored.grid_mj)
    for job, parts in enumerate(exact_accounts(run)):
        account = (accounts.used_mj[job], accounts.discharged_mj[job], accounts.grid_mj[job])
        assert all(abs(got - part) <= 1 for got, part in zip(account, parts, strict=False))
        assert bears_charging or abs(accounts.cost_u[job] - parts[3] / KWH) <= 1


def test_of_any_run_the_accounts_add_up_to_the_totals():
    found = [plain_run(seed) for seed in range(24)]
    assert any(accounts.grid_charged_mj for accounts in found)
    assert any(accounts.unused.draw_mj for accounts in found)
    assert any(accounts.cost_u.min(initial=0) < 0 for accounts in found)


def test_with_levels_and_events_they_add_up_as_well():
    states = [eventful_run(seed) for seed in range(60)]
    for count in ("slowdowns", "raises", "cancelled", "lost"):
        assert any(state[count] for state in states), count


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 600, 100))
def test_of_many_runs_the_accounts_add_up_to_the_totals(first):
    for seed in range(first, first + 100):
        plain_run(seed)
        eventful_run(seed)


def test_accounts_do_not_depend_on_how_often_the_cluster_wakes():
    rows = [{"t": 0, "supply": 200_000_007, "grid": 10**9, "price": 123_457}]
    plain, ticking = (accounts_of(make_case(JOBS, NODES, rows, tick_s=tick_s)) for tick_s in (None, 7))
    assert job_rows(plain) == job_rows(ticking)


def test_a_run_that_was_not_recorded_has_no_accounts():
    result = rare.simulate(
        make_case(JOBS, NODES, [{"t": 0, "grid": 10**9}]), make_scheduler("fcfs"), record=False
    )
    with pytest.raises(InputError, match="record=True"):
        JobAccounts.of(result)
    assert result.jobs_frame()[["draw_j", "grid_cost"]].isna().all(axis=None)
