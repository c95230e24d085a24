"""Training of the packaged network on grounds of all kinds, with the prices of the objective before its eyes.

A network that learned on the shipped scenarios (train_start) is widened by what the new blocks show, levels
and prices. Then

1. `general`: it imitates on each case of `training_episodes` whoever is best there, itself as it was or a
   heuristic, and PPO goes on from there on all of them at once;
2. specialists: PPO on one scenario alone, with new jobs, from `general` where jobs not served have a price,
   and from the widened network where they have none;
3. `distilled`: one network imitates on each case whoever is best there, of all these and of heuristics.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.recipes.grounds.training_episodes import (
    TRAIN,
    VALIDATION,
    GroundsPlan,
    scenario_episodes,
    training_episodes,
)
from experiments.training.train_online import train_online
from rare.env.observation.layout import Layout
from rare.episodes import Episodes
from schedulers.network.checkpoint_files import FACTS
from schedulers.network.forward import CHOICES_OF_POLICY
from schedulers.training.online.online_options import FADING_ANCHOR

if TYPE_CHECKING:
    from schedulers.training.distil.distillation import Teacher

LAYOUT = Layout(reservations=True, levels=True, prices=True)
NAME = "training grounds"
PLAN = GroundsPlan()
TEACH: dict[str, Any] = {}  # changes to TeachOptions
COMMON: dict[str, Any] = FADING_ANCHOR | {"learning_rate": 1e-3, "gamma": 0.985, "epochs": 4}
GENERAL_STEPS, GENERAL_OPTIONS = 2_000_000, COMMON | {
    "environments": 128, "batch": 1024, "clone_weight": 0.2, "clone_steps": 300_000, "critic_steps": 80_000,
    "average": 15,
}  # fmt: skip
ALONE_OPTIONS = COMMON | {"environments": 64, "batch": 512, "promises": 1.0, "average": 8}
FROM_GENERAL = {"clone_weight": 0.0, "clone_steps": 0}
FROM_START = {"clone_weight": 0.3, "clone_steps": 150_000}


@dataclass(frozen=True)
class Specialist:
    """A network for one scenario. start: the network it goes on from. steps: of each run, in turn."""

    scenario: str
    start: str
    steps: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


SPECIALISTS = (
    Specialist("islanded-served", "general", (450_000, 400_000), FROM_GENERAL),
    Specialist("grid-tied-served", "general", (450_000,), FROM_GENERAL),
    Specialist("solar-night-served", "general", (450_000, 300_000), FROM_GENERAL),
    Specialist("gpu-cluster-served", "general", (450_000,), FROM_GENERAL),
    Specialist("islanded", "start", (360_000,), FROM_START),
    Specialist("grid-tied", "start", (360_000,), FROM_START),
    Specialist("solar-night", "start", (360_000,), FROM_START),
)
VALIDATIONS = 9


def train_on_grounds(
    start: Path, out: Path, seed: int, display: ProgressDisplay = QUIET
) -> tuple[float, Path]:
    """Train in `out` from the checkpoint `start`; the objective on validation windows, and the checkpoint."""
    from schedulers.training import checkpoint
    from schedulers.training.widened import widened

    wide = out / "start-wide"
    loaded = checkpoint.load(start)
    checkpoint.save(wide, checkpoint.Checkpoint(widened(loaded.net, LAYOUT), loaded.facts))
    episodes = training_episodes(out.parent / "grounds", PLAN, display)
    folders = {"start": wide, "general": _general(wide, episodes, out, seed, display)}
    for each in SPECIALISTS:
        folders[each.scenario] = _alone(each, folders[each.start], out, seed, display)
    distilled = out / "distilled"
    if not (distilled / FACTS).exists():
        _teach(folders, distilled, episodes, seed, display)
    return float(checkpoint.load(distilled).facts["validation_objective"]), distilled


def _general(wide: Path, episodes: Episodes, out: Path, seed: int, display: ProgressDisplay) -> Path:
    """Imitate the start and heuristics on all grounds, then PPO on them; its best checkpoint."""
    taught = out / "taught"
    if not (taught / FACTS).exists():
        _teach({"start": wide}, taught, episodes, seed, display)
    return _ppo(taught, out / "general", episodes, GENERAL_STEPS, GENERAL_OPTIONS, seed, display)


def _alone(one: Specialist, start: Path, out: Path, seed: int, display: ProgressDisplay) -> Path:
    """PPO on one scenario and new jobs of it; the best checkpoint of the last run."""
    episodes = scenario_episodes(one.scenario, 4, PLAN.seed + 8)
    for number, steps in enumerate(one.steps):
        folder = out / f"{one.scenario}-{number}"
        start = _ppo(start, folder, episodes, steps, {**ALONE_OPTIONS, **one.options}, seed, display)
    return start


def _ppo(
    start: Path,
    out: Path,
    episodes: Episodes,
    steps: int,
    options: Mapping[str, Any],
    seed: int,
    display: ProgressDisplay,
) -> Path:
    train_online(
        NAME,
        out,
        steps=steps,
        start=start,
        episodes=episodes,
        seed=seed,
        validate_every=max(steps // VALIDATIONS, 1),
        options=options,
        resume=(out / "config.json").exists(),
        figure=False,
        display=display,
    )
    return out / "best"


def _teach(
    folders: Mapping[str, Path], taught: Path, episodes: Episodes, seed: int, display: ProgressDisplay
) -> None:
    """Let a copy of the last of these checkpoints but specialists imitate the best of all on each case.

    The best round by the validation windows is saved.
    """
    from experiments.training.recipes.grounds.case_teachers import (
        Lessons,
        TeachOptions,
        best_teachers,
        teach,
    )
    from schedulers.training import checkpoint
    from schedulers.training.distil.distillation import Teacher
    from schedulers.training.greedy_windows import best_choice

    loaded = {name: checkpoint.load(folder) for name, folder in folders.items()}
    networks: dict[str, Teacher] = {name: Teacher(each.net, each.head) for name, each in loaded.items()}
    begun = loaded["general" if "general" in loaded else "start"]
    with display.task("choosing teachers", "cases") as task:
        teachers = best_teachers(networks, episodes, TRAIN, lambda done, of: task.update(done, of, ""))
    net, best = copy.deepcopy(begun.net), float("-inf")
    options = dataclasses.replace(TeachOptions(), **TEACH)
    lessons = Lessons(networks, teachers, episodes, TRAIN)
    with display.task("imitating them", "rounds") as task:
        for number, _ in enumerate(teach(net, begun.head, lessons, options, seed=seed), start=1):
            head, scores = best_choice(net, episodes, episodes.of(VALIDATION), CHOICES_OF_POLICY)
            if (score := float(np.nanmean(scores))) > best:
                best = score
                facts = {
                    "trained": "distilled", "scenario": NAME, "seed": seed, "head": head,
                    "validation_objective": score, "steps": number * options.updates,
                    "options": dataclasses.asdict(options), "teachers_of_cases": dict(Counter(teachers)),
                    "start": begun.facts.get("weights_sha256"), "versions": begun.facts.get("versions"),
                }  # fmt: skip
                checkpoint.save(taught, checkpoint.Checkpoint(copy.deepcopy(net), facts))
            task.update(number, options.rounds, "")
