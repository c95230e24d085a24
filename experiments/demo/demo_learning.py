"""The learning of `rare demo`: log, imitate, filter, play, judge. Each step goes on where it was stopped."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.data import log_dataset
from experiments.demo.demo_plan import LEARNED, DemoPlan, TimeEstimate, learning_steps
from experiments.engine.where import Where
from experiments.evaluation import evaluate_run
from experiments.process.atomic_output import LEARNING_FACTS
from experiments.process.progress import ProgressDisplay
from experiments.training.train_folder import versions
from experiments.training.train_offline import train_offline
from experiments.training.train_online import train_online
from traces.errors import InputError
from traces.files.documents import read_json

CHECKS = 6, 16
"""How often a network is judged on the validation windows while it learns: offline, online."""


def begun_otherwise(folder: Path, plan: DemoPlan) -> bool:
    """Whether the folder holds learning of another plan or of other versions, on which nothing can go on."""
    if not folder.exists():
        return False
    try:
        return read_json(folder / LEARNING_FACTS) != _facts(plan)
    except InputError:
        return True


def is_learned(folder: Path) -> bool:
    """Whether every step is done: the last one is."""
    return (folder / "evaluation").exists()


def learn_all(folder: Path, plan: DemoPlan, week_s: float | None, display: ProgressDisplay) -> None:
    """Run the steps into a folder; what is done already stays. Says what each does and how long it takes.

    week_s: time that a simulated week takes here [s], by which times are estimated; None: none are given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LEARNING_FACTS).write_text(json.dumps(_facts(plan)) + "\n", "utf-8")
    steps = learning_steps(plan)
    estimate = TimeEstimate(steps, week_s)
    run = _runners(folder, plan, display)
    for place, step in enumerate(steps):
        times = [estimate.text([step.name]), estimate.text([later.name for later in steps[place:]])]
        left = f" ({times[0]}; {times[1]} to the end)" if all(times) and place + 1 < len(steps) else ""
        left = f" ({times[0]})" if times[0] and not left else left
        display.note(f"  step {place + 1} of {len(steps)}{left}: {step.says}")
        begun_s = time.monotonic()
        run[step.name]()
        estimate.done(step.name, time.monotonic() - begun_s)


def total_time(plan: DemoPlan, week_s: float | None) -> str:
    """About how long the whole learning takes here, such as "about 4 min"; empty where it is not known."""
    steps = learning_steps(plan)
    return TimeEstimate(steps, week_s).text([step.name for step in steps])


def forget(folder: Path) -> None:
    """Remove what was learned."""
    shutil.rmtree(folder, ignore_errors=True)


def _facts(plan: DemoPlan) -> dict[str, Any]:
    """What marks the folder, and tells whether learning in it can go on. As JSON gives it back."""
    facts = {
        "scenario": plan.scenario,
        "learned": LEARNED,
        "plan": dataclasses.asdict(plan),
        "versions": versions(),
    }
    return json.loads(json.dumps(facts))


def _runners(folder: Path, plan: DemoPlan, display: ProgressDisplay) -> dict[str, Callable[[], Any]]:
    data = folder / "dataset"

    def offline(algorithm: str) -> None:
        train_offline(
            [data],
            folder / algorithm,
            algorithm=algorithm,
            steps=plan.updates,
            validate_every=plan.updates // CHECKS[0],
            width=plan.width,
            resume=(folder / algorithm).exists(),
            baselines=(),
            display=display,
        )

    def online() -> None:
        train_online(
            plan.scenario,
            folder / "ppo",
            steps=plan.decisions,
            start=folder / "crr" / "best",
            validate_every=plan.decisions // CHECKS[1],
            resume=(folder / "ppo").exists(),
            display=display,
        )

    def log() -> None:
        log_dataset.dataset_run(
            [plan.teacher],
            data,
            where=Where(),
            scenario=plan.scenario,
            episodes=plan.episodes,
            epsilon=plan.epsilon,
            queue_slots=plan.queue_slots,
            display=display,
        )

    def judge() -> None:
        names = [*plan.judged, *(str(folder / name / "best") for name in LEARNED)]
        evaluate_run.evaluate_run(
            names, ["test"], scenario=plan.scenario, out=folder / "evaluation", display=display
        )

    return {
        "dataset": log,
        "bc": lambda: offline("bc"),
        "crr": lambda: offline("crr"),
        "ppo": online,
        "evaluation": judge,
    }
