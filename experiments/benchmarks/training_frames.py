"""Frames a second of PPO with the learner in the loop, and how much of it is the network's own arithmetic.

A frame is a decision of one environment. The network's arithmetic is what a round cannot do without: each
observation through the policy and the critic once, and each update's passes forward and backward, on
observations that are parsed already. The rest is environments, parsing, buffers, optimiser and Python.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.benchmarks.speed_table import aligned
from experiments.process.progress import ProgressDisplay

if TYPE_CHECKING:
    from schedulers.training.online.ppo import SchedulerPPO


@dataclass(frozen=True)
class PpoSize:
    """environments play `rollout` steps a round; updates take batches of `batch`. width: of the network."""

    width: int = 64
    environments: int = 64
    rollout: int = 64
    batch: int = 512
    epochs: int = 4

    @property
    def frames(self) -> int:
        """Frames of one round."""
        return self.environments * self.rollout


def learner(scenario: str, size: PpoSize, device: str = "cpu") -> SchedulerPPO:
    """PPO from random weights, the same for the same size."""
    import torch

    from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
    from schedulers.training.online.learner_start import LearnerStart
    from schedulers.training.online.online_options import PpoOptions
    from schedulers.training.online.ppo import SchedulerPPO
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    env = GreenClusterSB3VecEnv(size.environments, scenario)
    env.seed(0)
    torch.manual_seed(0)
    net = SchedulerNet(env.layout, NetworkSize(width=size.width))
    options = PpoOptions(
        environments=size.environments,
        rollout=size.rollout,
        batch=size.batch,
        epochs=size.epochs,
        target_kl=1e9,  # the actor never rests: every round is the same work
    )
    return SchedulerPPO(env, options, 10**9, LearnerStart(net, device=device))


def finish(device: str) -> None:
    """Wait until a device has done what was asked of it, before the clock is read."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def round_s(ppo: SchedulerPPO, rounds: int, seconds: float = float("inf")) -> float:
    """Seconds of the fastest of `rounds` rounds, fewer once `seconds` have passed; the first warms up."""
    device = str(ppo.device)
    ppo.round()
    took: list[float] = []
    began_s = time.perf_counter()
    while not took or (len(took) < rounds and time.perf_counter() - began_s < seconds):
        finish(device)
        at_s = time.perf_counter()
        ppo.round()
        finish(device)
        took.append(time.perf_counter() - at_s)
    return min(took)


def network_s(ppo: SchedulerPPO, size: PpoSize, repeats: int) -> float:
    """Seconds of the network's own arithmetic in one round: the fastest of `repeats` for each part."""
    import torch

    assert ppo.played is not None  # a round was played
    step = next(ppo.played.parts(size.environments))
    batch = next(ppo.played.parts(size.batch))
    whole = next(ppo.played.parts(size.frames))

    def fastest(work: Any) -> float:
        took = []
        for _ in range(1 + repeats):  # the first computes what readings keep
            at_s = time.perf_counter()
            work()
            finish(str(ppo.device))
            took.append(time.perf_counter() - at_s)
        return min(took[1:])

    def updates() -> None:
        ppo.net.zero_grad(set_to_none=True)
        ppo.net.value(batch).mean().backward()
        ppo.net.policy(batch).log_softmax(dim=1).mean().backward()

    with torch.no_grad():
        acting_s = fastest(lambda: ppo.net.policy(step))
        valuing_s = fastest(lambda: ppo.net.value(whole))
    batches = size.epochs * -(-size.frames // size.batch)
    return size.rollout * acting_s + valuing_s + batches * fastest(updates)


def measure(quick: bool, display: ProgressDisplay) -> dict[str, Any]:
    """One row a scenario: frames a second of a round on one core, and the parts of a frame."""
    import torch

    torch.set_num_threads(1)
    size = PpoSize(rollout=8, batch=128, epochs=1) if quick else PpoSize()
    rows = []
    for scenario in ("tiny",) if quick else ("tiny", "islanded", "grid-tied"):
        display.note(f"learning: PPO on {scenario} ...")
        ppo = learner(scenario, size)
        whole_s = round_s(ppo, 1 if quick else 5)
        rows.append(
            {
                "scenario": scenario,
                "frames_per_s": size.frames / whole_s,
                "frame_us": 1e6 * whole_s / size.frames,
                "network_us": 1e6 * network_s(ppo, size, 2 if quick else 20) / size.frames,
            }
        )
    return {"environments": size.environments, "rollout": size.rollout, "rows": rows}


def text(frames: dict[str, Any]) -> str:
    """The rows as a table."""
    lines = [["scenario", "frames/s", "us a frame", "network", "everything else"]]
    for row in frames["rows"]:
        rest_us = row["frame_us"] - row["network_us"]
        figures = (row["frame_us"], row["network_us"], rest_us)
        lines.append(
            [row["scenario"], f"{row['frames_per_s']:,.0f}", *(f"{figure:.1f}" for figure in figures)]
        )
    return (
        f"Online learning: PPO, {frames['environments']} environments, rounds of {frames['rollout']} steps, "
        f"one core; updates included\n{aligned(lines, 1)}"
    )
