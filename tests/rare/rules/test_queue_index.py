"""The index over a long queue finds what a walk finds, and a run with it is the run without it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from rare import Case, Cluster, Partition, simulate, world
from rare.clocks.compiled_clock import CompiledClock
from rare.rules import queue_index
from rare.rules.job_life import dequeue
from rare.rules.settle import admit, settle
from rare.state.arrays import FREE
from rare.world import build_world, with_index
from schedulers import make_scheduler
from tests.builders import make_inputs
from traces.jobs.workload import NO_POWER, Workload

PARTITIONS = (
    Partition(name="thin", nodes=40, cores_per_node=4, idle_mw=50, core_mw=100),
    Partition(name="gpu", nodes=8, cores_per_node=8, gpus_per_node=2, memory_mib_per_node=64, gpu_mw=500),
)


def random_workload(seed: int, count: int) -> Workload:
    """Jobs that come much faster than they can run: sizes and lengths of every kind, some with own power."""
    rng = np.random.default_rng(seed)
    on_gpu = rng.random(count) < 0.3
    sizes = (2 ** rng.integers(0, 7, count) - rng.integers(0, 2, count)).clip(1)
    work_s = rng.integers(0, 400, count) ** rng.integers(1, 3, count)
    return Workload.from_columns(
        "random",
        submit_s=np.sort(rng.integers(0, 20 * count, count)),
        work_s=work_s,
        estimate_s=work_s * rng.integers(1, 4, count) // rng.integers(1, 3, count),
        cores=np.where(on_gpu, rng.integers(1, 9, count), sizes),
        gpus_milli=np.where(on_gpu, rng.choice([250, 1000, 2000, 8000], count), 0),
        memory_mib=np.where(on_gpu, rng.integers(0, 90, count), 0),
        power_mw=np.where(rng.random(count) < 0.5, NO_POWER, rng.integers(1, 9000, count)),
        preemptible=rng.random(count) < 0.5,
    )


def random_case(seed: int, count: int = 1500) -> Case:
    """A case whose supply falls short at times, so that power and shedding matter, too."""
    rng = np.random.default_rng(seed)
    cluster = Cluster(PARTITIONS)
    supplies = rng.uniform(0.2, 1.2, 40) * cluster.peak_draw_mw
    rows = [{"t": 1000 * k, "supply": int(mw)} for k, mw in enumerate(supplies)]
    if seed % 3 == 0:
        rows = [{"t": 0, "grid": 2 * cluster.peak_draw_mw}]
    return Case(random_workload(seed, count), cluster, make_inputs(rows), end_s=20 * count)


@pytest.mark.parametrize("seed", range(8))
def test_next_fit_finds_what_a_walk_finds(seed):
    rng = np.random.default_rng(seed)
    case = random_case(seed, 400)
    world = with_index(build_world(case, live=512, log_level=0))
    w, state = world.handles[0], world.env[0]
    settle(w, case.first_instant_s)
    for _ in range(600):
        if rng.random() < 0.6 and state.next_job < state.jobs_end:
            if world.jobs[state.next_job].part >= 0:
                admit(w, int(state.next_job))
            state.next_job += 1
        waiting = np.flatnonzero(world.live[0].doing != FREE)
        if rng.random() < 0.5 and len(waiting):
            gone = int(rng.choice(waiting))
            dequeue(w, gone)
            world.live[0, gone].doing = FREE
        p, first = int(rng.integers(2)), int(rng.integers(400))
        size, spare = (int(x) for x in rng.integers(-1, 64 if p == 0 else 9000, 2))
        power_mw, run_s = int(rng.integers(-1, 9000)), int(rng.integers(0, 2000))
        fits = [
            int(job.job)
            for job in world.live[0]
            if job.doing != FREE and job.part == p and job.job >= first and job.power_mw <= power_mw
            for own in [job.gpus_milli if p == 1 else job.cores]
            if own <= size and (own <= spare or world.jobs[job.job].estimate_s <= run_s)
        ]
        found = queue_index.next_fit(w, p, first, size, power_mw, run_s, spare)
        assert found == min(fits, default=queue_index.NOBODY)


@pytest.mark.parametrize("name", ["fcfs", "easy", "fcfs+greedy", "easy+lowvalue"])
@pytest.mark.parametrize("seed", range(4))
def test_a_run_with_the_index_is_the_run_without(seed, name, monkeypatch):
    case = random_case(seed)
    runs = []
    for long_walk in (0, 10**9):
        monkeypatch.setattr(world, "LONG_WALK", long_walk)
        monkeypatch.setattr("rare.clocks.compiled_clock.STEPS", 10)
        runs.append(simulate(case, make_scheduler(name), log_level=2))
    ours, plain = runs
    assert np.array_equal(ours.events, plain.events)
    assert np.array_equal(ours.power, plain.power)
    for key in ("decisions", "instants", "energy_kwh", "mean_wait_s", "reservations_skipped"):
        assert ours.metrics[key] == plain.metrics[key]


def test_a_long_queue_is_indexed_without_being_asked():
    case = random_case(3)
    world = build_world(case, log_level=0)
    world = CompiledClock(world, make_scheduler("easy").for_case(case), case.workload.job_id).run()
    assert world.leaves.shape[1] >= len(case.workload)


def test_the_index_without_the_compiler():
    """Every place in it is checked then, and it must say the same."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        "next_fit and 0",
    ]
    done = subprocess.run(
        command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
