"""`rare demo`: compare, log, learn offline, fine-tune online, and judge it all on windows nobody saw.

Every stage goes on where it was stopped, so a demo that was killed is finished by the same command.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from experiments.data import log_dataset
from experiments.evaluation import evaluate_run
from experiments.process.atomic_output import LEARNING, LEARNING_FACTS, is_own_folder
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.report.learned_facts import learning_facts
from experiments.runs.comparison import compare_run, link_or_copy
from experiments.runs.previous_run import previous_config
from experiments.training.train_folder import missing
from experiments.training.train_offline import train_offline
from experiments.training.train_online import train_online
from traces.errors import InputError
from traces.files.documents import user_path

SCENARIO = "islanded"
SCHEDULERS = (
    "fcfs",
    "easy",
    "conservative",
    "sjf+easy",
    "hvd+easy",
    "edf+easy",
    "slack+easy",
    "atc+easy",
    "easy+green",
    "atc+easy+green",
)
TEACHER = "lookahead+budget=1000"  # whose decisions are logged: a third of its usual effort
JUDGED = ("hvf+easy+green", "easy", "atc+greedy", "hvd+easy", "hvf+easy", TEACHER)
"""Heuristics beside the learned ones; the first, best on the validation windows, is the yardstick."""
LEARNED = ("bc", "crr", "ppo")
EPISODES, EPSILON = 26, 0.05  # each training window once
QUEUE_SLOTS = 192  # with fewer, windows with long queues would be left out
UPDATES, WIDTH = 1200, 32
PPO_STEPS = 200_000


def demo_run(
    out: str | Path,
    *,
    force: bool = False,
    figures: bool = True,
    learn: bool = True,
    display: ProgressDisplay = QUIET,
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Compare heuristics on a summer's week of `islanded`, and teach a network on its training windows.

    All data comes with the package. An earlier demo in `out` is replaced, also one of another version of
    the package. Without the extra `learn` only the comparison is made. The object of `rare compare --json`,
    with "learning" (what `learning_facts` gives) beside it.
    """
    out = user_path(out)
    previous = previous_config(out)
    force = force or (previous is not None and previous.get("name") == SCENARIO)
    if learn and missing():
        display.note(
            f"nothing is learned: {missing()[0]} is not there; install the extra rare-datacenter[learn]"
        )
        learn = False
    if learn:
        _check_place(out)
        learn_all(out / LEARNING, display)
    comparison = compare_run(
        SCHEDULERS,
        scenario=SCENARIO,
        out=out,
        force=force,
        figures=figures,
        display=display,
        command=command,
        add_files=partial(_add_learning, out / LEARNING) if learn else None,
    )
    return comparison | {"learning": learning_facts(out / LEARNING)} if learn else comparison


def _check_place(out: Path) -> None:
    """Refuse a folder of somebody else's before minutes are spent."""
    if os.path.exists(out) and (not out.is_dir() or (any(out.iterdir()) and not is_own_folder(out))):
        raise InputError(f"--out {out}: holds something that no demo wrote; give another folder")


def _add_learning(learning: Path, folder: Path) -> None:
    """What was learned goes into the new folder; the old one is there until that takes its place."""
    shutil.copytree(learning, folder / LEARNING, copy_function=link_or_copy)


def learn_all(folder: Path, display: ProgressDisplay) -> None:
    """Log, clone, filter, fine-tune and evaluate into a folder; what is done already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LEARNING_FACTS).write_text(
        json.dumps({"scenario": SCENARIO, "learned": LEARNED}) + "\n", "utf-8"
    )
    data = folder / "dataset"
    display.note(f"[learning 1/5] logging {TEACHER} on training windows")
    log_dataset.dataset_run(
        [TEACHER],
        data,
        scenario=SCENARIO,
        episodes=EPISODES,
        epsilon=EPSILON,
        queue_slots=QUEUE_SLOTS,
        display=display,
    )
    for place, algorithm in enumerate(("bc", "crr"), 2):
        display.note(f"[learning {place}/5] {algorithm} from the log, {UPDATES:,} updates")
        train_offline(
            [data],
            folder / algorithm,
            algorithm=algorithm,
            steps=UPDATES,
            validate_every=UPDATES // 6,
            width=WIDTH,
            resume=(folder / algorithm).exists(),
            baselines=(),
            display=display,
        )
    display.note(f"[learning 4/5] ppo from the weights of crr, {PPO_STEPS:,} decisions")
    train_online(
        SCENARIO,
        folder / "ppo",
        steps=PPO_STEPS,
        start=folder / "crr" / "best",
        validate_every=PPO_STEPS // 16,
        resume=(folder / "ppo").exists(),
        display=display,
    )
    display.note("[learning 5/5] heuristics and networks on the test windows")
    if not (folder / "evaluation").exists():
        names = [*JUDGED, *(str(folder / name / "best") for name in LEARNED)]
        evaluate_run.evaluate_run(
            names, ["test"], scenario=SCENARIO, out=folder / "evaluation", display=display
        )
