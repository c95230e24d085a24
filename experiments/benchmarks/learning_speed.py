"""Updates per second of offline learning, beside d3rlpy's sampler and the same network; PPO's frames."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.benchmarks import training_frames
from experiments.benchmarks.speed_table import aligned, ratio
from experiments.process.progress import ProgressDisplay

if TYPE_CHECKING:
    from schedulers.training.offline.learners.offline_base import Offline
    from schedulers.training.offline.transitions import Transitions

BATCH = 256
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bc", {}), ("crr", {}), ("crr", {"advantage": "return"}), ("cql", {}), ("bcq", {}), ("sac", {}),
)  # fmt: skip


def measure(quick: bool, display: ProgressDisplay) -> dict[str, Any]:
    """Every algorithm on logged decisions of `tiny`, one core, batches of 256, width 64."""
    import torch

    from experiments.data.log_dataset import dataset_run
    from rare.dataset.load_dataset import to_d3rlpy
    from schedulers.training.offline.transitions import read_transitions

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        display.note("learning: logging decisions ...")
        folder = Path(place) / "easy"
        dataset_run(["easy"], folder, scenario="tiny", episodes=26 if quick else 260, epsilon=0.1)
        data, episodes = read_transitions([folder]), to_d3rlpy(folder)
    seconds = 0.3 if quick else 4.0
    rows = []
    for name, options in KINDS:
        display.note(f"learning: {name} ...")
        rows.append(_row(name, options, data, episodes, seconds))
    frames = training_frames.measure(quick, display)
    return {"batch": BATCH, "transitions": len(data), "rows": rows, "frames": frames}


def _row(
    name: str, options: dict[str, Any], data: Transitions, episodes: list[Any], seconds: float
) -> dict[str, Any]:
    from schedulers.training.offline.batches import Batches

    learner, d3rlpy_learner = _new_learner(name, options, data), _new_learner(name, options, data)
    batches = Batches(data, BATCH, 0, learner.impl.looks_ahead)
    buffer = _buffer(episodes, data)
    step = 0

    def update() -> None:
        nonlocal step
        learner.impl.learn(batches.draw(), step)
        step += 1

    batch, picked = batches.draw(), buffer.sample_transition_batch(BATCH)
    parts: dict[str, Callable[[], object]] = {
        "ours": update,
        "d3rlpy": lambda: d3rlpy_learner.update(buffer.sample_transition_batch(BATCH)),
        "gather": batches.draw,
        "forward": lambda: learner.impl.losses(batch),
        "learn": lambda: learner.impl.learn(batch, 0),
        "d3rlpy's sampling": lambda: buffer.sample_transition_batch(BATCH),
        "d3rlpy's update": lambda: d3rlpy_learner.update(picked),
    }
    took_s = _interleaved(parts, seconds)
    update_s = took_s["gather"] + took_s["learn"]
    return {
        "algorithm": name + "".join(f" {key}={value}" for key, value in options.items()),
        "updates_per_s": 1 / took_s["ours"],
        "d3rlpy_updates_per_s": 1 / took_s["d3rlpy"],
        "ratio": took_s["d3rlpy"] / took_s["ours"],
        "gather_share": took_s["gather"] / update_s,
        "forward_share": took_s["forward"] / update_s,
        "rest_share": (took_s["learn"] - took_s["forward"]) / update_s,
        "d3rlpy_sampling_s": took_s["d3rlpy's sampling"],
    }


def _interleaved(parts: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """Median seconds of each function.

    They alternate, so that other load on the machine affects all alike.
    """
    import statistics

    seconds_of: dict[str, list[float]] = {name: [] for name in parts}
    for part in parts.values():
        part()
    began_s = time.perf_counter()
    while time.perf_counter() - began_s < seconds or len(seconds_of["ours"]) < 5:
        for name, part in parts.items():
            at_s = time.perf_counter()
            part()
            seconds_of[name].append(time.perf_counter() - at_s)
    return {name: statistics.median(values) for name, values in seconds_of.items()}


def _new_learner(name: str, options: dict[str, Any], data: Transitions) -> Offline:
    from schedulers.training.offline.algorithms import algorithm, config_of
    from schedulers.training.scheduler_net import SchedulerNet

    config = config_of(name, layout=data.layout.to_json(), returns=0.0, **options)
    return algorithm(config, SchedulerNet(data.layout))


def _buffer(episodes: list[Any], data: Transitions) -> Any:
    """The same transitions in d3rlpy's replay buffer."""
    import numpy as np
    from d3rlpy.constants import ActionSpace
    from d3rlpy.dataset import InfiniteBuffer, ReplayBuffer, Signature

    layout = data.layout
    return ReplayBuffer(
        InfiniteBuffer(),
        episodes=episodes,
        action_space=ActionSpace.DISCRETE,
        action_size=layout.actions,
        observation_signature=Signature([np.dtype(np.float32)], [(layout.size,)]),  # else it says it looked
        action_signature=Signature([np.dtype(np.int32)], [(1,)]),
        reward_signature=Signature([np.dtype(np.float32)], [(1,)]),
    )


def text(speeds: dict[str, Any]) -> str:
    """The rows as a table."""
    lines = [["algorithm", "updates/s", "d3rlpy's loop", "ratio", "gather", "forward", "backward, step"]]
    for row in speeds["rows"]:
        lines.append(
            [
                row["algorithm"],
                f"{row['updates_per_s']:,.0f}",
                f"{row['d3rlpy_updates_per_s']:,.0f}",
                ratio(row["ratio"]),
                *(f"{row[part]:.0%}" for part in ("gather_share", "forward_share", "rest_share")),
            ]
        )
    return (
        f"Offline learning: batches of {speeds['batch']} of {speeds['transitions']:,} transitions, one core; "
        f"both loops feed the same network\n{aligned(lines, 1)}\n\n{training_frames.text(speeds['frames'])}"
    )
