"""How the network that ships for short runs under a forecast is trained.

Lookahead decides on the training windows of three scenarios, with one action in twenty drawn at random; on
those of `gpu-cluster`, where it wants jobs beyond any slots, PPO from scratch does. CRR learns from these
logs which decisions were better than usual, and PPO goes on from there on the windows of all four, twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.dataset_run import dataset_run
from experiments.talk import QUIET, Talk
from rare.layout import Layout

SCENARIOS = "islanded,grid-tied,solar-night,gpu-cluster"
WIDTH = 32
QUEUE_SLOTS, RUNNING_SLOTS = 192, 16  # of the logs; the network that ships has 64 and 16
TEACHER, EPSILON = "lookahead", 0.05
LOOKED_AHEAD = {"islanded": 55, "solar-night": 40, "grid-tied": 26}
"""Episodes, of which those are left out in which lookahead wants a job that no slot shows."""
PLAYED, PLAYED_EPISODES, PLAYED_EPSILON = "gpu-cluster", 8, 0.1
FIRST_STEPS = 1_000_000
UPDATES, UPDATES_VALIDATE = 1_600, 200
PLAYS = (800_000, 1_000_000)
"""Decisions of PPO, each time from the best checkpoint so far; validated ten times."""
OPTIONS = {"learning_rate": 1e-3, "clone_weight": 0.5, "clone_steps": 400_000}


def log_all(folder: Path, talk: Talk = QUIET) -> list[Path]:
    """A dataset for each scenario. The network that plays the last one is trained first, with seed 0."""
    slots: dict[str, Any] = {"queue_slots": QUEUE_SLOTS, "running_slots": RUNNING_SLOTS, "talk": talk}
    for name, episodes in LOOKED_AHEAD.items():
        dataset_run(
            [TEACHER], folder / name, scenario=name, episodes=episodes, epsilon=EPSILON, **slots
        )  # fmt: skip
    player = played_first(folder / "first", talk)
    dataset_run(
        [str(player)], folder / "played", scenario=PLAYED, episodes=PLAYED_EPISODES, epsilon=PLAYED_EPSILON,
        **slots,
    )  # fmt: skip
    return [*(folder / name for name in LOOKED_AHEAD), folder / "played"]


def played_first(out: Path, talk: Talk = QUIET) -> Path:
    """The checkpoint of PPO from scratch, with the slots of the logs."""
    from experiments.train_online import train_online

    train_online(
        SCENARIOS, out, steps=FIRST_STEPS, width=WIDTH, seed=0, validate_every=max(FIRST_STEPS // 10, 1),
        resume=(out / "config.json").exists(), talk=talk,
    )  # fmt: skip
    return resized(out / "best", out / "wide", Layout(QUEUE_SLOTS, RUNNING_SLOTS))


def train_seed(data: list[Path], out: Path, seed: int, talk: Talk = QUIET) -> dict[str, Any]:
    """CRR and then PPO in `out`; the summary of the last run. `out`/shipped is its best checkpoint."""
    from experiments.train_offline import train_offline
    from experiments.train_online import train_online

    crr = out / "crr"
    train_offline(
        data, crr, algorithm="crr", scenario=SCENARIOS, steps=UPDATES, width=WIDTH, seed=seed,
        validate_every=UPDATES_VALIDATE, baselines=(), resume=(crr / "config.json").exists(), talk=talk,
    )  # fmt: skip
    best, summary = resized(crr / "best", out / "start", Layout()), {}
    for number, steps in enumerate(PLAYS, 1):
        ppo = out / f"ppo-{number}"
        summary = train_online(
            SCENARIOS, ppo, steps=steps, start=best, seed=seed, validate_every=max(steps // 10, 1),
            options=OPTIONS, resume=(ppo / "config.json").exists(), talk=talk,
        )  # fmt: skip
        best = ppo / "best"
    resized(best, out / "shipped", Layout())
    return summary


def resized(source: Path, target: Path, layout: Layout) -> Path:
    """The network of a checkpoint with other slots, as a checkpoint at `target`; that folder."""
    from schedulers.learned import checkpoint

    found = checkpoint.load(source)
    checkpoint.save(target, checkpoint.Checkpoint(checkpoint.resized(found.net, layout), found.facts))
    return target
