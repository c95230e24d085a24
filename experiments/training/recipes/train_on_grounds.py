"""Training of the packaged network on grounds of all kinds, with the prices of the objective before its eyes.

A network that learned on the shipped scenarios (train_start) is widened by what the new blocks show, levels
and prices. It imitates, on each of the windows of `training_episodes`, whoever is best there: itself as it
was, or a heuristic where jobs not served cost much (grounds.case_teachers). PPO goes on from there.
"""

from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.recipes.grounds.training_episodes import (
    TRAIN,
    VALIDATION,
    GroundsPlan,
    training_episodes,
)
from experiments.training.train_online import train_online
from rare.env.observation.layout import Layout
from rare.episodes import Episodes
from schedulers.network.checkpoint_files import FACTS
from schedulers.network.forward import CHOICES_OF_POLICY
from schedulers.training.online.online_options import FADING_ANCHOR

LAYOUT = Layout(reservations=True, levels=True, prices=True)
NAME = "training grounds"
PLAN = GroundsPlan()
TEACH: dict[str, Any] = {}  # changes to TeachOptions
STEPS, VALIDATIONS = 2_000_000, 16
OPTIONS: dict[str, Any] = FADING_ANCHOR | {
    "environments": 128,
    "batch": 1024,
    "epochs": 4,
    "learning_rate": 1e-3,
    "gamma": 0.985,
    "clone_weight": 0.2,
    "clone_steps": 300_000,
    "critic_steps": 80_000,
    "average": 15,
}


def train_on_grounds(
    start: Path, out: Path, seed: int, display: ProgressDisplay = QUIET
) -> tuple[float, Path]:
    """Train in `out` from the checkpoint `start`; the objective on validation windows, and the checkpoint."""
    episodes = training_episodes(out.parent / "grounds", PLAN, display)
    taught = out / "taught"
    if not (taught / FACTS).exists():
        _teach(start, taught, episodes, seed, display)
    summary = train_online(
        NAME,
        out / "ppo",
        steps=STEPS,
        start=taught,
        episodes=episodes,
        seed=seed,
        validate_every=max(STEPS // VALIDATIONS, 1),
        options=OPTIONS,
        resume=(out / "ppo" / "config.json").exists(),
        display=display,
    )
    return float(summary["best"]["objective"]), out / "ppo" / "best"


def _teach(start: Path, taught: Path, episodes: Episodes, seed: int, display: ProgressDisplay) -> None:
    """Widen the checkpoint `start`, let it imitate the best on each case, and save its best round."""
    from experiments.training.recipes.grounds.case_teachers import TeachOptions, best_teachers, teach
    from schedulers.training import checkpoint
    from schedulers.training.greedy_windows import best_choice
    from schedulers.training.widened import widened

    loaded = checkpoint.load(start)
    net, head = widened(loaded.net, LAYOUT), loaded.head
    with display.task("choosing teachers", "cases") as task:
        teachers = best_teachers(net, head, episodes, TRAIN, lambda done, of: task.update(done, of, ""))
    options, best = TeachOptions(**TEACH), float("-inf")
    with display.task("imitating them", "rounds") as task:
        for number, _ in enumerate(teach(net, head, teachers, episodes, TRAIN, options, seed=seed), start=1):
            chosen, scores = best_choice(net, episodes, episodes.of(VALIDATION), CHOICES_OF_POLICY)
            if (score := float(np.nanmean(scores))) > best:
                best = score
                facts = {**loaded.facts, "trained": "taught", "head": chosen, "validation_objective": score,
                         "teachers_of_cases": dict(Counter(teachers)), "scenario": NAME}  # fmt: skip
                checkpoint.save(taught, checkpoint.Checkpoint(copy.deepcopy(net), facts))
            task.update(number, options.rounds, "")
