"""Training of the packaged network for cases without a forecast, and for long runs.

A good heuristic decides on the training windows of eight scenarios, under reservations
(rare.env.observation.mask) and
with one action in ten drawn at random; CRR learns from it which decisions were better than usual. The logs
have 512 queue slots: to load them takes 12 GB of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from experiments.data.log_dataset import dataset_run
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.train_offline import train_offline
from rare.env.observation.layout import Layout
from rare.scenario.load import load_scenario

TEACHER, EPSILON = "atc+easy", 0.1
QUEUE_SLOTS, RUNNING_SLOTS = 512, 64  # enough for every job that the teacher starts
WIDTH, UPDATES, VALIDATE_EVERY = 32, 2500, 500


@dataclass(frozen=True)
class Ground:
    """A scenario to log, with its number of episodes. judged: whether its validation windows count."""

    name: str
    scenario: str
    episodes: int
    judged: bool = True


def ground(name: str, episodes: int, judged: bool = True) -> Ground:
    """A Ground with a scenario of experiments/training."""
    return Ground(name, f"training/{name}", episodes, judged)


PLACES = (
    Ground("islanded", "islanded", 26),
    Ground("grid-tied", "grid-tied", 26),
    Ground("solar-night", "solar-night", 26),
    Ground("gpu-cluster", "gpu-cluster", 8),
    ground("poor", 5),
    ground("busy", 5),
    ground("ample", 5),
    ground("fair", 2, judged=False),  # its windows take longer to simulate than all others together
)


def logs() -> list[str]:
    """Names of the datasets to log. InputError if a scenario is missing."""
    for place in PLACES:
        load_scenario(place.scenario)  # all are checked before the first is logged
    return [place.name for place in PLACES]


def log(folder: Path, name: str, display: ProgressDisplay = QUIET) -> Path:
    """Log the teacher's decisions on one scenario into `folder`/name."""
    place = next(place for place in PLACES if place.name == name)
    dataset_run(
        [TEACHER],
        folder / name,
        scenario=place.scenario,
        episodes=place.episodes,
        epsilon=EPSILON,
        reservations=True,
        queue_slots=QUEUE_SLOTS,
        running_slots=RUNNING_SLOTS,
        display=display,
    )
    return folder / name


def train_seed(
    data: list[Path], out: Path, seed: int, display: ProgressDisplay = QUIET
) -> tuple[float, Path]:
    """Train CRR in `out`; returns the objective on the validation windows, and the checkpoint.

    The checkpoint has the slots of the packaged network.
    """
    from schedulers.training import checkpoint

    judged_scenarios = ",".join(place.scenario for place in PLACES if place.judged)
    summary = train_offline(
        data,
        out,
        algorithm="crr",
        scenario=judged_scenarios,
        steps=UPDATES,
        width=WIDTH,
        seed=seed,
        validate_every=VALIDATE_EVERY,
        baselines=(),
        resume=(out / "config.json").exists(),
        display=display,
    )
    best = checkpoint.load(out / "best")
    net = checkpoint.resized(best.net, Layout(reservations=True))
    checkpoint.save(out / "shipped", checkpoint.Checkpoint(net, best.facts))
    return float(summary["best"]["objective"]), out / "shipped"
