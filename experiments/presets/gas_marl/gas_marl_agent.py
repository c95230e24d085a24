"""The agent for GAS-MARL's case: it learns `deferral` by imitation, then by PPO."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.presets.gas_marl.gas_marl_case import ETA
from experiments.presets.gas_marl.gas_marl_schedulers import deferral
from experiments.presets.gas_marl.gas_marl_training import TRAIN, VALIDATION
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.train_folder import SUMMARY, check_extra, opened, versions
from rare.env.observation.layout import Layout
from rare.episodes import Episodes
from schedulers.network.forward import CHOICES_OF_POLICY
from schedulers.training.online.online_options import FADING_ANCHOR
from traces.files.atomic import write_json

LAYOUT = Layout(queue_slots=128, running_slots=16, forecast_hours=24)
WIDTH = 32
STEPS = 120_000
"""Decisions of PPO after imitation, for each seed."""
ROUNDS, WINDOWS, UPDATES = 5, 5, 300
PPO: dict[str, float | str] = {
    **FADING_ANCHOR,
    "environments": 32,
    "rollout": 128,
    "learning_rate": 3e-4,
    "gamma": 0.995,
    "critic_steps": 50_000,
    "clone_steps": 200_000,
}
REWARD = "renewable"
IMITATION, PLAY = "imitation", "play"


def train_agent(
    episodes: Episodes, folder: Path, *, seed: int, steps: int = STEPS, display: ProgressDisplay = QUIET
) -> Path:
    """The checkpoint of a seed, trained in `folder` if it is missing.

    It is the best on the validation windows, of the imitation or of PPO. An interrupted run resumes: PPO from
    its last state, the imitation from its beginning.
    """
    check_extra()
    imitation = imitated(episodes, folder / IMITATION, seed, display)
    if steps == 0:
        return imitation
    from experiments.training.train_online import train_online

    out = folder / PLAY
    train_online(
        episodes.scenario,
        out,
        steps=steps,
        start=imitation,
        episodes=episodes,
        reward=REWARD,
        reward_eta=ETA,
        seed=seed,
        resume=(out / "config.json").exists(),
        validate_every=max(1, min(50_000, steps)),
        options=PPO,
        figure=False,
        display=display,
        device="cpu",
    )
    return out / "best"


def imitated(episodes: Episodes, folder: Path, seed: int, display: ProgressDisplay = QUIET) -> Path:
    """The checkpoint of the imitation: the round with the best mean score on the validation windows."""
    import torch

    from schedulers.training import checkpoint
    from schedulers.training.distil.imitate import ImitateOptions, ImitationTask, imitate
    from schedulers.training.greedy_windows import best_choice
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    torch.set_num_threads(1)
    best = folder / "best"
    options = ImitateOptions(rounds=ROUNDS, windows=WINDOWS, updates=UPDATES)
    config = {
        "kind": "imitation",
        "teacher": "deferral",
        "choices": list(CHOICES_OF_POLICY),
        "seed": seed,
        "width": WIDTH,
        "rounds": ROUNDS,
        "windows": WINDOWS,
        "updates": UPDATES,
        "versions": versions(),
    }
    with opened(folder, config, resume=True):
        if (folder / SUMMARY).exists():
            return best
        torch.manual_seed(seed)
        net = SchedulerNet(LAYOUT, NetworkSize("pointwise", WIDTH))
        validation = episodes.of(VALIDATION)
        rounds: list[dict[str, float]] = []
        imitation = ImitationTask(deferral(), episodes, episodes.of(TRAIN), REWARD)
        with display.task(f"seed {seed}: imitation", "updates") as task:
            for agreement in imitate(net, imitation, options, seed=seed, on_progress=task.update):
                head, scores = best_choice(
                    net, episodes, validation, CHOICES_OF_POLICY, reward=REWARD, reward_eta=ETA
                )
                score = float(scores.mean())
                if score > max((previous["score"] for previous in rounds), default=-np.inf):
                    facts = {
                        "trained": "imitation of deferral",
                        "seed": seed,
                        "validation_objective": score,
                        "head": head,
                        "steps": 0,
                        "versions": versions(),
                    }
                    checkpoint.save(best, checkpoint.Checkpoint(net, facts))
                rounds.append({"agreement": agreement, "score": score})
                display.note(
                    f"seed {seed}: imitation round {len(rounds)}: agrees {agreement:.3f}, score {score:.4f}"
                )
        write_json(folder / SUMMARY, {"rounds": rounds, "best": max(scored["score"] for scored in rounds)})
    return best
