"""`rare dataset`: logs decisions of schedulers on training windows into a Minari dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import rare
from experiments.data.dataset_cells import EpisodePlayers
from experiments.data.dataset_task import (
    JUDGED,
    RANDOM,
    SPLIT,
    DatasetRequest,
    minari_metadata,
    policy_of,
    task_of,
)
from experiments.engine.run_all import HERE
from experiments.engine.where import Where
from experiments.process.atomic_output import check_place
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.runs.provenance import commit
from rare.dataset.dataset_folder import versioned
from rare.dataset.episode_draws import draw
from rare.dataset.play_episode import Player
from rare.dataset.write_dataset import check_folder, log_dataset
from rare.env.observation.layout import Layout
from rare.episodes import Episode, Episodes, window_case
from schedulers import make_scheduler
from traces.errors import InputError
from traces.files.documents import user_path

REFERENCES = ("easy", "sjf+easy", "hvf+easy", "atc+greedy")
"""Heuristics of which the best gives Minari's ref_max_score: the same ones whatever was logged, so that
normalised scores of different datasets of one scenario can be compared."""


def dataset_run(
    schedulers: Sequence[str],
    out: str | Path,
    request: DatasetRequest | None = None,
    *,
    where: Where = HERE,
    display: ProgressDisplay = QUIET,
    **changes: Any,
) -> dict[str, Any]:
    """Log episodes into the folder `out`; returns the data sheet. Resumes an interrupted run.

    where: what plays the episodes; the files do not depend on it. changes: fields of DatasetRequest by name,
    such as scenario="tiny" and episodes=52. The folder's name gets a version (-v0) where it has none, for
    Minari (rare.dataset.dataset_folder.versioned). Each episode draws a training window and one of the
    schedulers. InputError for bad input.
    """
    request = dataclasses.replace(request or DatasetRequest(), **changes)
    folder = versioned(user_path(out))
    check_folder(folder)
    if not folder.exists():
        check_place(folder)
    task = task_of(schedulers, request)
    with display.task("reference scores", "windows") as progress:
        reference = _reference_scores(task.episodes, task.layout, progress.update)
    task = dataclasses.replace(
        task,
        origin={"commit": commit(), "reference_scores": reference},
        minari=minari_metadata(request, reference),
    )
    _note_repeats(request, schedulers, len(task.episodes.of(SPLIT)), display)
    players = EpisodePlayers(tuple(schedulers), request, where, display)
    sheet = log_dataset(
        task, request.episodes, folder, shard_decisions=request.shard_decisions, play=players.play
    )
    if not sheet["episodes"]:
        raise InputError(
            f"{out}: no episode counts, for {' and '.join(schedulers)} wanted jobs outside the "
            f"{request.queue_slots} queue slots and {request.running_slots} running slots; give more with "
            "--queue-slots and --running-slots"
        )
    return sheet


def _note_repeats(
    request: DatasetRequest, schedulers: Sequence[str], windows: int, display: ProgressDisplay
) -> None:
    """Print a note if episodes repeat windows without random actions."""
    distinct = windows * len(schedulers)
    if request.epsilon == 0 and RANDOM not in schedulers and request.episodes > distinct:
        display.note(
            f"{request.scenario} has {windows} training windows: without --epsilon, episodes after the first "
            f"{distinct} repeat them"
        )


def _reference_scores(
    episodes: Episodes, layout: Layout, progress: Callable[[int, int], None]
) -> dict[str, Any] | None:
    """Mean objective of random actions, and of the best heuristic, over the validation windows; None without.

    Random actions are drawn by a fixed seed, among the slots of the layout. progress: called with
    the numbers of completed and of all windows.
    """
    windows = [episode for episode in episodes.episodes if episode.split == JUDGED]
    if not windows:
        return None
    player, random_policy = Player(episodes, layout), policy_of(RANDOM, 1.0)
    objectives: dict[str, list[float | None]] = {name: [] for name in (RANDOM, *REFERENCES)}
    for number, window in enumerate(windows):
        seed = draw(0, number, len(windows), 1).seed
        objectives[RANDOM].append(player.play(window, random_policy, seed).summary["objective"])
        for name in REFERENCES:
            objectives[name].append(_objective(episodes, name, window))
        progress(number + 1, len(windows))
    means = {name: _mean(values) for name, values in objectives.items()}
    lowest, best = means[RANDOM], max(REFERENCES, key=lambda name: means[name])
    if not means[best] > lowest:
        return None  # relative scores would be meaningless
    return {
        "split": JUDGED,
        "windows": len(windows),
        "random": lowest,
        "best": means[best],
        "best_scheduler": best,
    }


def _objective(episodes: Episodes, name: str, window: Episode) -> float | None:
    case = window_case(episodes.cases[window.case_index], window)
    return rare.simulate(case, make_scheduler(name), record=False).metrics["objective"]


def _mean(objectives: Sequence[float | None]) -> float:
    """Mean of the finite objectives; minus infinity without any."""
    finite = [value for value in objectives if value is not None and np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("-inf")
