"""EASY and conservative backfill, job by job, against plain Python (tests.reference.backfill)."""

from __future__ import annotations

import random

import pytest

import rare
from rare import world
from schedulers import make_scheduler
from tests.builders import make_case
from tests.reference.backfill import PlainJob, PlainMachine

GRID = [{"t": 0, "grid": rare.UNLIMITED_MW}]
BACKFILLS = ("easy", "conservative", "conservative=kept")


@pytest.fixture(params=["compiled", "simpy"])
def clock(request):
    return request.param


def random_jobs(rng: random.Random, count: int, processors: int, *, overruns: bool = True):
    """Rigid jobs with many ties: some without work, some past their estimates (if `overruns`)."""
    jobs = []
    for _ in range(count):
        work_s = rng.choice((0, 0, 1, 10, 20, rng.randint(0, 60)))
        longer = (work_s, work_s, 2 * work_s, work_s + 30, rng.randint(work_s, 100))
        shorter = (work_s // 2, 0, rng.randint(0, 60)) if overruns else ()
        jobs.append(
            {
                "submit_s": rng.choice((0, 1, 2, 5, rng.randint(0, 4 * count))),
                "work_s": work_s,
                "estimate_s": rng.choice(longer + shorter),
                "cores": min(processors, rng.choice((1, 1, 2, 3, processors, rng.randint(1, processors)))),
            }
        )
    return sorted(jobs, key=lambda job: job["submit_s"])


def expected_starts(jobs, processors, order, backfill, *, kill_at_estimate=False):
    plain = []
    for index, job in enumerate(jobs):
        run_s = min(job["work_s"], job["estimate_s"]) if kill_at_estimate else job["work_s"]
        plain.append(PlainJob(index, job["submit_s"], job["cores"], run_s, job["estimate_s"]))
    return PlainMachine(plain, processors, order).run(backfill)


def starts(jobs, partitions, name, clock="compiled", **options):
    case = make_case(jobs, partitions, GRID, **options)
    return rare.simulate(case, make_scheduler(name), clock=clock, record=False).jobs["start_s"].tolist()


def compare(seed: int) -> None:
    rng = random.Random(seed)
    processors = rng.choice((2, 4, 8, 16))
    jobs = random_jobs(rng, rng.randint(4, 30), processors)
    kill = rng.random() < 0.3
    for order in ("fcfs", "sjf"):
        for backfill in BACKFILLS:
            expected = expected_starts(jobs, processors, order, backfill, kill_at_estimate=kill)
            ours = starts(
                jobs, rare.Partition(nodes=processors), f"{order}+{backfill}", kill_at_estimate=kill
            )
            assert ours == expected, f"seed {seed}: {order}+{backfill}"


# 8 processors. Job 0 holds 3 until 10; job 1 waits for 6 of them and leaves 2 spare. Job 2 has no work: it
# ends within its own start, and job 3 gets its processors in the same second.
ZERO_LENGTH = [
    {"submit_s": 0, "cores": 3, "work_s": 10},
    {"submit_s": 1, "cores": 6, "work_s": 20},
    {"submit_s": 2, "cores": 2, "work_s": 0, "estimate_s": 60},
    {"submit_s": 2, "cores": 2, "work_s": 100},
]


@pytest.mark.parametrize(
    "name", ["easy", "sjf+easy", "conservative", "sjf+conservative", "conservative=kept"]
)
def test_a_job_without_work_keeps_no_processor_of_a_reservation(name, clock):
    assert starts(ZERO_LENGTH, rare.Partition(nodes=8), name, clock) == [0, 10, 2, 2]


@pytest.mark.parametrize("name", ["easy", "conservative", "conservative=kept"])
def test_a_job_killed_at_an_estimate_of_zero_keeps_none_either(name, clock):
    # Nodes need 20 s to wake: job 0 holds its own until 30, and job 2 would be expected to end at 15 + 20,
    # beyond the reservation, though its estimate is 0.
    jobs = [dict(job) for job in ZERO_LENGTH]
    jobs[2] |= {"submit_s": 15, "work_s": 50, "estimate_s": 0}
    jobs[3] |= {"submit_s": 15}
    part = rare.Partition(nodes=8, wake_s=20)
    assert starts(jobs, part, name, clock, kill_at_estimate=True) == [0, 30, 15, 15]


def test_a_job_without_work_keeps_no_power_of_another_partitions_head(clock):
    # 100 W. Job 0 (a) draws 60 W until 10; job 1 (a) waits for it and draws 60 W too: 40 W are spare. Job 2
    # (b, no work) would take them beyond 10; job 3 (b) gets them in the same second.
    parts = (rare.Partition("a", nodes=2, core_mw=0), rare.Partition("b", nodes=2, core_mw=0))
    jobs = [
        {"submit_s": 0, "cores": 2, "work_s": 10, "power_mw": 60_000, "partition": "a"},
        {"submit_s": 1, "cores": 2, "work_s": 20, "power_mw": 60_000, "partition": "a"},
        {"submit_s": 2, "work_s": 0, "estimate_s": 60, "power_mw": 40_000, "partition": "b"},
        {"submit_s": 2, "work_s": 100, "power_mw": 40_000, "partition": "b"},
    ]
    case = make_case(jobs, parts, [{"t": 0, "supply": 100_000}])
    for name in BACKFILLS:
        result = rare.simulate(case, make_scheduler(name), clock=clock)
        assert result.jobs["start_s"].tolist() == [0, 10, 2, 2], name


@pytest.mark.parametrize("block", range(3))
def test_every_start_is_that_of_a_plain_pass(block):
    for seed in range(block * 70, (block + 1) * 70):
        compare(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_two_thousand_cases_start_as_in_plain_passes(block):
    for seed in range(10_000 + block * 500, 10_000 + (block + 1) * 500):
        compare(seed)


@pytest.mark.parametrize("seed", range(6))
def test_partitions_without_a_power_limit_are_machines_by_themselves(seed):
    rng = random.Random(seed)
    sizes = {"a": 4, "b": 8}
    jobs = []
    for name, processors in sizes.items():
        jobs += [{**job, "partition": name} for job in random_jobs(rng, 20, processors)]
    jobs.sort(key=lambda job: job["submit_s"])
    parts = tuple(rare.Partition(name, nodes=nodes) for name, nodes in sizes.items())
    for order in ("fcfs", "sjf"):
        ours = starts(jobs, parts, f"{order}+easy")
        for name, processors in sizes.items():
            mine = [k for k, job in enumerate(jobs) if job["partition"] == name]
            expected = expected_starts([jobs[k] for k in mine], processors, order, "easy")
            assert [ours[k] for k in mine] == expected, f"{order}, partition {name}"


@pytest.mark.parametrize("seed", [0, 21, 26, 29])
def test_the_index_over_a_long_queue_starts_the_same_jobs(seed, monkeypatch):
    rng = random.Random(seed)
    jobs = random_jobs(rng, 250, 16)
    expected = expected_starts(jobs, 16, "fcfs", "easy")
    monkeypatch.setattr(world, "LONG_WALK", 0)
    monkeypatch.setattr("rare.clocks.compiled_clock.STEPS", 5)
    assert starts(jobs, rare.Partition(nodes=16), "easy") == expected
