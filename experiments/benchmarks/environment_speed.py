"""Decisions per second of the environments, observations and rewards included.

A decision is a step of one environment in which two or more actions were valid. Actions are drawn at
random among the valid ones; drawing them is not timed, resets of ended episodes are. The first chunk of
steps warms up and does not count; figures are medians of chunks that alternate between the thread counts.
The baseline, plain SimPy, starts jobs without observations.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from experiments.benchmarks.replay_speed import plain_jobs_per_s
from experiments.benchmarks.speed_table import aligned, ratio
from experiments.process.progress import ProgressDisplay
from rare import GreenClusterEnv, GreenClusterVectorEnv
from rare.state.arrays import QUEUE
from rare.state.compile import most_threads

SCENARIOS = ("tiny", "islanded", "grid-tied")
ENVIRONMENTS, THREADS = 256, tuple(range(1, min(2, most_threads()) + 1))
SLOTS: dict[str, Any] = {"queue_slots": 64, "running_slots": 16, "forecast_hours": 24}


def random_actions(mask: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(E,) uniformly random valid actions of a mask (E, A)."""
    actions: np.ndarray = (generator.random(mask.shape, dtype=np.float32) * mask).argmax(axis=1)
    return actions


def chunk(env: GreenClusterVectorEnv, steps: int, generator: np.random.Generator) -> tuple[int, float, float]:
    """Decisions, seconds and CPU seconds of `steps` steps of all environments."""
    decisions, wall_ns, cpu_ns = 0, 0, 0
    for _ in range(steps):
        mask = env.action_masks()
        actions = random_actions(mask, generator)
        decisions += int((mask.sum(axis=1) > 1).sum())
        cpu_began_ns, began_ns = time.process_time_ns(), time.perf_counter_ns()
        env.step(actions)
        wall_ns += time.perf_counter_ns() - began_ns
        cpu_ns += time.process_time_ns() - cpu_began_ns
    return decisions, wall_ns / 1e9, cpu_ns / 1e9


@contextmanager
def busy_process() -> Iterator[None]:
    """Beside a process that never sleeps."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def beside_busy(scenario: str, steps: int, chunks: int) -> dict[str, float]:
    """Decisions a second of the most threads beside a busy process, and their ratio to one thread there."""
    with busy_process():
        rows = batched(scenario, steps, chunks)
    per_s = rows[-1]["decisions_per_s"]
    return {"threads": rows[-1]["threads"], "decisions_per_s": per_s,
            "to_one_thread": per_s / rows[0]["decisions_per_s"]}  # fmt: skip


def batched(scenario: str, steps: int, chunks: int) -> list[dict[str, Any]]:
    """A row for each number of threads."""
    envs = [
        GreenClusterVectorEnv(ENVIRONMENTS, scenario=scenario, threads=threads, copy=False, **SLOTS)
        for threads in THREADS
    ]
    generator = np.random.default_rng(0)
    for env in envs:
        env.reset(seed=0)
        chunk(env, steps, generator)  # warm-up
    chunks_of: list[list[tuple[int, float, float]]] = [[] for _ in envs]
    for _ in range(chunks):
        for measured, env in zip(chunks_of, envs, strict=True):
            measured.append(chunk(env, steps, generator))
    rows = []
    for threads, env, measured in zip(THREADS, envs, chunks_of, strict=True):
        rows.append(
            {
                "scenario": scenario,
                "environments": ENVIRONMENTS,
                "threads": threads,
                "observation_bytes": env.layout.size * 4,
                **state_of(env),
                "decisions": sum(decisions for decisions, _, _ in measured),
                "decisions_per_s": statistics.median(n / wall_s for n, wall_s, _ in measured),
                "decisions_per_cpu_s": statistics.median(n / cpu_s for n, _, cpu_s in measured),
            }
        )
        env.close()
    return rows


def state_of(env: GreenClusterVectorEnv) -> dict[str, float]:
    """Properties that determine the cost of a decision, as means over the environments."""
    decided = sum(env.batch.summary(e)["policy_decisions"] for e in range(env.num_envs))
    world = env.batch.world
    waiting = np.asarray(world.ends["last"][:, QUEUE] - world.ends["first"][:, QUEUE])
    return {
        "instants_per_decision": float(world.env["instants"].sum()) / max(decided, 1),
        "jobs_waiting": float(waiting.mean()),
    }


def single(scenario: str, steps: int, chunks: int) -> dict[str, Any]:
    """Microseconds of one step of one environment: wall clock, and CPU time of the best chunk."""
    env, generator = GreenClusterEnv(scenario, **SLOTS), np.random.default_rng(0)
    _, info = env.reset(seed=0)
    wall_us = []
    for _ in range(1 + chunks):
        spent_ns = 0
        for _ in range(steps):
            action = int(generator.choice(np.flatnonzero(info["action_mask"])))
            began_ns = time.perf_counter_ns()
            _, _, terminated, _, info = env.step(action)
            spent_ns += time.perf_counter_ns() - began_ns
            if terminated:
                _, info = env.reset()
        wall_us.append(spent_ns / steps / 1000)
    return {"scenario": scenario, "step_us": statistics.median(wall_us[1:]), "best_step_us": min(wall_us[1:])}


def measure(quick: bool, display: ProgressDisplay) -> dict[str, Any]:
    """Rows of batched and single environments, and the baseline."""
    steps, chunks = (40, 3) if quick else (200, 15)
    plain_per_s = plain_jobs_per_s(2_000 if quick else 20_000)
    rows, singles = [], []
    for scenario in SCENARIOS:
        display.note(f"environment: {scenario} ...")
        rows += batched(scenario, steps, chunks)
        singles.append(single(scenario, 5 * steps, chunks))
    for row in rows:
        row["ratio"] = row["decisions_per_s"] / plain_per_s
        alone = next(other for other in rows if other["scenario"] == row["scenario"])
        row["ratio_to_one_thread"] = row["decisions_per_s"] / alone["decisions_per_s"]
    for row in singles:
        row["ratio"] = 1e6 / row["step_us"] / plain_per_s
    display.note("environment: beside a busy process ...")
    busy = beside_busy("islanded", steps, max(chunks // 3, 3))
    return {
        "plain_simpy_jobs_per_s": plain_per_s, "chunks": chunks, "batched": rows, "single": singles,
        "beside_busy": busy,
    }  # fmt: skip


def text(found: dict[str, Any]) -> str:
    """Both tables for the terminal."""
    heads = ["scenario", "threads", "observation", "decisions/s", "per CPU s", "to plain SimPy"]
    lines = [[*heads, "to 1 thread", "instants each", "jobs waiting"]]
    for row in found["batched"]:
        figures = [f"{row['decisions_per_s']:,.0f}", f"{row['decisions_per_cpu_s']:,.0f}"]
        ratios = [ratio(row["ratio"]), ratio(row["ratio_to_one_thread"])]
        ratios += [f"{row['instants_per_decision']:.1f}", f"{row['jobs_waiting']:.0f}"]
        lines.append(
            [row["scenario"], str(row["threads"]), f"{row['observation_bytes']:,} B", *figures, *ratios]
        )
    alone = [["scenario", "us per step", "best chunk", "to plain SimPy"]]
    for row in found["single"]:
        step_us = [f"{row['step_us']:.2f}", f"{row['best_step_us']:.2f}"]
        alone.append([row["scenario"], *step_us, ratio(row["ratio"])])
    busy = found["beside_busy"]
    return (
        f"Batched environment: {ENVIRONMENTS} environments, {SLOTS['queue_slots']} queue and "
        f"{SLOTS['running_slots']} running slots, {SLOTS['forecast_hours']} h of forecast; "
        f"median of {found['chunks']} chunks\n"
        f"{aligned(lines, 1)}\n"
        f"Beside a process that never sleeps, islanded, {busy['threads']} threads: "
        f"{busy['decisions_per_s']:,.0f} decisions/s, {ratio(busy['to_one_thread'])} one thread there.\n\n"
        f"Single environment\n{aligned(alone, 1)}\n"
        f"Plain SimPy starts {found['plain_simpy_jobs_per_s']:,.0f} jobs per CPU second (FCFS, a synthetic "
        "workload), without observations or energy.\n"
        "Counted are steps with two or more valid actions; drawing the random action is not timed.\n"
        "instants each: settled instants of the simulation for each decision; jobs waiting: mean queue."
    )
