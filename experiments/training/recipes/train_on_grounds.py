"""Training of the packaged network on grounds of all kinds, with the prices of the objective before its eyes.

A network that learned on the shipped scenarios (train_start) is widened by what the new blocks show, levels and
prices, and PPO goes on from it on the windows of `training_episodes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.recipes.grounds.training_episodes import GroundsPlan, training_episodes
from experiments.training.train_online import train_online
from rare.env.observation.layout import Layout
from schedulers.training.online.online_options import FADING_ANCHOR

LAYOUT = Layout(reservations=True, levels=True, prices=True)
PLAN = GroundsPlan()
STEPS, VALIDATIONS = 1_600_000, 10
OPTIONS: dict[str, Any] = {
    **FADING_ANCHOR,
    "environments": 64,
    "batch": 512,
    "epochs": 4,
    "learning_rate": 1e-3,
    "gamma": 0.985,
    "clone_weight": 0.5,
    "clone_steps": 600_000,
    "critic_steps": 60_000,
}


def train_on_grounds(
    start: Path, out: Path, seed: int, display: ProgressDisplay = QUIET
) -> tuple[float, Path]:
    """Train in `out` from the checkpoint `start`; the objective on the validation windows, and the checkpoint."""
    from schedulers.training import checkpoint
    from schedulers.training.widened import widened

    wide = out / "wide"
    loaded = checkpoint.load(start)
    checkpoint.save(wide, checkpoint.Checkpoint(widened(loaded.net, LAYOUT), loaded.facts))
    summary = train_online(
        "training grounds",
        out / "ppo",
        steps=STEPS,
        start=wide,
        episodes=training_episodes(out.parent / "grounds", PLAN, display),
        seed=seed,
        validate_every=max(STEPS // VALIDATIONS, 1),
        options=OPTIONS,
        resume=(out / "ppo" / "config.json").exists(),
        display=display,
    )
    return float(summary["best"]["objective"]), out / "ppo" / "best"
