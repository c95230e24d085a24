"""`rare dataset`: log schedulers on the training windows of a scenario into a Minari dataset."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

import rare
from experiments.runs.atomic_output import check_place
from experiments.runs.progress import QUIET, Talk
from experiments.runs.provenance import code_hash, commit, library_versions, scheduler_files
from rare.dataset.dataset_folder import versioned
from rare.dataset.episode_draws import draw
from rare.dataset.play_episode import Player, Policy
from rare.dataset.write_dataset import SHARD_DECISIONS, Task, check_folder, log_dataset
from rare.env.observation.layout import Layout
from rare.episodes import Episode, Episodes, window_case
from rare.scenario.case_hash import case_hash, config_hash
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from rare.scheduler import BaseScheduler
from schedulers import make_scheduler
from schedulers.heuristics.fused_record import RandomActions
from schedulers.user.user_class import users_error
from traces.documents import user_path
from traces.errors import InputError

RANDOM = "random"
SPLIT = "train"  # learners see nothing else (DESIGN §6)
JUDGED = "validation"
REFERENCES = ("easy", "sjf+easy", "hvf+easy", "atc+greedy")
"""Heuristics of which the best gives Minari's ref_max_score: the same ones whatever was logged, so that
normalised scores of different datasets of one scenario can be compared."""


def dataset_run(
    schedulers: Sequence[str],
    out: str | Path,
    *,
    scenario: str = "islanded",
    settings: Sequence[str] = (),
    episodes: int = 100,
    epsilon: float = 0.0,
    seed: int = 0,
    scenario_seed: int = 0,
    max_decisions: int | None = None,
    queue_slots: int = 64,
    running_slots: int = 16,
    forecast_hours: int = 24,
    reservations: bool = False,
    author: Sequence[str] = (),
    author_email: Sequence[str] = (),
    code_permalink: str | None = None,
    shard_decisions: int = SHARD_DECISIONS,
    talk: Talk = QUIET,
) -> dict[str, Any]:
    """Log episodes 0 to `episodes` - 1 into the folder `out`; the data sheet. Goes on where it stopped.

    The folder's name gets a version (-v0) where it has none, for Minari
    (rare.dataset.dataset_folder.versioned).
    Each episode draws a training window and one of the schedulers. epsilon: how often a random valid
    action takes the place of the scheduler's. reservations: of the mask (rare.env.observation.mask); the
    scheduler waits where its choice is withheld. author, author_email, code_permalink: for Minari's metadata.
    """
    if episodes < 1:
        raise InputError(f"--episodes must be at least 1, got {episodes}")
    if not 0 <= epsilon <= 1:
        raise InputError(f"--epsilon must be a probability from 0 to 1, got {epsilon}")
    folder = versioned(user_path(out))
    check_folder(folder)
    if not folder.exists():
        check_place(folder)
    layout = Layout(queue_slots, running_slots, forecast_hours, reservations)
    policies = [policy_of(name, epsilon) for name in schedulers]
    twice = [name for place, name in enumerate(schedulers) if name in schedulers[:place]]
    if twice:
        raise InputError(f"scheduler {twice[0]!r} is given twice; name each once")
    loaded = load_scenario(scenario, Wishes(settings=settings))
    found = episodes_of(scenario, tuple(settings), scenario_seed)
    windows = len(found.of(SPLIT))
    for policy in policies:
        for case in found.cases:
            policy.check(case)
    options = {
        "scenario": scenario, "settings": list(settings), "scenario_seed": scenario_seed,
        "queue_slots": queue_slots, "running_slots": running_slots, "forecast_hours": forecast_hours,
        **({"reservations": True} if reservations else {}),
    }  # fmt: skip
    reference = _reference_scores(found, layout)
    credits = {"author": list(author), "author_email": list(author_email), "code_permalink": code_permalink}
    task = Task(
        episodes=found,
        layout=layout,
        policies=policies,
        seed=seed,
        most_decisions=max_decisions,
        split=SPLIT,
        about=_about(loaded, found, schedulers, list(settings), scenario_seed),
        origin={"commit": commit(), "reference_scores": reference},
        minari=_minari_metadata(options, reference, credits),
    )
    if epsilon == 0 and RANDOM not in schedulers and episodes > windows * len(schedulers):
        talk.note(
            f"{scenario} has {windows} training windows: without --epsilon, episodes after the first "
            f"{windows * len(schedulers)} repeat them"
        )
    tell = talk.progress(f"logging {', '.join(schedulers)}", "episodes")
    try:
        sheet = log_dataset(task, episodes, folder, shard_decisions=shard_decisions, progress=tell)
    finally:
        talk.done()
    if not sheet["episodes"]:
        raise InputError(
            f"{out}: no episode counts, for {' and '.join(schedulers)} wanted jobs outside the {queue_slots} "
            f"queue slots and {running_slots} running slots; give more with --queue-slots and --running-slots"
        )
    return sheet


def policy_of(name: str, epsilon: float) -> Policy:
    """The behaviour policy of a scheduler's name; `random` has no choice of its own."""
    if name == RANDOM:
        return Policy(name, RandomActions, 1.0)
    scheduler = make_scheduler(name)
    # A scheduler makes a decider for each episode. A user's object remembers, so each episode has its own.
    keep = isinstance(scheduler, BaseScheduler)
    make = (lambda: scheduler) if keep else (lambda: make_scheduler(name))
    written = name.encode("utf-8", "backslashreplace").decode()  # of a path that is no UTF-8
    return Policy(written, make, epsilon, partial(users_error, name))


def _reference_scores(episodes: Episodes, layout: Layout) -> dict[str, Any] | None:
    """Mean objective of random actions, and of the best heuristic, over the validation windows; None without.

    Random actions are drawn by a fixed seed, among the slots of the layout.
    """
    windows = [episode for episode in episodes.episodes if episode.split == JUDGED]
    if not windows:
        return None
    player, anyhow = Player(episodes, layout), policy_of(RANDOM, 1.0)
    at_random = [
        player.play(window, anyhow, draw(0, number, len(windows), 1).seed).summary["objective"]
        for number, window in enumerate(windows)
    ]
    means = {name: _mean([_objective(episodes, name, window) for window in windows]) for name in REFERENCES}
    lowest, best = _mean(at_random), max(REFERENCES, key=lambda name: means[name])
    if not means[best] > lowest:
        return None  # a score relative to them would mean nothing
    return {
        "split": JUDGED, "windows": len(windows), "random": lowest, "best": means[best],
        "best_scheduler": best,
    }  # fmt: skip


def _objective(episodes: Episodes, name: str, window: Episode) -> float | None:
    case = window_case(episodes.cases[window.case_index], window)
    return rare.simulate(case, make_scheduler(name), record=False).metrics["objective"]


def _mean(objectives: Sequence[float | None]) -> float:
    """Mean of what there is; minus infinity where there is nothing."""
    known = [value for value in objectives if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else float("-inf")


def _minari_metadata(
    options: dict[str, Any], reference: dict[str, Any] | None, credits: dict[str, Any]
) -> dict[str, Any]:
    """What Minari's metadata hold beside the data. options: of the environment."""
    spec = copy.deepcopy(gymnasium.spec("rare/GreenCluster-v0"))  # the registry's own stays as it is
    spec.kwargs = options
    metadata = {"env_spec": spec.to_json(), **{key: value for key, value in credits.items() if value}}
    metadata.setdefault("author", [f"rare {rare.__version__}"])
    if reference is not None:
        spec.kwargs = {**options, "split": JUDGED}
        metadata |= {
            "eval_env_spec": spec.to_json(),
            "ref_min_score": reference["random"],
            "ref_max_score": reference["best"],
            "num_episodes_average_score": reference["windows"],
        }
    return metadata


def _about(
    loaded: Loaded, episodes: Episodes, schedulers: Sequence[str], settings: list[str], scenario_seed: int
) -> dict[str, Any]:
    """Where the decisions come from: whatever would change them changes one of these."""
    return {
        "scenario": loaded.scenario.name,
        "settings": settings,
        "scenario_seed": scenario_seed,
        "config_sha256": config_hash(loaded.scenario),
        "case_sha256": [case_hash(case) for case in episodes.cases],
        "rare": rare.__version__,
        "code_sha256": code_hash(),
        "libraries": dict(library_versions()),
        "scheduler_files_sha256": scheduler_files(schedulers),
    }
