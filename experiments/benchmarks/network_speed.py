"""Cost of a decision of a network: of the network alone, in whole windows, and in whole traces.

Random weights of the real shapes take as long as trained ones. They are biased against waiting, because a
queue of thousands costs more than the network. Times are CPU seconds of one thread, the best of several
rounds.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from experiments.benchmarks.replay_speed import case_of, synthetic
from experiments.benchmarks.speed_table import aligned
from experiments.process.progress import ProgressDisplay
from rare import simulate
from rare.env.batch import Batch
from rare.env.observation.layout import Layout
from rare.scenario.scenario_episodes import episodes_of
from schedulers.network.checkpoint_files import FACTS, VERSION, WEIGHTS
from schedulers.network.forward import Forward
from schedulers.network.learned_loops import play_on
from schedulers.network.learned_scheduler import LearnedScheduler
from schedulers.network.network_shapes import weight_shapes
from traces.jobs.workload import Workload

WIDTHS = (32, 64, 128)
FILLINGS = ((64, 16), (10, 10), (2, 5))  # jobs waiting and running, all of whose actions are valid
SCENARIOS = ("tiny", "islanded")


def random_weights(width: int) -> dict[str, np.ndarray]:
    """Weights as torch initialises them, with WAIT biased so that the network starts any job that fits."""
    draw = np.random.default_rng(0)
    weights = {
        name: (draw.uniform(-1, 1, shape) / np.sqrt(max(shape[-1], width))).astype(np.float32)
        for name, shape in weight_shapes(width).items()
    }
    weights["logits.wait.bias"] -= 10
    return weights


def random_checkpoint(folder: Path, width: int) -> Path:
    """A checkpoint of random weights."""
    description = {
        "version": VERSION,
        "layout": json.loads(Layout().to_json()),
        "network": {"kind": "pointwise", "width": width, "heads": 4},
        "facts": {},
    }
    folder.mkdir(parents=True)
    (folder / FACTS).write_text(json.dumps(description), encoding="utf-8")
    save_file(random_weights(width), folder / WEIGHTS)
    return folder


def observation(waiting: int, running: int) -> np.ndarray:
    """A random observation (D,) with these numbers of jobs, all with valid actions."""
    layout = Layout()
    obs = np.random.default_rng(0).uniform(-1, 1, layout.size).astype(np.float32)
    valid = [True]
    for block, count in (("queue", waiting), ("running", running)):
        slots = obs[layout.slices[block]].reshape(layout.shapes[block])
        slots[count:] = 0
        slots[:count, 0] = 1
        valid += [place < count for place in range(len(slots))]
    obs[layout.slices["mask"]] = valid
    return obs


def best_s(work: Callable[[], object], times: int, rounds: int) -> float:
    """CPU seconds of one call, from the best of `rounds` rounds of `times` calls."""
    work()  # compiles
    seconds = []
    for _ in range(rounds):
        began_s = time.process_time()
        for _ in range(times):
            work()
        seconds.append((time.process_time() - began_s) / times)
    return min(seconds)


def alone(width: int, rounds: int) -> dict[str, Any]:
    """Microseconds of one forward pass, by jobs waiting and running."""
    forward = Forward(random_weights(width), Layout(), width, "policy")
    us_of = {}
    for waiting, running in FILLINGS:
        obs = observation(waiting, running)
        us_of[f"{waiting}+{running}"] = 1e6 * best_s(partial(forward.best, obs), 500, rounds)
    return {"width": width, "us": us_of}


def windows(scenario: str, width: int, rounds: int) -> dict[str, Any]:
    """The cost of a decision in all validation windows of a scenario, played in compiled code."""
    episodes, forward = episodes_of(scenario), Forward(random_weights(width), Layout(), width, "policy")
    batch = Batch(episodes, Layout(), 1)
    validation = episodes.of("validation")
    decisions: list[int] = []

    def play() -> None:
        decisions.clear()
        for window in validation:
            batch.set_up(0, window)
            batch.begin(0)
            while not batch.is_over(0):
                play_on(batch.places, forward.network, batch.obs[0])
                batch.make_room(0)
            decisions.append(batch.summary(0)["policy_decisions"])

    took_s = best_s(play, 1, rounds)
    return {"what": f"{scenario}, {len(validation)} validation windows", "width": width} | _cost(
        took_s, decisions
    )


def trace(jobs: Workload, width: int, rounds: int) -> dict[str, Any]:
    """The cost of a decision in a whole trace on its machine, with grid energy only."""
    case = case_of(jobs)
    with tempfile.TemporaryDirectory() as folder:
        scheduler = LearnedScheduler(random_checkpoint(Path(folder) / "random", width))
    decisions = [0]

    def run() -> None:
        decisions[0] = simulate(case, scheduler, record=False).metrics["decisions"]

    took_s = best_s(run, 1, rounds)
    return {"what": f"{jobs.name}, {len(jobs):,} jobs", "width": width} | _cost(took_s, decisions)


def _cost(took_s: float, decisions: list[int]) -> dict[str, Any]:
    return {"cpu_s": took_s, "decisions": sum(decisions), "us_each": 1e6 * took_s / max(sum(decisions), 1)}


def measure(quick: bool, display: ProgressDisplay, workloads: list[Workload]) -> dict[str, Any]:
    """Figures of the network alone, and of whole windows and traces."""
    rounds = 1 if quick else 10
    widths = WIDTHS[:1] if quick else WIDTHS
    trace_rows = []
    for jobs in workloads or [synthetic(2_000 if quick else 30_000)]:
        for width in widths:
            display.note(f"network: {jobs.name}, width {width}")
            trace_rows.append(trace(jobs, width, rounds=1 if quick else 3))
    window_rows = [
        windows(scenario, width, rounds=1 if quick else 5) for scenario in SCENARIOS for width in widths
    ]
    return {"alone": [alone(width, rounds) for width in widths], "whole": [*window_rows, *trace_rows]}


def text(figures: dict[str, Any]) -> str:
    """The tables for the terminal."""
    names = list(figures["alone"][0]["us"])
    first = [["width", *(f"{name} jobs" for name in names)]]
    first += [
        [str(row["width"]), *(f"{row['us'][name]:.1f} us" for name in names)] for row in figures["alone"]
    ]
    second = [["simulation", "width", "decisions", "CPU s", "us per decision"]]
    second += [
        [
            row["what"],
            str(row["width"]),
            f"{row['decisions']:,}",
            f"{row['cpu_s']:.2f}",
            f"{row['us_each']:.1f}",
        ]
        for row in figures["whole"]
    ]
    return "\n".join(
        [
            "Network: one decision, called from Python, by jobs waiting+running, all of their actions valid",
            aligned(first, 0),
            "",
            "Whole simulations under a network of random weights: rules, observation and network together",
            aligned(second, 1),
        ]
    )
