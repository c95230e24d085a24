"""The first part of the training of the packaged network: the shipped scenarios, with their own prices.

Lookahead decides on the training windows of three scenarios, with one action in twenty drawn at random. CRR
learns from these logs which decisions were better than usual, and PPO continues from its checkpoint on the
same windows. On `gpu-cluster`, where lookahead starts jobs beyond the queue slots, PPO learns from scratch.
The two networks are then distilled into one, the first on the three scenarios, the second on the fourth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.data.log_dataset import dataset_run
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.train_distil import distil_run
from experiments.training.train_offline import train_offline
from experiments.training.train_online import train_online
from rare.env.observation.layout import Layout
from schedulers.training.online.online_options import FADING_ANCHOR

WIDTH = 32
QUEUE_SLOTS, RUNNING_SLOTS = 192, 16  # of the logs; the packaged network has 64 and 16
TEACHER, EPSILON = "lookahead", 0.05
LOOKED_AHEAD = {"islanded": 55, "grid-tied": 26, "solar-night": 40}
"""Episodes by scenario. Those in which lookahead starts a job outside the slots are left out."""
UPDATES, UPDATES_VALIDATE = 1_600, 200
STEPS = 800_000
OPTIONS: dict[str, float] = {
    **FADING_ANCHOR,
    "learning_rate": 1e-3,
    "clone_weight": 0.5,
    "clone_steps": 400_000,
}
"""Decisions of PPO from CRR's best checkpoint."""
PLAYED, PLAYED_STEPS, PLAYED_OPTIONS = "gpu-cluster", 600_000, {"gamma": 0.98, "gae_lambda": 0.99}
"""Decisions of PPO from scratch."""
VALIDATIONS = 10
DISTIL: dict[str, Any] = {}  # changes to DistilOptions


def logs() -> list[str]:
    """The scenarios to log."""
    return list(LOOKED_AHEAD)


def log(folder: Path, name: str, display: ProgressDisplay = QUIET) -> Path:
    """The dataset of one scenario, in `folder`/name."""
    dataset_run(
        [TEACHER],
        folder / name,
        scenario=name,
        episodes=LOOKED_AHEAD[name],
        epsilon=EPSILON,
        queue_slots=QUEUE_SLOTS,
        running_slots=RUNNING_SLOTS,
        display=display,
    )
    return folder / name


def train_seed(
    data: list[Path], out: Path, seed: int, display: ProgressDisplay = QUIET
) -> tuple[float, Path]:
    """Train and distil in `out`; returns the objective on the validation windows, and the checkpoint."""
    ahead, played = _from_logs(data, out, seed, display), _from_scratch(out / "played", seed, display)
    teachers = dict.fromkeys(LOOKED_AHEAD, ahead) | {PLAYED: played}
    summary = distil_run(
        teachers,
        out / "distilled",
        start=ahead,
        seed=seed,
        changes=DISTIL,
        resume=_is_started(out / "distilled"),
        display=display,
    )
    return float(summary["best"]["objective"]), out / "distilled" / "best"


def _from_logs(data: list[Path], out: Path, seed: int, display: ProgressDisplay) -> Path:
    """Train CRR, then PPO from its best checkpoint; returns the best of PPO, its start included."""
    crr, start, ppo, scenarios = out / "crr", out / "start", out / "ppo", ",".join(LOOKED_AHEAD)
    train_offline(
        data,
        crr,
        algorithm="crr",
        scenario=scenarios,
        steps=UPDATES,
        width=WIDTH,
        seed=seed,
        validate_every=UPDATES_VALIDATE,
        baselines=(),
        resume=_is_started(crr),
        display=display,
    )
    _resized(crr / "best", start, Layout())
    train_online(
        scenarios,
        ppo,
        steps=STEPS,
        start=start,
        seed=seed,
        validate_every=max(STEPS // VALIDATIONS, 1),
        options=OPTIONS,
        resume=_is_started(ppo),
        display=display,
    )
    return ppo / "best"


def _from_scratch(out: Path, seed: int, display: ProgressDisplay) -> Path:
    train_online(
        PLAYED,
        out,
        steps=PLAYED_STEPS,
        width=WIDTH,
        seed=seed,
        options=PLAYED_OPTIONS,
        validate_every=max(PLAYED_STEPS // VALIDATIONS, 1),
        resume=_is_started(out),
        display=display,
    )
    return out / "best"


def _is_started(folder: Path) -> bool:
    return (folder / "config.json").exists()


def _resized(source: Path, target: Path, layout: Layout) -> None:
    """Write the checkpoint `source` with the slots of `layout` to `target`."""
    from schedulers.training import checkpoint

    loaded = checkpoint.load(source)
    checkpoint.save(target, checkpoint.Checkpoint(checkpoint.resized(loaded.net, layout), loaded.facts))
